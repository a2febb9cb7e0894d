//go:build vm

package vm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"selfpay/cmd/kiosksim/surround"
	"selfpay/systemd/vm"
)

var (
	kernel = flag.String("kernel", "../../bin/vm/kernel", "the unpacked package of a Debian kernel")
	cuts   = flag.Int("cuts", 5, "how often the power is cut")
	points = flag.Int("points", 25, "after how many of the writes the disk is looked at")
	long   = flag.Bool("long", false, "also what takes minutes")
	seed   = flag.Int64("seed", 0, "repeats the draws of a run; 0: a new one")
)

// built is the folder of the built programs.
var built string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		var err error
		if built, err = os.MkdirTemp("", "selfpay-vm-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(built)
		if err := buildPrograms(built, "nousb", "kioskd", "kioskctl", "kiosksim"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		status := m.Run()
		endDebian(status != 0)
		return status
	}())
}

// buildPrograms builds the guest's first program and some of ours into a folder. The tag nousb builds without cgo, for a guest
// that has no libraries.
func buildPrograms(folder, tags string, names ...string) error {
	cgo := "CGO_ENABLED=1"
	if tags == "nousb" {
		cgo, names = "CGO_ENABLED=0", append(names, "../systemd/vm/guest")
	}
	arguments := []string{"build", "-tags", tags, "-o", folder + "/"}
	for _, name := range names {
		arguments = append(arguments, path.Join("selfpay/cmd", name))
	}
	build := exec.Command("go", arguments...)
	build.Env = append(os.Environ(), cgo, "GOOS=linux", "GOARCH=amd64")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	return nil
}

// patience bounds every wait. An emulated machine on a busy host is slow; what is waited for usually comes in seconds.
const patience = 4 * time.Minute

// cards are of patrons who owe enough to come often, a part at a time. The library would take a second posting of a
// part, where it might refuse that of a whole fee: so nothing but the kiosk keeps a part from being booked twice.
var cards = []string{"20017000010001", "20017000010002", "20017000010006", "20017000010008"}

const (
	part      = "0.10"
	feesTimes = 10                     // so that fifty cuts leave something to pay; nobody owes more than the kiosk takes
	cardWait  = 300 * time.Millisecond // how long a patron takes to present the bank card
)

// station is a machine that runs kioskd. What surrounds it is on the host and outlives its power cuts.
type station struct {
	t       *testing.T
	around  *surround.Surround
	machine *vm.Machine
	draw    *rand.Rand
	told    []string // references of the payments that patrons were told are booked
}

func newStation(t *testing.T) *station {
	t.Helper()
	s := &station{t: t, draw: draws(t)}
	var err error
	if s.around, err = surround.Start(t.TempDir(), surround.Options{Mode: "koha", CardWait: cardWait, FeesTimes: feesTimes}); err != nil {
		t.Fatal(err)
	}
	orders, err := vm.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	folder, err := filepath.Abs(*kernel)
	if err != nil {
		t.Fatal(err)
	}
	relays, err := ports(s.around)
	if err != nil {
		t.Fatal(err)
	}
	config, err := configuration(s.around)
	if err != nil {
		t.Fatal(err)
	}
	s.machine = &vm.Machine{Folder: t.TempDir(), LogWrites: true, Image: vm.Image{
		Kernel:   folder,
		Guest:    filepath.Join(built, "guest"),
		Programs: []string{filepath.Join(built, "kioskd"), filepath.Join(built, "kioskctl")},
		Files:    map[string]string{configPath: config},
		Plan: vm.Plan{Orders: orders, Relays: relays,
			Service: []string{"/bin/kioskd"}},
	}}
	t.Cleanup(s.end)
	if err := s.machine.Build(); err != nil {
		t.Fatal(err)
	}
	return s
}

// draws are made from the seed, which the log names.
func draws(t *testing.T) *rand.Rand {
	from := *seed
	if from == 0 {
		from = 1 + time.Now().UnixNano()%1_000_000
	}
	t.Logf("seed %d", from)
	return rand.New(rand.NewPCG(uint64(from), 0))
}

func (s *station) end() {
	s.machine.Cut()
	s.around.Close()
	if s.t.Failed() {
		text := s.machine.Console()
		s.t.Logf("QEMU says: %s\nthe console:\n%s", s.machine.Said(), text[max(0, len(text)-20_000):])
	}
}

// configPath is where kioskd looks for its configuration.
const configPath = "/etc/kiosk/kiosk.toml"

