//go:build vm

package vm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"selfpay/kiosk/session"
	"selfpay/systemd/vm"
	"selfpay/systemd/vm/pretend"
)

// guide is the part of docs/install.md that a technician types, one shell script for each block.
func guide(t *testing.T, heading string) string {
	t.Helper()
	return block(t, "../../docs/install.md", heading)
}

// block is what a technician types behind a sentence of a page.
func block(t *testing.T, page, heading string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "\n"+heading+"\n\n")
	if !found {
		t.Fatalf("%s has no %q", page, heading)
	}
	block, _, _ := strings.Cut(rest, "\n\n")
	var script []string
	for line := range strings.Lines(block) {
		script = append(script, strings.TrimPrefix(strings.TrimRight(line, "\n"), "    "))
	}
	return strings.Join(script, "\n")
}

var service struct {
	once  sync.Once
	nodes vm.Nodes
	said  string // by the package when it was installed
	fresh string // how the service was then, and what its configuration lacked
}

// installed installs the package in Debian as the guide says, with a configuration that names the devices' nodes.
func installed(t *testing.T) vm.Nodes {
	t.Helper()
	onDebian(t)
	service.once.Do(func() {
		service.nodes = makeDevices(t)
		// An emulated machine on a busy one stands still for longer than a watchdog waits.
		does(t, "mkdir -p /run/systemd/system.conf.d && printf '[Manager]\\nRuntimeWatchdogSec=off\\n' >/run/systemd/system.conf.d/zz-bench.conf")
		service.said = does(t, "cd %s && set -e\n%s", vm.BenchFolder, guide(t, "Install, as root, in the folder with the package:"))
		service.fresh, _ = tried(t, "systemctl is-enabled kioskd; systemctl is-active kioskd; kioskctl config check")
		does(t, "cd /root && cat >kiosk.toml <<'END'\n%s\nEND", onNodes(t, service.nodes))
		does(t, "cd /root && set -e\n%s", guide(t, "Or bring one along:"))
	})
	return service.nodes
}

// makeDevices makes the station's devices on USB.
func makeDevices(t *testing.T) (made vm.Nodes) {
	t.Helper()
	printer, err := url.Parse(address(t, "printer"))
	if err != nil {
		t.Fatal(err)
	}
	does(t, "rm -f %s; systemd-run --quiet --unit=devices %s/guest devices %s:%s", vm.NodesFile, vm.BenchFolder, vm.HostAddress, printer.Port())
	wait(t, "the devices", func(context.Context) error {
		out, status := tried(t, "cat %s", vm.NodesFile)
		if status != 0 {
			return errors.New(out)
		}
		return json.Unmarshal([]byte(out), &made)
	})
	return made
}

// address is the one that the surroundings' configuration has for a device.
func address(t *testing.T, device string) string {
	t.Helper()
	text, err := os.ReadFile(debian.around.ConfigPath())
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "["+device+"]\n")
	_, rest, found := strings.Cut(rest, `address = "`)
	if !found {
		t.Fatalf("the surroundings have no %s", device)
	}
	of, _, _ := strings.Cut(rest, `"`)
	return of
}

// onNodes is the surroundings' configuration with the devices on real nodes, and the places of an installed kiosk.
func onNodes(t *testing.T, n vm.Nodes) string {
	t.Helper()
	text, err := configuration(debian.around)
	if err != nil {
		t.Fatal(err)
	}
	guests := func(address string) string { return strings.Replace(address, "127.0.0.1", vm.HostAddress, 1) }
	return strings.NewReplacer(
		vm.DataFolder+"/kiosk", "/var/lib/kiosk",
		"/run/ctl.sock", "/run/kiosk/ctl.sock",
		address(t, "terminal"), "serial://"+n.Card+"?baud=9600&stop=2",
		guests(address(t, "printer")), "usb://04b8:0e15",
		"driver = \"serial\"\naddress = \""+address(t, "scanner"), "driver = \"evdev\"\naddress = \"evdev://"+n.Scanner,
	).Replace(text)
}

// wait waits until holds says yes.
func wait(t *testing.T, what string, holds func(context.Context) error) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	if err := vm.Wait(ctx, what, holds); err != nil {
		t.Fatal(err)
	}
}

// started starts the service, and stops it after the test.
func started(t *testing.T) *station {
	t.Helper()
	installed(t)
	afterwards(t, func() {
		if t.Failed() {
			out, _ := tried(t, "systemctl status kioskd; journalctl --no-pager -o cat -n 60 -u kioskd")
			t.Log(out)
		}
		tried(t, "systemctl stop kioskd; systemctl reset-failed kioskd")
	})
	leadCard(t)
	does(t, "systemctl start kioskd")
	return &station{t: t, around: debian.around, machine: debian.machine}
}

