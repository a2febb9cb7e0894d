package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"selfpay/device/printer"
	"selfpay/device/scanner"
	"selfpay/kiosk/session"
)

// Printed is what became of a slip that staff had printed.
type Printed struct {
	Result string   `json:"result"`          // "printed", "not printed", "in doubt"
	Proof  string   `json:"proof"`           // how that is known: "worked through", "printed", "presented"; may be empty
	Notes  []string `json:"notes,omitempty"` // what could not be printed as it was given
	Error  string   `json:"error,omitempty"` // why it is not printed
}

// Scanned is a label that staff held to the scanner. The label itself is not told: it may be a patron's card.
type Scanned struct {
	Symbology  string `json:"symbology"` // empty where the scanner does not state it
	Characters int    `json:"characters"`
	Card       bool   `json:"card"`              // it may be a library card, by the rules of this station
	Refused    string `json:"refused,omitempty"` // why it is none
	Error      string `json:"error,omitempty"`   // why there is no label
}

// labelWithin bounds the wait for a label.
const labelWithin = 30 * time.Second

// free refuses where a patron is at the screen: a trial takes devices away.
func (s *Server) free() error {
	switch screen := s.Session.View().Screen; screen {
	case session.ScreenReady, session.ScreenOutOfService:
		return nil
	default:
		return fmt.Errorf("a patron is at the screen (%s); try again when they have left", screen)
	}
}

func (s *Server) testSlip(r *http.Request) (any, error) {
	return s.trySlip(r, func(ctx context.Context) error { return s.Printer.Print(ctx, s.TestSlip(time.Now())) })
}

func (s *Server) proofSheet(r *http.Request) (any, error) {
	return s.trySlip(r, func(ctx context.Context) error {
		prover, can := s.Printer.(printer.Prover)
		if !can {
			return errors.New("this printer's driver has no proof sheet")
		}
		return prover.PrintProofSheet(ctx)
	})
}

// trySlip prints, and answers with what became of it. It goes on when nobody waits for it any more.
func (s *Server) trySlip(r *http.Request, print func(context.Context) error) (any, error) {
	if s.Printer == nil {
		return nil, errors.New("this station has no printer ([printer] in its configuration)")
	}
	if err := s.free(); err != nil {
		return nil, err
	}
	err := print(context.WithoutCancel(r.Context()))
	printed := Printed{Result: string(printer.ResultOf(err))}
	if err != nil {
		printed.Error = err.Error()
	}
	if teller, tells := s.Printer.(printer.Teller); tells {
		last := teller.Last()
		printed.Proof, printed.Notes = string(last.Proof), last.Notes
	}
	return printed, nil
}

// testScan waits for a label. Its answer begins when the next label will be taken for it, so that nobody is asked to hold
// one up too early; it ends with what was read.
func (s *Server) testScan(w http.ResponseWriter, r *http.Request) {
	err := s.free()
	if s.NextLabel == nil {
		err = errors.New("this station has no scanner ([scanner] in its configuration)")
	}
	if err != nil {
		answer(func(*http.Request) (any, error) { return nil, err })(w, r)
		return
	}
	ctx, done := context.WithTimeout(r.Context(), labelWithin)
	defer done()
	label, err := s.NextLabel(ctx, func() {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush() // a client that is gone ends ctx
	})
	json.NewEncoder(w).Encode(s.scanned(label, err))
}

// Touched is what came of the test of the touch panel.
type Touched struct {
	Fields int   `json:"fields"` // how many the screen showed
	Missed []int `json:"missed"` // those that nobody has touched, row by row from 0
}

// touchWithin bounds the test of the touch panel.
const touchWithin = 90 * time.Second

// tryTouch lets staff touch every part of the screen.
func (s *Server) tryTouch(r *http.Request) (any, error) {
	if err := s.free(); err != nil {
		return nil, err
	}
	ctx, done := context.WithTimeout(r.Context(), touchWithin)
	defer done()
	missed, err := s.Session.TryTouch(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("the screen was not touched everywhere within %s", touchWithin)
	}
	return Touched{session.TouchFields, missed}, err
}

func (s *Server) scanned(label scanner.Scan, err error) Scanned {
	if err != nil {
		return Scanned{Error: fmt.Sprintf("no label came within %s; look at the scanner's light, its cable and scanner.address", labelWithin)}
	}
	scanned := Scanned{Symbology: string(label.Symbology), Characters: len(label.Text), Card: true}
	if _, err := s.Cards.Card(label); err != nil {
		scanned.Card, scanned.Refused = false, err.Error()
	}
	return scanned
}
