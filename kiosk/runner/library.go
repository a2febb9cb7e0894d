package runner

import (
	"selfpay/kiosk/ils"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/posting"
)

// atLibrary says whether a job is the library system's.
func atLibrary(j Job) bool { return j.Do == payment.DoReadAccount || j.Do == payment.DoPost }

// beginAtLibrary takes the one place at the library system, or leaves the job to whoever gives it back: patrons at
// the screen come before the backlog, and one patron's payments stay in order.
func (c *Core) beginAtLibrary(o *open, j Job) {
	live := c.live[o.ID.Number]
	if c.atLibrary > 0 || c.olderOfPatron(o) || !live && (c.resting || c.liveWaits()) {
		return
	}
	card, err := c.ledger.Card(o.ID)
	if err != nil {
		c.log.Error("card of a waiting payment cannot be read", "payment", o.ID, "error", err)
		c.later(o, j)
		return
	}
	c.atLibrary++
	o.running[j] = true
	c.world.Begin(j, o.Payment, ils.Patron{Card: card, PIN: o.pin})
}

// olderOfPatron says whether an older payment of the same patron still has something under way at the library.
func (c *Core) olderOfPatron(o *open) bool {
	for _, n := range c.ofPatron[o.patron] {
		if n < o.ID.Number && libraryDue(c.open[n].Payment, c.world.Now()) != nil {
			return true
		}
	}
	return false
}

// liveWaits says whether a patron at the screen waits for the library at this moment. One whose own older payment has
// to go first waits for the backlog.
func (c *Core) liveWaits() bool {
	for n := range c.live {
		o, known := c.open[n]
		if !known || c.olderOfPatron(o) {
			continue
		}
		if e := libraryDue(o.Payment, c.world.Now()); e != nil && e.After == 0 && o.retries[Job{o.ID, e.Do, e.Leg}].times == 0 {
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

// nextAtLibrary gives the place at the library to the first job that waits for it.
func (c *Core) nextAtLibrary() {
	at := c.world.Now()
	for o := range c.inOrder() {
		if c.atLibrary > 0 {
			return
		}
		e := libraryDue(o.Payment, at)
		if e == nil {
			continue
		}
		if j := (Job{o.ID, e.Do, e.Leg}); max(e.After, o.retries[j].left(at)) <= 0 {
			c.schedule(o, j, 0)
		}
	}
}

// doAtLibrary carries out one library job and brings back what it means.
func (r *Runner) doAtLibrary(j Job, p payment.Payment, who ils.Patron) {
	leg := p.Legs[j.Leg-1]
	var e payment.Event
	var err error
	if j.Do == payment.DoPost {
		if !r.Library.Traits().PINInFeePaid {
			who.PIN = ""
		}
		e = posting.Post(r.context, r.Library, who, p, leg, r.Now)
	} else {
		e, err = posting.ReadAccount(r.context, r.Library, who, p, leg, r.Now)
	}
	r.send(func() { r.core.Finished(j, e, err) })
}
