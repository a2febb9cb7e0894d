package surround

import (
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"time"

	"selfpay/drivers/caisseap/caisseaptest"
	"selfpay/drivers/cardholder"
	"selfpay/drivers/concert/concerttest"
	"selfpay/drivers/ecr17/ecr17test"
	"selfpay/drivers/mdb/mdbtest"
	"selfpay/drivers/zvt/zvttest"
)

// Charge is what the terminal charged to a card, by the reference that the kiosk sent.
type Charge struct {
	Reference   string `json:"reference"`
	AmountMinor int64  `json:"amount_minor"`
	Receipt     int    `json:"receipt"` // the terminal's own number of the purchase
}

// farEnd is that of the terminal's cable.
type farEnd interface {
	Serve(net.Listener) error
	Close() error
	Cut() // takes the link away until Restore; a purchase under way goes on alone
	Restore()
}

// cardTerminal is a far end that takes orders and tells its books, whatever it speaks.
type cardTerminal interface {
	farEnd
	next(order string) error
	unacknowledged(dialect string) error
	charges() (charged, reversed []Charge)
}

// protocols are the terminals by what they speak.
var protocols = map[string]func(Options) cardTerminal{
	"zvt": func(o Options) cardTerminal {
		return zvtTerminal{zvttest.New(zvttest.Config{CardWait: o.CardWait, OpenPAN: o.OpenPAN, Display: o.Display, Approved: o.Approved,
			LateBy: 10 * time.Second, SilentFor: 25 * time.Second, AnswerWait: 5 * time.Second})}
	},
	"caisse-ap": func(o Options) cardTerminal {
		p := patron(o)
		return withPatron{p, caisseaptest.New(p)}
	},
	"concert": onLine(concerttest.New),
	"mdb":     onLine(mdbtest.New),
	"ecr17":   onLine(ecr17test.New),
}

// onLine is a terminal with a patron that hangs on a serial line as well.
func onLine[F interface {
	farEnd
	serial
}](farEnd func(*cardholder.Cardholder) F) func(Options) cardTerminal {
	return func(o Options) cardTerminal {
		p := patron(o)
		far := farEnd(p)
		return lineWithPatron{withPatron{p, far}, far}
	}
}

// Protocols are the names of what a terminal may speak.
const Protocols = "zvt,caisse-ap,concert,ecr17,mdb"

// serial is a terminal that hangs on a serial line as well.
type serial interface {
	ServeSerial(io.ReadWriteCloser) error
}

func (s *Surround) startTerminal() error {
	o := s.options
	o.Approved = s.approved
	if o.Terminal == "mdb" && !o.Serial {
		return errors.New("an MDB adapter hangs on a serial line only; add --serial")
	}
	s.terminal = protocols[o.Terminal](o)
	s.closers = append(s.closers, s.terminal)
	serve, err := s.tapped(s.terminal.Serve)
	if err != nil {
		return err
	}
	if !o.Serial {
		address, err := s.listen(serve)
		s.places.Terminal = "tcp://" + address
		return err
	}
	line, can := s.terminal.(serial)
	if !can {
		return fmt.Errorf("a terminal that speaks %s hangs on no serial line; leave --serial out", o.Terminal)
	}
	path, tty, err := openPTY(filepath.Join(s.dir, "terminal.tty"))
	if err != nil {
		return err
	}
	s.closers = append(s.closers, tty)
	s.serving.Go(func() { line.ServeSerial(tty) })
	s.places.Terminal = "serial://" + path + "?baud=9600&stop=2"
	return nil
}

// tapped is a terminal's server whose connections are captured, where that is wanted.
func (s *Surround) tapped(serve func(net.Listener) error) (func(net.Listener) error, error) {
	o := s.options
	if o.Capture == "" {
		return serve, nil
	}
	if o.Serial || o.Terminal != "zvt" {
		return nil, errors.New("only ZVT over TCP is captured; leave --capture out, or --serial and --terminal")
	}
	into, err := openCapture(o.Capture)
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, into)
	return func(l net.Listener) error { return serve(into.listener(l)) }, nil
}

type zvtTerminal struct{ *zvttest.Terminal }

func (t zvtTerminal) next(text string) error {
	order, err := zvttest.ParseOrder(text)
	if err == nil {
		t.Next(order)
	}
	return err
}

func (t zvtTerminal) unacknowledged(text string) error {
	dialect, err := zvttest.ParseDialect(text)
	if err == nil {
		t.Unacknowledged(dialect)
	}
	return err
}

func (t zvtTerminal) charges() (charged, reversed []Charge) {
	list := func(captures []zvttest.Capture) []Charge {
		all := []Charge{}
		for _, c := range captures {
			all = append(all, Charge{c.Reference, c.AmountMinor, c.Receipt})
		}
		return all
	}
	b := t.Books()
	return list(b.Captures), list(b.Reversals)
}

// withPatron is a terminal with a patron and books as all protocols but ZVT have them.
type withPatron struct {
	*cardholder.Cardholder
	farEnd
}

func (t withPatron) next(text string) error {
	order, err := cardholder.ParseOrder(text)
	if err == nil {
		t.Next(order)
	}
	return err
}

func (t withPatron) unacknowledged(string) error {
	return errors.New("this terminal asks for no acknowledgement: an approval stays charged")
}

func (t withPatron) charges() (charged, reversed []Charge) {
	list := func(of []cardholder.Charge) []Charge {
		all := []Charge{}
		for _, c := range of {
			all = append(all, Charge{strings.TrimSpace(c.Reference), c.Minor, c.Number})
		}
		return all
	}
	c, r := t.Books()
	return list(c), list(r)
}

// lineWithPatron is one that hangs on a serial line as well.
type lineWithPatron struct {
	withPatron
	serial
}

func patron(o Options) *cardholder.Cardholder {
	return &cardholder.Cardholder{Wait: o.CardWait, Display: o.Display, Approved: o.Approved, SilentFor: 25 * time.Second}
}
