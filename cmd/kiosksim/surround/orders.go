package surround

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"selfpay/sip/acs"
)

// answer is what the surrounding says to an order.
type answer struct {
	Error string          `json:"error,omitempty"`
	Text  string          `json:"text,omitempty"`
	Books json.RawMessage `json:"books,omitempty"`
}

// longestOrder bounds an order, in bytes.
const longestOrder = 4 << 10

// attend reads one order from a connection, carries it out and answers.
func (s *Surround) attend(ctx context.Context, c net.Conn) {
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	lines := bufio.NewScanner(c)
	lines.Buffer(nil, longestOrder)
	if !lines.Scan() {
		return
	}
	var words []string
	var a answer
	if err := json.Unmarshal(lines.Bytes(), &words); err != nil {
		a.Error = "an order is a list of words"
	} else if a, err = s.Order(ctx, words); err != nil {
		a.Error = err.Error()
	}
	json.NewEncoder(c).Encode(a)
}

// Order carries out one order, such as "terminal next decline".
func (s *Surround) Order(ctx context.Context, words []string) (answer, error) {
	order := strings.Join(words, " ")
	switch {
	case len(words) == 2 && words[0] == "scan":
		return answer{}, s.scanner.Scan(words[1])
	case len(words) == 2 && words[0] == "key":
		return answer{}, s.orderVoice(s.keypad, words[1])
	case len(words) == 2 && words[0] == "headset":
		return answer{}, s.orderVoice(s.headset, words[1])
	case len(words) >= 3 && words[0] == "terminal" && words[1] == "next":
		return answer{}, s.terminal.next(strings.Join(words[2:], " "))
	case len(words) == 3 && words[0] == "terminal" && words[1] == "unacknowledged":
		return answer{}, s.terminal.unacknowledged(words[2])
	case len(words) == 3 && words[0] == "ils" && words[1] == "next":
		return answer{}, s.orderLibrary(words[2])
	}
	if do := s.simpleOrders(ctx)[order]; do != nil {
		return do()
	}
	return answer{}, fmt.Errorf("%q is no order; kiosksim --help lists them", order)
}

// orderLibrary arms a fault of the library system. What is held is the account reading that comes before a posting,
// so that one waits for the next approval.
func (s *Surround) orderLibrary(fault string) error {
	if fault == string(acs.Hold) {
		s.holdNext.Store(true)
		return nil
	}
	return s.library.Next(fault)
}

// approved is told by the terminal that a card is charged.
func (s *Surround) approved() {
	if s.options.Approved != nil {
		s.options.Approved()
	}
	if s.holdNext.CompareAndSwap(true, false) {
		s.library.Next(string(acs.Hold))
	}
}

func (s *Surround) simpleOrders(ctx context.Context) map[string]func() (answer, error) {
	always := func(do func()) func() (answer, error) {
		return func() (answer, error) { do(); return answer{}, nil }
	}
	return map[string]func() (answer, error){
		"link ils cut":          always(s.library.Cut),
		"link ils restore":      always(s.library.Restore),
		"link terminal cut":     always(s.terminal.Cut),
		"link terminal restore": always(s.terminal.Restore),
		"paper out":             always(s.printer.PaperOut),
		"paper in":              always(s.printer.PaperIn),
		"printer unplug":        always(s.printer.Unplug),
		"printer plug":          always(s.printer.Plug),
		"scanner unplug":        always(s.scanner.Unplug),
		"scanner plug":          func() (answer, error) { return answer{}, s.scanner.Plug() },
		"ils release":           always(s.library.Release),
		"ils wait-held":         func() (answer, error) { return answer{}, s.waitHeld(ctx) },
		"books":                 s.books,
	}
}

// heldWithin bounds the wait for a request that is to be held.
const heldWithin = time.Minute

func (s *Surround) waitHeld(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, heldWithin)
	defer stop()
	if err := s.library.WaitHolding(ctx); err != nil {
		return fmt.Errorf("no request came that is to be held: %w", err)
	}
	return nil
}

// Books is what the simulators hold, amounts in minor units.
type Books struct {
	Patrons   []acs.PatronBook `json:"patrons"`
	Captures  []Charge         `json:"captures"`
	Reversals []Charge         `json:"reversals"`
	Postings  []acs.Posting    `json:"postings"`
	Receipts  []string         `json:"receipts"`
}

// Books is what the simulators hold now.
func (s *Surround) Books() Books {
	library := s.library.Books()
	b := Books{Patrons: library.Patrons, Postings: library.Postings, Receipts: s.printer.Receipts()}
	b.Captures, b.Reversals = s.terminal.charges()
	b.Patrons = append([]acs.PatronBook{}, b.Patrons...)
	b.Postings = append([]acs.Posting{}, b.Postings...)
	b.Receipts = append([]string{}, b.Receipts...)
	return b
}

func (s *Surround) books() (answer, error) {
	text, err := json.Marshal(s.Books())
	return answer{Books: text}, err
}

// Send gives an order to the surrounding that runs in dir.
func Send(dir string, words ...string) (books *Books, err error) {
	c, err := net.Dial("unix", filepath.Join(dir, SocketName))
	if err != nil {
		if os.IsNotExist(err) {
			return nil, fmt.Errorf("no surrounding runs in %s: start one with kiosksim run --dir %s", dir, dir)
		}
		return nil, fmt.Errorf("the surrounding in %s does not answer: %w", dir, err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(heldWithin + 10*time.Second))
	if err := json.NewEncoder(c).Encode(words); err != nil {
		return nil, err
	}
	var a answer
	if err := json.NewDecoder(c).Decode(&a); err != nil {
		return nil, err
	}
	if a.Error != "" {
		return nil, fmt.Errorf("%s", a.Error)
	}
	if a.Books == nil {
		return nil, nil
	}
	books = &Books{}
	return books, json.Unmarshal(a.Books, books)
}
