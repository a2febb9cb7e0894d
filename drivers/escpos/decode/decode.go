// Package decode reads a stream of ESC/POS bytes as a printer would and tells each command: for technicians who hold a
// trace in their hands, and for tests that must not trust the encoder.
//
// Numbers of bank cards are masked, if somebody should have printed one: 13 to 19 digits with a right check digit, in a
// barcode 15 to 19.
//
// It is strict: what a command of the manual does not allow stands among the problems of its event, and what is no
// command known here is an event of its own. It never fails and uses no more memory than its input has. Commands and
// their lengths: Epson ESC/POS command reference; GS e: Custom command reference KPM210/216.
package decode

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"selfpay/drivers/escpos"
)

// Kind is what an event is about.
type Kind string

const (
	Text          Kind = "text"
	Style         Kind = "style" // everything that changes how what follows looks
	Feed          Kind = "feed"
	Cut           Kind = "cut"
	Barcode       Kind = "barcode"
	QR            Kind = "qr"
	Image         Kind = "image"
	StatusRequest Kind = "status-request"
	Unknown       Kind = "unknown"
)

// Event is one command, or a run of characters on one code page.
type Event struct {
	Event    Kind     `json:"event"`
	Offset   int      `json:"offset"`
	Length   int      `json:"length"` // bytes
	Name     string   `json:"name,omitempty"`
	Text     string   `json:"text,omitempty"`   // of text; data of a barcode or QR code
	Page     string   `json:"page,omitempty"`   // code page of text
	Value    *int     `json:"value,omitempty"`  // what a style is set to, lines or dots of a feed
	Width    int      `json:"width,omitempty"`  // dots of an image
	Height   int      `json:"height,omitempty"` // dots of an image
	SHA256   string   `json:"sha256,omitempty"` // of an image's dots
	Hex      string   `json:"hex,omitempty"`    // of what is unknown, its beginning
	Problems []string `json:"problems"`

	Dots []byte `json:"-"` // of an image, rows of whole bytes, the leftmost dot in the highest bit
}

// Decode tells the events of b. The profile says which characters a code page number stands for.
func Decode(b []byte, p escpos.Profile) []Event {
	d := decoder{all: b, pages: map[byte]*escpos.Charset{}}
	for _, page := range p.Pages {
		d.pages[page.Number] = page.Charset
	}
	for d.at < len(b) {
		e := d.next()
		e.Length = d.at - e.Offset
		if e.Problems == nil {
			e.Problems = []string{}
		}
		if e.Text != "" {
			least := 13
			if e.Event != Text {
				least = 15 // shorter ones are articles and library cards
			}
			e.Text = withoutCardNumbers(e.Text, least)
		}
		d.events = append(d.events, e)
	}
	return d.events
}

// digitGroups are groups of digits that may hold a card number, with single blanks or dashes between them.
var (
	digitGroups = regexp.MustCompile(`[0-9](?:[ -]?[0-9]){12,}`)
	group       = regexp.MustCompile(`[0-9]+`)
)

// withoutCardNumbers hides all but the last four digits of card numbers with that many digits at least. Other numbers
// may stand beside one, so every row of neighbouring groups is tried.
func withoutCardNumbers(text string, least int) string {
	return digitGroups.ReplaceAllStringFunc(text, func(found string) string {
		groups := group.FindAllStringIndex(found, -1)
		masked := []byte(found)
		for first := range groups {
			var digits []int // where they stand
			for _, g := range groups[first:] {
				for at := g[0]; at < g[1]; at++ {
					digits = append(digits, at)
				}
				if len(digits) > 19 {
					break
				}
				if len(digits) >= least && luhn(found, digits) {
					for _, at := range digits[:len(digits)-4] {
						masked[at] = '*'
					}
				}
			}
		}
		return string(masked)
	})
}

