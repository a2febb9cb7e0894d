package wire_test

import (
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/drivers/wire"
)

// on runs a test with both ends of a link.
func on(t *testing.T, run func(t *testing.T, w *wire.Wire, far net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		w := wire.New(near)
		defer far.Close()
		defer w.Close()
		run(t, w, far)
	})
}

func TestBytesAreWaitedForUntilTheTimeAndNoLonger(t *testing.T) {
	on(t, func(t *testing.T, w *wire.Wire, far net.Conn) {
		begun := time.Now()
		go func() {
			time.Sleep(time.Second)
			far.Write([]byte("yes"))
		}()
		if b, err := w.Next(begun.Add(time.Minute), nil); string(b) != "yes" || err != nil || time.Since(begun) != time.Second {
			t.Errorf("after %s: %q, %v", time.Since(begun), b, err)
		}
		if b, err := w.Next(begun.Add(time.Minute), nil); !errors.Is(err, wire.ErrSilent) || time.Since(begun) != time.Minute {
			t.Errorf("after %s: %q, %v", time.Since(begun), b, err)
		}
		woken := make(chan struct{})
		close(woken)
		if b, err := w.Next(begun.Add(time.Hour), woken); !errors.Is(err, wire.ErrWoken) {
			t.Errorf("woken: %q, %v", b, err)
		}
	})
}

func TestAFarEndThatHasGoneIsNoticedWithoutAByteOnTheLine(t *testing.T) {
	on(t, func(t *testing.T, w *wire.Wire, far net.Conn) {
		if b, err := w.Arrived(); b != nil || err != nil {
			t.Errorf("before anything came: %q, %v", b, err)
		}
		far.Close()
		synctest.Wait()
		if _, err := w.Arrived(); !errors.Is(err, wire.ErrLost) || !errors.Is(err, io.EOF) {
			t.Errorf("after the far end closed: %v", err)
		}
		if _, err := w.Next(time.Now().Add(time.Hour), nil); !errors.Is(err, wire.ErrLost) {
			t.Errorf("after the far end closed: %v", err)
		}
		if err := w.Write([]byte("more"), time.Second); !errors.Is(err, wire.ErrNothingOut) {
			t.Errorf("written to nobody: %v", err)
		}
	})
}

func TestAWriteThatDoesNotEndIsCutAndMayHaveArrived(t *testing.T) {
	on(t, func(t *testing.T, w *wire.Wire, far net.Conn) {
		begun := time.Now()
		err := w.Write([]byte("nobody reads this"), 5*time.Second)
		if !errors.Is(err, wire.ErrLost) || errors.Is(err, wire.ErrNothingOut) || time.Since(begun) != 5*time.Second {
			t.Errorf("after %s: %v", time.Since(begun), err)
		}
		if _, err := far.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the link stays open: %v", err)
		}
	})
}

func TestPartOfAWriteMayHaveArrived(t *testing.T) {
	on(t, func(t *testing.T, w *wire.Wire, far net.Conn) {
		go func() {
			far.Read(make([]byte, 3))
			far.Close()
		}()
		if err := w.Write([]byte("cut off"), time.Second); !errors.Is(err, wire.ErrLost) || errors.Is(err, wire.ErrNothingOut) {
			t.Errorf("written in part: %v", err)
		}
	})
}

// numb is a link that neither gives bytes nor says why.
type numb struct{ io.ReadWriteCloser }

func (numb) Read([]byte) (int, error) { return 0, nil }
func (numb) Close() error             { return nil }

func TestALinkThatReadsNothingForEverIsLost(t *testing.T) {
	w := wire.New(numb{})
	defer w.Close()
	if _, err := w.Next(time.Now().Add(time.Hour), nil); !errors.Is(err, wire.ErrLost) || !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("%v", err)
	}
}
