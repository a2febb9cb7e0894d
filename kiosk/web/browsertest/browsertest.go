// Package browsertest drives Debian's Chromium by the scripts of this folder, for tests of the pages that we serve. A script tells
// what it finds in lines of JSON.
package browsertest

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

const (
	browser = "/usr/bin/chromium"
	maxLine = 1 << 20 // bytes that a script says at once
)

// Script is a script that runs in node, with a browser.
type Script struct {
	t     *testing.T
	run   *exec.Cmd
	input io.Closer
	lines *bufio.Scanner
}

// Start starts the script of that name. Under -short it skips the test.
func Start(t *testing.T, name string, arguments ...string) *Script {
	t.Helper()
	run := Node(t, append([]string{name}, arguments...)...)
	run.Stderr = os.Stderr
	input, noInput := run.StdinPipe()
	output, noOutput := run.StdoutPipe()
	if err := errors.Join(noInput, noOutput); err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatalf("node cannot be started (%v); install it with: make deps", err)
	}
	s := &Script{t, run, input, bufio.NewScanner(output)}
	s.lines.Buffer(nil, maxLine)
	return s
}

// Node is node in this folder, with all that the scripts need there; it is not started yet. Under -short it skips the test.
func Node(t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser is started only without -short")
	}
	_, here, _, _ := runtime.Caller(0)
	run := exec.CommandContext(t.Context(), "node", arguments...)
	run.Dir, run.Env = filepath.Dir(here), append(os.Environ(), "BROWSER="+browser)
	for _, needed := range []string{browser, filepath.Join(run.Dir, "node_modules", "playwright-core"), filepath.Join(run.Dir, "node_modules", "axe-core")} {
		if _, err := os.Stat(needed); err != nil {
			t.Fatalf("%s is missing; install it with: make deps", needed)
		}
	}
	return run
}

// Next reads into said what the script says next. It is false when the script says no more.
func (s *Script) Next(said any) bool {
	s.t.Helper()
	if !s.lines.Scan() {
		return false
	}
	if err := json.Unmarshal(s.lines.Bytes(), said); err != nil {
		s.t.Fatalf("the script says %q: %v", s.lines.Text(), err)
	}
	return true
}

// End has the script end, and waits for it.
func (s *Script) End() {
	s.t.Helper()
	s.input.Close()
	if err := errors.Join(s.lines.Err(), s.run.Wait()); err != nil {
		s.t.Fatalf("the script ended with %v", err)
	}
}
