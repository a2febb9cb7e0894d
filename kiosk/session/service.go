package session

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/scanner"
	"selfpay/kiosk/payment"
)

// Upkeep is what staff see and do in the service menu. Its methods must not wait, except Rest, PrintTestSlip and TrySignal, which may also
// ask the session to look around.
type Upkeep interface {
	// Turned says whether the key switch is turned to service; where there is none, it never is.
	Turned() bool
	// Staff says whose service code a label is. ours is false where it is a label of another kind; err says why a code opens nothing.
	Staff(label string) (name string, ours bool, err error)
	// Devices are how the devices are now.
	Devices() []ServiceDevice
	// Checks are what the last looks at every part of the station have found.
	Checks() []ServiceCheck
	// Signals are the names of the lamps, the buzzer and the ring; empty where there are none.
	Signals() []string
	// TrySignal shows one of them alone for a moment.
	TrySignal(name string) error
	// Resting says whether staff have put the station out of service.
	Resting() bool
	// Rest puts the station out of service or back, and notes who did.
	Rest(on bool, staff string) error
	// PrintTestSlip prints a slip that shows whether the printer is well. device.ErrDoubt: it may be printed.
	PrintTestSlip() error
	// Release is what runs, and whether a newer one waits for its moment.
	Release() (version string, waits bool)
}

// Service is what the service menu shows. No patron's name or card is in it.
type Service struct {
	Staff    string // who opened it by a code; empty: whoever turned the key
	Resting  bool   // the station was put out of service by staff
	Note     Note   // what became of the last deed
	Devices  []ServiceDevice
	Checks   []ServiceCheck // what is not well first
	Signals  []string
	Label    *ServiceLabel    // the last one held to the scanner on this page; nil: none
	Payments []ServicePayment // the newest first
	Version  string
	Waits    bool // an update waits for its moment
}

// Note says what became of a deed in the service menu.
type Note string

const (
	NoteNone       Note = ""
	NotePrinting   Note = "printing"
	NotePrinted    Note = "printed"
	NoteNotPrinted Note = "not-printed"
	NoteNotSaved   Note = "not-saved" // it could not be noted in the ledger
	NoteTouched    Note = "touched"
	NoteNotTouched Note = "not-touched" // at least one field was not
	NoteSignal     Note = "signal"
	NoteNoSignal   Note = "no-signal"
)

// ServiceDevice is one device as staff see it.
type ServiceDevice struct {
	Name  string // of the configuration: "printer"
	There bool
	Why   string // why not, in words for technicians
}

// ServiceCheck is what one look at a part of the station has found.
type ServiceCheck struct {
	Name  string // of the health document: "printer:paper"
	State CheckState
	Why   string // what is not well, in words for technicians
}

// CheckState is how well something is.
type CheckState string

const (
	CheckFails CheckState = "fail"
	CheckWarns CheckState = "warn"
	CheckWell  CheckState = "pass"
)

// checkOrder is the order in which staff read checks.
var checkOrder = []CheckState{CheckFails, CheckWarns, CheckWell}

// ServiceLabel is a label that staff held to the scanner to try it. What it says is not kept: it may be a patron's card.
type ServiceLabel struct {
	Symbology  string // empty where the scanner does not state it
	Characters int
	Card       bool // it may be a library card, by the rules of this station
}

// ServicePayment is one payment as staff see it.
type ServicePayment struct {
	Reference string
	Amount    money.Amount
	At        time.Time // zero where the clock was not set
	Outcome   Outcome
}

const (
	menuSilence  = 5 * time.Minute // then the menu closes
	mostPayments = 20
)

// Service says whether a screen belongs to the service menu.
func (s Screen) Service() bool { return strings.HasPrefix(string(s), string(ScreenService)) }

// idle says whether nobody is at the screen.
func (s *Session) idle() bool {
	return s.view.Screen == ScreenReady || s.view.Screen == ScreenOutOfService
}

