package decode_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/font/gofont/gomono"

	"selfpay/device/printer"
	"selfpay/drivers/escpos"
	"selfpay/drivers/escpos/decode"
)

func find(t testing.TB, name string) escpos.Profile {
	t.Helper()
	p, err := escpos.FindProfile(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// sentences are what a receipt says in the languages of the screen, with every letter the language has of its own.
var sentences = map[string]string{
	"de": "Gebühr größer ÄÖÜ äöüß €",
	"en": "Fee for overdue items £ €",
	"fr": "Reçu àâæçéèêëîïôùûüÿ œŒ ÀÇÉÈ €",
	"es": "¿Señal? ¡Año! áéíóúüñ ÁÉÍÓÚÜÑ €",
	"it": "Ricevuta àèéìòù ÀÈÉÌÒÙ €",
	"pl": "Opłata ąćęłńóśźż ĄĆĘŁŃÓŚŹŻ €",
	"tr": "Ücret çğıöşü ÇĞİÖŞÜ €",
	"uk": "Плата ґєії ҐЄІЇ жщюяь €",
}

var languages = []string{"de", "en", "fr", "es", "it", "pl", "tr", "uk"}

// receipt says a sentence in each language, each with an amount, and what has to stand on paper.
func receipt(columns int) (r printer.Receipt, rows []string) {
	for _, language := range languages {
		for half := range strings.SplitSeq(sentences[language], "  ") {
			text, right := language+" "+half, "12,50 €"
			if gap := columns - len([]rune(text)) - len([]rune(right)); gap > 0 {
				r.Lines = append(r.Lines, printer.Line{Text: text, Right: right})
				rows = append(rows, text+strings.Repeat(" ", gap)+right)
				continue
			}
			for _, word := range strings.Fields(text) { // narrow paper
				r.Lines = append(r.Lines, printer.Line{Text: word})
				rows = append(rows, word)
			}
		}
	}
	return r, rows
}

// rowsOf is the text of the events, row by row.
func rowsOf(events []decode.Event) (rows []string) {
	row := ""
	for _, e := range events {
		switch e.Event {
		case decode.Text:
			row += e.Text
		case decode.Feed:
			if e.Name == "line" {
				rows, row = append(rows, row), ""
			}
		}
	}
	return rows
}

func problems(t *testing.T, events []decode.Event) {
	t.Helper()
	for _, e := range events {
		if e.Event == decode.Unknown || len(e.Problems) > 0 {
			t.Errorf("%+v", e)
		}
	}
}

// complete are the profiles whose code pages have every letter of every language.
var complete = []string{"epson-tm-t88v", "epson-tm-t88vi", "epson-tm-t20ii", "epson-tm-t20iii", "epson-tm-m30ii", "epson-tm-t70ii", "bixolon-srp-350iii"}

func TestEveryLanguageIsOnTheCodePagesOfTheProfile(t *testing.T) {
	for _, name := range escpos.Profiles() {
		p := find(t, name)
		r, want := receipt(p.Columns)
		stream, notes := escpos.Encode(r, escpos.Config{Profile: p})
		events := decode.Decode(stream, p)
		problems(t, events)
		got := rowsOf(events)
		if slices.Contains(complete, name) {
			if len(notes) != 0 || !slices.Equal(got, want) {
				t.Errorf("%s: notes %q, printed\n%s\nwant\n%s", name, notes, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			continue
		}
		// what is missing there is told, and no letter becomes another one in silence
		if len(notes) != 1 {
			t.Errorf("%s: notes %q", name, notes)
			continue
		}
		for i, row := range got[:min(len(got), len(want))] {
			for _, r := range want[i] {
				if !strings.ContainsRune(row, r) && !strings.Contains(notes[0], fmt.Sprintf("%U", r)) && !strings.Contains(notes[0], "more") {
					t.Errorf("%s: %c of %q is missing in %q and in the notes %q", name, r, want[i], row, notes[0])
				}
			}
		}
	}
}

func TestWhatNoPageHasIsAPictureWhereThereIsAFont(t *testing.T) {
	fonts, err := escpos.ParseFonts(gomono.TTF)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range escpos.Profiles() {
		p := find(t, name)
		r, want := receipt(p.Columns)
		stream, notes := escpos.Encode(r, escpos.Config{Profile: p, Fonts: fonts})
		events := decode.Decode(stream, p)
		problems(t, events)
		pictures := 0
		for _, e := range events {
			if e.Event == decode.Image {
				pictures++
			}
		}
		rows := rowsOf(events)
		if len(notes) != 0 || pictures+len(rows) < len(want) || (pictures > 0) == slices.Contains(complete, name) {
			t.Errorf("%s: notes %q, %d pictures, %d rows of %d", name, notes, pictures, len(rows), len(want))
		}
		for _, row := range rows {
			if !slices.Contains(want, row) {
				t.Errorf("%s: row %q was not asked for", name, row)
			}
		}
	}
}

// second is what the other reader says.
type second struct {
	Rows     []string   `json:"rows"`
	Cuts     int        `json:"cuts"`
	Codes    [][]string `json:"codes"`
	Pictures [][]any    `json:"pictures"`
	Stray    int        `json:"stray"`
	IDs      []string   `json:"ids"`
}

// otherReader runs the reader that was written from the tables alone.
func otherReader(t *testing.T, stream []byte, p escpos.Profile) second {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed: the second reader of the bytes cannot run")
	}
	cmd := exec.Command(python, "testdata/decode.py", strings.Join(p.Tables.Tables, ","))
	cmd.Stdin = bytes.NewReader(stream)
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("second reader: %s", exit.Stderr)
		}
		t.Fatal(err)
	}
	var said second
	if err := json.Unmarshal(out, &said); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return said
}

func TestTwoReadersAgree(t *testing.T) {
	fonts, err := escpos.ParseFonts(gomono.TTF)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range escpos.Profiles() {
		p := find(t, name)
		r, want := receipt(p.Columns)
		r.Lines = append(r.Lines,
			printer.Line{Text: "large", Large: true, Bold: true, Align: printer.Centre},
			printer.Line{Code: printer.Code{Kind: printer.QR, Data: "https://example.org/ä/4821-123"}},
			printer.Line{Code: printer.Code{Kind: printer.Code128, Data: "{4821-123}"}},
			printer.Line{Code: printer.Code{Kind: printer.Code39, Data: "4821-123"}},
			printer.Line{Code: printer.Code{Kind: printer.EAN, Data: "4006381333931"}})
		for _, f := range []*escpos.Fonts{nil, fonts} {
			stream, _ := escpos.Encode(r, escpos.Config{Profile: p, Fonts: f})
			stream = append(stream, "\x1dr\x01\x1d(H\x06\x00\x30\x300417"...)
			said, events := otherReader(t, stream, p), decode.Decode(stream, p)
			problems(t, events)
			if f == nil && slices.Contains(complete, name) && !slices.Equal(said.Rows[:len(want)], want) {
				t.Errorf("%s: the second reader sees\n%s\nwant\n%s", name, strings.Join(said.Rows, "\n"), strings.Join(want, "\n"))
			}
			var first second
			first.Rows = rowsOf(events)
			for _, e := range events {
				switch e.Event {
				case decode.Cut:
					if !strings.HasPrefix(e.Name, "present") {
						first.Cuts++
					}
				case decode.Barcode:
					first.Codes = append(first.Codes, []string{e.Name, e.Text})
				case decode.QR:
					first.Codes = append(first.Codes, []string{"qr", e.Text})
				case decode.Image:
					first.Pictures = append(first.Pictures, []any{float64(e.Width), float64(e.Height), e.SHA256})
				case decode.StatusRequest:
					if e.Text != "" {
						first.IDs = append(first.IDs, e.Text)
					}
				}
			}
			if a, b := fmt.Sprint(first), fmt.Sprint(said); a != b {
				t.Errorf("%s: first reader %s\nsecond reader %s", name, a, b)
			}
			if len(said.IDs) != 1 || said.Cuts != 1 || len(said.Codes)+len(said.Pictures) < 4 {
				t.Errorf("%s: %+v", name, said)
			}
		}
	}
}

func TestTwoReadersKnowTheSameCodePages(t *testing.T) {
	for _, name := range escpos.Profiles() {
		p := find(t, name)
		var stream []byte
		for _, page := range p.Pages {
			stream = append(stream, 0x1B, 't', page.Number)
			for b := 0x80; b < 0x100; b++ {
				stream = append(stream, byte(b))
			}
			stream = append(stream, '\n')
		}
		first, other := rowsOf(decode.Decode(stream, p)), otherReader(t, stream, p).Rows
		for i, page := range p.Pages {
			if first[i] != other[i] {
				t.Errorf("%s, %s:\n%s\n%s", name, page.Name, first[i], other[i])
			}
		}
	}
}

func TestEventsOfDocumentedBytes(t *testing.T) {
	p := find(t, "epson-tm-t88v")
	for _, c := range []struct{ bytes, want string }{
		{"\x1b@\x1bt\x13\x81\xd5\n", "0+2 style initialise|2+3 style code page=19 (cp858)|5+2 text \"ü€\" (cp858)|7+1 feed line=1"},
		{"\x1b@\x81", "0+2 style initialise|2+1 text \"ü\" (cp437)"},
		{"\x1bt\x13\x1b@\xd5", `0+3 style code page=19 (cp858)|3+2 style initialise|5+1 text "╒" (cp437)`},
		{"\x1bt\x63\x81", `0+3 style code page=99 !the profile does not say what code page 99 is|3+1 text "�" !the profile does not say what code page 99 is`},
		{"\x1d!\x11A\x1d!\x88", `0+3 style size=17|3+1 text "A" (cp437)|4+3 style size=136 !the value is above 119`},
		{"\x1bd\x05\x1dVB\x00\x1dV\x00\x1bi", "0+3 feed lines=5|3+4 cut feed and partial=0|7+3 cut full|10+2 cut full"},
		{"\x1dkI\x05{Bab{\x1dk\x43\x0c400638133393", `0+9 barcode code128 "ab{"|9+16 barcode ean13 "400638133393"`},
		{"\x1dk\x04AB\x00\x1dk\x02123\x00", `0+6 barcode code39 "AB"|6+7 barcode ean13 "123" !the data is not 12 or 13 digits`},
		{"\x1dkI\x02ab", `0+6 barcode code128 "ab" !the data does not begin with {A, {B or {C`},
		{"\x1dkI\x06{C\x01\x63{B", `0+10 barcode code128 "0199"`},
		{"\x1d(k\x05\x00\x31\x50\x30hi\x1d(k\x03\x00\x31\x51\x30", `0+10 style qr data=2|10+8 qr "hi"`},
		{"\x1d(k\x03\x00\x31\x51\x30", `0+8 qr !no data was stored`},
		{"\x1dv0\x00\x01\x00\x02\x00\xff\x81", "0+10 image GS v 0 8x2"},
		{"\x1dv0\x00\x03\x00\x01\x00\x10\x04\x01", "0+11 image GS v 0 24x1 !a real-time command hides in the picture, 0 bytes in: many printers obey it"},
		{"\x1d(L\x0b\x00\x30\x70\x30\x01\x01\x31\x08\x00\x01\x00\xff\x1d(L\x02\x00\x30\x32", "0+16 image GS ( L 8x1|16+7 style print the stored picture"},
		{"\x10\x04\x01\x10\x05\x02\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08", "0+3 status-request DLE EOT=1|3+3 status-request DLE ENQ=2|6+10 status-request DLE DC4 8, clear buffers"},
		{"\x10\x04\x09", "0+3 status-request DLE EOT=9 !there is no such status"},
		{"\x1da\x0e\x1dr\x01\x1dI\x43\x1bv", "0+3 status-request GS a=14|3+3 status-request GS r=1|6+3 status-request GS I=67|9+2 status-request ESC v"},
		{"\x1bp\x00\x19\xfa\x00", "0+5 unknown ESC p, pulse [1b700019fa]|5+1 unknown control character [00]"},
		{"\x1bZ\x1d\x99", "0+2 unknown command [1b5a]|2+2 unknown command [1d99]"},
		{"\x1dv0\x00\xff\xff\xff\xff\x00", "0+9 unknown incomplete command [1d763000ffffffff00] !the input ends inside a command, 1 bytes are missing at least"},
		{"A\x1b", `0+1 text "A" (cp437)|1+1 unknown incomplete command [1b] !the input ends inside a command, 1 bytes are missing at least`},
		{"\x1b*\x21\x01\x00\x01\x02\x03\n", "0+8 image ESC * 1x24|8+1 feed line=1"},
		{"\x1bD\x08\x10\x00x", `0+5 style tab stops|5+1 text "x" (cp437)`},
		{"\x1de\x03\x0c\x1de\x05", "0+4 cut present=12|4+3 cut presenter=5"},
	} {
		var got []string
		for _, e := range decode.Decode([]byte(c.bytes), p) {
			s := fmt.Sprintf("%d+%d %s", e.Offset, e.Length, e.Event)
			if e.Name != "" {
				s += " " + e.Name
			}
			if e.Value != nil {
				s += fmt.Sprintf("=%d", *e.Value)
			}
			if e.Text != "" {
				s += fmt.Sprintf(" %q", e.Text)
			}
			if e.Page != "" {
				s += " (" + e.Page + ")"
			}
			if e.Width > 0 {
				s += fmt.Sprintf(" %dx%d", e.Width, e.Height)
			}
			if e.Hex != "" {
				s += " [" + e.Hex + "]"
			}
			for _, p := range e.Problems {
				s += " !" + p
			}
			got = append(got, s)
		}
		if all := strings.Join(got, "|"); all != c.want {
			t.Errorf("%q:\n%s, want\n%s", c.bytes, all, c.want)
		}
	}
}

func TestCardNumbersAreMasked(t *testing.T) {
	p := find(t, "epson-tm-t88v")
	for _, c := range []struct{ text, want string }{
		{"card 4111111111111111 ok", "card ************1111 ok"}, // the test numbers of the card brands
		{"4111 1111 1111 1111", "**** **** **** 1111"},
		{"378282246310005", "***********0005"},
		{"4111111111111112", "4111111111111112"},
		{"104 4111111111111111 12", "104 ************1111 12"},
		{"104 4111 1111 1111 1111 12", "104 **** **** **** 1111 12"},
		{"4222222222222", "*********2222"},
		{"36 1234 1234 123", "36 1234 1234 123"},
		{"************1234", "************1234"},
	} {
		events := decode.Decode([]byte(c.text), p)
		if len(events) != 1 || events[0].Text != c.want {
			t.Errorf("%s: %+v, want %s", c.text, events, c.want)
		}
	}
	if e := decode.Decode([]byte("\x1dkI\x12{B4111111111111111\x1dkI\x0f{B4222222222222"), p); e[0].Text != "************1111" || e[1].Text != "4222222222222" {
		t.Errorf("barcodes: %+v", e)
	}
}

func TestEventIsOneJSONObject(t *testing.T) {
	events := decode.Decode([]byte("\x1ba\x00"), find(t, "epson-tm-t88v"))
	b, err := json.Marshal(events[0])
	if want := `{"event":"style","offset":0,"length":3,"name":"align","value":0,"problems":[]}`; err != nil || string(b) != want {
		t.Errorf("%s, %v; want %s", b, err, want)
	}
}

// zbar reads barcodes in a picture.
func zbar(t *testing.T, m image.Image) []string {
	t.Helper()
	tool, err := exec.LookPath("zbarimg")
	if err != nil {
		t.Skip("zbarimg is not installed, barcodes cannot be read back; on Debian: apt-get install zbar-tools")
	}
	path := filepath.Join(t.TempDir(), "m.png")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, m); err != nil {
		t.Fatal(err)
	}
	f.Close()
	out, err := exec.Command(tool, "-q", path).Output()
	if err != nil {
		t.Fatalf("zbarimg reads nothing: %v", err)
	}
	found := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(found)
	return found
}

