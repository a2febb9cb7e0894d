package cmd_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/creack/pty"

	"selfpay/cmd/kiosksim/surround"
	"selfpay/kiosk/session"
)

// deviceState is what kioskctl devices prints of one device.
type deviceState struct {
	Name, Driver, Address, Why string
	There                      bool
	Lost                       int
}

// devices asks which devices are there.
func (s *station) devices() map[string]deviceState {
	s.t.Helper()
	out, _ := s.ctl("devices", "--json")
	all := map[string]deviceState{}
	for line := range strings.Lines(out) {
		var d deviceState
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			s.t.Fatalf("kioskctl devices: %s", out)
		}
		all[d.Name] = d
	}
	return all
}

func (s *station) eventuallyDevice(what, name string, holds func(deviceState) bool) {
	s.t.Helper()
	s.eventually(what, func() (bool, string) {
		d := s.devices()[name]
		return holds(d), d.Why
	})
}

// scannerThere waits until labels are taken.
func (s *station) scannerThere() *station {
	s.t.Helper()
	s.eventuallyDevice("the scanner is there", "scanner", func(d deviceState) bool { return d.There })
	return s
}

func TestAPrinterMayComeGoAndComeBack(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{})
	s.order("printer", "unplug")
	s.begin().ready()
	s.eventuallyDevice("the printer is absent", "printer", func(d deviceState) bool { return !d.There && d.Why != "" && d.Lost == 0 })
	if out, status := s.ctl("self-test"); status != 1 || !strings.Contains(out, "fail  printer:link") || !strings.Contains(out, "-> is it switched on") {
		t.Errorf("self-test: %d\n%s", status, out)
	}
	s.patron(cardTwoFees).said(t, "booked", "no printed receipt")
	s.order("printer", "plug")
	s.eventuallyDevice("the printer is there", "printer", func(d deviceState) bool { return d.There && d.Why == "" })
	s.order("printer", "unplug")
	s.eventuallyDevice("the printer is lost", "printer", func(d deviceState) bool { return !d.There && d.Lost == 1 })
	s.order("printer", "plug")
	s.eventuallyDevice("the printer is back", "printer", func(d deviceState) bool { return d.There && d.Lost == 1 })
	if out, status := s.ctl("printer", "test-slip"); status != 0 || !strings.Contains(out, "printed") {
		t.Errorf("test slip: %d\n%s", status, out)
	}
	s.scannerThere()
	if out, status := s.ctl("devices"); status != 0 || !strings.Contains(out, "lost once") || !strings.Contains(out, "scanner") || !strings.Contains(out, "terminal") {
		t.Errorf("devices: %d\n%s", status, out)
	}
	s.booksAgree(1250)
}

func TestSlipsOfStaffArePrintedAndTheirPictureIsDrawn(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{}).begin().ready()
	for _, slip := range []string{"test-slip", "proof-sheet"} {
		before := len(s.around.Books().Receipts)
		out, status := s.ctl("--json", "printer", slip)
		var printed struct{ Result, Proof string }
		if err := json.Unmarshal([]byte(out), &printed); err != nil || status != 0 || printed.Result != "printed" || printed.Proof != "printed" {
			t.Errorf("%s: %d\n%s", slip, status, out)
		}
		if after := len(s.around.Books().Receipts); after != before+1 {
			t.Errorf("%s: %d papers came out, want one", slip, after-before)
		}
	}
	v := s.patron(cardTwoFees)
	v.said(t, "booked")
	s.queueEmpties()
	for _, words := range [][]string{nil, {v.Reference}} {
		picture := filepath.Join(t.TempDir(), "receipt.png")
		words = append([]string{"receipt", "preview", "--to", picture}, words...)
		if out, status := s.ctl(words...); status != 0 {
			t.Fatalf("%v: %d\n%s", words, status, out)
		}
		f, err := os.Open(picture)
		if err != nil {
			t.Fatal(err)
		}
		drawn, err := png.Decode(f)
		f.Close()
		if err != nil || drawn.Bounds().Dx() < 500 || drawn.Bounds().Dy() < 300 {
			t.Errorf("%v: %v, %v", words, drawn.Bounds(), err)
		}
		if out, status := s.ctl(words...); status != 2 || !strings.Contains(out, "not written over") {
			t.Errorf("over a file: %d\n%s", status, out)
		}
	}
	s.order("paper", "out")
	if out, status := s.ctl("printer", "test-slip"); status != 1 || !strings.Contains(out, "not printed") || !strings.Contains(out, "no paper") {
		t.Errorf("without paper: %d\n%s", status, out)
	}
}

