// Package cmd_test runs whole stations: the real kioskd with the real protocols on real sockets and serial lines, in
// simulated surroundings, with patrons who use the same HTTP as the page.
package cmd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"selfpay/cmd/kiosksim/surround"
)

// programs is the folder of the built programs.
var programs string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if programs, err = os.MkdirTemp("", "selfpay-programs-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(programs)
		build := exec.Command("go", "build", "-tags", "nousb", "-o", programs+"/", "./kioskd", "./kioskctl", "./kiosksim")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
			return 1
		}
		if err := flag.Set("test.parallel", stationsAtOnce); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// stationsAtOnce is how many parallel tests run: most of what they do is wait.
const stationsAtOnce = "4"

// lookAtSources lets the go command know what the programs are made of; else it would take the results of old ones
// from its cache. It notes only what a test looks at, not what TestMain does.
var lookAtSources = sync.OnceValue(func() error {
	return filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == "node_modules" {
			return filepath.SkipDir
		}
		if err == nil && filepath.Ext(path) == ".go" {
			_, err = os.Stat(path)
		}
		return err
	})
})

// patience bounds every wait; what is waited for usually comes in a moment.
const patience = 2 * time.Minute

// station is one kioskd in its surroundings.
type station struct {
	t      *testing.T
	around *surround.Surround
	dir    string
	kioskd *exec.Cmd
	ended  chan struct{}
}

// newStation builds the surroundings; change edits the configuration before kioskd reads it.
func newStation(t *testing.T, o surround.Options, change ...string) *station {
	t.Helper()
	s := &station{t: t, dir: t.TempDir()}
	err := lookAtSources()
	if err != nil {
		t.Fatal(err)
	}
	if s.around, err = surround.Start(s.dir, o); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan struct{})
	go func() { s.around.Serve(ctx); close(served) }()
	t.Cleanup(func() { s.kill(); stop(); <-served; s.around.Close() })
	text := s.configuration()
	edited := strings.NewReplacer(change...).Replace(text)
	if len(change) > 0 && edited == text {
		t.Fatalf("the configuration has nothing of %q", change)
	}
	s.configure(edited)
	return s
}

