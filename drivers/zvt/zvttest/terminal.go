// Package zvttest is the far end of a ZVT cable: a card terminal that speaks the real wire protocol over TCP and over
// a serial line, takes orders for the next purchase, can lose its link at any byte, and keeps books of what it charged.
// It shares the codec with the driver and nothing else. It serves tests, demonstrations and training; it talks to no
// acquirer, and no card number exists in it.
package zvttest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"selfpay/drivers/zvt"
)

// Config describes the simulated terminal. The zero value of a field chooses the default in its comment.
type Config struct {
	TerminalID      string        // eight digits; "52500295"
	Currency        string        // four digits; "0978", euro
	Password        string        // six digits; "000000"
	CardWait        time.Duration // how long the patron takes to present a card; 0
	LateBy          time.Duration // how long the order late delays the result; 10 s
	AnswerWait      time.Duration // how long an answer of the kiosk is awaited; 30 s
	SilentFor       time.Duration // how long the order silent keeps the terminal occupied while the link stands; 200 s
	PrintLines      bool          // slips go as print lines (06 D1) even where text blocks are permitted
	NoSlip          bool          // no slips at all
	FinalAfterPrint bool          // an approval is final only after its slips were acknowledged too
	Fresh           bool          // remembers no transaction; else a declined test purchase from its installation
	FirstReceipt    int           // receipt number of that test purchase; 1
	OpenPAN         string        // a card number, of an even number of digits, that is sent in full and printed on the slips, as a badly set up terminal does; empty: masked
	Approved        func()        // called when the card is charged, before the kiosk hears of it; nil: nobody is told
	MessageNumbers  bool          // agrees to numbers of messages where the kiosk offers them
	NoMemory        bool          // refuses to repeat a receipt
	LastOnly        bool          // reverses the newest purchase only
	EndlessCardWait bool          // does not heed how long it should wait for a card
	Charset         byte          // agrees to this character set where the kiosk offers it (tag 14); 0: to none
	Display         func(string)  // is shown what stands on the terminal's display; nil: nobody
	Log             *slog.Logger  // nil: silent
}

// Order is what happens at the next purchase.
type Order struct {
	Kind  OrderKind
	Bytes int // DropAfter: how many bytes of the terminal still arrive, counted from its first answer on
}

// OrderKind names an order as it is written: "approve", "drop-after".
type OrderKind string

// The orders. Without one a purchase is approved.
const (
	Approve OrderKind = "approve"
	Decline OrderKind = "decline" // by the card host, result code 05; remembered as a declined transaction
	Cancel  OrderKind = "cancel"  // the patron presses stop, 6C; leaves no transaction
	// Silent: the command is accepted, then nothing more comes, and nothing is charged.
	Silent OrderKind = "silent"
	// SilentCharged: the command is accepted and the card charged, but no word comes of it; the dialect for
	// unacknowledged approvals applies when the link ends.
	SilentCharged OrderKind = "silent-charged"
	Late          OrderKind = "late" // approved after LateBy
	PIN           OrderKind = "pin"  // approved after the patron typed the card's PIN
	Pull          OrderKind = "pull" // the card is pulled before the terminal is done with it, 64; leaves no transaction
	// DropAfter: approved, but the link is cut after so many bytes of the terminal: a TCP connection closes, on a serial
	// line bytes vanish in both directions until the purchase has ended. The terminal goes on alone.
	DropAfter OrderKind = "drop-after"
	Busy      OrderKind = "busy" // 84 9C as the first answer; nothing begins
)

// ParseOrder reads an order as a person types it: "approve", "drop-after 12".
func ParseOrder(text string) (Order, error) {
	word, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	o := Order{Kind: OrderKind(word)}
	switch o.Kind {
	case Approve, Decline, Cancel, Silent, SilentCharged, Late, PIN, Pull, Busy:
		if rest == "" {
			return o, nil
		}
	case DropAfter:
		n, err := strconv.Atoi(strings.TrimSpace(rest))
		if err == nil && n >= 0 {
			o.Bytes = n
			return o, nil
		}
	}
	return Order{}, fmt.Errorf("zvttest: %q is no order; use approve, decline, cancel, silent, silent-charged, late, pin, pull, busy or drop-after BYTES", text)
}