// talk runs kioskctl on a terminal, answers yes to what it asks, tells the card terminal's password, and does what it wants done.
func (s *station) talk(words []string, wanted map[string]func(), environment ...string) (said string, status int) {
	s.t.Helper()
	cmd := exec.Command(filepath.Join(programs, "kioskctl"), append([]string{"--config", s.around.ConfigPath()}, words...)...)
	cmd.Env = append(os.Environ(), environment...)
	tty, err := pty.Start(cmd)
	if err != nil {
		s.t.Fatal(err)
	}
	defer tty.Close()
	buffer := make([]byte, 4096)
	for {
		n, err := tty.Read(buffer)
		said += string(buffer[:n])
		for question, answer := range map[string]string{"[y/N] ": "y\n", "password (empty: 000000): ": "000000\n"} {
			if !strings.HasSuffix(said, question) {
				continue
			}
			if _, err := io.WriteString(tty, answer); err != nil {
				s.t.Fatal(err)
			}
		}
		for what, do := range wanted {
			if strings.Contains(said, what) {
				delete(wanted, what)
				do()
			}
		}
		if err != nil {
			break // the program has ended
		}
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return said, cmd.ProcessState.ExitCode()
}

// soundsInTheHeadset tries the tone on machines without a sound card, without a player, and with a player that fails or plays into a file.
func (s *station) soundsInTheHeadset() {
	s.t.Helper()
	machine, path := s.t.TempDir(), s.t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		s.t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), mode)); err != nil {
			s.t.Fatal(err)
		}
	}
	cards, player, played := filepath.Join(machine, "proc/asound/cards"), filepath.Join(path, "aplay"), filepath.Join(path, "played")
	const card = " 0 [Headset        ]: USB-Audio - USB Headset\n"
	for _, c := range []struct {
		what, cards, player, want string
		status                    int
	}{
		{"no card", "--- no soundcards ---\n", "", "", 0},
		{"no player", card, "", "apt install alsa-utils", 1},
		{"a card that is in use", card, "#!/bin/sh\necho device busy >&2; exit 1\n", "fail  headset", 1},
		{"well", card, "#!/bin/sh\n/bin/cat >" + played + "\n", "pass  headset", 0},
	} {
		write(cards, c.cards, 0o644)
		if os.Remove(player); c.player != "" {
			write(player, c.player, 0o755)
		}
		said, status := s.talk([]string{"self-test", "--interactive", "--machine", machine}, map[string]func(){
			"Hold a library card": func() { s.order("scan", cardTwoFees) },
			"Touch every field":   func() { s.touches(session.TouchFields) },
		}, "PATH="+path)
		if status != c.status || !strings.Contains(said, c.want) || c.want == "" && strings.Contains(said, "headset") {
			s.t.Errorf("%s: %d\n%s", c.what, status, said)
		}
	}
	wav, err := os.ReadFile(played)
	if err != nil || len(wav) != 44+32000 || string(wav[:4]) != "RIFF" || string(wav[36:40]) != "data" || bytes.Count(wav[44:], []byte{0}) > 4000 {
		s.t.Errorf("%d bytes were played, %v", len(wav), err)
	}
}

// touches touches the first fields of the test of the touch panel, as the page does.
func (s *station) touches(fields int) {
	s.t.Helper()
	for f := range fields {
		s.acts("touch", "touch", fmt.Sprint(f))
	}
}

// acts taps a button of a screen, as soon as the page shows it.
func (s *station) acts(screen, name, value string) {
	s.t.Helper()
	s.eventually("the page has "+name, func() (bool, string) {
		if err := s.act(screen, name, value); err != nil {
			return false, err.Error()
		}
		return true, ""
	})
}

func (s *station) act(screen, name, value string) error {
	answer, err := http.Get(s.around.Screen())
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	found := regexp.MustCompile(`(?s)name="token" content="([^"]*)".*data-screen="(\d+)" data-name="` + screen + `"`).FindSubmatch(page)
	if found == nil {
		return errors.New("another screen is shown")
	}
	tap, err := http.NewRequest(http.MethodPost, s.around.Screen()+"/act", strings.NewReader(fmt.Sprintf(`{"screen":%s,"name":%q,"value":%q}`, found[2], name, value)))
	if err != nil {
		return err
	}
	tap.Header.Set("Content-Type", "application/json")
	tap.Header.Set("X-Token", string(found[1]))
	done, err := http.DefaultClient.Do(tap)
	if err != nil {
		return err
	}
	defer done.Body.Close()
	if done.StatusCode >= 300 {
		return errors.New(done.Status)
	}
	return nil
}

func TestASelfTestPrintsScansAndAsks(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{}).begin().ready().scannerThere()
	said, status := s.talk([]string{"self-test", "--interactive"}, map[string]func(){
		"Hold a library card": func() { s.order("scan", cardTwoFees) },
		"Touch every field":   func() { s.touches(session.TouchFields) },
	})
	if status != 0 || !strings.Contains(said, "pass  test slip") || !strings.Contains(said, "pass  label") || !strings.Contains(said, "pass  touch panel") || strings.Contains(said, cardTwoFees) {
		t.Errorf("%d\n%s", status, said)
	}
	said, status = s.talk([]string{"self-test", "--interactive"}, map[string]func(){
		"Hold a library card": func() { s.order("scan", cardTwoFees) },
		"Touch every field":   func() { s.touches(session.TouchFields - 2); s.acts("touch", "leave", "") },
	})
	if status != 1 || !strings.Contains(said, "2 of 12 fields were not touched: 11, 12") {
		t.Errorf("two fields: %d\n%s", status, said)
	}
	s.soundsInTheHeadset()
	if out, status := s.ctl("self-test", "--interactive"); status != 2 || !strings.Contains(out, "no terminal") {
		t.Errorf("without a terminal: %d\n%s", status, out)
	}
	s.nothingMoved()
	s.kill()
	if out, status := s.ctl("self-test"); status != 1 || !strings.Contains(out, "systemctl start kioskd") {
		t.Errorf("without kioskd: %d\n%s", status, out)
	}
	if out, status := s.ctl("devices"); status != 1 || !strings.Contains(out, "devices --found") {
		t.Errorf("without kioskd: %d\n%s", status, out)
	}
}
