package scanline

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/device/scanner"
	"selfpay/device/scanner/scannertest"
	"selfpay/drivers/scanline/scanlinetest"
)

func overHID(far *scanlinetest.HID) *Scanner {
	return newHIDPOS(func() (hid, error) {
		port, err := far.Open()
		if err != nil {
			return nil, err
		}
		return port, nil
	}, Config{Silence: 5 * time.Second}, quiet)
}

func TestConformanceOverHIDPOS(t *testing.T) {
	scannertest.Run(t, func(t *testing.T) (scanner.Scanner, scannertest.Far) {
		t.Parallel()
		far := scanlinetest.NewHID()
		return overHID(far), far
	})
}

func bytesOf(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTheDescriptorSaysWhereALabelStands(t *testing.T) {
	for _, c := range []struct {
		name, descriptor string
		want             form
		err              error
	}{
		{"usual", hex.EncodeToString(scanlinetest.Descriptor), form{id: 2, length: 1, aim: 2, data: 5, dataSize: 56, more: 63, moreBits: 1}, nil},
		{"no report ids, flag in front, no length, AIM identifier behind the data",
			"05 8C 09 02 A1 01 75 01 95 01 09 FF 81 02 95 07 81 01 75 08 95 20 09 FE 81 02 95 03 09 FB 09 FC 09 FD 81 02 C0",
			form{length: -1, aim: 33, data: 1, dataSize: 32, more: 0, moreBits: 1}, nil},
		{"no report ids, length in front", "05 8C 09 02 A1 01 75 08 95 01 05 01 09 3B 81 02 05 8C 95 20 09 FE 81 02 C0", form{length: 0, aim: -1, data: 1, dataSize: 32, more: -1}, nil},
		{"another report before, in the same ids", "05 01 09 06 A1 01 85 01 75 08 95 08 81 02 C0 05 8C 09 02 A1 01 85 07 75 08 95 3E 09 FE 81 02 95 01 09 FF 81 02 C0",
			form{id: 7, length: -1, aim: -1, data: 1, dataSize: 62, more: 63, moreBits: 0xFF}, nil},
		{"a flag of three bytes", "05 8C 09 02 A1 01 85 02 75 08 95 0A 09 FE 81 02 95 03 09 FF 81 02 C0", form{id: 2, length: -1, aim: -1, data: 1, dataSize: 10, more: 13, moreBits: 0xFF}, nil},
		{"a flag of eight bits", "05 8C 09 02 A1 01 85 02 75 08 95 0A 09 FE 81 02 75 01 95 08 09 FF 81 02 C0", form{id: 2, length: -1, aim: -1, data: 1, dataSize: 10, more: 11, moreBits: 1}, nil},
		{"whole usages and pushed state", "06 01 FF 0B 02 00 8C 00 A1 01 A4 85 03 75 08 95 0A 0B FE 00 8C 00 81 02 B4 C0", form{id: 3, length: -1, aim: -1, data: 1, dataSize: 10, more: -1}, nil},
		{"length behind the data is none of it", "05 8C A1 01 85 02 75 08 95 0A 09 FE 81 02 05 01 09 3B 95 01 81 02 C0", form{id: 2, length: -1, aim: -1, data: 1, dataSize: 10, more: -1}, nil},
		{"data in the middle of a byte is none", "05 8C 09 02 A1 01 85 02 75 01 95 03 81 02 75 08 95 0A 09 FE 81 02 C0", usualForm, nil},
		{"a scanner that does not say", "05 8C 09 02 A1 01 85 02 75 08 95 3F 81 02 C0", usualForm, nil},
		{"a long item", "FE 02 10 AA BB 05 8C 09 02 A1 01 C0", usualForm, nil},

		{"keyboard", "05 01 09 06 A1 01 05 07 19 E0 29 E7 15 00 25 01 75 01 95 08 81 02 C0", form{}, errNoScanner},
		{"empty", "", form{}, errNoScanner},
		{"cut short", "05", form{}, errDescriptor},
		{"cut in a long item", "FE 09 10 AA", form{}, errDescriptor},
		{"report id 0", "85 00", form{}, errDescriptor},
		{"report id 256", "86 00 01", form{}, errDescriptor},
		{"pop without push", "B4", form{}, errDescriptor},
		{"push without end", strings.Repeat("A4", 9), form{}, errDescriptor},
		{"collections without end", strings.Repeat("A1 01", 33), form{}, errDescriptor},
		{"an end too many", "A1 01 C0 C0", form{}, errDescriptor},
		{"a report without end", "75 08 97 FF FF FF FF 81 02", form{}, errDescriptor},
		{"a field without end", "77 FF FF FF FF 95 01 81 02", form{}, errDescriptor},
		{"a long report by many fields", strings.Repeat("75 40 96 00 01 81 02", 3), form{}, errDescriptor},
		{"usages without end", "19 00 2A FF FF", form{}, errDescriptor},
		{"usages backwards", "19 09 29 01", form{}, errDescriptor},
		{"more usages than fields", strings.Repeat("09 01", 257), form{}, errDescriptor},
		{"longer than the kernel's", strings.Repeat("0501", 2049), form{}, errDescriptor},
	} {
		got, err := parseDescriptor(bytesOf(t, c.descriptor))
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %+v, %v; want %+v, %v", c.name, got, err, c.want, c.err)
		}
	}
}

