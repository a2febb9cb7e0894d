//go:build vm

package vm_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"selfpay/systemd/vm"
	"selfpay/systemd/vm/pretend"
)

// onDataDisk lets kioskd keep its state on the data disk, which outlives the machine, until the test has ended.
func onDataDisk(t *testing.T) {
	t.Helper()
	installed(t)
	does(t, "mkdir -p /mnt && mount /dev/vdb /mnt && mkdir -p /mnt/kiosk && mount --bind /mnt/kiosk /var/lib/kiosk && systemd-tmpfiles --create kiosk.conf")
	afterwards(t, func() {
		does(t, "systemctl stop kioskd; umount /var/lib/kiosk && rm -rf /mnt/kiosk && umount /mnt")
	})
}

// lines makes a chip of four lines with a label until the test has ended, and names its node.
func lines(t *testing.T, label string) (node string) {
	t.Helper()
	installed(t)
	does(t, "cd /sys/kernel/config/gpio-sim && mkdir -p %[1]s/bank && echo %[1]s >%[1]s/bank/label && echo 4 >%[1]s/bank/num_lines && echo 1 >%[1]s/live", label)
	afterwards(t, func() {
		tried(t, "systemctl stop kioskd")
		noLines(t, label)
	})
	return "/dev/" + does(t, "cat /sys/kernel/config/gpio-sim/%s/bank/chip_name", label)
}

// noLines takes such a chip away.
func noLines(t *testing.T, label string) {
	t.Helper()
	tried(t, "cd /sys/kernel/config/gpio-sim && echo 0 >%[1]s/live; rmdir %[1]s/bank %[1]s", label)
}

// pull drives an input of such a chip.
func pull(t *testing.T, label string, line int, up bool) {
	t.Helper()
	to := "pull-down"
	if up {
		to = "pull-up"
	}
	does(t, "cd /sys/kernel/config/gpio-sim/%s && echo %s >/sys/devices/platform/$(cat dev_name)/$(cat bank/chip_name)/sim_gpio%d/pull", label, to, line)
}

// droppedIn changes a unit until the test has ended.
func droppedIn(t *testing.T, unit, content string) {
	t.Helper()
	installed(t)
	does(t, "mkdir -p /run/systemd/system/%[1]s.d && printf '%[2]s' >/run/systemd/system/%[1]s.d/bench.conf && systemctl daemon-reload", unit, strings.ReplaceAll(content, "\n", `\n`))
	afterwards(t, func() { tried(t, "rm -r /run/systemd/system/%s.d; systemctl daemon-reload", unit) })
}

// A daemon that cannot work is tried ten times and then left alone: the station is out of order, says so once, and the
// machine goes on. Whoever has mended it starts it again.
func TestDaemonThatCannotWorkEndsOutOfOrder(t *testing.T) {
	installed(t)
	if got := property(t, "StartLimitBurst"); got != "10" {
		t.Errorf("it is tried %s times", got)
	}
	droppedIn(t, "kioskd.service", "[Unit]\nStartLimitBurst=3\n[Service]\nRestartSec=100ms\n")
	configured(t, "s#/run/kiosk/ctl.sock#/proc/kiosk.sock#") // nobody can make a file there
	boot := does(t, "cat /proc/sys/kernel/random/boot_id")
	said := func() int {
		return strings.Count(does(t, "journalctl --no-pager -o cat -p 2 -u kiosk-safe.service"), "out of order")
	}
	before := said()
	tried(t, "systemctl start kioskd")
	wait(t, "it is left alone", func(context.Context) error {
		out, _ := tried(t, "systemctl is-active kiosk-safe.target")
		if state := property(t, "ActiveState"); out != "active" || state != "failed" {
			return fmt.Errorf("the daemon is %s, the target %s", state, out)
		}
		return nil
	})
	if n := number(t, "NRestarts"); n < 2 || n > 3 {
		t.Errorf("it was started again %d times", n)
	}
	if n := said() - before; n != 1 {
		t.Errorf("the journal says so %d times", n)
	}
	if now := does(t, "cat /proc/sys/kernel/random/boot_id"); now != boot {
		t.Error("the machine was booted")
	}
	does(t, "cp -p /etc/kiosk/well /etc/kiosk/kiosk.toml && systemctl reset-failed kioskd")
	started(t).ready()
	if out, _ := tried(t, "systemctl is-active kiosk-safe.target"); out != "inactive" {
		t.Errorf("the station still counts as out of order: %s", out)
	}
}

