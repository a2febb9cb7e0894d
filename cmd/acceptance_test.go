package cmd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"selfpay/cmd/kiosksim/surround"
	"selfpay/drivers/zvt"
)

func TestATechnicianTakesANewModelIntoService(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{CardWait: 3 * time.Second}, "password = \"000000\"\n", "password = \"credential:terminal\"\n")
	to := t.TempDir()
	for _, order := range []string{"approve", "approve", "approve", "cancel", "cancel"} {
		s.order("terminal", "next", order)
	}
	s.order("terminal", "unacknowledged", "reverse")
	said, status := s.talk([]string{"terminal", "accept", "desk-3500", "--to", to}, map[string]func(){
		"Pull it now":        func() { s.order("link", "terminal", "cut") },
		"Is the cable back?": func() { s.order("link", "terminal", "restore") },
	})
	if status != 0 || strings.Contains(said, "pay back") {
		t.Errorf("%d\n%s", status, said)
	}
	if b := s.around.Books(); len(b.Captures) != 0 {
		t.Errorf("stays charged: %+v", b.Captures)
	}
	profile := filepath.Join(to, "desk-3500.toml")
	p, err := zvt.FindProfile(profile)
	if err != nil || p.Memory != (zvt.MemoryTable{LastResult: "yes", Unanswered: "reverse", Reverses: "any"}) {
		t.Errorf("%+v, %v", p.Memory, err)
	}
	protocol, err := os.ReadFile(filepath.Join(to, "desk-3500.txt"))
	if err != nil || strings.Count(string(protocol), "approval: 1.00 EUR") != 3 {
		t.Errorf("%s, %v", protocol, err)
	}
	config, err := os.ReadFile(s.around.ConfigPath())
	if err != nil {
		t.Fatal(err)
	}
	with := strings.Replace(string(config), "[terminal]\n", "[terminal]\nprofile = \""+profile+"\"\n", 1)
	s.configure(strings.Replace(with, "credential:terminal", "000000", 1))
	s.begin().ready().patron(cardOneFee).said(t, "booked")
}

func TestAnAcceptanceIsRefusedWhereItCouldDoHarm(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{})
	for _, words := range [][]string{{"../up"}, {"a", "--amount", "50.00"}, {"a", "--amount", "0"}, {"a", "--to", "/nowhere"}} {
		if said, status := s.talk(append([]string{"terminal", "accept"}, words...), nil); status != 2 && status != 80 {
			t.Errorf("%v: %d\n%s", words, status, said)
		}
	}
	if out, status := s.ctl("terminal", "accept", "a"); status != 2 || !strings.Contains(out, "nobody can be asked") {
		t.Errorf("without a person: %d\n%s", status, out)
	}
	s.begin().ready()
	if said, status := s.talk([]string{"terminal", "accept", "a", "--to", t.TempDir()}, nil); status != 1 || !strings.Contains(said, "systemctl stop kioskd") {
		t.Errorf("beside the daemon: %d\n%s", status, said)
	}
	s.nothingMoved()
}
