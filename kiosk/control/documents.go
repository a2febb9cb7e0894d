// Package control is how kioskctl asks the daemon: JSON over HTTP on a unix socket that only the kiosk's group may
// open. Every shape here stands in docs/json.md; a test holds them to it.
package control

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"selfpay/kiosk/health"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/report"
	"selfpay/kiosk/secondcopy"
)

// Status is the answer of kioskctl status.
type Status struct {
	Daemon     string                  `json:"daemon"` // "running" or "down"
	Kiosk      string                  `json:"kiosk"`
	Version    string                  `json:"version"`
	Ready      bool                    `json:"ready"`            // a payment can be taken now
	Reason     string                  `json:"reason,omitempty"` // why not
	Screen     string                  `json:"screen,omitempty"` // what the patron's screen shows
	Queue      int                     `json:"queue"`            // payments and legs that have not ended
	InDoubt    int                     `json:"in_doubt"`
	OpenCases  int                     `json:"open_cases"`
	RefundsDue int                     `json:"refunds_due"`
	Moved      *ledger.Moved           `json:"moved,omitempty"` // when the ledger came from another machine
	Checks     map[string]health.Check `json:"checks,omitempty"`
}

// Item is one payment or leg that has not ended, as queue list, case list and refund list show it.
type Item struct {
	ID          string    `json:"id"`      // "4821-123", or "4821-123/1" for a leg
	Payment     string    `json:"payment"` // the patron's code
	Leg         int       `json:"leg,omitempty"`
	State       string    `json:"state"` // of the leg where there is one, else of the payment
	OpenCase    bool      `json:"open_case"`
	AmountMinor int64     `json:"amount_minor"`
	Currency    string    `json:"currency"`
	Fee         string    `json:"fee,omitempty"`
	Reference   string    `json:"reference,omitempty"` // BK of the leg
	Since       time.Time `json:"since"`               // when it came into its state
	Reason      string    `json:"reason,omitempty"`
	CanBe       []string  `json:"can_be,omitempty"`  // open case: how it may be resolved
	LookUp      string    `json:"look_up,omitempty"` // open case or refund: by what it is found at terminal and library
}

// Detail is one payment with everything that happened to it.
type Detail struct {
	Payment payment.Payment `json:"payment"`
	Events  []Event         `json:"events"`
	Story   report.Story    `json:"story"`
}

// Event is one saved event.
type Event struct {
	Sequence int64         `json:"sequence"`
	Kind     string        `json:"kind"`
	Event    payment.Event `json:"event"`
}

// DayClosed is the answer of terminal end-of-day.
type DayClosed struct {
	TotalMinor int64  `json:"total_minor"`
	Currency   string `json:"currency"` // empty where the terminal told no total
	Trace      int    `json:"trace"`
}

// Verified is the answer of ledger verify.
type Verified struct {
	OK       bool   `json:"ok"`
	Events   int64  `json:"events"`
	Payments int    `json:"payments"`
	Problem  string `json:"problem,omitempty"`

	Against *secondcopy.Compared `json:"against,omitempty"` // a copy that it was compared with
}

// Well says whether the ledger is sound, and a copy, where there is one, agrees with it.
func (v Verified) Well() bool { return v.OK && (v.Against == nil || v.Against.OK) }

// Decision closes an open case or notes a refund as paid out.
type Decision struct {
	ID    string `json:"id"`
	As    string `json:"as,omitempty"`
	Staff string `json:"staff"`
	Note  string `json:"note"`
}

// problem is how an error travels.
type problem struct {
	Error string `json:"error"`
}