// Dialect is what the terminal does with an approval whose 04 0F was not acknowledged; the documents name all three.
type Dialect string

// The dialects. keep is the default.
const (
	Keep    Dialect = "keep"    // it stays charged
	Reverse Dialect = "reverse" // an automatic reversal follows, with numbers of its own
	Undo    Dialect = "decline" // it becomes a declined transaction under the same numbers
)

// ParseDialect reads "keep", "reverse" or "decline".
func ParseDialect(text string) (Dialect, error) {
	switch d := Dialect(text); d {
	case Keep, Reverse, Undo:
		return d, nil
	}
	return "", fmt.Errorf("zvttest: %q is no dialect; use keep, reverse or decline", text)
}

// Capture is one charge, or one that was taken back.
type Capture struct {
	Reference   string `json:"reference"` // what the kiosk sent in tag E9
	AmountMinor int64  `json:"amount_minor"`
	Receipt     int    `json:"receipt"` // receipt number of the purchase
	trace       int
}

// Books is what the terminal holds: captures stays charged, reversals was taken back.
type Books struct {
	Captures  []Capture `json:"captures"`
	Reversals []Capture `json:"reversals"`
}

// record is a transaction as 06 20 reports it.
type record struct {
	code          byte
	amount        int64
	receipt       int
	trace         int
	originalTrace int // set: a reversal
	at            time.Time
}

// Terminal is one simulated terminal. All methods may be called at any time from any goroutine.
type Terminal struct {
	cfg      Config
	password []byte
	log      *slog.Logger

	mu        sync.Mutex
	orders    []Order
	dialect   Dialect
	cut       bool
	closed    bool
	occupied  bool // a command is under way
	conns     map[*conn]struct{}
	listeners map[net.Listener]struct{}
	serving   sync.WaitGroup
	config    byte // config byte of the registration
	blocks    bool // text blocks are permitted
	receipt   int
	trace     int
	last      *record
	books     Books
	first     int // first receipt number of the day
	reserved  []Capture
	unasked   []int64  // amounts of approvals nobody asked for, which were not told yet
	answered  []string // what the kiosk answered to those that were
	status    byte     // what it says to an enquiry; 0: ready
	numbers   bool     // messages carry numbers
	number    int      // of the newest message of either side
}

// New makes a terminal. It opens nothing; see Serve, ServeSerial, Dial and DialSerial.
func New(cfg Config) *Terminal {
	cfg.TerminalID = cmp.Or(cfg.TerminalID, "52500295")
	cfg.Currency = cmp.Or(cfg.Currency, "0978")
	cfg.Password = cmp.Or(cfg.Password, "000000")
	cfg.LateBy = cmp.Or(cfg.LateBy, 10*time.Second)
	cfg.AnswerWait = cmp.Or(cfg.AnswerWait, 30*time.Second)
	cfg.SilentFor = cmp.Or(cfg.SilentFor, 200*time.Second)
	cfg.FirstReceipt = cmp.Or(cfg.FirstReceipt, 1)
	t := &Terminal{
		cfg: cfg, password: digits(cfg.Password), log: cmp.Or(cfg.Log, slog.New(slog.DiscardHandler)), dialect: Keep,
		conns: map[*conn]struct{}{}, listeners: map[net.Listener]struct{}{},
		books: Books{Captures: []Capture{}, Reversals: []Capture{}},
	}
	t.receipt, t.trace = cfg.FirstReceipt-1, 100
	if !cfg.Fresh {
		t.count()
		t.last = &record{code: 0x6C, amount: 100, receipt: t.receipt, trace: t.trace, at: time.Now()}
	}
	t.first = t.receipt%9999 + 1
	return t
}

// Next queues orders for the coming purchases.
func (t *Terminal) Next(orders ...Order) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.orders = append(t.orders, orders...)
}

