package desk

import (
	"sync"
	"time"

	"selfpay/kiosk/control"
	"selfpay/kiosk/health"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/report"
	"selfpay/kiosk/session"
	"selfpay/kiosk/supervisor"
)

// What is read and shown at the most.
const (
	mostItems    = 100
	mostWaiting  = 100
	mostPayments = 20
	freshFor     = 3 * time.Second // so long a look serves everybody who asks
)

// found is how the station was at one moment.
type found struct {
	at       time.Time
	document health.Document
	reason   session.Reason
	items    []control.Item // open cases and refunds
	byAcc    []report.Posting
	waiting  []payment.Payment
	last     []payment.Payment
	devices  []supervisor.State
	wellness []share
	since    time.Time // of wellness
	days     []daySum
	hours    [24]int64
}

// snapshot keeps the newest look, so that looking often reads no more often.
type snapshot struct {
	mu    sync.Mutex
	found *found
}

// look reads how the station is; one look at a time.
func (s *Server) look() (*found, error) {
	s.newest.mu.Lock()
	defer s.newest.mu.Unlock()
	if f := s.newest.found; f != nil && time.Since(f.at) < freshFor {
		return f, nil
	}
	f := &found{at: time.Now(), document: s.Monitor.Document(), reason: s.Monitor.Obstacle(), devices: s.Devices()}
	if err := s.read(f); err != nil {
		return nil, err
	}
	f.wellness, f.since = s.wellness.shares(f.at)
	s.newest.found = f
	return f, nil
}

func (s *Server) read(f *found) (err error) {
	if f.items, err = control.Cases(s.Ledger); err != nil {
		return err
	}
	refunds, err := control.Refunds(s.Ledger)
	if err != nil {
		return err
	}
	f.items = append(f.items, refunds...)
	if f.byAcc, err = control.ByAccount(s.Ledger); err != nil {
		return err
	}
	unfinished, err := s.Ledger.Unfinished()
	if err != nil {
		return err
	}
	for _, p := range unfinished {
		if waitingKey(p) != "" && len(f.waiting) < mostWaiting {
			f.waiting = append(f.waiting, p)
		}
	}
	if f.last, err = s.Ledger.All(mostPayments); err != nil {
		return err
	}
	f.days, f.hours, err = s.takings.read(f.at)
	return err
}

// waitingKey is what a payment waits for that goes on by itself; empty: nothing.
func waitingKey(p payment.Payment) string {
	switch {
	case p.OpenCase, p.State.Ended(), p.State == payment.StateIntended:
		return ""
	case p.State.TerminalInDoubt():
		return "waiting-in-doubt"
	case p.State != payment.StateApproved:
		return "waiting-purchase"
	}
	for _, l := range p.Legs {
		if !l.State.Ended() && l.State != payment.LegOpenCase && l.State != payment.LegRefundDue {
			return "waiting-library"
		}
	}
	return ""
}

// standing is how a payment stands.
func standing(p payment.Payment) string {
	if key := waitingKey(p); key == "waiting-purchase" || key == "waiting-in-doubt" {
		return key
	}
	return "outcome-" + string(session.OutcomeOf(p))
}

// lookAround says what is well now, for the record of it.
func (s *Server) lookAround() map[string]bool {
	well := map[string]bool{stationName: s.Monitor.Obstacle() == ""}
	for _, d := range s.Devices() {
		well[d.Name] = d.There
	}
	return well
}
