package terminaltest

import (
	"context"
	"io"
	"sync"

	"selfpay/device"
)

// scissors cut the links of a dial after a number of bytes in one direction: either both ends see the link close, or
// bytes vanish in both directions and nobody hears of it.
type scissors struct {
	mu     sync.Mutex
	left   int
	used   int  // bytes counted before mend
	sent   bool // count what the driver sends; else what it receives
	vanish bool
	isCut  bool
	mended bool
}

func (s *scissors) dial(dial device.Dial) device.Dial {
	return func(ctx context.Context) (io.ReadWriteCloser, error) {
		far, err := dial(ctx)
		if err != nil {
			return nil, err
		}
		return &link{far: far, cut: s}, nil
	}
}

// mend lets all bytes through from now on.
func (s *scissors) mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mended, s.isCut = true, false
}

// pass says how many of n bytes get through.
func (s *scissors) pass(n int, sent bool) (allowed int, cut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.isCut:
		return 0, true
	case s.mended || sent != s.sent:
		return n, false
	}
	allowed = min(n, s.left)
	s.left -= allowed
	s.used += allowed
	s.isCut = allowed < n
	return allowed, s.isCut
}

type link struct {
	far  io.ReadWriteCloser
	cut  *scissors
	once sync.Once
}

func (l *link) Write(b []byte) (int, error) {
	n, cut := l.cut.pass(len(b), true)
	if n > 0 {
		if written, err := l.far.Write(b[:n]); err != nil {
			return written, err
		}
	}
	switch {
	case cut && l.cut.vanish:
		return len(b), nil
	case cut:
		l.Close()
		return n, io.ErrClosedPipe
	}
	return n, nil
}

func (l *link) Read(b []byte) (int, error) {
	for {
		n, err := l.far.Read(b)
		if err != nil {
			return n, err
		}
		allowed, cut := l.cut.pass(n, false)
		switch {
		case cut && !l.cut.vanish:
			l.Close()
			if allowed == 0 {
				return 0, io.EOF
			}
			return allowed, nil
		case allowed > 0:
			return allowed, nil
		}
	}
}

func (l *link) Close() error {
	var err error
	l.once.Do(func() {
		err = l.far.Close()
	})
	return err
}