// Unacknowledged sets the dialect.
func (t *Terminal) Unacknowledged(d Dialect) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dialect = d
}

// Books returns a copy of the books.
func (t *Terminal) Books() Books {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Books{
		Captures:  append([]Capture{}, t.books.Captures...),
		Reversals: append([]Capture{}, t.books.Reversals...),
	}
}

// Occupied says whether a command is under way.
func (t *Terminal) Occupied() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.occupied
}

// Forget empties the memory that 06 20 reads, as some terminals do at the end of day.
func (t *Terminal) Forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = nil
}

// Cut takes the link away until Restore: TCP connections close and new ones are closed at once; on serial lines bytes
// vanish. A purchase under way goes on alone.
func (t *Terminal) Cut() {
	t.mu.Lock()
	t.cut = true
	conns := make([]*conn, 0, len(t.conns))
	for c := range t.conns {
		conns = append(conns, c)
	}
	t.mu.Unlock()
	for _, c := range conns {
		if !c.serial {
			c.close()
		}
	}
}

// Restore brings the link back.
func (t *Terminal) Restore() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cut = false
}

// Restart takes the power away for a while: links end, the registration and what runs are forgotten, and nothing answers until it is over.
func (t *Terminal) Restart(boot time.Duration) {
	t.Cut()
	t.mu.Lock()
	t.config, t.blocks, t.numbers = 0, false, false
	t.mu.Unlock()
	time.AfterFunc(boot, t.Restore)
}

func (t *Terminal) isCut() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.cut
}

// Serve takes TCP connections until l or the terminal is closed. It closes l.
func (t *Terminal) Serve(l net.Listener) error {
	defer l.Close()
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return net.ErrClosed
	}
	t.listeners[l] = struct{}{}
	t.mu.Unlock()
	for {
		near, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("zvttest: accept: %w", err)
		}
		if t.isCut() || !t.start(near, false) {
			near.Close()
		}
	}
}

// ServeSerial speaks the serial framing over line until it ends or the terminal is closed, and closes it. Where closing
// line does not wake its Read (an os.File in blocking mode), the reading goroutine stays until the far side closes.
func (t *Terminal) ServeSerial(line io.ReadWriteCloser) error {
	c := t.newConn(line, true)
	if c == nil {
		line.Close()
		return net.ErrClosed
	}
	t.attend(c)
	return nil
}

// Dial is a link in memory that behaves as TCP, for tests. It fits device.Dial.
func (t *Terminal) Dial(context.Context) (io.ReadWriteCloser, error) { return t.pipe(false) }

// DialSerial is a link in memory that behaves as a serial line, for tests. It fits device.Dial.
func (t *Terminal) DialSerial(context.Context) (io.ReadWriteCloser, error) { return t.pipe(true) }

func (t *Terminal) pipe(serial bool) (io.ReadWriteCloser, error) {
	near, far := net.Pipe()
	if (!serial && t.isCut()) || !t.start(far, serial) {
		near.Close()
		far.Close()
		return nil, errors.New("connection refused")
	}
	return near, nil
}

// Close ends all links and waits until none is served any more.
func (t *Terminal) Close() error {
	t.mu.Lock()
	t.closed = true
	conns := make([]*conn, 0, len(t.conns))
	for c := range t.conns {
		conns = append(conns, c)
	}
	for l := range t.listeners {
		l.Close()
	}
	t.mu.Unlock()
	for _, c := range conns {
		c.close()
	}
	t.serving.Wait()
	return nil
}

func (t *Terminal) start(rwc io.ReadWriteCloser, serial bool) bool {
	c := t.newConn(rwc, serial)
	if c == nil {
		return false
	}
	go t.attend(c)
	return true
}

