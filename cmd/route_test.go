package cmd_test

import (
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"

	"selfpay/cmd/kiosksim/surround"
)

// otherRoutes are the ways to the library beside SIP2.
var otherRoutes = map[string]surround.Options{
	"polaris":         {ILS: "polaris"},
	"polaris pay-all": {ILS: "polaris", Mode: "pay-all"},
	"aleph":           {ILS: "aleph"},
}

func TestAPatronPaysOverEveryRoute(t *testing.T) {
	for name, o := range otherRoutes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStation(t, o).begin().ready()
			s.patron(cardTwoFees).said(t, "booked")
			s.booksAgree(twoFees)
			s.patron(cardThreeFees).said(t, "booked")
			s.booksAgree(twoFees + threeFees)
			s.patron(cardNoFees).said(t, "nothing-owed")
			s.patron(cardNobody).said(t, "unknown-patron")
			if log := s.log(); strings.Contains(log, cardTwoFees) || strings.Contains(log, "demo-") {
				t.Errorf("a card or a password is in the log:\n%s", log)
			}
		})
	}
}

// At Aleph a branch is paid as one, and two branches are two legs.
func TestSeveralBranchesOfAnAlephAreSeveralLegs(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{ILS: "aleph"}).begin().ready()
	s.patron(cardThreeFees, "--pay", "LAW50").said(t, "booked")
	s.booksAgree(525)
	s.patron(cardThreeFees).said(t, "booked")
	s.booksAgree(threeFees)
	if b := s.around.Books(); len(b.Postings) != 2 || b.Postings[0].Fee != "LAW50" || b.Postings[1].Fee != "CEN50" {
		t.Errorf("postings %+v", b.Postings)
	}
}

func TestLostAnswersOfEveryRouteAreFoundOut(t *testing.T) {
	for name, o := range otherRoutes {
		for _, fault := range []string{"silent", "apply-silent", "drop", "foreign", "duplicate", "booked-no", "error", "redirect", "sign-in"} {
			t.Run(name+"/"+fault, func(t *testing.T) {
				t.Parallel()
				s := newStation(t, o).begin().ready()
				s.paysThrough(fault)
			})
		}
	}
}

// What only a Polaris does: its session ends before the payment or with it, and it books and says that it was too slow.
func TestFaultsOfAPolarisAreFoundOut(t *testing.T) {
	for _, fault := range []string{"expired", "expired-at-payment", "slow-database"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			s := newStation(t, surround.Options{ILS: "polaris"}).begin().ready()
			s.paysThrough(fault)
		})
	}
}

// What only an Aleph does: the kiosk's address is not in its lists, or a sign-in page stands in front.
func TestAnAlephThatLetsNobodyInTakesNoPayment(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{ILS: "aleph"}).begin().ready()
	for shut, open := range map[string]string{"barred": "let-in", "portal": "portal-gone"} {
		s.order("ils", "next", shut)
		s.notReady("library-")
		s.order("ils", "next", open)
		s.ready()
	}
	s.nothingMoved()
	s.patron(cardOneFee).said(t, "booked")
	s.booksAgree(oneFee)
}

func TestARefusalOfEveryRouteIsTakenBackAtTheTerminal(t *testing.T) {
	for name, o := range otherRoutes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStation(t, o).begin().ready()
			s.order("ils", "next", "refuse")
			s.patron(cardOneFee).said(t, "returned")
			s.queueEmpties()
			if b := s.around.Books(); len(b.Captures) != 0 || len(b.Reversals) != 1 || len(b.Postings) != 0 {
				t.Errorf("books %+v", b)
			}
		})
	}
}

