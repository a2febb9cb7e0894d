package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"selfpay/device/money"
	"selfpay/kiosk/config"
	"selfpay/kiosk/control"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/report"
	sipdecode "selfpay/sip/decode"
)

// program is the built binary.
var program string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "kioskctl")
	if err != nil {
		log.Fatal(err)
	}
	program = filepath.Join(folder, "kioskctl")
	if out, err := exec.Command("go", "build", "-tags", "nousb", "-o", program, ".").CombinedOutput(); err != nil {
		log.Fatalf("%v\n%s", err, out)
	}
	status := m.Run()
	os.RemoveAll(folder)
	os.Exit(status)
}

// said is what one call of the program printed, and how it ended.
type said struct {
	out, err string
	status   int
}

func call(t *testing.T, stdin string, arguments ...string) said {
	t.Helper()
	var out, errs bytes.Buffer
	c := exec.CommandContext(t.Context(), program, arguments...)
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(stdin), &out, &errs
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	s := said{out.String(), errs.String(), c.ProcessState.ExitCode()}
	for _, bad := range []string{"panic:", "goroutine "} {
		if strings.Contains(s.err, bad) {
			t.Errorf("%v crashed: %s", arguments, s.err)
		}
	}
	return s
}

// place is a station's configuration with its state under one folder.
type place struct{ config, state, socket string }

func newPlace(t *testing.T) place {
	t.Helper()
	folder := t.TempDir()
	p := place{filepath.Join(folder, "kiosk.toml"), filepath.Join(folder, "state"), filepath.Join(folder, "ctl.sock")}
	text := fmt.Sprintf("[kiosk]\nid = \"main-01\"\nlibrary = \"Central Library\"\nstate = %q\nsocket = %q\n"+
		"[ils]\naddress = \"tcp://127.0.0.1:6001\"\npassword = \"s3cr3t-word\"\n[terminal]\naddress = \"tcp://127.0.0.1:20007\"\n", p.state, p.socket)
	p.write(t, text)
	return p
}

