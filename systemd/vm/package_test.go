//go:build vm

package vm_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"selfpay/systemd/vm"
)

// newerPackage is the package with a newer version; its name keeps it out of the guide's pattern.
const newerPackage = "newer.deb"

// packages are made once for all tests.
var packages = sync.OnceValues(func() ([]string, error) {
	folder := filepath.Join(built, "packages")
	if err := os.Mkdir(folder, 0o755); err != nil {
		return nil, err
	}
	return buildPackages(folder)
})

// buildPackages makes the Debian package as it is shipped, and one that says it is newer. They are packed without compression,
// which an emulated machine takes long to undo.
func buildPackages(folder string) ([]string, error) {
	const version = "0.1"
	if out, err := exec.Command("../../packaging/package.sh", "amd64", version, "1").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the package: %w\n%s", err, out)
	}
	laid := filepath.Join(folder, "laid")
	if out, err := exec.Command("dpkg-deb", "-R", "../../bin/kiosk_"+version+"_amd64.deb", laid).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("unpack the package: %w\n%s", err, out)
	}
	defer os.RemoveAll(laid)
	var packed []string
	for name, version := range map[string]string{"kiosk_0.1_amd64.deb": version, newerPackage: "0.2"} {
		deb := filepath.Join(folder, name)
		if err := pack(laid, version, deb); err != nil {
			return nil, err
		}
		packed = append(packed, deb)
	}
	return packed, nil
}

func pack(laid, version, deb string) error {
	about := filepath.Join(laid, "DEBIAN/control")
	text, err := os.ReadFile(about)
	if err != nil {
		return err
	}
	text = regexp.MustCompile(`(?m)^Version: .*$`).ReplaceAll(text, []byte("Version: "+version))
	if err := os.WriteFile(about, text, 0o644); err != nil {
		return err
	}
	if out, err := exec.Command("dpkg-deb", "--root-owner-group", "-Znone", "-b", laid, deb).CombinedOutput(); err != nil {
		return fmt.Errorf("pack %s: %w\n%s", deb, err, out)
	}
	return nil
}

// A station that was just installed starts with the next boot, but not before somebody has said where its devices are.
func TestAFreshInstallationStartsNothingAndSaysWhatIsMissing(t *testing.T) {
	installed(t)
	if !strings.Contains(service.said, "/etc/kiosk/kiosk.toml is not finished") || !strings.Contains(service.said, "kioskctl setup") {
		t.Errorf("the package does not say how it goes on: %s", service.said)
	}
	enabled, more, _ := strings.Cut(service.fresh, "\n")
	active, mistakes, _ := strings.Cut(more, "\n")
	if enabled != "enabled" || active != "inactive" {
		t.Errorf("kioskd is %s and %s", enabled, active)
	}
	for _, key := range []string{"kiosk.id", "kiosk.library", "ils.address", "terminal.address"} {
		if !strings.Contains(mistakes, key+": this key is missing") {
			t.Errorf("%s is not asked for: %s", key, mistakes)
		}
	}
}

// An upgrade restarts a station where nobody pays at once, and lets a payment end before. The record goes on.
func TestAnUpgradeWaitsUntilNobodyPays(t *testing.T) {
	if !*long {
		t.Skip("make vm-long does this")
	}
	s := started(t)
	s.ready()
	does(t, "mkdir -p /root/stick && ln -sf %s/%s /root/stick/kiosk_0.2_amd64.deb", vm.BenchFolder, newerPackage)
	upgrade := "cd /root/stick && " + guide(t, "A newer package is installed over the older one:")

	first := property(t, "MainPID")
	if said := does(t, "%s", upgrade); strings.Contains(said, "somebody is paying") {
		t.Errorf("nobody pays, and it says: %s", said)
	}
	second := property(t, "MainPID")
	if got := does(t, "dpkg-query -W -f '${Version}' kiosk"); got != "0.2" || second == first || second == "0" {
		t.Fatalf("version %s is installed, process %s runs, before %s", got, second, first)
	}
	s.ready()

	during := func() {
		done, err := s.machine.Run(t.Context(), "/bin/sh", "-c", upgrade+" --reinstall && systemctl show -P MainPID kioskd")
		if err != nil || done.Status != 0 || !strings.Contains(done.Output, "somebody is paying") || !strings.HasSuffix(strings.TrimSpace(done.Output), "\n"+second) {
			t.Errorf("while the terminal works: process %s before, %v: %s", second, err, done.Output)
		}
	}
	debian.charged.Store(&during)
	s.patron(t.Context(), cards[0]) // on a slow machine the terminal's answer comes so late that it is in doubt for a while
	debian.charged.Store(nil)
	wait(t, "the restart after the payment", func(context.Context) error {
		if got := property(t, "MainPID"); got == second || got == "0" {
			return errors.New("process " + got)
		}
		return nil
	})
	s.ready()
	s.settled()
	if charged, booked := s.paymentsAgree(debian.around.Books()); charged == 0 || charged != booked {
		t.Errorf("%d was charged, %d is booked", charged, booked)
	}
	if out := does(t, "readlink /proc/$(systemctl show -P MainPID kioskd)/exe"); strings.Contains(out, "deleted") {
		t.Errorf("the old program runs: %s", out)
	}
}

// Whatever is done with the package, the record of payments and its keys stay.
func TestRemovalKeepsTheRecordOfPayments(t *testing.T) {
	if !*long {
		t.Skip("make vm-long does this")
	}
	s := started(t)
	s.ready()
	s.patron(t.Context(), cards[1])
	if len(s.told) != 1 {
		t.Fatal("the payment was not booked")
	}
	does(t, "cp -p /etc/kiosk/kiosk.toml /root/well.toml && echo 'APT::Get::Assume-Yes \"true\";' >/etc/apt/apt.conf.d/bench")
	t.Cleanup(func() { tried(t, "rm /etc/apt/apt.conf.d/bench") })

	does(t, "%s", guide(t, "To remove it:"))
	if out, status := tried(t, "systemctl is-active kioskd || test -e /usr/bin/kioskctl || test ! -e /etc/kiosk/kiosk.toml"); status == 0 {
		t.Errorf("it is not removed, or its configuration is: %s", out)
	}
	if said := does(t, "%s", guide(t, "The station is stopped; configuration, record of payments and keys stay. To remove the configuration too:")); !strings.Contains(said, "stay in /var/lib/kiosk") {
		t.Errorf("it does not say what stays: %s", said)
	}
	if out, status := tried(t, "test ! -e /etc/kiosk && test -s /var/lib/kiosk/ledger.db && ls /var/lib/kiosk/keys/* && ! ls -d /var/lib/kiosk/versions /etc/systemd/system/*.wants/kiosk*"); status != 0 {
		t.Errorf("what should stay, and what should not: %s", out)
	}

	does(t, "cd %s && %s && install -m 640 -g kiosk /root/well.toml /etc/kiosk/kiosk.toml && systemctl start kioskd", vm.BenchFolder, guide(t, "Install, as root, in the folder with the package:"))
	s.ready()
	if out, status := tried(t, "kioskctl queue show %s", s.told[0]); status != 0 {
		t.Errorf("the payment of before is not in the record: %s", out)
	}
}
