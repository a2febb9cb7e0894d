package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/report"
)

// Exported is the answer of ledger export.
type Exported = ledger.Exported

// Erased is the answer of privacy erase.
type Erased = ledger.Erased

// Card names a patron by the library card. It travels in the body of a request, never in its address.
type Card struct {
	Card string `json:"card"`
}

const (
	exportHeader = "Kiosk-Export" // of an answer: what the file in its body is
	exportFile   = "export.part"  // in the state folder, while it is sent
)

// export copies the ledger and sends the copy, so that the file belongs to whoever asked.
func (s *Server) export(w http.ResponseWriter, r *http.Request) {
	if !s.exporting.TryLock() {
		refuse(w, errors.New("another export is under way: wait for its end"))
		return
	}
	defer s.exporting.Unlock()
	path := filepath.Join(s.Ledger.Folder(), exportFile)
	defer removeExport(path)
	found, err := s.Ledger.Export(r.Context(), path)
	if err != nil {
		refuse(w, err)
		return
	}
	f, err := os.Open(path)
	if err != nil {
		refuse(w, err)
		return
	}
	defer f.Close()
	told, err := json.Marshal(found)
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set(exportHeader, string(told))
	w.Header().Set("Content-Length", strconv.FormatInt(found.Bytes, 10))
	_, _ = io.Copy(w, f) // the length tells the other side when it breaks off
}

func removeExport(path string) {
	for _, name := range []string{path, path + "-journal", path + "-wal"} {
		os.Remove(name)
	}
}

func refuse(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusConflict)
	json.NewEncoder(w).Encode(problem{err.Error()})
}

// Export lets the daemon copy its ledger into a new file of ours. It never writes over a file.
func (c *Client) Export(ctx context.Context, path string) (Exported, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return Exported{}, fmt.Errorf("export: %w", err)
	}
	found, err := c.exportInto(ctx, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return Exported{}, errors.Join(err, os.Remove(path))
	}
	found.File = path
	return found, nil
}

func (c *Client) exportInto(ctx context.Context, f *os.File) (found Exported, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://kioskd/export", nil)
	if err != nil {
		return found, err
	}
	patient := http.Client{Transport: c.http.Transport} // a large ledger takes its time
	answer, err := patient.Do(r)
	if err != nil {
		return found, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return found, refusal(answer)
	}
	if err := json.Unmarshal([]byte(answer.Header.Get(exportHeader)), &found); err != nil {
		return found, fmt.Errorf("kioskd does not say what it exports: %w", err)
	}
	if _, err := io.Copy(f, answer.Body); err != nil {
		return found, fmt.Errorf("export: %w", err)
	}
	return found, f.Sync()
}

// PatronData is what the station holds of one card: its payments with everything that happened to them.
func PatronData(l *ledger.Ledger, card string) ([]Detail, error) {
	payments, err := l.Patron(card)
	if err != nil {
		return nil, err
	}
	all := []Detail{}
	for _, p := range payments {
		d, err := Show(l, p.ID.String())
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// PatronData asks the daemon for what it holds of one card.
func (c *Client) PatronData(ctx context.Context, card string) ([]Detail, error) {
	var raw []rawDetail
	if err := c.Post(ctx, "/privacy/export", Card{card}, &raw); err != nil {
		return nil, err
	}
	var all []Detail
	for _, r := range raw {
		d, err := r.decode()
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// rawDetail is a Detail as it travels.
type rawDetail struct {
	Payment payment.Payment   `json:"payment"`
	Events  []json.RawMessage `json:"events"`
	Story   report.Story      `json:"story"`
}

func (r rawDetail) decode() (Detail, error) {
	d := Detail{Payment: r.Payment, Story: r.Story}
	for _, text := range r.Events {
		e, err := decodeEvent(text)
		if err != nil {
			return d, err
		}
		d.Events = append(d.Events, e)
	}
	return d, nil
}

func (s *Server) patronData(r *http.Request) (any, error) {
	card, err := readCard(r)
	if err != nil {
		return nil, err
	}
	return PatronData(s.Ledger, card)
}

func (s *Server) eraseCard(r *http.Request) (any, error) {
	card, err := readCard(r)
	if err != nil {
		return nil, err
	}
	return s.Ledger.EraseCard(card)
}

// readCard never repeats what it was given.
func readCard(r *http.Request) (string, error) {
	var c Card
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil || c.Card == "" {
		return "", errors.New("the request names no card")
	}
	return c.Card, nil
}
