package session_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"selfpay/device"
	"selfpay/kiosk/session"
)

// keeper is a station's upkeep that does as it is told.
type keeper struct {
	mu      sync.Mutex
	turned  bool
	resting bool
	rested  []string // who put the station out of service or back
	fails   error    // what Rest and PrintTestSlip say
	slips   int
	checks  []session.ServiceCheck
	tried   []string // signals
	tell    func()   // what health does when it is told
}

func (k *keeper) set(change func(*keeper)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	change(k)
}

func (k *keeper) Turned() bool { k.mu.Lock(); defer k.mu.Unlock(); return k.turned }

func (k *keeper) Staff(label string) (string, bool, error) {
	switch label {
	case "CODE good":
		return "Jo", true, nil
	case "CODE ended":
		return "", true, errors.New("ended")
	}
	return "", false, nil
}

func (k *keeper) Devices() []session.ServiceDevice {
	return []session.ServiceDevice{{Name: "printer", There: true}}
}

func (k *keeper) Checks() []session.ServiceCheck {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.checks)
}

func (k *keeper) Signals() []string { return []string{"green", "buzzer"} }

func (k *keeper) TrySignal(name string) error {
	k.tell()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tried = append(k.tried, name)
	return k.fails
}

func (k *keeper) Resting() bool { k.mu.Lock(); defer k.mu.Unlock(); return k.resting }

func (k *keeper) Rest(on bool, staff string) error {
	k.tell()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fails == nil {
		k.resting, k.rested = on, append(k.rested, staff)
	}
	return k.fails
}

func (k *keeper) PrintTestSlip() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.slips++
	return k.fails
}

func (k *keeper) Release() (string, bool) { return "0.365", false }

// serviced is a station with a service menu.
func serviced(t *testing.T, rule func(t *testing.T, s *station, k *keeper)) {
	t.Helper()
	k := &keeper{}
	inStation(t, func(c *session.Config) { c.Upkeep = k }, func(t *testing.T, s *station) {
		k.tell = s.LookAround
		rule(t, s, k)
	})
}

func TestTheKeyOpensTheMenuOnceNoPatronIsThere(t *testing.T) {
	serviced(t, func(t *testing.T, s *station, k *keeper) {
		s.scan(card)
		k.set(func(k *keeper) { k.turned = true })
		over(2 * time.Second)
		s.sees(session.ScreenFees) // the patron goes on
		s.tap("leave", "")
		over(2 * time.Second)
		if v := s.sees(session.ScreenService); v.Service == nil || v.Service.Staff != "" || v.Initials != "" {
			t.Errorf("%+v", v)
		}
		s.scan(otherCard) // no visit begins
		s.sees(session.ScreenService)
		s.tap("leave", "")
		over(2 * time.Second)
		s.sees(session.ScreenReady) // left, though the key is still turned
		k.set(func(k *keeper) { k.turned = false })
		over(2 * time.Second)
		k.set(func(k *keeper) { k.turned = true })
		over(2 * time.Second)
		s.sees(session.ScreenService)
		k.set(func(k *keeper) { k.turned = false })
		over(2 * time.Second)
		s.forgotten()
	})
}

func TestAServiceCodeOpensTheMenuAndDisturbsNoPatron(t *testing.T) {
	serviced(t, func(t *testing.T, s *station, k *keeper) {
		s.scan("CODE ended")
		s.told(session.ReasonBadServiceCode)
		s.scan("CODE good")
		if v := s.sees(session.ScreenService); v.Service == nil || v.Service.Staff != "Jo" {
			t.Errorf("%+v", v)
		}
		s.tap("leave", "")
		s.scan(card)
		over(11 * time.Second) // the same label counts again
		s.scan("CODE good")
		if v := s.sees(session.ScreenFees); v.Service != nil {
			t.Errorf("%+v", v)
		}
		s.tap("leave", "")
		s.blocked(session.ReasonLibraryDown)
		over(2 * time.Second)
		s.sees(session.ScreenOutOfService)
		over(11 * time.Second)
		s.scan("CODE good")
		s.sees(session.ScreenService)
		s.tap("leave", "")
		s.sees(session.ScreenOutOfService)
	})
}

