package secondcopy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"selfpay/device/money"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/ledger/ledgertest"
	"selfpay/kiosk/payment"
)

const card = "20017000042317"

// books is a ledger with a payment and notes.
type books struct {
	*ledger.Ledger
	t      *testing.T
	folder string
}

func newBooks(t *testing.T) *books {
	t.Helper()
	folder := ledgertest.Folder(t)
	l, err := ledger.Open(folder, bytes.Repeat([]byte{7}, ledger.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	b := &books{l, t, folder}
	b.pay()
	return b
}

func stamp(second int) payment.Stamp {
	return payment.Stamp{Wall: time.Date(2026, 11, 28, 12, 0, second, 0, time.UTC), Boot: "one", Mono: time.Duration(second) * time.Second}
}

// pay begins a payment, whose card is in its event as ciphertext.
func (b *books) pay() {
	b.t.Helper()
	_, err := b.Intend(card, payment.Intended{Head: payment.Head{At: stamp(0)}, Amount: money.Of(1250, "EUR"), Rules: payment.StandardRules(time.Minute, false),
		Legs:    []payment.PlannedLeg{{Fee: "104", Amount: money.Of(1250, "EUR")}},
		Account: payment.Reading{Total: money.Of(1250, "EUR"), Fees: []payment.Balance{{Fee: "104", Minor: 1250}}}})
	if err != nil {
		b.t.Fatal(err)
	}
}

// note adds events.
func (b *books) note(count int) {
	b.t.Helper()
	for i := range count {
		if err := b.MaintenanceBegun(ledger.Maintenance{At: stamp(i), Staff: "mk", Note: fmt.Sprintf("note %d", i)}); err != nil {
			b.t.Fatal(err)
		}
	}
}

// medium is a folder that counts as another disk.
type medium struct {
	t      *testing.T
	folder string
	told   []string
}

func newMedium(t *testing.T) *medium {
	return &medium{t: t, folder: filepath.Join(ledgertest.Folder(t), "second")}
}

func (m *medium) plug() *medium {
	m.t.Helper()
	if err := os.Mkdir(m.folder, 0o755); err != nil {
		m.t.Fatal(err)
	}
	return m
}

func (m *medium) file() string { return filepath.Join(m.folder, "events") }

func (m *medium) copier(b Source, ours string) *Copier {
	c := New(Config{File: m.file(), Folder: ours, Ledger: b, Log: slog.New(slog.DiscardHandler),
		Tell: func(behind int64, since time.Time, err error) {
			m.told = append(m.told, fmt.Sprintf("%d behind, late %v, %v", behind, !since.IsZero(), err))
		}})
	c.disk = func(path string) (uint64, error) {
		if path == ours {
			return 1, nil
		}
		_, err := diskOf(path)
		return 2, err
	}
	return c
}

// copied lets a copier look once, and returns what is on the medium.
func (m *medium) copied(b *books) []byte {
	m.t.Helper()
	c := m.copier(b, b.folder)
	defer c.close()
	if err := c.look(m.t.Context()); err != nil {
		m.t.Fatal(err)
	}
	return m.read()
}

func (m *medium) read() []byte {
	m.t.Helper()
	text, err := os.ReadFile(m.file())
	if err != nil {
		m.t.Fatal(err)
	}
	return text
}

func (m *medium) write(text []byte) {
	m.t.Helper()
	if err := os.WriteFile(m.file(), text, 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// aside are the copies that were set aside.
func (m *medium) aside() []string {
	found, err := filepath.Glob(m.file() + ".aside-*")
	if err != nil {
		m.t.Fatal(err)
	}
	return found
}

func compare(t *testing.T, m *medium, b Source) Compared {
	t.Helper()
	c, err := Compare(t.Context(), m.file(), b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestACopyHoldsWhatTheLedgerHoldsAndNoCard(t *testing.T) {
	b, m := newBooks(t), newMedium(t).plug()
	b.note(2 * atOnce)
	text := m.copied(b)
	if got, newest := compare(t, m, b), b.NewestEvent(); !got.OK || got.Torn || got.Agree != newest || newest != 2*atOnce+1 || got.Problem != "" {
		t.Errorf("%+v, the ledger has %d events", got, newest)
	}
	if !bytes.Contains(text, []byte(`"sealed"`)) || bytes.Contains(text, []byte(card)) {
		t.Error("a card is missing, or stands there plainly")
	}
	b.note(3)
	if again := m.copied(b); !bytes.HasPrefix(again, text) || len(again) == len(text) {
		t.Error("what was there was written anew")
	}
}

// A copy that a power cut has torn at any byte is cut off and goes on; one whose end is zeros too.
func TestATornCopyGoesOn(t *testing.T) {
	b, m := newBooks(t), newMedium(t).plug()
	b.note(2)
	whole := m.copied(b)
	for n := range len(whole) {
		for _, end := range [][]byte{nil, make([]byte, 40), make([]byte, 5000)} {
			torn := append(bytes.Clone(whole[:n]), end...)
			m.write(torn)
			if got := compare(t, m, b); !got.OK && n >= headLength {
				t.Fatalf("torn at byte %d with %d zeros: %+v", n, len(end), got)
			}
			if got := m.copied(b); !bytes.Equal(got, whole) || n >= headLength && len(m.aside()) > 0 {
				t.Fatalf("torn at byte %d with %d zeros: %d bytes, want %d; set aside %v", n, len(end), len(got), len(whole), m.aside())
			}
			for _, file := range m.aside() { // the head did not come through
				os.Remove(file)
			}
		}
	}
}

// Any changed bit is found. It is told where; the file is set aside, never written over, and the copy is begun anew.
func TestADamagedCopyIsFoundAndSetAside(t *testing.T) {
	b, m := newBooks(t), newMedium(t).plug()
	b.note(3)
	whole := m.copied(b)
	links, err := b.Chain(b.NewestEvent()-1, 1)
	if err != nil {
		t.Fatal(err)
	}
	last, err := encode(links[0])
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		flipped := bytes.Clone(whole)
		flipped[n] ^= 0x10
		m.write(flipped)
		got := compare(t, m, b)
		inLast := n >= len(whole)-len(last) // it cannot be told from one that is torn, and is not missed
		if got.OK && !inLast || got.Agree >= b.NewestEvent() {
			t.Fatalf("byte %d: %+v", n, got)
		}
		if after := m.copied(b); !bytes.Equal(after, whole) {
			t.Fatalf("byte %d: the copy is not begun anew", n)
		}
		aside := m.aside()
		if inLast && len(aside) == 0 {
			continue
		}
		if len(aside) != 1 {
			t.Fatalf("byte %d: set aside %v", n, aside)
		}
		if kept, err := os.ReadFile(aside[0]); err != nil || !bytes.Equal(kept, flipped) {
			t.Fatalf("byte %d: what is set aside is another: %v", n, err)
		}
		os.Remove(aside[0])
	}
}

func TestACopyOfAnotherLedgerIsNamedAndSetAside(t *testing.T) {
	for name, c := range map[string]struct {
		before func(m *medium, b *books)
		words  string
	}{
		"another ledger": {func(m *medium, b *books) {
			other := newBooks(b.t)
			for other.Epoch() == b.Epoch() {
				other = newBooks(b.t)
			}
			m.copied(other)
		}, "another ledger"},
		"events that the ledger has not": {func(m *medium, b *books) {
			m.copied(b)
			more := m.read()
			last, err := b.Chain(b.NewestEvent()-1, 1)
			if err != nil {
				b.t.Fatal(err)
			}
			before := last[0]
			for range 2 {
				lost := ledger.Link{Event: before.Event + 1, Kind: "of tomorrow", Data: []byte(`{}`), Before: before.Hash}
				lost.Hash = lost.Expected()
				record, err := encode(lost)
				if err != nil {
					b.t.Fatal(err)
				}
				more, before = append(more, record...), lost
			}
			m.write(more)
		}, "event 4 and what follows are missing in the ledger"},
		"no copy at all": {func(m *medium, b *books) { m.write([]byte("a letter to the library, and long enough")) }, "no copy"},
	} {
		b, m := newBooks(t), newMedium(t).plug()
		b.note(2)
		c.before(m, b)
		if got := compare(t, m, b); got.OK || !strings.Contains(got.Problem, c.words) {
			t.Errorf("%s: %+v", name, got)
		}
		m.copied(b)
		if got := compare(t, m, b); !got.OK || got.Agree != b.NewestEvent() || len(m.aside()) != 1 {
			t.Errorf("%s: afterwards %+v, set aside %v", name, got, m.aside())
		}
	}
}

// A changed event in the ledger itself is found by a sound copy.
func TestAnExchangedEventOfTheLedgerIsFound(t *testing.T) {
	b, m := newBooks(t), newMedium(t).plug()
	b.note(5)
	m.copied(b)
	got, err := Compare(t.Context(), m.file(), exchanged{b, 3})
	if err != nil || got.OK || got.Agree != 2 || !strings.Contains(got.Problem, "event 3 is another in the ledger") {
		t.Errorf("%+v, %v", got, err)
	}
}

// exchanged is a ledger with another event at one place.
type exchanged struct {
	*books
	at int64
}

func (e exchanged) Chain(after int64, most int) ([]ledger.Link, error) {
	all, err := e.books.Chain(after, most)
	for i := range all {
		if all[i].Event == e.at {
			all[i].Hash = bytes.Repeat([]byte{1}, hashLength)
		}
	}
	return all, err
}

// A medium that is away, full, pulled or exchanged holds up nothing; when it is there again it is brought up to the ledger.
func TestAMediumThatWasAwayIsBroughtUpToDate(t *testing.T) {
	b, m := newBooks(t), newMedium(t)
	c := m.copier(b, b.folder)
	defer c.close()
	look := func(want string) {
		t.Helper()
		err := c.look(t.Context())
		if err != nil {
			c.close()
		}
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Fatalf("look = %v, want %q", err, want)
		}
	}
	up := func() {
		t.Helper()
		look("")
		if got := compare(t, m, b); !got.OK || got.Agree != b.NewestEvent() {
			t.Fatalf("%+v", got)
		}
	}
	look("no such file")
	m.plug()
	up()
	b.note(10)
	if err := os.Rename(m.folder, m.folder+".pulled"); err != nil {
		t.Fatal(err)
	}
	look("no such file")
	m.plug() // another medium, empty
	up()
	b.note(10)
	if err := errors.Join(os.Rename(m.folder, m.folder+".second"), os.Rename(m.folder+".pulled", m.folder)); err != nil {
		t.Fatal(err)
	}
	up() // the first again, which is behind
	b.note(400)
	full(t, int64(len(m.read()))+1000, func() { look("file too large") })
	if got := compare(t, m, b); !got.OK || got.Agree >= b.NewestEvent() {
		t.Errorf("when it was full: %+v", got)
	}
	up()
	if len(m.aside()) > 0 {
		t.Errorf("set aside: %v", m.aside())
	}
}

// full bounds the length of all files while do runs: a write ends in the middle, as on a medium that is full.
func full(t *testing.T, bytes int64, do func()) {
	t.Helper()
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: uint64(bytes), Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	defer unix.Setrlimit(unix.RLIMIT_FSIZE, &before)
	do()
}

// Below the place of a medium that is not mounted lies the ledger's own disk.
func TestNoCopyOnTheLedgersOwnDisk(t *testing.T) {
	b, m := newBooks(t), newMedium(t).plug()
	c := m.copier(b, b.folder)
	c.disk = func(string) (uint64, error) { return 1, nil }
	if err := c.look(t.Context()); !errors.Is(err, errSameDisk) {
		t.Errorf("look = %v", err)
	}
	if left, err := os.ReadDir(m.folder); err != nil || len(left) > 0 {
		t.Errorf("it has written %v %v", left, err)
	}
	if one, err := diskOf("/proc"); err != nil {
		t.Error(err)
	} else if two, err := diskOf(m.folder); err != nil || one == two {
		t.Errorf("/proc and %s are on one disk: %d %d %v", m.folder, one, two, err)
	}
}

// hung is a ledger at which reading hangs, as writing does on a medium that hangs.
type hung struct {
	Source
	hangs chan struct{}
}

func (h hung) Chain(int64, int) ([]ledger.Link, error) { close(h.hangs); select {} }

func TestAMediumThatHangsHoldsUpNobody(t *testing.T) {
	b, m := newBooks(t), newMedium(t).plug()
	hangs := make(chan struct{})
	c := m.copier(hung{b, hangs}, b.folder)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	<-hangs
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("Run = %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("the end of the program waits for the medium")
	}
}

// still is a ledger without a disk, for virtual time.
type still struct{ newest int64 }

func (s still) Epoch() int                              { return 4821 }
func (s still) NewestEvent() int64                      { return s.newest }
func (s still) Chain(int64, int) ([]ledger.Link, error) { return nil, nil }

func TestItIsToldHowMuchTheCopyLacksAndSinceWhen(t *testing.T) {
	m := newMedium(t)
	synctest.Test(t, func(t *testing.T) {
		var behind int64
		var since time.Time
		var why error
		c := m.copier(still{3}, "/ours")
		c.Tell = func(b int64, s time.Time, err error) { behind, since, why = b, s, err }
		begun := time.Now()
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		if err := c.Run(ctx); err != nil {
			t.Error(err)
		}
		if behind != 3 || !since.Equal(begun) || why == nil {
			t.Errorf("behind %d since %s because of %v", behind, since.Sub(begun), why)
		}
	})
}