func luhn(text string, digits []int) bool {
	sum := 0
	for i, at := range digits {
		n := int(text[at] - '0')
		if (len(digits)-i)%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}

type decoder struct {
	all    []byte
	at     int
	pages  map[byte]*escpos.Charset
	page   byte
	qr     []byte
	events []Event
}

// take is the next n bytes, fewer at the end of the input.
func (d *decoder) take(n int) []byte {
	n = max(min(n, len(d.all)-d.at), 0)
	b := d.all[d.at : d.at+n]
	d.at += n
	return b
}

func (d *decoder) next() Event {
	e := Event{Offset: d.at}
	switch b := d.all[d.at]; {
	case b == 0x0A:
		d.at++
		return e.feed("line", 1)
	case b == 0x09, b == 0x0D:
		d.at++
		return e.style(map[byte]string{0x09: "tab", 0x0D: "carriage return"}[b])
	case b == 0x10:
		return d.realTime(e)
	case b == 0x1B, b == 0x1C, b == 0x1D:
		return d.command(e)
	case b < 0x20 || b == 0x7F:
		d.at++
		return e.unknown(d, "control character")
	}
	return d.text(e)
}

func (d *decoder) text(e Event) Event {
	e.Event = Text
	page := d.pages[d.page]
	var b strings.Builder
	var high, none bool
	for d.at < len(d.all) && d.all[d.at] >= 0x20 && d.all[d.at] != 0x7F {
		c := d.all[d.at]
		d.at++
		r := rune(c)
		if c >= 0x80 {
			high, r = true, unicode.ReplacementChar
			if page != nil {
				r = page.Decode(c)
			}
			none = none || r == unicode.ReplacementChar
		}
		b.WriteRune(r)
	}
	e.Text = b.String()
	switch {
	case page != nil:
		e.Page = page.Name
		if none {
			e.problem("the code page has no character for a byte")
		}
	case high:
		e.problem(fmt.Sprintf("the profile does not say what code page %d is", d.page))
	}
	return e
}

func (e *Event) problem(text string) { e.Problems = append(e.Problems, text) }

func (e Event) style(name string) Event {
	e.Event, e.Name = Style, name
	return e
}

func (e Event) value(n int) Event {
	e.Value = &n
	return e
}

func (e Event) feed(name string, n int) Event {
	e.Event, e.Name = Feed, name
	return e.value(n)
}

func (e Event) named(k Kind, name string) Event {
	e.Event, e.Name = k, name
	return e
}

// shown bounds the bytes of something unknown that are shown.
const shown = 32

func (e Event) unknown(d *decoder, name string) Event {
	e.Event, e.Name = Unknown, name
	b := d.all[e.Offset:d.at]
	e.Hex = hex.EncodeToString(b[:min(len(b), shown)])
	return e
}

// short is the event of a command that the input ends inside of.
func (d *decoder) short(e Event, missing int) Event {
	d.at = len(d.all)
	e = Event{Offset: e.Offset}.unknown(d, "incomplete command")
	e.problem(fmt.Sprintf("the input ends inside a command, %d bytes are missing at least", max(missing, 1)))
	return e
}

func (d *decoder) realTime(e Event) Event {
	rest := d.all[d.at:]
	if len(rest) < 3 && (len(rest) < 2 || rest[1] == 0x04 || rest[1] == 0x05 || rest[1] == 0x14) {
		return d.short(e, 3-len(rest))
	}
	switch {
	case rest[1] == 0x04:
		d.at += 3
		e = e.named(StatusRequest, "DLE EOT").value(int(rest[2]))
		if n := rest[2]; n == 0 || n > 8 && n != 18 && n != 20 {
			e.problem("there is no such status")
		}
		return e
	case rest[1] == 0x05:
		d.at += 3
		e = e.named(StatusRequest, "DLE ENQ").value(int(rest[2]))
		if rest[2] > 2 {
			e.problem("there is no such request")
		}
		return e
	case rest[1] == 0x14 && rest[2] == 0x08:
		const sequence = "\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
		got := d.take(len(sequence))
		if len(got) < len(sequence) && strings.HasPrefix(sequence, string(got)) {
			return d.short(e, len(sequence)-len(got))
		}
		if string(got) != sequence {
			d.at = e.Offset + 3
			return e.unknown(d, "DLE DC4 8 without its parameters")
		}
		return e.named(StatusRequest, "DLE DC4 8, clear buffers")
	case rest[1] == 0x14 && (rest[2] == 1 || rest[2] == 2):
		if len(rest) < 5 {
			return d.short(e, 5-len(rest))
		}
		d.at += 5
		return e.unknown(d, map[byte]string{1: "DLE DC4 1, pulse", 2: "DLE DC4 2, power off"}[rest[2]])
	}
	d.at++
	return e.unknown(d, "control character")
}

// styles are the commands with a fixed number of parameter bytes that change how things look: lead and letter, name,
// and the highest value where the manual has one.
var styles = map[string]struct {
	name       string
	parameters int
	highest    int // of the last parameter, 0: any
}{
	"\x1b@": {"initialise", 0, 0}, "\x1b2": {"line spacing default", 0, 0}, "\x1b3": {"line spacing", 1, 0},
	"\x1b ": {"character spacing", 1, 0}, "\x1bM": {"font", 1, 0}, "\x1bE": {"bold", 1, 0}, "\x1bG": {"double strike", 1, 0},
	"\x1b-": {"underline", 1, 0}, "\x1b!": {"print mode", 1, 0}, "\x1ba": {"align", 1, 0}, "\x1bt": {"code page", 1, 0},
	"\x1bR": {"national set", 1, 0}, "\x1b{": {"upside down", 1, 0}, "\x1bV": {"rotate", 1, 0}, "\x1br": {"colour", 1, 0},
	"\x1b$": {"position", 2, 0}, "\x1b\\": {"relative position", 2, 0}, "\x1bc": {"sensors and buttons", 2, 0},
	"\x1c.": {"kanji off", 0, 0}, "\x1c&": {"kanji on", 0, 0}, "\x1c!": {"kanji mode", 1, 0}, "\x1c-": {"kanji underline", 1, 0},
	"\x1cS": {"kanji spacing", 2, 0}, "\x1cW": {"kanji double size", 1, 0},
	"\x1d!": {"size", 1, 0x77}, "\x1dB": {"reverse", 1, 0}, "\x1dh": {"barcode height", 1, 0}, "\x1dw": {"barcode module", 1, 6},
	"\x1dH": {"barcode text", 1, 0}, "\x1df": {"barcode font", 1, 0}, "\x1dL": {"left margin", 2, 0}, "\x1dW": {"area width", 2, 0},
	"\x1dP": {"motion units", 2, 0}, "\x1db": {"smoothing", 1, 0},
}

// command reads one that begins with ESC, FS or GS.
func (d *decoder) command(e Event) Event {
	if len(d.all)-d.at < 2 {
		return d.short(e, 1)
	}
	lead := string(d.all[d.at : d.at+2])
	if s, ok := styles[lead]; ok {
		d.at += 2
		parameters := d.take(s.parameters)
		if len(parameters) < s.parameters {
			return d.short(e, s.parameters-len(parameters))
		}
		e = e.style(s.name)
		n := 0
		for i, b := range parameters {
			n |= int(b) << (8 * i)
		}
		if s.parameters > 0 {
			e = e.value(n)
		}
		if s.highest > 0 && n > s.highest {
			e.problem(fmt.Sprintf("the value is above %d", s.highest))
		}
		switch lead {
		case "\x1b@":
			d.page, d.qr = 0, nil
		case "\x1bt":
			d.page = byte(n)
			if page := d.pages[d.page]; page != nil {
				e.Page = page.Name
			} else {
				e.problem(fmt.Sprintf("the profile does not say what code page %d is", n))
			}
		}
		return e
	}
	switch lead {
	case "\x1bd", "\x1bJ", "\x1be":
		return d.one(e, func(e Event, n int) Event {
			return e.feed(map[string]string{"\x1bd": "lines", "\x1bJ": "dots", "\x1be": "lines back"}[lead], n)
		})
	case "\x1bi", "\x1bm":
		d.at += 2
		return e.named(Cut, map[string]string{"\x1bi": "full", "\x1bm": "partial"}[lead])
	case "\x1bv":
		d.at += 2
		return e.named(StatusRequest, "ESC v")
	case "\x1bD":
		return d.tabs(e)
	case "\x1bp":
		return d.fixed(e, 3, func(e Event, _ []byte) Event { return e.unknown(d, "ESC p, pulse") })
	case "\x1b*":
		return d.columns(e)
	case "\x1cp":
		return d.fixed(e, 2, func(e Event, b []byte) Event { return e.named(Image, "stored picture").value(int(b[0])) })
	case "\x1da", "\x1dr", "\x1dI":
		return d.one(e, func(e Event, n int) Event { return e.named(StatusRequest, "GS "+lead[1:]).value(n) })
	case "\x1dV":
		return d.cut(e)
	case "\x1dk":
		return d.barcode(e)
	case "\x1dv":
		return d.raster(e)
	case "\x1d8":
		return d.long(e, 4)
	case "\x1d(", "\x1c(":
		return d.long(e, 2)
	case "\x1de":
		return d.presenter(e)
	}
	d.at += 2
	return e.unknown(d, "command")
}

// fixed reads a command with n parameter bytes.
func (d *decoder) fixed(e Event, n int, made func(Event, []byte) Event) Event {
	d.at += 2
	b := d.take(n)
	if len(b) < n {
		return d.short(e, n-len(b))
	}
	return made(e, b)
}

func (d *decoder) one(e Event, made func(Event, int) Event) Event {
	return d.fixed(e, 1, func(e Event, b []byte) Event { return made(e, int(b[0])) })
}

// tabs reads ESC D: at most 32 stops, then NUL.
func (d *decoder) tabs(e Event) Event {
	d.at += 2
	for range 33 {
		b := d.take(1)
		if len(b) == 0 {
			return d.short(e, 1)
		}
		if b[0] == 0 {
			return e.style("tab stops")
		}
	}
	return e.unknown(d, "tab stops without end")
}

func (d *decoder) cut(e Event) Event {
	return d.one(e, func(e Event, n int) Event {
		switch n {
		case 0, '0':
			return e.named(Cut, "full")
		case 1, '1':
			return e.named(Cut, "partial")
		case 'A', 'B', 'a', 'b', 'g', 'h':
			b := d.take(1)
			if len(b) == 0 {
				return d.short(e, 1)
			}
			return e.named(Cut, map[int]string{'A': "feed and full", 'B': "feed and partial", 'a': "mark full", 'b': "mark partial",
				'g': "feed, full, feed back", 'h': "feed, partial, feed back"}[n]).value(int(b[0]))
		}
		return e.unknown(d, "GS V of an unknown kind")
	})
}

func (d *decoder) presenter(e Event) Event {
	return d.one(e, func(e Event, n int) Event {
		if n == 3 {
			b := d.take(1)
			if len(b) == 0 {
				return d.short(e, 1)
			}
			return e.named(Cut, "present").value(int(b[0]))
		}
		return e.named(Cut, "presenter").value(n)
	})
}

// symbologies of GS k by the number of form A; form B has 65 more, and a few of its own.
var symbologies = []string{"upc-a", "upc-e", "ean13", "ean8", "code39", "itf", "codabar", "code93", "code128", "gs1-128",
	"databar", "databar truncated", "databar limited", "databar expanded", "code128 auto"}

func (d *decoder) barcode(e Event) Event {
	return d.one(e, func(e Event, m int) Event {
		var data []byte
		switch {
		case m <= 6:
			for {
				b := d.take(1)
				if len(b) == 0 {
					return d.short(e, 1)
				}
				if b[0] == 0 {
					break
				}
				if data = append(data, b[0]); len(data) > 255 {
					return e.unknown(d, "barcode without end")
				}
			}
		case m >= 65 && m < 65+len(symbologies):
			m -= 65
			size := d.take(1)
			if len(size) == 0 {
				return d.short(e, 1)
			}
			if data = d.take(int(size[0])); len(data) < int(size[0]) {
				return d.short(e, int(size[0])-len(data))
			}
		default:
			return e.unknown(d, "GS k of an unknown kind")
		}
		e = e.named(Barcode, symbologies[m])
		text, problem := barcodeData(symbologies[m], string(data))
		e.Text = printing(text)
		if problem != "" {
			e.problem(problem)
		}
		return e
	})
}

// barcodeData checks what a symbology may hold, and takes the code set prefixes out of Code 128.
func barcodeData(symbology, data string) (text, problem string) {
	digits := strings.Trim(data, "0123456789") == ""
	n := len(data)
	switch symbology {
	case "ean13", "ean8", "upc-a":
		size := map[string]int{"ean13": 13, "ean8": 8, "upc-a": 12}[symbology]
		if !digits || n != size && n != size-1 {
			return data, fmt.Sprintf("the data is not %d or %d digits", size-1, size)
		}
	case "itf":
		if !digits || n%2 == 1 || n == 0 {
			return data, "the data is not an even number of digits"
		}
	case "code39":
		if n == 0 || strings.Trim(data, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ -.$/+%*") != "" {
			return data, "the data has characters that Code 39 does not have, or none at all"
		}
	case "code128":
		if n < 3 || data[0] != '{' || strings.IndexByte("ABC", data[1]) < 0 {
			return data, "the data does not begin with {A, {B or {C"
		}
		var b strings.Builder
		set := data[1]
		for i := 2; i < n; i++ {
			switch {
			case data[i] == '{' && i+1 < n && data[i+1] == '{':
				b.WriteByte('{')
				i++
			case data[i] == '{' && i+1 < n && strings.IndexByte("ABC", data[i+1]) >= 0:
				set = data[i+1]
				i++
			case set == 'C':
				fmt.Fprintf(&b, "%02d", data[i])
			default:
				b.WriteByte(data[i])
			}
		}
		return b.String(), ""
	}
	return data, ""
}

// printing is UTF-8 without control characters.
func printing(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
}

func (d *decoder) raster(e Event) Event {
	d.at += 2
	head := d.take(6)
	if len(head) < 6 {
		return d.short(e, 6-len(head))
	}
	if head[0] != '0' {
		return e.unknown(d, "GS v of an unknown kind")
	}
	stride, rows := int(head[2])|int(head[3])<<8, int(head[4])|int(head[5])<<8
	if stride > 0 && rows > (len(d.all)-d.at)/stride { // not multiplied: that may be more than an int holds
		return d.short(e, 1)
	}
	data := d.take(stride * rows)
	e = e.image("GS v 0", stride*8, rows, data)
	if head[1] > 3 && (head[1] < '0' || head[1] > '3') {
		e.problem("there is no such scale")
	}
	return e
}

func (e Event) image(name string, width, height int, dots []byte) Event {
	e = e.named(Image, name)
	e.Width, e.Height, e.Dots = width, height, dots
	sum := sha256.Sum256(dots)
	e.SHA256 = hex.EncodeToString(sum[:])
	if width == 0 || height == 0 {
		e.problem("the picture is empty")
	}
	for i := 0; i+2 < len(dots); i++ {
		if dots[i] == 0x10 && (dots[i+1] == 0x04 && dots[i+2] >= 1 && dots[i+2] <= 8 || dots[i+1] == 0x05 && dots[i+2] <= 2 || dots[i+1] == 0x14 && dots[i+2] >= 1 && dots[i+2] <= 8) {
			e.problem(fmt.Sprintf("a real-time command hides in the picture, %d bytes in: many printers obey it", i))
			break
		}
	}
	return e
}

// columns reads ESC *: a strip of dots, column by column.
func (d *decoder) columns(e Event) Event {
	return d.fixed(e, 3, func(e Event, b []byte) Event {
		high := map[byte]int{0: 1, 1: 1, 32: 3, 33: 3}[b[0]] // bytes in a column
		if high == 0 {
			return e.unknown(d, "ESC * of an unknown kind")
		}
		width := int(b[1]) | int(b[2])<<8
		data := d.take(width * high)
		if len(data) < width*high {
			return d.short(e, width*high-len(data))
		}
		e = e.image("ESC *", width, high*8, data)
		e.Dots = nil // they stand column by column
		return e
	})
}

// long reads a command that carries its length, in size bytes.
func (d *decoder) long(e Event, size int) Event {
	group := d.all[d.at]
	d.at += 2
	head := d.take(1 + size)
	if len(head) < 1+size {
		return d.short(e, 1+size-len(head))
	}
	n := 0
	for i, b := range head[1:] {
		n |= int(b) << (8 * i)
	}
	data := d.take(n)
	if len(data) < n {
		return d.short(e, n-len(data))
	}
	switch {
	case group == 0x1C && head[0] == 'C':
		return e.style("character encoding")
	case group == 0x1D && head[0] == 'k' && n >= 3 && data[0] == 0x31:
		return d.qrCode(e, data)
	case group == 0x1D && head[0] == 'L' && n >= 2 && data[0] == 0x30:
		return d.graphics(e, data)
	case group == 0x1D && head[0] == 'H' && n >= 2:
		e = e.named(StatusRequest, "GS ( H")
		if data[0] == 0x30 && n == 6 {
			e.Text = printing(string(data[2:]))
		}
		return e
	}
	return e.unknown(d, "command with its length")
}

// qrCode reads GS ( k for QR codes: settings, data, and the order to print.
func (d *decoder) qrCode(e Event, data []byte) Event {
	n := int(data[2])
	switch data[1] {
	case 0x41:
		return e.style("qr model").value(n)
	case 0x43:
		e = e.style("qr module").value(n)
		if n < 1 || n > 16 {
			e.problem("the module is not from 1 to 16")
		}
		return e
	case 0x45:
		e = e.style("qr error correction").value(n)
		if n < 0x30 || n > 0x33 {
			e.problem("the error correction is not from 48 to 51")
		}
		return e
	case 0x50:
		d.qr = data[3:]
		return e.style("qr data").value(len(d.qr))
	case 0x51:
		e.Event, e.Text = QR, printing(string(d.qr))
		if len(d.qr) == 0 {
			e.problem("no data was stored")
		}
		return e
	case 0x52:
		return e.named(StatusRequest, "GS ( k, size of the symbol")
	}
	return e.unknown(d, "GS ( k of an unknown kind")
}

// graphics reads GS ( L and GS 8 L.
func (d *decoder) graphics(e Event, data []byte) Event {
	switch {
	case data[1] == 0x70 && len(data) >= 10:
		width, height := int(data[6])|int(data[7])<<8, int(data[8])|int(data[9])<<8
		if want := (width + 7) / 8 * height; want != len(data)-10 {
			e = e.unknown(d, "picture")
			e.problem(fmt.Sprintf("%d x %d dots are %d bytes, there are %d", width, height, want, len(data)-10))
			return e
		}
		return e.image("GS ( L", width, height, data[10:])
	case data[1] == 0x32 || data[1] == 0x02:
		return e.style("print the stored picture")
	case data[1] == 0x45:
		return e.named(Image, "logo in the printer's memory")
	}
	return e.unknown(d, "GS ( L of an unknown kind")
}