func TestTheMenuClosesByItselfAfterFiveMinutes(t *testing.T) {
	serviced(t, func(t *testing.T, s *station, k *keeper) {
		k.set(func(k *keeper) { k.turned = true })
		over(2 * time.Second)
		over(4 * time.Minute)
		s.tap("devices", "")
		over(4*time.Minute + 50*time.Second)
		s.sees(session.ScreenServiceDevices)
		over(20 * time.Second)
		s.sees(session.ScreenReady)
	})
}

func TestTheStationIsPutOutOfServiceByNameAndAFailedNoteIsTold(t *testing.T) {
	serviced(t, func(t *testing.T, s *station, k *keeper) {
		s.scan("CODE good")
		s.tap("rest", "")
		if v := s.sees(session.ScreenService); !v.Service.Resting || v.Service.Note != session.NoteNone {
			t.Errorf("%+v", v.Service)
		}
		k.set(func(k *keeper) { k.fails = errors.New("disk full") })
		s.tap("rest", "")
		if v := s.sees(session.ScreenService); !v.Service.Resting || v.Service.Note != session.NoteNotSaved {
			t.Errorf("%+v", v.Service)
		}
		k.set(func(k *keeper) { k.fails = nil })
		s.tap("rest", "")
		if v := s.sees(session.ScreenService); v.Service.Resting || strings.Join(k.rested, " ") != "Jo Jo" {
			t.Errorf("%+v by %v", v.Service, k.rested)
		}
	})
}

func TestWhatIsPrintedFromTheMenuIsTold(t *testing.T) {
	serviced(t, func(t *testing.T, s *station, k *keeper) {
		s.pay()
		reference := s.ended(session.OutcomeBooked, session.ReceiptPrinted).Reference
		s.tap("leave", "")
		s.scan("CODE good")
		s.tap("slip", "")
		if v := s.sees(session.ScreenService); v.Service.Note != session.NotePrinted || k.slips != 1 {
			t.Errorf("%+v, %d slips", v.Service, k.slips)
		}
		s.tap("payments", "")
		v := s.sees(session.ScreenServicePayments)
		if p := v.Service.Payments; len(p) != 1 || p[0].Reference != reference || p[0].Amount != eur(1250) || p[0].Outcome != session.OutcomeBooked {
			t.Fatalf("%+v", v.Service)
		}
		s.tap("reprint", reference)
		if v := s.sees(session.ScreenServicePayments); v.Service.Note != session.NotePrinted {
			t.Errorf("%+v", v.Service)
		}
		if slip, n := s.paper.newest(); n != 2 || !slip.Copy || slip.Payment.ID.String() != reference {
			t.Errorf("%d receipts, copy %v", n, slip.Copy)
		}
		for _, nonsense := range []string{"", "4821-999", "abc"} {
			if err := s.try("reprint", nonsense); !errors.Is(err, session.ErrStale) {
				t.Errorf("reprint %q: %v", nonsense, err)
			}
		}
		s.paper.set(func(p *paper) { p.print = device.ErrNotSent })
		s.tap("reprint", reference)
		if v := s.sees(session.ScreenServicePayments); v.Service.Note != session.NoteNotPrinted {
			t.Errorf("%+v", v.Service)
		}
		s.tap("back", "")
		if v := s.sees(session.ScreenService); v.Service.Note != session.NoteNone {
			t.Errorf("an old note stands: %+v", v.Service)
		}
	})
}

