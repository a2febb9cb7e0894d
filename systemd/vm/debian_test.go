//go:build vm

package vm_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"selfpay/systemd/vm"
)

var debianDisk = flag.String("debian", "../../bin/vm/debian.img", "a disk with Debian")

// debian is the machine with Debian and devices. All its tests share it, since it takes long to boot; each leaves it as it was.
var debian struct {
	once    sync.Once
	machine *vm.Machine
	wrong   error
}

// onDebian switches the machine on, if no test has done so yet.
func onDebian(t *testing.T) *vm.Machine {
	t.Helper()
	debian.once.Do(func() { debian.wrong = bootDebian(t) })
	if debian.wrong != nil {
		t.Fatal(debian.wrong)
	}
	return debian.machine
}

func bootDebian(t *testing.T) error {
	folder := filepath.Join(built, "debian")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	orders, err := vm.FreePort()
	if err != nil {
		return err
	}
	tests, err := buildKernelTests()
	if err != nil {
		return err
	}
	m := &vm.Machine{Folder: folder, Image: vm.Image{
		Kernel:   *kernel,
		Debian:   *debianDisk,
		Guest:    filepath.Join(built, "guest"),
		Programs: tests,
		Plan:     vm.Plan{Orders: orders},
	}}
	debian.machine = m
	if err := m.Image.GiveDevices(); err != nil {
		return err
	}
	if err := m.Build(); err != nil {
		return err
	}
	begun := time.Now()
	if err := m.On(); err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	err = vm.Wait(ctx, "Debian takes orders", m.Booted)
	t.Logf("Debian takes orders %s after power-on", time.Since(begun).Round(100*time.Millisecond))
	return err
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
}

// does runs a shell command in Debian and returns what it prints.
func does(t *testing.T, command string) string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	done, err := onDebian(t).Run(ctx, "/bin/sh", "-c", command)
	if err != nil {
		t.Fatal(err)
	}
	if done.Status != 0 {
		t.Fatalf("%s: exit status %d: %s", command, done.Status, done.Output)
	}
	return strings.TrimSpace(done.Output)
}