// attend serves one link: command after command.
func (t *Terminal) attend(c *conn) {
	defer t.serving.Done()
	defer func() {
		c.close()
		t.mu.Lock()
		delete(t.conns, c)
		t.mu.Unlock()
	}()
	for {
		a, ok := c.next(nil)
		if !ok {
			return
		}
		if a.Control.Answer() {
			continue
		}
		if !t.occupy() {
			if a.Control == zvt.StatusEnquiry {
				c.answer(zvt.Ack)
				c.command(zvt.APDU{Control: zvt.Completion, Data: []byte{0x9C}}, t.cfg.AnswerWait)
			} else {
				c.answer(0x849C)
			}
			continue
		}
		t.tellUnasked(c)
		t.handle(c, a)
		c.lift()
		t.mu.Lock()
		t.occupied = false
		t.mu.Unlock()
	}
}

func (t *Terminal) occupy() bool {
	const settling = 5 * time.Millisecond // a dialogue that has just ended is still being put away
	for range 40 {
		if t.take() {
			return true
		}
		time.Sleep(settling)
	}
	return false
}

func (t *Terminal) take() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.occupied {
		return false
	}
	t.occupied = true
	return true
}

func (t *Terminal) handle(c *conn, a zvt.APDU) {
	m := zvt.ReadMessage(a)
	if len(m.Password) > 0 && !slices.Equal(m.Password, t.password) {
		c.answer(0x8483)
		return
	}
	switch a.Control {
	case zvt.Registration:
		t.register(c, m)
	case zvt.StatusEnquiry:
		c.answer(zvt.Ack)
		t.mu.Lock()
		status := t.status
		t.mu.Unlock()
		container := zvt.AppendTLV(nil, zvt.TagTerminalID, digits(t.cfg.TerminalID)...)
		c.command(zvt.APDU{Control: zvt.Completion, Data: zvt.AppendField([]byte{status}, zvt.BMPContainer, container...)}, t.cfg.AnswerWait)
	case zvt.Authorisation:
		t.purchase(c, m)
	case zvt.Reservation:
		t.reserve(c, m)
	case zvt.PartialReversal, zvt.BookTotal, zvt.PreAuthReversal:
		t.settleReservation(c, m)
	case zvt.RepeatReceipt:
		if t.cfg.NoMemory {
			c.answer(0x8483)
			return
		}
		c.answer(zvt.Ack)
		t.mu.Lock()
		last := t.last
		t.mu.Unlock()
		if last != nil {
			c.command(t.statusInformation(*last), t.cfg.AnswerWait)
		}
		c.command(zvt.APDU{Control: zvt.Completion}, t.cfg.AnswerWait)
	case zvt.Reversal:
		t.reversal(c, m)
	case zvt.EndOfDay:
		t.endOfDay(c)
	case zvt.SendTotals:
		t.sendTotals(c)
	case zvt.Diagnosis, zvt.Initialisation, zvt.SetTerminalClock, zvt.SendOffline:
		t.serve(c, a.Control)
	case zvt.SelfTest:
		t.tell(c, "SELBSTTEST", "alles in Ordnung")
	case zvt.PrintConfiguration:
		t.tell(c, "KONFIGURATION", "Terminal "+t.cfg.TerminalID)
	case zvt.PrintTotals:
		t.mu.Lock()
		count, total := t.day()
		t.mu.Unlock()
		t.tell(c, "SUMMEN", fmt.Sprintf("%d Zahlungen EUR %d,%02d", count, total/100, total%100))
	case zvt.Reset:
		t.restart(c)
	case zvt.LogOff, zvt.AbortRequest:
		c.answer(zvt.Ack)
	default:
		c.answer(0x8483)
	}
}

