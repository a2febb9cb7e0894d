package escpos

import (
	"os"
	"slices"
	"strings"
	"testing"

	"selfpay/device/printer"
)

// TestPackageCommentShowsTheTableOfBits holds the comment and the code together.
func TestPackageCommentShowsTheTableOfBits(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	for line := range strings.Lines(string(text)) {
		if row, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "//\t"); ok && strings.Contains(row, " byte ") {
			shown = append(shown, row)
		}
	}
	var want []string
	for _, b := range bits {
		want = append(want, b.String())
	}
	if !slices.Equal(shown, want) {
		t.Errorf("doc.go shows\n%s\nthe code has\n//\t%s", strings.Join(shown, "\n"), strings.Join(want, "\n//\t"))
	}
}

// TestEachBitSaysWhatTheTableSays sets every bit alone.
func TestEachBitSaysWhatTheTableSays(t *testing.T) {
	p := mustProfile(DefaultProfile)
	for _, b := range bits {
		bytes := make([]byte, 6)
		bytes[b.index] = b.mask
		var r reading
		r.add(b.answer, bytes)
		s := r.status(p)
		said, check := "-", "-"
		switch {
		case s.PaperNearEnd && !s.PaperEnd:
			said, check = "paper nearly at its end", "printer:paper"
		case s.PaperEnd:
			said, check = "no paper", "printer:paper"
		case !s.Ready():
			said, check = s.Problem(), "printer:link"
		}
		if said != b.staff() || check != b.check() {
			t.Errorf("%v: status %+v says %q [%s]", b, s, said, check)
		}
		if stops := r.stops(); stops != (b.check() != "-" && b.effect != isNearEnd) {
			t.Errorf("%v: stops = %t", b, stops)
		}
	}
}

func TestWorstFaultIsTold(t *testing.T) {
	for _, f := range bits {
		if f.effect == isFault && !slices.Contains(severity, f.fault) {
			t.Errorf("%v has no place in the order of faults", f)
		}
	}
	var r reading
	r.add(answerError, []byte{0x12 | 0x08 | 0x20 | 0x40})
	if s := r.status(mustProfile(DefaultProfile)); s.Fault != faultUnrecoverable {
		t.Errorf("fault = %q", s.Fault)
	}
}

func TestBlocksAreToldApart(t *testing.T) {
	for _, c := range []struct {
		bytes string
		want  block
		text  string
	}{
		{"\x37\x220417\x00", blockDone, "0417"}, // GS ( H function 48
		{"\x37\x23\x41\x42\x00", blockOffline, "AB"},
		{"\x37\x25\x00", blockCleared, ""},
		{"\x37\x36\x32\x31\x1F\x31\x00", blockQRSize, "21\x1f1"},
		{"_TM-T88V\x00", blockIdentity, "TM-T88V"},
		{"\x37\x22041\x00", blockOther, "\x37\x22041"},
		{"\x35\x00", blockOther, "\x35"},
		{"\x37\x00", blockOther, "\x37"},
	} {
		got := parsed([]byte(c.bytes))
		if len(got) != 1 || got[0].kind != kindBlock {
			t.Errorf("% x: %v", c.bytes, got)
			continue
		}
		if what, text := got[0].block(); what != c.want || text != c.text {
			t.Errorf("% x = %d %q, want %d %q", c.bytes, what, text, c.want, c.text)
		}
	}
}

func TestFullStatusIsReadWhereTheProfileHasOne(t *testing.T) {
	// Custom: 10 0F paper user recoverable unrecoverable
	feed := func(full bool, b string) []message {
		p := parser{full: full}
		var all []message
		for _, c := range []byte(b) {
			if m := p.feed(c); m.kind != kindNone && m.kind != kindFlow {
				all = append(all, message{m.kind, slices.Clone(m.bytes)})
			}
		}
		return all
	}
	got := feed(true, "\x10\x0F\x24\x02\x13\x08\x01\x12")
	if len(got) != 2 || got[0].kind != kindFull || string(got[0].bytes) != "\x10\x0F\x24\x02\x08\x01" || got[1].kind != kindRealTime {
		t.Errorf("full status: %v", got)
	}
	a := answers{realTime: [4]byte{0x12, 0x12, 0x12, 0x12}, full: got[0].bytes}
	p := mustProfile("custom-vkp80ii")
	want := printer.Status{Online: true, PaperNearEnd: true, CoverOpen: true, Fault: faultCutter}
	if s := a.status(p); s != want || !a.presented() {
		t.Errorf("status = %+v, want %+v; presented %t", s, want, a.presented())
	}
	if got := feed(true, "\x10\x00\x00\x00"); len(got) != 1 || got[0].kind != kindASB {
		t.Errorf("automatic status of such a printer: %v", got)
	}
	if got := feed(false, "\x10\x0F\x24\x02"); len(got) != 1 || got[0].kind != kindASB {
		t.Errorf("the same bytes of another printer: %v", got)
	}
}

func TestAutomaticStatusIsReadWhereverItIsSplit(t *testing.T) {
	for at := range 4 {
		var p parser
		for i, c := range []byte{0x1C, 0x08, 0x0F, 0x00} {
			if i == at {
				p.feed(0x13)
			}
			if m := p.feed(c); i == 3 && (m.kind != kindASB || !troubleASB(m.bytes)) {
				t.Errorf("XOFF before byte %d: %v", at, m)
			}
		}
	}
}
