package acs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"selfpay/sip/wire"
)

// Fault is something that goes wrong once, on order.
type Fault string

// The faults. All but Hold meet the next Fee Paid that has none before it in the queue.
const (
	Silent      Fault = "silent"       // not booked, and the connection never answers again
	ApplySilent Fault = "apply-silent" // booked, and the connection never answers again
	Refuse      Fault = "refuse"       // not booked, answered N
	Drop        Fault = "drop"         // booked, and the connection is reset in the middle of the answer
	Duplicate   Fault = "duplicate"    // booked once, answered twice
	Foreign     Fault = "foreign"      // not booked; the answer is a Yes for another patron
	Late        Fault = "late"         // booked and answered after Config.Late, also when nobody waits any more
	Lost        Fault = "lost"         // booked; the answer gets lost, and 97 brings it
	Garble      Fault = "garble"       // booked; the answer comes with a wrong checksum, and 97 brings it well
	Again       Fault = "again"        // not booked; answered 96, as after a bad checksum
	PlainText   Fault = "plain-text"   // booked, and answered with a line that is no SIP2 (edge-sip2 when its backend fails)
	ApplyLate   Fault = "apply-late"   // never answered, and booked after Config.ApplyLate, although nobody waits any more
	BookedNo    Fault = "booked-no"    // booked, and answered N (edge-sip2 when its backend does not answer in time)
	// Hold keeps the next Patron Information (63) unanswered until Release, until the link is cut, or until the unit
	// gives its connection up. See Holding.
	Hold Fault = "hold"
)

var faults = []Fault{Silent, ApplySilent, Refuse, Drop, Duplicate, Foreign, Late, Lost, Garble, Again, PlainText, ApplyLate, BookedNo, Hold}

// Fee is one fee of a patron.
type Fee struct {
	ID               string
	Description      string
	Kind             string // "Lost Item", "Overdue": free text in front of the description
	AmountMinor      int64  // as charged; 0 means OutstandingMinor
	OutstandingMinor int64
}

// Patron is one patron.
type Patron struct {
	Card        string
	PIN         string // empty: none is asked for
	Name        string
	Blocked     bool  // charge privileges denied
	Fees        []Fee // oldest first
	CreditMinor int64 // paid beyond what was owed (Koha)
}

func (p *Patron) owed() int64 {
	var sum int64
	for _, f := range p.Fees {
		sum += f.OutstandingMinor
	}
	return sum
}

// Posting is one Fee Paid that was booked.
type Posting struct {
	Reference   string `json:"reference"` // BK
	Card        string `json:"card"`
	Fee         string `json:"fee"` // CG, empty for a lump
	AmountMinor int64  `json:"amount_minor"`
	Approval    string `json:"-"` // what staff see of BK, where they see any of it (Evergreen)
}

// Books is what the library system holds.
type Books struct {
	Patrons  []PatronBook `json:"patrons"`
	Postings []Posting    `json:"postings"`
}

// PatronBook is one patron's account in Books.
type PatronBook struct {
	Card string    `json:"card"`
	Fees []FeeBook `json:"fees"`
}

// FeeBook is one fee in Books.
type FeeBook struct {
	ID               string `json:"id"`
	AmountMinor      int64  `json:"amount_minor"`
	OutstandingMinor int64  `json:"outstanding_minor"`
}

// Config says what kind of library system this is.
type Config struct {
	Mode        Mode       // empty means Generic
	Behaviour   *Behaviour // replaces that of Mode
	Institution string
	LibraryName string
	Currency    string // ISO 4217, written as BH in mode Generic
	Decimals    int    // digits behind the decimal sign of Currency
	Login       string // empty: no login is asked for
	Telnet      bool   // ask for Login and Password at prompts instead of 93, as transport "telnet" does
	Password    string
	Format      wire.Format // Koha writes CR LF whatever Terminator says, unless it is set
	Patrons     []Patron
	Items       []Item
	Messages    string           // BX; empty means all
	Timeout     int              // in 98, tenths of a second; 0 means 10
	Retries     string           // in 98, three digits; empty means "003"
	OffLine     bool             // answer N as on-line status
	NeedPIN     bool             // refuse a Fee Paid (37) that lacks the patron's PIN (AD)
	NeedAZ      bool             // answer 96 to a message without checksum, as FOLIO edge-sip2 can
	NoEcho      bool             // leave BK out of 38, whatever the mode
	Late        time.Duration    // delay of the fault Late; 0 means 5 s
	ApplyLate   time.Duration    // delay of the fault ApplyLate; 0 means 90 s
	Now         func() time.Time // nil means time.Now
}

// System is a library system. All methods may be called from several goroutines.
type System struct {
	cfg Config
	is  Behaviour

	mu       sync.Mutex
	patrons  []*Patron
	items    []*Item
	postings []Posting
	next     []Fault
	gate     *Gate // Hold
	cut      bool
	closed   bool
	conns    map[net.Conn]struct{}
	lists    map[net.Listener]struct{}
	seen     []string // codes of all requests, in order
	end      chan struct{}
	running  sync.WaitGroup
	slots    chan struct{} // one token per connection that is served; nil when all are
}

