package simulation

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"selfpay/device"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/runner"
)

// life is one run of the kiosk's program: the real core over the real ledger. It is the core's world.
type life struct {
	*World
	number   int
	dead     bool
	ledger   *ledger.Ledger
	core     *runner.Core
	purchase *waiting // for the terminal's next word; nil: for none
	request  *waiting // for the library's answer
	printing map[payment.ID]bool
}

var _ runner.World = (*life)(nil)

// waiting is the kiosk's side of a conversation that may end only once.
type waiting struct {
	job  runner.Job
	seen bool // an approval was handed over
	over bool
	end  func(error) // what the kiosk makes of it
}

var key = bytes.Repeat([]byte{42}, ledger.KeySize)

// start begins a life: the program opens its ledger and tells every payment of the restart.
func (w *World) start() error {
	l, err := ledger.Open(w.Folder, key)
	if err != nil {
		return fmt.Errorf("simulation: the kiosk cannot start: %w", err)
	}
	w.lives++
	k := &life{World: w, number: w.lives, ledger: l, printing: map[payment.ID]bool{}}
	w.kiosk = k
	w.tell("kiosk", "starts for the %d. time", k.number)
	w.remember(l)
	disk := &w.disk
	disk.Ledger, disk.life = l, k
	k.core = runner.NewCore(k.forgetful(disk), k, runner.Limits{}, slog.New(slog.DiscardHandler), k.shown)
	if err := k.core.Restart(); err != nil && !errors.Is(err, ledger.ErrCommit) {
		return fmt.Errorf("simulation: restart: %w", err)
	} else if err != nil {
		k.exit("cannot save what the restart means")
	}
	k.resume()
	return nil
}

// resume shows the newest payment again if a restart interrupted it.
func (k *life) resume() {
	newest := k.saved[int64(len(k.saved))]
	if passed, known := k.Now().Since(newest.IntendedAt); known && passed < 10*time.Minute {
		k.print(newest)
	}
}

// remember reads what the disk holds, as a person with the disk in hand would.
func (w *World) remember(l *ledger.Ledger) {
	all, err := l.All(1 << 20)
	if err != nil {
		w.violation("the ledger cannot be read: %v", err)
	}
	clear(w.saved)
	for _, p := range all {
		w.saved[p.ID.Number] = p
	}
}

// killed ends the program at once and starts it again.
func (w *World) killed(why string) {
	if w.kiosk != nil {
		w.kiosk.exit("is killed " + why)
	}
}

// exit ends a life, by a kill or by its own decision; systemd starts the next.
func (k *life) exit(why string) {
	if k.dead {
		return
	}
	w := k.World
	w.tell("kiosk", "%s", why)
	k.dead = true
	w.kiosk = nil
	ledger := k.ledger
	w.in(w.between(2*time.Second, 20*time.Second), func() {
		if err := ledger.Close(); err != nil {
			w.violation("the ledger cannot be closed: %v", err)
		}
		if err := w.start(); err != nil {
			w.violation("%v", err)
		}
	})
}

// exitIfFailed is the program's own rule: after a failed commit it exits and reads the ledger again.
func (k *life) exitIfFailed() {
	if k != nil && !k.dead && k.core.Failed() != nil {
		k.exit("exits, as the outcome of a write is unknown")
	}
}

// mine has do called after a while if this life still lasts.
func (k *life) mine(wait time.Duration, do func()) {
	k.in(wait, func() {
		if !k.dead {
			do()
		}
	})
}

// Now is the kiosk's clock.
func (k *life) Now() payment.Stamp { return k.World.Now() }

// Draw is chance.
func (k *life) Draw(below time.Duration) time.Duration {
	return time.Duration(k.rng.Int64N(int64(below)))
}

// After is a timer of this life.
func (k *life) After(wait time.Duration, do func()) (stop func()) {
	stopped := false
	k.mine(wait, func() {
		if !stopped {
			do()
		}
	})
	return func() { stopped = true }
}

// Prepare asks the terminal for its newest transaction.
func (k *life) Prepare(p payment.Payment) {
	k.mine(100*time.Millisecond, func() {
		baseline, err := k.terminal.baseline()
		k.core.Prepared(p.ID, baseline, err)
	})
}

// Begin carries out a job.
func (k *life) Begin(j runner.Job, p payment.Payment, who ils.Patron) {
	switch j.Do {
	case payment.DoPurchase:
		k.doPurchase(j, p)
	case payment.DoReverse:
		k.doReverse(j, p)
	case payment.DoRecoverPurchase, payment.DoRecoverReversal:
		k.doRecover(j, p, 0)
	case payment.DoReadAccount:
		k.doReadAccount(j, p, who)
	case payment.DoPost:
		k.doPost(j, p, who)
	}
}

// CancelPurchase asks the terminal to stop.
func (k *life) CancelPurchase(payment.ID) {
	k.in(50*time.Millisecond, k.terminal.cancel)
}

// await opens the kiosk's side of a conversation, which ends in doubt when nothing is heard for patience.
func (k *life) await(j runner.Job, patience time.Duration, end func(err error, seen bool)) *waiting {
	x := &waiting{job: j}
	x.end = func(err error) {
		if x.over || k.dead {
			return
		}
		x.over = true
		end(err, x.seen)
	}
	k.mine(patience, func() { x.end(fmt.Errorf("no answer within %s: %w", patience, device.ErrDoubt)) })
	return x
}

// errLink is a conversation that broke in the middle.
var errLink = fmt.Errorf("the line broke: %w", device.ErrDoubt)

// errNoLine is a conversation that never began.
var errNoLine = fmt.Errorf("no line: %w", device.ErrNotSent)
