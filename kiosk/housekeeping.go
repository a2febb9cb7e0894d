package kiosk

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"selfpay/kiosk/ledger"
)

// books is what housekeeping does with the ledger.
type books interface {
	EraseCards(before time.Time) (ledger.Erased, error)
	Verify(ctx context.Context) (ledger.Verified, error)
}

// housekeeping is what a station does with its ledger beside payments: cards of patrons are erased when they are not
// needed any more, and the whole ledger is verified once a night.
type housekeeping struct {
	books     books
	retention time.Duration // after the last change of a payment that has ended
	verified  func(error)   // told of each verification; an error: no payment may be taken
	log       *slog.Logger
	night     time.Time // of the last verification
}

// The pause between two looks, and the hour of the night.
const (
	lookPause  = time.Hour
	quietHour  = 3
	firstPause = time.Minute // after the start, when the station serves
)

// run works until ctx ends, or a write to the ledger fails.
func (h *housekeeping) run(ctx context.Context) error {
	pause := time.NewTimer(firstPause)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-pause.C:
		}
		if err := h.look(ctx, time.Now()); err != nil {
			return err
		}
		pause.Reset(lookPause)
	}
}

// look does what is due. Its error means that the program must end.
func (h *housekeeping) look(ctx context.Context, now time.Time) error {
	erased, err := h.books.EraseCards(now.Add(-h.retention))
	switch {
	case errors.Is(err, ledger.ErrCommit):
		return err
	case err != nil:
		h.log.Error("cards of patrons cannot be erased", "error", err)
	case len(erased.Payments) > 0:
		h.log.Info("cards of patrons erased", "payments", len(erased.Payments))
	}
	if now.Hour() != quietHour || now.Sub(h.night) < 2*time.Hour {
		return nil
	}
	h.night = now
	began := time.Now()
	verified, err := h.books.Verify(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		h.log.Error("the ledger does not verify", "error", err)
		h.verified(err)
	default:
		h.verified(nil)
		h.log.Info("the whole ledger is verified", "events", verified.Events, "payments", verified.Payments, "took", time.Since(began))
	}
	return nil
}
