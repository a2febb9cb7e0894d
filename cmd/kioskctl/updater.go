package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"selfpay/kiosk/config"
	"selfpay/kiosk/control"
	"selfpay/kiosk/health"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/update"
)

// The services that an update starts.
const (
	daemonService = "kioskd.service"
	trialService  = "kiosk-trial.service"
)

// machine is the station around an update: the daemon on its socket, and its service under systemd.
type machine struct {
	places config.Places
	client *control.Client
	web    http.Client
}

func newMachine(places config.Places) *machine {
	return &machine{places: places, client: control.NewClient(places.Kiosk.Socket), web: http.Client{Timeout: askWithin}}
}

// askWithin bounds one question to the daemon.
const askWithin = 10 * time.Second

// Report asks the daemon for its statement, and for the patron's first screen.
func (m *machine) Report(ctx context.Context) (update.Report, error) {
	ctx, stop := context.WithTimeout(ctx, askWithin)
	defer stop()
	said, signed, err := m.client.State(ctx, rand.Text())
	if errors.Is(err, control.ErrDaemonDown) {
		return update.Report{}, fmt.Errorf("%w: %w", update.ErrDown, err)
	}
	if err != nil {
		return update.Report{}, err
	}
	r := update.Report{Release: said.Release, Key: signed.Key, Started: said.Started, Waits: said.Waits, Busy: said.Busy,
		Checks: map[string]string{}, Page: m.firstScreen(ctx)}
	for name, c := range said.Checks {
		if decides(name) {
			r.Checks[name] = string(c.Status)
		}
	}
	return r, nil
}

// decides says whether a check counts at the gate: what is there, and whether the ledger can be written. The others change
// with patrons and the time of day.
func decides(check string) bool {
	return strings.HasSuffix(check, ":link") && check != health.CheckHub || check == health.CheckLedger
}

// firstScreen says why the patron's screen cannot be read.
func (m *machine) firstScreen(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+m.places.Web.Listen+"/", nil)
	if err != nil {
		return err
	}
	answer, err := m.web.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	switch {
	case err != nil:
		return err
	case answer.StatusCode != http.StatusOK:
		return errors.New(answer.Status)
	case !strings.Contains(string(page), "</html>"):
		return fmt.Errorf("it is no page: %.40q", page)
	}
	return nil
}

// Snapshot copies the ledger, through the daemon or, when that is down, without it. A station that never ran has none.
func (m *machine) Snapshot(ctx context.Context, path string) error {
	_, err := m.client.Export(ctx, path)
	if !errors.Is(err, control.ErrDaemonDown) {
		return err
	}
	state := m.places.Kiosk.State
	if _, err := os.Stat(filepath.Join(state, ledger.FileName)); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	l, err := ledger.Open(state, nil)
	if err != nil {
		return err
	}
	_, err = l.Export(ctx, path)
	return errors.Join(err, l.Close())
}

// Restart starts the daemon anew; the unit chooses from which release. How often it was started before does not count: systemd
// would leave the release before alone where the one on trial has used up its starts.
func (m *machine) Restart(ctx context.Context) error {
	return errors.Join(systemctl(ctx, "reset-failed", daemonService), systemctl(ctx, "restart", "--no-block", daemonService))
}

// GivenUp says that systemd will not start the daemon again.
func (m *machine) GivenUp(ctx context.Context) bool {
	out, err := exec.CommandContext(ctx, "systemctl", "show", "-P", "ActiveState", daemonService).Output()
	return err == nil && strings.TrimSpace(string(out)) == "failed"
}

func systemctl(ctx context.Context, words ...string) error {
	out, err := exec.CommandContext(ctx, "systemctl", words...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("systemctl %s: %w: %s", strings.Join(words, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
