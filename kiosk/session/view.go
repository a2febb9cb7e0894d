package session

import (
	"time"

	"selfpay/device/money"
	"selfpay/device/terminal"
)

// View is everything the screen shows: a pure function of the session. The page draws it and sends taps back; it
// holds no state of its own.
type View struct {
	Number   int64 // counts up with every change; a tap names the screen it was made on
	Screen   Screen
	Language string // "de", "en"

	Library   string            // the library's name
	Languages []string          // to choose from
	Over      Layer             // what lies over the screen; the screen's own actions then wait
	Aids      Aids              // how this patron wants to see and hear the screen
	Listening bool              // a headset is plugged in
	Reason    Reason            // ScreenMessage and ScreenOutOfService: why
	Typed     string            // ScreenNumber, ScreenAmount: the digits so far. ScreenPIN: one dot for each
	Initials  string            // of the patron, where the account is open
	Fees      []FeeLine         // ScreenFees
	Total     money.Amount      // ScreenFees: everything owed
	Chosen    money.Amount      // ScreenFees, ScreenConfirm and after: what is to be paid
	WholeOnly bool              // ScreenFees: the library takes the whole account only
	CanPart   bool              // ScreenFees: less than is chosen may be paid
	Part      money.Amount      // ScreenAmount: what is typed. ScreenConfirm: what is paid of Chosen; zero: all of it
	Limit     money.Amount      // ScreenMessage, ScreenAmount: the smallest or largest amount that can be paid here
	Unlock    money.Amount      // ScreenFees: less than all, and enough for the account to be open again; zero: nothing of the kind
	Hidden    bool              // the fees are shown without what they are for
	Earlier   string            // ScreenFees, ScreenMessage: the code of the patron's payment of the last minutes, to be shown once more
	NoPaper   bool              // ScreenConfirm: there will be no printed receipt
	Wishes    []Wish            // ScreenConfirm: the receipts to choose from; nil where there is no choice
	Wish      Wish              // ScreenConfirm, ScreenOutcome: the receipt that is wanted
	PaidAt    time.Time         // ScreenOutcome; zero where the clock was not set
	Progress  terminal.Progress // ScreenTerminal
	CanCancel bool              // ScreenTerminal
	RedKey    bool              // ScreenTerminal: it is cancelled at the terminal
	Outcome   Outcome           // ScreenOutcome
	Reference string            // the patron's code, once there is one
	Receipt   Receipt           // ScreenOutcome
	Legs      []LegLine         // ScreenOutcome: what became of each fee, where they differ
	Touched   []bool            // ScreenTouch: which fields were
	Service   *Service          // the screens of the service menu; nil on all others
}

// CanPrint says whether the receipt may be printed, or once more.
func (v View) CanPrint() bool {
	return v.Receipt == ReceiptFailed || !v.NoPaper && (v.Receipt == ReceiptOnScreen || v.Receipt == ReceiptDeclined)
}

// ToPay is a part of what is chosen, or all of it.
func (v View) ToPay() money.Amount {
	if v.Part.Positive() {
		return v.Part
	}
	return v.Chosen
}

// Screen names one screen.
type Screen string

const (
	ScreenReady        Screen = "ready"          // scan your card; actions: number, language
	ScreenNumber       Screen = "number"         // type the card number; actions: digit, erase, enter, leave
	ScreenPIN          Screen = "pin"            // type the PIN; actions: digit, erase, enter, leave
	ScreenLoading      Screen = "loading"        // the account is read; no action
	ScreenFees         Screen = "fees"           // choose; actions: choose (value: FeeLine.Key), all, pay, hide, part where CanPart, unlock where Unlock, earlier where Earlier, leave
	ScreenAmount       Screen = "amount"         // type how much of it; actions: digit, erase, enter, back, leave
	ScreenConfirm      Screen = "confirm"        // actions: confirm, receipt (value: one of Wishes), back, leave
	ScreenTerminal     Screen = "terminal"       // follow the terminal; action: cancel where CanCancel
	ScreenChecking     Screen = "checking"       // the terminal is asked what became of the purchase; no action
	ScreenBooking      Screen = "booking"        // charged, the library is told; no action
	ScreenOutcome      Screen = "outcome"        // actions: leave, print where CanPrint
	ScreenMessage      Screen = "message"        // a plain message; actions: leave, earlier where Earlier
	ScreenOutOfService Screen = "out-of-service" // no action
	ScreenTouch        Screen = "touch"          // staff try the touch panel; actions: touch (value: number of a field), leave

	// The service menu, which closes after five minutes without a tap.
	ScreenService         Screen = "service"          // actions: devices, payments, paper, update, slip, self-test, rest, leave
	ScreenServiceDevices  Screen = "service-devices"  // action: back
	ScreenServiceTest     Screen = "service-test"     // how every part is; actions: try-touch, signal (value: one of Signals), back
	ScreenServicePayments Screen = "service-payments" // actions: reprint (value: Reference), back
	ScreenServicePaper    Screen = "service-paper"    // how to change the roll; action: back
	ScreenServiceUpdate   Screen = "service-update"   // how to update from a stick; action: back
)

// Adjustable says whether language and aids may be chosen on this screen: not while the patron must wait or look elsewhere, and not on
// those that are no patron's.
func (s Screen) Adjustable() bool {
	switch s {
	case ScreenLoading, ScreenTerminal, ScreenChecking, ScreenBooking, ScreenOutOfService, ScreenTouch:
		return false
	}
	return !s.Service()
}

// Layer names what lies over a screen.
type Layer string