func (t *Terminal) register(c *conn, m zvt.Message) {
	c.answer(zvt.Ack)
	t.mu.Lock()
	t.config, t.blocks = m.Config, false
	_, offered := zvt.FindTLV(m.TLV, zvt.TagMessageNumber)
	numbers := offered && t.cfg.MessageNumbers
	t.numbers, t.number = false, 0
	if o, ok := zvt.FindTLV(m.TLV, zvt.TagCommands); ok {
		for _, command := range o.Children {
			t.blocks = t.blocks || slices.Equal(command.Value, []byte{0x06, 0xD3})
		}
	}
	t.mu.Unlock()
	data := zvt.AppendField(nil, zvt.BMPType, 0)
	data = zvt.AppendField(data, zvt.BMPTerminalID, digits(t.cfg.TerminalID)...)
	data = zvt.AppendField(data, zvt.BMPCurrency, digits(t.cfg.Currency)...)
	var container []byte
	if offers, ok := zvt.FindTLV(m.TLV, zvt.TagCharsets); ok && t.cfg.Charset != 0 && slices.ContainsFunc(offers.Children, func(o zvt.TLV) bool {
		return slices.Equal(o.Value, []byte{t.cfg.Charset})
	}) {
		container = zvt.AppendTLV(container, zvt.TagCharsets, zvt.AppendTLV(nil, zvt.TagCharset, t.cfg.Charset)...)
	}
	if numbers {
		container = zvt.AppendTLV(container, zvt.TagMessageNumber, 0, 0, 0)
	}
	if container != nil {
		data = zvt.AppendField(data, zvt.BMPContainer, container...)
	}
	c.command(zvt.APDU{Control: zvt.Completion, Data: data}, t.cfg.AnswerWait)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.numbers = numbers
}

// referenceOf is what the kiosk sent in tag E9.
func referenceOf(m zvt.Message) string {
	o, _ := zvt.FindTLV(m.TLV, zvt.TagReferenceContent)
	return string(o.Value)
}

func (t *Terminal) nextOrder() Order {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.orders) == 0 {
		return Order{Kind: Approve}
	}
	o := t.orders[0]
	t.orders = t.orders[1:]
	return o
}

// count draws the next receipt and trace numbers. mu is held, or nobody else knows t yet.
func (t *Terminal) count() {
	t.receipt = t.receipt%9999 + 1
	t.trace = t.trace%999999 + 1
}

func (t *Terminal) purchase(c *conn, m zvt.Message) {
	amount, ok := m.Fields.Number(zvt.BMPAmount)
	if !ok || amount <= 0 {
		c.answer(0x8466)
		return
	}
	if currency := m.Fields.Digits(zvt.BMPCurrency); currency != "" && currency != t.cfg.Currency {
		c.answer(0x846F)
		return
	}
	reference := referenceOf(m)
	t.mu.Lock()
	registered := t.config != 0
	t.mu.Unlock()
	if !registered {
		c.answer(0x846B)
		return
	}
	order := t.nextOrder()
	t.log.Info("purchase", "order", string(order.Kind), "amount_minor", amount, "reference", reference)
	switch order.Kind {
	case Busy:
		c.answer(0x849C)
		return
	case DropAfter:
		c.limit(order.Bytes)
	}
	c.answer(zvt.Ack)
	switch order.Kind {
	case Silent:
		c.listen(t.cfg.SilentFor, false)
		return
	case SilentCharged:
		t.approve(amount, reference)
		c.listen(t.cfg.SilentFor, false)
		t.unacknowledged()
		return
	}
	t.display("%d,%02d EUR", amount/100, amount%100)
	t.display("Bitte Karte")
	c.command(intermediate(0x0A), t.cfg.AnswerWait)
	if c.aborted() || !t.presented(c, m) || order.Kind == Cancel {
		t.refuse(c, 0x6C, nil)
		return
	}
	switch order.Kind {
	case PIN:
		t.display("PIN eingeben")
		c.command(intermediate(0x01), t.cfg.AnswerWait)
	case Pull:
		t.display("Karte zu früh entnommen")
		c.command(intermediate(0x0C), t.cfg.AnswerWait)
		t.refuse(c, 0x64, nil)
		return
	}
	t.display("Bitte warten")
	c.command(intermediate(0x04), t.cfg.AnswerWait)
	if order.Kind == Late {
		c.listen(t.cfg.LateBy, false)
	}
	if order.Kind == Decline {
		t.mu.Lock()
		t.count()
		t.last = &record{code: 0x05, amount: amount, receipt: t.receipt, trace: t.trace, at: time.Now()}
		last := *t.last
		t.mu.Unlock()
		t.refuse(c, 0x05, &last)
		return
	}
	approval := t.approve(amount, reference)
	t.display("Zahlung erfolgt")
	answer, ok := c.ask(t.statusInformation(approval), t.cfg.AnswerWait)
	for again := 0; ok && answer.Control == 0x849C && again < 3; again++ {
		time.Sleep(2 * time.Second)
		answer, ok = c.ask(t.statusInformation(approval), t.cfg.AnswerWait)
	}
	switch {
	case !ok:
		t.unacknowledged()
		c.command(zvt.APDU{Control: zvt.Abort, Data: []byte{0x6C}}, t.cfg.AnswerWait)
		return
	case !answer.Control.Positive():
		t.takeBack(Reverse)
		t.refuse(c, 0x6C, nil)
		return
	}
	if !t.print(c, approval) && t.cfg.FinalAfterPrint {
		t.unacknowledged()
		c.command(zvt.APDU{Control: zvt.Abort, Data: []byte{0x6C}}, t.cfg.AnswerWait)
		return
	}
	c.command(zvt.APDU{Control: zvt.Completion}, t.cfg.AnswerWait)
}

