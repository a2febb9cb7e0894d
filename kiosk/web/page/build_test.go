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
	got, err := os.ReadFile("../static/page.js")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("static/page.js is not what page.ts says; run: go run ./kiosk/web/page")
	}
}

func TestCommittedPageOfTheDiskIsCurrent(t *testing.T) {
	want, err := diskPage()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../../systemd/share/out-of-order.html")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("systemd/share/out-of-order.html is not what template and texts say; run: go run ./kiosk/web/page")
	}
}

func TestWrongScriptIsRefused(t *testing.T) {
	if _, err := build([]byte("const a: = 1")); err == nil {
		t.Error("a script that is no TypeScript was built")
	}
}
