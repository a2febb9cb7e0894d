package surround

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"selfpay/drivers/zvt"
)

// segment is one packet of a capture.
type segment struct {
	*layers.TCP
	length  int // of its bytes on the wire
	payload []byte
}

func (s segment) fromTerminal() bool { return s.SrcPort == terminalPort }

func segments(t *testing.T, path string) []segment {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcapgo.NewNgReader(f, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	var all []segment
	for {
		b, info, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		const headers = 40
		p := gopacket.NewPacket(b, layers.LayerTypeIPv4, gopacket.Default)
		tcp, ok := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
		if !ok {
			t.Fatalf("% X is no TCP over IP: %v", b, p.ErrorLayer())
		}
		all = append(all, segment{tcp, info.Length - headers, tcp.Payload})
	}
}

// exchange lets a kiosk say pieces and a terminal say others, each in its own piece, and returns the file.
func exchange(t *testing.T, kiosk, terminal []string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "terminal.pcapng")
	into, err := openCapture(path)
	if err != nil {
		t.Fatal(err)
	}
	bare, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := into.listener(bare)
	defer l.Close()
	near, err := net.Dial("tcp", bare.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for _, piece := range kiosk {
		near.Write([]byte(piece))
		if _, err := io.ReadFull(far, make([]byte, len(piece))); err != nil {
			t.Fatal(err)
		}
	}
	for _, piece := range terminal {
		far.Write([]byte(piece))
	}
	near.Close()
	far.Read(make([]byte, 1))
	far.Close()
	if err := into.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

const cardNumber = "4929123412341232" // valid by its check digit

// status is a 04 0F that shows a card number in every way there is.
func status() zvt.APDU {
	packed := []byte{0x49, 0x29, 0x12, 0x34, 0x12, 0x34, 0x12, 0x32}
	data := zvt.AppendField(nil, zvt.BMPResultCode, 0)
	data = zvt.AppendField(data, zvt.BMPAmount, 0, 0, 0, 0, 0x12, 0x50)
	data = zvt.AppendField(data, zvt.BMPPAN, packed...)
	data = zvt.AppendField(data, zvt.BMPTrack2, append(packed, 0xD2, 0x51, 0x2F)...)
	data = zvt.AppendField(data, zvt.BMPTrack3, packed...)
	data = zvt.AppendField(data, zvt.BMPTrack1, []byte(cardNumber)...)
	data = zvt.AppendField(data, zvt.BMPText, []byte("Karte "+cardNumber)...)
	texts := zvt.AppendTLV(nil, zvt.TagText, []byte("Karte 4929 1234 1234 1232")...)
	return zvt.APDU{Control: zvt.StatusInformation, Data: zvt.AppendField(data, zvt.BMPContainer, zvt.AppendTLV(nil, zvt.TagDisplayTexts, texts...)...)}
}

func TestNoCardNumberAndNoPasswordIsInACapture(t *testing.T) {
	texts := zvt.AppendTLV(nil, zvt.TagText, []byte("Karte "+cardNumber)...)
	block := zvt.AppendField(nil, zvt.BMPContainer, zvt.AppendTLV(nil, zvt.TagPrintTexts, texts...)...)
	say := []zvt.APDU{status(), {Control: zvt.PrintLine, Data: []byte("\x00Karte " + cardNumber)}, {Control: zvt.PrintBlock, Data: block}}
	var terminal []string
	for _, a := range say {
		terminal = append(terminal, string(a.Bytes()))
	}
	path := exchange(t, []string{"\x06\x30\x06\x98\x76\x54\x87\x00\x01"}, terminal)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{cardNumber, cardNumber[6:12], "1234 1234", "\x12\x34\x12\x34", "\x98\x76\x54"} {
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("%q is in the capture", secret)
		}
	}
	for _, shown := range []string{"Karte 492912******1232", "Karte 4929 12** **** 1232", "\x49\x29\x12\xEE\xEE\xEE\x12\x32", "\x00\x00\x00\x00\x12\x50"} {
		if !bytes.Contains(text, []byte(shown)) {
			t.Errorf("%q is not in the capture", shown)
		}
	}
	for i, s := range slices.DeleteFunc(segments(t, path), func(s segment) bool { return !s.fromTerminal() || s.length == 0 }) {
		if a, rest, err := zvt.ParseAPDU(s.payload); err != nil || len(rest) > 0 || a.Control != say[i].Control || len(a.Data) != len(say[i].Data) {
			t.Errorf("message %d: % X", i, s.payload)
		}
	}
}

// What cannot be read is not told: a message that ended half way may hold half a card number, an unknown bitmap anything.
func TestWhatCannotBeReadIsCapturedUpToItsLength(t *testing.T) {
	whole := string(status().Bytes())
	unknown := "\x04\x0F\x12\x27\x00" + "\x5F" + cardNumber[:15]
	for name, c := range map[string]struct{ said, shown string }{
		"half a message": {whole[:24], whole[:3]},
		"unknown bitmap": {unknown, unknown[:3]},
		"half a header":  {"\x04\x0F", "\x04\x0F"},
	} {
		var told []segment
		for _, s := range segments(t, exchange(t, nil, []string{c.said})) {
			if s.length > 0 {
				told = append(told, s)
			}
		}
		if len(told) != 1 || string(told[0].payload) != c.shown || told[0].length != len(c.said) {
			t.Errorf("%s: %+v", name, told)
		}
	}
}

func TestACaptureHasEachMessageInSegmentsOfItsOwn(t *testing.T) {
	long := string(zvt.APDU{Control: zvt.PrintLine, Data: bytes.Repeat([]byte("a"), 4000)}.Bytes())
	two := "\x80\x00\x00" + "\x06\x0F\x00"
	path := exchange(t, []string{"\x05", "\x01\x03\x00", "\x00\x00\x80\x00\x00"}, []string{two, long[:10], long[10:]})
	var flow []string
	next := map[bool]uint32{}
	for _, s := range segments(t, path) {
		who := "kiosk"
		if s.fromTerminal() {
			who = "terminal"
		}
		if want, known := next[s.fromTerminal()]; known && s.Seq != want {
			t.Errorf("%s goes on at byte %d, not at %d", who, s.Seq, want)
		}
		next[s.fromTerminal()] = s.Seq + uint32(s.length)
		if s.SYN || s.FIN {
			next[s.fromTerminal()]++
		}
		if s.ACK && s.Ack != next[!s.fromTerminal()] {
			t.Errorf("%s confirms byte %d, not %d", who, s.Ack, next[!s.fromTerminal()])
		}
		flow = append(flow, fmt.Sprintf("%s %d", who, s.length))
	}
	want := "kiosk 0, terminal 0, kiosk 0, kiosk 6, kiosk 3, terminal 3, terminal 3, terminal 1460, terminal 1460, terminal 1085, kiosk 0, terminal 0"
	if got := strings.Join(flow, ", "); got != want {
		t.Errorf("the capture has %s, want %s", got, want)
	}
}

func TestOnlyZVTOverTCPIsCaptured(t *testing.T) {
	for _, o := range []Options{{Serial: true}, {Terminal: "caisse-ap"}} {
		o.Capture = filepath.Join(t.TempDir(), "terminal.pcapng")
		if _, err := Start(t.TempDir(), o); err == nil || !strings.Contains(err.Error(), "only ZVT over TCP") {
			t.Errorf("%+v: %v", o, err)
		}
		if _, err := os.Stat(o.Capture); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%+v: the file is there", o)
		}
	}
}
