package zvt_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/device/terminal"
	"selfpay/drivers/zvt"
	"selfpay/drivers/zvt/zvttest"
)

func TestTerminalThatRestartsInTheMiddleIsAskedAndRegisteredAgain(t *testing.T) {
	served(t, zvttest.Config{CardWait: 30 * time.Second, AnswerWait: 5 * time.Second}, zvt.Config{}, func(t *testing.T, term *zvt.Terminal, far *zvttest.Terminal) {
		far.Next(zvttest.Order{Kind: zvttest.Cancel}) // what ran is forgotten
		baseline, err := term.Last(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = term.Purchase(t.Context(), fee, terminal.Watch{Seen: func(terminal.Approval) error { return nil }, Progress: func(p terminal.Progress) {
			if p == terminal.ProgressCard {
				far.Restart(time.Minute)
			}
		}})
		if device.Class(err) != device.ErrDoubt {
			t.Errorf("Purchase = %v", err)
		}
		r, err := term.RecoverPurchase(t.Context(), terminal.Attempt{Purchase: fee, Baseline: &baseline})
		for tries := 0; err != nil && tries < 20; tries++ { // it cannot be asked while it starts
			time.Sleep(5 * time.Second)
			r, err = term.RecoverPurchase(t.Context(), terminal.Attempt{Purchase: fee, Baseline: &baseline})
		}
		if err != nil || r.Verdict != terminal.NotCharged {
			t.Errorf("%+v, %v", r, err)
		}
		pay(t, term, 1250)
		if got := captured(far); !slices.Equal(got, []int64{1250}) {
			t.Errorf("charged %v", got)
		}
	})
}

// wedged is a link whose write hangs from some command on, as that of a serial adapter does that lost its driver.
type wedged struct {
	io.ReadWriteCloser
	from   zvt.Control
	serial bool
	closed chan struct{}
}

func (w *wedged) Write(b []byte) (int, error) {
	message := b
	if w.serial && len(b) > 2 {
		message = b[2:]
	}
	if len(message) >= 2 && zvt.Control(message[0])<<8|zvt.Control(message[1]) == w.from {
		<-w.closed
		return 0, errors.New("closed in a write")
	}
	return w.ReadWriteCloser.Write(b)
}

func (w *wedged) Close() error {
	close(w.closed)
	return w.ReadWriteCloser.Close()
}

func TestWriteThatHangsIsHandedOver(t *testing.T) {
	for command, want := range map[zvt.Control]error{zvt.Registration: device.ErrNotSent, zvt.StatusEnquiry: device.ErrNotSent, zvt.Authorisation: device.ErrDoubt} {
		for _, transport := range []zvt.Transport{zvt.TCP, zvt.Serial} {
			synctest.Test(t, func(t *testing.T) {
				far := zvttest.New(zvttest.Config{})
				b := bench(far, zvt.Config{Transport: transport})
				term := b.New(func(ctx context.Context) (io.ReadWriteCloser, error) {
					link, err := b.Dial(ctx)
					return &wedged{link, command, transport == zvt.Serial, make(chan struct{})}, err
				})
				start := time.Now()
				_, err := term.Purchase(t.Context(), fee, terminal.Watch{Seen: func(terminal.Approval) error { return nil }})
				if device.Class(err) != want || time.Since(start) > 30*time.Second {
					t.Errorf("%s hangs: %v after %s, want %v", command.Name(), err, time.Since(start), want)
				}
				term.Close()
				far.Close()
				synctest.Wait()
			})
		}
	}
}