// presented waits for the patron's card, and not longer than the kiosk said (tag 1F5B).
func (t *Terminal) presented(c *conn, m zvt.Message) bool {
	o, limited := zvt.FindTLV(m.TLV, zvt.TagCardWait)
	if limit := time.Duration(0); limited && len(o.Value) == 1 && !t.cfg.EndlessCardWait {
		if limit = time.Duration(o.Value[0]) * time.Second; limit > 0 && limit < t.cfg.CardWait {
			c.listen(limit, true)
			return false
		}
	}
	return !c.listen(t.cfg.CardWait, true)
}

// refuse reports a result that is no approval and ends the command.
func (t *Terminal) refuse(c *conn, code byte, declined *record) {
	if declined != nil {
		c.command(t.statusInformation(*declined), t.cfg.AnswerWait)
	} else {
		data := zvt.AppendField(nil, zvt.BMPResultCode, code)
		data = zvt.AppendField(data, zvt.BMPTerminalID, digits(t.cfg.TerminalID)...)
		c.command(zvt.APDU{Control: zvt.StatusInformation, Data: data}, t.cfg.AnswerWait)
	}
	t.display("Abgelehnt (%02X)", code)
	c.command(zvt.APDU{Control: zvt.Abort, Data: []byte{code}}, t.cfg.AnswerWait)
}

func (t *Terminal) approve(amount int64, reference string) record {
	if t.cfg.Approved != nil {
		t.cfg.Approved()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count()
	t.last = &record{amount: amount, receipt: t.receipt, trace: t.trace, at: time.Now()}
	t.books.Captures = append(t.books.Captures, Capture{Reference: reference, AmountMinor: amount, Receipt: t.receipt, trace: t.trace})
	return *t.last
}

// unacknowledged applies the dialect to the newest capture.
func (t *Terminal) unacknowledged() {
	t.mu.Lock()
	d := t.dialect
	t.mu.Unlock()
	t.takeBack(d)
}

func (t *Terminal) takeBack(d Dialect) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(t.books.Captures) - 1
	capture := t.books.Captures[n]
	switch d {
	case Reverse:
		t.books.Captures = t.books.Captures[:n]
		t.books.Reversals = append(t.books.Reversals, capture)
		t.count()
		t.last = &record{amount: capture.AmountMinor, receipt: t.receipt, trace: t.trace, originalTrace: capture.trace, at: time.Now()}
	case Undo:
		t.books.Captures = t.books.Captures[:n]
		declined := *t.last
		declined.code = 0x6C
		t.last = &declined
	}
}

