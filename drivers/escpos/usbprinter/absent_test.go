package usbprinter

import (
	"strings"
	"testing"
)

func TestAbsentPrinterHasAClearError(t *testing.T) {
	for serial, want := range map[string]string{
		"":    "usb printer 04b8:fffe is not plugged in",
		"X12": "usb printer 04b8:fffe with serial number X12 is not plugged in",
	} {
		conn, err := Dial(0x04b8, 0xfffe, serial)(t.Context())
		if err == nil {
			conn.Close()
			t.Fatal("opened a printer that does not exist")
		}
		if strings.Contains(err.Error(), "usb is not available") {
			t.Skipf("this machine has no USB: %v", err)
		}
		if err.Error() != want {
			t.Errorf("error = %q, want %q", err, want)
		}
	}
}
