package escpostest

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// endless is a roll that does not end in a test.
const endless = -1

// bufferSize is what the printer keeps while it cannot print. More is lost; a real printer would stop the line.
const bufferSize = 64 << 10

// columns of font A on 80 mm paper.
const columns = 42

// pages are the code pages by their number for ESC t (Epson TM-T88V).
var pages = map[byte]*charmap.Charmap{
	0: charmap.CodePage437, 2: charmap.CodePage850, 3: charmap.CodePage860, 4: charmap.CodePage863,
	5: charmap.CodePage865, 15: charmap.ISO8859_7, 16: charmap.Windows1252, 17: charmap.CodePage866,
	18: charmap.CodePage852, 19: charmap.CodePage858, 34: charmap.CodePage855, 36: charmap.CodePage862,
	39: charmap.ISO8859_2, 40: charmap.ISO8859_15, 45: charmap.Windows1250, 46: charmap.Windows1251,
	47: charmap.Windows1253, 48: charmap.Windows1254, 49: charmap.Windows1255, 50: charmap.Windows1256,
	51: charmap.Windows1257, 52: charmap.Windows1258,
}

// turkish is code page 857 from 80 on, with a replacement where it is empty.
const turkish = `ÇüéâäàåçêëèïîıÄÅÉæÆôöòûùİÖÜø£ØŞşáíóúñÑĞğ¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ºªÊËÈ�ÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµ�×ÚÛÙìÿ¯´` +
	"\u00ad±\ufffd¾¶§÷¸°¨·¹³²■\u00a0"

// german is what ESC R 2 puts in the places of ASCII characters; the other national sets are not simulated.
var german = map[byte]rune{'@': '§', '[': 'Ä', '\\': 'Ö', ']': 'Ü', '{': 'ä', '|': 'ö', '}': 'ü', '~': 'ß'}

// machine is the printer without its cable. Its owner locks.
type machine struct {
	paper int // rows left, or endless
	near  bool
	cover bool
	jam   bool // the cutter cannot move
	stuck bool // cutter error, until DLE ENQ

	live   []byte // an unfinished real-time command
	buffer []byte // received and not worked through
	held   int    // the most that stood in the buffer
	asb    byte   // what GS a asked for
	told   [4]byte

	page     byte
	national byte
	align    byte
	size     byte // as in GS !
	kanji    bool

	row      []rune
	rows     []string // printed and not cut
	receipts []string
	scraps   []string
	unknown  int
	said     []byte

	noIDs     bool // GS ( H is not known
	noClear   bool // DLE DC4 8 is not known
	custom    bool // DLE EOT 20 is known
	presented bool // a receipt is held out
	pictures  int  // raster pictures printed
}

func (m *machine) reset() {
	*m = machine{paper: endless}
	m.told = m.block()
}

// powerOff forgets what is not on paper.
func (m *machine) powerOff() {
	m.live, m.buffer, m.row, m.asb, m.said = nil, nil, nil, 0, nil
	m.stuck = false
	m.initialise()
}

func (m *machine) initialise() {
	m.page, m.national, m.align, m.size, m.kanji = 0, 0, 0, 0, false
	m.row = nil
}

func (m *machine) stopped() bool { return m.paper == 0 || m.cover || m.stuck }

// receive takes bytes from the cable: real-time commands act, the rest goes into the buffer.
func (m *machine) receive(b []byte) {
	for _, c := range b {
		m.live = append(m.live, c)
		for len(m.live) > 0 {
			used := m.realTime(m.live)
			if used == 0 {
				break // more is needed
			}
			if used < 0 {
				if len(m.buffer) < bufferSize {
					m.buffer = append(m.buffer, m.live[0])
				}
				m.held = max(m.held, len(m.buffer))
				used = 1
			}
			m.live = m.live[used:]
		}
	}
}

// realTime carries out the real-time command at the front of b. It returns the bytes used, 0 when the command is
// not complete, less than 0 when there is none.
func (m *machine) realTime(b []byte) int {
	if b[0] != 0x10 {
		return -1
	}
	if len(b) < 3 && (len(b) < 2 || b[1] == 0x04 || b[1] == 0x05 || b[1] == 0x14) {
		return 0
	}
	switch {
	case m.custom && b[1] == 0x04 && b[2] == 0x14:
		m.said = append(m.said, 0x10, 0x0F, 0x01*one(m.paper == 0)|0x04*one(m.near)|0x20*one(m.presented), 0x02*one(m.cover), 0, one(m.stuck))
		return 3
	case m.noClear && b[1] == 0x14 && b[2] == 8:
		return -1
	case b[1] == 0x04 && b[2] >= 1 && b[2] <= 4:
		m.said = append(m.said, m.status(b[2]))
		return 3
	case b[1] == 0x05 && b[2] <= 2:
		if m.stuck && !m.jam {
			m.stuck = false
			if b[2] == 2 {
				m.clear()
			}
		}
		return 3
	case b[1] == 0x14 && b[2] == 8:
		sequence := []byte{0x10, 0x14, 0x08, 0x01, 0x03, 0x14, 0x01, 0x06, 0x02, 0x08}
		if !bytes.HasPrefix(sequence, b[:min(len(b), len(sequence))]) {
			return -1
		}
		if len(b) < len(sequence) {
			return 0
		}
		m.clear()
		m.said = append(m.said, 0x37, 0x25, 0x00)
		return len(sequence)
	case b[1] == 0x14 && b[2] <= 2:
		if len(b) < 5 {
			return 0
		}
		return 5
	}
	return -1
}

