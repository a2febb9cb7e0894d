//go:build vm

package vm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// withCharged calls do when the terminal has charged a card, before the kiosk hears of it, until the test has ended.
func withCharged(t *testing.T, do func()) {
	t.Helper()
	debian.charged.Store(&do)
	t.Cleanup(func() { debian.charged.Store(nil) })
}

// The disk is filled to its last byte while the terminal works: the ballast is given up, the payment is recorded and posted
// without a restart, and no other begins until there is room again.
func TestPaymentEndsOnAFullDisk(t *testing.T) {
	onDataDisk(t)
	s := started(t)
	s.ready()
	starts := property(t, "NRestarts")
	full := func() { // at once: a disk that fills slowly takes the room of the ballast too
		if out := does(t, "stat -c %%s /var/lib/kiosk/ballast; fallocate -l 1G /mnt/fill 2>&1 || sync; df -k /mnt"); !strings.Contains(out, "No space left") || !strings.Contains(out, "16777216") {
			t.Errorf("the disk is not full, or there was no ballast: %s", out)
		}
		wait(t, "the ballast is given up", func(context.Context) error {
			if _, status := tried(t, "test ! -e /var/lib/kiosk/ballast"); status != 0 {
				return errors.New("it is there")
			}
			return nil
		})
	}
	withCharged(t, full)
	before := len(debian.around.Books().Captures)
	s.patron(t.Context(), cards[0])
	debian.charged.Store(nil)
	if len(s.told) != 1 || len(debian.around.Books().Captures) != before+1 {
		t.Fatalf("the payment did not end: told %v", s.told)
	}
	s.settled()
	if got := property(t, "NRestarts"); got != starts {
		t.Errorf("it was started again: %s, before %s", got, starts)
	}
	s.wait("no payment begins", func(ctx context.Context) error {
		out, _ := tried(t, "kioskctl --json status")
		if !strings.Contains(out, `"reason":"storage"`) {
			return errors.New(out)
		}
		return nil
	})
	s.patron(t.Context(), cards[1])
	if len(s.told) != 1 {
		t.Error("a payment was begun on a full disk")
	}
	does(t, "rm /mnt/fill")
	s.ready()
	if out := does(t, "stat -c %%s /var/lib/kiosk/ballast"); out != "16777216" {
		t.Errorf("the ballast is %s bytes", out)
	}
	s.patron(t.Context(), cards[1])
	if len(s.told) != 2 {
		t.Error("with room again nobody can pay")
	}
	s.paymentsAgree(debian.around.Books())
}

// The root is read-only: a station needs its state folder, and what is in memory anyway.
func TestStationOnAReadOnlyRoot(t *testing.T) {
	onDataDisk(t)
	does(t, "systemctl stop kioskd; install -m 644 /usr/share/systemd/tmp.mount /etc/systemd/system/ && systemctl daemon-reload && systemctl start tmp.mount && journalctl --relinquish-var && mount -o remount,ro /")
	afterwards(t, func() {
		does(t, "systemctl stop kioskd; mount -o remount,rw / && journalctl --flush; systemctl stop tmp.mount; rm /etc/systemd/system/tmp.mount; systemctl daemon-reload")
	})
	if _, status := tried(t, "touch /var/lib/here /etc/here"); status == 0 {
		t.Fatal("the root can be written")
	}
	s := started(t)
	s.ready()
	s.patron(t.Context(), cards[0])
	if len(s.told) != 1 {
		t.Error("nobody can pay")
	}
	s.settled()
	s.paymentsAgree(debian.around.Books())
}

// A stick with a file system for the second copy, whose folder belongs to the daemon.
func secondStick(t *testing.T) (image string) {
	t.Helper()
	image = filepath.Join(t.TempDir(), "second.img")
	owner := does(t, "echo $(id -u kiosk):$(id -g kiosk)")
	if out, err := exec.Command("mke2fs", "-q", "-t", "ext4", "-L", "second", "-E", "root_owner="+owner, image, "16M").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return image
}

