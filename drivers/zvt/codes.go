package zvt

import (
	"fmt"

	"selfpay/device"
	"selfpay/device/terminal"
)

// resultCode is what a code of 27, 06 1E or 84 xx means (PA00P015 chapter 10), and the class of an error in which
// the terminal says it as the first and only answer: nothing has happened then, and the class says who can help.
type resultCode struct {
	text  string
	class error
}

var resultCodes = func() map[byte]resultCode {
	codes := map[byte]resultCode{}
	add := func(class error, texts map[byte]string) {
		for code, text := range texts {
			codes[code] = resultCode{text, class}
		}
	}
	add(device.ErrNotSent, map[byte]string{ // try again later
		0x9C: "please wait, the terminal is busy", 0xA0: "receiver not ready", 0xA1: "remote station does not answer",
		0xA3: "no connection", 0x7D: "fault of the communication module", 0x9B: "dial-up fault",
		0xE0: "remote maintenance is active", 0xDC: "a card is inserted",
	})
	add(device.ErrRefused, map[byte]string{ // the patron may use another card, or gave up
		0x64: "card unreadable", 0x65: "no card data", 0x66: "processing error", 0x67: "not allowed for debit cards",
		0x68: "not allowed for credit cards", 0x6C: "aborted by the customer", 0x6E: "card is in the block list",
		0x71: "balance too low", 0x72: "fault of the card's chip", 0x73: "card data wrong", 0x75: "text not authentic",
		0x76: "card number is not in the white list", 0x78: "card expired", 0x79: "card not yet valid",
		0x7A: "card unknown", 0x7B: "magnetic stripe fallback impossible", 0x7C: "magnetic stripe fallback impossible",
		0x7E: "fallback impossible", 0x83: "function not possible", 0x9D: "goods partly issued",
		0xA4: "submission impossible", 0xA5: "refused by security rules", 0xB4: "already reversed",
		0xB5: "reversal impossible", 0xB7: "wrong amount of the pre-authorisation", 0xB8: "error of the pre-authorisation",
		0xC3: "amount above the maximum", 0xC8: "amount too small", 0xC9: "maximum amount too small",
		0xCD: "cashback impossible", 0xD2: "not for this kind of card", 0xE1: "card not fully removed",
		0xE7: "goods group missing", 0xE8: "no table of goods groups", 0xE9: "restricted goods group",
		0xEA: "card code not permitted", 0xEB: "PIN algorithm unknown", 0xEC: "PIN not possible",
		0xF1: "debit offline error", 0xFF: "system error",
	})
	add(device.ErrAttention, map[byte]string{ // maintenance or configuration
		0x6A: "turnover file full", 0x6B: "function off or not registered", 0x6F: "wrong currency",
		0x74: "key engine exhausted", 0x77: "end of day impossible", 0x85: "key missing", 0x89: "PIN pad defective",
		0x9A: "protocol error", 0xB1: "memory full", 0xB2: "journal full", 0xBF: "supply voltage low",
		0xC0: "card lock defective", 0xC1: "merchant card locked", 0xC2: "diagnosis required",
		0xC4: "card profile invalid", 0xC5: "payment method not supported", 0xC6: "currency not applicable",
		0xCB: "only possible in euro", 0xCC: "printer not ready", 0xDD: "error ejecting the card",
		0xDE: "error inserting the card", 0xE2: "card reader does not answer", 0xE3: "shutter closed",
		0xE4: "activation required", 0xED: "PIN pad defective", 0xF0: "end of day required",
		0xF5: "initialisation error", 0xF6: "initialisation data missing", 0xFA: "sending offline transactions failed",
		0xFB: "turnover record defective", 0xFC: "device missing or defective", 0xFD: "baud rate not supported",
		0xFE: "register unknown",
	})
	return codes
}()

// ResultText is a result code in words for staff. 01 to 63 are answers of the card host.
func ResultText(code byte) string {
	switch c, ok := resultCodes[code]; {
	case code == 0:
		return "approved"
	case ok:
		return c.text
	case code <= 0x63:
		return fmt.Sprintf("declined by the card host (%02X)", code)
	}
	return fmt.Sprintf("result code %02X", code)
}

// refusal is the class of a first answer 84 xx, after which nothing has begun.
func refusal(code byte) error {
	if c, ok := resultCodes[code]; ok {
		return c.class
	}
	return device.ErrRefused
}

// terminalStatuses are the answers to a status enquiry, in words for staff.
var terminalStatuses = map[byte]string{
	0x00: "ready", 0x51: "initialisation required", 0x62: "clock wrong", 0x64: "problem with the card",
	0x65: "initialisation of payment data required", 0x9C: "please wait", 0x9D: "goods partly issued", 0xB1: "memory full",
	0xB2: "journal full", 0xBF: "supply voltage low", 0xC0: "card lock defective", 0xC1: "merchant card locked",
	0xC2: "diagnosis required", 0xC4: "card profile invalid", 0xCC: "printer not ready", 0xDC: "card inserted",
	0xDF: "out of order", 0xE0: "remote maintenance is active", 0xE1: "card not fully removed",
	0xE2: "card reader does not answer", 0xE3: "shutter closed", 0xE4: "activation required",
	0xF0: "end of day required", 0xF6: "initialisation data missing",
}

const (
	statusReady    byte = 0x00
	statusBusy     byte = 0x9C
	statusCardIn   byte = 0xDC
	statusRemote   byte = 0xE0
	statusEndOfDay byte = 0xF0

	statusInitialise byte = 0x51
	statusClock      byte = 0x62
	statusDiagnose   byte = 0xC2
)

// statusText is a terminal status in words.
func statusText(status byte) string {
	if text, ok := terminalStatuses[status]; ok {
		return text
	}
	return fmt.Sprintf("status %02X", status)
}

// statusAllowsPurchase: card inserted counts as ready.
func statusAllowsPurchase(status byte) bool { return status == statusReady || status == statusCardIn }

// progress translates an intermediate status (04 FF). Empty: nothing the patron needs to know. Bit 40 on 01-1D adds
// "please remove the card"; 66 and 67 are 26 and 27 in the same way.
func progress(status byte) terminal.Progress {
	switch status {
	case 0x05, 0x45:
		return terminal.ProgressReversing
	case 0x0A, 0x2A:
		return terminal.ProgressCard
	case 0x01, 0x02, 0x15, 0x28, 0x29, 0x2C, 0x69, 0xCC, 0xE0, 0xE1:
		return terminal.ProgressPIN
	case 0x0B:
		return terminal.ProgressRemove
	case 0x03, 0x07, 0x08, 0x0C, 0x10, 0x19:
		return terminal.ProgressRetry
	case 0x00, 0x04, 0x06, 0x0D, 0x0E, 0x0F, 0x17, 0x2B, 0x68, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xF1, 0xF2, 0xF3:
		return terminal.ProgressWait
	}
	if status > 0x40 && status <= 0x5D {
		return terminal.ProgressRemove
	}
	return ""
}