// watchKey lets the menu follow the key switch: it opens as soon as no patron is there.
func (s *Session) watchKey() {
	if s.Upkeep == nil {
		return
	}
	if turned := s.Upkeep.Turned(); turned != s.turned {
		s.turned, s.menuWanted = turned, turned
		if !turned && s.view.Screen.Service() && s.view.Service.Staff == "" {
			s.reset()
		}
	}
	if s.menuWanted && s.idle() {
		s.openMenu("")
	}
}

// serviceCode takes a label that is meant for the service menu.
func (s *Session) serviceCode(label string) (taken bool) {
	if s.Upkeep == nil {
		return false
	}
	staff, ours, err := s.Upkeep.Staff(label)
	switch {
	case !ours:
		return false
	case err != nil:
		s.Log.Warn("service code refused", "why", err)
		if s.idle() || s.view.Screen == ScreenMessage {
			s.message(ReasonBadServiceCode)
		}
	case s.idle() || s.view.Screen == ScreenMessage:
		s.Log.Info("service menu opened", "staff", staff)
		s.openMenu(staff)
	}
	return true
}

func (s *Session) openMenu(staff string) {
	s.clear()
	s.view.Service = &Service{Staff: staff}
	s.turnTo(ScreenService)
}

// turnTo shows another page of the menu. What is being printed is still told there.
func (s *Session) turnTo(page Screen) {
	note := NoteNone
	if s.view.Service.Note == NotePrinting {
		note = NotePrinting
	}
	s.showService(page, note)
}

// showService shows a page of the menu as things stand now, with what became of a deed.
func (s *Session) showService(page Screen, note Note) {
	now := Service{Staff: s.view.Service.Staff, Note: note, Resting: s.Upkeep.Resting()}
	now.Version, now.Waits = s.Upkeep.Release()
	switch page {
	case ScreenServiceDevices:
		now.Devices = s.Upkeep.Devices()
	case ScreenServiceTest:
		now.Checks, now.Signals, now.Label = s.Upkeep.Checks(), s.Upkeep.Signals(), s.view.Service.Label
		slices.SortFunc(now.Checks, func(a, b ServiceCheck) int {
			return cmp.Or(cmp.Compare(slices.Index(checkOrder, a.State), slices.Index(checkOrder, b.State)), cmp.Compare(a.Name, b.Name))
		})
	case ScreenServicePayments:
		now.Payments = s.lastPayments()
	}
	s.view.Service, s.view.Screen, s.view.Reason = &now, page, ""
	s.after(menuSilence, s.closeMenu)
	s.show()
}

func (s *Session) closeMenu() {
	s.menuWanted = false
	s.reset()
}

// noted shows the same page again with what became of a deed.
func (s *Session) noted(n Note) { s.showService(s.view.Screen, n) }

func (s *Session) lastPayments() []ServicePayment {
	if s.Ledger == nil {
		return nil
	}
	newest, err := s.Ledger.All(mostPayments)
	if err != nil {
		s.Log.Error("payments cannot be listed", "error", err)
		return nil
	}
	var all []ServicePayment
	for _, p := range newest {
		all = append(all, ServicePayment{Reference: p.ID.String(), Amount: p.Amount, At: dateOf(p), Outcome: OutcomeOf(p)})
	}
	return all
}

// serviceActions are the taps of the menu.
func (s *Session) serviceActions() map[string]func(string) error {
	to := func(page Screen) func(string) error { return always(func() { s.turnTo(page) }) }
	back := to(ScreenService)
	switch s.view.Screen {
	case ScreenServicePayments:
		return map[string]func(string) error{"back": back, "reprint": s.reprint}
	case ScreenServiceTest:
		return map[string]func(string) error{"back": back, "try-touch": always(s.menuTouch), "signal": s.trySignal}
	case ScreenServiceDevices, ScreenServicePaper, ScreenServiceUpdate:
		return map[string]func(string) error{"back": back}
	}
	return map[string]func(string) error{"devices": to(ScreenServiceDevices), "payments": to(ScreenServicePayments),
		"paper": to(ScreenServicePaper), "update": to(ScreenServiceUpdate), "slip": always(s.testSlip), "self-test": to(ScreenServiceTest),
		"rest": always(s.rest), "leave": always(s.closeMenu)}
}