// configuration is the file that kioskd reads.
func (s *station) configuration() string {
	s.t.Helper()
	text, err := os.ReadFile(s.around.ConfigPath())
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

func (s *station) configure(text string) {
	s.t.Helper()
	if err := os.WriteFile(s.around.ConfigPath(), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// begin starts kioskd, by a wrapper program where one is given.
func (s *station) begin(wrapper ...string) *station {
	s.t.Helper()
	words := append(wrapper, filepath.Join(programs, "kioskd"), "--config", s.around.ConfigPath())
	s.kioskd = exec.Command(words[0], words[1:]...)
	log, err := os.OpenFile(s.dir+"/kioskd.log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	s.kioskd.Stdout, s.kioskd.Stderr = log, log
	s.kioskd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.kioskd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.ended = make(chan struct{})
	go func(c *exec.Cmd, ended chan struct{}) { c.Wait(); close(ended) }(s.kioskd, s.ended)
	return s
}

// kill ends kioskd with SIGKILL.
func (s *station) kill() {
	if s.kioskd == nil {
		return
	}
	s.kioskd.Process.Kill()
	<-s.ended
	if s.t.Failed() {
		s.t.Logf("kioskd says:\n%s", s.log())
	}
	s.kioskd = nil
}

// log is what all lives of kioskd have written.
func (s *station) log() string {
	text, err := os.ReadFile(s.dir + "/kioskd.log")
	if err != nil {
		s.t.Error(err)
	}
	return string(text)
}

// eventually waits for a condition.
func (s *station) eventually(what string, holds func() (bool, string)) {
	s.t.Helper()
	last := ""
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		ok, now := holds()
		if ok {
			return
		}
		last = now
	}
	s.t.Fatalf("%s: not within %s; last: %s", what, patience, last)
}

func (s *station) get(path string) (int, string) {
	answer, err := http.Get(s.around.Health() + path)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text)
}

// ready waits until a payment can be taken.
func (s *station) ready() *station {
	s.t.Helper()
	s.eventually("ready", func() (bool, string) { code, said := s.get("/readyz"); return code == http.StatusOK, said })
	return s
}

// notReady waits until the station says why it takes no payment.
func (s *station) notReady(why string) {
	s.t.Helper()
	s.eventually("not ready for "+why, func() (bool, string) {
		code, said := s.get("/readyz")
		return code == http.StatusServiceUnavailable && strings.Contains(said, why), said
	})
}

// visit is what kiosksim patron prints.
type visit struct {
	Outcome   string
	Paid      bool
	Reference string
	Said      string
	Screens   []struct{ Name, Words string }
}

func (s *station) patron(card string, more ...string) visit {
	s.t.Helper()
	cmd := exec.Command(filepath.Join(programs, "kiosksim"), append([]string{"patron", "--url", s.around.Screen(), "--card", card, "--json"}, more...)...)
	var out, failed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &failed
	cmd.Stdin = strings.NewReader("58204711\n")
	err := cmd.Run()
	var v visit
	if e := json.Unmarshal(out.Bytes(), &v); e != nil {
		s.t.Fatalf("kiosksim patron: %v %v: %s%s", err, e, out.String(), failed.String())
	}
	if (err == nil) != v.Paid {
		s.t.Errorf("kiosksim patron: exit %v, paid %v", err, v.Paid)
	}
	return v
}

// ctl runs kioskctl and returns what it prints and its exit status.
func (s *station) ctl(words ...string) (string, int) {
	s.t.Helper()
	cmd := exec.Command(filepath.Join(programs, "kioskctl"), append([]string{"--config", s.around.ConfigPath()}, words...)...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func (s *station) order(words ...string) {
	s.t.Helper()
	if _, err := surround.Send(s.dir, words...); err != nil {
		s.t.Fatal(err)
	}
}

// queueEmpties waits until nothing waits any more.
func (s *station) queueEmpties() {
	s.t.Helper()
	s.eventually("the queue empties", func() (bool, string) {
		out, status := s.ctl("queue", "list", "--json")
		return status == 0 && out == "", out
	})
}

// booksAgree compares what terminal and library hold with the ledger, to the cent.
func (s *station) booksAgree(wantMinor int64) {
	s.t.Helper()
	b := s.around.Books()
	charged, booked := int64(0), int64(0)
	for _, c := range b.Captures {
		charged += c.AmountMinor
	}
	for _, p := range b.Postings {
		booked += p.AmountMinor
	}
	if charged != wantMinor || booked != wantMinor {
		s.t.Errorf("terminal holds %d, library booked %d, want %d: %+v", charged, booked, wantMinor, b)
	}
	if out, status := s.ctl("ledger", "verify"); status != 0 {
		s.t.Errorf("ledger verify: %s", out)
	}
	captured, posted := s.ledgerBooks()
	if captured != wantMinor || posted != wantMinor {
		s.t.Errorf("ledger: captured %d, posted %d, want %d", captured, posted, wantMinor)
	}
}

// ledgerBooks is what stays captured, and what is posted, of all days.
func (s *station) ledgerBooks() (captured, posted int64) {
	s.t.Helper()
	out, status := s.ctl("report", "day", "--date", "all", "--json")
	if status != 0 {
		s.t.Fatalf("report day: %s", out)
	}
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		if line == "" {
			continue
		}
		var d struct {
			Books struct {
				Captured int64 `json:"captured_minor"`
				Posted   int64 `json:"posted_minor"`
				Reversed int64 `json:"reversed_minor"`
			}
		}
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			s.t.Fatal(err)
		}
		captured += d.Books.Captured - d.Books.Reversed
		posted += d.Books.Posted
	}
	return captured, posted
}

// nothingMoved checks that no money moved anywhere.
func (s *station) nothingMoved() {
	s.t.Helper()
	if b := s.around.Books(); len(b.Captures)+len(b.Reversals)+len(b.Postings) > 0 {
		s.t.Errorf("money moved: %+v", b)
	}
}

func (v visit) said(t *testing.T, outcome string, words ...string) {
	t.Helper()
	if v.Outcome != outcome {
		t.Errorf("outcome %q, want %q; the screens: %+v", v.Outcome, outcome, v.Screens)
	}
	for _, w := range words {
		if !strings.Contains(strings.ToLower(v.Said), strings.ToLower(w)) {
			t.Errorf("the screen says %q, without %q", v.Said, w)
		}
	}
}
