package resttest

import (
	"errors"
	"slices"
	"sync"

	"selfpay/sip/acs"
)

// Fee is one charge of a patron.
type Fee struct {
	ID               string
	Branch           string // the library that charges, where several share a system
	Description      string
	AmountMinor      int64 // as charged; 0 means OutstandingMinor
	OutstandingMinor int64
}

// Patron is one patron.
type Patron struct {
	Card    string
	Number  string // the library system's own id of the patron
	PIN     string // empty: any PIN is right
	Name    string // given name first
	Blocked bool
	Fees    []Fee // oldest first
}

// Accounts are the patrons with what they owe, and what was paid. All methods may be called from several goroutines.
type Accounts struct {
	mu       sync.Mutex
	patrons  []*Patron
	postings []acs.Posting
}

// NewAccounts makes the accounts of these patrons.
func NewAccounts(patrons []Patron) *Accounts {
	a := &Accounts{}
	for _, p := range patrons {
		p.Fees = slices.Clone(p.Fees)
		for i := range p.Fees {
			if p.Fees[i].AmountMinor == 0 {
				p.Fees[i].AmountMinor = p.Fees[i].OutstandingMinor
			}
		}
		a.patrons = append(a.patrons, &p)
	}
	return a
}

// Find gives a copy of the patron that is as asked for.
func (a *Accounts) Find(is func(Patron) bool) (Patron, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.patrons {
		if is(*p) {
			found := *p
			found.Fees = slices.Clone(p.Fees)
			return found, true
		}
	}
	return Patron{}, false
}

// Change lets the library's staff change an account: waive, charge, take money. It also is how a simulator books.
func (a *Accounts) Change(card string, change func(*Patron)) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.patrons {
		if p.Card == card {
			change(p)
			return nil
		}
	}
	return errors.New("resttest: no such patron")
}

// Posted notes a payment in the books. Fee is empty for a lump.
func (a *Accounts) Posted(p acs.Posting) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.postings = append(a.postings, p)
}

// Books is a copy of what the library system holds now.
func (a *Accounts) Books() acs.Books {
	a.mu.Lock()
	defer a.mu.Unlock()
	b := acs.Books{Patrons: []acs.PatronBook{}, Postings: append([]acs.Posting{}, a.postings...)}
	for _, p := range a.patrons {
		book := acs.PatronBook{Card: p.Card, Fees: []acs.FeeBook{}}
		for _, f := range p.Fees {
			book.Fees = append(book.Fees, acs.FeeBook{ID: f.ID, AmountMinor: f.AmountMinor, OutstandingMinor: f.OutstandingMinor})
		}
		b.Patrons = append(b.Patrons, book)
	}
	return b
}

// Owed is the sum of what is outstanding.
func (p Patron) Owed() int64 {
	var sum int64
	for _, f := range p.Fees {
		sum += f.OutstandingMinor
	}
	return sum
}
