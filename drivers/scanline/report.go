package scanline

import (
	"errors"
	"time"
)

// Usages of the report descriptor: page in the upper half, usage in the lower.
const (
	usageByteCount    = 0x0001_003B // Generic Desktop: Byte Count
	usageScanner      = 0x008C_0002 // Bar Code Scanner, an application collection
	usageScannedData  = 0x008C_0012 // Scanned Data Report, the collection of the label
	usageSymbology1   = 0x008C_00FB // Symbology Identifier 1, 2 and 3: the AIM identifier
	usageSymbology3   = 0x008C_00FD
	usageDecodedData  = 0x008C_00FE // Decoded Data
	usageMoreToFollow = 0x008C_00FF // Decode Data Continued
)

// form says where the parts of a label stand in an input report, in bytes from its start, the report id included.
type form struct {
	id       byte // of the report; 0 where reports have no ids
	length   int  // the byte that counts the data; -1: none
	aim      int  // the first byte of the AIM identifier; -1: none
	data     int
	dataSize int
	more     int  // the byte that says whether more reports of this label follow; -1: none
	moreBits byte // of that byte
}

// usualForm is what scanners of Honeywell, Zebra, Datalogic and Access-IS send.
var usualForm = form{id: 2, length: 1, aim: 2, data: 5, dataSize: 56, more: 63, moreBits: 0xFF}

// Bounds of a report descriptor and of what it describes. A scanner is a stranger's computer until it is known.
const (
	maxDescriptor  = 4096 // the kernel's own
	maxReportBits  = 8 * 4096
	maxUsages      = 256
	maxPushed      = 8
	maxCollections = 32
)

var (
	errDescriptor = errors.New("its report descriptor cannot be read")
	errNoScanner  = errors.New("it is no scanner in HID POS mode; set it to HID POS, and name the hidraw node of its interface with usage page 8C")
)

// globals are the state of a descriptor that lasts until it is changed.
type globals struct {
	page, size, count uint32
	id                byte
}

// parseDescriptor finds the report of labels in a report descriptor (Device Class Definition for HID 1.11, 6.2.2). A
// scanner that describes itself without its labels has the usual form.
func parseDescriptor(b []byte) (form, error) {
	if len(b) > maxDescriptor {
		return form{}, errDescriptor
	}
	var (
		global  globals
		pushed  []globals
		local   usages
		depth   int
		scanner bool
		bits    = map[byte]int{} // of each input report so far
		forms   = map[byte]*form{}
		order   []byte
	)
	for len(b) > 0 {
		prefix := b[0]
		if prefix == 0xFE { // a long item; none is defined
			if len(b) < 3 || len(b) < 3+int(b[1]) {
				return form{}, errDescriptor
			}
			b = b[3+int(b[1]):]
			continue
		}
		size := int(prefix & 3)
		if size == 3 {
			size = 4
		}
		if len(b) < 1+size {
			return form{}, errDescriptor
		}
		value := uint32(0)
		for i := size; i > 0; i-- {
			value = value<<8 | uint32(b[i])
		}
		b = b[1+size:]
		switch prefix &^ 3 {
		case 0x04: // usage page
			global.page = value
		case 0x74: // report size
			global.size = value
		case 0x94: // report count
			global.count = value
		case 0x84: // report id
			if value == 0 || value > 0xFF {
				return form{}, errDescriptor
			}
			global.id = byte(value)
		case 0xA4: // push
			if len(pushed) == maxPushed {
				return form{}, errDescriptor
			}
			pushed = append(pushed, global)
		case 0xB4: // pop
			if len(pushed) == 0 {
				return form{}, errDescriptor
			}
			global, pushed = pushed[len(pushed)-1], pushed[:len(pushed)-1]
		case 0x08: // usage
			if !local.add(whole(global.page, value, size)) {
				return form{}, errDescriptor
			}
		case 0x18: // usage minimum
			local.least = whole(global.page, value, size)
		case 0x28: // usage maximum
			if !local.addRange(whole(global.page, value, size)) {
				return form{}, errDescriptor
			}
		case 0xA0: // collection
			if depth++; depth > maxCollections {
				return form{}, errDescriptor
			}
			scanner = scanner || local.has(usageScanner) || local.has(usageScannedData)
			local = usages{}
		case 0xC0: // end of a collection
			if depth--; depth < 0 {
				return form{}, errDescriptor
			}
			local = usages{}
		case 0x80: // input
			at := bits[global.id]
			if global.size > 64 || global.count > maxReportBits || at+int(global.size*global.count) > maxReportBits {
				return form{}, errDescriptor
			}
			if forms[global.id] == nil {
				forms[global.id] = &form{id: global.id, length: -1, aim: -1, more: -1}
				order = append(order, global.id)
			}
			if value&1 == 0 && global.size > 0 { // not a constant, which fills up
				forms[global.id].place(local, at, int(global.size), int(global.count))
			}
			bits[global.id] = at + int(global.size*global.count)
			local = usages{}
		case 0x90, 0xB0: // output, feature
			local = usages{}
		}
	}
	for _, id := range order {
		if f := forms[id]; f.dataSize > 0 {
			return *f, nil
		}
	}
	if scanner {
		return usualForm, nil
	}
	return form{}, errNoScanner
}