const (
	LayerNone      Layer = ""
	LayerLanguages Layer = "languages" // the languages; actions: language, back
	LayerAids      Layer = "aids"      // how to see and hear the screen; actions: aid (value: name of an aid), back
	LayerLeaving   Layer = "leaving"   // the visit ends soon unless somebody touches the screen; actions: stay, leave
)

// Aids are how a patron wants to see and hear the screen. They end with the visit.
type Aids struct {
	LargeText    bool
	HighContrast bool
	Reach        bool // all that can be touched stands low enough for a person in a wheelchair
	MoreTime     bool // every screen waits three times as long
	Curtain      bool // nothing is to be seen; only while somebody listens
}

// AidNames are the aids in the order in which they are offered, as the action aid names them.
var AidNames = []string{"large-text", "high-contrast", "reach", "more-time", "curtain"}

// named is the aid of a name, nil for any other.
func (a *Aids) named(name string) *bool {
	return map[string]*bool{"large-text": &a.LargeText, "high-contrast": &a.HighContrast, "reach": &a.Reach,
		"more-time": &a.MoreTime, "curtain": &a.Curtain}[name]
}

// Chosen are the names of the aids that are on.
func (a Aids) Chosen() []string {
	chosen := []string{}
	for _, name := range AidNames {
		if *a.named(name) {
			chosen = append(chosen, name)
		}
	}
	return chosen
}

// Reason says why a message or an out-of-service screen is shown. Each has a text with its money status.
type Reason string

const (
	ReasonNotACard       Reason = "not-a-card"       // a scan that is no library card
	ReasonUnknownPatron  Reason = "unknown-patron"   // the library does not know the card
	ReasonBadServiceCode Reason = "bad-service-code" // a code for the service menu that opens nothing
	ReasonTooManyScans   Reason = "too-many-scans"   // labels are ignored for ten seconds
	ReasonTooManyUnknown Reason = "too-many-unknown" // cards the library does not know: no account is asked for a minute
	ReasonWrongPIN       Reason = "wrong-pin"        // shown on ScreenPIN too
	ReasonNothingOwed    Reason = "nothing-owed"     // no fees
	ReasonBeingBooked    Reason = "being-booked"     // all that is owed is already being paid
	ReasonFeesUnreadable Reason = "fees-unreadable"  // the account cannot be read exactly
	ReasonOverMaximum    Reason = "over-maximum"     // more than Limit
	ReasonUnderMinimum   Reason = "under-minimum"    // less than Limit
	ReasonOverChosen     Reason = "over-chosen"      // shown on ScreenAmount: more than Limit, which is all that is chosen
	ReasonNoPaper        Reason = "no-paper"         // out of paper, and the library wants a receipt for each payment
	ReasonLibraryDown    Reason = "library-down"     // the library system cannot be asked
	ReasonLibraryRefuses Reason = "library-refuses"  // login refused, Fee Paid not supported
	ReasonTerminalDown   Reason = "terminal-down"    // the card terminal cannot be reached or is not ready
	ReasonSettling       Reason = "settling"         // an earlier purchase is being looked up
	ReasonStaffNeeded    Reason = "staff-needed"     // too many open cases or waiting payments
	ReasonStorage        Reason = "storage"          // the ledger cannot be written
	ReasonService        Reason = "service"          // staff work at the station
	ReasonUpdate         Reason = "update"           // the software is being updated, or a new release is on trial
	ReasonEnclosure      Reason = "enclosure"        // the enclosure was opened, and nobody has looked since
	ReasonPower          Reason = "power"            // on battery, and that is nearly empty
	ReasonTimedOut       Reason = "timed-out"        // the patron went away
)

// Outcome is how a payment ended for the patron. There are no others.
type Outcome string

const (
	OutcomeBooked     Outcome = "booked"      // paid and booked
	OutcomeFollows    Outcome = "follows"     // paid, booking follows
	OutcomeNotCharged Outcome = "not-charged" // no money was taken
	OutcomeReturned   Outcome = "returned"    // charged, then given back
	OutcomeStaff      Outcome = "staff"       // please see staff with the reference
)

// Receipt is what became of the printed receipt.
type Receipt string

const (
	ReceiptNone     Receipt = "" // there is none to print
	ReceiptPrinting Receipt = "printing"
	ReceiptPrinted  Receipt = "printed"
	ReceiptFailed   Receipt = "failed"    // the printer could not print it; it may be asked again
	ReceiptNoPaper  Receipt = "no-paper"  // the patron was told before paying
	ReceiptOnScreen Receipt = "on-screen" // a code for the patron's telephone stands on the screen
	ReceiptDeclined Receipt = "declined"  // none was wanted
)

// Wish is what receipt a patron wants. Where a person may still have to look for the payment one is printed all the same.
type Wish string

const (
	WishPaper  Wish = "paper"
	WishScreen Wish = "screen" // a code for the patron's telephone
	WishNone   Wish = "none"
)

// FeeLine is one fee on the screen.
type FeeLine struct {
	Key         string // what the action choose names: the library's fee id, where it has one
	Description string
	Amount      money.Amount
	Chosen      bool
	BeingBooked bool // already paid here, the library does not show it yet: cannot be chosen
}

// LegLine is what became of one fee.
type LegLine struct {
	Fee     string
	Amount  money.Amount
	Outcome Outcome
}

// Action is a tap.
type Action struct {
	Screen int64  `json:"screen"` // View.Number of the screen it was made on
	Name   string `json:"name"`
	Value  string `json:"value,omitempty"`
}
