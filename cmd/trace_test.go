package cmd_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"selfpay/cmd/kiosksim/surround"
)

// tracing is a kioskctl trace terminal that runs.
type tracing struct {
	cmd  *exec.Cmd
	mu   sync.Mutex
	said bytes.Buffer
}

func (tr *tracing) Write(b []byte) (int, error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.said.Write(b)
}

func (tr *tracing) text() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.said.String()
}

// trace begins one and waits until it listens.
func (s *station) trace(words ...string) *tracing {
	s.t.Helper()
	tr := &tracing{cmd: exec.Command(filepath.Join(programs, "kioskctl"), append([]string{"--config", s.around.ConfigPath(), "trace", "terminal"}, words...)...)}
	tr.cmd.Stdout = tr
	tr.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	begun, err := tr.cmd.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := tr.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { tr.cmd.Process.Kill(); tr.cmd.Wait() })
	if line, err := bufio.NewReader(begun).ReadString('\n'); err != nil || !strings.Contains(line, "Ctrl-C ends it") {
		s.t.Fatalf("%q, %v", line, err)
	}
	return tr
}

// end presses Ctrl-C and returns what was shown.
func (tr *tracing) end(t *testing.T) string {
	t.Helper()
	if err := tr.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := tr.cmd.Wait(); err != nil {
		t.Errorf("after Ctrl-C: %v", err)
	}
	return tr.text()
}

// The terminal sends an open card number and prints it on its slips.
func TestATraceShowsAPaymentAndNoCardNumber(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]surround.Options{"TCP": {OpenPAN: openPAN}, "serial": {OpenPAN: openPAN, Serial: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStation(t, o).begin().ready()
			people, machines := s.trace("--minutes", "5"), s.trace("--json")
			s.patron(cardTwoFees).said(t, "booked")
			s.eventually("the end of the payment is shown", func() (bool, string) {
				return endShown(people) && endShown(machines), people.text()
			})
			shown, documents := people.end(t), machines.end(t)
			find(t, "the trace for people", []byte(shown))
			find(t, "the trace for machines", []byte(documents))
			for _, want := range []string{"kiosk > 06 01 authorisation amount_minor=1250", "terminal > 04 0F status information aid_attribute=611804 amount_minor=1250", "pan=492912******1232", "result_code=00", "Karte 492912******1232"} {
				if !strings.Contains(shown, want) {
					t.Errorf("%q is not in the trace:\n%s", want, shown)
				}
			}
			orderedAsSaid(t, documents)
		})
	}
}

// endShown: a completion comes after the slip.
func endShown(tr *tracing) bool {
	_, after, slip := strings.Cut(tr.text(), "Karte")
	return slip && strings.Contains(after, "06 0F")
}

// orderedAsSaid wants the approval after the authorisation that asked for it, in documents with the time of today.
func orderedAsSaid(t *testing.T, documents string) {
	t.Helper()
	asked, approved := 0, 0
	for number, line := range strings.Split(strings.TrimSpace(documents), "\n") {
		var d struct {
			At      time.Time
			From    string
			Message struct {
				Control string
				Fields  map[string]any
			}
		}
		if err := json.Unmarshal([]byte(line), &d); err != nil || time.Since(d.At).Abs() > time.Hour {
			t.Errorf("%s: %v", line, err)
		}
		switch {
		case d.Message.Control == "06 01" && d.From == "kiosk" && d.Message.Fields["amount_minor"] == 1250.0:
			asked = number + 1
		case d.Message.Control == "04 0F" && d.From == "terminal" && d.Message.Fields["amount_minor"] == 1250.0 && asked > 0:
			approved = number + 1
		}
	}
	if asked == 0 || approved <= asked {
		t.Errorf("asked in line %d, approved in line %d:\n%s", asked, approved, documents)
	}
}

func TestATraceEndsWithItsDaemonAndSaysSo(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{Terminal: "caisse-ap"}).begin().ready()
	tr := s.trace()
	s.patron(cardOneFee).said(t, "booked")
	s.eventually("the approval is shown", func() (bool, string) { return strings.Contains(tr.text(), "(done)"), tr.text() })
	s.kill()
	if err := tr.cmd.Wait(); err == nil || tr.cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("%v", err)
	}
	if out, status := s.ctl("trace", "terminal"); status != 1 || !strings.Contains(out, "systemctl start kioskd") {
		t.Errorf("%d\n%s", status, out)
	}
}
