package surround

import (
	"fmt"
	"os"
	"sync"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// openPTY makes a serial line and names its near end by a stable link. The far end is what is returned.
func openPTY(link string) (path string, far *os.File, err error) {
	far, near, err := pty.Open()
	if err != nil {
		return "", nil, fmt.Errorf("make a serial line: %w", err)
	}
	// near stays open in this process, so that the line does not end when the kiosk lets go of it
	if err := makeRaw(near); err != nil {
		return "", nil, err
	}
	os.Remove(link)
	if err := os.Symlink(near.Name(), link); err != nil {
		return "", nil, fmt.Errorf("name a serial line: %w", err)
	}
	keep(near)
	return link, far, nil
}

// makeRaw lets all bytes through unchanged.
func makeRaw(tty *os.File) error {
	settings, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		return fmt.Errorf("read the settings of a serial line: %w", err)
	}
	settings.Iflag, settings.Oflag, settings.Lflag = 0, 0, 0
	settings.Cflag |= unix.CS8 | unix.CREAD
	if err := unix.IoctlSetTermios(int(tty.Fd()), unix.TCSETS, settings); err != nil {
		return fmt.Errorf("set up a serial line: %w", err)
	}
	return nil
}

var kept sync.Map // of *os.File

// keep holds a file open for the life of the process.
func keep(f *os.File) { kept.Store(f, true) }
