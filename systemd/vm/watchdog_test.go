//go:build vm

package vm_test

import (
	"testing"
	"time"
)

// The kernel crashes and stands still; the hardware watchdog (i6300esb) resets the machine, which here ends it. So this test
// is the last one.
func TestFrozenMachineIsResetByItsWatchdog(t *testing.T) {
	m := onDebian(t)
	does(t, "systemd-run --quiet sh -c 'echo 0 >/proc/sys/kernel/panic; exec 3>/dev/watchdog; echo >&3; echo c >/proc/sysrq-trigger'")
	select {
	case <-m.Ended():
	case <-time.After(patience):
		t.Error("the machine stands still for ever")
	}
}
