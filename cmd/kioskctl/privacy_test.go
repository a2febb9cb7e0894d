package main

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"selfpay/kiosk/control"
	"selfpay/kiosk/ledger"
)

// withKey puts the key of the place's ledger where the daemon would have made it.
func (p place) withKey(t *testing.T) {
	t.Helper()
	keys := filepath.Join(p.state, "keys")
	if err := os.MkdirAll(keys, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(keys, "ledger.key"), bytes.Repeat([]byte{7}, ledger.KeySize), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (p place) tell(t *testing.T, stdin string, arguments ...string) said {
	t.Helper()
	return call(t, stdin, append([]string{"--config", p.config}, arguments...)...)
}

func TestACardIsReadFromStandardInputOnly(t *testing.T) {
	p := newPlace(t)
	for _, deed := range []string{"export", "erase"} {
		for _, arguments := range [][]string{{"privacy", deed}, {"privacy", deed, "--card", "20017000042317"}} {
			if s := p.tell(t, "20017000042317\n", arguments...); s.status != exitUsage || strings.Contains(s.err, "20017000042317") {
				t.Errorf("%v: %+v", arguments, s)
			}
		}
		if s := p.tell(t, "\n", "privacy", deed, "--card", "-"); s.status != exitUsage {
			t.Errorf("an empty card: %+v", s)
		}
	}
}

func TestWithoutTheDaemonACardIsLookedUpWithTheKey(t *testing.T) {
	p := newPlace(t)
	l, id := p.ledger(t)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := p.tell(t, "20017000042317\n", "privacy", "export", "--card", "-")
	if s.status != exitNotWell || !strings.Contains(s.err, "start kioskd") {
		t.Errorf("without the key: %+v", s)
	}
	if _, err := os.Stat(filepath.Join(p.state, "keys")); err == nil {
		t.Error("asking has made a key")
	}
	p.withKey(t)
	s = p.tell(t, "20017000042317\n", "privacy", "export", "--card", "-")
	if found := documents[detail](t, s.out); s.status != 0 || len(found) != 1 || found[0].Payment.ID != id || len(found[0].Events) != 7 {
		t.Errorf("%+v", s)
	}
	if strings.Contains(s.out+s.err, "20017000042317") {
		t.Errorf("the card is printed: %+v", s)
	}
	s = p.tell(t, "20017000042317\n", "--json", "privacy", "erase", "--card", "-")
	if found := documents[control.Erased](t, s.out); s.status != 0 || len(found) != 1 || len(found[0].Payments) != 0 || len(found[0].Kept) != 1 {
		t.Errorf("%+v", s)
	}
	if s := p.tell(t, "20017000042317", "privacy", "erase", "--card", "-"); s.status != 0 || !strings.Contains(s.out, id.String()+"; end them") {
		t.Errorf("for people: %+v", s)
	}
}

func TestWithoutTheDaemonTheLedgerIsExported(t *testing.T) {
	p := newPlace(t)
	l, _ := p.ledger(t)
	file := filepath.Join(t.TempDir(), "export.db")
	if s := p.call(t, "ledger", "export", file); s.status != exitNotWell || !strings.Contains(s.err, ledger.ErrHeld.Error()) {
		t.Errorf("while another has it: %+v", s)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := p.call(t, "--json", "ledger", "export", file)
	if found := documents[control.Exported](t, s.out); s.status != 0 || len(found) != 1 || found[0].Events != 7 || found[0].File != file {
		t.Errorf("%+v", s)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if s := p.call(t, "ledger", "export", file); s.status != exitNotWell || !strings.Contains(s.err, "name a new one") {
		t.Errorf("over a file: %+v", s)
	}
	if s := p.call(t, "ledger", "export", file+"2"); s.status != 0 || !strings.Contains(s.out, "the copy was checked") {
		t.Errorf("for people: %+v", s)
	}
}

func TestStatusSaysThatTheLedgerCameFromAnotherMachine(t *testing.T) {
	if id, err := os.ReadFile("/etc/machine-id"); err != nil || len(id) == 0 {
		t.Skip("this machine has no id of its own")
	}
	p := newPlace(t)
	l, _ := p.ledger(t)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if s := p.call(t, "--json", "status"); strings.Contains(s.out, `"moved"`) {
		t.Errorf("before: %+v", s)
	}
	db, err := sql.Open("sqlite", filepath.Join(p.state, ledger.FileName))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec(`UPDATE meta SET value = x'0102030405060708' WHERE name = 'machine'`)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s := p.call(t, "--json", "status")
		if found := documents[control.Status](t, s.out); len(found) != 1 || found[0].Moved == nil || found[0].Moved.From != "0102030405060708" {
			t.Errorf("%+v", s)
		}
	}
	if s := p.call(t, "status"); !strings.Contains(s.out, "came from another machine") {
		t.Errorf("for people: %+v", s)
	}
}
