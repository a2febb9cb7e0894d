package pretend

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Printer is a receipt printer on USB, of the printer class and bidirectional, with the ids of an Epson.
type Printer struct{ *Gadget }

// Ids of the printer.
const (
	PrinterVendor  = 0x04b8
	PrinterProduct = 0x0e15
)

// NewPrinter makes a printer and plugs it in. There can be one at a time.
func NewPrinter(serial string) (Printer, error) {
	g, err := made(about{vendor: "0x04b8", product: "0x0e15", name: "Printer", function: "printer",
		settings: map[string]string{"pnp_string": "MFG:PRETENDED;CMD:ESC/POS;MDL:P80;CLS:PRINTER;", "q_len": "10"}}, serial)
	if err != nil {
		return Printer{}, err
	}
	return Printer{g}, printerThere()
}

// printerThere waits until the kernel's printer driver has found the printer: it comes after the USB device itself.
func printerThere() error {
	return Until("/dev/usb/lpN", func() bool { found, err := filepath.Glob("/dev/usb/lp*"); return err == nil && len(found) > 0 })
}

// Plug puts the cable in again.
func (p Printer) Plug() error {
	if err := p.Gadget.Plug(); err != nil {
		return err
	}
	return printerThere()
}

// Far opens the printer's side of the cable: a read waits for what the computer prints, a write is read by the computer. It
// is to be opened anew after the cable was pulled. Up to ten times 8 KiB are taken off the cable before they are read
// here; what nobody has read when the cable is pulled is lost.
func (p Printer) Far() (*os.File, error) {
	const node = "/dev/g_printer0"
	if err := Appears(node); err != nil {
		return nil, err
	}
	return os.OpenFile(node, os.O_RDWR, 0)
}

// Keyboard is a scanner that types, on USB.
type Keyboard struct {
	*Gadget
	Path string // its link below /dev/input/by-id
	far  string
}

// NewKeyboard makes a keyboard and plugs it in.
func NewKeyboard(serial string) (Keyboard, error) {
	g, err := made(about{vendor: "0x0c2e", product: "0x0b61", name: "Scanner", function: "hid",
		settings: map[string]string{"protocol": "1", "subclass": "1", "report_length": "8", "report_desc": keyboardReport}}, serial)
	if err != nil {
		return Keyboard{}, err
	}
	return g.keyboard()
}

// FindKeyboard finds a keyboard that another process has made.
func FindKeyboard(serial string) (Keyboard, error) {
	return (&Gadget{folder: filepath.Join(gadgets, serial), function: "hid." + serial, Serial: serial}).keyboard()
}

// keyboard waits for the nodes of a keyboard.
func (g *Gadget) keyboard() (k Keyboard, err error) {
	k = Keyboard{Gadget: g, Path: "/dev/input/by-id/usb-Pretended_Scanner_" + g.Serial + "-event-kbd"}
	if k.far, err = g.hidNode(); err == nil {
		err = Appears(k.Path)
	}
	return k, err
}

// keyboardReport describes the reports of a keyboard: modifiers, a byte of nothing, six keys (USB Device Class Definition for
// HID 1.11, appendix B.1).
const keyboardReport = "\x05\x01\x09\x06\xa1\x01" +
	"\x05\x07\x19\xe0\x29\xe7\x15\x00\x25\x01\x75\x01\x95\x08\x81\x02" +
	"\x95\x01\x75\x08\x81\x03" +
	"\x95\x06\x75\x08\x15\x00\x25\x65\x05\x07\x19\x00\x29\x65\x81\x00\xc0"

// hidNode is the far end of a device with reports.
func (g *Gadget) hidNode() (string, error) {
	numbers := attribute(g.in("functions/" + g.function + "/dev"))
	_, minor, ok := strings.Cut(numbers, ":")
	if !ok {
		return "", fmt.Errorf("pretend: the kernel does not say where the reports of %s go", g.Serial)
	}
	node := "/dev/hidg" + minor
	return node, Appears(node)
}

// usages of the keys beside letters and digits, without and with Shift, US layout (HID Usage Tables, page 7).
var usages = map[byte]byte{'\n': 0x28, '\t': 0x2b, ' ': 0x2c, '-': 0x2d, '=': 0x2e, '[': 0x2f, ']': 0x30, '\\': 0x31, ';': 0x33, '\'': 0x34, '`': 0x35, ',': 0x36, '.': 0x37, '/': 0x38}

const shift = 0x02

