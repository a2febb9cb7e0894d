package sip

import (
	"fmt"

	"selfpay/sip/wire"
)

// parsers has the reader of each message of the document.
var parsers = map[string]func(wire.Message) (Message, error){
	"01": typed(ParseBlockPatron),
	"09": typed(ParseCheckin),
	"10": typed(ParseCheckinResponse),
	"11": typed(ParseCheckout),
	"12": typed(ParseCheckoutResponse),
	"15": typed(ParseHold),
	"16": typed(ParseHoldResponse),
	"17": typed(ParseItemInformation),
	"18": typed(ParseItemInformationResponse),
	"19": typed(ParseItemStatusUpdate),
	"20": typed(ParseItemStatusUpdateResponse),
	"23": typed(ParsePatronStatusRequest),
	"24": typed(ParsePatronStatusResponse),
	"25": typed(ParsePatronEnable),
	"26": typed(ParsePatronEnableResponse),
	"29": typed(ParseRenew),
	"30": typed(ParseRenewResponse),
	"35": typed(ParseEndPatronSession),
	"36": typed(ParseEndSessionResponse),
	"37": typed(ParseFeePaid),
	"38": typed(ParseFeePaidResponse),
	"63": typed(ParsePatronInformation),
	"64": typed(ParsePatronInformationResponse),
	"65": typed(ParseRenewAll),
	"66": typed(ParseRenewAllResponse),
	"93": typed(ParseLogin),
	"94": typed(ParseLoginResponse),
	"96": typed(ParseRequestSCResend),
	"97": typed(ParseRequestACSResend),
	"98": typed(ParseACSStatus),
	"99": typed(ParseSCStatus),
}

// typed makes a reader look like all others.
func typed[T Message](read func(wire.Message) (T, error)) func(wire.Message) (Message, error) {
	return func(m wire.Message) (Message, error) {
		message, err := read(m)
		if err != nil {
			return nil, err
		}
		return message, nil
	}
}

// Parse reads any message into its type, for servers, proxies and tools: switch on what it returns. ErrUnreadable
// means that the code is not in the document, or that a message which decides about a login or about money does not
// say what it must.
func Parse(m wire.Message) (Message, error) {
	read, known := parsers[m.Code]
	if !known {
		return nil, fmt.Errorf("message %.2q is not in the document: %w", m.Code, ErrUnreadable)
	}
	return read(m)
}