// configuration is the surrounding's own, as seen from the guest, with the state on its data disk. Doubts end in seconds.
func configuration(around *surround.Surround) (string, error) {
	text, err := os.ReadFile(around.ConfigPath())
	if err != nil {
		return "", err
	}
	folder := filepath.Dir(around.ConfigPath())
	return strings.NewReplacer(
		"tcp://127.0.0.1:", "tcp://"+vm.HostAddress+":",
		folder+"/state", vm.DataFolder+"/kiosk",
		folder+"/ctl.sock", "/run/ctl.sock",
		"partial = false", "partial = true",
		`min = "0.50"`, `min = "`+part+`"`,
	).Replace(string(text)), nil
}

// ports are those of the kiosk's screen and health page.
func ports(around *surround.Surround) (all []int, err error) {
	for _, address := range []string{around.Screen(), around.Health()} {
		u, err := url.Parse(address)
		if err != nil {
			return nil, err
		}
		port, err := strconv.Atoi(u.Port())
		if err != nil {
			return nil, err
		}
		all = append(all, port)
	}
	return all, nil
}

// on switches the machine on and waits until it takes orders; kioskd is being started then.
func (s *station) on() {
	s.t.Helper()
	if err := powerOn(s.t, s.machine); err != nil {
		s.t.Fatal(err)
	}
}

// wait waits until holds says yes; the machine must not go out meanwhile.
func (s *station) wait(what string, holds func(context.Context) error) {
	s.t.Helper()
	if err := waitFor(s.t.Context(), s.machine, patience, what, holds); err != nil {
		s.t.Fatal(err)
	}
}

// waitFor waits until holds says yes; the machine must not go out meanwhile.
func waitFor(ctx context.Context, m *vm.Machine, within time.Duration, what string, holds func(context.Context) error) error {
	ctx, stop := context.WithTimeout(ctx, within)
	defer stop()
	go func() {
		select {
		case <-m.Ended():
			stop()
		case <-ctx.Done():
		}
	}()
	return vm.Wait(ctx, what, holds)
}

// ready waits until a payment can be taken.
func (s *station) ready() {
	s.t.Helper()
	s.wait("ready", func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.around.Health()+"/readyz", nil)
		if err != nil {
			return err
		}
		r.Close = true
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			var said bytes.Buffer
			said.ReadFrom(answer.Body)
			return errors.New(said.String())
		}
		return nil
	})
}

// checkPasses looks for one check in the health document.
func (s *station) checkPasses(ctx context.Context, name string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.around.Health()+"/healthz", nil)
	if err != nil {
		return err
	}
	r.Close = true
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var document struct {
		Checks map[string][]struct{ Status, Output string }
	}
	if err := json.NewDecoder(answer.Body).Decode(&document); err != nil {
		return err
	}
	for _, check := range document.Checks[name] {
		if check.Status == "pass" {
			return nil
		}
	}
	return fmt.Errorf("%s: %+v", name, document.Checks[name])
}

// patrons pay a part of what they owe, one after the other, until ctx ends or count is reached; who is there during a
// power cut goes away.
func (s *station) patrons(ctx context.Context, count int) {
	for i := 0; i < count && ctx.Err() == nil; i++ {
		s.patron(ctx, cards[i%len(cards)])
	}
}

func (s *station) patron(ctx context.Context, card string, words ...string) {
	cmd := exec.CommandContext(ctx, filepath.Join(built, "kiosksim"), append([]string{"patron", "--url", s.around.Screen(), "--card", card, "--part", part, "--json"}, words...)...)
	out, err := cmd.Output() // who did not pay exits with 1
	var v struct{ Outcome, Reference string }
	switch json.Unmarshal(out, &v); {
	case v.Outcome == "booked":
		s.told = append(s.told, v.Reference)
	case v.Outcome == "update": // who sees that the station is being updated comes again
		time.Sleep(time.Second)
	case ctx.Err() == nil:
		s.t.Logf("a patron did not pay: %v: %s", err, out)
	}
}

// ctl runs kioskctl in the guest.
func (s *station) ctl(ctx context.Context, words ...string) (string, error) {
	done, err := s.machine.Run(ctx, append([]string{"/bin/kioskctl", "--json"}, words...)...)
	if err == nil && done.Status != 0 {
		err = fmt.Errorf("kioskctl %s: exit status %d: %s", strings.Join(words, " "), done.Status, done.Output)
	}
	return done.Output, err
}

// settled waits until nothing waits any more, and nobody has to look.
func (s *station) settled() {
	s.t.Helper()
	s.wait("everything settles", func(ctx context.Context) error {
		out, err := s.ctl(ctx, "queue", "list")
		if err == nil && out != "" {
			err = errors.New(out)
		}
		return err
	})
}
