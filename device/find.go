package device

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// Find is the path of the one device that a name in a configuration means. A star in it stands for what differs between
// two devices of the same model, as the serial number in /dev/serial/by-id/usb-FTDI_FT232R_USB_UART_*-if00-port0. The
// error says that none fits (fs.ErrNotExist), or that several do: nobody can tell which one is meant.
func Find(name string) (string, error) {
	if !strings.Contains(name, "*") {
		return name, nil
	}
	found, err := filepath.Glob(literal.Replace(name))
	switch {
	case err != nil:
		return "", fmt.Errorf("%s is no name of a device: %w", name, err)
	case len(found) == 0:
		return "", fmt.Errorf("no device fits %s: %w", name, fs.ErrNotExist)
	case len(found) > 1:
		return "", fmt.Errorf("%s fits %d devices: name one of them: %w", name, len(found), ErrSeveral)
	}
	return found[0], nil
}

// ErrSeveral: a name fits several devices.
var ErrSeveral = errors.New("more than one device")

// literal keeps every sign but the star from being a pattern.
var literal = strings.NewReplacer(`\`, `\\`, "?", `\?`, "[", `\[`)
