package tap_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"testing"
	"testing/synctest"

	"selfpay/device/tap"
)

// script is a link that reads and writes as it is told.
type script struct {
	reads  []string
	fails  error // of the reads after the last, of Write and Close
	wrote  []string
	closed int
}

func (s *script) Read(b []byte) (int, error) {
	if len(s.reads) == 0 {
		return 0, s.fails
	}
	n := copy(b, s.reads[0])
	s.reads = s.reads[1:]
	return n, nil
}

func (s *script) Write(b []byte) (int, error) {
	s.wrote = append(s.wrote, string(b))
	return len(b) / 2, s.fails
}

func (s *script) Close() error { s.closed++; return s.fails }

// nothing is a link without a far end.
type nothing struct{ io.ReadWriteCloser }

func (nothing) Write(b []byte) (int, error) { return len(b), nil }

func opened(t *testing.T, over *tap.Tap, far io.ReadWriteCloser) io.ReadWriteCloser {
	t.Helper()
	link, err := over.Dial(func(context.Context) (io.ReadWriteCloser, error) { return far, nil })(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return link
}

// heard is what waits for a listener.
func heard(from <-chan tap.Piece) (said []string) {
	for {
		select {
		case p := <-from:
			who := "terminal"
			if p.FromKiosk {
				who = "kiosk"
			}
			said = append(said, fmt.Sprintf("%d %s %s", p.Link, who, p.Bytes))
		default:
			return said
		}
	}
}

func TestTheDriverSeesTheLinkItself(t *testing.T) {
	broken := errors.New("broken")
	for _, listens := range []bool{false, true} {
		over, far := &tap.Tap{}, &script{reads: []string{"yes"}, fails: broken}
		if listens {
			over.Listen(t.Context())
		}
		link := opened(t, over, far)
		b := make([]byte, 8)
		if n, err := link.Read(b); n != 3 || err != nil || string(b[:n]) != "yes" {
			t.Errorf("Read = %d, %v", n, err)
		}
		if n, err := link.Read(b); n != 0 || err != broken {
			t.Errorf("Read = %d, %v", n, err)
		}
		if n, err := link.Write([]byte("pay!")); n != 2 || err != broken || !slices.Equal(far.wrote, []string{"pay!"}) {
			t.Errorf("Write = %d, %v; %q", n, err, far.wrote)
		}
		if err := link.Close(); err != broken || far.closed != 1 {
			t.Errorf("Close = %v, %d times", err, far.closed)
		}
	}
	failing := (&tap.Tap{}).Dial(func(context.Context) (io.ReadWriteCloser, error) { return nil, broken })
	if link, err := failing(t.Context()); link != nil || err != broken {
		t.Errorf("Dial = %v, %v", link, err)
	}
}

func TestWhoListensHearsEachLinkToItsEnd(t *testing.T) {
	over := &tap.Tap{}
	early := opened(t, over, &script{fails: io.EOF})
	early.Write([]byte("nobody hears this"))
	first, second := over.Listen(t.Context()), over.Listen(t.Context())
	b := make([]byte, 8)
	link := opened(t, over, &script{reads: []string{"yes"}, fails: io.EOF})
	link.Write([]byte("pay"))
	link.Read(b)
	clear(b)
	link.Read(b)
	link.Close()
	early.Close()
	want := []string{"2 kiosk pay", "2 terminal yes", "2 terminal ", "1 kiosk "}
	for _, l := range []<-chan tap.Piece{first, second} {
		if got := heard(l); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestAQuestionIsHeardBeforeItsAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		over := &tap.Tap{}
		pieces := over.Listen(t.Context())
		link := opened(t, over, near)
		defer link.Close()
		written := make(chan struct{})
		go func() { link.Write([]byte("pay")); close(written) }()
		synctest.Wait() // the far end has not taken it yet
		if got := heard(pieces); !slices.Equal(got, []string{"1 kiosk pay"}) {
			t.Errorf("%q", got)
		}
		io.ReadFull(far, make([]byte, 3))
		<-written
	})
}

func TestASlowListenerHoldsNothingUpAndIsToldWhatItMissed(t *testing.T) {
	over := &tap.Tap{}
	pieces := over.Listen(t.Context())
	link := opened(t, over, &script{})
	const said = 5000
	for range said {
		link.Write([]byte("x"))
	}
	got := len(heard(pieces))
	link.Write([]byte("y"))
	if p := <-pieces; got == 0 || got == said || p.Lost != said-got || string(p.Bytes) != "y" {
		t.Errorf("%d were heard, then %+v", got, p)
	}
	link.Write([]byte("z"))
	if p := <-pieces; p.Lost != 0 {
		t.Errorf("told again: %+v", p)
	}
}

func TestNobodyIsHeardAfterTheEnd(t *testing.T) {
	over := &tap.Tap{}
	ctx, stop := context.WithCancel(t.Context())
	pieces := over.Listen(ctx)
	stop()
	for range pieces { // until it is closed
	}
	opened(t, over, &script{}).Write([]byte("x"))
	if p, open := <-pieces; open {
		t.Errorf("%+v", p)
	}
	said, link := []byte("x"), opened(t, over, nothing{})
	if n := testing.AllocsPerRun(100, func() { link.Write(said) }); n != 0 {
		t.Errorf("%v allocations for nobody", n)
	}
}

func TestAPieceIsACopy(t *testing.T) {
	over := &tap.Tap{}
	pieces := over.Listen(t.Context())
	link := opened(t, over, &script{reads: []string{"yes", "no!"}})
	b := make([]byte, 3)
	link.Read(b)
	link.Read(b)
	if got := heard(pieces); !slices.Equal(got, []string{"1 terminal yes", "1 terminal no!"}) {
		t.Errorf("%q", got)
	}
}
