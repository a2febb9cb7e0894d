package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"aead.dev/minisign"

	"selfpay/kiosk/update"
)

// bundler is the program, built once.
func bundler(t *testing.T) (run func(in string, words ...string) (string, error), folder string) {
	t.Helper()
	folder = t.TempDir()
	program := filepath.Join(folder, "bundle")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	return func(in string, words ...string) (string, error) {
		cmd := exec.Command(program, words...)
		cmd.Dir, cmd.Stdin = folder, strings.NewReader(in)
		cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=1764331200")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}, folder
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o755)); err != nil {
		t.Fatal(err)
	}
}

// A bundle is what a station takes, the same bytes each time, and its signature is one that Debian's minisign checks.
func TestABundleIsTakenByStationsAndCheckedByMinisign(t *testing.T) {
	run, folder := bundler(t)
	for _, p := range update.Programs {
		write(t, filepath.Join(folder, "programs", p), "program "+p)
	}
	write(t, filepath.Join(folder, "ours/printer/own.toml"), "model = \"own\"\n")
	if out, err := run("", "key", "vendor"); err != nil {
		t.Fatal(out)
	}
	if out, err := run("", "key", "vendor"); err == nil {
		t.Errorf("a key is written over: %s", out)
	}
	pack := func(to string, more ...string) (string, error) {
		return run("", append([]string{"pack", "--programs", "programs", "--arch", "arm64", "--release", "12", "--version", "0.12", "--key", "vendor.key", "--out", to}, more...)...)
	}
	for _, to := range []string{"a", "b"} {
		if out, err := pack(to, "--profiles", "ours", "--trust", "vendor.pub"); err != nil || !strings.Contains(out, "release 12 (0.12) for arm64, 3 files") {
			t.Fatalf("%v %s", err, out)
		}
	}
	a, err := os.ReadFile(filepath.Join(folder, "a"))
	b, err2 := os.ReadFile(filepath.Join(folder, "b"))
	public, err3 := minisign.PublicKeyFromFile(filepath.Join(folder, "vendor.pub"))
	if err := errors.Join(err, err2, err3); err != nil || !bytes.Equal(a, b) {
		t.Errorf("two bundles of the same differ: %v", err)
	}
	opened, err := update.Open(bytes.NewReader(a), []minisign.PublicKey{public})
	if err != nil || len(opened.Keys) != 1 || opened.Keys[0] != public.String() || opened.Files[2].Name != "profiles/printer/own.toml" {
		t.Errorf("%+v %v", opened, err)
	}
	if out, err := exec.Command("tar", "-xzf", filepath.Join(folder, "a"), "-C", folder).CombinedOutput(); err != nil {
		t.Fatal(string(out))
	}
	check := func() error {
		return exec.Command("minisign", "-Vm", filepath.Join(folder, "manifest.json"), "-p", filepath.Join(folder, "vendor.pub")).Run()
	}
	if err := check(); err != nil {
		t.Errorf("minisign: %v", err)
	}
	write(t, filepath.Join(folder, "manifest.json"), "{}")
	if check() == nil {
		t.Error("minisign takes anything")
	}
	write(t, filepath.Join(folder, "ours/readme.txt"), "x")
	if out, err := pack("c", "--profiles", "ours"); err == nil || !strings.Contains(out, "no profile") {
		t.Errorf("%v %s", err, out)
	}
}

// A key that is encrypted signs for whoever knows its password, and for nobody else.
func TestAnEncryptedKeyWantsItsPassword(t *testing.T) {
	run, folder := bundler(t)
	for _, p := range update.Programs {
		write(t, filepath.Join(folder, "programs", p), "program "+p)
	}
	if out, err := run("secret\n", "key", "vendor", "--password"); err != nil {
		t.Fatal(out)
	}
	for password, why := range map[string]string{"guessed\n": "cannot be used", "": "no password", "secret\n": ""} {
		out, err := run(password, "pack", "--programs", "programs", "--arch", "arm64", "--release", "12", "--version", "0.12", "--key", "vendor.key", "--out", "x")
		if (err == nil) != (why == "") || !strings.Contains(out, why) {
			t.Errorf("%q: %v %s", password, err, out)
		}
	}
}
