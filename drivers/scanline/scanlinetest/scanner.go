// Package scanlinetest is the far end of a serial scanner's cable: a scanner in memory that writes labels to a pty,
// for tests and for somebody who tries the kiosk out.
package scanlinetest

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"unsafe"

	"github.com/creack/pty"
)

// Scanner is one simulated scanner. Its methods may be called from any goroutine.
type Scanner struct {
	link string // the stable name, empty if none is wanted

	mu         sync.Mutex
	master     *os.File
	slave      *os.File // held open, so that the master stays usable while nobody else has the tty open
	aim        string
	terminator string
}

// Open plugs a scanner in. If link is not empty, a symbolic link of that name leads to its tty, also after Unplug
// and Plug; an old link is replaced. Labels end with CR and have no AIM identifier. Close it.
func Open(link string) (*Scanner, error) {
	s := &Scanner{link: link, terminator: "\r"}
	if err := s.Plug(); err != nil {
		return nil, err
	}
	return s, nil
}

// Path is what the kiosk opens: the link, or the tty if there is none; empty while an unlinked scanner is unplugged.
func (s *Scanner) Path() string {
	if s.link != "" {
		return s.link
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.slave == nil {
		return ""
	}
	return s.slave.Name()
}

// SetAIM sets the identifier that is sent before each label, such as ]F0; empty for none.
func (s *Scanner) SetAIM(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.aim = id
}

// SetTerminator sets what is sent behind each label; empty for nothing.
func (s *Scanner) SetTerminator(t string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.terminator = t
}

// Scan sends one label.
func (s *Scanner) Scan(label string) error {
	s.mu.Lock()
	raw := s.aim + label + s.terminator
	s.mu.Unlock()
	return s.Send([]byte(raw))
}

// Send sends bytes as they are. A label nobody takes stays in the tty, as far as there is room.
func (s *Scanner) Send(raw []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.master == nil {
		return errors.New("scanlinetest: the scanner is unplugged")
	}
	if _, err := s.master.Write(raw); err != nil {
		return fmt.Errorf("scanlinetest: %w", err)
	}
	return nil
}

// Unplug takes the tty away from whoever has it open.
func (s *Scanner) Unplug() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.master == nil {
		return
	}
	if s.link != "" {
		os.Remove(s.link)
	}
	s.slave.Close()
	s.master.Close()
	s.master, s.slave = nil, nil
}

// Plug brings the scanner back on a new tty. It does nothing while it is plugged in.
func (s *Scanner) Plug() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.master != nil {
		return nil
	}
	master, slave, err := pty.Open()
	if err != nil {
		return fmt.Errorf("scanlinetest: %w", err)
	}
	if err := s.connect(slave); err != nil {
		master.Close()
		slave.Close()
		return fmt.Errorf("scanlinetest: %w", err)
	}
	s.master, s.slave = master, slave
	return nil
}

func (s *Scanner) connect(slave *os.File) error {
	if err := raw(slave); err != nil {
		return err
	}
	if s.link == "" {
		return nil
	}
	if err := os.Remove(s.link); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Symlink(slave.Name(), s.link)
}

// raw makes the tty pass bytes as they are, also to a program that sets nothing.
func raw(tty *os.File) error {
	set := syscall.Termios{Cflag: syscall.CS8 | syscall.CREAD | syscall.CLOCAL | syscall.B9600}
	set.Cc[syscall.VMIN] = 1
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, tty.Fd(), syscall.TCSETS, uintptr(unsafe.Pointer(&set))); errno != 0 {
		return errno
	}
	return nil
}

// Close unplugs the scanner for good.
func (s *Scanner) Close() error {
	s.Unplug()
	return nil
}