func (m *machine) clear() { m.buffer, m.row = nil, nil }

// status is the answer to DLE EOT n.
func (m *machine) status(n byte) byte {
	s := byte(0x12)
	switch n {
	case 1:
		s |= 0x04 // drawer pin high: no drawer
		if m.stopped() {
			s |= 0x08
		}
	case 2:
		s |= 0x04*one(m.cover) | 0x20*one(m.paper == 0) | 0x40*one(m.stuck)
	case 3:
		s |= 0x08 * one(m.stuck)
	case 4:
		s |= 0x0C*one(m.near || m.paper == 0) | 0x60*one(m.paper == 0)
	}
	return s
}

// block is the automatic status.
func (m *machine) block() [4]byte {
	return [4]byte{
		0x14 | 0x08*one(m.stopped()) | 0x20*one(m.cover),
		0x08 * one(m.stuck),
		0x03*one(m.near || m.paper == 0) | 0x0C*one(m.paper == 0),
		0,
	}
}

func one(set bool) byte {
	if set {
		return 1
	}
	return 0
}

// work goes through the buffer as far as the printer can, and tells of a change when it was asked to.
func (m *machine) work() {
	for !m.stopped() && len(m.buffer) > 0 {
		used := m.command(m.buffer)
		if used == 0 {
			break
		}
		m.buffer = m.buffer[used:]
	}
	if now := m.block(); now != m.told {
		m.told = now
		if m.asb != 0 {
			m.said = append(m.said, now[:]...)
		}
	}
}

// command carries out what is at the front of b and returns its length: 0 when it is not complete, or when it has
// to be done again because the printer stopped before it.
func (m *machine) command(b []byte) int {
	switch c := b[0]; {
	case c == 0x0A:
		m.feed()
		return 1
	case c == 0x09:
		return m.print(' ')
	case c == 0x1B:
		return m.escape(b)
	case c == 0x1C:
		return m.fs(b)
	case c == 0x1D:
		return m.gs(b)
	case c < 0x20 || c == 0x7F:
		return 1
	case m.kanji && c >= 0x80:
		if len(b) < 2 {
			return 0
		}
		m.print('〓')
		return 2
	case c < 0x80:
		r := rune(c)
		if g, ok := german[c]; ok && m.national == 2 {
			r = g
		}
		return m.print(r)
	default:
		if m.page == 13 {
			return m.print([]rune(turkish)[c-0x80])
		}
		page := pages[m.page]
		if page == nil {
			return m.print('□')
		}
		return m.print(page.DecodeByte(c))
	}
}

// print sets one character; a full row is fed first.
func (m *machine) print(r rune) int {
	if (len(m.row)+1)*m.width() > columns {
		m.feed()
		if m.stopped() {
			return 0
		}
	}
	m.row = append(m.row, r)
	return 1
}

func (m *machine) width() int { return int(m.size>>4&7) + 1 }

// feed brings the row onto paper.
func (m *machine) feed() {
	text := strings.TrimRight(string(m.row), " ")
	m.row = nil
	if spare := columns/m.width() - utf8.RuneCountInString(text); spare > 0 && text != "" {
		switch m.align {
		case 1:
			text = strings.Repeat(" ", spare/2) + text
		case 2:
			text = strings.Repeat(" ", spare) + text
		}
	}
	m.rows = append(m.rows, text)
	if m.paper > 0 {
		m.paper--
	}
}

// strip is what hangs out of the printer.
func (m *machine) strip() string {
	return strings.TrimRight(strings.Join(m.rows, "\n"), "\n")
}

func (m *machine) scrap() {
	if s := m.strip(); s != "" {
		m.scraps = append(m.scraps, s)
	}
	m.rows = nil
}

// cut cuts the strip off. It says whether the cutter moved.
func (m *machine) cut() bool {
	if m.jam {
		m.stuck = true
		return false
	}
	if s := m.strip(); s != "" {
		m.receipts = append(m.receipts, s)
	}
	m.rows = nil
	return true
}

// inOrder is the answer to GS r 1 and ESC v.
func (m *machine) inOrder() byte { return 0x03*one(m.near) | 0x0C*one(m.paper == 0) }

// takes says whether b holds n bytes, and n if it does.
func takes(b []byte, n int) int {
	if len(b) < n {
		return 0
	}
	return n
}