// New makes a library system. It listens nowhere yet.
func New(cfg Config) (*System, error) {
	if cfg.Mode == "" {
		cfg.Mode = Generic
	}
	is, known := modes[cfg.Mode]
	if !known {
		return nil, fmt.Errorf("acs: mode %q is none of %v", cfg.Mode, Modes())
	}
	if cfg.Behaviour != nil {
		is = *cfg.Behaviour
	}
	if cfg.Format.Terminator == "" {
		cfg.Format.Terminator = is.LineEnd
	}
	if cfg.Messages == "" {
		cfg.Messages = "YYYYYYYYYYYYYYYY"
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 10
	}
	if cfg.Retries == "" {
		cfg.Retries = "003"
	}
	if cfg.Late <= 0 {
		cfg.Late = 5 * time.Second
	}
	if cfg.ApplyLate <= 0 {
		cfg.ApplyLate = 90 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &System{cfg: cfg, is: is, conns: map[net.Conn]struct{}{}, lists: map[net.Listener]struct{}{},
		gate: NewGate(), end: make(chan struct{})}
	for _, p := range cfg.Patrons {
		if err := s.AddPatron(p); err != nil {
			return nil, err
		}
	}
	for _, i := range cfg.Items {
		if err := s.AddItem(i); err != nil {
			return nil, err
		}
	}
	if is.Served > 0 {
		s.slots = make(chan struct{}, is.Served)
	}
	return s, nil
}

// AddPatron adds a patron with their fees.
func (s *System) AddPatron(p Patron) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.Card == "" || s.patron(p.Card) != nil {
		return errors.New("acs: a patron needs a card that nobody else has")
	}
	p.Fees = slices.Clone(p.Fees)
	for i := range p.Fees {
		p.Fees[i].ID = s.feeID(p.Fees[i].ID)
		if p.Fees[i].AmountMinor == 0 {
			p.Fees[i].AmountMinor = p.Fees[i].OutstandingMinor
		}
	}
	s.patrons = append(s.patrons, &p)
	return nil
}

// AddFee gives a patron another fee, as the library's staff would.
func (s *System) AddFee(card string, f Fee) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.patron(card)
	if p == nil {
		return errors.New("acs: no such patron")
	}
	if f.AmountMinor == 0 {
		f.AmountMinor = f.OutstandingMinor
	}
	f.ID = s.feeID(f.ID)
	p.Fees = append(p.Fees, f)
	return nil
}

// feeID is a fee's id in the form that this library system gives: FOLIO has UUIDs, so "104" becomes one that ends so.
func (s *System) feeID(id string) string {
	if s.is.Fees == FeesFOLIO && !startsWithUUID(id) {
		return fmt.Sprintf("00000000-0000-4000-8000-%012s", id)
	}
	return id
}

// SetOutstanding changes what is left of a fee, as when it is paid or waived at the desk.
func (s *System) SetOutstanding(card, fee string, minor int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.patron(card); p != nil {
		for i := range p.Fees {
			if p.Fees[i].ID == s.feeID(fee) {
				p.Fees[i].OutstandingMinor = minor
				return nil
			}
		}
	}
	return errors.New("acs: no such fee")
}

func (s *System) patron(card string) *Patron {
	for _, p := range s.patrons {
		if p.Card == card {
			return p
		}
	}
	return nil
}

// ParseFault finds a fault by its name, "apply-silent".
func ParseFault(name string) (Fault, error) {
	if f := Fault(name); slices.Contains(faults, f) {
		return f, nil
	}
	return "", fmt.Errorf("acs: fault %.40q is none of %v", name, faults)
}

// Next orders faults: each is used up by one Fee Paid in the order given; Hold arms for the next Patron Information.
func (s *System) Next(order ...Fault) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range order {
		if _, err := ParseFault(string(f)); err != nil {
			return err
		}
	}
	for _, f := range order {
		if f == Hold {
			s.gate.Arm()
		} else {
			s.next = append(s.next, f)
		}
	}
	return nil
}

func (s *System) takeFault() Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.next) == 0 {
		return ""
	}
	f := s.next[0]
	s.next = s.next[1:]
	return f
}

// Holding says whether a Patron Information is being held now.
func (s *System) Holding() bool { return s.gate.Holding() }

// WaitHolding waits until a Patron Information is being held. The error is that of ctx.
func (s *System) WaitHolding(ctx context.Context) error { return s.gate.WaitHolding(ctx) }

// Release answers what is being held, and disarms a Hold that has met no request yet.
func (s *System) Release() { s.gate.Release() }

// Cut cuts the link: all connections are reset, and new ones end at once until Restore.
func (s *System) Cut() {
	s.mu.Lock()
	s.cut = true
	conns := s.takeConns()
	s.mu.Unlock()
	for _, c := range conns {
		reset(c)
	}
}

// Restore lets connections through again.
func (s *System) Restore() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = false
}

// IsCut says whether the link is cut.
func (s *System) IsCut() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cut
}