// settled is a scanner that was silent when it was opened.
func settled(f form) *reports {
	r := newReports(f, time.Second)
	r.silence()
	return r
}

// The first reports are those of the Access-IS LSR118 product manual, appendix B.1.1: a boarding pass of 60 characters.
func TestReports(t *testing.T) {
	pass := "M1GATHERGOOD/MICHAEL  YABCDEF LHRDURAK 3542 052Y003D23  "
	filled := func(front string, text string, back string) []byte {
		r := append(bytesOf(t, front), text...)
		b := bytesOf(t, back)
		return append(append(r, make([]byte, 64-len(r)-len(b))...), b...)
	}
	long := strings.Repeat("1234567890", 52)
	for _, c := range []struct {
		name    string
		reports [][]byte
		want    []string
	}{
		{"two reports", [][]byte{filled("02 38 5D 51 30", pass, "73 00 01"), filled("02 04 5D 51 30", "0059", "73 00 00")}, []string{"]Q0" + pass + "0059"}},
		{"one report", [][]byte{filled("02 0E 5D 46 30", "21234000567894", "61 00 00")}, []string{"]F021234000567894"}},
		{"a length that counts one more", [][]byte{filled("02 0F 5D 46 30", "21234000567894", "61 00 00")}, []string{"]F021234000567894"}},
		{"a length that counts the AIM identifier", [][]byte{filled("02 11 5D 46 30", "21234000567894", "61 00 00")}, []string{"]F021234000567894"}},
		{"a length beyond the report", [][]byte{filled("02 FF 5D 46 30", "21234000567894", "61 00 00")}, []string{"]F021234000567894"}},
		{"what is left of a longer label", [][]byte{filled("02 04 5D 46 30", "21234000567894", "61 00 00")}, []string{"]F02123"}},
		{"no AIM identifier", [][]byte{filled("02 04 00 00 00", "2123", "00 00 00")}, []string{"2123"}},
		{"another report id", [][]byte{filled("03 04 00 00 00", "2123", "00 00 00")}, nil},
		{"another report in between", [][]byte{filled("02 38 5D 51 30", pass, "73 00 01"), filled("04 01", "", ""), filled("02 04 5D 51 30", "0059", "73 00 00")}, []string{"]Q0" + pass + "0059"}},
		{"empty", [][]byte{filled("02 00 00 00 00", "", "00 00 00")}, nil},
		{"short", [][]byte{bytesOf(t, "02 04 5D 46 30 31 32")}, []string{"]F012"}},
		{"shorter", [][]byte{bytesOf(t, "02 04 5D"), bytesOf(t, "02"), {}}, nil},
		{"longest", scanlinetest.Reports("]Q1", long[:scanner.MaxText]), []string{"]Q1" + long[:scanner.MaxText]}},
		{"too long", append(scanlinetest.Reports("]Q1", strings.Repeat(long, 3)), scanlinetest.Reports("", "12")...), []string{"12"}},
		{"without end", slices.Repeat([][]byte{filled("02 38 5D 51 30", pass, "73 00 01")}, 5000), nil},
	} {
		r := settled(usualForm)
		var got []string
		now := time.Unix(1000, 0)
		for _, report := range c.reports {
			for _, label := range r.takeAt(now, report) {
				got = append(got, string(label))
			}
			if len(r.text) > maxRaw {
				t.Fatalf("%s: %d characters are held", c.name, len(r.text))
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestReportsOfAnotherForm(t *testing.T) {
	f := form{length: -1, aim: 9, data: 1, dataSize: 8, more: 0, moreBits: 1}
	r := settled(f)
	if got := r.takeAt(time.Unix(1000, 0), []byte("\xFF12345678]A1")); got != nil {
		t.Errorf("%q before the label is complete", got)
	}
	got := r.takeAt(time.Unix(1000, 0), []byte("\xFE9\x000000000   "))
	if len(got) != 1 || string(got[0]) != "]A1123456789" {
		t.Errorf("%q", got)
	}
}

func TestALabelThatDoesNotGoOnIsForgotten(t *testing.T) {
	r := settled(usualForm)
	now := time.Unix(1000, 0)
	halves := scanlinetest.Reports("]F0", strings.Repeat("1", 57))
	r.takeAt(now, halves[0])
	r.takeAt(now.Add(time.Second), halves[0]) // still in time
	got := r.takeAt(now.Add(2*time.Second+1), scanlinetest.Reports("]F0", "2345")[0])
	if len(got) != 1 || string(got[0]) != "]F02345" {
		t.Errorf("%q", got)
	}
	if c := r.dropped(); c != (scanner.Counts{Broken: 1}) {
		t.Errorf("%+v", c)
	}
}

func TestHoneywellIsToldToSendReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far := scanlinetest.NewHID()
		far.WaitsForOrder = true
		far.SetAIM("]F0")
		s := overHID(far)
		defer s.Close()
		c := next(t, s)
		time.Sleep(time.Minute) // no label was under way
		if err := far.Scan("21234000567894"); err != nil {
			t.Fatal(err)
		}
		if got := <-c; got != "21234000567894" {
			t.Errorf("Read = %q", got)
		}
	})
}

// stubborn is a scanner that answers with errors.
type stubborn struct {
	hid
	descriptor []byte
	err        error
	vendor     error
	closed     bool
}

func (s *stubborn) Descriptor() ([]byte, error) { return s.descriptor, s.err }
func (s *stubborn) Vendor() (uint16, error)     { return 1, s.vendor }
func (s *stubborn) Close() error                { s.closed = true; return nil }

func TestADeviceThatIsNoScannerIsClosedAgain(t *testing.T) {
	keyboard := bytesOf(t, "05 01 09 06 A1 01 C0")
	for _, d := range []*stubborn{{descriptor: keyboard}, {err: syscall.EIO}, {descriptor: scanlinetest.Descriptor, vendor: syscall.EIO}} {
		s := newHIDPOS(func() (hid, error) { return d, nil }, Config{}, quiet)
		_, err := s.Read(t.Context())
		if device.Class(err) != device.ErrAttention || !d.closed {
			t.Errorf("Read = %v, closed: %v", err, d.closed)
		}
		if bytes.Equal(d.descriptor, keyboard) && !strings.Contains(err.Error(), "set it to HID POS") {
			t.Errorf("Read = %v", err)
		}
	}
}

func TestAHIDNodeThatCannotBeUsedHasAClearError(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(folder, "none"): "is not plugged in",
		file:                          "is no hidraw node",
	} {
		_, err := NewHIDPOS(path, Config{}, quiet).Read(t.Context())
		if device.Class(err) != device.ErrAttention || !strings.Contains(err.Error(), want) {
			t.Errorf("Read = %v, want %s", err, want)
		}
	}
	held, err := openHID(file)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if _, err := NewHIDPOS(file, Config{}, quiet).Read(t.Context()); err == nil || !strings.Contains(err.Error(), "is in use") {
		t.Errorf("Read = %v, want in use", err)
	}
}

