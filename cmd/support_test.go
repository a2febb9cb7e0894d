package cmd_test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aead.dev/minisign"

	"selfpay/cmd/kiosksim/surround"
)

// packed reads all parts of a support bundle.
func packed(t *testing.T, path string) map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zip, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for in := tar.NewReader(zip); ; {
		head, err := in.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		all[head.Name] = string(text)
	}
}

// What is sent to whoever helps from afar names no patron, no card and no password, even where the journal does.
func TestASupportBundleTellsNothingOfPatronsAndNoSecret(t *testing.T) {
	s := newStation(t, surround.Options{})
	const card, bank = "20017000010002", "4012888888881881"
	journal := t.TempDir()
	if err := os.WriteFile(filepath.Join(journal, "journalctl"), []byte("#!/bin/sh\necho a terminal said "+bank+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", journal+":"+os.Getenv("PATH"))
	s.begin().ready()
	s.patron(card).said(t, "booked")
	path := filepath.Join(s.dir, "support.tar.gz")
	if out, status := s.ctl("bundle", path); status != 0 || !strings.Contains(out, path) {
		t.Fatalf("%d %s", status, out)
	}
	parts := packed(t, path)
	for _, name := range []string{"about.json", "configuration.json", "status.json", "devices.json", "queue.json", "notes.json", "plugged.json", "updates.json", "doctor.json", "journal.txt"} {
		if parts[name] == "" {
			t.Errorf("%s is missing", name)
		}
	}
	for name, text := range parts {
		for _, secret := range []string{card, bank, "demo-password"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s tells %q", name, secret)
			}
		}
	}
	if !strings.Contains(parts["journal.txt"], "a terminal said") || !strings.Contains(parts["configuration.json"], "(hidden)") {
		t.Errorf("%q\n%s", parts["journal.txt"], parts["configuration.json"])
	}
	if out, status := s.ctl("bundle", path); status != 1 || !strings.Contains(out, "not written over") {
		t.Errorf("%d %s", status, out)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	s.kill()
	later := filepath.Join(s.dir, "down.tar.gz")
	if out, status := s.ctl("bundle", later); status != 0 || !strings.Contains(out, "not in it: status.json") {
		t.Errorf("%d %s", status, out)
	}
	if parts := packed(t, later); parts["doctor.json"] == "" || parts["missing.json"] == "" {
		t.Errorf("%v", parts)
	}
}

// A self-test can be proved to be of this station, with the tool that everybody has.
func TestASelfTestIsSignedByTheStation(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{})
	s.begin().ready()
	path := filepath.Join(s.dir, "result.json")
	out, _ := s.ctl("self-test", "--signed", path)
	_, key, found := strings.Cut(out, "minisign -V -P ")
	key, _, _ = strings.Cut(key, " ")
	var public minisign.PublicKey
	if err := public.UnmarshalText([]byte(key)); err != nil || !found {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(path)
	signature, err2 := os.ReadFile(path + ".minisig")
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	if !minisign.Verify(public, text, signature) || !strings.Contains(string(text), `"terminal:link"`) || !strings.Contains(string(text), `"kiosk":"demo-01"`) {
		t.Errorf("%s", text)
	}
	if minisign.Verify(public, append(text, ' '), signature) {
		t.Error("anything is signed")
	}
}
