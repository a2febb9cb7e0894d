package zvt

import (
	"strings"
	"testing"
	"testing/synctest"
)

// TestLockedTerminalSaysWhy goes through the bits of tag 1F55 in the answer to a status enquiry.
func TestLockedTerminalSaysWhy(t *testing.T) {
	for bits, want := range map[string]string{
		"0000": "", "0020": "", "0007": "", "8000": "end of day", "4000": "initialisation", "2000": "diagnosis", "1000": "service",
		"0800": "out of order", "0400": "printer", "0200": "start-up", "0100": "secure module was changed", "0080": "log", "0040": "reader missing",
		"0010": "secure link", "0008": "activation", "4008": "initialisation required, activation required", "01": "secure module was changed",
	} {
		synctest.Test(t, func(t *testing.T) {
			n := len(bits) / 2
			far := &script{t: t, status: "060F" + hexByte(6+n) + "00" + "06" + hexByte(3+n) + "1F55" + hexByte(n) + bits}
			term := New(far.dial, Config{}, quiet)
			defer term.Close()
			s, err := term.Status(t.Context())
			if err != nil || s.Ready != (want == "") || !strings.Contains(s.Reason, want) || s.EndOfDay != (bits == "8000") {
				t.Errorf("%s: %+v, %v, want %q", bits, s, err, want)
			}
			if service := strings.Contains(want, "initialisation") || want == "diagnosis"; s.Service != service {
				t.Errorf("%s: service %t", bits, s.Service)
			}
		})
	}
}

func hexByte(n int) string {
	return string("0123456789ABCDEF"[n>>4]) + string("0123456789ABCDEF"[n&15])
}
