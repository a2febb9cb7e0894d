package alephtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"selfpay/kiosk/ils/rest/resttest"
	"selfpay/sip/acs"
)

// Institution is one ADM library.
type Institution struct{ Code, Name string }

// Kind is what an extra row of the cash list is.
type Kind string

// The kinds.
const (
	Transferred Kind = "transferred" // handed to the bursar
	Credit      Kind = "credit"      // money of the patron
	Closed      Kind = "closed"      // paid long ago
	Payment     Kind = "payment"     // a payment long ago, as an open debit of that type
)

// Extra is a row of a cash list that is no payable charge.
type Extra struct {
	Card        string
	Institution string
	Kind        Kind
	Description string
	AmountMinor int64
}

// Overpayment is what becomes of a sum that is larger than what is open.
type Overpayment string

// The ways.
const (
	Refused  Overpayment = ""       // a reply code other than 0000
	Credited Overpayment = "credit" // taken; what is left over is a credit
)

// Config says what kind of Aleph this is. Money is in hundredths.
type Config struct {
	Patrons      []resttest.Patron // each with its own Number; a fee's Branch is the code of its institution
	Institutions []Institution     // in the order in which they are listed; others follow without a name
	Extra        []Extra

	XUser, XPassword string // who may ask the X-server; empty: everybody
	GetOnly          bool   // the X-server does not take POST

	Mark        string // decimal sign; empty: a point
	Grouping    string // sign between thousands; empty: none
	Minus       bool   // debts have a minus instead of parentheses
	Brief       bool   // view=full is ignored
	ListClosed  bool   // paid charges stay in the list
	PaymentRows bool   // each payment adds a row of its own
	Hidden      bool   // the reference is kept where nobody sees it
	Cut         int    // the reference is cut to so many characters; 0: not
	Sums        bool   // each institution shows its open-sum
	Nameless    bool   // institutions have no code

	Over    Overpayment
	Partial bool // less than what is open is taken, oldest charges first

	NeedDeclaration bool   // a body without an XML declaration is refused
	NeedContentType string // a PUT of another content type is refused; empty: any
}

// paidBy is when and under which reference a charge was paid.
type paidBy struct {
	on        time.Time
	reference string
}

// System is one Aleph. Make it with New.
type System struct {
	cfg      Config
	server   *resttest.Server
	orders   *resttest.Orders
	accounts *resttest.Accounts

	mu      sync.Mutex
	barred  bool
	portal  bool
	paid    map[string]paidBy // by card and fee id
	credits []Extra           // left over from payments
	lumps   []lump
}

// lump is a payment as it was booked.
type lump struct {
	card, institution, reference string
	amountMinor                  int64
	on                           time.Time
}

// New makes an Aleph that answers Dial at once. The error is a mistake in the configuration.
func New(cfg Config) (*System, error) {
	if cfg.Mark == "" {
		cfg.Mark = "."
	}
	for _, p := range cfg.Patrons {
		if p.Card == "" || p.Number == "" {
			return nil, errors.New("alephtest: a patron has no card or no number")
		}
		for i, f := range p.Fees {
			if f.ID == "" || slices.ContainsFunc(p.Fees[:i], func(o resttest.Fee) bool { return o.ID == f.ID }) {
				return nil, fmt.Errorf("alephtest: the fees of patron %s have no ids of their own", p.Number)
			}
		}
	}
	s := &System{cfg: cfg, orders: resttest.NewOrders(), accounts: resttest.NewAccounts(cfg.Patrons), paid: map[string]paidBy{}}
	s.server = resttest.NewServer(http.HandlerFunc(s.answer))
	return s, nil
}

// Dial opens a connection in memory. The address does not matter.
func (s *System) Dial(ctx context.Context, address string) (net.Conn, error) {
	return s.server.Dial(ctx, address)
}

// Serve takes connections from l until Close, and closes l.
func (s *System) Serve(l net.Listener) error { return s.server.Serve(l) }

// Close ends all connections and listeners.
func (s *System) Close() error {
	s.orders.End()
	return s.server.Close()
}

// Cut cuts the link until Restore.
func (s *System) Cut() { s.server.Cut() }

// Restore lets connections through again.
func (s *System) Restore() { s.server.Restore() }

// Next orders faults by name: those of resttest, "barred" and "let-in" (see Bar), "portal" and "portal-gone" (see Portal).
func (s *System) Next(names ...string) error {
	own := map[string]func(){"barred": func() { s.Bar(true) }, "let-in": func() { s.Bar(false) },
		"portal": func() { s.Portal(true) }, "portal-gone": func() { s.Portal(false) }}
	for _, name := range names {
		if do := own[name]; do != nil {
			do()
		} else if err := s.orders.Next(name); err != nil {
			return fmt.Errorf("%w, nor barred, let-in, portal, portal-gone", err)
		}
	}
	return nil
}

// Release answers what is held.
func (s *System) Release() { s.orders.Release() }

// WaitHolding waits until a reading of a cash list is held.
func (s *System) WaitHolding(ctx context.Context) error { return s.orders.WaitHolding(ctx) }

// Books is what Aleph holds. The fee of a posting is the code of its institution.
func (s *System) Books() acs.Books { return s.accounts.Books() }

// Change lets the library's staff change an account.
func (s *System) Change(card string, change func(*resttest.Patron)) error {
	return s.accounts.Change(card, change)
}

// Bar takes the kiosk's address out of both lists of allowed addresses, or puts it in again.
func (s *System) Bar(barred bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.barred = barred
}

// Portal puts a sign-in page in the place of every answer, or takes it away.
func (s *System) Portal(there bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.portal = there
}

func (s *System) answer(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	barred, portal := s.barred, s.portal
	s.mu.Unlock()
	switch {
	case portal:
		resttest.SignIn(w)
	case r.URL.Path == "/X" && barred: // the page says 403, the status does not (knowledge article)
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<HTML><HEAD><TITLE>Error 403</TITLE></HEAD><BODY><H1>Error 403 Forbidden</H1>Access from IP address 192.0.2.7 not allowed.</BODY></HTML>")
	case r.URL.Path == "/X":
		s.xServer(w, r)
	case barred:
		http.Error(w, "<html><body><h1>HTTP Status 403</h1></body></html>", http.StatusForbidden)
	default:
		s.rest(w, r)
	}
}