// property asks systemd about the service.
func property(t *testing.T, name string) string {
	t.Helper()
	return does(t, "systemctl show -P %s kioskd", name)
}

// becomes waits until a property of the service has a value.
func becomes(t *testing.T, name, value string) {
	t.Helper()
	wait(t, name+"="+value, func(context.Context) error {
		if got := property(t, name); got != value {
			return fmt.Errorf("%s is %s", name, got)
		}
		return nil
	})
}

func number(t *testing.T, name string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(property(t, name), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// systemctl start returns when kioskd has said that it serves; the screen is there then. Nothing is in the credential store:
// a credential that is missing is no fault (systemd.exec, LoadCredential=, with a name for the store and no path).
func TestServiceStartsWithoutCredentialsAndIsReadyWhenItSaysSo(t *testing.T) {
	s := started(t)
	if got := property(t, "ActiveState"); got != "active" {
		t.Errorf("the service is %s", got)
	}
	if out, status := tried(t, "ls /etc/credstore /run/credentials/kioskd.service"); strings.Contains(out, "kiosk.") || strings.Contains(out, "sip2") {
		t.Errorf("there are credentials, %d: nothing was tried: %s", status, out)
	}
	if got, want := does(t, `sed -n 's/^Uid:\t\([0-9]*\).*/\1/p' /proc/%s/status`, property(t, "MainPID")), does(t, "id -u kiosk"); got != want || got == "0" {
		t.Errorf("it runs as user %s, want %s", got, want)
	}
	s.ready()
}

// The watchdog's time is fed by a daemon that is well, and one that stands still is killed and started again. Ten seconds
// instead of the unit's minute, so that it is seen.
func TestDaemonThatStandsStillIsStartedAgain(t *testing.T) {
	installed(t)
	does(t, "mkdir -p /run/systemd/system/kioskd.service.d && printf '[Service]\\nWatchdogSec=10s\\nTimeoutAbortSec=1s\\n' >/run/systemd/system/kioskd.service.d/bench.conf && systemctl daemon-reload")
	t.Cleanup(func() { tried(t, "rm -r /run/systemd/system/kioskd.service.d; systemctl daemon-reload") })
	started(t)
	first, fed := property(t, "MainPID"), number(t, "WatchdogTimestampMonotonic")
	wait(t, "the watchdog is fed for longer than its time", func(context.Context) error {
		if by := number(t, "WatchdogTimestampMonotonic") - fed; by < (12 * time.Second).Microseconds() {
			return fmt.Errorf("%d µs", by)
		}
		return nil
	})
	if got := property(t, "MainPID"); got != first {
		t.Fatalf("process %s instead of %s: one that is well was killed", got, first)
	}
	does(t, "kill -STOP %s", first)
	wait(t, "another process", func(context.Context) error {
		if got := property(t, "MainPID"); got == first || got == "0" {
			return fmt.Errorf("process %s", got)
		}
		return nil
	})
	becomes(t, "ActiveState", "active")
	if out := does(t, "journalctl --no-pager -o cat -u kioskd"); !strings.Contains(out, "Watchdog timeout") {
		t.Errorf("the journal knows of no watchdog: %s", out)
	}
}

// A daemon that was killed comes back by itself and takes payments again.
func TestKilledDaemonComesBack(t *testing.T) {
	s := started(t)
	s.ready()
	first := property(t, "MainPID")
	before := number(t, "NRestarts")
	does(t, "kill -KILL %s", first)
	becomes(t, "NRestarts", strconv.FormatInt(before+1, 10))
	becomes(t, "ActiveState", "active")
	s.ready()
}

// A wrong configuration is told once, and the service stays down until somebody mends it.
func TestDaemonWithAWrongConfigurationStaysDown(t *testing.T) {
	configured(t, "$ a unknown = 1")
	staysDown(t, "health.unknown")
}

// A credential is read from systemd's store. One that the configuration names and the store has not is a wrong configuration.
func TestCredentialsComeFromTheStore(t *testing.T) {
	configured(t, `s/^password = "demo-password"/password = "credential:sip2"/`)
	staysDown(t, "credential")
	does(t, "install -d -m 700 /etc/credstore && echo demo-password | install -m 600 /dev/stdin /etc/credstore/kiosk.sip2")
	t.Cleanup(func() { tried(t, "rm -r /etc/credstore") })
	started(t).ready()
}

// configured changes the configuration by an order of sed until the test has ended.
func configured(t *testing.T, order string) {
	t.Helper()
	installed(t)
	does(t, "cp -p /etc/kiosk/kiosk.toml /etc/kiosk/well && sed -i '%s' /etc/kiosk/kiosk.toml && ! cmp -s /etc/kiosk/well /etc/kiosk/kiosk.toml", order)
	afterwards(t, func() { tried(t, "mv /etc/kiosk/well /etc/kiosk/kiosk.toml; systemctl reset-failed kioskd") })
}

// staysDown starts the service, which says why it does not and is not started again: with another status it would be
// activating without end.
func staysDown(t *testing.T, why string) {
	t.Helper()
	if out, status := tried(t, "systemctl start kioskd"); status == 0 {
		t.Errorf("it starts: %s", out)
	}
	becomes(t, "ActiveState", "failed")
	if got := property(t, "ExecMainStatus"); got != "78" {
		t.Errorf("exit status %s", got)
	}
	if n := number(t, "NRestarts"); n != 0 {
		t.Errorf("it was started again %d times", n)
	}
	if out, _ := tried(t, "systemctl is-active kiosk-safe.target"); out != "active" {
		t.Errorf("the station does not count as out of order: %s", out)
	}
	if out := does(t, "journalctl --no-pager -o cat -n 8 -u kioskd"); !strings.Contains(out, why) {
		t.Errorf("it does not name %s: %s", why, out)
	}
}

// An adapter that is plugged in while the service runs is open to it, and a terminal that was away is back with it.
func TestTerminalIsBackWithItsAdapter(t *testing.T) {
	s := started(t)
	s.ready()
	if err := s.machine.Pull(pretend.CardAdapter); err != nil {
		t.Fatal(err)
	}
	wait(t, "the terminal is missed", func(ctx context.Context) error {
		if s.checkPasses(ctx, "terminal:link") == nil {
			return errors.New("its check passes")
		}
		return nil
	})
	if err := s.machine.Plug(pretend.CardAdapter); err != nil {
		t.Fatal(err)
	}
	wait(t, "the terminal", func(ctx context.Context) error { return s.checkPasses(ctx, "terminal:link") })
	s.ready()
}

// Every class of device is open to the service's own user under the unit's restrictions, and nothing else is.
func TestDevicesAreOpenToTheServiceAndNoOthers(t *testing.T) {
	n := installed(t)
	does(t, "mkdir -p /sys/kernel/config/gpio-sim/lamps/bank && echo 4 >/sys/kernel/config/gpio-sim/lamps/bank/num_lines && echo 1 >/sys/kernel/config/gpio-sim/lamps/live")
	t.Cleanup(func() {
		tried(t, "cd /sys/kernel/config/gpio-sim && echo 0 >lamps/live; rmdir lamps/bank lamps")
	})
	givenBack(t, n.Printer)
	usb := does(t, "cd $(dirname $(grep -l 0e15 /sys/bus/usb/devices/*/idProduct)) && printf '/dev/bus/usb/%%03d/%%03d' $(cat busnum devnum)")
	gpio := "/dev/" + does(t, "cat /sys/kernel/config/gpio-sim/lamps/bank/chip_name")
	wait(t, gpio, func(context.Context) error {
		if out, status := tried(t, "test \"$(stat -c %%G %s)\" = kiosk", gpio); status != 0 {
			return errors.New("udev has not given it to its group " + out)
		}
		return nil
	})
	if out, status := underTheUnit(t, "open", n.Card, n.UART, n.Modem, n.Scanner, n.HIDPOS, n.Printer, usb, gpio, n.I2C, n.SPI); status != 0 {
		t.Errorf("not open to it: %s", out)
	}
	// these to everybody, were it not for the unit
	does(t, "chmod 666 /dev/vda /dev/watchdog /dev/pretend-i2c")
	t.Cleanup(func() { tried(t, "chmod 600 /dev/vda /dev/watchdog /dev/pretend-i2c") })
	if out, status := underTheUnit(t, "closed", "/dev/vda", "/dev/watchdog", "/dev/pretend-i2c"); status != 0 {
		t.Errorf("not closed to it: %s", out)
	}
}

// givenBack gives the printer back to the kernel's driver: kioskd takes it away, and one that was killed has not given it back.
func givenBack(t *testing.T, printer string) {
	t.Helper()
	does(t, "cd /sys/bus/usb/drivers/usblp && { ls -d [0-9]* 2>/dev/null || echo $(basename $(dirname $(grep -l '^07' /sys/bus/usb/devices/*/bInterfaceClass))) >bind; }")
	wait(t, printer, func(context.Context) error {
		out, status := tried(t, "test -c %s && udevadm settle", printer)
		if status != 0 {
			return errors.New(out)
		}
		return nil
	})
}

// underTheUnit runs work of the guest's own program once, as kioskd is run.
func underTheUnit(t *testing.T, work ...string) (string, int) {
	t.Helper()
	probe(t, work...)
	return tried(t, "systemctl start probe || { journalctl --no-pager -o cat -n 20 -u probe; exit 1; }")
}

// probe is a unit that runs work of the guest's own program as kioskd is run.
func probe(t *testing.T, work ...string) {
	t.Helper()
	does(t, `sed -e 's#^ExecStart=.*#ExecStart=%[1]s/guest %[2]s#' -e 's#^ExecPaths=#&%[1]s #' -e 's/^Type=.*/Type=oneshot/' -e '/^Restart/d' -e '/^WatchdogSec/d' \
		/usr/lib/systemd/system/kioskd.service >/run/systemd/system/probe.service && systemctl daemon-reload`, vm.BenchFolder, strings.Join(work, " "))
}

// A patron pays over devices on real nodes: the card is held to a scanner that types, the terminal hangs on a serial
// adapter, the receipt comes out on USB. While the terminal works the clock jumps by ten years, and at the next payment
// back; no wait of the kiosk's is by the clock on the wall.
func TestPaymentOverRealNodesWhileTheClockJumps(t *testing.T) {
	s := started(t)
	s.ready()
	wait(t, "the scanner", func(ctx context.Context) error { return s.checkPasses(ctx, "scanner:link") })
	before := len(debian.around.Books().Receipts)
	for i, years := range []string{"+10 years", "-10 years"} {
		jump := func() {
			done, err := s.machine.Run(t.Context(), "/bin/date", "-s", years)
			t.Logf("while the terminal works the clock goes %s: %s %v", years, done.Output, err)
			if err != nil || done.Status != 0 {
				t.Error("it does not go")
			}
		}
		debian.charged.Store(&jump)
		paid := make(chan struct{})
		go func() { defer close(paid); s.patron(t.Context(), cards[i], "--scanned") }()
		s.scans(cards[i], paid)
		<-paid
		debian.charged.Store(nil)
		if len(s.told) != i+1 {
			t.Fatalf("the payment with the clock's jump of %s was not booked", years)
		}
	}
	s.settled()
	b := debian.around.Books()
	receipts := b.Receipts[before:]
	if len(receipts) != len(s.told) {
		t.Errorf("%d receipts on paper for %d payments: %q", len(receipts), len(s.told), receipts)
	}
	for i, code := range s.told {
		if i < len(receipts) && !strings.Contains(receipts[i], code) {
			t.Errorf("the receipt of %s: %q", code, receipts[i])
		}
	}
	s.paymentsAgree(b)
}

// scans holds a card to the scanner that types, and once more where it was not read: on a busy host a key may come so late that the
// driver takes its typing for a person's.
func (s *station) scans(card string, paid <-chan struct{}) {
	s.t.Helper()
	const mostScans = 3
	for n := range mostScans {
		does(s.t, "%s/guest type %s", vm.BenchFolder, card)
		if s.visited(paid) {
			return
		}
		s.t.Logf("scan %d of a card was not read: %v", n+1, s.checkPasses(s.t.Context(), "scanner:labels"))
	}
}

// visited says whether a visit begins within half a minute, or has been and gone.
func (s *station) visited(gone <-chan struct{}) bool {
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		select {
		case <-gone:
			return true
		default:
		}
		out, err := s.ctl(s.t.Context(), "status")
		var status struct{ Screen session.Screen }
		if err == nil && json.Unmarshal([]byte(out), &status) == nil && status.Screen != session.ScreenReady && status.Screen != session.ScreenOutcome {
			return true
		}
	}
	return false
}

// The network cable is pulled, kioskd notices, and takes payments again when it is back.
func TestStationMissesItsNetworkAndComesBack(t *testing.T) {
	s := started(t)
	s.ready()
	const missed = "the library is missed"
	does(t, `systemd-run --quiet --unit=cable sh -c 'until kioskctl status | grep -q "fail  *ils:link"; do sleep 1; done; echo "%s" >/dev/ttyS0'`, missed)
	if err := s.machine.Network(false); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.machine.Network(true) })
	wait(t, missed, func(context.Context) error {
		if !strings.Contains(s.machine.Console(), missed) {
			return errors.New("the console does not say so")
		}
		return nil
	})
	if err := s.machine.Network(true); err != nil {
		t.Fatal(err)
	}
	s.ready()
}
