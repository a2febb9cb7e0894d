package runner_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"selfpay/device/terminal"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/runner"
)

// steady is a library system that takes its time for each answer: a reading and a posting together take as long as
// Koha 19.06 does (38 ms and 32 ms, measured on two slow cores).
type steady struct {
	ils.Library
	taken *atomic.Int64 // nanoseconds in all, as the machine's timers made them
}

func (s steady) take(d time.Duration) {
	began := time.Now()
	time.Sleep(d)
	s.taken.Add(int64(time.Since(began)))
}

const readingTime, postingTime = 38 * time.Millisecond, 32 * time.Millisecond

func (steady) Traits() ils.Traits           { return ils.Traits{FeeIDs: true} }
func (steady) Clock() (time.Duration, bool) { return 0, false }

func (s steady) Account(context.Context, ils.Patron, ils.Doubt) (ils.Account, error) {
	s.take(readingTime)
	return ils.Account{Total: eur(250), Fees: []ils.Fee{{ID: "104", Balance: eur(250)}}}, nil
}

func (s steady) Post(context.Context, ils.Leg) (string, error) {
	s.take(postingTime)
	return "", nil
}

// noTerminal is not asked.
type noTerminal struct{ terminal.Terminal }

// BenchmarkQueue drains queues of payments that wait for the library system, one patron each, on the machine's real
// disk. of-ideal is how near that comes to what the library system's answer time allows.
func BenchmarkQueue(b *testing.B) {
	for _, waiting := range []int{100, 1_000, 10_000} {
		b.Run(fmt.Sprint(waiting), func(b *testing.B) {
			l := backlog(b, waiting)
			defer l.Close()
			booked := make(chan struct{}, waiting)
			library := steady{taken: new(atomic.Int64)}
			r := runner.New(runner.Config{Ledger: l, Terminal: noTerminal{}, Library: library, Now: now, Log: slog.New(slog.DiscardHandler),
				Changed: func(p payment.Payment) {
					if p.State == payment.StateClosed {
						booked <- struct{}{}
					}
				}})
			ctx, stop := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() { ended <- r.Run(ctx) }()
			<-booked // the start is not counted
			before := library.taken.Load()
			for b.Loop() {
				<-booked
			}
			b.ReportMetric(float64(library.taken.Load()-before)/float64(b.Elapsed()), "of-ideal")
			stop()
			<-ended
		})
	}
}

// backlog is a ledger with payments that are charged and not yet booked.
func backlog(b *testing.B, waiting int) *ledger.Ledger {
	b.Helper()
	l, err := ledger.Open(b.TempDir(), bytes.Repeat([]byte{7}, ledger.KeySize))
	if err != nil {
		b.Fatal(err)
	}
	for i := range waiting {
		p, err := l.Intend(fmt.Sprintf("2001700%07d", i), payment.Intended{Head: payment.Head{At: now()}, Amount: eur(250),
			Rules: payment.StandardRules(120*time.Second, false), Legs: []payment.PlannedLeg{{Fee: "104", Amount: eur(250)}},
			Account: payment.Reading{Total: eur(250), Fees: []payment.Balance{{Fee: "104", Minor: 250}}}})
		for _, e := range []payment.Event{payment.Purchasing{Head: payment.Head{At: now()}},
			payment.ApprovalSeen{Head: payment.Head{At: now()}, Approval: payment.Approval{Amount: eur(250), Receipt: i%9999 + 1, Trace: i + 1}},
			payment.DialogueEnded{Head: payment.Head{At: now()}}} {
			if err == nil {
				p, err = l.Append(p.ID, e)
			}
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	return l
}
