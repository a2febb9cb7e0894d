package session_test

import (
	"fmt"
	"testing"
	"time"

	"selfpay/device"
	"selfpay/device/terminal"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/session"
)

func TestAnOutcomeSaysWhatTheLedgerHolds(t *testing.T) {
	refused := fmt.Errorf("no: %w", device.ErrRefused)
	for _, c := range []struct {
		name    string
		arrange func(*station)
		within  time.Duration
		outcome session.Outcome
		receipt session.Receipt
	}{
		{"booked", func(*station) {}, 0, session.OutcomeBooked, session.ReceiptPrinted},
		{"library away", func(s *station) { s.library.set(func(l *library) { l.post = device.ErrNotSent }) }, session.StandardWaits.Booking, session.OutcomeFollows, session.ReceiptPrinted},
		{"answer lost", func(s *station) { s.library.set(func(l *library) { l.post = errLink }) }, session.StandardWaits.Booking, session.OutcomeFollows, session.ReceiptPrinted},
		{"declined", func(s *station) { s.terminal.set(func(c *cardTerminal) { c.purchase = refused }) }, 0, session.OutcomeNotCharged, session.ReceiptNone},
		{"terminal away", func(s *station) { s.terminal.set(func(c *cardTerminal) { c.purchase = device.ErrNotSent }) }, 0, session.OutcomeNotCharged, session.ReceiptNone},
		{"refused and given back", func(s *station) { s.library.set(func(l *library) { l.post = refused }) }, 0, session.OutcomeReturned, session.ReceiptPrinted},
		{"refused and kept", func(s *station) {
			s.library.set(func(l *library) { l.post = refused })
			s.terminal.set(func(c *cardTerminal) { c.reverse = refused })
		}, 0, session.OutcomeStaff, session.ReceiptPrinted},
		{"refused and unknown", func(s *station) {
			s.library.set(func(l *library) { l.post = refused })
			s.terminal.set(func(c *cardTerminal) { c.reverse = errLink })
		}, session.StandardWaits.Booking, session.OutcomeStaff, session.ReceiptPrinted},
	} {
		inStation(t, nil, func(t *testing.T, s *station) {
			c.arrange(s)
			s.pay()
			over(c.within)
			v := s.ended(c.outcome, c.receipt)
			slip, n := s.paper.newest()
			if n > 1 || (c.receipt == session.ReceiptPrinted) != (n == 1) || n == 1 && slip.Outcome != c.outcome {
				t.Errorf("%d receipts, the last says %q", n, slip.Outcome)
			}
			if stands := session.LegsCount(slip.Payment.State); stands != (len(v.Legs) > 0) {
				t.Errorf("%s, legs %+v", slip.Payment.State, v.Legs)
			}
			if t.Failed() {
				t.Log(c.name)
			}
			over(session.StandardWaits.Result + 21*time.Second)
			if s.View().Screen != session.ScreenReady {
				t.Errorf("%s: the screen stays at %s", c.name, s.View().Screen)
			}
		})
	}
}

func TestAPurchaseInDoubtIsCheckedThenStaffIsNamed(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.terminal.set(func(c *cardTerminal) { c.purchase = errLink })
		s.pay()
		s.sees(session.ScreenChecking)
		s.scan(otherCard)
		over(session.StandardWaits.Checking - time.Second)
		s.sees(session.ScreenChecking)
		over(2 * time.Second)
		if v := s.ended(session.OutcomeStaff, session.ReceiptPrinted); len(v.Legs) > 0 {
			t.Errorf("a booking is promised: %+v", v.Legs)
		}
		s.terminal.set(func(c *cardTerminal) {
			c.recover, c.recovery = nil, terminal.Recovery{Verdict: terminal.Charged, Found: terminal.Transaction{Approval: approval(eur(1250))}}
		})
		over(4 * session.StandardWaits.Result) // the answer may come while the outcome stands, and is then told
		s.sees(session.ScreenReady)
	})
}

func TestADoubtThatEndsWhileThePatronWaitsIsTold(t *testing.T) {
	for verdict, want := range map[terminal.Verdict]session.Outcome{terminal.Charged: session.OutcomeBooked, terminal.NotCharged: session.OutcomeNotCharged} {
		inStation(t, nil, func(t *testing.T, s *station) {
			s.terminal.set(func(c *cardTerminal) { c.purchase = errLink })
			s.pay()
			s.sees(session.ScreenChecking)
			s.terminal.set(func(c *cardTerminal) {
				c.recover, c.recovery = nil, terminal.Recovery{Verdict: verdict, Found: terminal.Transaction{Approval: approval(eur(1250))}}
			})
			for range 60 {
				over(time.Second)
				if s.View().Screen == session.ScreenOutcome {
					break
				}
			}
			receipt := session.ReceiptPrinted
			if want == session.OutcomeNotCharged {
				receipt = session.ReceiptNone
			}
			s.ended(want, receipt)
		})
	}
}