func (t *Terminal) reversal(c *conn, m zvt.Message) {
	receipt, err := strconv.Atoi(m.Fields.Receipt())
	if err != nil {
		c.answer(0x8483)
		return
	}
	amount, named := m.Fields.Number(zvt.BMPAmount)
	t.mu.Lock()
	at := slices.IndexFunc(t.books.Captures, func(capture Capture) bool {
		return capture.Receipt == receipt && capture.trace != 0 && (!named || capture.AmountMinor == amount)
	})
	already := slices.ContainsFunc(t.books.Reversals, func(capture Capture) bool { return capture.Receipt == receipt })
	order := Order{Kind: Approve}
	if len(t.orders) > 0 && (t.orders[0].Kind == DropAfter || t.orders[0].Kind == Silent || t.orders[0].Kind == Busy) {
		order, t.orders = t.orders[0], t.orders[1:]
	}
	t.mu.Unlock()
	if order.Kind == Busy {
		c.answer(0x849C)
		return
	}
	if order.Kind == DropAfter {
		c.limit(order.Bytes)
	}
	c.answer(zvt.Ack)
	switch {
	case order.Kind == Silent:
		c.listen(t.cfg.SilentFor, false)
		return
	case already:
		c.command(zvt.APDU{Control: zvt.Abort, Data: []byte{0xB4}}, t.cfg.AnswerWait)
		return
	case at < 0, t.cfg.LastOnly && receipt != t.newestReceipt():
		c.command(zvt.APDU{Control: zvt.Abort, Data: []byte{0xB5}}, t.cfg.AnswerWait)
		return
	}
	t.mu.Lock()
	capture := t.books.Captures[at]
	t.books.Captures = slices.Delete(t.books.Captures, at, at+1)
	t.books.Reversals = append(t.books.Reversals, capture)
	t.count()
	t.last = &record{amount: capture.AmountMinor, receipt: t.receipt, trace: t.trace, originalTrace: capture.trace, at: time.Now()}
	last := *t.last
	t.mu.Unlock()
	c.command(t.statusInformation(last), t.cfg.AnswerWait)
	t.print(c, last)
	c.command(zvt.APDU{Control: zvt.Completion}, t.cfg.AnswerWait)
}

func (t *Terminal) newestReceipt() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.receipt
}

func (t *Terminal) endOfDay(c *conn) {
	c.answer(zvt.Ack)
	t.mu.Lock()
	if t.status == clears[zvt.EndOfDay] {
		t.status = 0
	}
	count, total := t.day()
	for i := range t.books.Captures { // what is closed can no longer be reversed
		t.books.Captures[i].trace = 0
	}
	first, last := t.first, t.receipt
	t.first, t.last = t.receipt%9999+1, nil
	t.trace++
	trace := t.trace
	t.mu.Unlock()
	data := zvt.AppendField(nil, zvt.BMPResultCode, 0)
	data = zvt.AppendField(data, zvt.BMPAmount, number(total, 6)...)
	data = zvt.AppendField(data, zvt.BMPTrace, number(int64(trace), 3)...)
	now := time.Now()
	data = zvt.AppendField(data, zvt.BMPTime, digits(now.Format("150405"))...)
	data = zvt.AppendField(data, zvt.BMPDate, digits(now.Format("0102"))...)
	data = zvt.AppendField(data, zvt.BMPTotals, totals(first, last, count, total)...)
	c.command(zvt.APDU{Control: zvt.StatusInformation, Data: data}, t.cfg.AnswerWait)
	c.command(zvt.APDU{Control: zvt.Completion}, t.cfg.AnswerWait)
}