// whole adds the page to a usage that is written without.
func whole(page, usage uint32, size int) uint32 {
	if size == 4 {
		return usage
	}
	return page<<16 | usage&0xFFFF
}

// usages are those that the next main item of a descriptor is about.
type usages struct {
	all   []uint32
	least uint32
}

func (u *usages) add(usage uint32) bool {
	if len(u.all) == maxUsages {
		return false
	}
	u.all = append(u.all, usage)
	return true
}

func (u *usages) addRange(most uint32) bool {
	if most < u.least || most-u.least >= maxUsages {
		return false
	}
	for usage := u.least; usage <= most; usage++ {
		if !u.add(usage) {
			return false
		}
	}
	return true
}

func (u *usages) has(usage uint32) bool {
	for _, one := range u.all {
		if one == usage {
			return true
		}
	}
	return false
}

// of is the usage of field i: the last one holds for all that are left.
func (u *usages) of(i int) uint32 {
	if len(u.all) == 0 {
		return 0
	}
	return u.all[min(i, len(u.all)-1)]
}

// place notes where fields of size bits stand that begin at bit at. Parts of a label that are no whole bytes are none,
// but for the flag at the end.
func (f *form) place(u usages, at, size, count int) {
	if f.id != 0 {
		at += 8
	}
	for i := range count {
		bit := at + i*size
		usage := u.of(i)
		if usage == usageMoreToFollow && size == 1 && f.more < 0 {
			f.more, f.moreBits = bit/8, 1<<(bit%8)
		}
		if size != 8 || bit%8 != 0 {
			continue
		}
		switch {
		case usage == usageByteCount && f.length < 0 && f.dataSize == 0:
			f.length = bit / 8
		case usage >= usageSymbology1 && usage <= usageSymbology3 && f.aim < 0:
			f.aim = bit / 8
		case usage == usageMoreToFollow: // of several bytes the last: the maker's own letter stands before it
			f.more, f.moreBits = bit/8, 0xFF
		case usage == usageDecodedData && f.dataSize == 0:
			f.data, f.dataSize = bit/8, 1
		case usage == usageDecodedData && bit/8 == f.data+f.dataSize:
			f.dataSize++
		}
	}
}

// part is what one report holds of a label.
type part struct {
	aim  string // "]F0"; empty if the scanner states none
	data []byte
	more bool // another report goes on
}

// read takes a report apart. It says no to the report of another kind; a short one has what it has.
//
// Makers do not agree whether the length counts one byte more than the data, so the data also ends at the first NUL.
func (f form) read(report []byte) (part, bool) {
	if f.id != 0 && (len(report) == 0 || report[0] != f.id) {
		return part{}, false
	}
	p := part{data: cut(report, f.data, f.dataSize)}
	if f.length >= 0 && f.length < len(report) {
		p.data = p.data[:min(len(p.data), int(report[f.length]))]
	}
	for i, c := range p.data {
		if c == 0 {
			p.data = p.data[:i]
			break
		}
	}
	if f.aim >= 0 {
		if aim := cut(report, f.aim, 3); len(aim) == 3 && aim[0] == ']' {
			p.aim = string(aim)
		}
	}
	p.more = f.more >= 0 && f.more < len(report) && report[f.more]&f.moreBits != 0
	return p, true
}

// cut is at most n bytes of b from i on.
func cut(b []byte, i, n int) []byte {
	if i >= len(b) {
		return nil
	}
	return b[i:min(i+n, len(b))]
}

// reports finds labels in the reports of a HID POS scanner.
type reports struct {
	held
	form     form
	leftover time.Duration // the next report of a label follows within this, or never
	last     time.Time
	going    bool // the label goes on
}

func newReports(f form, leftover time.Duration) *reports {
	return &reports{held: held{midway: true}, form: f, leftover: leftover}
}

// take feeds one report, and returns the label that is complete with it.
func (r *reports) take(report []byte) [][]byte { return r.takeAt(time.Now(), report) }

func (r *reports) takeAt(now time.Time, report []byte) [][]byte {
	p, ours := r.form.read(report)
	if !ours {
		return nil
	}
	if r.going && now.Sub(r.last) > r.leftover {
		r.forget()
		r.going = false
	}
	r.last = now
	if !r.going {
		r.addAll([]byte(p.aim))
	}
	r.addAll(p.data)
	if r.going = p.more; r.going {
		return nil
	}
	if label := r.end(); label != nil {
		return [][]byte{label}
	}
	return nil
}

func (r *reports) addAll(b []byte) {
	for _, c := range b {
		r.add(c)
	}
}

// silence ends no label: the last report of one says that it is.
func (r *reports) silence() []byte {
	r.between()
	return nil
}

var _ finder[[]byte] = (*reports)(nil)
