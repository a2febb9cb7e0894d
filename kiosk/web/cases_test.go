package web

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"selfpay/device/money"
	"selfpay/device/terminal"
	"selfpay/kiosk/colour"
	"selfpay/kiosk/session"
	"selfpay/kiosk/text"
)

// allScreens, allReasons, allOutcomes, allReceipts and allProgress are the values the contract knows; TestCasesCoverTheContract
// compares them with the source of the session.
var (
	allScreens = []session.Screen{session.ScreenReady, session.ScreenNumber, session.ScreenPIN, session.ScreenLoading,
		session.ScreenFees, session.ScreenAmount, session.ScreenConfirm, session.ScreenTerminal, session.ScreenChecking, session.ScreenBooking,
		session.ScreenOutcome, session.ScreenMessage, session.ScreenOutOfService, session.ScreenTouch,
		session.ScreenService, session.ScreenServiceDevices, session.ScreenServiceTest, session.ScreenServicePayments, session.ScreenServicePaper, session.ScreenServiceUpdate}
	allReasons = []session.Reason{session.ReasonNotACard, session.ReasonUnknownPatron, session.ReasonBadServiceCode, session.ReasonTooManyScans, session.ReasonTooManyUnknown, session.ReasonWrongPIN,
		session.ReasonNothingOwed, session.ReasonBeingBooked, session.ReasonFeesUnreadable, session.ReasonOverMaximum,
		session.ReasonUnderMinimum, session.ReasonOverChosen, session.ReasonNoPaper, session.ReasonLibraryDown, session.ReasonLibraryRefuses,
		session.ReasonTerminalDown, session.ReasonSettling, session.ReasonStaffNeeded, session.ReasonStorage, session.ReasonTimedOut,
		session.ReasonService, session.ReasonUpdate, session.ReasonEnclosure, session.ReasonPower}
	allOutcomes = []session.Outcome{session.OutcomeBooked, session.OutcomeFollows, session.OutcomeNotCharged,
		session.OutcomeReturned, session.OutcomeStaff}
	allReceipts = []session.Receipt{session.ReceiptNone, session.ReceiptPrinting, session.ReceiptPrinted,
		session.ReceiptFailed, session.ReceiptNoPaper, session.ReceiptOnScreen, session.ReceiptDeclined}
	allProgress = []terminal.Progress{"", terminal.ProgressCard, terminal.ProgressPIN, terminal.ProgressWait,
		terminal.ProgressRemove, terminal.ProgressRetry, terminal.ProgressReversing}
)

// example is one view with a name, as a file of testdata and the browser test know it.
type example struct {
	name string
	view session.View
}

// plain is the look of a library that has chosen nothing.
var plain = Look{Theme: "light", Colour: colour.Colour{R: 0x0b, G: 0x3c, B: 0x5d}}

func euro(minor int64) money.Amount { return money.Of(minor, "EUR") }

// base is what every view has.
func base(screen session.Screen) session.View {
	return session.View{Number: 7, Screen: screen, Language: "en", Library: "Stadtbibliothek am Marktplatz",
		Languages: []string{"de", "en"}}
}

// with changes a copy of the screen's usual view.
func with(screen session.Screen, change func(*session.View)) session.View {
	v := base(screen)
	change(&v)
	return v
}

// threeFees is an open account: one chosen, one not, one being booked already.
func threeFees(v *session.View) {
	v.Initials, v.Total, v.Chosen = "J. D.", euro(2150), euro(1250)
	v.Fees = []session.FeeLine{
		{Key: "4711", Description: "Overdue: three days", Amount: euro(1250), Chosen: true},
		{Key: "4712", Description: "Replacement of a lost card", Amount: euro(500)},
		{Key: "4713", Description: "Reservation", Amount: euro(400), BeingBooked: true},
	}
}