func TestABookingThatComesLateChangesTheOutcomeNotTheReceipt(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.library.set(func(l *library) { l.post = device.ErrNotSent })
		s.pay()
		over(session.StandardWaits.Booking)
		s.ended(session.OutcomeFollows, session.ReceiptPrinted)
		s.library.set(func(l *library) { l.post = nil })
		if err := s.runner.Retry(t.Context(), payment.ID{}); err != nil {
			t.Fatal(err)
		}
		s.ended(session.OutcomeBooked, session.ReceiptPrinted)
		if slip, n := s.paper.newest(); n != 1 || slip.Outcome != session.OutcomeFollows {
			t.Errorf("%d receipts, %+v", n, slip)
		}
	})
}

func TestAReceiptThatFailsCanBePrintedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		failure error
		copied  bool
	}{
		"nothing printed": {device.ErrNotSent, false},
		"cover open":      {device.ErrAttention, false},
		"perhaps printed": {device.ErrDoubt, true},
		"without a class": {errLink, true},
	} {
		inStation(t, nil, func(t *testing.T, s *station) {
			s.paper.set(func(p *paper) { p.print = c.failure })
			s.pay()
			s.ended(session.OutcomeBooked, session.ReceiptFailed)
			s.tap("print", "")
			s.ended(session.OutcomeBooked, session.ReceiptFailed)
			s.paper.set(func(p *paper) { p.print = nil })
			s.tap("print", "")
			s.ended(session.OutcomeBooked, session.ReceiptPrinted)
			if slip, n := s.paper.newest(); n != 1 || slip.Copy != c.copied {
				t.Errorf("%s: %d receipts, marked as copy: %v", name, n, slip.Copy)
			}
			if s.library.posted != 2 {
				t.Errorf("%s: %d postings", name, s.library.posted)
			}
		})
	}
}

func TestARestartShowsTheInterruptedPaymentAndPrintsItsReceipt(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.library.set(func(l *library) { l.post = device.ErrNotSent })
		s.pay() // the screen says "booking", nothing is printed yet
		s.sees(session.ScreenBooking)
		s.end()
		s.start()
		over(session.StandardWaits.Booking)
		v := s.ended(session.OutcomeFollows, session.ReceiptPrinted)
		slip, n := s.paper.newest()
		if n != 1 || slip.Copy || slip.Payment.ID.String() != v.Reference || v.Chosen != eur(1250) {
			t.Errorf("%d receipts, %+v", n, v)
		}
		s.end()
		s.start()
		s.forgotten() // it has its receipt
	})
}

func TestARestartLeavesOldAndUnchargedPaymentsAlone(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.terminal.set(func(c *cardTerminal) { c.purchase = device.ErrRefused })
		s.pay()
		s.ended(session.OutcomeNotCharged, session.ReceiptNone)
		s.end()
		s.start()
		s.forgotten()
	})
	inStation(t, nil, func(t *testing.T, s *station) {
		s.library.set(func(l *library) { l.post = device.ErrNotSent })
		s.pay()
		s.end()
		time.Sleep(11 * time.Minute)
		s.start()
		s.forgotten()
		if _, n := s.paper.newest(); n != 0 {
			t.Errorf("%d receipts for somebody who has left", n)
		}
	})
}

func TestTheWorstLegDecidesTheOutcome(t *testing.T) {
	for _, c := range []struct {
		legs []payment.LegState
		want session.Outcome
	}{
		{[]payment.LegState{payment.LegPosted, payment.LegPosted}, session.OutcomeBooked},
		{[]payment.LegState{payment.LegPosted, payment.LegWaiting}, session.OutcomeFollows},
		{[]payment.LegState{payment.LegPosting}, session.OutcomeFollows},
		{[]payment.LegState{payment.LegPostingInDoubt, payment.LegPosted}, session.OutcomeFollows},
		{[]payment.LegState{payment.LegRefunded, payment.LegPosted}, session.OutcomeReturned},
		{[]payment.LegState{payment.LegRefunded, payment.LegWaiting}, session.OutcomeFollows},
		{[]payment.LegState{payment.LegRefundDue, payment.LegWaiting}, session.OutcomeStaff},
		{[]payment.LegState{payment.LegPosted, payment.LegOpenCase}, session.OutcomeStaff},
		{[]payment.LegState{payment.LegWrittenOff}, session.OutcomeStaff},
	} {
		p := payment.Payment{State: payment.StateApproved}
		for _, l := range c.legs {
			p.Legs = append(p.Legs, payment.Leg{State: l})
		}
		if got := session.OutcomeOf(p); got != c.want {
			t.Errorf("%v: %s, want %s", c.legs, got, c.want)
		}
	}
	for state, want := range map[payment.State]session.Outcome{
		payment.StateIntended: session.OutcomeNotCharged, payment.StateDeclined: session.OutcomeNotCharged, payment.StateAbandoned: session.OutcomeNotCharged,
		payment.StateReversed: session.OutcomeReturned, payment.StateReversing: session.OutcomeStaff, payment.StatePurchasing: session.OutcomeStaff,
		payment.StatePurchaseInDoubt: session.OutcomeStaff, payment.StateReversalInDoubt: session.OutcomeStaff, payment.StateApprovalSeen: session.OutcomeStaff,
	} {
		if got := session.OutcomeOf(payment.Payment{State: state}); got != want {
			t.Errorf("%s: %s, want %s", state, got, want)
		}
	}
}
