//go:build vm

package vm_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"selfpay/cmd/kiosksim/surround"
	"selfpay/systemd/vm"
)

var debianDisk = flag.String("debian", "../../bin/vm/debian.img", "a disk with Debian")

// debian is the machine with Debian and devices, and what surrounds it. All its tests share it, since it takes long to boot;
// each leaves it as it was.
var debian struct {
	once    sync.Once
	machine *vm.Machine
	around  *surround.Surround
	charged atomic.Pointer[func()] // called when the terminal has charged a card, before the kiosk hears of it
	wrong   error
}

// onDebian switches the machine on, if no test has done so yet.
func onDebian(t *testing.T) *vm.Machine {
	t.Helper()
	debian.once.Do(func() { debian.wrong = bootDebian(t) })
	if debian.wrong != nil {
		t.Fatal(debian.wrong)
	}
	if wentOut() {
		t.Fatal("the machine went out in an earlier test")
	}
	return debian.machine
}

// wentOut says whether the machine has gone out by itself.
func wentOut() bool {
	select {
	case <-debian.machine.Ended():
		return true
	default:
		return false
	}
}

// afterwards does something when the test has ended, unless the machine is out.
func afterwards(t *testing.T, do func()) {
	t.Helper()
	t.Cleanup(func() {
		if !wentOut() {
			do()
		}
	})
}

// againOnDebian switches the machine on again that an earlier test has switched off. Of what was installed only the data disk
// is left.
func againOnDebian(t *testing.T) *vm.Machine {
	t.Helper()
	debian.once.Do(func() { debian.wrong = bootDebian(t) })
	if debian.wrong != nil {
		t.Fatal(debian.wrong)
	}
	if wentOut() {
		debian.machine.Cut()
		debian.wrong = powerOn(t, debian.machine)
		service.once = sync.Once{}
	}
	return onDebian(t)
}

func bootDebian(t *testing.T) error {
	folder := filepath.Join(built, "debian")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	image, err := debianImage(folder)
	if err != nil {
		return err
	}
	m := &vm.Machine{Folder: folder, Image: image}
	debian.machine = m
	if err := m.Build(); err != nil {
		return err
	}
	return powerOn(t, m)
}

// powerOn switches the machine on and waits until it takes orders. Once in some hundred times QEMU stands still before Linux has said
// anything, whatever is on the disk: then it is switched on once more. A machine that has spoken, or gone out, is not.
func powerOn(t *testing.T, m *vm.Machine) error {
	t.Helper()
	begun := time.Now()
	if err := m.On(); err != nil {
		return err
	}
	takesOrders := func() error {
		return waitFor(context.Background(), m, patience/2, "the machine takes orders", m.Booted)
	}
	err := takesOrders()
	select {
	case <-m.Ended():
		return err
	default:
	}
	if err != nil && !m.HasSpoken() {
		t.Logf("QEMU stood still for %s, and Linux has said nothing; once more", patience/2)
		m.Cut()
		begun = time.Now()
		if err := m.On(); err != nil {
			return err
		}
	}
	if err != nil {
		err = takesOrders()
	}
	t.Logf("takes orders %s after power-on", time.Since(begun).Round(100*time.Millisecond))
	return err
}

// debianImage holds the package as it is shipped, and the Go packages' tests for a real kernel. It starts the surroundings.
func debianImage(folder string) (image vm.Image, err error) {
	debs, err := packages()
	if err != nil {
		return image, err
	}
	programs, err := buildKernelTests()
	if err != nil {
		return image, err
	}
	debian.around, err = surround.Start(filepath.Join(built, "around"), surround.Options{Mode: "koha", CardWait: cardWait, Serial: true, Approved: func() {
		if f := debian.charged.Load(); f != nil {
			(*f)()
		}
	}})
	if err != nil {
		return image, err
	}
	orders, err := vm.FreePort()
	if err != nil {
		return image, err
	}
	relays, err := ports(debian.around)
	if err != nil {
		return image, err
	}
	image = vm.Image{Kernel: *kernel, Debian: *debianDisk, Guest: filepath.Join(built, "guest"), Programs: append(programs, debs...),
		Plan: vm.Plan{Orders: orders, Relays: relays}}
	return image, image.GiveDevices()
}

// endDebian switches it off.
func endDebian(failed bool) {
	if debian.machine == nil {
		return
	}
	if failed {
		text := debian.machine.Console()
		os.Stderr.WriteString("Debian's console:\n" + text[max(0, len(text)-20_000):] + debian.machine.Said())
	}
	debian.machine.Cut()
	if debian.around != nil {
		debian.around.Close()
	}
}

// leadCard connects the surroundings' card terminal with the far end of the guest's serial adapter.
func leadCard(t *testing.T) {
	t.Helper()
	near, err := os.OpenFile(filepath.Join(built, "around/terminal.tty"), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	far, err := net.Dial("tcp", debian.machine.CardLine())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	go io.Copy(near, far)
	go io.Copy(far, near)
}

// tried runs a shell command in Debian and returns what it prints and its status.
func tried(t *testing.T, command string, values ...any) (string, int) {
	t.Helper()
	onDebian(t)
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	done, err := debian.machine.Run(ctx, "/bin/sh", "-c", fmt.Sprintf(command, values...))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(done.Output), done.Status
}

// does runs a shell command that goes well.
func does(t *testing.T, command string, values ...any) string {
	t.Helper()
	out, status := tried(t, command, values...)
	if status != 0 {
		t.Fatalf("%s: exit status %d: %s", fmt.Sprintf(command, values...), status, out)
	}
	return out
}