// sleepForABrowser: a cage and a browser are not on this disk. The whole disk for arm64 has both.
const sleepForABrowser = "[Unit]\nConditionPathExists=\n[Service]\nExecStart=\nExecStart=/bin/sleep infinity\n"

// kioskd may not restart the browser; a file that it writes may.
func TestSilentScreenIsStartedAgain(t *testing.T) {
	droppedIn(t, "kiosk-browser.service", sleepForABrowser)
	does(t, "systemctl start kiosk-browser")
	afterwards(t, func() { tried(t, "systemctl stop kiosk-browser kiosk-browser-restart.path") })
	pid := func() string { return does(t, "systemctl show -P MainPID kiosk-browser") }
	wait(t, "its user", func(context.Context) error { // a service counts as started a moment before it runs as another user
		if out := does(t, "stat -c %%U /proc/%s", pid()); out != "kiosk-browser" {
			return fmt.Errorf("it runs as %s", out)
		}
		return nil
	})
	if _, status := tried(t, "runuser -u kiosk-browser -- ls /var/lib/kiosk"); status == 0 {
		t.Error("the browser's user may look into the ledger's folder")
	}
	for range 2 {
		before := pid()
		does(t, "install -d -o kiosk -g kiosk -m 750 /run/kiosk && runuser -u kiosk -- sh -c 'date >/run/kiosk/browser-restart'")
		wait(t, "another process", func(context.Context) error {
			if now := pid(); now == before || now == "0" {
				return fmt.Errorf("process %s", now)
			}
			return nil
		})
	}
}

// Where cage crashes at a graphics driver, as it does at Mesa's for machines without one, the processor draws from then on.
func TestScreenComesWithoutAGraphicsDriver(t *testing.T) {
	droppedIn(t, "kiosk-browser.service", sleepForABrowser+"RestartSec=100ms\n")
	does(t, "systemctl start kiosk-browser")
	afterwards(t, func() {
		tried(t, "systemctl stop kiosk-browser kiosk-browser-restart.path; rm -f /run/kiosk-browser.renderer")
	})
	drawnBy := func() string {
		return does(t, "systemctl show -P MainPID kiosk-browser | xargs -I PID cat /proc/PID/environ | tr '\\0' '\\n' | grep WLR_RENDERER || true")
	}
	does(t, "systemctl restart kiosk-browser")
	if by := drawnBy(); by != "" {
		t.Errorf("before it has crashed: %s", by)
	}
	does(t, "systemctl kill --signal=SEGV kiosk-browser")
	wait(t, "the processor draws", func(context.Context) error {
		if by := drawnBy(); by != "WLR_RENDERER=pixman" {
			return errors.New(by)
		}
		return nil
	})
}