func (m *machine) escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	n := 0
	switch b[1] {
	case '@':
		m.initialise()
		return 2
	case '2', '<':
		return 2
	case 'i', 'm':
		if !m.cut() {
			return 0
		}
		return 2
	case 'v':
		m.said = append(m.said, m.inOrder())
		return 2
	case 't', 'R', 'a', '!', 'd':
		if n = takes(b, 3); n == 0 {
			return 0
		}
		switch b[1] {
		case 't':
			m.page = b[2]
		case 'R':
			m.national = b[2]
		case 'a':
			if len(m.row) == 0 {
				m.align = b[2] & 3
			}
		case '!':
			m.size = 0x10*(b[2]>>5&1) | b[2]>>4&1
		case 'd':
			for range max(b[2], 1) {
				if m.feed(); m.stopped() {
					break
				}
			}
		}
		return n
	case 'M', 'E', 'G', '-', '3', 'J', '{', 'V', ' ', '%', 'r', '=', 'T', 'S':
		return takes(b, 3)
	case 'c', '$', '\\':
		return takes(b, 4)
	case 'p':
		return takes(b, 5)
	case 'D':
		if end := bytes.IndexByte(b, 0); end > 0 {
			return end + 1
		}
		if len(b) > 2+32 {
			m.unknown++
			return 2
		}
		return 0
	}
	m.unknown++
	return 2
}

func (m *machine) fs(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '&':
		m.kanji = true
		return 2
	case '.':
		m.kanji = false
		return 2
	case 'C', '!', '-', 'W':
		return takes(b, 3)
	case 'S', 'p':
		return takes(b, 4)
	case '(':
		return m.long(b)
	}
	m.unknown++
	return 2
}

// long skips a command that carries its length: lead, parenthesis, function, pL, pH, data.
func (m *machine) long(b []byte) int {
	if len(b) < 5 {
		return 0
	}
	n := m.skip(b, 5, int(b[3])|int(b[4])<<8)
	if n == 11 && b[2] == 'H' && b[5] == 0x30 && b[6] == 0x30 && !m.noIDs {
		m.said = append(append(append(m.said, 0x37, 0x22), b[7:11]...), 0)
	}
	return n
}

// skip passes over a header and data bytes; data that can never fit into the buffer is no command.
func (m *machine) skip(b []byte, header, data int) int {
	if header+data > bufferSize {
		m.unknown++
		return 2
	}
	return takes(b, header+data)
}

func (m *machine) gs(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '!', 'B', 'h', 'w', 'H', 'f', 'b':
		n := takes(b, 3)
		if n > 0 && b[1] == '!' {
			m.size = b[2]
		}
		return n
	case 'L', 'W', 'P', '$', '\\':
		return takes(b, 4)
	case 'a':
		n := takes(b, 3)
		if n > 0 {
			m.asb = b[2]
			if m.asb != 0 {
				now := m.block()
				m.said = append(m.said, now[:]...)
			}
		}
		return n
	case 'r':
		n := takes(b, 3)
		if n > 0 && (b[2] == 1 || b[2] == '1') {
			m.said = append(m.said, m.inOrder())
		}
		return n
	case 'I':
		n := takes(b, 3)
		if n > 0 {
			m.identify(b[2])
		}
		return n
	case 'V':
		return m.gsV(b)
	case '(':
		return m.long(b)
	case 'k':
		return m.barcode(b)
	case 'v':
		if len(b) < 8 {
			return 0
		}
		n := m.skip(b, 8, (int(b[4])|int(b[5])<<8)*(int(b[6])|int(b[7])<<8))
		if n > 8 {
			m.pictures++
		}
		return n
	case 'e':
		n := takes(b, 3)
		if len(b) > 2 && b[2] == 3 {
			n = takes(b, 4)
		}
		if n > 0 {
			m.presented = true
		}
		return n
	case '8':
		if len(b) < 7 {
			return 0
		}
		return m.skip(b, 7, int(b[3])|int(b[4])<<8|int(b[5])<<16|int(b[6])<<24)
	}
	m.unknown++
	return 2
}

func (m *machine) identify(n byte) {
	text := map[byte]string{65: "30.21 ESC/POS", 66: "EPSON", 67: "TM-T88V", 68: "SIMULATED1"}
	switch {
	case n >= 1 && n <= 3:
		m.said = append(m.said, []byte{0x20, 0x02, 0x01}[n-1])
	case text[n] != "":
		m.said = append(append(append(m.said, 0x5F), text[n]...), 0)
	}
}

func (m *machine) gsV(b []byte) int {
	if len(b) < 3 {
		return 0
	}
	n := 3
	switch b[2] {
	case 0, 1, '0', '1':
	case 'A', 'B', 'g', 'h':
		n = 4
	case 'a', 'b':
		return takes(b, 4) // marks a cut for later
	default:
		m.unknown++
		return 3
	}
	if len(b) < n || !m.cut() {
		return 0
	}
	return n
}

func (m *machine) barcode(b []byte) int {
	if len(b) < 4 {
		return 0
	}
	if b[2] >= 65 {
		return m.skip(b, 4, int(b[3]))
	}
	end := bytes.IndexByte(b[3:], 0)
	if end < 0 {
		if len(b) > 3+255 {
			m.unknown++
			return 2
		}
		return 0
	}
	return 3 + end + 1
}
