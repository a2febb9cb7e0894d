package cmd_test

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"selfpay/cmd/kiosksim/surround"
)

// TestPatronPaysInARealBrowserAndReloadsAtEveryScreen lets Chromium pay at a real kioskd: card scanned, fees, choice,
// terminal, outcome, receipt, each time with the page loaded anew.
func TestPatronPaysInARealBrowserAndReloadsAtEveryScreen(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser is started only without -short")
	}
	for _, needed := range []string{"../kiosk/web/browsertest/node_modules/playwright-core", "/usr/bin/chromium"} {
		if _, err := os.Stat(needed); err != nil {
			t.Fatalf("%s is missing; install it with: make deps", needed)
		}
	}
	s := newStation(t, surround.Options{CardWait: 500 * time.Millisecond}).begin().ready().scannerThere()
	s.eventually("the scanner is there", func() (bool, string) {
		out, _ := s.ctl("status", "--json")
		return strings.Contains(out, `"scanner:link":{"status":"pass"`), out
	})
	script := exec.CommandContext(t.Context(), "node", "payment.mjs", s.around.Screen(), "/usr/bin/chromium")
	script.Dir = "../kiosk/web/browsertest"
	script.Stderr = os.Stderr
	said, err := script.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := script.Start(); err != nil {
		t.Fatalf("node cannot be started (%v); install it with: make deps", err)
	}
	screens := map[string]string{}
	for lines := bufio.NewScanner(said); lines.Scan(); {
		var screen struct{ Name, Words string }
		if err := json.Unmarshal(lines.Bytes(), &screen); err != nil {
			t.Errorf("the script says %q", lines.Text())
		}
		if screen.Name == "scan" {
			s.order("scan", cardTwoFees)
		}
		screens[screen.Name] = screen.Words
	}
	if err := script.Wait(); err != nil {
		t.Fatalf("the script ended with %v; the screens: %v", err, screens)
	}
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
