package device_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"selfpay/device"
)

func TestAStarStandsForWhatDiffersBetweenTwoOfTheSameModel(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"usb-FTDI_UART_A1-if00", "usb-Scanner_1-kbd", "usb-Scanner_2-kbd", "usb-odd[1]-kbd"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		want string
		err  error
	}{
		"usb-FTDI_UART_*-if00":  {"usb-FTDI_UART_A1-if00", nil},
		"usb-FTDI_UART_A1-if00": {"usb-FTDI_UART_A1-if00", nil},
		"not-there":             {"not-there", nil}, // opening it says so
		"usb-Other_*-if00":      {"", fs.ErrNotExist},
		"usb-Scanner_*-kbd":     {"", device.ErrSeveral},
		"usb-odd[1]-*":          {"usb-odd[1]-kbd", nil},
		"usb-Scanner_?-kbd*":    {"", fs.ErrNotExist},
	} {
		got, err := device.Find(filepath.Join(folder, name))
		want := c.want
		if want != "" {
			want = filepath.Join(folder, want)
		}
		if got != want || !errors.Is(err, c.err) {
			t.Errorf("Find(%s) = %q, %v; want %q, %v", name, got, err, want, c.err)
		}
	}
}
