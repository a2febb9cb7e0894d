//go:build vm

package vm_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"selfpay/cmd/kiosksim/surround"
	"selfpay/systemd/vm"
)

var stationDisk = flag.String("station", "", "a whole station's disk for arm64, as make image leaves it; empty: not tried")

// The whole disk as it is shipped boots on another processor, keeps its root as it is, and takes a payment when it has been
// told where its surroundings are.
func TestTheDiskForArm64TakesAPayment(t *testing.T) {
	if *stationDisk == "" {
		t.Skip("make vm-long tries the disk for arm64")
	}
	s := arm64Station(t)
	begun := time.Now()
	s.on()
	t.Logf("power-on to orders %s", time.Since(begun).Round(time.Second))
	out, _ := s.tried(`systemctl is-system-running --wait >/dev/null; systemctl is-enabled kioskd kiosk-browser kiosk-trial kiosk-update.timer; systemctl is-active kioskd; kioskctl config check`)
	if !strings.HasPrefix(out, "enabled\nenabled\nenabled\nenabled\nfailed\n") || !strings.Contains(out, "kiosk.id: this key is missing") {
		t.Errorf("before it is configured: %s", out)
	}
	for what, holds := range map[string]string{
		"the root is only read":           `findmnt -no OPTIONS / | grep -qw ro && ! touch /x`,
		"the record is on its own":        `findmnt -no SOURCE,OPTIONS /var/lib/kiosk | grep vda2 | grep noatime | grep errors=remount-ro | grep -w rw`,
		"the configuration is beside it":  `findmnt -no SOURCE /etc/kiosk | grep '/dev/vda2\[/etc\]' && findmnt -no SOURCE /etc/credstore`,
		"the rest is in memory":           `for f in /tmp /var/tmp /var/log /var/lib/systemd; do [ "$(findmnt -no FSTYPE $f)" = tmpfs ] || exit 1; done; ls -d /run/log/journal/*; ! ls /var/log/journal/*`,
		"there is no swap":                `[ "$(wc -l </proc/swaps)" = 1 ]`,
		"both file systems are looked at": `systemctl show -P Result systemd-fsck-root 'systemd-fsck@dev-disk-by\x2dlabel-kiosk\x2ddata' && journalctl -b | grep -q 'kiosk-data: clean'`,
		"a watchdog would be fed":         `[ "$(systemctl show -P RuntimeWatchdogUSec)" = 15s ]`,
		"the versions are the package's":  `[ "$(readlink /var/lib/kiosk/versions/current)" = /usr/lib/kiosk ] && [ "$(stat -c %U:%G:%a /var/lib/kiosk)" = root:kiosk:1770 ]`,
	} {
		if out, status := s.tried(holds); status != 0 {
			t.Errorf("%s: it does not hold, %d: %s", what, status, out)
		}
	}

	text, err := configuration(s.around)
	if err != nil {
		t.Fatal(err)
	}
	text = strings.NewReplacer(vm.DataFolder+"/kiosk", "/var/lib/kiosk", "/run/ctl.sock", "/run/kiosk/ctl.sock").Replace(text)
	s.does("cat >/etc/kiosk/kiosk.toml <<'END'\n" + text + "\nEND\nsystemctl reset-failed; systemctl start kioskd || { journalctl -b --no-pager -o cat -n 40 -u kioskd -u kiosk-version; exit 1; }")
	s.ready()
	s.patron(t.Context(), cards[0])
	if len(s.told) != 1 {
		t.Fatal("the payment was not booked")
	}
	s.settled()
	s.paymentsAgree(s.around.Books())
	s.showsItself()
}

// browserPatience is how long an emulated browser may take: kioskd has it started again, but leaves it more time after each start.
const browserPatience = 15 * time.Minute

// showsItself waits until a page says that it follows the station: the browser of the disk shows it, on QEMU's screen.
func (s *station) showsItself() {
	s.t.Helper()
	s.does(`sed -i '/^\[web\]/,/^listen/ s#^listen.*#listen = "127.0.0.1:8080"#' /etc/kiosk/kiosk.toml; systemctl restart kioskd`)
	begun := time.Now()
	err := waitFor(s.t.Context(), s.machine, browserPatience, "the page is shown", func(context.Context) error {
		out, _ := s.tried("kioskctl status --json; journalctl -b --no-pager -o cat -n 40 -u kiosk-browser")
		if !strings.Contains(out, `"ui:browser":{"status":"pass"`) {
			return errors.New(out)
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Logf("the page is shown %s after kioskd's start", time.Since(begun).Round(time.Second))
}

// arm64Station is the machine with that disk in its surroundings.
func arm64Station(t *testing.T) *station {
	t.Helper()
	s := &station{t: t}
	var err error
	if s.around, err = surround.Start(t.TempDir(), surround.Options{Mode: "koha", CardWait: cardWait}); err != nil {
		t.Fatal(err)
	}
	orders, err := vm.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	relays, err := ports(s.around)
	if err != nil {
		t.Fatal(err)
	}
	guest := filepath.Join(t.TempDir(), "guest")
	build := exec.Command("go", "build", "-o", guest, "selfpay/systemd/vm/guest")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s.machine = &vm.Machine{Folder: t.TempDir(), Image: vm.Image{Station: *stationDisk, Guest: guest, Plan: vm.Plan{Orders: orders, Relays: relays}}}
	t.Cleanup(s.end)
	if err := s.machine.Build(); err != nil {
		t.Fatal(err)
	}
	return s
}

// tried runs a shell command on the station and returns what it prints and its status.
func (s *station) tried(command string) (string, int) {
	s.t.Helper()
	ctx, stop := context.WithTimeout(s.t.Context(), patience)
	defer stop()
	done, err := s.machine.Run(ctx, "/bin/sh", "-c", command)
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(done.Output), done.Status
}
