package resttest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"

	"selfpay/sip/acs"
)

// Fault is something that goes wrong once, on order.
type Fault string

// The faults. All but Hold meet the next payment that has none before it in the queue.
const (
	Silent      Fault = "silent"       // not booked, no answer
	ApplySilent Fault = "apply-silent" // booked, no answer
	Refuse      Fault = "refuse"       // not booked, answered no
	Drop        Fault = "drop"         // booked, and the connection breaks in the middle of the answer
	Duplicate   Fault = "duplicate"    // booked once, answered twice
	Foreign     Fault = "foreign"      // not booked; the answer is a whole one, to another question
	Portal      Fault = "sign-in"      // not booked; something in between answers 200 with a sign-in page
	Late        Fault = "late"         // booked and answered after 5 s, also when nobody waits any more
	ApplyLate   Fault = "apply-late"   // never answered, and booked after 90 s although nobody waits
	BookedNo    Fault = "booked-no"    // booked, and answered no
	ServerError Fault = "error"        // booked, and answered 500
	Redirect    Fault = "redirect"     // not booked; answered 307 to the same place, which a careless client would send again
	// Hold keeps the next reading of an account unanswered until Release, until the link is cut, or until the kiosk
	// gives up.
	Hold Fault = "hold"
)

// Faults are all faults.
var Faults = []Fault{Silent, ApplySilent, Refuse, Drop, Duplicate, Foreign, Portal, Late, ApplyLate, BookedNo, ServerError, Redirect, Hold}

// The delays of Late and ApplyLate.
const (
	lateBy      = 5 * time.Second
	applyLateBy = 90 * time.Second
)

// Orders are the faults still to come; NewOrders makes them. Call End before the simulator is thrown away.
type Orders struct {
	mu    sync.Mutex
	next  []Fault
	gate  *acs.Gate // Hold
	ended chan struct{}
	late  sync.WaitGroup
}

// NewOrders makes orders with no fault to come.
func NewOrders() *Orders {
	return &Orders{gate: acs.NewGate(), ended: make(chan struct{})}
}

// End gives up what is still to be booked late, and lets all that hang go.
func (o *Orders) End() {
	o.mu.Lock()
	select {
	case <-o.ended:
	default:
		close(o.ended)
	}
	o.mu.Unlock()
	o.late.Wait()
}

// Next orders faults by name: each is used up by one payment in the order given; hold arms for the next reading.
func (o *Orders) Next(names ...string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, n := range names {
		if !slices.Contains(Faults, Fault(n)) {
			return fmt.Errorf("fault %.40q is none of %v", n, Faults)
		}
	}
	for _, n := range names {
		if Fault(n) == Hold {
			o.gate.Arm()
			continue
		}
		o.next = append(o.next, Fault(n))
	}
	return nil
}

func (o *Orders) take() Fault {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.next) == 0 {
		return ""
	}
	f := o.next[0]
	o.next = o.next[1:]
	return f
}

// Payment is one request to pay, as a simulator carries it out.
type Payment struct {
	Book    func() bool                              // carries it out; false: refused by the library's own rules
	Answer  func(w http.ResponseWriter, booked bool) // the answer to that
	Refuse  func(w http.ResponseWriter)              // a no that the library's rules do not give; nil: Answer with false
	Foreign func(w http.ResponseWriter)              // a well answer to another question
}

// Pay carries a payment out and answers it, with the next fault.
func (o *Orders) Pay(w http.ResponseWriter, r *http.Request, p Payment) {
	no := p.Refuse
	if no == nil {
		no = func(w http.ResponseWriter) { p.Answer(w, false) }
	}
	switch o.take() {
	case Silent:
		o.hang(r)
	case ApplySilent:
		p.Book()
		o.hang(r)
	case Refuse:
		no(w)
	case BookedNo:
		p.Book()
		no(w)
	case Drop:
		raw(w, answer(p), func(text []byte) []byte { return text[:len(text)/2] })
	case Duplicate:
		raw(w, answer(p), func(text []byte) []byte { return slices.Concat(text, text) })
	case Foreign:
		p.Foreign(w)
	case Portal:
		SignIn(w)
	case ServerError:
		p.Book()
		http.Error(w, "<html><body>Runtime Error</body></html>", http.StatusInternalServerError)
	case Redirect:
		w.Header().Set("Location", r.URL.String())
		w.WriteHeader(http.StatusTemporaryRedirect)
	case Late:
		select {
		case <-time.After(lateBy):
			p.Answer(w, p.Book())
		case <-o.ended:
		}
	case ApplyLate:
		o.late.Go(func() {
			select {
			case <-time.After(applyLateBy):
				p.Book()
			case <-o.ended:
			}
		})
		o.hang(r)
	default:
		p.Answer(w, p.Book())
	}
}

// SignIn is what a captive portal or a single sign-on puts in the place of an answer.
func SignIn(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprint(w, "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form><input name=\"user\"></form></body></html>")
}

// answer carries a payment out and keeps what would be said.
func answer(p Payment) *httptest.ResponseRecorder {
	said := httptest.NewRecorder()
	p.Answer(said, p.Book())
	return said
}

// raw writes an answer to the connection itself, spoilt, and ends it.
func raw(w http.ResponseWriter, said *httptest.ResponseRecorder, spoil func([]byte) []byte) {
	conn, out, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	body := said.Body.Bytes()
	text := fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\n", said.Code, http.StatusText(said.Code), len(body))
	for name, values := range said.Header() {
		text = fmt.Appendf(text, "%s: %s\r\n", name, values[0])
	}
	text = append(append(text, "\r\n"...), body...)
	out.Write(spoil(text))
	out.Flush()
	conn.Close()
}

// hang waits until the client gives up, then ends the connection without an answer.
func (o *Orders) hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-o.ended:
	}
	panic(http.ErrAbortHandler)
}

// WaitIfHeld keeps a reading if a Hold is armed, until Release. A simulator calls it before it reads the account.
func (o *Orders) WaitIfHeld(r *http.Request) {
	if !o.gate.Pass(r.Context().Done(), o.ended) {
		panic(http.ErrAbortHandler)
	}
}

// WaitHolding waits until a reading is being held. The error is that of ctx.
func (o *Orders) WaitHolding(ctx context.Context) error { return o.gate.WaitHolding(ctx) }

// Release answers what is being held, and disarms a Hold that has met no request yet.
func (o *Orders) Release() { o.gate.Release() }