var codes = []printer.Line{
	{Code: printer.Code{Kind: printer.QR, Data: "https://example.org/4821-123"}},
	{Code: printer.Code{Kind: printer.Code128, Data: "A4821-123"}},
	{Code: printer.Code{Kind: printer.Code39, Data: "4821-123"}},
	{Code: printer.Code{Kind: printer.EAN, Data: "4006381333931"}},
}

var codesRead = []string{"CODE-128:A4821-123", "CODE-39:4821-123", "EAN-13:4006381333931", "QR-Code:https://example.org/4821-123"}

func TestBarcodesSentAsPicturesCanBeRead(t *testing.T) {
	for _, name := range []string{"generic-80mm", "generic-58mm"} {
		p := find(t, name)
		stream, notes := escpos.Encode(printer.Receipt{Lines: codes}, escpos.Config{Profile: p})
		if len(notes) > 0 {
			t.Errorf("%s: %q", name, notes)
		}
		paper := image.NewGray(image.Rect(0, 0, p.Paper.Dots, 2000))
		for i := range paper.Pix {
			paper.Pix[i] = 0xFF
		}
		y := 0
		for _, e := range decode.Decode(stream, p) {
			switch {
			case e.Event == decode.Image:
				for j := range e.Height {
					for x := range e.Width {
						if e.Dots[j*(e.Width/8)+x/8]&(0x80>>(x%8)) != 0 {
							paper.SetGray(x, y+j, color.Gray{})
						}
					}
				}
				y += e.Height
			case e.Event == decode.Feed:
				y += 30
			}
		}
		if got := zbar(t, paper); !slices.Equal(got, codesRead) {
			t.Errorf("%s: %q, want %q", name, got, codesRead)
		}
	}
}

