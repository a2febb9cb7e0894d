//go:build vm

package vm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"aead.dev/minisign"

	"selfpay/kiosk/update"
	"selfpay/systemd/vm"
)

// vendor signs the bundles of these tests.
var vendor struct {
	once   sync.Once
	public minisign.PublicKey
	key    minisign.PrivateKey
	kioskd []byte // a build of markRelease
	wrong  error
}

// markRelease is a release number that stands in a program once, and makes room for others of as many digits.
const markRelease = 770000001

func makeVendor(t *testing.T) {
	t.Helper()
	vendor.once.Do(func() {
		if vendor.public, vendor.key, vendor.wrong = minisign.GenerateKey(nil); vendor.wrong != nil {
			return
		}
		built := filepath.Join(built, "release")
		build := exec.Command("../../packaging/target.sh", "amd64", "go", "build", "-ldflags", fmt.Sprintf("-X selfpay/kiosk/release.Number=%d -X selfpay/kiosk/release.Version=0.%[1]d", markRelease),
			"-o", built+"/", "selfpay/cmd/kioskd")
		if out, err := build.CombinedOutput(); err != nil {
			vendor.wrong = fmt.Errorf("%w: %s", err, out)
			return
		}
		vendor.kioskd, vendor.wrong = os.ReadFile(filepath.Join(built, "kioskd"))
	})
	if vendor.wrong != nil {
		t.Fatal(vendor.wrong)
	}
}

// release is the program of another release: the same one with its number.
func release(t *testing.T, n int) []byte {
	t.Helper()
	makeVendor(t)
	mark, number := strconv.Itoa(markRelease), strconv.Itoa(n)
	if len(mark) != len(number) || !bytes.Contains(vendor.kioskd, []byte(mark)) {
		t.Fatalf("no release %s can be made of %s", number, mark)
	}
	return bytes.ReplaceAll(vendor.kioskd, []byte(mark), []byte(number))
}

