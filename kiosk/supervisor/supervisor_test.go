package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/kiosk/supervisor"
)

// plug is a device on a cable.
type plug struct {
	mu     sync.Mutex
	in     bool
	pulled chan struct{} // closed when the cable is pulled
	tried  []time.Duration
	began  time.Time
}

func newPlug(in bool) *plug { return &plug{in: in, pulled: make(chan struct{}), began: time.Now()} }

func (p *plug) attend(ctx context.Context, there func()) error {
	p.mu.Lock()
	p.tried = append(p.tried, time.Since(p.began))
	in, pulled := p.in, p.pulled
	p.mu.Unlock()
	if !in {
		return errors.New("not plugged in")
	}
	there()
	select {
	case <-pulled:
		there() // a late word of a look that was under way
		return errors.New("pulled")
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *plug) put(in bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.in && !in {
		close(p.pulled)
		p.pulled = make(chan struct{})
	}
	p.in = in
}

func (p *plug) tries() []time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.tried)
}

// supervised runs a rule over one device.
func supervised(t *testing.T, in bool, rule func(t *testing.T, s *supervisor.Supervisor, p *plug, told *[]supervisor.State)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := newPlug(in)
		var told []supervisor.State
		s := supervisor.New([]supervisor.Device{
			{Name: "printer", Driver: "escpos", Address: "usb://04b8:0202", Attend: p.attend},
			{Name: "scanner"}, // not configured
		}, func(now supervisor.State) { told = append(told, now) })
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = s.Run(ctx) })
		synctest.Wait()
		rule(t, s, p, &told)
		stop()
		running.Wait()
	})
}

func over(d time.Duration) { time.Sleep(d); synctest.Wait() }

func only(t *testing.T, s *supervisor.Supervisor) supervisor.State {
	t.Helper()
	states := s.States()
	if len(states) != 1 || states[0].Name != "printer" || states[0].Driver != "escpos" || states[0].Address != "usb://04b8:0202" {
		t.Fatalf("the states are %+v", states)
	}
	return states[0]
}

func TestADeviceMayBeAbsentAtStartAndComeLater(t *testing.T) {
	supervised(t, false, func(t *testing.T, s *supervisor.Supervisor, p *plug, told *[]supervisor.State) {
		if now := only(t, s); now.There || now.Why != "not plugged in" || now.Lost != 0 {
			t.Errorf("%+v", now)
		}
		over(time.Hour)
		p.put(true)
		over(5 * time.Second)
		if now := only(t, s); !now.There || now.Why != "" || now.Lost != 0 || time.Since(now.Since) > 5*time.Second {
			t.Errorf("%+v", now)
		}
		if len(*told) != 2 {
			t.Errorf("told %d times, want one for each change: %+v", len(*told), *told)
		}
	})
}

func TestTriesThinOutButNeverEnd(t *testing.T) {
	supervised(t, false, func(t *testing.T, s *supervisor.Supervisor, p *plug, _ *[]supervisor.State) {
		over(17 * time.Second)
		ms := time.Millisecond
		want := []time.Duration{0, 250 * ms, 750 * ms, 1750 * ms, 3750 * ms, 7750 * ms, 12750 * ms}
		if got := p.tries(); !slices.Equal(got, want) {
			t.Errorf("tried at %v, want %v", got, want)
		}
	})
}

func TestAPlugBringsTheNextTryForward(t *testing.T) {
	supervised(t, false, func(t *testing.T, s *supervisor.Supervisor, p *plug, _ *[]supervisor.State) {
		over(time.Minute)
		before := len(p.tries())
		p.put(true)
		for range 100 { // a hub with much on it
			s.Hint()
		}
		over(200 * time.Millisecond)
		if now := only(t, s); !now.There {
			t.Errorf("%+v", now)
		}
		if after := len(p.tries()); after != before+1 {
			t.Errorf("tried %d times more, want once for a storm of plugs", after-before)
		}
	})
}

func TestAPlugThatHelpsNothingBeginsThePausesAnew(t *testing.T) {
	supervised(t, false, func(t *testing.T, s *supervisor.Supervisor, p *plug, _ *[]supervisor.State) {
		over(time.Minute)
		s.Hint()
		over(200 * time.Millisecond) // the system has not made its links yet
		p.put(true)
		over(250 * time.Millisecond)
		if now := only(t, s); !now.There {
			t.Errorf("%+v", now)
		}
	})
}

