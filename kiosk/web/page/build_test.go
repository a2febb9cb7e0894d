package main

import (
	"bytes"
	"os"
	"testing"
)

func TestCommittedScriptIsCurrent(t *testing.T) {
	source, err := os.ReadFile("page.ts")
	if err != nil {
		t.Fatal(err)
	}
	want, err := build(source)
	if err != nil {
		t.Fatal(err)
	}
	isCommitted(t, "kiosk/web/static/page.js", want)
}

func TestCommittedPageOfTheDiskIsCurrent(t *testing.T) {
	want, err := diskPage()
	if err != nil {
		t.Fatal(err)
	}
	isCommitted(t, "systemd/share/out-of-order.html", want)
}

// isCommitted compares a file of the module with what is made of its sources now.
func isCommitted(t *testing.T, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile("../../../" + path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what its sources say; run: go run ./kiosk/web/page", path)
	}
}

func TestWrongScriptIsRefused(t *testing.T) {
	if _, err := build([]byte("const a: = 1")); err == nil {
		t.Error("a script that is no TypeScript was built")
	}
}
