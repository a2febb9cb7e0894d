//go:build vm

package vm_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/systemd/vm"
)

// acknowledged is an event that kioskd has spoken of on its console: it must have been saved before.
type acknowledged struct{ payment, kind string }

var spoken = regexp.MustCompile(`msg=payment payment=(\S+) state=(?:"[^"]*"|\S+) event=(?:"([^"]*)"|(\S+)).*\n`)

// acknowledgedIn lists what whole lines of the console speak of. The console is outside the machine, so it remembers
// what was said before a power cut.
func acknowledgedIn(console string) []acknowledged {
	var all []acknowledged
	for life := range strings.SplitSeq(console, vm.PowerOnMark) {
		whole := life[:strings.LastIndex(life, "\n")+1]
		for _, m := range spoken.FindAllStringSubmatch(whole, -1) {
			all = append(all, acknowledged{payment: m[1], kind: m[2] + m[3]})
		}
	}
	return all
}

func TestALineThatAPowerCutToreAcknowledgesNothing(t *testing.T) {
	const line = "[   1.0] kioskd[1]: level=INFO msg=payment payment=3441-1 state=approved event=\"account read\" leg1=posting\n"
	torn := line[:strings.Index(line, "read")+2]
	console := vm.PowerOnMark + line + torn + vm.PowerOnMark + "[   0.0] Linux\n" + line
	if said := acknowledgedIn(console); len(said) != 2 || said[0].kind != "account read" || said[1] != said[0] {
		t.Errorf("acknowledged are %q", said)
	}
}

// examine looks at an image of the data disk and says what is wrong: a damaged file system, a ledger that does not fit
// together, or acknowledged events that are not there. The image stays as it is.
func examine(t *testing.T, image string, said []acknowledged) (events int64, wrong error) {
	t.Helper()
	folder, err := os.MkdirTemp("", "selfpay-disk-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder)
	state, err := stateOn(image, folder)
	if err != nil {
		return 0, err
	}
	if _, err := os.Stat(filepath.Join(state, ledger.FileName)); err != nil && len(said) == 0 {
		return 0, nil // cut before there was a ledger
	}
	if _, err := os.Stat(filepath.Join(state, "keys/ledger.key")); err != nil {
		return 0, fmt.Errorf("the key of the patrons' cards is lost: %w", err)
	}
	l, err := ledger.Open(state, nil)
	if err != nil {
		return 0, err
	}
	defer l.Close()
	found, err := l.Verify(t.Context())
	return found.Events, errors.Join(err, missing(l, said))
}

// stateOn copies kioskd's state from a disk into folder, as it is after the file system has been brought into order.
func stateOn(image, folder string) (state string, err error) {
	disk := filepath.Join(folder, "disk.img")
	if err := vm.CopyDisk(image, disk); err != nil {
		return "", err
	}
	if _, err := vm.CheckDisk(disk); err != nil {
		return "", err
	}
	return filepath.Join(folder, "kiosk"), vm.CopyState(disk, "/kiosk", folder)
}

// missing says which acknowledged events the ledger does not hold in that order. It may hold more: what was saved but
// not spoken of any more.
func missing(l *ledger.Ledger, said []acknowledged) error {
	lost := 0
	held := map[string][]string{}
	for _, a := range said {
		kinds, known := held[a.payment]
		if !known {
			kinds = kindsOf(l, a.payment)
		}
		i := slices.Index(kinds, a.kind)
		if i < 0 {
			lost++
		}
		held[a.payment] = kinds[i+1:]
	}
	if lost > 0 {
		return fmt.Errorf("%d of %d acknowledged events are lost", lost, len(said))
	}
	return nil
}

func kindsOf(l *ledger.Ledger, code string) []string {
	id, err := payment.ParseID(code)
	if err != nil || id.Epoch != l.Epoch() {
		return nil
	}
	entries, err := l.Events(id)
	if err != nil {
		return nil
	}
	var kinds []string
	for _, e := range entries {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// sight is what was seen at one moment: how much stood on the console, and after that how much was written to the disk.
type sight struct{ console, writes int }

// watch looks at console and disk again and again until ctx ends.
func (s *station) watch(ctx context.Context) []sight {
	var all []sight
	for ctx.Err() == nil {
		seen := sight{console: s.machine.Spoken()}
		var err error
		if seen.writes, err = s.machine.Logged(); err != nil {
			s.t.Error(err)
			return nil
		}
		if len(all) == 0 || all[len(all)-1] != seen {
			all = append(all, seen)
		}
		time.Sleep(2 * time.Millisecond)
	}
	return all
}

// saidBefore is what stood on the console before so many writes were logged: all of it must be in them.
func saidBefore(writes int, seen []sight, console string) []acknowledged {
	length := 0
	for _, at := range seen {
		if at.writes <= writes {
			length = at.console
		}
	}
	return acknowledgedIn(console[:strings.LastIndex(console[:length], "\n")+1])
}
