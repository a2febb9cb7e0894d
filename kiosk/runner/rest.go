package runner

import (
	"context"
	"errors"
	"time"

	"selfpay/kiosk/payment"
)

// ErrResting: the program comes to rest, since the machine is going to be switched off.
var ErrResting = errors.New("the station is about to be switched off")

// restLooks is the pause between two looks at what is still under way.
const restLooks = 100 * time.Millisecond

// Rest lets no payment begin any more and asks the terminal to stop a purchase that runs; what the terminal says last still
// decides. It returns when nothing is under way at terminal and library, or with the error of ctx: what is not at rest then
// is in doubt after the next start, as after any crash.
func (r *Runner) Rest(ctx context.Context) error {
	looks := time.NewTicker(restLooks)
	defer looks.Stop()
	for {
		rests := false
		if err := r.call(ctx, func() { rests = r.core.Rest() }); err != nil || rests {
			return err
		}
		select {
		case <-looks.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Rest begins to rest, and says whether all is at rest; see Runner.Rest.
func (c *Core) Rest() bool {
	if !c.resting {
		c.resting = true
		for o := range c.inOrder() {
			c.Cancel(o.ID)
		}
	}
	for _, o := range c.open {
		if o.State == payment.StateIntended || len(o.running) > 0 {
			return false
		}
	}
	return !c.closing
}