func FuzzDescriptor(f *testing.F) {
	f.Add(scanlinetest.Descriptor, []byte("\x02\x04]F01234"))
	f.Add([]byte{0x05, 0x8C, 0x09, 0x02, 0xA1, 0x01, 0x75, 0x08, 0x95, 0x20, 0x09, 0xFE, 0x81, 0x02, 0xC0}, []byte("12"))
	f.Fuzz(func(t *testing.T, descriptor, report []byte) {
		form, err := parseDescriptor(descriptor)
		if err != nil {
			return
		}
		if form.dataSize <= 0 || form.dataSize > maxReportBits/8 || form.data+form.dataSize > maxReport {
			t.Fatalf("%+v", form)
		}
		p, ok := form.read(report)
		if ok && (len(p.data) > len(report) || bytes.ContainsRune(p.data, 0)) {
			t.Fatalf("%+v", p)
		}
	})
}

func FuzzReports(f *testing.F) {
	for _, r := range scanlinetest.Reports("]F0", strings.Repeat("12", 40)) {
		f.Add(r, r)
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		r := settled(usualForm)
		now := time.Unix(1000, 0)
		for _, report := range [][]byte{first, second, first} {
			for _, label := range r.takeAt(now, report) {
				if len(label) == 0 || len(label) > maxRaw {
					t.Fatalf("a label of %d", len(label))
				}
			}
		}
		if !r.going && !reflect.DeepEqual(r.text, []byte(nil)) {
			t.Fatalf("%q is left of labels that are complete", r.text)
		}
	})
}
