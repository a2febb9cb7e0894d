package runner

import (
	"cmp"
	"maps"
	"slices"

	"selfpay/kiosk/ils"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/posting"
)

// beginAtLibrary takes the one place at the library system, or leaves the job to whoever gives it back: patrons at
// the screen come before the backlog, and one patron's payments stay in order.
func (r *Runner) beginAtLibrary(p payment.Payment, j job) {
	if r.posting > 0 || r.olderOfPatron(p) || (!r.live[j.number] && r.liveWaits(j)) {
		return
	}
	who := ils.Patron{PIN: r.pins[j.number]}
	card, err := r.Ledger.Card(p.ID)
	if err != nil {
		r.Log.Error("card of a waiting payment cannot be read", "payment", p.ID, "error", err)
		r.later(j)
		return
	}
	who.Card = card
	r.posting++
	r.running[j] = true
	go r.atLibrary(p, j, who)
}

// olderOfPatron says whether an older payment of the same patron still has something under way at the library.
func (r *Runner) olderOfPatron(p payment.Payment) bool {
	for n, other := range r.payments {
		if n < p.ID.Number && r.patrons[n] == r.patrons[p.ID.Number] && libraryDue(other, r.Now()) != nil {
			return true
		}
	}
	return false
}

// liveWaits says whether a patron at the screen waits for the library at this moment. One whose own older payment has
// to go first waits for the backlog.
func (r *Runner) liveWaits(but job) bool {
	for n := range r.live {
		p, known := r.payments[n]
		if !known || n == but.number || r.olderOfPatron(p) {
			continue
		}
		if e := libraryDue(p, r.Now()); e != nil && e.After == 0 && r.retries[job{n, e.Do, e.Leg}].times == 0 {
			return true
		}
	}
	return false
}

func libraryDue(p payment.Payment, at payment.Stamp) *payment.Effect {
	for _, e := range payment.Due(p, at) {
		if e.Do == payment.DoReadAccount || e.Do == payment.DoPost {
			return &e
		}
	}
	return nil
}

// atLibrary carries out one library job and brings back what it means.
func (r *Runner) atLibrary(p payment.Payment, j job, who ils.Patron) {
	leg := p.Legs[j.leg-1]
	var e payment.Event
	var err error
	if j.do == payment.DoPost {
		if !r.Library.Traits().PINInFeePaid {
			who.PIN = ""
		}
		e = posting.Post(r.context, r.Library, who, p, leg, r.Now)
	} else {
		e, err = posting.ReadAccount(r.context, r.Library, who, leg, leg.DoubtAt.Wall, r.Now)
	}
	r.send(func() {
		r.posting--
		delete(r.running, j)
		r.finish(p.ID, j, e, err)
		r.nextAtLibrary()
	})
}

// nextAtLibrary gives the place at the library to the jobs that wait for it.
func (r *Runner) nextAtLibrary() {
	for _, n := range r.inOrder() {
		if r.posting > 0 {
			return
		}
		if p, known := r.payments[n]; known {
			r.follow(p)
		}
	}
}

// inOrder lists the unfinished payments: patrons at the screen first, then by number.
func (r *Runner) inOrder() []int64 {
	numbers := slices.Collect(maps.Keys(r.payments))
	slices.SortFunc(numbers, func(a, b int64) int {
		if r.live[a] != r.live[b] {
			if r.live[a] {
				return -1
			}
			return 1
		}
		return cmp.Compare(a, b)
	})
	return numbers
}
