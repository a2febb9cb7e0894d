package ils_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"selfpay/device/money"
	"selfpay/kiosk/ils"
)

func TestALegThatNobodyCanBookIsRefused(t *testing.T) {
	good := ils.Leg{Reference: "4821-000123-01", Amount: money.Of(250, "EUR")}
	if err := good.Check("EUR"); err != nil {
		t.Errorf("Check = %v", err)
	}
	for name, change := range map[string]func(*ils.Leg){
		"another currency":    func(l *ils.Leg) { l.Amount.Currency = "USD" },
		"nothing":             func(l *ils.Leg) { l.Amount.Minor = 0 },
		"less than nothing":   func(l *ils.Leg) { l.Amount.Minor = -1 },
		"no reference":        func(l *ils.Leg) { l.Reference = "" },
		"letters":             func(l *ils.Leg) { l.Reference = "4821-AZ-01" },
		"a long reference":    func(l *ils.Leg) { l.Reference = "48210-000123-01-1" },
		"a line's end":        func(l *ils.Leg) { l.Reference = "4821-000123-01\r" },
		"a foreign delimiter": func(l *ils.Leg) { l.Reference = "4821|1" },
	} {
		l := good
		if change(&l); l.Check("EUR") == nil {
			t.Errorf("%s: the leg is taken", name)
		}
	}
}

func TestInitialsAreThreeLettersAtMostGivenNameFirst(t *testing.T) {
	for name, want := range map[string]string{"Müller, Anna Maria": "AMM", "Jo Doe": "JD", "Anna Maria Eva Müller": "AME", "ólafur": "Ó", "4711": "", "": "", ", ": "",
		"Anna Maria Luise von Berg": "AML", "  ": "", "élan Ö": "ÉÖ", "(desk) 7 Jo": "J", "Doe,": "D"} {
		if got := ils.Initials(name); got != want {
			t.Errorf("Initials(%q) = %q, want %q", name, got, want)
		}
	}
}

// A station asks every few seconds whether the library is there: that must not fill its log, however it ends.
func TestAskingWhetherTheLibraryIsThereFillsNoLog(t *testing.T) {
	var said bytes.Buffer
	log := slog.New(slog.NewTextHandler(&said, nil))
	ils.NoteReady(log, time.Now(), nil)
	ils.NoteReady(log, time.Now(), errors.New("no answer"))
	if said.Len() > 0 {
		t.Errorf("it says %s", &said)
	}
	ils.Note(log, "account", time.Now(), errors.New("no answer"))
	if !strings.Contains(said.String(), "level=WARN") || !strings.Contains(said.String(), "no answer") {
		t.Errorf("of a call for a patron it says %s", &said)
	}
}
