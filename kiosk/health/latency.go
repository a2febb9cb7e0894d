package health

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"selfpay/device"
	"selfpay/kiosk/ils"
)

// A quantile is taken of so many durations at the most, none older than this.
const (
	latencyKeeps = 200
	latencyFades = time.Hour
)

// Latency keeps the newest durations of one thing. Its zero value is ready; nil keeps nothing. Its methods may be called
// from several goroutines.
type Latency struct {
	mu   sync.Mutex
	kept []lasted // oldest first
}

type lasted struct {
	at   time.Time
	took time.Duration
}

// Add takes in one duration.
func (l *Latency) Add(took time.Duration) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.kept) == latencyKeeps {
		l.kept = slices.Delete(l.kept, 0, 1)
	}
	l.kept = append(l.kept, lasted{time.Now(), took})
}

// Quantile is the duration that a share of the newest ones did not exceed; known is false where there are none.
func (l *Latency) Quantile(share float64) (q time.Duration, known bool) {
	if l == nil {
		return 0, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = slices.DeleteFunc(l.kept, func(one lasted) bool { return time.Since(one.at) > latencyFades })
	if len(l.kept) == 0 {
		return 0, false
	}
	var all []time.Duration
	for _, one := range l.kept {
		all = append(all, one.took)
	}
	slices.Sort(all)
	return all[min(len(all)-1, int(share*float64(len(all))))], true
}

// Timed is a library whose answers are timed: how long a patron waits for it. What was not sent, and what the asker gave
// up, was no answer.
func Timed(l ils.Library, answers *Latency) ils.Library { return timed{l, answers} }

type timed struct {
	ils.Library
	answers *Latency
}

func (t timed) Ready(ctx context.Context) error {
	began := time.Now()
	err := t.Library.Ready(ctx)
	t.answered(ctx, began, err)
	return err
}

func (t timed) Account(ctx context.Context, p ils.Patron, after ils.Doubt) (ils.Account, error) {
	began := time.Now()
	a, err := t.Library.Account(ctx, p, after)
	t.answered(ctx, began, err)
	return a, err
}

func (t timed) Post(ctx context.Context, l ils.Leg) (string, error) {
	began := time.Now()
	number, err := t.Library.Post(ctx, l)
	t.answered(ctx, began, err)
	return number, err
}

func (t timed) answered(ctx context.Context, began time.Time, err error) {
	if ctx.Err() == nil && !errors.Is(err, device.ErrNotSent) {
		t.answers.Add(time.Since(began))
	}
}