// broken is a program of a release that is not well.
func broken(t *testing.T, how string) []byte {
	t.Helper()
	makeVendor(t)
	path := filepath.Join(built, "broken-"+how)
	build := exec.Command("go", "build", "-ldflags", "-X main.How="+how, "-o", path, "selfpay/systemd/vm/broken")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// bundle packs a release and returns its file.
func bundle(t *testing.T, n int, kioskd []byte, change func(*update.Manifest)) string {
	t.Helper()
	makeVendor(t)
	m := update.Manifest{Release: n, Version: fmt.Sprintf("0.%d", n), Arch: "amd64", Made: time.Now().Add(-time.Hour), Expires: time.Now().AddDate(1, 0, 0),
		Files: []update.File{{Name: "kioskctl", Program: true}, {Name: "kioskd", Program: true}}}
	if change != nil {
		change(&m)
	}
	key := vendor.key
	if m.Version == "foreign" {
		_, key, _ = minisign.GenerateKey(nil)
	}
	var out bytes.Buffer
	// nobody asks this kioskctl: the one of the package is asked
	if err := update.Pack(&out, m, fstest.MapFS{"kioskd": {Data: kioskd}, "kioskctl": {Data: []byte("#!/bin/sh\nexec /usr/lib/kiosk/kioskctl \"$@\"\n")}}, key); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.bundle")
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// plugged puts a stick with a bundle into Debian, until the test has ended or it is pulled.
func plugged(t *testing.T, label, bundle string) (pull func()) {
	t.Helper()
	image := filepath.Join(t.TempDir(), "stick.img")
	if err := vm.NewStick(image, label, map[string]string{"kiosk-amd64.bundle": bundle, "holiday.jpg": "/etc/hostname"}); err != nil {
		t.Fatal(err)
	}
	if err := debian.machine.PlugStick(image); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	pull = func() {
		once.Do(func() {
			if err := debian.machine.PullStick(); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(pull)
	return pull
}

// standing is how the station stands.
func standing(t *testing.T) (s struct {
	Runs  int
	Trial *update.Trial
	Last  *update.Outcome
}) {
	t.Helper()
	if err := json.Unmarshal([]byte(does(t, "/usr/lib/kiosk/kioskctl --json update status")), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// trialEnds waits for the end of the trial of a release, and says how it ended.
func trialEnds(t *testing.T, n int) update.Outcome {
	t.Helper()
	var last update.Outcome
	wait(t, fmt.Sprintf("the end of the trial of %d", n), func(context.Context) error {
		s := standing(t)
		if s.Trial != nil || s.Last == nil || s.Last.Release != n {
			return fmt.Errorf("%+v", s)
		}
		last = *s.Last
		return nil
	})
	return last
}

// trusting starts a station that trusts the vendor, and whose trials are short.
func trusting(t *testing.T) *station {
	t.Helper()
	installed(t)
	makeVendor(t)
	text, err := vendor.public.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	does(t, "install -d /etc/kiosk/update-keys && cat >/etc/kiosk/update-keys/vendor.pub <<'END'\n%s\nEND", text)
	does(t, "mkdir -p /run/systemd/system/kiosk-trial.service.d && printf '[Service]\\nExecStart=\\nExecStart=/usr/lib/kiosk/kioskctl update trial --settle 5s --longest 40s\\n' >/run/systemd/system/kiosk-trial.service.d/bench.conf && systemctl daemon-reload")
	t.Cleanup(func() {
		tried(t, "rm -r /etc/kiosk/update-keys /run/systemd/system/kiosk-trial.service.d; systemctl daemon-reload")
	})
	s := started(t)
	t.Cleanup(func() {
		if t.Failed() {
			out, _ := tried(t, "/usr/lib/kiosk/kioskctl update status; journalctl --no-pager -o short-monotonic -n 80 -u 'kiosk*'; ls -la /var/lib/kiosk /var/lib/kiosk/versions")
			t.Log(out)
		}
	})
	s.ready()
	return s
}

// runs holds that a release runs, is ready and was never asked to be another.
func (s *station) runs(n int) {
	s.t.Helper()
	if got := standing(s.t).Runs; got != n {
		s.t.Errorf("release %d runs, want %d", got, n)
	}
	s.ready()
}

// A stick is plugged in, the station updates itself, takes payments, and goes back when a person wants it to.
func TestStationIsUpdatedFromAStick(t *testing.T) {
	s := trusting(t)
	before := standing(t).Runs
	paid := len(s.told)
	s.patron(t.Context(), cards[0])
	const n = markRelease + 1
	plugged(t, "KIOSK", bundle(t, n, release(t, n), nil))
	if last := trialEnds(t, n); last.Result != update.ResultConfirmed {
		t.Fatalf("%+v", last)
	}
	s.runs(n)
	if got := does(t, "readlink -f /proc/%s/exe", property(t, "MainPID")); got != fmt.Sprintf("/var/lib/kiosk/versions/%d/kioskd", n) {
		t.Errorf("%s runs", got)
	}
	s.patron(t.Context(), cards[1])
	s.settled()
	if len(s.told) != paid+2 {
		t.Errorf("%d payments, want two more than %d", len(s.told), paid)
	}
	does(t, "test -s /var/lib/kiosk/versions/ledger-before-%d.db", n)
	does(t, "/usr/lib/kiosk/kioskctl update rollback --note 'only to see'")
	s.runs(before)
	if out, status := tried(t, "/usr/lib/kiosk/kioskctl update apply /dev/null"); status == 0 || !strings.Contains(out, "no bundle") {
		t.Errorf("%d %s", status, out)
	}
}

// Each release that is not well ends on the one before, which takes payments again.
func TestBrokenReleaseGoesBack(t *testing.T) {
	s := trusting(t)
	before := standing(t).Runs
	hows := []string{"refuse"}
	if *long {
		hows = append(hows, "exit", "deaf", "hang", "leak")
	}
	for i, how := range hows {
		n := markRelease + 10 + i
		begun := time.Now()
		pull := plugged(t, "KIOSK", bundle(t, n, broken(t, how), nil))
		last := trialEnds(t, n)
		t.Logf("%s: %s: %s (%s)", how, last.Result, last.Why, time.Since(begun).Round(time.Second))
		if last.Result != update.ResultBack {
			t.Errorf("%s: %+v", how, last)
		}
		s.runs(before)
		pull()
	}
	s.patron(t.Context(), cards[2])
	s.settled()
}

// What is on a stick is believed only where a key of the station has signed it; a stick may be pulled at any time.
func TestForeignStickChangesNothing(t *testing.T) {
	if !*long {
		t.Skip("make vm-long does this")
	}
	s := trusting(t)
	before := standing(t)
	const n = markRelease + 20
	good := bundle(t, n, release(t, n), nil)
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(how func([]byte) []byte) string {
		path := filepath.Join(t.TempDir(), "x.bundle")
		if err := os.WriteFile(path, how(bytes.Clone(whole)), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, c := range map[string]struct{ label, bundle, why string }{
		"another's label": {"PICTURES", good, ""},
		"another's key":   {"KIOSK", bundle(t, n, []byte("evil"), func(m *update.Manifest) { m.Version = "foreign" }), update.ErrUnsigned.Error()},
		"cut short":       {"KIOSK", changed(func(b []byte) []byte { return b[:len(b)/2] }), "not unpacked"},
		"one bit":         {"KIOSK", changed(func(b []byte) []byte { b[len(b)/2] ^= 8; return b }), "not unpacked"},
		"expired":         {"KIOSK", bundle(t, n, []byte("old"), func(m *update.Manifest) { m.Made, m.Expires = m.Made.AddDate(-2, 0, 0), m.Made.AddDate(-1, 0, 0) }), "expired"},
		"no bundle":       {"KIOSK", "/etc/hostname", "no bundle"},
	} {
		pull := plugged(t, c.label, c.bundle)
		wait(t, name, func(context.Context) error {
			out, _ := tried(t, "journalctl --no-pager -o cat -u 'kiosk-flash@*' --since -1min; grep -l KIOSK /dev/null; cat /proc/partitions")
			if c.why == "" && strings.Contains(out, "sd") || c.why != "" && strings.Contains(out, c.why) {
				return nil
			}
			return errors.New(out)
		})
		pull()
		does(t, "udevadm settle; systemctl reset-failed 'kiosk-flash@*'; journalctl --rotate --vacuum-time=1ms -q")
	}
	if got := standing(t); got.Runs != before.Runs || got.Trial != nil {
		t.Errorf("%+v", got)
	}
	s.ready()
}