func TestNoPatronStandsInTheMenu(t *testing.T) {
	serviced(t, func(t *testing.T, s *station, k *keeper) {
		s.pay()
		s.tap("leave", "")
		s.scan("CODE good")
		before := len(s.shown)
		for _, page := range []string{"payments", "devices", "self-test", "paper", "update"} {
			s.tap(page, "")
			s.tap("back", "")
		}
		for _, v := range s.shown[before:] {
			if v.Initials != "" || len(v.Fees) > 0 || v.Reference != "" {
				t.Errorf("%+v", v)
			}
		}
		s.neverShown(card)
	})
}

func TestTheTouchPanelIsTriedFromTheMenu(t *testing.T) {
	serviced(t, func(t *testing.T, s *station, k *keeper) {
		s.scan("CODE good")
		s.tap("self-test", "")
		s.tap("try-touch", "")
		s.sees(session.ScreenTouch)
		s.tap("touch", "3")
		s.tap("leave", "")
		if v := s.sees(session.ScreenServiceTest); v.Service.Staff != "Jo" || v.Touched != nil || v.Service.Note != session.NoteNotTouched {
			t.Errorf("%+v", v)
		}
		s.tap("try-touch", "")
		for field := range session.TouchFields {
			s.tap("touch", strconv.Itoa(field))
		}
		if v := s.sees(session.ScreenServiceTest); v.Service.Note != session.NoteTouched {
			t.Errorf("%+v", v.Service)
		}
	})
}

func TestTheSelfTestTellsFirstWhatIsNotWell(t *testing.T) {
	serviced(t, func(t *testing.T, s *station, k *keeper) {
		k.set(func(k *keeper) {
			k.checks = []session.ServiceCheck{{Name: "ils:link", State: session.CheckWell}, {Name: "printer:paper", State: session.CheckWarns, Why: "low"},
				{Name: "clock:time", State: session.CheckWarns}, {Name: "terminal:link", State: session.CheckFails}}
		})
		s.scan("CODE good")
		s.tap("self-test", "")
		var names []string
		for _, c := range s.sees(session.ScreenServiceTest).Service.Checks {
			names = append(names, c.Name)
		}
		if got := strings.Join(names, " "); got != "terminal:link clock:time printer:paper ils:link" {
			t.Errorf("%s", got)
		}
	})
}

func TestASignalIsTriedFromTheMenu(t *testing.T) {
	serviced(t, func(t *testing.T, s *station, k *keeper) {
		s.scan("CODE good")
		s.tap("self-test", "")
		s.tap("signal", "buzzer")
		if v := s.sees(session.ScreenServiceTest); v.Service.Note != session.NoteSignal || strings.Join(k.tried, " ") != "buzzer" {
			t.Errorf("%+v, tried %v", v.Service, k.tried)
		}
		if err := s.try("signal", "relay"); !errors.Is(err, session.ErrStale) {
			t.Errorf("%v", err)
		}
		k.set(func(k *keeper) { k.fails = errors.New("no chip") })
		s.tap("signal", "green")
		if v := s.sees(session.ScreenServiceTest); v.Service.Note != session.NoteNoSignal {
			t.Errorf("%+v", v.Service)
		}
	})
}

// A label on the page of the self-test tries the scanner: no visit begins, and nothing of what it says is kept.
func TestALabelIsTriedFromTheMenu(t *testing.T) {
	serviced(t, func(t *testing.T, s *station, k *keeper) {
		s.scan("CODE good")
		s.tap("self-test", "")
		s.scan(card)
		if v := s.sees(session.ScreenServiceTest); v.Service.Label == nil || !v.Service.Label.Card || v.Service.Label.Characters != len(card) {
			t.Errorf("%+v", v.Service.Label)
		}
		s.scan("CODE good")
		if v := s.sees(session.ScreenServiceTest); v.Service.Label.Card {
			t.Errorf("%+v", v.Service.Label)
		}
		s.tap("back", "")
		s.tap("self-test", "")
		if v := s.sees(session.ScreenServiceTest); v.Service.Label != nil {
			t.Errorf("an old label stands: %+v", v.Service.Label)
		}
		s.neverShown(card)
	})
}
