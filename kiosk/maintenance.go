package kiosk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"selfpay/kiosk/health"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/session"
)

// upkeep is what maintenance needs of the ledger.
type upkeep interface {
	MaintenanceBegun(ledger.Maintenance) error
	MaintenanceEnded(ledger.Maintenance) error
	Maintenance() (m ledger.Maintenance, begun bool, err error)
}

// maintenance is the time in which somebody works on the station: no visit begins, and a payment that runs ends first. It
// stands in the ledger, so that it outlives a restart of the program; a boot of the machine ends it, since nobody should find
// a station out of service because somebody forgot.
type maintenance struct {
	notes upkeep
	now   func() payment.Stamp
	tell  func(check string, status health.Status, output string, why session.Reason)
	log   *slog.Logger

	mu     sync.Mutex
	failed chan error // a note whose fate is unknown
}

func newMaintenance(notes upkeep, now func() payment.Stamp, m *health.Monitor, log *slog.Logger) *maintenance {
	return &maintenance{notes: notes, now: now, tell: m.Tell, log: log, failed: make(chan error, 1)}
}

// run tells health until ctx ends. An error means that the ledger's content is unknown.
func (m *maintenance) run(ctx context.Context) error {
	m.mu.Lock()
	note, on, err := m.lasts()
	m.show(note, on)
	m.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case err := <-m.failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

// lasts says whether it was begun in this boot and has not ended.
func (m *maintenance) lasts() (note ledger.Maintenance, on bool, err error) {
	note, begun, err := m.notes.Maintenance()
	_, same := m.now().Since(note.At)
	return note, begun && same, err
}

func (m *maintenance) show(note ledger.Maintenance, on bool) {
	if !on {
		m.tell(health.CheckMaintenance, health.Pass, "", "")
		return
	}
	m.tell(health.CheckMaintenance, health.Warn, fmt.Sprintf("being serviced since %s by %s (%s); kioskctl maintenance off ends it",
		note.At.Wall.Local().Format(time.DateTime), note.Staff, note.Note), session.ReasonService)
}

// Why maintenance does not begin or end.
var (
	errServiced    = errors.New("the station is being serviced already")
	errNotServiced = errors.New("the station is not being serviced")
	errWhoAndWhy   = errors.New("name and note are needed")
)

// set begins or ends it.
func (m *maintenance) set(on bool, staff, note string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, lasts, err := m.lasts()
	switch {
	case err != nil:
		return err
	case staff == "" || on && note == "":
		return errWhoAndWhy
	case on && lasts:
		return errServiced
	case !on && !lasts:
		return errNotServiced
	}
	save, now := m.notes.MaintenanceEnded, ledger.Maintenance{At: m.now(), Staff: staff, Note: note}
	if on {
		save = m.notes.MaintenanceBegun
	}
	if err := save(now); err != nil {
		if errors.Is(err, ledger.ErrCommit) {
			select {
			case m.failed <- err:
			default: // the program ends already
			}
		}
		return err
	}
	m.log.Info("maintenance", "on", on, "staff", staff)
	m.show(now, on)
	return nil
}
