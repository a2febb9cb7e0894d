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

// The languages of the document.
const (
	LanguageUnknown              Language = "000"
	LanguageEnglish              Language = "001"
	LanguageFrench               Language = "002"
	LanguageGerman               Language = "003"
	LanguageItalian              Language = "004"
	LanguageDutch                Language = "005"
	LanguageSwedish              Language = "006"
	LanguageFinnish              Language = "007"
	LanguageSpanish              Language = "008"
	LanguageDanish               Language = "009"
	LanguagePortuguese           Language = "010"
	LanguageCanadianFrench       Language = "011"
	LanguageNorwegian            Language = "012"
	LanguageHebrew               Language = "013"
	LanguageJapanese             Language = "014"
	LanguageRussian              Language = "015"
	LanguageArabic               Language = "016"
	LanguagePolish               Language = "017"
	LanguageGreek                Language = "018"
	LanguageChinese              Language = "019"
	LanguageKorean               Language = "020"
	LanguageNorthAmericanSpanish Language = "021"
	LanguageTamil                Language = "022"
	LanguageMalay                Language = "023"
	LanguageUnitedKingdom        Language = "024"
	LanguageIcelandic            Language = "025"
	LanguageBelgian              Language = "026"
	LanguageTaiwanese            Language = "027"
)

// Currency is an ISO 4217 code, three capitals.
type Currency string

// Valid says whether c has the form of a currency code. Which codes exist is the business of whoever counts the money.
func (c Currency) Valid() bool {
	return len(c) == 3 && strings.Trim(string(c), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// CirculationStatus is what an item is doing, two digits.
type CirculationStatus string

// The circulation statuses of the document.
const (
	ItemOther           CirculationStatus = "01"
	ItemOnOrder         CirculationStatus = "02"
	ItemAvailable       CirculationStatus = "03"
	ItemCharged         CirculationStatus = "04"
	ItemChargedNoRecall CirculationStatus = "05" // charged, not to be recalled before its recall date
	ItemInProcess       CirculationStatus = "06"
	ItemRecalled        CirculationStatus = "07"
	ItemOnHoldShelf     CirculationStatus = "08"
	ItemToBeReshelved   CirculationStatus = "09"
	ItemInTransit       CirculationStatus = "10" // between libraries
	ItemClaimedReturned CirculationStatus = "11"
	ItemLost            CirculationStatus = "12"
	ItemMissing         CirculationStatus = "13"
)

// SecurityMarker is what guards an item at the gate, two digits.
type SecurityMarker string

// The security markers of the document.
const (
	MarkerOther       SecurityMarker = "00"
	MarkerNone        SecurityMarker = "01"
	MarkerTattleTape  SecurityMarker = "02" // 3M Tattle-Tape security strip
	MarkerWhisperTape SecurityMarker = "03" // 3M Whisper Tape
)

// MediaType is what an item is made of, three digits.
type MediaType string

// The media types of the document.
const (
	MediaOther           MediaType = "000"
	MediaBook            MediaType = "001"
	MediaMagazine        MediaType = "002"
	MediaBoundJournal    MediaType = "003"
	MediaAudioTape       MediaType = "004"
	MediaVideoTape       MediaType = "005"
	MediaCD              MediaType = "006" // CD or CD-ROM
	MediaDiskette        MediaType = "007"
	MediaBookAndDiskette MediaType = "008"
	MediaBookAndCD       MediaType = "009"
	MediaBookAndTape     MediaType = "010" // book with audio tape
)

// HoldMode is what to do with a hold, one character.
type HoldMode string

// The hold modes of the document.
const (
	HoldAdd    HoldMode = "+"
	HoldDelete HoldMode = "-"
	HoldChange HoldMode = "*"
)

// HoldType is which copy a hold is for, one digit.
type HoldType string

// The hold types of the document.
const (
	HoldOther           HoldType = "1"
	HoldAnyCopy         HoldType = "2"
	HoldThisCopy        HoldType = "3"
	HoldAnyCopyAtBranch HoldType = "4" // any copy at a single branch or sublocation
)

// Algorithm is how user or password of a login are hidden, one character. Nothing but plain text is in use.
type Algorithm string

// PlainText is the algorithm that hides nothing: keep the line inside TLS.
const PlainText Algorithm = "0"

// AlertType is why a returned item needs a look, two digits. It is an extension in wide use beyond the document.
type AlertType string

// The alert types in use (Koha C4/SIP/ILS/Transaction/Checkin.pm).
const (
	AlertUnknown       AlertType = "00"
	AlertHoldHere      AlertType = "01" // on hold, to be picked up in this library
	AlertHoldElsewhere AlertType = "02" // on hold, to be picked up in another library
	AlertHoldILL       AlertType = "03" // on hold for interlibrary loan
	AlertTransfer      AlertType = "04" // belongs to another library
	AlertOther         AlertType = "99"
)

// Number is an optional number of a variable field.
type Number struct {
	Value int
	Said  bool // false: the field is missing or holds no number
}

// Some is a number that is said.
func Some(n int) Number { return Number{Value: n, Said: true} }

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
	// FeeItems is a list of fees that the document does not have; Gossip (GBV) gives it at position 6.
	FeeItems List = 6
)

// summary is the list in the fixed part of Patron Information.
func (f *form) summary(p *List) {
	came := f.piece(10)
	list := List(strings.IndexByte(came, 'Y')) // the first, as Koha reads it
	switch {
	case !f.writing:
		*p = list
	case len(came) == 10 && list == *p:
		f.write("summary", came, 10)
	default:
		var set [10]bool
		if *p < NoList || int(*p) >= len(set) {
			f.refuse("summary", "has no such list")
		} else if *p >= 0 {
			set[*p] = true
		}
		f.write("summary", flags(set[:]), 10)
	}
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

// Positions of messages in BX, in the document's order.
const (
	BXPatronStatus Position = iota
	BXCheckout
	BXCheckin
	BXBlockPatron
	BXSCACSStatus
	BXResend
	BXLogin
	BXPatronInformation
	BXEndPatronSession
	BXFeePaid
	BXItemInformation
	BXItemStatusUpdate
	BXPatronEnable
	BXHold
	BXRenew
	BXRenewAll
)

// positions says where the requests of the document stand in BX.
var positions = map[string]Position{"23": BXPatronStatus, "11": BXCheckout, "09": BXCheckin, "01": BXBlockPatron, "99": BXSCACSStatus,
	"97": BXResend, "93": BXLogin, "63": BXPatronInformation, "35": BXEndPatronSession, "37": BXFeePaid, "17": BXItemInformation,
	"19": BXItemStatusUpdate, "25": BXPatronEnable, "15": BXHold, "29": BXRenew, "65": BXRenewAll}

// PositionOf is the place of a request in BX by its code, "37".
func PositionOf(code string) (Position, bool) {
	p, ok := positions[code]
	return p, ok
}

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

// Answer is a yes or no that may not be said at all.
type Answer int

// The answers; AnswerNone means that the field was missing or empty.
const (
	AnswerNone Answer = iota
	AnswerYes
	AnswerNo
	AnswerUnknown // U: the library system does not know
)

func readAnswer(value string) Answer {
	switch value {
	case "Y", "1":
		return AnswerYes
	case "N", "0":
		return AnswerNo
	case "U":
		return AnswerUnknown
	}
	return AnswerNone
}

func (a Answer) value() string {
	switch a {
	case AnswerYes:
		return "Y"
	case AnswerUnknown:
		return "U"
	}
	return "N"
}
