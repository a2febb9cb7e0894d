package cmd_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"selfpay/cmd/kiosksim/surround"
)

// openPAN is a test card number, valid by its check digit.
const openPAN = "4929123412341232"

// canaries are what must be found nowhere at rest: the bank card's number in every form, the PIN, the library cards.
func canaries() map[string]*regexp.Regexp {
	secrets := map[string]*regexp.Regexp{
		"the bank card's number": regexp.MustCompile(regexp.QuoteMeta(openPAN)),
		"its middle":             regexp.MustCompile(openPAN[4:14]),
		"its number as bytes":    regexp.MustCompile(regexp.QuoteMeta("\x49\x29\x12\x34\x12\x34\x12\x32")),
		"its number in hex":      regexp.MustCompile(`49 ?29 ?12 ?34 ?12 ?34`),
		"the PIN":                regexp.MustCompile("58204711"),
		"a library card":         regexp.MustCompile(`200170000100\d\d`),
	}
	return secrets
}

// find tells which canaries are in a text.
func find(t *testing.T, where string, text []byte) {
	t.Helper()
	for what, pattern := range canaries() {
		if at := pattern.FindIndex(text); at != nil {
			around := text[max(0, at[0]-60):min(len(text), at[1]+20)]
			t.Errorf("%s is in %s: …%q…", what, where, around)
		}
	}
}

// TestNoCardNumberNoPINAndNoPlainBarcodeIsFoundAnywhere sends known numbers through payments that end well, badly and in
// doubt, and through every command that reads; then every file of the station, every log, page and answer is searched.
func TestNoCardNumberNoPINAndNoPlainBarcodeIsFoundAnywhere(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{OpenPAN: openPAN, NeedPIN: true}).begin("sh", "-c", `exec "$0" --verbose "$@"`).ready()
	s.patron(cardTwoFees).said(t, "booked")
	s.patron(cardWithPIN).said(t, "pin-needed")
	s.order("ils", "next", "refuse")
	s.patron(cardWithPIN, "--pin", "-").said(t, "returned")
	s.order("ils", "next", "apply-silent")
	s.patron(cardThreeFees)
	s.order("terminal", "next", "drop-after", "40")
	s.patron(cardOneFee)
	s.patron("20017000019999") // nobody's card
	s.order("link", "ils", "cut")
	for _, words := range [][]string{{"status"}, {"queue", "list"}, {"case", "list"}, {"refund", "list"}, {"report", "day", "--date", "all"},
		{"ledger", "verify"}, {"doctor"}, {"config", "show"}} {
		for _, more := range [][]string{nil, {"--json"}} {
			out, _ := s.ctl(append(words, more...)...)
			find(t, strings.Join(append([]string{"kioskctl"}, append(words, more...)...), " "), []byte(out))
		}
	}
	out, _ := s.ctl("queue", "list", "--json")
	codes := regexp.MustCompile(`"(\d{4}-\d+)"`).FindAllStringSubmatch(out, -1)
	if len(codes) == 0 {
		t.Errorf("nothing is in the queue: %q", out)
	}
	for _, code := range codes {
		for _, list := range []string{"queue", "case"} {
			out, _ := s.ctl(list, "show", code[1], "--json")
			find(t, "kioskctl "+list+" show", []byte(out))
		}
	}
	for _, path := range []string{"/livez", "/readyz", "/healthz", "/metrics"} {
		_, page := s.get(path)
		find(t, path, []byte(page))
	}
	for _, receipt := range s.around.Books().Receipts {
		find(t, "a receipt", []byte(receipt))
	}
	if out, status := s.ctl("ledger", "export", filepath.Join(s.dir, "copy.db")); status != 0 {
		t.Errorf("ledger export: %s", out)
	}
	s.searchFiles()
	s.kill()
	s.searchFiles()
}

// searchFiles searches every file of the station: ledger, its copy, keys, log, configuration.
func (s *station) searchFiles() {
	s.t.Helper()
	files := 0
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		files++
		find(s.t, filepath.Base(path), text)
		return err
	})
	if err != nil || files < 5 {
		s.t.Errorf("%d files searched: %v", files, err)
	}
}

// The search itself can find: the numbers did go over the wires, and stand in the simulators' books.
func TestTheCanariesAreFoundWhereTheyAre(t *testing.T) {
	for _, text := range []string{"Karte " + openPAN, "PIN=58204711", "AA" + cardTwoFees + "|", "22 F8 49 29 12 34 12 34 12 32", "x\x49\x29\x12\x34\x12\x34\x12\x32y"} {
		found := false
		for _, pattern := range canaries() {
			found = found || pattern.MatchString(text)
		}
		if !found {
			t.Errorf("nothing is found in %q", text)
		}
	}
}

// A live session's memory holds PIN and card, so an abort leaves no core dump, whatever the limits are.
func TestAnAbortLeavesNoCoreDump(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{})
	s.begin("sh", "-c", `ulimit -c unlimited; cd "`+s.dir+`"; export GOTRACEBACK=crash; exec "$0" "$@"`).ready()
	s.patron(cardTwoFees).said(t, "booked")
	if err := s.kioskd.Process.Signal(syscall.SIGABRT); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.ended:
	case <-time.After(patience):
		t.Fatal("kioskd does not end")
	}
	status := s.kioskd.ProcessState.Sys().(syscall.WaitStatus)
	if !status.Signaled() || status.CoreDump() {
		t.Errorf("ended by a signal: %v, core dumped: %v", status.Signaled(), status.CoreDump())
	}
	cores, err := filepath.Glob(filepath.Join(s.dir, "*core*"))
	if err != nil || len(cores) > 0 {
		t.Errorf("core files: %v, %v", cores, err)
	}
	log := []byte(s.log())
	if !bytes.Contains(log, []byte("SIGABRT")) {
		t.Error("the log says nothing of the abort")
	}
	find(t, "the trace of the abort", log)
}
