package escpostest

import (
	"slices"
	"testing"
)

func TestInterpreterReadsBytesOfTheManual(t *testing.T) {
	var m machine
	m.reset()
	m.receive([]byte("\x1b@\x1bt\x13B\x81cherei 1,00 \xd5\n" + "\x1ba\x01\x1d!\x11Mitte\n\x1ba\x00\x1d!\x00" + "\x1dk\x49\x04{Bab\x1dv0\x00\x01\x00\x02\x00\xff\xffx\n\x1dVB\x00"))
	m.work()
	if want := []string{"Bücherei 1,00 €\n        Mitte\nx"}; !slices.Equal(m.receipts, want) {
		t.Errorf("receipts = %q, want %q", m.receipts, want)
	}
	if m.unknown != 0 {
		t.Errorf("%d unknown commands", m.unknown)
	}
}

func TestWhatWaitsWithoutPaperComesOutWithIt(t *testing.T) {
	p := New()
	p.PaperOut()
	p.act(func() { p.machine.receive([]byte("late\n\x1dV\x00")) })
	if got := p.Receipts(); len(got) != 0 {
		t.Fatalf("printed without paper: %q", got)
	}
	p.PaperIn()
	if got := p.Receipts(); !slices.Equal(got, []string{"late"}) {
		t.Errorf("receipts = %q", got)
	}
}

func TestStatusVectors(t *testing.T) {
	p := New()
	ask := func() []byte {
		p.machine.said = nil
		p.machine.receive([]byte("\x10\x04\x01\x10\x04\x02\x10\x04\x03\x10\x04\x04"))
		said := p.machine.said
		p.machine.said = nil
		return said
	}
	for _, c := range []struct {
		name string
		set  func()
		want []byte
	}{
		{"normal", func() {}, []byte{0x16, 0x12, 0x12, 0x12}},
		{"near end", func() { p.NearEnd(true) }, []byte{0x16, 0x12, 0x12, 0x1E}},
		{"no paper", p.PaperOut, []byte{0x1E, 0x32, 0x12, 0x7E}},
		{"cover open", func() { p.PaperIn(); p.OpenCover() }, []byte{0x1E, 0x16, 0x12, 0x12}},
	} {
		c.set()
		if got := ask(); !slices.Equal(got, c.want) {
			t.Errorf("%s: % x, want % x", c.name, got, c.want)
		}
	}
}

func TestClearForgetsTheBufferAndSaysSo(t *testing.T) {
	p := New()
	p.PaperOut()
	p.machine.receive([]byte("old\n\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"))
	if got := string(p.machine.said); got != "\x37\x25\x00" {
		t.Errorf("said %q", got)
	}
	p.PaperIn()
	if h := p.Hanging(); h != "" {
		t.Errorf("printed %q", h)
	}
}

func TestAutomaticStatusTellsOfChange(t *testing.T) {
	var m machine
	m.reset()
	m.receive([]byte("\x1da\xff"))
	m.work()
	m.paper = 0
	m.work()
	if got := string(m.said); got != "\x14\x00\x00\x00\x1c\x00\x0f\x00" {
		t.Errorf("said %q", got)
	}
}

func FuzzInterpreter(f *testing.F) {
	f.Add([]byte("\x1b@\x1bt\x13B\x81\n\x1dVB\x00\x10\x04\x01\x1d(k\x03\x001C\x04"), 3)
	f.Add([]byte("\x1d8L\xff\xff\xff\xff\x1dk\x04\x1bD\x01\x1c&\x80"), -1)
	f.Fuzz(func(t *testing.T, b []byte, rows int) {
		p := New()
		if rows >= 0 {
			p.PaperEndsAfter(rows)
		}
		p.act(func() { p.machine.receive(b) })
		p.PaperIn()
		p.CloseCover()
		p.Receipts()
		if len(p.machine.buffer) > bufferSize {
			t.Fatal("buffer grows without bound")
		}
	})
}

func TestProcessIDIsAnsweredWhenItsTurnComes(t *testing.T) {
	p := New()
	p.PaperOut()
	p.act(func() { p.machine.receive([]byte("x\n\x1d(H\x06\x00\x30\x300417")) })
	p.machine.said = nil
	p.machine.paper = endless
	p.machine.work()
	if got := string(p.machine.said); got != "\x37\x220417\x00" {
		t.Errorf("said %q", got)
	}
	p.ForgetIDs()
	p.machine.said = nil
	p.machine.receive([]byte("\x1d(H\x06\x00\x30\x300418"))
	p.machine.work()
	if got := p.machine.said; len(got) != 0 {
		t.Errorf("a printer without ids said %q", got)
	}
}

func TestCustomPrinterTellsOfItsPresenter(t *testing.T) {
	var m machine
	m.reset()
	m.custom = true
	m.receive([]byte("x\n\x1dV\x00\x1de\x03\x0c"))
	m.work()
	m.receive([]byte("\x10\x04\x14"))
	if got := string(m.said); got != "\x10\x0f\x20\x00\x00\x00" {
		t.Errorf("said %q", got)
	}
}

func TestPrinterThatCannotClearKeepsItsBuffer(t *testing.T) {
	p := New()
	p.ForgetClear()
	p.PaperOut()
	p.machine.receive([]byte("old\n\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"))
	if got := p.machine.said; len(got) != 0 {
		t.Errorf("said %q", got)
	}
	p.PaperIn()
	if h := p.Hanging(); h != "old" {
		t.Errorf("printed %q", h)
	}
}
