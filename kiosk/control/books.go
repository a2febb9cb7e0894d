package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"selfpay/kiosk/ledger"
	"selfpay/kiosk/report"
)

// Report is the books of one span in one currency.
type Report = report.Report

// Books says which books are wanted.
type Books struct {
	All  bool      `json:"all"` // of every business day
	Day  string    `json:"day"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

func (b Books) span() report.Span { return report.Span{Day: b.Day, From: b.From, To: b.To} }

// Path asks for the books under a path of the server.
func (b Books) Path(path string) string {
	text, _ := json.Marshal(b)
	return path + "?books=" + url.QueryEscape(string(text))
}

func booksOf(r *http.Request) (b Books, err error) {
	if err := json.Unmarshal([]byte(r.FormValue("books")), &b); err != nil {
		return b, fmt.Errorf("these are no books to ask for: %w", err)
	}
	return b, nil
}

// Reports reads the books that are wanted.
func Reports(ctx context.Context, l *ledger.Ledger, b Books) ([]Report, error) {
	if !b.All {
		return report.Read(l, b.span(), time.Now())
	}
	days, err := l.Days(ctx)
	if err != nil {
		return nil, err
	}
	return report.ReadAll(l, days, time.Now())
}

// Lines lists the payments of the books that are wanted, for finance.
func Lines(ctx context.Context, l *ledger.Ledger, b Books) ([]report.Line, error) {
	if !b.All {
		return report.Lines(l, b.span(), time.Now())
	}
	days, err := l.Days(ctx)
	if err != nil || len(days) == 0 {
		return []report.Line{}, err
	}
	return report.AllLines(l, days)
}

func (s *Server) report(r *http.Request) (any, error) {
	b, err := booksOf(r)
	if err != nil {
		return nil, err
	}
	return Reports(r.Context(), s.Ledger, b)
}

func (s *Server) lines(r *http.Request) (any, error) {
	b, err := booksOf(r)
	if err != nil {
		return nil, err
	}
	return Lines(r.Context(), s.Ledger, b)
}

// print puts the books on paper, one slip for each report, and answers with them.
func (s *Server) print(r *http.Request) (any, error) {
	var b Books
	if err := json.NewDecoder(r.Body).Decode(&b); err != nil {
		return nil, err
	}
	if s.Printer == nil {
		return nil, errors.New("the books cannot be printed: this station has no printer ([printer] in its configuration); leave --print out to read them")
	}
	reports, err := Reports(r.Context(), s.Ledger, b)
	if err != nil {
		return nil, err
	}
	for _, one := range reports {
		if err := s.Printer.Print(context.WithoutCancel(r.Context()), s.Slip(one, time.Now())); err != nil {
			return nil, fmt.Errorf("the books are not printed, or not whole: %w; look at the printer and print them again", err)
		}
	}
	return reports, nil
}