func TestBarcodesOfAPreviewCanBeRead(t *testing.T) {
	fonts, err := escpos.ParseFonts(gomono.TTF)
	if err != nil {
		t.Fatal(err)
	}
	m, err := escpos.Preview(printer.Receipt{Lines: codes}, escpos.Config{Profile: find(t, "epson-tm-t88v"), Fonts: fonts})
	if err != nil {
		t.Fatal(err)
	}
	if got := zbar(t, m); !slices.Equal(got, codesRead) {
		t.Errorf("%q, want %q", got, codesRead)
	}
}

func FuzzDecode(f *testing.F) {
	p := find(f, "epson-tm-t88v")
	r, _ := receipt(42)
	r.Lines = append(r.Lines, codes...)
	for _, name := range []string{"epson-tm-t88v", "generic-58mm"} {
		stream, _ := escpos.Encode(r, escpos.Config{Profile: find(f, name)})
		f.Add(stream)
	}
	f.Add([]byte("\x1d8L\xff\xff\xff\xff\x1dk\x04\x1bD\x01\x1c&\x80\x10\x14\x08\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		at := 0
		for _, e := range decode.Decode(b, p) {
			if e.Offset != at || e.Length < 1 || e.Problems == nil {
				t.Fatalf("event %+v at %d: no byte may be left out or told twice", e, at)
			}
			at += e.Length
			if _, err := json.Marshal(e); err != nil {
				t.Fatal(err)
			}
		}
		if at != len(b) {
			t.Fatalf("%d of %d bytes are told", at, len(b))
		}
	})
}
