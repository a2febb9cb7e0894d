package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"selfpay/kiosk/runner"
)

// MostNotes is how many of the newest notes of the ledger are told.
const MostNotes = 200

// clearTamper notes that a person has looked at the station after its enclosure was opened.
func (s *Server) clearTamper(r *http.Request) (any, error) {
	var d Decision
	if err := json.NewDecoder(r.Body).Decode(&d); err != nil {
		return nil, err
	}
	return struct{}{}, s.Panel.ClearEnclosure(r.Context(), d.Staff, d.Note)
}

// powerCycle takes the terminal's power away for a moment. The answer comes when it is dark.
func (s *Server) powerCycle(r *http.Request) (any, error) {
	var d Decision
	if err := json.NewDecoder(r.Body).Decode(&d); err != nil {
		return nil, err
	}
	if d.Staff == "" || d.Note == "" {
		return nil, errors.New("name and note are needed")
	}
	err := s.Runner.PowerCycle(context.WithoutCancel(r.Context()), runner.Cycle{Staff: d.Staff, Note: d.Note, Key: s.Panel.Service()})
	if err != nil {
		return nil, fmt.Errorf("the terminal keeps its power: %w", err)
	}
	return struct{}{}, nil
}

// Signal is a lamp, the buzzer or the ring.
type Signal struct {
	Name string `json:"name"`
}

func (s *Server) signals(*http.Request) (any, error) {
	signals := []Signal{}
	for _, name := range s.Panel.Signals() {
		signals = append(signals, Signal{name})
	}
	return signals, nil
}

// trySignal shows one signal alone for a while.
func (s *Server) trySignal(r *http.Request) (any, error) {
	var signal Signal
	if err := json.NewDecoder(r.Body).Decode(&signal); err != nil {
		return nil, err
	}
	if err := s.free(); err != nil {
		return nil, err
	}
	return struct{}{}, s.Panel.Try(r.Context(), signal.Name)
}
