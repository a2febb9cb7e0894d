package statement

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What was signed is read; anything else is not believed.
func TestOnlyTheStationsOwnFreshStatementIsBelieved(t *testing.T) {
	folder := t.TempDir()
	key, err := LoadKey(folder)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := key.Sign(Statement{Nonce: "4711", Kiosk: "main-01", Release: 512})
	if err != nil {
		t.Fatal(err)
	}
	if s, err := signed.Read("4711"); err != nil || s.Release != 512 || signed.Key != key.Public() {
		t.Errorf("%+v %v", s, err)
	}
	another, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	forged, _ := another.Sign(Statement{Nonce: "4711", Release: 512})
	for name, s := range map[string]Signed{
		"changed":          {strings.Replace(signed.Text, "512", "513", 1), signed.Signature, signed.Key},
		"another's":        {forged.Text, forged.Signature, signed.Key},
		"no key":           {signed.Text, signed.Signature, "none"},
		"unsigned":         {signed.Text, "", signed.Key},
		"an old one again": func() Signed { s, _ := key.Sign(Statement{Nonce: "4710"}); return s }(),
	} {
		if _, err := s.Read("4711"); err == nil {
			t.Errorf("%s: believed", name)
		}
	}
	if again, err := LoadKey(folder); err != nil || again.Public() != key.Public() {
		t.Errorf("the key is another after a restart: %v", err)
	}
	if _, err := key.Sign(Statement{Nonce: strings.Repeat("x", 65)}); err == nil {
		t.Error("anything is repeated")
	}
}

// A power cut once left an empty key, and the station stood still.
func TestADamagedKeyIsReplaced(t *testing.T) {
	folder := t.TempDir()
	before, err := LoadKey(folder)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "station.key")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	after, err := LoadKey(folder)
	if err != nil || after.Public() == before.Public() {
		t.Errorf("%v", err)
	}
	if again, err := LoadKey(folder); err != nil || again.Public() != after.Public() {
		t.Errorf("the new one is not kept: %v", err)
	}
}
