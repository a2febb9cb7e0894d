package cmd_test

import (
	"strings"
	"testing"
	"time"

	"selfpay/cmd/kiosksim/surround"
	"selfpay/kiosk/web/browsertest"
)

// TestPatronPaysInARealBrowserAndReloadsAtEveryScreen lets Chromium pay at a real kioskd: card scanned, fees, choice,
// terminal, outcome, receipt, each time with the page loaded anew.
func TestPatronPaysInARealBrowserAndReloadsAtEveryScreen(t *testing.T) {
	s := newStation(t, surround.Options{CardWait: 500 * time.Millisecond}).begin().ready().scannerThere()
	s.eventually("the scanner is there", func() (bool, string) {
		out, _ := s.ctl("status", "--json")
		return strings.Contains(out, `"scanner:link":{"status":"pass"`), out
	})
	script := browsertest.Start(t, "payment.mjs", s.around.Screen())
	screens := map[string]string{}
	for screen := (struct{ Name, Words string }{}); script.Next(&screen); {
		if screen.Name == "scan" {
			s.order("scan", cardTwoFees)
		}
		screens[screen.Name] = screen.Words
	}
	script.End()
	for name, words := range map[string]string{"fees": "€12.50", "confirm": "€12.50", "outcome": "booked"} {
		if !strings.Contains(screens[name], words) {
			t.Errorf("screen %s says %q, without %q", name, screens[name], words)
		}
	}
	s.booksAgree(twoFees)
	if n := len(s.around.Books().Receipts); n != 1 {
		t.Errorf("%d receipts", n)
	}
}
