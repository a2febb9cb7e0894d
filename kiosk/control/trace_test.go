package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections are pipes, for a bubble.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, open := <-p
	if !open {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{} }

// traced is a daemon whose terminal says something each minute.
type traced struct {
	*Client
	fails   error    // of each trace
	tracing chan int // 1 when a trace begins, -1 when it ends
	kill    func()
}

func trace(t *testing.T) *traced {
	t.Helper()
	line := make(pipes)
	d := &traced{tracing: make(chan int, 100)}
	s := &Server{Trace: func(ctx context.Context, emit func(any) error) error {
		d.tracing <- 1
		defer func() { d.tracing <- -1 }()
		for minute := 1; d.fails == nil; minute++ {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(time.Minute - time.Second):
				if err := emit(map[string]int{"minute": minute}); err != nil {
					return err
				}
			}
		}
		return d.fails
	}}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.serve(ctx, line) }()
	d.Client = newClient("", func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		line <- far
		return near, nil
	})
	d.kill = func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		d.http.CloseIdleConnections()
	}
	return d
}

// running is how many traces the daemon has begun and not ended.
func (d *traced) running() (n int) {
	synctest.Wait()
	for len(d.tracing) > 0 {
		n += <-d.tracing
	}
	return n
}

func TestATraceLastsAsLongAsWasAsked(t *testing.T) {
	for _, minutes := range []int{1, 5, MostMinutes} {
		synctest.Test(t, func(t *testing.T) {
			d := trace(t)
			defer d.kill()
			asked, begun, told := time.Now(), false, 0
			err := d.Trace(t.Context(), minutes, func() { begun = true }, func(document json.RawMessage) error {
				told++
				if want := fmt.Sprintf(`{"minute":%d}`, told); string(document) != want {
					t.Errorf("%s, want %s", document, want)
				}
				if at := time.Since(asked); at != time.Duration(told)*(time.Minute-time.Second) {
					t.Errorf("document %d came after %s: it waited", told, at)
				}
				return nil
			})
			if lasted := time.Since(asked); err != nil || !begun || lasted != time.Duration(minutes)*time.Minute || told < minutes {
				t.Errorf("%d minutes: %v after %s, %d told", minutes, err, lasted, told)
			}
			if n := d.running(); n != 0 {
				t.Errorf("%d run on", n)
			}
		})
	}
}

func TestATraceEndsWhenItsClientGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := trace(t)
		defer d.kill()
		ctx, stop := context.WithCancel(t.Context())
		if err := d.Trace(ctx, 5, stop, func(json.RawMessage) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		if n := d.running(); n != 0 {
			t.Errorf("%d run on", n)
		}
		full := errors.New("the disk is full")
		if err := d.Trace(t.Context(), 5, func() {}, func(json.RawMessage) error { return full }); err != full {
			t.Errorf("%v", err)
		}
		if n := d.running(); n != 0 {
			t.Errorf("%d run on", n)
		}
	})
}

func TestATraceThatTheDaemonEndsIsNotTakenForWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := trace(t)
		time.AfterFunc(90*time.Second, d.kill)
		err := d.Trace(t.Context(), 5, func() {}, func(json.RawMessage) error { return nil })
		if !errors.Is(err, ErrDaemonDown) || !strings.Contains(err.Error(), "broke off") {
			t.Errorf("%v", err)
		}
	})
}

func TestATraceThatFailsIsNotTakenForWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := trace(t)
		defer d.kill()
		d.fails = errors.New("nobody can explain it")
		if err := d.Trace(t.Context(), 5, func() {}, func(json.RawMessage) error { return nil }); !errors.Is(err, ErrDaemonDown) {
			t.Errorf("%v", err)
		}
	})
}

// A stopped screen must not keep a place for ever.
func TestAClientThatTakesNothingLosesItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := trace(t)
		defer d.kill()
		for range mostTraces {
			near, err := d.http.Transport.(*http.Transport).DialContext(t.Context(), "", "")
			if err != nil {
				t.Fatal(err)
			}
			defer near.Close()
			fmt.Fprintf(near, "GET /trace/terminal?minutes=2 HTTP/1.1\r\nHost: kioskd\r\n\r\n")
		}
		ask := func() error {
			return d.Trace(t.Context(), 1, func() {}, func(json.RawMessage) error { return nil })
		}
		if err := ask(); err == nil {
			t.Error("they have no places")
		}
		time.Sleep(2*time.Minute + traceEnds)
		if err := ask(); err != nil {
			t.Error(err)
		}
	})
}

func TestATraceIsRefusedInASentence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := trace(t)
		defer d.kill()
		refused := func(minutes int, why string) {
			t.Helper()
			err := d.Trace(t.Context(), minutes, func() {}, func(json.RawMessage) error { return nil })
			if err == nil || !strings.Contains(err.Error(), why) {
				t.Errorf("%d minutes: %v", minutes, err)
			}
		}
		for _, minutes := range []int{-1, 0, MostMinutes + 1} {
			refused(minutes, "1 to 60 minutes")
		}
		var ends []func()
		for range mostTraces {
			ctx, stop := context.WithCancel(t.Context())
			ends = append(ends, stop)
			go d.Trace(ctx, 5, func() {}, func(json.RawMessage) error { return nil })
		}
		if n := d.running(); n != mostTraces {
			t.Errorf("%d run", n)
		}
		refused(5, "4 traces run already")
		ends[0]()
		synctest.Wait()
		if err := d.Trace(t.Context(), 1, func() {}, func(json.RawMessage) error { return nil }); err != nil {
			t.Errorf("in the place of one that ended: %v", err)
		}
		for _, end := range ends {
			end()
		}
		synctest.Wait()
	})
	untraced := &Server{}
	for minutes, why := range map[string]string{"5": "cannot trace", "-1": "1 to 60", "0": "1 to 60", "61": "1 to 60", "many": "1 to 60", "": "1 to 60"} {
		w := httptest.NewRecorder()
		if untraced.traceTerminal(w, httptest.NewRequest(http.MethodGet, "/trace/terminal?minutes="+minutes, nil)); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), why) {
			t.Errorf("%q: %d %s", minutes, w.Code, w.Body)
		}
	}
}
