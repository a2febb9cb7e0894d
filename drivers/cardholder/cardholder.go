// Package cardholder is the patron in front of a simulated card terminal together with the terminal's books: what the far ends of all
// protocols have in common. It talks to no acquirer, and no card number exists in it.
package cardholder

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Order is what happens at the next purchase, as a person types it.
type Order string

// The orders. Without one a purchase is approved.
const (
	Approve       Order = "approve"
	Decline       Order = "decline" // by the card's bank
	Cancel        Order = "cancel"  // by the patron at the terminal
	Silent        Order = "silent"  // nothing is charged, and the terminal says no word more
	SilentCharged Order = "silent-charged"
	Late          Order = "late" // approved, long after the card
	PIN           Order = "pin"  // approved after the card's PIN
	Pull          Order = "pull" // the card is pulled too early, and declined
	Busy          Order = "busy" // the terminal does something else just now
)

var orders = []Order{Approve, Decline, Cancel, Silent, SilentCharged, Late, PIN, Pull, Busy}

// ParseOrder reads an order.
func ParseOrder(text string) (Order, error) {
	if o := Order(strings.TrimSpace(text)); slices.Contains(orders, o) {
		return o, nil
	}
	return "", fmt.Errorf("cardholder: %q is no order; use one of %v", text, orders)
}

// End is how a purchase ended at the terminal.
type End string

// The ends.
const (
	Charged   End = "charged"
	Declined  End = "declined"
	Cancelled End = "cancelled" // by the patron, or by the kiosk
	Occupied  End = "occupied"  // it did not begin: another is under way
	Nothing   End = "nothing"   // nothing was charged, and the terminal has lost its voice
	Unsaid    End = "unsaid"    // charged, and the terminal has lost its voice
)

// Charge is one charge in the books.
type Charge struct {
	Number    int    `json:"number"` // counted from 1
	Reference string `json:"reference"`
	Minor     int64  `json:"amount_minor"`
}

// Cardholder is one patron after the other. Its methods may be called from any goroutine.
type Cardholder struct {
	Wait      time.Duration // how long the patron takes to present a card
	LateBy    time.Duration // how much longer the order late takes; 0 means 10 s
	SilentFor time.Duration // how long the terminal stays occupied after it lost its voice; 0 means 200 s
	Display   func(string)  // is shown what stands on the terminal's display; nil: nobody
	Approved  func()        // called when a card is charged, before the kiosk hears of it; nil: nobody is told

	mu       sync.Mutex
	next     []Order
	paying   bool
	number   int
	charged  []Charge
	reversed []Charge
}

// Next says what happens at the next purchase that has no order yet.
func (c *Cardholder) Next(o Order) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = append(c.next, o)
}

// Pay is a purchase from the command to its end. A stop that is closed before the card is presented cancels it.
func (c *Cardholder) Pay(minor int64, reference string, stop <-chan struct{}) (End, Charge) {
	order, free := c.begin()
	if !free || order == Busy {
		return Occupied, Charge{}
	}
	end, charge := c.present(order, minor, reference, stop)
	if end == Nothing || end == Unsaid {
		time.Sleep(cmp.Or(c.SilentFor, 200*time.Second))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paying = false
	return end, charge
}

func (c *Cardholder) present(order Order, minor int64, reference string, stop <-chan struct{}) (End, Charge) {
	c.show("%d.%02d", minor/100, minor%100)
	c.show("card, please")
	select {
	case <-stop:
		c.show("cancelled")
		return Cancelled, Charge{}
	case <-time.After(c.Wait):
	}
	switch order {
	case Decline, Pull:
		c.show("declined")
		return Declined, Charge{}
	case PIN:
		c.show("PIN, please")
	case Cancel:
		return Cancelled, Charge{}
	case Silent:
		return Nothing, Charge{}
	case Late:
		time.Sleep(cmp.Or(c.LateBy, 10*time.Second))
	}
	c.show("approved")
	charge := c.charge(minor, reference)
	if c.Approved != nil {
		c.Approved()
	}
	if order == SilentCharged {
		return Unsaid, charge
	}
	return Charged, charge
}

func (c *Cardholder) show(format string, args ...any) {
	if c.Display != nil {
		c.Display(fmt.Sprintf(format, args...))
	}
}

// begin takes the next order. Busy needs no purchase under way, and leaves none.
func (c *Cardholder) begin() (order Order, free bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.paying {
		return "", false
	}
	order = Approve
	if len(c.next) > 0 {
		order, c.next = c.next[0], c.next[1:]
	}
	c.paying = order != Busy
	return order, true
}

func (c *Cardholder) charge(minor int64, reference string) Charge {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.number++
	charge := Charge{Number: c.number, Reference: reference, Minor: minor}
	c.charged = append(c.charged, charge)
	return charge
}

// Reverse takes a charge back. False: it stands no longer, or never stood.
func (c *Cardholder) Reverse(number int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := slices.IndexFunc(c.charged, func(k Charge) bool { return k.Number == number })
	if at < 0 {
		return false
	}
	c.reversed = append(c.reversed, c.charged[at])
	c.charged = slices.Delete(c.charged, at, at+1)
	return true
}

// Books are what stays charged, and what was taken back.
func (c *Cardholder) Books() (charged, reversed []Charge) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.charged), slices.Clone(c.reversed)
}

// Minor are the amounts of charges.
func Minor(charges []Charge) []int64 {
	var all []int64
	for _, c := range charges {
		all = append(all, c.Minor)
	}
	return all
}