// key is the modifier and the usage of a character.
func key(c byte) (modifier, usage byte, err error) {
	switch {
	case c >= 'a' && c <= 'z':
		return 0, 0x04 + c - 'a', nil
	case c >= 'A' && c <= 'Z':
		return shift, 0x04 + c - 'A', nil
	case c >= '1' && c <= '9':
		return 0, 0x1e + c - '1', nil
	case c == '0':
		return 0, 0x27, nil
	}
	if u, ok := usages[c]; ok {
		return 0, u, nil
	}
	return 0, 0, fmt.Errorf("pretend: the keyboard has no key for %q", c)
}

// Type presses and releases the keys of text, US layout, with a pause behind each key.
func (k Keyboard) Type(text string, pause time.Duration) error {
	f, err := os.OpenFile(k.far, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, c := range []byte(text) {
		modifier, usage, err := key(c)
		if err != nil {
			return err
		}
		for _, report := range [][]byte{{modifier, 0, usage, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0}} {
			if _, err := f.Write(report); err != nil {
				return err
			}
		}
		time.Sleep(pause)
	}
	return nil
}

// HIDPOS is a scanner with reports of its own, on USB.
type HIDPOS struct {
	*Gadget
	far string
}

// NewHIDPOS makes a scanner of usage page 8C, usage 02, and plugs it in. Its reports have 64 bytes with the number 2 in
// front: length, three bytes of AIM identifier, 56 of data, and three more, the last of which says that the label goes on.
func NewHIDPOS(serial string) (HIDPOS, error) {
	g, err := made(about{vendor: "0x0c2e", product: "0x0b81", name: "Scanner", function: "hid",
		settings: map[string]string{"protocol": "0", "subclass": "0", "report_length": "64", "report_desc": posReport}}, serial)
	if err != nil {
		return HIDPOS{}, err
	}
	h := HIDPOS{Gadget: g}
	h.far, err = g.hidNode()
	return h, err
}

// posReport describes such reports (HID Point of Sale Usage Tables 1.02, page 8C).
const posReport = "\x05\x8c\x09\x02\xa1\x01\x09\x12\xa1\x02\x85\x02\x15\x00\x26\xff\x00\x75\x08" +
	"\x95\x01\x05\x01\x09\x3b\x81\x02" + // byte count
	"\x95\x03\x05\x8c\x09\xfb\x09\xfc\x09\xfd\x81\x02" + // symbology identifier 1 to 3
	"\x95\x38\x09\xfe\x82\x02\x01" + // decoded data
	"\x95\x03\x09\xff\x81\x02" + // decoded data continued
	"\xc0\xc0"

// Node waits for the scanner's node and returns it: /dev/hidrawN.
func (h HIDPOS) Node() (string, error) {
	var node string
	err := Until("the hidraw node of "+h.Serial, func() bool {
		found, err := filepath.Glob("/sys/class/hidraw/*")
		if err != nil {
			return false
		}
		for _, class := range found {
			if strings.Contains(attribute(filepath.Join(class, "device/uevent")), "HID_UNIQ="+h.Serial) {
				node = "/dev/" + filepath.Base(class)
			}
		}
		return node != ""
	})
	if err != nil {
		return "", err
	}
	return node, Appears(node)
}

// Send sends one report of at most 64 bytes, its number included; the rest is filled with zeros.
func (h HIDPOS) Send(report []byte) error {
	f, err := os.OpenFile(h.far, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	whole := make([]byte, 64)
	if copy(whole, report) < len(report) {
		return fmt.Errorf("pretend: a report of %d bytes", len(report))
	}
	_, err = f.Write(whole)
	return err
}

// Modem is a serial device on USB CDC-ACM (cdc_acm).
type Modem struct {
	*Gadget
	Path string // its link below /dev/serial/by-id
	far  string
}

// NewModem makes such a device and plugs it in.
func NewModem(serial string) (Modem, error) {
	g, err := made(about{vendor: "0x1d6b", product: "0x0104", name: "Modem", function: "acm"}, serial)
	if err != nil {
		return Modem{}, err
	}
	m := Modem{Gadget: g, Path: "/dev/serial/by-id/usb-Pretended_Modem_" + serial + "-if00",
		far: "/dev/ttyGS" + attribute(g.in("functions/"+g.function+"/port_num"))}
	if err = Appears(m.Path); err == nil {
		err = Appears(m.far)
	}
	return m, err
}

// Far is the node of the far end, a tty like the other.
func (m Modem) Far() string { return m.far }
