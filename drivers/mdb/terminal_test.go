package mdb_test

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/terminal"
	"selfpay/device/terminal/terminaltest"
	"selfpay/drivers/cardholder"
	"selfpay/drivers/cardholder/cardholdertest"
	"selfpay/drivers/mdb"
	"selfpay/drivers/mdb/mdbtest"
)

// TestConformance runs over readers of both kinds: one that keeps an approval that never hears of the goods, and one that gives it back.
func TestConformance(t *testing.T) {
	terminaltest.Run(t, func(*testing.T) terminaltest.Bench {
		patron := &cardholder.Cardholder{Wait: 30 * time.Second}
		far := mdbtest.New(patron)
		return terminaltest.Bench{
			Without: terminaltest.Without{Memory: true, LastWord: true, Reversal: true, EndOfDay: true, Slip: true, Receipt: true},
			Dial:    far.Dial,
			New: func(dial device.Dial) terminal.Terminal {
				return mdb.New(dial, mdb.Config{Currency: "EUR"})
			},
			Next:           func(order string) { patron.Next(cardholder.Order(order)) },
			Dialects:       []string{"keep", "refund"},
			Unacknowledged: far.Unacknowledged,
			Charged:        func() []int64 { charged, _ := patron.Books(); return cardholder.Minor(charged) },
			Reversed:       func() []int64 { _, reversed := patron.Books(); return cardholder.Minor(reversed) },
			Close:          func() { far.Close() },
		}
	})
}

// TestASavedApprovalThatIsStillOpenIsEndedAfterARestart: then it stands, whatever the reader does with one that never hears of the goods.
func TestASavedApprovalThatIsStillOpenIsEndedAfterARestart(t *testing.T) {
	for _, dialect := range []string{"keep", "refund"} {
		synctest.Test(t, func(t *testing.T) {
			patron := &cardholder.Cardholder{Wait: 30 * time.Second}
			far := mdbtest.New(patron)
			defer far.Close()
			far.Unacknowledged(dialect)
			cfg := mdb.Config{Currency: "EUR"}
			attempt := terminal.Attempt{Purchase: terminal.Purchase{Ref: "4821-123", Amount: money.Of(1250, "EUR")}}
			_, err := mdb.New(far.Dial, cfg).Purchase(t.Context(), attempt.Purchase, terminal.Watch{Seen: func(a terminal.Approval) error {
				attempt.Seen = &a
				far.Cut()
				return nil
			}})
			if device.Class(err) != device.ErrDoubt || attempt.Seen == nil {
				t.Fatalf("%s: the link was cut after the approval: %v", dialect, err)
			}
			far.Restore()
			r, err := mdb.New(far.Dial, cfg).RecoverPurchase(t.Context(), attempt)
			time.Sleep(10 * time.Minute)
			charged, reversed := patron.Books()
			if err != nil || r.Verdict != terminal.Charged || len(charged) != 1 || len(reversed) != 0 {
				t.Errorf("%s: %+v, %v; charged %+v, reversed %+v", dialect, r, err, charged, reversed)
			}
		})
	}
}

// halfRequest is a link that breaks within the request, before its line feed.
type halfRequest struct{ io.ReadWriteCloser }

func (l halfRequest) Write(b []byte) (int, error) {
	line, _ := bytes.CutSuffix(b, []byte{'\n'})
	if !bytes.HasPrefix(b, []byte("D,REQ,")) {
		return l.ReadWriteCloser.Write(b)
	}
	n, err := l.ReadWriteCloser.Write(line)
	return n, cmp.Or(err, io.ErrClosedPipe)
}

// TestHalfARequestThatTheAdapterKeepsChargesNobody: what the kiosk says next makes a whole line of it.
func TestHalfARequestThatTheAdapterKeepsChargesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		patron := &cardholder.Cardholder{Wait: 30 * time.Second}
		far := mdbtest.New(patron)
		defer far.Close()
		p := terminal.Purchase{Ref: "4821-123", Amount: money.Of(1250, "EUR")}
		dial := func(ctx context.Context) (io.ReadWriteCloser, error) {
			l, err := far.Dial(ctx)
			return halfRequest{l}, err
		}
		_, err := mdb.New(dial, mdb.Config{Currency: "EUR"}).Purchase(t.Context(), p, terminal.Watch{})
		if device.Class(err) != device.ErrDoubt {
			t.Fatalf("the link broke within the request: %v", err)
		}
		r, err := mdb.New(far.Dial, mdb.Config{Currency: "EUR"}).RecoverPurchase(t.Context(), terminal.Attempt{Purchase: p})
		time.Sleep(10 * time.Minute)
		if charged, _ := patron.Books(); err != nil || r.Verdict != terminal.NotCharged || len(charged) != 0 {
			t.Errorf("%+v, %v; charged %+v", r, err, charged)
		}
	})
}

func TestWholePurchaseOverASerialLine(t *testing.T) {
	patron := &cardholder.Cardholder{}
	cardholdertest.OverALine(t, mdbtest.New(patron), 115200, func(dial device.Dial) {
		term := mdb.New(dial, mdb.Config{Currency: "EUR"})
		if s, err := term.Status(t.Context()); err != nil || !s.Ready {
			t.Fatalf("status %+v, %v", s, err)
		}
		for n := range 2 {
			_, err := term.Purchase(t.Context(), terminal.Purchase{Ref: "4821-123", Amount: money.Of(1250, "EUR")},
				terminal.Watch{Seen: func(terminal.Approval) error { return nil }})
			if charged, _ := patron.Books(); err != nil || len(charged) != n+1 {
				t.Fatalf("purchase %d: %v, charged %+v", n+1, err, charged)
			}
		}
	})
}