// manyFees is the longest list that is to be usable: hostile, empty, long and negative lines among others.
func manyFees(v *session.View) {
	threeFees(v)
	v.Total, v.Chosen = euro(123456), euro(98765)
	v.Fees = append(v.Fees,
		session.FeeLine{Key: `"><script>alert(1)</script>`, Description: `<b onmouseover="alert(1)">Bold</b> & co`, Amount: euro(100), Chosen: true},
		session.FeeLine{Key: "dir", Description: "Fee \u202egnp.exe\u202c\u0007\u200b of\tMay", Amount: euro(98765), Chosen: true},
		session.FeeLine{Key: "long", Description: strings.Repeat("Donaudampfschifffahrtsgesellschaft", 5), Amount: euro(200)},
		session.FeeLine{Key: "words", Description: strings.Repeat("a very long title of a book ", 10), Amount: euro(300)},
		session.FeeLine{Key: "credit", Description: "Credit from an earlier payment", Amount: euro(-250)},
		session.FeeLine{Key: "line-8", Amount: euro(50)},
		session.FeeLine{Key: "ten", Description: "Copies", Amount: euro(40)},
	)
}

// hostileFees are three hundred fees of a library system that went mad: markup, signs that turn and hide, two thousand characters,
// negative amounts, and a currency without decimals.
func hostileFees(v *session.View) {
	nasty := []string{strings.Repeat("x", 2000), `<script>alert(1)</script><img src=x onerror=alert(1)>`, "gnp.exe\u202e\u2066\u0000\x1b[2J\x07", strings.Repeat("e\u0301", 900),
		strings.Repeat("\n \t", 500), "مرحبا \u202d abc", "{{.Amount}} %s ${jndi:ldap://x}", ""}
	v.Total, v.Chosen = money.Of(98765432, "JPY"), money.Of(300, "JPY")
	for i := range 300 {
		amount := money.Of(int64(i), "JPY")
		if i%7 == 3 {
			amount.Minor = -amount.Minor
		}
		v.Fees = append(v.Fees, session.FeeLine{Key: "f" + strconv.Itoa(i), Description: nasty[i%len(nasty)], Amount: amount, Chosen: i == 299})
	}
}

// ended is a payment that has ended.
func ended(o session.Outcome, r session.Receipt) func(*session.View) {
	return func(v *session.View) {
		v.Chosen, v.Reference, v.Outcome, v.Receipt = euro(1250), "4821-123", o, r
	}
}

// fullMenu is the service menu at its fullest.
func fullMenu(v *session.View) {
	v.Service = &session.Service{Staff: "Ayşe Öz", Note: session.NotePrinted, Version: "0.365", Waits: true, Devices: []session.ServiceDevice{
		{Name: "terminal", There: true}, {Name: "scanner", There: true}, {Name: "ring"},
		{Name: "printer", Why: "usb://04b8:0202 is not there; look at its cable\u202e and its switch: " + strings.Repeat("no such device ", 12)}}}
	v.Service.Signals = []string{"green", "amber", "red", "slot", "buzzer", "ring"}
	v.Service.Label = &session.ServiceLabel{Symbology: "codabar", Characters: 14, Card: true}
	for i, state := range []session.CheckState{session.CheckFails, session.CheckWarns, session.CheckWell} {
		v.Service.Checks = append(v.Service.Checks, session.ServiceCheck{Name: "printer:part-" + strconv.Itoa(i), State: state, Why: v.Service.Devices[3].Why})
	}
	for i, o := range append(allOutcomes, allOutcomes...) {
		p := session.ServicePayment{Reference: "4821-" + strconv.Itoa(123-i), Amount: euro(1250), At: time.Date(2026, 11, 28, 14, 5, 0, 0, time.UTC), Outcome: o}
		if i == 1 {
			p.At = time.Time{}
		}
		v.Service.Payments = append(v.Service.Payments, p)
	}
}