func TestALostDeviceIsOpenedAgainAndCounted(t *testing.T) {
	supervised(t, true, func(t *testing.T, s *supervisor.Supervisor, p *plug, told *[]supervisor.State) {
		over(time.Hour)
		for i := range 3 {
			p.put(false)
			over(time.Second)
			if now := only(t, s); now.There || now.Why != "not plugged in" || now.Lost != i+1 || time.Since(now.Since) != time.Second {
				t.Errorf("%+v", now)
			}
			p.put(true)
			over(5 * time.Second)
			if now := only(t, s); !now.There || now.Lost != i+1 {
				t.Errorf("%+v", now)
			}
		}
		for i, now := range *told {
			if i > 0 && now == (*told)[i-1] {
				t.Errorf("the same was told twice: %+v", now)
			}
		}
	})
}

// A look that began before the plug was pulled may end after it.
func TestAWordOfAnEarlierAttemptDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var late func()
		attempts := 0
		s := supervisor.New([]supervisor.Device{{Name: "scanner", Driver: "evdev", Attend: func(ctx context.Context, there func()) error {
			if attempts++; attempts == 1 {
				late = there
				there()
				return errors.New("pulled")
			}
			return errors.New("not plugged in")
		}}}, nil)
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		go func() { _ = s.Run(ctx) }()
		over(10 * time.Second)
		late()
		if now := s.States()[0]; now.There || now.Why != "not plugged in" {
			t.Errorf("%+v", now)
		}
		stop()
		synctest.Wait()
	})
}

func TestStaffReadNoClassesOfErrors(t *testing.T) {
	s := supervisor.New([]supervisor.Device{{Name: "power", Driver: "max17048"}}, nil)
	if now := s.States()[0]; now.There || now.Why != "not opened yet" {
		t.Errorf("%+v", now)
	}
	s.Report("power", fmt.Errorf("battery: %w: i2cdev: %w: there is no bus", device.ErrAttention, device.ErrNotSent))
	if now := s.States()[0]; now.Why != "battery: i2cdev: there is no bus" {
		t.Errorf("%+v", now)
	}
}

func TestADeviceLetGoWithoutAReasonIsNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := supervisor.New([]supervisor.Device{{Name: "scanner", Driver: "evdev", Attend: func(context.Context, func()) error { return nil }}}, nil)
		ctx, stop := context.WithCancel(t.Context())
		go func() { _ = s.Run(ctx) }()
		over(time.Second)
		if now := s.States()[0]; now.There || now.Why == "" {
			t.Errorf("%+v", now)
		}
		stop()
		synctest.Wait()
	})
}

func TestADeviceThatIsOnlyUsedIsKnownByReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []supervisor.State
		s := supervisor.New([]supervisor.Device{{Name: "ring", Driver: "apa102", Address: "spi://0.0"}}, func(now supervisor.State) { told = append(told, now) })
		ctx, stop := context.WithCancel(t.Context())
		go func() { _ = s.Run(ctx) }()
		synctest.Wait()
		for _, err := range []error{nil, nil, errors.New("no port"), errors.New("no port"), nil} {
			s.Report("ring", err)
			s.Report("display", errors.New("not configured"))
			if now := s.States()[0]; now.There != (err == nil) || (now.Why == "no port") != (err != nil) {
				t.Errorf("after %v: %+v", err, now)
			}
			over(time.Second)
		}
		if now := s.States()[0]; len(told) != 3 || now.Lost != 1 || time.Since(now.Since) != time.Second {
			t.Errorf("told %d times: %+v", len(told), now)
		}
		stop()
		synctest.Wait()
	})
}

func TestADeviceThatIsAskedHasATimeForEachAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		attend := supervisor.Asked(func(ctx context.Context, there func()) (time.Duration, error) {
			if asked++; asked < 4 {
				there()
				return 10 * time.Second, nil
			}
			<-ctx.Done() // it hangs
			return 0, ctx.Err()
		})
		began, answers := time.Now(), 0
		err := attend(t.Context(), func() { answers++ })
		if !errors.Is(err, context.DeadlineExceeded) || answers != 3 || time.Since(began) != 45*time.Second {
			t.Errorf("%v after %v and %d answers", err, time.Since(began), answers)
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if err := attend(ctx, func() {}); err == nil || !strings.Contains(err.Error(), "canceled") {
			t.Errorf("after the end: %v", err)
		}
	})
}