func (p place) write(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(p.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (p place) call(t *testing.T, arguments ...string) said {
	t.Helper()
	return call(t, "", append([]string{"--config", p.config}, arguments...)...)
}

// ledger makes the station's ledger with one open case and leaves it open.
func (p place) ledger(t *testing.T) (*ledger.Ledger, payment.ID) {
	t.Helper()
	l, err := ledger.Open(p.state, bytes.Repeat([]byte{7}, ledger.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 21, 14, 5, 0, 0, time.UTC)
	head := payment.Head{At: payment.Stamp{Wall: at, Boot: "one", Mono: time.Minute}}
	a := money.Of(1250, "EUR")
	r := payment.Reading{Total: a, Fees: []payment.Balance{{Fee: "104", Minor: 1250}}}
	saved, err := l.Intend("20017000042317", payment.Intended{Head: head, Amount: a, Rules: payment.StandardRules(time.Minute, false),
		Legs: []payment.PlannedLeg{{Fee: "104", Amount: a}}, Account: r})
	for _, e := range []payment.Event{payment.Purchasing{Head: head}, payment.ApprovalSeen{Head: head, Approval: payment.Approval{Amount: a}}, payment.DialogueEnded{Head: head},
		payment.AccountRead{Head: head, Leg: 1, Account: r}, payment.NoAnswer{Head: head, Leg: 1, Reason: "reset"}, payment.DoubtTooOld{Head: head, Leg: 1}} {
		if err == nil {
			_, err = l.Append(saved.ID, e)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return l, saved.ID
}

// documents decodes each line strictly.
func documents[D any](t *testing.T, out string) []D {
	t.Helper()
	var found []D
	for line := range strings.Lines(out) {
		if err := strictly(line, reflect.TypeFor[D]()); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		var d D
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatal(err)
		}
		found = append(found, d)
	}
	return found
}

func TestAWrongCallEndsWithTwo(t *testing.T) {
	if exitNotWell != 1 || exitUsage != 2 || exitConfig != 78 { // systemd and scripts rely on them
		t.Errorf("the exit statuses are %d, %d and %d", exitNotWell, exitUsage, exitConfig)
	}
	p := newPlace(t)
	for _, arguments := range [][]string{
		{}, {"nonsense"}, {"--nonsense"}, {"status", "--nonsense"}, {"status", "more"}, {"queue", "show"},
		{"case", "resolve", "4821-1/1"}, {"case", "resolve", "4821-1/1", "--as", "posted", "--note", "x"}, {"case", "resolve", "4821-1/1", "--as", "posted", "--staff", "Kim"},
		{"case", "resolve", "4821-1/1", "--as", "lost", "--staff", "Kim", "--note", "x"},
		{"case", "confirm", "4821-1/1"}, {"case", "confirm", "4821-1/1", "--staff", "Kim"}, {"case", "confirm", "4821-1/1", "--note", "x"},
		{"refund", "done", "4821-1/1", "--note", "x"}, {"refund", "done", "--staff", "Kim", "--note", "x"},
		{"report", "day", "--date", "yesterday"}, {"report", "day", "--csv", "--print"}, {"--json", "report", "day", "--csv"},
		{"report", "shift", "--from", "noon"}, {"report", "shift", "--to", "25:00"}, {"report", "shift", "--from", "14:00", "--to", "08:00"}, {"decode", "sip2", "--charset", "ebcdic", "99"}, {"decode"}, {"decode", "morse"},
	} {
		if s := p.call(t, arguments...); s.status != exitUsage || s.out != "" || !strings.HasPrefix(s.err, "kioskctl: ") {
			t.Errorf("%v ends with %d: %q %q", arguments, s.status, s.out, s.err)
		}
	}
	if s := call(t, "", "--help"); s.status != 0 || !strings.Contains(s.out, "status") {
		t.Errorf("help ends with %d: %s", s.status, s.err)
	}
}

func TestAWrongConfigurationEndsWithItsOwnStatus(t *testing.T) {
	p := newPlace(t)
	if s := p.call(t, "config", "check"); s.status != 0 || !strings.Contains(s.out, p.config+" is well") {
		t.Errorf("%+v", s)
	}
	if s := p.call(t, "--json", "config", "check"); s.status != 0 || s.out != "{\"ok\":true}\n" {
		t.Errorf("%+v", s)
	}
	p.write(t, "[kiosk]\nid = \"a\"\nlibary = \"L\"\n[ils]\naddress = \"tcp://127.0.0.1:1\"\n[terminal]\naddress = \"tcp://127.0.0.1:1\"\n[web]\nlisten = \"0.0.0.0:80\"\n")
	s := p.call(t, "config", "check")
	for _, want := range []string{p.config + ":3: kiosk.libary: ", "did you mean kiosk.library?", p.config + ":1: kiosk.library: ", p.config + ":9: web.listen: "} {
		if s.status != exitConfig || !strings.Contains(s.err, want) {
			t.Errorf("%d without %q: %s", s.status, want, s.err)
		}
	}
	for _, json := range [][]string{{"--json", "config", "check"}, {"--json", "config", "check", p.config}} {
		s := p.call(t, json...)
		if found := documents[config.Mistake](t, s.out); s.status != exitConfig || len(found) != 3 || found[1].Line != 3 || found[1].Mend == "" {
			t.Errorf("%+v", s)
		}
	}
	for _, arguments := range [][]string{{"status"}, {"queue", "list"}, {"config", "show"}, {"case", "resolve", "4821-1/1", "--as", "posted", "--staff", "K", "--note", "x"}} {
		if s := p.call(t, arguments...); s.status != exitConfig || s.out != "" {
			t.Errorf("%v ends with %d: %s", arguments, s.status, s.out)
		}
	}
	missing := filepath.Join(t.TempDir(), "none.toml")
	if s := call(t, "", "--config", missing, "status"); s.status == 0 || !strings.Contains(s.err, missing) {
		t.Errorf("%+v", s)
	}
}

func TestAShownConfigurationHidesItsSecrets(t *testing.T) {
	p := newPlace(t)
	for _, arguments := range [][]string{{"config", "show"}, {"--json", "config", "show"}} {
		s := p.call(t, arguments...)
		if s.status != 0 || strings.Contains(s.out+s.err, "s3cr3t") || !strings.Contains(s.out, "(hidden)") || !strings.Contains(s.out, "main-01") || !strings.Contains(s.out, "server_name") {
			t.Errorf("%+v", s)
		}
	}
}

func TestSIP2IsExplained(t *testing.T) {
	const example = `{"message":"99","name":"SC Status","fixed":{"max_print_width":"030","protocol_version":"2.00","status_code":"0"},"fields":[],"sequence":1,"checksum":"ok","problems":[]}` + "\n"
	for name, s := range map[string]said{
		"text":  call(t, "", "decode", "sip2", "9900302.00AY1AZFCA5"),
		"hex":   call(t, "", "decode", "sip2", "39393030333032", "2e 30 30 41 59 31 41 5a 46 43 41 35"),
		"stdin": call(t, "9900302.00AY1AZFCA5\r", "decode", "sip2"),
		"open":  call(t, "9900302.00AY1AZFCA5", "decode", "sip2"),
	} {
		if s.status != 0 || s.out != example {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if s := call(t, "9900302.00AY1AZFCA5\r\n9900302.00AY1AZFCA5\r\n", "decode", "sip2"); s.out != example+example {
		t.Errorf("two lines: %+v", s)
	}
	for _, bad := range []string{"hello", "9900302.00AY1AZFCA6", "99", "38Y20261121|||AA", "00", "\xff\xfe\x00"} {
		s := call(t, bad+"\r", "decode", "sip2")
		if found := documents[sipdecode.Document](t, s.out); s.status != 0 || len(found) != 1 || len(found[0].Problems) == 0 {
			t.Errorf("%q: %+v", bad, s)
		}
	}
	if s := call(t, "9300CNkiosk|COs3cr3t|\r", "decode", "sip2"); strings.Contains(s.out, "s3cr3t") || !strings.Contains(s.out, "kiosk") {
		t.Errorf("a login: %s", s.out)
	}
}

func TestZVTIsExplained(t *testing.T) {
	const frame = "040F092700040000000012 50"
	s := call(t, "", "decode", "zvt", frame)
	if s.status != 0 || !strings.Contains(s.out, `"control":"04 0F","name":"status information","length":9,"fields":{"amount_minor":1250,"result_code":"00"},"bmp_order":["27","04"]`) {
		t.Errorf("%+v", s)
	}
	if raw := call(t, "\x04\x0f\x09\x27\x00\x04\x00\x00\x00\x00\x12\x50", "decode", "zvt"); raw.out != s.out {
		t.Errorf("from standard input: %+v", raw)
	}
	for _, bad := range []string{"04", "FFFFFFFFFF", "040FFF", "060104 0400000001 00", "80"} {
		if s := call(t, "", "decode", "zvt", bad); s.status != 0 || !strings.Contains(s.out, `"problems":["`) {
			t.Errorf("%s: %+v", bad, s)
		}
	}
	if s := call(t, "", "decode", "zvt", "zz"); s.status != exitNotWell || !strings.Contains(s.out, "no hex") {
		t.Errorf("no hex: %+v", s)
	}
	if s := call(t, strings.Repeat("\x10", 5000), "decode", "zvt", "--serial"); s.status > 1 {
		t.Errorf("garbage on a serial line: %d %s", s.status, s.err)
	}
}

func TestCaisseAPIsExplained(t *testing.T) {
	const message = "CZ0040300CB0041250AE00201AF00204"
	s := call(t, "", "decode", "caisse", message)
	if s.status != 0 || !strings.Contains(s.out, `{"tag":"AF","name":"reason","value":"04","means":"refused"}],"problems":[]`) {
		t.Errorf("%+v", s)
	}
	for _, other := range []said{call(t, message+"\n", "decode", "caisse"), call(t, "", "decode", "caisse", fmt.Sprintf("%x", message))} {
		if other.out != s.out {
			t.Errorf("%+v, want %s", other, s.out)
		}
	}
	if s := call(t, "", "decode", "caisse", "CZ0040300AE00"); s.status != 0 || !strings.Contains(s.out, "ends within a field") {
		t.Errorf("cut off: %+v", s)
	}
	if s := call(t, "", "decode", "caisse"); s.status == 0 || !strings.Contains(s.err, "no bytes") {
		t.Errorf("nothing: %+v", s)
	}
}

func TestECR17IsExplained(t *testing.T) {
	s := call(t, "", "decode", "ecr17", "06037A15", "0369")
	if s.status != 0 || !strings.Contains(s.out, `"name":"ACK"`) || !strings.Contains(s.out, `"name":"NAK"`) {
		t.Errorf("%+v", s)
	}
	if other := call(t, "\x06\x03\x7a\x15\x03\x69", "decode", "ecr17"); other.out != s.out {
		t.Errorf("%+v, want %s", other, s.out)
	}
	if s := call(t, "", "decode", "ecr17", "zz"); s.status != 2 || !strings.Contains(s.err, "no hex") {
		t.Errorf("no hex: %+v", s)
	}
	if s := call(t, "", "decode", "ecr17"); s.status == 0 || !strings.Contains(s.err, "no bytes") {
		t.Errorf("nothing: %+v", s)
	}
}

func TestLinesOfAnMDBAdapterAreExplained(t *testing.T) {
	s := call(t, "", "decode", "mdb", "D,REQ,12.50,1", "d,STATUS,RESULT,1,12.50")
	if s.status != 0 || !strings.Contains(s.out, "12.50") || !strings.Contains(s.out, `"problems":[]`) {
		t.Errorf("%+v", s)
	}
	if other := call(t, "D,REQ,12.50,1\nd,STATUS,RESULT,1,12.50", "decode", "mdb"); other.out != s.out {
		t.Errorf("%+v, want %s", other, s.out)
	}
	if s := call(t, "", "decode", "mdb"); s.status == 0 || !strings.Contains(s.err, "no bytes") {
		t.Errorf("nothing: %+v", s)
	}
}

func TestWithoutTheDaemonTheLedgerIsRead(t *testing.T) {
	p := newPlace(t)
	if s := p.call(t, "status"); s.status != exitNotWell || !strings.Contains(s.err, "its ledger cannot be read") {
		t.Errorf("without a ledger: %+v", s)
	}
	if _, err := os.Stat(p.state); err == nil {
		t.Error("asking has made a state folder")
	}
	l, id := p.ledger(t)
	held := p.call(t, "queue", "list")
	if held.status != exitNotWell || held.out != "" || !strings.Contains(held.err, "is held by another process (is kioskd running?)") {
		t.Errorf("while another has it: %+v", held)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := p.call(t, "--json", "status")
	if found := documents[control.Status](t, s.out); s.status != exitNotWell || len(found) != 1 || found[0].Daemon != "down" || found[0].Queue != 1 || found[0].OpenCases != 1 || found[0].Ready {
		t.Errorf("%+v", s)
	}
	for _, arguments := range [][]string{{"queue", "list"}, {"queue"}, {"case", "list"}} {
		s := p.call(t, append([]string{"--json"}, arguments...)...)
		if found := documents[control.Item](t, s.out); s.status != 0 || len(found) != 1 || found[0].ID != id.String()+"/1" {
			t.Errorf("%v: %+v", arguments, s)
		}
	}
	if s := p.call(t, "--json", "refund", "list"); s.status != 0 || s.out != "" {
		t.Errorf("refunds: %+v", s)
	}
	if s := p.call(t, "refund", "list"); s.status != 0 || s.out != "no refund is due\n" {
		t.Errorf("refunds: %+v", s)
	}
	s = p.call(t, "--json", "case", "show", id.String())
	if found := documents[detail](t, s.out); s.status != 0 || len(found) != 1 || len(found[0].Events) != 7 {
		t.Errorf("%+v", s)
	}
	s = p.call(t, "--json", "report", "day", "--date", "2026-11-21")
	if found := documents[control.Report](t, s.out); s.status != 0 || len(found) != 1 || found[0].Books.Open != 1250 {
		t.Errorf("%+v", s)
	}
	s = p.call(t, "--json", "ledger", "verify")
	if found := documents[control.Verified](t, s.out); s.status != 0 || len(found) != 1 || !found[0].OK || found[0].Events != 7 {
		t.Errorf("%+v", s)
	}
	for _, arguments := range [][]string{{"case", "list"}, {"case", "show", id.String()}, {"report", "day", "--date", "all"}, {"ledger", "verify"}} {
		if s := p.call(t, arguments...); s.status != 0 || s.out == "" {
			t.Errorf("%v for people: %+v", arguments, s)
		}
	}
	for _, unknown := range []string{"nonsense", payment.ID{Epoch: id.Epoch, Number: 9}.String(), "1000-1"} {
		if s := p.call(t, "queue", "show", unknown); s.status != exitNotWell || s.out != "" || s.err == "" {
			t.Errorf("%s: %+v", unknown, s)
		}
	}
}

func TestACaseIsShownForTheDesk(t *testing.T) {
	p := newPlace(t)
	l, id := p.ledger(t)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := p.call(t, "case", "show", id.String()+"/1")
	for _, want := range []string{"payment " + id.String() + " over 12.50 EUR: approved\n", "  leg 1     12.50 EUR  fee 104  open case\n",
		"2026-11-21 14:05:00  The patron confirmed 12.50 EUR for fee 104. The account showed 12.50 EUR in all.\n",
		"account for leg 1, EUR\n", "confirmed   before posting\n", "104 (this one)                  12.50            12.50\n", "in all                          12.50            12.50\n",
		"what to do about " + id.String() + "/1\n", "      kioskctl case resolve " + id.String() + "/1 --as refund-due --staff YOU --note WHY\n"} {
		if s.status != 0 || !strings.Contains(s.out, want) {
			t.Errorf("%q is not in %s%s", want, s.out, s.err)
		}
	}
	if strings.Contains(s.out, "20017000042317") {
		t.Error("it names the patron's card")
	}
	s = p.call(t, "case", "list")
	for _, want := range []string{"since 2026-11-21 14:05", "look up:    12.50 EUR of fee 104, reference " + id.Reference(1), "evidence:   kioskctl case show " + id.String() + "/1", "--as posted|refund-due|written-off"} {
		if s.status != 0 || !strings.Contains(s.out, want) {
			t.Errorf("%q is not in %s%s", want, s.out, s.err)
		}
	}
	if s := p.call(t, "case", "confirm"); s.status != 0 || s.out != "nothing is to be ticked off\n" {
		t.Errorf("%+v", s)
	}
	p.serve(t, map[string]any{"GET /refunds": []control.Item{{ID: "4821-1/1", State: "refund due", AmountMinor: 1250, Currency: "EUR", LookUp: "receipt 417"}},
		"GET /by-account": []report.Posting{{ID: "4821-2/1", Day: "2026-11-21", AmountMinor: 250, Currency: "EUR", Fee: "104", Reference: "4821-000002-01"}}, "POST /confirm": nil})
	if s := p.call(t, "refund", "list"); s.status != 0 || !strings.Contains(s.out, "look up:    receipt 417") || !strings.Contains(s.out, "kioskctl refund done 4821-1/1 --staff YOU --note HOW") {
		t.Errorf("%+v", s)
	}
	if s := p.call(t, "case", "confirm"); s.status != 0 || !strings.Contains(s.out, "4821-2/1") || !strings.Contains(s.out, "kioskctl case confirm 4821-2/1") {
		t.Errorf("%+v", s)
	}
	s = p.call(t, "--json", "case", "confirm")
	if found := documents[report.Posting](t, s.out); s.status != 0 || len(found) != 1 || found[0].Reference != "4821-000002-01" {
		t.Errorf("%+v", s)
	}
	if s := p.call(t, "case", "confirm", "4821-2/1", "--staff", "Kim", "--note", "seen"); s.status != 0 || s.out != "ticked off\n" {
		t.Errorf("%+v", s)
	}
}

func TestTheBooksAreShownInEveryForm(t *testing.T) {
	p := newPlace(t)
	l, id := p.ledger(t)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := p.call(t, "report", "day", "--date", "2026-11-21")
	for _, want := range []string{"business day 2026-11-21, EUR\n", "no end of day", "    captured                              12.50\n", "  + open                                  12.50\n", "posted by answer           0         0.00", "kioskctl case list"} {
		if s.status != 0 || !strings.Contains(s.out, want) {
			t.Errorf("%q is not in %s%s", want, s.out, s.err)
		}
	}
	s = p.call(t, "report", "day", "--date", "2026-11-21", "--csv")
	if lines := strings.Split(s.out, "\r\n"); s.status != 0 || len(lines) != 3 || !strings.HasPrefix(lines[1], "2026-11-21,"+id.Reference(1)+",") || !strings.Contains(lines[1], ",12.50,EUR,") {
		t.Errorf("%+v", s)
	}
	if strings.Contains(s.out, "20017000042317") {
		t.Error("the file names the patron's card")
	}
	s = p.call(t, "--json", "report", "shift", "--from", "2026-11-21 00:00", "--to", "2026-11-23T00:00:00Z")
	if found := documents[control.Report](t, s.out); s.status != 0 || len(found) != 1 || found[0].Shift == nil || found[0].Books.Open != 1250 {
		t.Errorf("%+v", s)
	}
	if s := p.call(t, "report", "shift", "--from", "2026-11-21 00:00", "--to", "2026-11-23T00:00:00Z"); !strings.HasPrefix(s.out, "shift from 2026-11-21 00:00 to 2026-11-23 00:00, EUR\n") {
		t.Errorf("%+v", s)
	}
	if s := p.call(t, "report", "day", "--date", "2020-01-01"); s.status != 0 || s.out != "2020-01-01: no payment and no end of day\n" {
		t.Errorf("%+v", s)
	}
	if s := p.call(t, "report", "day", "--print"); s.status != exitNotWell || !strings.Contains(s.err, "the printer belongs to the running daemon: start it with systemctl start kioskd, or leave --print out") {
		t.Errorf("%+v", s)
	}
	p.serve(t, map[string]any{"POST /print": []control.Report{{Day: "2026-11-21", Currency: "EUR"}}, "POST /end-of-day": control.DayClosed{TotalMinor: 1250, Currency: "EUR", Trace: 31}})
	if s := p.call(t, "report", "day", "--print"); s.status != 0 || s.out != "printed\n" {
		t.Errorf("%+v", s)
	}
	if s := p.call(t, "terminal", "end-of-day"); s.status != 0 || s.out != "the terminal has closed its day: 12.50 EUR, trace 31\n" {
		t.Errorf("%+v", s)
	}
	s = p.call(t, "--json", "terminal", "end-of-day")
	if found := documents[control.DayClosed](t, s.out); s.status != 0 || len(found) != 1 || found[0].Trace != 31 {
		t.Errorf("%+v", s)
	}
}

func TestDecisionsAreTakenByTheDaemonOnly(t *testing.T) {
	p := newPlace(t)
	l, id := p.ledger(t)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, arguments := range [][]string{{"case", "resolve", id.String() + "/1", "--as", "posted", "--staff", "Kim", "--note", "x"},
		{"refund", "done", id.String() + "/1", "--staff", "Kim", "--note", "x"}, {"queue", "retry"}, {"terminal", "end-of-day"}, {"case", "confirm", id.String() + "/1", "--staff", "Kim", "--note", "x"}} {
		if s := p.call(t, arguments...); s.status != exitNotWell || !strings.Contains(s.err, "start it with systemctl start kioskd") {
			t.Errorf("%v: %+v", arguments, s)
		}
	}
}

// serve answers on the station's socket as the daemon would.
func (p place) serve(t *testing.T, answers map[string]any) {
	t.Helper()
	l, err := net.Listen("unix", p.socket)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found, known := answers[r.Method+" "+r.URL.Path]
		if !known {
			w.WriteHeader(http.StatusConflict)
			found = map[string]string{"error": "payment 4821-9: no such payment"}
		}
		json.NewEncoder(w).Encode(found)
	})}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
}

func TestTheExitStatusSaysWhetherTheStationIsWell(t *testing.T) {
	for ready, want := range map[bool]int{true: 0, false: exitNotWell} {
		p := newPlace(t)
		p.serve(t, map[string]any{"GET /status": control.Status{Daemon: "running", Kiosk: "main-01", Ready: ready, Reason: "terminal-down"},
			"GET /verify": control.Verified{OK: ready, Problem: "event 4"}, "POST /resolve": nil})
		if s := p.call(t, "status"); s.status != want || !strings.Contains(s.out, "main-01") || strings.Contains(s.out, "terminal-down") == ready {
			t.Errorf("%+v", s)
		}
		if s := p.call(t, "ledger", "verify"); s.status != want || strings.Contains(s.out, "damaged") == ready {
			t.Errorf("%+v", s)
		}
		s := p.call(t, "--json", "case", "resolve", "4821-1/1", "--as", "posted", "--staff", "Kim", "--note", "x")
		if found := documents[done](t, s.out); s.status != 0 || len(found) != 1 || !found[0].OK || *found[0].ID != "4821-1/1" {
			t.Errorf("%+v", s)
		}
		if s := p.call(t, "refund", "done", "4821-9/1", "--staff", "Kim", "--note", "x"); s.status != exitNotWell || s.err != "kioskctl: payment 4821-9: no such payment\n" {
			t.Errorf("%+v", s)
		}
	}
}

func TestTheDoctorNamesWhatIsWrongAndItsMend(t *testing.T) {
	p := newPlace(t)
	look := func(want int) map[string]finding {
		t.Helper()
		s := p.call(t, "--json", "doctor")
		found := map[string]finding{}
		for _, f := range documents[finding](t, s.out) {
			if f.Check == "" || f.Status == "" || f.Status == "fail" && f.Fix == "" {
				t.Errorf("%+v", f)
			}
			found[f.Check] = f
		}
		if s.status != want {
			t.Errorf("ends with %d, want %d: %s", s.status, want, s.out)
		}
		return found
	}
	if f := look(exitNotWell); f["config"].Status != "pass" || f["state folder"].Status != "fail" || f["daemon"].Status != "fail" || f["library password"].Status != "warn" ||
		f["library"].Status != "fail" || f["terminal"].Status != "warn" || f["update keys"].Status != "warn" || f["version"].Status != "pass" {
		t.Errorf("%+v", f)
	}
	l, _ := p.ledger(t)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if f := look(exitNotWell); f["ledger"].Status != "pass" || !strings.Contains(f["ledger"].Found, "7 events") {
		t.Errorf("%+v", f["ledger"])
	}
	p.serve(t, map[string]any{"GET /status": control.Status{Daemon: "running", Version: "v1", Ready: true}})
	if f := look(0); f["daemon"].Status != "pass" || f["version"].Status != "warn" || f["library"].Check != "" {
		t.Errorf("%+v", f)
	}
	p.write(t, "[kiosk]\n")
	if f := look(exitNotWell); f["daemon"].Check != "" || f["config"].Status != "fail" || !strings.Contains(f["config"].Found, "kiosk.id") {
		t.Errorf("%+v", f)
	}
	if s := p.call(t, "doctor"); s.status != exitNotWell || !strings.Contains(s.out, "config check") {
		t.Errorf("%+v", s)
	}
}