// A second medium, a stick as the guide says, comes late, is full, pulled and exchanged while patrons pay. It keeps nobody waiting,
// and is brought up to the ledger.
func TestSecondMediumComesAndGoesWhilePatronsPay(t *testing.T) {
	onDataDisk(t)
	does(t, "set -e\n%s", block(t, "../../docs/storage.md", "Tell systemd to mount it as soon as it is there:"))
	afterwards(t, func() {
		tried(t, "systemctl disable --now media-second.mount; rm /etc/systemd/system/media-second.mount")
	})
	configured(t, `$ a [storage]\nsecond_copy = "/media/second/events"`)
	first, other := secondStick(t), secondStick(t)
	in := false
	plug := func(image string) {
		t.Helper()
		if err := debian.machine.PlugStick(image); err != nil {
			t.Fatal(err)
		}
		in = true
	}
	pull := func() {
		t.Helper()
		if err := debian.machine.PullStick(); err != nil {
			t.Error(err)
		}
		in = false
	}
	afterwards(t, func() {
		if in {
			pull()
		}
	})
	s := started(t)
	s.ready()
	pay := func(want int) {
		t.Helper()
		s.patron(t.Context(), cards[want%len(cards)])
		if len(s.told) != want {
			t.Fatalf("told %v, want %d payments", s.told, want)
		}
	}
	compared := func(what string, lacks bool) {
		t.Helper()
		s.wait(what, func(ctx context.Context) error {
			out, status := tried(t, "kioskctl --json ledger verify --against /media/second/events")
			var v struct {
				Events  int64
				Against struct{ Agree int64 }
			}
			if err := json.Unmarshal([]byte(out), &v); err != nil || status != 0 || (v.Against.Agree < v.Events) != lacks {
				return fmt.Errorf("%d %s %v", status, out, err)
			}
			return nil
		})
	}
	pay(1) // without it
	plug(first)
	compared("a medium that comes late", false)
	tried(t, "dd if=/dev/zero of=/media/second/fill bs=1k; sync")
	for i := 2; i < 4; i++ {
		pay(i) // while it is full
	}
	compared("a copy that has no room", true)
	does(t, "rm /media/second/fill")
	compared("a copy that has room again", false)
	pull()
	pay(4)
	plug(other)
	compared("another medium", false)
	pull()
	plug(first)
	compared("the first one again", false)
}

// The machine has no clock of its own, and starts in 1970, or where its battery has died, in 2001. Patrons pay; then the time
// comes. Order is by number, so the books are right, and the days are those that the clock said.
func TestPaymentsBeforeAndAfterTheClockIsSet(t *testing.T) {
	onDataDisk(t)
	right := time.Now().UTC()
	afterwards(t, func() { does(t, "systemctl stop kioskd; date -s @%d", time.Now().Unix()) })
	days := []string{"1970-01-02", "2001-01-01", right.Format(time.DateOnly)}
	var s *station
	for i, day := range days {
		at := day + "T10:00:00Z"
		if i == len(days)-1 {
			at = right.Format(time.RFC3339)
		}
		if i != 1 || s == nil { // 2001 comes at a start, the right time while it runs
			does(t, "date -u -s %s", at)
		}
		if s == nil {
			s = started(t)
		}
		if i == 1 {
			does(t, "systemctl stop kioskd; date -u -s %s; systemctl start kioskd", at)
		}
		s.ready()
		s.patron(t.Context(), cards[i])
		if len(s.told) != i+1 {
			t.Fatalf("nobody can pay on %s", day)
		}
	}
	s.settled()
	s.paymentsAgree(debian.around.Books())
	for i, day := range days {
		out := does(t, "kioskctl --json report day --date %s", day)
		var r struct {
			Books struct {
				Captured int64 `json:"captured_minor"`
				Posted   int64 `json:"posted_minor"`
			}
			Findings []string
		}
		if err := json.Unmarshal([]byte(out), &r); err != nil || r.Books.Captured != 10 || r.Books.Posted != 10 {
			t.Errorf("the books of %s: %s %v", day, out, err)
		}
		last := i == len(days)-1
		if all := strings.Join(r.Findings, " "); last && !(strings.Contains(all, s.told[0]) && strings.Contains(all, s.told[1]) && strings.Contains(all, days[1])) {
			t.Errorf("the report of %s does not name what came before: %s", day, all)
		}
		for _, receipt := range debian.around.Books().Receipts {
			if strings.Contains(receipt, s.told[i]) && strings.Contains(receipt, "not known (clock not set)") == last {
				t.Errorf("the receipt of %s: %s", day, receipt)
			}
		}
		if i > 0 && s.told[i-1] >= s.told[i] {
			t.Errorf("payments are not in order: %v", s.told)
		}
	}
	if out, status := tried(t, "kioskctl ledger verify"); status != 0 {
		t.Errorf("the ledger: %s", out)
	}
}
