//go:build vm

package vm_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"selfpay/kiosk/ledger"
	"selfpay/systemd/vm"
)

// The tests of this file let the machine go out; they are the last ones.

// The mains are gone, and come not back within the time that the station holds: it takes no payment any more, closes its
// ledger, and the machine goes off as if it had been told to. On its disk nothing is left to be brought into order.
func TestMachineGoesOffInOrderWithoutMains(t *testing.T) {
	onDataDisk(t)
	lines(t, "ups")
	configured(t, `$ a [gpio]\npower_fail = "gpio://ups/2"\n[power]\nhold = "5s"`)
	s := started(t)
	s.ready()
	s.patron(t.Context(), cards[0])
	if len(s.told) != 1 {
		t.Fatal("nobody paid")
	}
	s.settled()
	pull(t, "ups", 2, true)
	s.wait("a station without mains takes no payment", func(ctx context.Context) error {
		if s.checkPasses(ctx, "power:mains") == nil {
			return errors.New("its check passes")
		}
		return nil
	})
	select {
	case <-debian.machine.Ended():
	case <-time.After(patience):
		t.Fatal("the machine stays on")
	}
	// the file system was taken down in order, and the ledger's log is worked into it
	head, err := exec.Command("dumpe2fs", "-h", debian.machine.DataDisk()).CombinedOutput()
	if err != nil || !strings.Contains(string(head), "clean\n") || strings.Contains(string(head), "needs_recovery") {
		t.Errorf("the file system is not clean: %v %s", err, head)
	}
	if events, err := examine(t, debian.machine.DataDisk(), nil); err != nil || events == 0 {
		t.Errorf("the ledger: %d events, %v", events, err)
	}
	state, err := stateOn(debian.machine.DataDisk(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if about, err := os.Stat(filepath.Join(state, ledger.FileName+"-wal")); err == nil && about.Size() > 0 {
		t.Errorf("%d bytes of the ledger's log are left", about.Size())
	}
	l, err := ledger.Open(state, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if notes, err := l.Notes(10); err != nil || !noted(notes, "machine switched off", "no mains for 5s") {
		t.Errorf("the ledger does not say why: %+v %v", notes, err)
	}
	if unfinished, err := l.Unfinished(); err != nil || len(unfinished) > 0 {
		t.Errorf("unfinished: %+v, %v", unfinished, err)
	}
}

func noted(notes []ledger.Note, kind, words string) bool {
	for _, n := range notes {
		if n.Kind == kind && strings.Contains(string(n.Note), words) {
			return true
		}
	}
	return false
}

// The kernel crashes and stands still: systemd, with the drop-in that is installed, does not feed the hardware's watchdog
// (i6300esb) any more, and that resets the machine, which here ends it.
func TestFrozenMachineIsResetByItsWatchdog(t *testing.T) {
	m := againOnDebian(t)
	// of the package only what this is about: installing it takes long
	does(t, "cd / && dpkg-deb --fsys-tarfile %s/kiosk_*.deb | tar -x --wildcards '*/system.conf.d/kiosk.conf' && systemctl daemon-reexec", vm.BenchFolder)
	if got := does(t, "systemctl show -P RuntimeWatchdogUSec"); got != "15s" {
		t.Fatalf("systemd feeds the watchdog within %s", got)
	}
	does(t, "systemd-run --quiet sh -c 'echo 0 >/proc/sys/kernel/panic; echo c >/proc/sysrq-trigger'")
	select {
	case <-m.Ended():
	case <-time.After(patience):
		t.Error("the machine stands still for ever")
	}
}