func (s *System) takeConns() []net.Conn {
	var conns []net.Conn
	for c := range s.conns {
		conns = append(conns, c)
	}
	clear(s.conns)
	return conns
}

// Books is a copy of what the library system holds now.
func (s *System) Books() Books {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := Books{Patrons: []PatronBook{}, Postings: append([]Posting{}, s.postings...)}
	for _, p := range s.patrons {
		book := PatronBook{Card: p.Card, Fees: []FeeBook{}}
		for _, f := range p.Fees {
			book.Fees = append(book.Fees, FeeBook{f.ID, f.AmountMinor, f.OutstandingMinor})
		}
		b.Patrons = append(b.Patrons, book)
	}
	return b
}

// Requests are the codes of all messages that came, in order.
func (s *System) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// errCut is what Dial says while the link is cut.
var errCut = errors.New("acs: link is cut")

// Dial opens a connection in memory, for tests.
func (s *System) Dial(ctx context.Context) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	near, far := net.Pipe()
	if !s.admit(far) {
		_ = near.Close()
		return nil, errCut
	}
	go s.serve(far)
	return near, nil
}

// Serve takes connections from l until Close, and closes l. The error is that of l, nil after Close.
func (s *System) Serve(l net.Listener) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return l.Close()
	}
	s.lists[l] = struct{}{}
	s.mu.Unlock()
	for {
		conn, err := l.Accept()
		if err != nil {
			s.mu.Lock()
			closed := s.closed
			delete(s.lists, l)
			s.mu.Unlock()
			if closed {
				return nil
			}
			_ = l.Close()
			return fmt.Errorf("acs: accept: %w", err)
		}
		if s.admit(conn) {
			go s.serve(conn)
		}
	}
}

// admit notes a connection, or resets it while the link is cut.
func (s *System) admit(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cut || s.closed {
		reset(conn)
		return false
	}
	s.conns[conn] = struct{}{}
	s.running.Add(1)
	return true
}

// Close ends all connections and listeners and waits for them. Books can still be read.
func (s *System) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.end)
	conns := s.takeConns()
	for l := range s.lists {
		_ = l.Close()
	}
	s.mu.Unlock()
	for _, c := range conns {
		reset(c)
	}
	s.running.Wait()
	return nil
}

func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the close is orderly
	}
	_ = c.Close()
}

// arrived is one line of a segment.
type arrived struct {
	line []byte
	more bool // another line of the same segment follows
}

// serve runs one connection: a goroutine reads, so that its end is noticed while a request is held.
func (s *System) serve(conn net.Conn) {
	defer s.running.Done()
	n := &session{System: s, conn: conn, gone: make(chan struct{}), lines: make(chan arrived, 64),
		out: make(chan []byte, 64), written: make(chan struct{})}
	defer func() {
		close(n.out)
		<-n.written // a last answer still goes out
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
		_ = conn.Close()    // the far side may have been first
		for range n.lines { // lets the reader end
		}
	}()
	go n.read()
	go n.writeAll()
	if s.slots != nil { // a connection more than is served waits, and its unit too
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
		case <-n.gone:
			return
		case <-s.end:
			return
		}
	}
	if s.cfg.Telnet && !n.prompts() {
		return
	}
	for a := range n.lines {
		n.joined = s.is.JoinWrites && a.more
		if !n.handle(a.line) {
			return
		}
	}
}

// prompts asks for the login as transport "telnet" does, three times. false ends the connection.
func (n *session) prompts() bool {
	for range 3 {
		var said [2]string
		for i, prompt := range []string{"login: ", "password: "} {
			if !n.write([]byte(prompt)) {
				return false
			}
			a, open := <-n.lines
			if !open {
				return false
			}
			said[i] = string(a.line)
		}
		if said[0] == n.cfg.Login && said[1] == n.cfg.Password {
			n.loggedIn = true
			return n.write([]byte("Login OK.  Initiating SIP\r\n"))
		}
		if !n.write([]byte("Invalid login\r\n")) {
			return false
		}
	}
	return false
}

// read passes on whole lines. Some take a message that was cut by the end of the stream for whole.
func (n *session) read() {
	defer close(n.lines)
	defer close(n.gone)
	var decoder wire.Decoder
	buffer := make([]byte, 4096)
	for {
		if n.is.IdleClose > 0 {
			if err := n.conn.SetReadDeadline(time.Now().Add(n.is.IdleClose)); err != nil {
				return
			}
		}
		got, err := n.conn.Read(buffer)
		decoder.Feed(buffer[:got])
		var lines [][]byte
		for {
			line, more, lineErr := decoder.Next()
			if !more {
				break
			}
			if lineErr == nil {
				lines = append(lines, line)
			}
		}
		if rest := decoder.Rest(); errors.Is(err, io.EOF) && len(rest) > 0 && n.is.ExecutesCut {
			lines = append(lines, bytes.Clone(rest))
		}
		for i, line := range lines {
			n.lines <- arrived{line, i < len(lines)-1}
		}
		if err != nil {
			return
		}
	}
}
