//go:build vm

package vm_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"selfpay/cmd/kiosksim/surround"
	"selfpay/kiosk/update"
	"selfpay/systemd/vm"
)

// moments are what a station is at when its power is cut, by the words on its console.
var moments = []struct{ name, words string }{
	{"unpacking", " is being unpacked"},
	{"copying the ledger", "the ledger is being copied"},
	{"on trial", ", on trial"},
	{"paying", ""},
	{"at any moment", ""},
}

// shortly is how many moments are tried where there is little time.
const shortly = 3

// The power is cut while a station unpacks a release, copies its ledger, tries the release, while patrons pay, and at any
// moment. Each time it boots, runs a whole release, the one before or the new one, and takes payments. In the end the books of
// terminal, ledger and library agree.
func TestStationSurvivesPowerCutsDuringUpdates(t *testing.T) {
	s := newUpdatedStation(t)
	rounds := shortly
	if *long {
		rounds = *cuts
	}
	runs := s.steady()
	for i := range rounds {
		n, m := markRelease+100+i, moments[i%len(moments)]
		begun := time.Now()
		when := s.cutWhile(m.name, m.words, n)
		disk := s.cut()
		s.on()
		now := s.steady()
		t.Logf("cut %d, %s: %s; %s; release %d ran, %d runs; %s (%s)", i+1, m.name, when, disk, runs, now, held(s.around), time.Since(begun).Round(time.Second))
		if now != runs && now != n {
			t.Errorf("release %d runs, which is neither the one before nor the new one", now)
		}
		if (i+1)%cutsInARow == 0 {
			s.settled()
		}
		runs = now
	}
	s.settled()
	s.patrons(t.Context(), 1)
	s.settled()
	s.booksAgree()
}

// newUpdatedStation installs the package on a disk with Debian, of which every later power-on forgets what was written to it; the
// station's state is on the data disk, whose writes are logged. It is on and ready.
func newUpdatedStation(t *testing.T) *station {
	t.Helper()
	makeVendor(t)
	s := &station{t: t, draw: draws(t)}
	folder := t.TempDir()
	around, err := surround.Start(filepath.Join(folder, "around"), surround.Options{Mode: "koha", CardWait: cardWait, FeesTimes: feesTimes})
	if err != nil {
		t.Fatal(err)
	}
	s.around = around
	debs, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	orders, err := vm.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	relays, err := ports(around)
	if err != nil {
		t.Fatal(err)
	}
	disk := filepath.Join(folder, "debian.img")
	if err := vm.CopyDisk(*debianDisk, disk); err != nil {
		t.Fatal(err)
	}
	s.machine = &vm.Machine{Folder: folder, Lasting: true, DataSize: "500M", Image: vm.Image{Kernel: *kernel, Debian: disk, Guest: filepath.Join(built, "guest"),
		Programs: debs, Plan: vm.Plan{Orders: orders, Relays: relays}}}
	if err := s.machine.Image.GiveDevices(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.end)
	if err := s.machine.Build(); err != nil {
		t.Fatal(err)
	}
	s.install()
	s.machine.Lasting, s.machine.LogWrites = false, true
	s.on()
	return s
}

