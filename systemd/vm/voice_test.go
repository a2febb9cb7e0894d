//go:build vm

package vm_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
)

// The voice of the unit as it is shipped is heard on a sound card of the kernel: plugging in a headset has the programs run that make
// speech of text and play it, which nothing else in the unit may. It is silent as soon as the headset is pulled out.
func TestTheVoiceIsHeardOutOfTheUnit(t *testing.T) {
	n := installed(t)
	const socket, ear = "/dev/ttyGS0", "/run/ear.wav" // the far end of the headset's line; what the card was to play
	configured(t, `$ a [voice]\nheadset = "serial://`+n.Modem+`?baud=9600"\noutput = "plughw:CARD=Loopback,DEV=0"`)
	s := started(t)
	s.ready()
	for _, check := range []string{"headset:link", "voice:speech"} {
		wait(t, check, func(ctx context.Context) error { return s.checkPasses(ctx, check) })
	}
	does(t, "rm -f %[1]s; systemd-run --quiet --unit=ear arecord --quiet -D plughw:CARD=Loopback,DEV=1 -f S16_LE -r 22050 -c 1 %[1]s", ear)
	afterwards(t, func() { tried(t, "systemctl stop ear; rm -f %s", ear) })
	loud := func() int { // bytes of samples that are not silence
		n, err := strconv.Atoi(does(t, `tail -c +45 %s | tr -d '\0' | wc -c`, ear))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	wait(t, "the ear listens", func(context.Context) error {
		if out, status := tried(t, "test $(stat -c %%s %s) -gt 44", ear); status != 0 {
			return fmt.Errorf("nothing is recorded: %s", out)
		}
		return nil
	})
	if n := loud(); n != 0 {
		t.Errorf("without a headset something is said: %d bytes", n)
	}
	does(t, `stty -F %[1]s raw -echo && printf 'in\n' >%[1]s`, socket)
	const word = 10_000 // bytes; a second is 44,100
	wait(t, "the screen is read out", func(context.Context) error {
		if n := loud(); n < word {
			return fmt.Errorf("%d bytes of sound", n)
		}
		return nil
	})
	does(t, `printf 'out\n' >%s`, socket)
	wait(t, "nobody speaks any more", func(context.Context) error {
		if out, status := tried(t, "grep -xl -e espeak-ng -e aplay /proc/[0-9]*/comm"); status == 0 {
			return fmt.Errorf("still there: %s", out)
		}
		return nil
	})
}
