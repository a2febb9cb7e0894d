package ils

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"
	"unicode"

	"selfpay/device/money"
)

// Check refuses a leg that no library system can book: another currency than its own, nothing to pay, or a reference that is
// not 1 to 16 digits and dashes. Letters might spell AY or AZ, which some SIP2 servers take for the checksum wherever they
// stand.
func (l Leg) Check(currency money.Currency) error {
	switch {
	case l.Amount.Currency != currency:
		return errors.New("amount is in another currency")
	case !l.Amount.Positive():
		return errors.New("amount is not above zero")
	case l.Reference == "" || len(l.Reference) > 16 || strings.Trim(l.Reference, "0123456789-") != "":
		return errors.New("reference is not 1 to 16 digits and dashes")
	}
	return nil
}

// Initials makes at most three letters of a personal name, given name first: "Müller, Anna Maria" becomes "AMM".
func Initials(name string) string {
	if family, given, found := strings.Cut(name, ","); found {
		name = given + " " + family
	}
	var letters []rune
	for _, word := range strings.Fields(name) {
		if first := []rune(word)[0]; unicode.IsLetter(first) && len(letters) < 3 {
			letters = append(letters, unicode.ToUpper(first))
		}
	}
	return string(letters)
}

// Note writes the line of the log for one call to a library system. err carries no card, no PIN and no password.
func Note(log *slog.Logger, what string, began time.Time, err error) {
	level := slog.LevelInfo
	if err != nil {
		level = slog.LevelWarn
	}
	note(log, level, what, began, err)
}

// NoteReady writes it for Ready, which is asked every few seconds, day and night: only for whoever wants to read more. That the
// system is gone, or back, is told once by its health check.
func NoteReady(log *slog.Logger, began time.Time, err error) {
	note(log, slog.LevelDebug, "ready", began, err)
}

func note(log *slog.Logger, level slog.Level, what string, began time.Time, err error) {
	attributes := []any{"took", time.Since(began)}
	if err != nil {
		attributes = append(attributes, "error", err)
	}
	log.Log(context.Background(), level, "library: "+what, attributes...)
}
