package sip

import (
	"fmt"
	"strconv"
	"strings"
)

// FeeType is what a fee is for, two digits.
type FeeType string

// The fee types of the document.
const (
	FeeOther          FeeType = "01" // other or unknown
	FeeAdministrative FeeType = "02"
	FeeDamage         FeeType = "03"
	FeeOverdue        FeeType = "04"
	FeeProcessing     FeeType = "05"
	FeeRental         FeeType = "06"
	FeeReplacement    FeeType = "07"
	FeeComputer       FeeType = "08" // computer access charge
	FeeHold           FeeType = "09"
)

// PaymentType is how a fee was paid, two characters. The document has three; systems give meanings to others (05 is a
// cheque in Evergreen), and Koha can be set up to take one as a write-off: send only what the site has agreed to.
type PaymentType string

// The payment types of the document.
const (
	PaidCash       PaymentType = "00"
	PaidVisa       PaymentType = "01"
	PaidCreditCard PaymentType = "02"
)

// Language is the language of a patron's messages, three digits.
type Language string

// Languages of the document that European libraries use; the document has 28.
const (
	LanguageUnknown    Language = "000"
	LanguageEnglish    Language = "001"
	LanguageFrench     Language = "002"
	LanguageGerman     Language = "003"
	LanguageItalian    Language = "004"
	LanguageDutch      Language = "005"
	LanguageSwedish    Language = "006"
	LanguageFinnish    Language = "007"
	LanguageSpanish    Language = "008"
	LanguageDanish     Language = "009"
	LanguagePortuguese Language = "010"
	LanguageNorwegian  Language = "012"
	LanguagePolish     Language = "017"
)

// PatronStatus is the fourteen flags of a patron; a true one takes something away. Positions as in the document.
type PatronStatus [14]bool

// Positions in PatronStatus.
const (
	ChargeDenied = iota // charge privileges denied
	RenewalDenied
	RecallDenied
	HoldDenied
	CardLost
	TooManyCharged
	TooManyOverdue
	TooManyRenewals
	TooManyClaims // claims of items returned
	TooManyLost
	ExcessiveFines
	ExcessiveFees
	RecallOverdue
	TooManyBilled
)

func (p PatronStatus) text() string { return flags(p[:]) }

func readPatronStatus(text string) PatronStatus {
	var p PatronStatus
	for i := range min(len(p), len(text)) {
		p[i] = text[i] == 'Y'
	}
	return p
}

// flags writes true as Y and false as a blank.
func flags(set []bool) string {
	b := []byte(strings.Repeat(" ", len(set)))
	for i, on := range set {
		if on {
			b[i] = 'Y'
		}
	}
	return string(b)
}

// List is one of the lists that Patron Information can ask for: its position in the summary.
type List int

// The lists of a patron. Ask for one at a time: Koha gives the first only (measured).
const (
	NoList           List = -1
	HoldItems        List = 0 // AS
	OverdueItems     List = 1 // AT
	ChargedItems     List = 2 // AU
	FineItems        List = 3 // AV
	RecallItems      List = 4 // BU
	UnavailableHolds List = 5 // CD
)

func (l List) summary() (string, error) {
	if l < NoList || l > 9 {
		return "", fmt.Errorf("list %d: %w", l, ErrInvalid)
	}
	var set [10]bool
	if l >= 0 {
		set[l] = true
	}
	return flags(set[:]), nil
}

// Support says whether a library system claims to support a message.
type Support int

// What BX can say about a message. A string too short to hold its position says nothing.
const (
	NotSaid Support = iota
	Supported
	NotSupported
)

// Position is the place of a message in BX.
type Position int

// Positions of messages in BX; the numbers are those of the document.
const (
	BXPatronStatus      Position = 0
	BXSCACSStatus       Position = 4
	BXResend            Position = 5
	BXLogin             Position = 6
	BXPatronInformation Position = 7
	BXEndPatronSession  Position = 8
	BXFeePaid           Position = 9
)

// Unknown stands for a count or a time that the library system did not say.
const Unknown = -1

// readCount reads digits; blanks and anything else are Unknown.
func readCount(text string) int {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31)
	if err != nil {
		return Unknown
	}
	return int(n)
}

// count writes n in digits, Unknown as blanks.
func count(n, width int) (string, error) {
	if n == Unknown {
		return strings.Repeat(" ", width), nil
	}
	text := fmt.Sprintf("%0*d", width, n)
	if n < 0 || len(text) > width {
		return "", fmt.Errorf("%d does not fit into %d digits: %w", n, width, ErrInvalid)
	}
	return text, nil
}

func yn(b bool) string {
	if b {
		return "Y"
	}
	return "N"
}

func bit(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// exactly refuses a coded value of the wrong length.
func exactly(name, value string, width int) error {
	if len(value) != width {
		return fmt.Errorf("%s has %d characters instead of %d: %w", name, len(value), width, ErrInvalid)
	}
	return nil
}

// Answer is a yes or no that may not be said at all.
type Answer int

// The answers; AnswerNone means that the field was missing or empty.
const (
	AnswerNone Answer = iota
	AnswerYes
	AnswerNo
)

func readAnswer(value string) Answer {
	switch value {
	case "Y", "1":
		return AnswerYes
	case "N", "0":
		return AnswerNo
	}
	return AnswerNone
}

func (a Answer) value() string { return yn(a == AnswerYes) }