// statusInformation is the 04 0F of a transaction.
func (t *Terminal) statusInformation(r record) zvt.APDU {
	data := zvt.AppendField(nil, zvt.BMPResultCode, r.code)
	data = zvt.AppendField(data, zvt.BMPAmount, number(r.amount, 6)...)
	data = zvt.AppendField(data, zvt.BMPCurrency, digits(t.cfg.Currency)...)
	data = zvt.AppendField(data, zvt.BMPTrace, number(int64(r.trace), 3)...)
	data = zvt.AppendField(data, zvt.BMPTime, digits(r.at.Format("150405"))...)
	data = zvt.AppendField(data, zvt.BMPDate, digits(r.at.Format("0102"))...)
	data = zvt.AppendField(data, zvt.BMPTerminalID, digits(t.cfg.TerminalID)...)
	data = zvt.AppendField(data, zvt.BMPReceipt, number(int64(r.receipt), 2)...)
	data = zvt.AppendField(data, zvt.BMPTurnover, number(int64(r.trace), 3)...)
	if r.originalTrace != 0 {
		data = zvt.AppendField(data, zvt.BMPOriginalTrace, number(int64(r.originalTrace), 3)...)
	}
	if r.code == 0 {
		pan := []byte{0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0x47, 0x71}
		if t.cfg.OpenPAN != "" {
			pan = digits(t.cfg.OpenPAN)
		}
		data = zvt.AppendField(data, zvt.BMPPAN, pan...)
		data = zvt.AppendField(data, zvt.BMPAuthorisation, '6', '1', '1', '8', '0', '4', 0, 0)
		data = zvt.AppendField(data, zvt.BMPType, 0x70)
		data = zvt.AppendField(data, zvt.BMPCardType, 46)
		data = zvt.AppendField(data, zvt.BMPCardName, append([]byte("girocard"), 0)...)
	}
	return zvt.APDU{Control: zvt.StatusInformation, Data: data}
}

// print sends the customer's and the merchant's slip if the kiosk has registered as the printer. False: one of them
// was not acknowledged.
func (t *Terminal) print(c *conn, r record) bool {
	t.mu.Lock()
	config, blocks := t.config, t.blocks && !t.cfg.PrintLines
	t.mu.Unlock()
	if config&0x80 == 0 || t.cfg.NoSlip {
		return true
	}
	result := "Zahlung erfolgt"
	if r.originalTrace != 0 {
		result = "Storno erfolgt"
	}
	for _, copy := range []struct {
		kind  byte
		title string
	}{{2, "** KUNDENBELEG **"}, {1, "** H\x8eNDLERBELEG **"}} {
		lines := []string{copy.title, "Terminal " + t.cfg.TerminalID, fmt.Sprintf("Beleg %04d", r.receipt),
			fmt.Sprintf("EUR %d,%02d", r.amount/100, r.amount%100), result}
		if t.cfg.OpenPAN != "" {
			lines = append(lines, "Karte "+t.cfg.OpenPAN)
		}
		if blocks {
			texts := zvt.AppendTLV(nil, zvt.TagAttribute, 0x40)
			for i, line := range lines {
				if i == 1 {
					texts = zvt.AppendTLV(texts, zvt.TagAttribute, 0)
				}
				texts = zvt.AppendTLV(texts, zvt.TagText, []byte(line)...)
			}
			texts = zvt.AppendTLV(texts, zvt.TagAttribute, 0x81)
			container := zvt.AppendTLV(nil, zvt.TagReceiptType, copy.kind)
			container = zvt.AppendTLV(container, zvt.TagPrintTexts, texts...)
			if !c.command(zvt.APDU{Control: zvt.PrintBlock, Data: zvt.AppendField(nil, zvt.BMPContainer, container...)}, t.cfg.AnswerWait) {
				return false
			}
			continue
		}
		for i, line := range append(lines, "") {
			attribute := byte(0)
			switch i {
			case 0:
				attribute = 0x40
			case len(lines):
				attribute = 0x81
			}
			if !c.command(zvt.APDU{Control: zvt.PrintLine, Data: append([]byte{attribute}, line...)}, t.cfg.AnswerWait) {
				return false
			}
		}
	}
	return true
}

// intermediate is a 04 FF with one minute to wait.
func intermediate(status byte) zvt.APDU {
	return zvt.APDU{Control: zvt.IntermediateStatus, Data: []byte{status, 0x01}}
}

func digits(text string) []byte {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("zvttest: %q must be digits", text))
	}
	return number(n, len(text)/2)
}

func number(n int64, size int) []byte {
	b, ok := zvt.PutBCD(n, size)
	if !ok {
		panic(fmt.Sprintf("zvttest: %d does not fit %d bytes", n, size))
	}
	return b
}