// rest puts the station out of service, or back, beside the loop: health, which it is told, looks around at the session.
func (s *Session) rest() {
	on, staff := !s.view.Service.Resting, s.view.Service.Staff
	if staff == "" {
		staff = "key switch"
	}
	s.besideMenu(func() error {
		err := s.Upkeep.Rest(on, staff)
		if err != nil {
			s.Log.Error("service not noted", "error", err)
		}
		return err
	}, func(err error) {
		if err != nil {
			s.noted(NoteNotSaved)
			return
		}
		s.noted(NoteNone)
	})
}

// besideMenu does what may take a while beside the loop, and tells the menu what became of it where that is still open.
func (s *Session) besideMenu(deed func() error, ended func(error)) {
	round := s.round
	go func() {
		err := deed()
		s.back(round, func() {
			if s.view.Screen.Service() {
				ended(err)
			}
		})
	}()
}

func (s *Session) testSlip() { s.printForStaff(s.Upkeep.PrintTestSlip, func(error) {}) }

// reprint prints the receipt of one of the newest payments once more.
func (s *Session) reprint(reference string) error {
	id, err := payment.ParseID(reference)
	if err != nil || s.Printer == nil {
		return ErrStale
	}
	p, err := s.Ledger.Payment(id)
	if err != nil || OutcomeOf(p) == OutcomeNotCharged {
		return ErrStale
	}
	slip := Slip{Payment: p, Language: s.Languages[0], Outcome: OutcomeOf(p), Copy: p.Receipts > 0}
	s.printForStaff(func() error { return s.Printer.Print(s.context, s.Compose(slip)) }, func(err error) {
		if inDoubt := err != nil && device.Class(err) == device.ErrDoubt; err == nil || inDoubt {
			s.recordReceipt(id, inDoubt)
		}
	})
	return nil
}

// printForStaff prints beside the loop, one thing at a time.
func (s *Session) printForStaff(print func() error, done func(error)) {
	if s.view.Service.Note == NotePrinting {
		return
	}
	s.noted(NotePrinting)
	s.besideMenu(func() error {
		err := print()
		done(err)
		return err
	}, func(err error) {
		if err != nil {
			s.Log.Warn("slip not printed", "error", err)
			s.noted(NoteNotPrinted)
			return
		}
		s.noted(NotePrinted)
	})
}

// tryLabel tells what of a label was read.
func (s *Session) tryLabel(scan scanner.Scan) {
	_, err := s.Cards.Card(scan)
	now := *s.view.Service // views that were handed out stay as they are
	now.Label = &ServiceLabel{Symbology: string(scan.Symbology), Characters: len(scan.Text), Card: err == nil}
	s.view.Service = &now
	s.turnTo(ScreenServiceTest)
}

// trySignal shows a lamp, beside the loop: the panel may wait for a chip.
func (s *Session) trySignal(name string) error {
	if !slices.Contains(s.view.Service.Signals, name) {
		return ErrStale
	}
	s.besideMenu(func() error { return s.Upkeep.TrySignal(name) }, func(err error) {
		switch {
		case s.view.Screen != ScreenServiceTest:
		case err != nil:
			s.Log.Warn("signal not shown", "signal", name, "error", err)
			s.noted(NoteNoSignal)
		default:
			s.noted(NoteSignal)
		}
	})
	return nil
}

// menuTouch tries the touch panel, and comes back to the menu, where endTouch tells the result.
func (s *Session) menuTouch() { s.startTouch(make(chan []int, 1)) }

// touchedFromMenu goes back to the menu.
func (s *Session) touchedFromMenu(missed []int) {
	s.view.Touched = nil
	if len(missed) > 0 {
		s.showService(ScreenServiceTest, NoteNotTouched)
		return
	}
	s.showService(ScreenServiceTest, NoteTouched)
}
