package scanlinetest

import (
	"errors"
	"os"
	"slices"
	"sync"
	"syscall"
)

// Descriptor is the report descriptor of a scanner in HID POS mode: labels in input report 2 of 64 bytes, with length,
// AIM identifier, 56 bytes of data and a byte that says whether the label goes on; feature report FE. It was written
// after the HID Point of Sale Usage Tables 1.02, chapter 3, and the report that the Access-IS LSR118 product manual
// shows in its appendix B.1; it is no recording.
var Descriptor = []byte{
	0x05, 0x8C, // usage page: bar code scanner
	0x09, 0x02, // usage: bar code scanner
	0xA1, 0x01, // collection: application
	0x09, 0x12, //   usage: scanned data report
	0xA1, 0x02, //   collection: logical
	0x85, 0x02, //     report id 2
	0x15, 0x00, 0x26, 0xFF, 0x00, // logical minimum 0, maximum 255
	0x75, 0x08, //     report size 8
	0x05, 0x01, 0x09, 0x3B, // usage: byte count
	0x95, 0x01, 0x81, 0x02, // input: one byte
	0x05, 0x8C, 0x19, 0xFB, 0x29, 0xFD, // usages: symbology identifier 1 to 3
	0x95, 0x03, 0x81, 0x02, // input: three bytes
	0x09, 0xFE, //     usage: decoded data
	0x95, 0x38, 0x82, 0x02, 0x01, // input: 56 buffered bytes
	0x06, 0x66, 0xFF, 0x09, 0x04, // usage page and usage of the maker: its own letter for the symbology
	0x95, 0x02, 0x81, 0x02, // input: two bytes
	0x05, 0x8C, 0x09, 0xFF, // usage: decode data continued
	0x75, 0x01, 0x95, 0x01, 0x81, 0x02, // input: one bit
	0x95, 0x07, 0x81, 0x03, // input: seven bits that fill the byte
	0xC0,                         //   end
	0x06, 0x66, 0xFF, 0x09, 0x05, //   usage of the maker: which reports it sends
	0x85, 0xFE, 0x75, 0x08, 0x95, 0x01, 0xB1, 0x02, // feature report FE: one byte
	0xC0, // end
}

// Reports are the input reports of a label, after Descriptor. aim is its AIM identifier, empty for none.
func Reports(aim, label string) [][]byte {
	const room = 56
	var all [][]byte
	for {
		r := make([]byte, 64)
		n := copy(r[5:5+room], label)
		label = label[n:]
		r[0], r[1] = 2, byte(n)
		copy(r[2:5], aim)
		if label == "" {
			return append(all, r)
		}
		r[63] = 1
		all = append(all, r)
	}
}

// HID is a scanner in HID POS mode in memory, with the far and the near end of its cable. Its methods may be called from
// any goroutine.
type HID struct {
	// WaitsForOrder: it is one of Honeywell's and sends nothing before feature report FE 01.
	WaitsForOrder bool

	mu      sync.Mutex
	aim     string
	gone    chan struct{} // closed by Unplug; nil while unplugged
	near    *Port
	ordered bool
}

// NewHID plugs a scanner in.
func NewHID() *HID { return &HID{gone: make(chan struct{})} }

// SetAIM sets the identifier of the labels that follow, such as ]F0; empty for none.
func (h *HID) SetAIM(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.aim = id
}

// Scan sends one label.
func (h *HID) Scan(label string) error {
	h.mu.Lock()
	aim := h.aim
	h.mu.Unlock()
	return h.Send(Reports(aim, label)...)
}

// Send sends reports as they are. They are lost where nobody has opened the scanner, or nobody reads the last 64 of them.
func (h *HID) Send(reports ...[]byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.gone == nil {
		return errors.New("scanlinetest: the scanner is unplugged")
	}
	if h.near == nil || h.WaitsForOrder && !h.ordered {
		return nil
	}
	for _, r := range reports {
		select {
		case h.near.reports <- slices.Clone(r):
		default:
		}
	}
	return nil
}

// Unplug takes the scanner away from whoever has it open.
func (h *HID) Unplug() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.gone != nil {
		close(h.gone)
		h.gone, h.near, h.ordered = nil, nil, false
	}
}

// Plug brings the scanner back.
func (h *HID) Plug() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.gone == nil {
		h.gone = make(chan struct{})
	}
	return nil
}

// Open is the near end, for one at a time.
func (h *HID) Open() (*Port, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.gone == nil {
		return nil, errors.New("scanlinetest: the scanner is not plugged in")
	}
	h.near = &Port{hid: h, reports: make(chan []byte, 64), gone: h.gone, closed: make(chan struct{})}
	return h.near, nil
}

// Port is what a hidraw node is.
type Port struct {
	hid     *HID
	reports chan []byte
	gone    chan struct{}
	once    sync.Once
	closed  chan struct{}
}

// Read waits for one report.
func (p *Port) Read(b []byte) (int, error) {
	select {
	case <-p.closed:
		return 0, os.ErrClosed
	default:
	}
	select {
	case r := <-p.reports:
		return copy(b, r), nil
	case <-p.gone:
		return 0, syscall.EIO
	case <-p.closed:
		return 0, os.ErrClosed
	}
}

// Close ends a Read.
func (p *Port) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// Descriptor is the scanner's report descriptor.
func (p *Port) Descriptor() ([]byte, error) { return slices.Clone(Descriptor), nil }

// Vendor is who made the scanner.
func (p *Port) Vendor() (uint16, error) {
	if p.hid.WaitsForOrder {
		return 0x0C2E, nil
	}
	return 0x05E0, nil
}

// SetFeature takes an order.
func (p *Port) SetFeature(report []byte) error {
	p.hid.mu.Lock()
	defer p.hid.mu.Unlock()
	if !p.hid.WaitsForOrder || !slices.Equal(report, []byte{0xFE, 0x01}) {
		return syscall.EPIPE
	}
	p.hid.ordered = true
	return nil
}