// The first device of a class is plugged in when the service runs already, and its driver is loaded late: it is open to the
// service all the same, under the name that stays.
func TestFirstDeviceOfAClassMayComeLate(t *testing.T) {
	n := installed(t)
	givenBack(t, n.Printer)
	gpio := lines(t, "late")
	noLines(t, "late") // the next chip gets its number
	droppedIn(t, "modprobe@.service", "[Unit]\nConditionCapability=\n[Service]\nExecStart=\nExecStart=-"+vm.BenchFolder+"/guest load %%i\n")
	names := []string{n.Card, n.Modem, n.Scanner, does(t, "find /dev/kiosk -name 'hid-*' -lname '*%s' | grep -v hid-at- | head -n 1", strings.TrimPrefix(n.HIDPOS, "/dev/")),
		does(t, "ls /dev/kiosk/printer-*PRINTER*"), n.I2C, n.SPI, gpio}
	for _, name := range names {
		if name == "" {
			t.Fatalf("a device has no name that stays: %q; %s", names, does(t, "ls -lR /dev/kiosk"))
		}
	}
	does(t, "systemctl stop devices")
	if err := debian.machine.Pull(pretend.CardAdapter); err != nil {
		t.Fatal(err)
	}
	afterwards(t, func() { remade(t) })
	for _, module := range []string{"ftdi_sio", "usbserial", "cdc_acm", "i2c_dev"} {
		does(t, "%s/guest unload %s", vm.BenchFolder, module)
	}
	if out := does(t, "cat /proc/devices"); strings.Contains(out, "ttyUSB") || strings.Contains(out, "ttyACM") || strings.Contains(out, " i2c") {
		t.Fatalf("the classes are there: %s", out)
	}
	probe(t, append([]string{"late"}, names...)...)
	does(t, "systemctl reset-failed 'modprobe@*'; systemctl stop 'modprobe@*'; systemctl start --no-block probe")
	wait(t, "the service runs", func(context.Context) error {
		if pid := does(t, "systemctl show -P MainPID probe"); pid == "0" {
			return errors.New("not yet")
		}
		return nil
	})
	remade(t)
	if got := lines(t, "late"); got != gpio {
		t.Fatalf("the chip is %s, want %s", got, gpio)
	}
	wait(t, "every device is open to it", func(context.Context) error {
		state := does(t, "systemctl show -P ActiveState probe")
		if state == "failed" {
			t.Fatal(does(t, "journalctl --no-pager -o cat -n 20 -u probe; ls -lR /dev/kiosk; cat /proc/devices"))
		}
		if state != "inactive" {
			return errors.New(state)
		}
		return nil
	})
}

// remade makes the station's devices again after they were taken away.
func remade(t *testing.T) {
	t.Helper()
	if _, status := tried(t, "systemctl is-active devices"); status == 0 {
		return
	}
	for _, module := range []string{"usbserial", "ftdi_sio", "cdc_acm", "i2c_dev"} { // as udev does when the first is plugged in
		does(t, "%s/guest load %s", vm.BenchFolder, module)
	}
	if err := debian.machine.Plug(pretend.CardAdapter); err != nil {
		t.Fatal(err)
	}
	service.nodes = makeDevices(t)
}

// A kernel that has crashed starts again, and the keyboard gives it no orders.
func TestKernelIsToldWhatToDoWhenItCrashes(t *testing.T) {
	installed(t)
	before := does(t, "cd /proc/sys/kernel && echo $(cat panic panic_on_oops sysrq)")
	afterwards(t, func() {
		does(t, "cd /proc/sys/kernel && set -- %s && echo $1 >panic && echo $2 >panic_on_oops && echo $3 >sysrq", before)
	})
	if got := does(t, "/lib/systemd/systemd-sysctl kiosk.conf && cd /proc/sys/kernel && echo $(cat panic panic_on_oops sysrq)"); got != "10 1 0" {
		t.Errorf("panic, panic_on_oops and sysrq are %s, before %s", got, before)
	}
}

// journalSays is how much the journal may take on the disk: the bound, or less where the disk must keep room.
var journalSays = regexp.MustCompile(`System Journal \(/var/log/journal/\w+\) is .*, max ([0-9.]+)M`)

// What is installed for the journal is understood, and bounds it.
func TestJournalHasBounds(t *testing.T) {
	installed(t)
	does(t, "systemctl restart systemd-journald && journalctl --flush")
	wait(t, "the journal says its bound", func(context.Context) error {
		out := does(t, "journalctl --no-pager -o cat -b -u systemd-journald")
		all := journalSays.FindAllStringSubmatch(out, -1)
		if all == nil {
			return errors.New(out)
		}
		said := all[len(all)-1] // it has begun more than once
		if most, err := strconv.ParseFloat(said[1], 64); err != nil || most > 64 {
			return fmt.Errorf("it may take %s MB", said[1])
		}
		return nil
	})
	if out := does(t, "journalctl --no-pager -o cat -b -u systemd-journald -u init.scope"); strings.Contains(out, "Unknown") || strings.Contains(out, "Failed to parse") {
		t.Errorf("it is not understood: %s", out)
	}
}