// itemsOf lists what of a payment has not ended.
func itemsOf(p payment.Payment) []Item {
	if p.State.Ended() {
		return nil
	}
	whole := Item{ID: p.ID.String(), Payment: p.ID.String(), State: string(p.State), OpenCase: p.OpenCase,
		AmountMinor: p.Amount.Minor, Currency: string(p.Amount.Currency), Reason: p.Reason}
	switch {
	case p.OpenCase && p.State == payment.StatePurchaseInDoubt:
		whole.CanBe = []string{string(payment.ResolvedCharged), string(payment.ResolvedNotCharged)}
	case p.OpenCase:
		whole.CanBe = []string{string(payment.ResolvedReversed), string(payment.ResolvedRefundDue)}
	}
	if p.OpenCase {
		whole.LookUp = report.LookUp(p, 0)
	}
	if p.State != payment.StateApproved {
		return []Item{whole}
	}
	var items []Item
	for _, l := range p.Legs {
		if l.State.Ended() {
			continue
		}
		item := whole
		item.ID, item.Leg, item.State = fmt.Sprintf("%s/%d", p.ID, l.Number), l.Number, string(l.State)
		item.AmountMinor, item.Fee, item.Reason = l.Amount.Minor, l.Fee, l.Reason
		item.Reference = p.ID.Reference(l.Number)
		if item.OpenCase = l.State == payment.LegOpenCase; item.OpenCase {
			item.CanBe = []string{string(payment.ResolvedPosted), string(payment.ResolvedRefundDue), string(payment.ResolvedWrittenOff)}
		}
		if item.OpenCase || l.State == payment.LegRefundDue {
			item.LookUp = report.LookUp(p, l.Number)
		}
		items = append(items, item)
	}
	return items
}

// Queue lists everything that has not ended.
func Queue(l *ledger.Ledger) ([]Item, error) {
	return list(l, func(Item) bool { return true })
}

// Cases lists the open cases.
func Cases(l *ledger.Ledger) ([]Item, error) {
	return list(l, func(i Item) bool { return i.OpenCase })
}

// Refunds lists what must be paid out at the desk.
func Refunds(l *ledger.Ledger) ([]Item, error) {
	return list(l, func(i Item) bool { return i.State == string(payment.LegRefundDue) })
}

func list(l *ledger.Ledger, wanted func(Item) bool) ([]Item, error) {
	unfinished, err := l.Unfinished()
	if err != nil {
		return nil, err
	}
	items := []Item{}
	for _, p := range unfinished {
		found := slices.DeleteFunc(itemsOf(p), func(i Item) bool { return !wanted(i) })
		if err := date(l, p.ID, found); err != nil {
			return nil, err
		}
		items = append(items, found...)
	}
	return items, nil
}

// date notes since when the items of a payment are in their states.
func date(l *ledger.Ledger, id payment.ID, items []Item) error {
	if len(items) == 0 {
		return nil
	}
	entries, err := l.Events(id)
	for i := range items {
		items[i].Since = report.Since(entries, items[i].Leg)
	}
	return err
}

// ByAccount lists the legs that were posted by account and not ticked off.
func ByAccount(l *ledger.Ledger) ([]report.Posting, error) {
	payments, err := l.ByAccount()
	postings := []report.Posting{}
	for _, p := range payments {
		postings = append(postings, report.PostingsByAccount(p)...)
	}
	return postings, err
}

// Show is one payment with its history.
func Show(l *ledger.Ledger, code string) (Detail, error) {
	id, _, err := parseItem(code)
	if err != nil {
		return Detail{}, err
	}
	p, err := l.Payment(id)
	if err != nil {
		return Detail{}, err
	}
	entries, err := l.Events(id)
	if err != nil {
		return Detail{}, err
	}
	d := Detail{Payment: p, Story: report.Tell(p, entries)}
	for _, e := range entries {
		d.Events = append(d.Events, Event{Sequence: e.Sequence, Kind: e.Kind, Event: e.Event})
	}
	return d, nil
}

// parseItem reads "4821-123" or "4821-123/1".
func parseItem(code string) (payment.ID, int, error) {
	name, legText, hasLeg := strings.Cut(code, "/")
	id, err := payment.ParseID(name)
	if err != nil {
		return payment.ID{}, 0, err
	}
	leg := 0
	if hasLeg {
		if _, err := fmt.Sscanf(legText, "%d", &leg); err != nil || fmt.Sprint(leg) != legText || leg < 1 {
			return payment.ID{}, 0, fmt.Errorf("%.30q names no leg; write it as %s/1", code, id)
		}
	}
	return id, leg, nil
}

// decodeEvent reads an Event as it travels.
func decodeEvent(text []byte) (Event, error) {
	var raw struct {
		Sequence int64           `json:"sequence"`
		Kind     string          `json:"kind"`
		Event    json.RawMessage `json:"event"`
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return Event{}, err
	}
	e, err := payment.Decode(raw.Kind, raw.Event)
	return Event{Sequence: raw.Sequence, Kind: raw.Kind, Event: e}, err
}
