package control_test

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"selfpay/device/gpio"
	"selfpay/device/gpio/gpiotest"
	"selfpay/kiosk/control"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/panel"
	"selfpay/kiosk/payment"
)

func TestAnOpenedEnclosureIsClearedByAPerson(t *testing.T) {
	d := open(t, nil)
	chip := gpiotest.New([]string{panel.Tamper}, nil)
	d.server.Panel = panel.New(panel.Config{Chips: []gpio.Chip{chip}, Scene: func() panel.Scene { return panel.Scene{} }, Tell: d.server.Monitor.Tell,
		Ledger: d.ledger, Log: slog.New(slog.DiscardHandler), Now: func() payment.Stamp { return payment.Stamp{Wall: time.Now(), Boot: "two"} }})
	go d.server.Panel.Run(t.Context())
	go d.server.Panel.Attend(t.Context(), chip, func() {})
	for open := false; !open; time.Sleep(time.Millisecond) { // its loop is open from the beginning
		var err error
		if _, open, err = d.ledger.EnclosureOpenSince(); err != nil {
			t.Fatal(err)
		}
	}
	clear := func(staff string) error {
		return d.Post(t.Context(), "/tamper/clear", control.Decision{Staff: staff, Note: "looked"}, &struct{}{})
	}
	if err := clear("mk"); err == nil || !strings.Contains(err.Error(), "still open") {
		t.Errorf("cleared while open: %v", err)
	}
	chip.Drive(panel.Tamper, true)
	for clear("mk") != nil { // until the panel has heard of it
		time.Sleep(time.Millisecond)
	}
	if _, open, err := d.ledger.EnclosureOpenSince(); err != nil || open {
		t.Errorf("open %v, %v", open, err)
	}
	if err := clear("mk"); err == nil || !strings.Contains(err.Error(), "not opened") {
		t.Errorf("cleared twice: %v", err)
	}
	var notes []ledger.Note
	if err := d.Get(t.Context(), "/notes", &notes); err != nil || len(notes) != 2 || notes[0].Kind != "enclosure opened" || !strings.Contains(string(notes[1].Note), `"staff":"mk"`) {
		t.Errorf("notes %+v, %v", notes, err)
	}
}

func TestAPowerCycleNeedsANameANoteAndARelay(t *testing.T) {
	d := open(t, nil)
	d.server.Panel = panel.New(panel.Config{})
	for want, decision := range map[string]control.Decision{
		"name and note": {Staff: "mk"},
		"name":          {Note: "it hangs"},
		"no relay":      {Staff: "mk", Note: "it hangs"},
	} {
		if err := d.Post(t.Context(), "/power-cycle", decision, &struct{}{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", decision, err, want)
		}
	}
}

func TestMaintenanceIsBegunAndEndedByName(t *testing.T) {
	d := open(t, nil)
	var asked []control.Maintenance
	refusal := errors.New("the station is being serviced already")
	d.server.Maintain = func(on bool, staff, note string) error {
		asked = append(asked, control.Maintenance{On: on, Staff: staff, Note: note})
		if len(asked) == 2 {
			return refusal
		}
		return nil
	}
	begin, end := control.Maintenance{On: true, Staff: "mk", Note: "new paper"}, control.Maintenance{Staff: "jd"}
	for i, want := range []error{nil, refusal, nil} {
		m := []control.Maintenance{begin, begin, end}[i]
		if err := d.Post(t.Context(), "/maintenance", m, &struct{}{}); want == nil && err != nil || want != nil && (err == nil || !strings.Contains(err.Error(), want.Error())) {
			t.Errorf("%+v: %v, want %v", m, err, want)
		}
	}
	if !slices.Equal(asked, []control.Maintenance{begin, begin, end}) {
		t.Errorf("asked for %+v", asked)
	}
}
