package cmd_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"selfpay/cmd/kiosksim/surround"
)

// answer is what a technician types when a question comes up.
type answer struct{ question, typed string }

// conversation runs kioskctl on a terminal and answers its questions, which must come in this order.
func (s *station) conversation(words []string, answers []answer) (said string, status int) {
	s.t.Helper()
	cmd := exec.Command(filepath.Join(programs, "kioskctl"), words...)
	tty, err := pty.Start(cmd)
	if err != nil {
		s.t.Fatal(err)
	}
	defer tty.Close()
	hung := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer hung.Stop()
	buffer, read := make([]byte, 4096), 0
	for {
		n, err := tty.Read(buffer)
		said += string(buffer[:n])
		for len(answers) > 0 {
			at := strings.Index(said[read:], answers[0].question)
			if at < 0 || !strings.HasSuffix(said, " ") { // the question is not yet out
				break
			}
			read += at + len(answers[0].question)
			if _, err := io.WriteString(tty, answers[0].typed+"\n"); err != nil {
				s.t.Fatal(err)
			}
			answers = answers[1:]
		}
		if err != nil {
			break // the program has ended
		}
	}
	cmd.Wait()
	if len(answers) > 0 {
		s.t.Fatalf("%q was not asked:\n%s", answers[0].question, said)
	}
	return said, cmd.ProcessState.ExitCode()
}

// A technician answers the questions, wrongly at first, each answer is tried, and the station pays a fine with what was written.
func TestATechnicianSetsAStationUp(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{})
	full := s.configuration()
	value := func(table, key string) string {
		_, rest, _ := strings.Cut(full, "["+table+"]\n")
		_, rest, _ = strings.Cut(rest, "\n"+key+" = \"")
		if table == "kiosk" || key == "driver" {
			_, rest, _ = strings.Cut(full, key+" = \"")
		}
		of, _, _ := strings.Cut(rest, `"`)
		return of
	}
	library, terminal, printer, scanner := value("ils", "address"), value("terminal", "address"), value("printer", "address"), value("scanner", "address")
	login, password := value("ils", "login"), value("ils", "password")
	for _, gone := range []string{"id = \"demo-01\"\n", "library = \"Central Library\"\n", `address = "` + library + "\"\n", `address = "` + terminal + "\"\n", `address = "` + printer + "\"\n",
		`address = "` + scanner + "\"\n", `login = "` + login + "\"\n", `password = "` + password + "\"\n", "password = \"000000\"\n"} {
		if !strings.Contains(full, gone) {
			t.Fatalf("no %q in %s", gone, full)
		}
		full = strings.Replace(full, gone, "", 1)
	}
	s.configure(full + "\n# a note of ours\n")
	credentials, units, machine := filepath.Join(s.dir, "credstore"), filepath.Join(s.dir, "kioskd.service.d"), t.TempDir()
	words := []string{"--config", s.around.ConfigPath(), "setup", "--credentials", credentials, "--units", units, "--machine", machine}
	said, status := s.conversation(words, []answer{
		{"station's name", "main-01"}, {"library's name", "Central Library"}, {"Currency", "EURO"}, {"Currency", "EUR"}, {"Languages", "en,de"},
		{"How is the library", "1"}, {"Its address", library}, {"Which one", "99"}, {"Which one", "koha"}, {"encrypted", "n"}, {"login there", login}, {"password", "wrong"}, {"Institution", "CPL"},
		{"all the same?", "n"},
		{"How is the library", ""}, {"Its address", ""}, {"Which one", ""}, {"encrypted", ""}, {"login there", ""}, {"password", password}, {"Institution", ""},
		{"terminal speaks", "opi"}, {"terminal speaks", "1"}, {"card terminal:", "tcp://127.0.0.1:1"}, {"Its family", "ingenica"}, {"Its family", "standard"}, {"password", "000000"}, {"all the same?", ""},
		{"terminal speaks", ""}, {"card terminal:", terminal}, {"Its family", ""}, {"password", ""},
		{"receipt printer:", "banana"}, {"receipt printer:", printer}, {"Which model", "epsen"}, {"Which model", "epson-tm-t88v"}, {"slip come out", "y"},
		{"scanner:", "none"},
		{"Close it to all others?", "y"},
	})
	if status != 0 || !strings.Contains(said, "systemctl enable --now kioskd") || strings.Contains(said, password) {
		t.Fatalf("%d\n%s", status, said)
	}
	for path, want := range map[string]string{filepath.Join(credentials, "kiosk.sip2"): password, filepath.Join(credentials, "kiosk.terminal"): "000000",
		filepath.Join(units, "addresses.conf"): "IPAddressDeny=any", s.around.ConfigPath(): "# a note of ours", s.around.ConfigPath() + ".before": "# a note of ours"} {
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %q, %v", path, text, err)
		}
	}
	if info, err := os.Stat(filepath.Join(credentials, "kiosk.sip2")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	if strings.Contains(s.configuration(), password) {
		t.Errorf("a password stands in the configuration:\n%s", s.configuration())
	}
	written := s.configuration()
	if said, status := s.conversation(words, []answer{{"station's name", ""}, {"library's name", ""}, {"Currency", ""}, {"Languages", ""},
		{"How is the library", ""}, {"Its address", ""}, {"Which one", ""}, {"encrypted", ""}, {"login there", ""}, {"password", ""}, {"Institution", ""},
		{"terminal speaks", ""}, {"card terminal:", ""}, {"Its family", ""}, {"password", ""}, {"receipt printer:", ""}, {"Which model", ""}, {"slip come out", "y"}, {"scanner:", ""},
		{"Close it to all others?", "n"}}); status != 0 || s.configuration() != written {
		t.Errorf("asked once more and told nothing new: %d\n%s\n%s", status, said, s.configuration())
	}
	given := t.TempDir() // as systemd gives them
	for _, name := range []string{"sip2", "terminal"} {
		if err := os.Rename(filepath.Join(credentials, "kiosk."+name), filepath.Join(given, name)); err != nil {
			t.Fatal(err)
		}
	}
	s.begin("env", "CREDENTIALS_DIRECTORY="+given).ready()
	s.patron("20017000010002").said(t, "booked")
	s.queueEmpties()
}

// Nobody at a terminal, a running daemon, and a conversation that ends change nothing.
func TestASetupThatEndsChangesNothing(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{})
	before := s.configuration()
	if out, status := s.ctl("setup"); status != 2 || !strings.Contains(out, "terminal") {
		t.Errorf("%d %s", status, out)
	}
	words := []string{"--config", s.around.ConfigPath(), "setup", "--credentials", t.TempDir(), "--units", t.TempDir(), "--machine", t.TempDir()}
	if said, status := s.conversation(words, []answer{{"station's name", "other"}, {"library's name", "\x04"}}); status != 1 || !strings.Contains(said, "nothing is written") {
		t.Errorf("%d %s", status, said)
	}
	s.begin().ready()
	if said, status := s.conversation(words, nil); status != 1 || !strings.Contains(said, "systemctl stop kioskd") {
		t.Errorf("%d %s", status, said)
	}
	if s.configuration() != before {
		t.Error("the configuration is another")
	}
}