// examples are views of every screen, reason, outcome, receipt and progress.
func examples() []example {
	all := []example{
		{"ready", base(session.ScreenReady)},
		{"number-empty", base(session.ScreenNumber)},
		{"number", with(session.ScreenNumber, func(v *session.View) { v.Typed = "20017004211" })},
		{"number-longest", with(session.ScreenNumber, func(v *session.View) { v.Typed = strings.Repeat("8", 32) })},
		{"pin", with(session.ScreenPIN, func(v *session.View) { v.Typed = "••••" })},
		{"pin-wrong", with(session.ScreenPIN, func(v *session.View) { v.Reason = session.ReasonWrongPIN })},
		{"loading", base(session.ScreenLoading)},
		{"fees", with(session.ScreenFees, threeFees)},
		{"fees-many", with(session.ScreenFees, manyFees)},
		{"fees-none-chosen", with(session.ScreenFees, func(v *session.View) {
			threeFees(v)
			v.Fees[0].Chosen, v.Chosen = false, euro(0)
		})},
		{"fees-whole", with(session.ScreenFees, func(v *session.View) {
			manyFees(v)
			v.WholeOnly, v.Chosen, v.Fees = true, v.Total, v.Fees[:1]
			v.Fees = append(v.Fees, session.FeeLine{Key: "c", Description: "Credit", Amount: euro(-250)})
		})},
		{"fees-part", with(session.ScreenFees, func(v *session.View) { threeFees(v); v.CanPart = true })},
		{"fees-hidden", with(session.ScreenFees, func(v *session.View) { threeFees(v); v.Hidden, v.Unlock = true, euro(1250) })},
		{"fees-everything", with(session.ScreenFees, func(v *session.View) {
			manyFees(v)
			v.Unlock, v.Earlier, v.CanPart = euro(98765), "4821-122", true
		})},
		{"message-earlier", with(session.ScreenMessage, func(v *session.View) { v.Reason, v.Earlier = session.ReasonNothingOwed, "4821-122" })},
		{"amount-empty", with(session.ScreenAmount, func(v *session.View) { threeFees(v); v.Part = euro(0) })},
		{"amount", with(session.ScreenAmount, func(v *session.View) { threeFees(v); v.Typed, v.Part = "400", euro(400) })},
		{"amount-over", with(session.ScreenAmount, func(v *session.View) {
			threeFees(v)
			v.Typed, v.Part, v.Reason, v.Limit = "123456789", euro(123456789), session.ReasonOverChosen, euro(1250)
		})},
		{"confirm-part", with(session.ScreenConfirm, func(v *session.View) { threeFees(v); v.Part = euro(400) })},
		{"confirm", with(session.ScreenConfirm, func(v *session.View) {
			threeFees(v)
			v.Wishes, v.Wish = []session.Wish{session.WishPaper, session.WishScreen, session.WishNone}, session.WishPaper
		})},
		{"confirm-receipt-needed", with(session.ScreenConfirm, threeFees)},
		{"confirm-no-paper", with(session.ScreenConfirm, func(v *session.View) {
			manyFees(v)
			v.NoPaper, v.Wishes, v.Wish = true, []session.Wish{session.WishScreen, session.WishNone}, session.WishNone
		})},
		{"outcome-code-kept", with(session.ScreenOutcome, func(v *session.View) {
			ended(session.OutcomeFollows, session.ReceiptPrinted)(v)
			v.Wish, v.PaidAt = session.WishScreen, time.Date(2026, 11, 28, 14, 5, 0, 0, time.UTC)
		})},
		{"confirm-whole", with(session.ScreenConfirm, func(v *session.View) { threeFees(v); v.WholeOnly = true })},
		{"checking", with(session.ScreenChecking, ended("", ""))},
		{"booking", with(session.ScreenBooking, ended("", ""))},
		{"ready-many-languages", with(session.ScreenReady, func(v *session.View) { v.Languages = text.Known })},
		{"fees-many-languages", with(session.ScreenFees, func(v *session.View) { manyFees(v); v.Languages, v.CanPart = text.Known, true })},
		{"languages", with(session.ScreenFees, func(v *session.View) { v.Languages, v.Over = text.Known, session.LayerLanguages })},
		{"aids", with(session.ScreenFees, func(v *session.View) {
			v.Over, v.Listening, v.Aids = session.LayerAids, true, session.Aids{LargeText: true, MoreTime: true}
		})},
		{"leaving", with(session.ScreenFees, func(v *session.View) { manyFees(v); v.Over = session.LayerLeaving })},
		{"touch", with(session.ScreenTouch, func(v *session.View) { v.Touched = []bool{true, false, false, true, 11: false} })},
		{"outcome-mixed", with(session.ScreenOutcome, func(v *session.View) {
			manyFees(v)
			ended(session.OutcomeFollows, session.ReceiptFailed)(v)
			v.Legs = []session.LegLine{{Fee: "4711", Amount: euro(1250), Outcome: session.OutcomeBooked},
				{Fee: "words", Amount: euro(300), Outcome: session.OutcomeFollows},
				{Fee: "9<9", Amount: euro(200), Outcome: session.OutcomeReturned},
				{Fee: "", Amount: euro(200), Outcome: session.OutcomeStaff}}
		})},
	}
	for _, page := range allScreens {
		if page.Service() {
			all = append(all, example{string(page), with(page, fullMenu)})
		}
	}
	all = append(all, example{"service-payments-none", with(session.ScreenServicePayments, func(v *session.View) { v.Service = &session.Service{} })})
	all = append(all, example{"service-test-fresh", with(session.ScreenServiceTest, func(v *session.View) { v.Service = &session.Service{} })},
		example{"service-test-other", with(session.ScreenServiceTest, func(v *session.View) {
			v.Service = &session.Service{Label: &session.ServiceLabel{Characters: 3}, Note: session.NoteNotTouched}
		})})
	for _, n := range []session.Note{session.NoteTouched, session.NoteSignal, session.NoteNoSignal} {
		all = append(all, example{"service-test-" + string(n), with(session.ScreenServiceTest, func(v *session.View) { v.Service = &session.Service{Note: n} })})
	}
	for _, n := range []session.Note{session.NoteNone, session.NotePrinting, session.NoteNotPrinted, session.NoteNotSaved} {
		all = append(all, example{"service-key-" + string(n), with(session.ScreenService, func(v *session.View) { v.Service = &session.Service{Resting: true, Note: n} })})
	}
	for _, p := range allProgress {
		all = append(all, example{"terminal-" + string(p), with(session.ScreenTerminal, func(v *session.View) {
			v.Chosen, v.Progress = euro(1250), p
			v.CanCancel = p == terminal.ProgressCard || p == terminal.ProgressRetry
		})})
	}
	all = append(all, example{"terminal-red-key", with(session.ScreenTerminal, func(v *session.View) {
		v.Chosen, v.Progress, v.RedKey = euro(1250), terminal.ProgressCard, true
	})})
	for _, o := range allOutcomes {
		receipt := session.ReceiptPrinted
		if o == session.OutcomeNotCharged {
			receipt = session.ReceiptNone
		}
		all = append(all, example{"outcome-" + string(o), with(session.ScreenOutcome, ended(o, receipt))})
	}
	for _, r := range allReceipts {
		all = append(all, example{"receipt-" + string(r), with(session.ScreenOutcome, func(v *session.View) {
			ended(session.OutcomeBooked, r)(v)
			if r == session.ReceiptOnScreen {
				v.Wish = session.WishScreen
			}
		})})
	}
	for _, r := range allReasons {
		message := func(v *session.View) { v.Reason, v.Limit = r, euro(25000) }
		all = append(all, example{"message-" + string(r), with(session.ScreenMessage, message)},
			example{"out-of-service-" + string(r), with(session.ScreenOutOfService, message)})
	}
	return all
}

// in is the view in another language.
func (e example) in(lang string) session.View {
	v := e.view
	v.Language = lang
	return v
}

var readCatalogues = sync.OnceValues(func() (*text.Texts, error) { return text.New(text.Known) })

func catalogues(t testing.TB) *text.Texts {
	t.Helper()
	texts, err := readCatalogues()
	if err != nil {
		t.Fatal(err)
	}
	return texts
}