// install makes a station of a bare Debian, and switches it off.
func (s *station) install() {
	s.t.Helper()
	s.on()
	text, err := configuration(s.around)
	if err != nil {
		s.t.Fatal(err)
	}
	key, err := vendor.public.MarshalText()
	if err != nil {
		s.t.Fatal(err)
	}
	config := strings.NewReplacer(vm.DataFolder+"/kiosk", "/var/lib/kiosk", "/run/ctl.sock", "/run/kiosk/ctl.sock").Replace(text)
	for _, command := range []string{
		"mkdir -p /data /var/lib/kiosk && mount /dev/vdb /data && mkdir -p /data/kiosk && printf '/dev/vdb /data ext4 noatime,errors=remount-ro 0 2\\n/data/kiosk /var/lib/kiosk none bind,x-systemd.requires-mounts-for=/data 0 0\\n' >>/etc/fstab && mount /var/lib/kiosk",
		// an emulated machine on a busy one stands still for longer than a watchdog waits
		"mkdir -p /etc/systemd/system.conf.d && printf '[Manager]\\nRuntimeWatchdogSec=off\\n' >/etc/systemd/system.conf.d/zz-bench.conf",
		"cd " + vm.BenchFolder + " && set -e\n" + guide(s.t, "Install, as root, in the folder with the package:"),
		"install -d /etc/kiosk/update-keys && cat >/etc/kiosk/update-keys/vendor.pub <<'END'\n" + string(key) + "\nEND",
		"cat >/etc/kiosk/kiosk.toml <<'END'\n" + config + "\nEND",
		"mkdir -p /etc/systemd/system/kiosk-trial.service.d && printf '[Service]\\nExecStart=\\nExecStart=/usr/lib/kiosk/kioskctl update trial --settle 5s --longest 60s\\n' >/etc/systemd/system/kiosk-trial.service.d/bench.conf",
		"mkdir -p /etc/systemd/journald.conf.d && printf '[Journal]\\nForwardToConsole=yes\\nTTYPath=/dev/ttyS0\\nMaxLevelConsole=info\\n' >/etc/systemd/journald.conf.d/zz-bench.conf",
		"systemctl is-enabled kioskd kiosk-trial && umount /var/lib/kiosk /data && systemd-run --quiet --on-active=1 systemctl poweroff",
	} {
		s.does(command)
	}
	select {
	case <-s.machine.Ended():
	case <-time.After(patience):
		s.t.Fatal("the machine does not go out")
	}
	s.machine.Cut()
}

// does runs a shell command in this station's machine that goes well.
func (s *station) does(command string) string {
	s.t.Helper()
	ctx, stop := context.WithTimeout(s.t.Context(), patience)
	defer stop()
	done, err := s.machine.Run(ctx, "/bin/sh", "-c", command)
	if err != nil || done.Status != 0 {
		s.t.Fatalf("%s: %v, exit status %d: %s", command, err, done.Status, done.Output)
	}
	return strings.TrimSpace(done.Output)
}

// steady waits until the station takes payments and nothing is on trial, and says which release runs.
func (s *station) steady() int {
	s.t.Helper()
	s.ready()
	var stands struct {
		Runs  int
		Trial *update.Trial
	}
	s.wait("the end of a trial", func(ctx context.Context) error {
		out, err := s.ctl(ctx, "update", "status")
		if err == nil {
			err = json.Unmarshal([]byte(out), &stands)
		}
		if err == nil && stands.Trial != nil {
			err = fmt.Errorf("release %d is on trial", stands.Trial.Release)
		}
		return err
	})
	s.ready()
	return stands.Runs
}

// writesOfUpdate is up to how many writes to the disk lie between the words on the console and the cut.
const writesOfUpdate = 60

// cutWhile lets patrons come and a stick with a release be plugged in, and cuts the power at its moment.
func (s *station) cutWhile(name, words string, n int) string {
	s.t.Helper()
	told, since := len(s.told), s.machine.Spoken()
	ctx, cut := context.WithTimeout(s.t.Context(), patience)
	paid := make(chan struct{})
	go func() { s.patrons(ctx, math.MaxInt); close(paid) }()
	if name != "paying" {
		image := filepath.Join(s.machine.Folder, "stick.img")
		os.Remove(image)
		if err := vm.NewStick(image, "KIOSK", map[string]string{"kiosk-amd64.bundle": bundle(s.t, n, release(s.t, n), nil)}); err != nil {
			s.t.Fatal(err)
		}
		if err := s.machine.PlugStick(image); err != nil {
			s.t.Fatal(err)
		}
	}
	enough := func() bool { return ctx.Err() != nil }
	moment := ""
	switch {
	case words != "":
		s.wait(name, func(context.Context) error {
			if !strings.Contains(s.machine.Console()[since:], words) {
				return fmt.Errorf("the console does not say %q", words)
			}
			return nil
		})
		quiet := time.Now().Add(10 * time.Second) // nothing need be written any more
		moment = fmt.Sprintf("%d writes into it", s.until(s.logged, writesOfUpdate, func() bool { return enough() || time.Now().After(quiet) }))
	case name == "paying":
		moment = fmt.Sprintf("%d bytes into payments", s.until(s.machine.Spoken, bytesOfPayments, enough))
	default:
		after := time.Duration(s.draw.Int64N(int64(60 * time.Second)))
		time.Sleep(after)
		moment = after.Round(time.Second).String() + " after the stick was plugged in"
	}
	s.machine.Cut()
	cut()
	<-paid
	return fmt.Sprintf("%s, %d payments ended before", moment, len(s.told)-told)
}
