package surround

import (
	"bytes"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"selfpay/device/pan"
	"selfpay/drivers/zvt"
)

// capture writes what a ZVT terminal and its kiosk say over TCP into a file that Wireshark and tshark read (pcapng, bare IP packets).
// The terminal has port 20007 there, whatever port it listens on; each message is one segment, or several where it is long. No card
// number is at rest in it: see hide. A message that ended half way, or that cannot be read to its end, is captured up to its length only.
type capture struct {
	mu   sync.Mutex // one packet after the other
	file *os.File
	out  *pcapgo.NgWriter
	err  error // the first that writing met
}

// Of the packets.
const (
	terminalPort   = 20007
	longestSegment = 1460
	window         = 65535
)

var loopback = net.IPv4(127, 0, 0, 1)

func openCapture(path string) (*capture, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	out, err := pcapgo.NewNgWriterInterface(f, pcapgo.NgInterface{Name: "terminal", LinkType: layers.LinkTypeRaw, TimestampResolution: 9},
		pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Application: "kiosksim"}})
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &capture{file: f, out: out}, out.Flush()
}

// Close says what went wrong with the file, if anything did.
func (c *capture) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.err, c.file.Close())
}

// write adds one packet, of which the last missing bytes are not captured.
func (c *capture) write(packet []byte, missing int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	info := gopacket.CaptureInfo{Timestamp: time.Now(), CaptureLength: len(packet) - missing, Length: len(packet)}
	if c.err == nil {
		c.err = errors.Join(c.out.WritePacket(info, packet[:len(packet)-missing]), c.out.Flush())
	}
}

// listener captures the connections that it takes.
func (c *capture) listener(l net.Listener) net.Listener { return tappedListener{l, c} }

type tappedListener struct {
	net.Listener
	into *capture
}

func (l tappedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	link := &tappedLink{Conn: conn, into: l.into, kiosk: &side{port: conn.RemoteAddr().(*net.TCPAddr).Port}, terminal: &side{port: terminalPort}}
	link.shakeHands()
	return link, nil
}

// side is one end of a connection as its packets show it.
type side struct {
	port    int
	next    uint32 // number of the next byte
	closed  bool
	partial []byte // bytes that are no whole message yet
}

// tappedLink is a connection of the terminal whose bytes are captured.
type tappedLink struct {
	net.Conn
	into *capture

	mu              sync.Mutex
	kiosk, terminal *side
}

func (l *tappedLink) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard(l.kiosk, b[:n])
	if err != nil {
		l.close(l.kiosk)
	}
	return n, err
}

// Write captures first: the kiosk's answer may come before it returns.
func (l *tappedLink) Write(b []byte) (int, error) {
	l.mu.Lock()
	l.heard(l.terminal, b)
	l.mu.Unlock()
	return l.Conn.Write(b)
}

func (l *tappedLink) Close() error {
	l.mu.Lock()
	l.close(l.terminal)
	l.mu.Unlock()
	return l.Conn.Close()
}

func (l *tappedLink) other(from *side) *side {
	if from == l.kiosk {
		return l.terminal
	}
	return l.kiosk
}

func (l *tappedLink) shakeHands() {
	l.packet(l.kiosk, layers.TCP{SYN: true}, nil, 0)
	l.packet(l.terminal, layers.TCP{SYN: true, ACK: true}, nil, 0)
	l.packet(l.kiosk, layers.TCP{ACK: true}, nil, 0)
}

// close captures the end of what one side says.
func (l *tappedLink) close(from *side) {
	if from.closed {
		return
	}
	if len(from.partial) > 0 {
		l.message(from, from.partial, false)
	}
	from.closed, from.partial = true, nil
	l.packet(from, layers.TCP{FIN: true, ACK: true}, nil, 0)
}

// heard captures the messages that bytes have made whole.
func (l *tappedLink) heard(from *side, b []byte) {
	if from.closed {
		return
	}
	from.partial = append(from.partial, b...)
	for {
		a, rest, err := zvt.ParseAPDU(from.partial)
		if err != nil {
			return
		}
		message := bytes.Clone(from.partial[:len(from.partial)-len(rest)])
		from.partial = rest
		l.message(from, message, hide(message[len(message)-len(a.Data):], a.Control))
	}
}

// message captures one message, or only what its header says.
func (l *tappedLink) message(from *side, b []byte, whole bool) {
	shown := len(b)
	if h, err := zvt.ParseHeader(b); !whole && err == nil {
		shown = h.Size
	}
	for len(b) > 0 {
		n := min(len(b), longestSegment)
		l.packet(from, layers.TCP{ACK: true, PSH: n == len(b)}, b[:n], n-min(n, shown))
		b, shown = b[n:], max(0, shown-n)
	}
}

// packet captures one segment of one side, without the last missing bytes.
func (l *tappedLink) packet(from *side, tcp layers.TCP, payload []byte, missing int) {
	to := l.other(from)
	ip := layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: loopback, DstIP: loopback}
	tcp.SrcPort, tcp.DstPort, tcp.Seq, tcp.Window = layers.TCPPort(from.port), layers.TCPPort(to.port), from.next, window
	if tcp.ACK {
		tcp.Ack = to.next
	}
	buffer := gopacket.NewSerializeBuffer()
	err := tcp.SetNetworkLayerForChecksum(&ip)
	if err == nil {
		err = gopacket.SerializeLayers(buffer, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, &ip, &tcp, gopacket.Payload(payload))
	}
	if err != nil {
		panic(err) // a packet of our own making that cannot be written
	}
	from.next += uint32(len(payload))
	if tcp.SYN || tcp.FIN {
		from.next++
	}
	l.into.write(buffer.Bytes(), missing)
}

// hide blanks in place what must not be at rest: the middle of card numbers, tracks and passwords. False: the data cannot be read to its
// end, so nobody knows what is in it.
func hide(data []byte, control zvt.Control) bool {
	m := zvt.ReadMessage(zvt.APDU{Control: control, Data: data})
	if m.Err != nil {
		return false
	}
	clear(m.Password)
	copy(m.Text, pan.MaskText(m.Text))
	for _, f := range m.Fields {
		switch f.BMP {
		case zvt.BMPPAN:
			hideNumber(f.Data)
		case zvt.BMPTrack1, zvt.BMPTrack2, zvt.BMPTrack3:
			copy(f.Data, bytes.Repeat([]byte{maskedNibbles}, len(f.Data)))
		case zvt.BMPContainer:
			hideTexts(m.TLV)
		default:
			copy(f.Data, pan.MaskText(f.Data))
		}
	}
	return true
}

// maskedNibbles are two digits that are not told.
const maskedNibbles = 0xEE

// hideNumber masks a packed card number.
func hideNumber(packed []byte) {
	shown := []byte(pan.Mask(zvt.Nibbles(packed)))
	for i := range packed {
		for _, half := range []byte{0xF0, 0x0F} {
			if packed[i]&half == half { // padding
				continue
			}
			if shown[0] == '*' {
				packed[i] = packed[i]&^half | maskedNibbles&half
			}
			shown = shown[1:]
		}
	}
}

func hideTexts(list []zvt.TLV) {
	for _, o := range list {
		hideTexts(o.Children)
		switch {
		case o.Tag == zvt.TagLongPassword:
			clear(o.Value)
		case len(o.Children) == 0:
			copy(o.Value, pan.MaskText(o.Value))
		}
	}
}