func TestAWrongWorkstationOrKeyTakesNoPayment(t *testing.T) {
	for name, change := range map[string][]string{
		"access key": {`access_key = "demo-access-key"`, `access_key = "another"`},
		"password":   {`password = "demo-password"`, `password = "another"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStation(t, surround.Options{ILS: "polaris"}, change...).begin()
			s.notReady("library-refuses")
			s.nothingMoved()
		})
	}
	t.Run("workstation", func(t *testing.T) { // Polaris says so only when money is taken
		t.Parallel()
		s := newStation(t, surround.Options{ILS: "polaris"}, "workstation = 12", "workstation = 13").begin().ready()
		if v := s.patron(cardOneFee); v.Outcome == "booked" {
			t.Errorf("outcome %q: %s", v.Outcome, v.Said)
		}
		s.notReady("library-refuses")
		if n := len(s.around.Books().Postings); n != 0 {
			t.Errorf("%d postings", n)
		}
	})
}

// bridge stands between kioskd and the library system, and has kioskd killed at a chosen flight of bytes.
type bridge struct {
	to     string
	mu     sync.Mutex
	armed  bool
	flight int // from the kiosk, since it was armed
	at     int // the flight at which to kill
	after  bool
	kill   func()
	killed bool
	ending sync.WaitGroup // the kill is under way
}

// arm lets the counting begin.
func (b *bridge) arm() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.armed = !b.killed
}

// strikes says whether kioskd is to be killed here: at a flight of its own, or at the answer to it.
func (b *bridge) strikes(fromKiosk bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if fromKiosk && b.armed {
		b.flight++
	}
	if !b.armed || b.flight != b.at || fromKiosk == b.after {
		return false
	}
	b.armed, b.killed = false, true
	b.ending.Add(1)
	return true
}

// rest ends the counting, waits for a kill that is under way, and says whether there was one.
func (b *bridge) rest() (killed bool) {
	b.mu.Lock()
	b.armed, killed = false, b.killed
	b.mu.Unlock()
	b.ending.Wait()
	return killed
}

func (b *bridge) serve(l net.Listener) {
	for {
		near, err := l.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", b.to)
		if err != nil {
			near.Close()
			continue
		}
		go b.pass(near, far, true)
		go b.pass(far, near, false)
	}
}

func (b *bridge) pass(from, to net.Conn, fromKiosk bool) {
	defer to.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if b.strikes(fromKiosk) {
				b.kill()
				b.ending.Done()
				return
			}
			if _, err := to.Write(buffer[:n]); err != nil && fromKiosk {
				return
			}
		}
		if err != nil {
			if err != io.EOF {
				to.(*net.TCPConn).SetLinger(0)
			}
			return
		}
	}
}

// TestKioskdIsKilledAtEveryRequestToTheLibrary kills the real program with SIGKILL when it sends each of its requests
// that follow the approval, and when each answer to them comes, over every route.
func TestKioskdIsKilledAtEveryRequestToTheLibrary(t *testing.T) {
	all := map[string]surround.Options{"sip2": {}}
	for name, o := range otherRoutes {
		all[name] = o
	}
	for name, o := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			places := 0
			for at := 1; ; at++ {
				came := false
				for _, after := range []bool{false, true} {
					if t.Failed() {
						return
					}
					if killedAt(t, o, at, after) {
						came = true
						places++
					}
				}
				if !came {
					break
				}
			}
			t.Logf("killed at %d places", places)
			if places < 4 {
				t.Errorf("killed at %d places only", places)
			}
		})
	}
}

// killedAt lets one patron pay and kills kioskd at one place, and says whether it came there.
func killedAt(t *testing.T, o surround.Options, at int, after bool) (came bool) {
	t.Run(fmt.Sprintf("%d/%v", at, after), func(t *testing.T) {
		b := &bridge{at: at, after: after}
		o.Approved = b.arm
		o.CardWait = 1
		s := newStation(t, o)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		b.to = s.detour(l.Addr().String())
		b.kill = func() { s.kill(); s.begin() }
		go b.serve(l)
		s.begin().ready()
		defer b.rest() // before the station is taken down
		s.patron(cardTwoFees)
		came = b.rest()
		s.queueEmpties()
		s.booksAgree(twoFees)
	})
	return came
}

var libraryAddress = regexp.MustCompile(`(?m)^(address|x_server) = "(tcp|https|http)://([0-9.:]+)"`)

// detour leads kioskd to another address than the library system's, which is returned.
func (s *station) detour(by string) (library string) {
	s.t.Helper()
	found := libraryAddress.FindStringSubmatch(s.configuration())
	if found == nil {
		s.t.Fatal("the configuration names no library system")
	}
	library = found[3]
	s.configure(strings.ReplaceAll(s.configuration(), library, by))
	return library
}
