package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"selfpay/device/money"
	"selfpay/kiosk/control"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/report"
)

type reportCommand struct {
	Day   reportDay   `cmd:"" help:"The books of one day: terminal, ledger, library."`
	Shift reportShift `cmd:"" help:"The books of a shift."`
}

// form is how books are wanted, if not as text on the screen.
type form struct {
	CSV   bool `name:"csv" xor:"form" help:"One line per payment and leg, for finance, as CSV on standard output."`
	Print bool `xor:"form" help:"Print them at the station's receipt printer."`
}

type reportDay struct {
	Date string `help:"The business day, such as 2026-11-21; today where it is left out. all for every day."`
	form
}

func (c *reportDay) Run(ctx context.Context, t *tool) error {
	date := c.Date
	if date == "" {
		date = time.Now().Format(time.DateOnly)
	}
	if _, err := time.Parse(time.DateOnly, date); err != nil && date != "all" {
		return errUsage(fmt.Sprintf("%q is no day such as 2026-11-21", date))
	}
	if date == "all" {
		return t.books(ctx, control.Books{All: true}, c.form, "nothing was paid yet")
	}
	return t.books(ctx, control.Books{Day: date}, c.form, date+": no payment and no end of day")
}

type reportShift struct {
	From string `help:"Its begin, such as 08:00 or \"2026-11-21 08:00\"; since the last end of day where it is left out."`
	To   string `help:"Its end, written likewise; now where it is left out."`
	form
}

func (c *reportShift) Run(ctx context.Context, t *tool) error {
	var b control.Books
	var err error
	if b.From, err = parseMoment(c.From, time.Now()); err != nil {
		return err
	}
	if b.To, err = parseMoment(c.To, time.Now()); err != nil {
		return err
	}
	if !b.To.IsZero() && !b.From.Before(b.To) {
		return errUsage(fmt.Sprintf("a shift from %q to %q has no length", c.From, c.To))
	}
	return t.books(ctx, b, c.form, "no payment and no end of day in this shift")
}

// parseMoment reads "08:00" of today, "2026-11-21 08:00" or RFC 3339; nothing is the zero time.
func parseMoment(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	if at, err := time.ParseInLocation("2006-01-02 15:04", text, now.Location()); err == nil {
		return at, nil
	}
	if at, err := time.ParseInLocation("2006-01-02 15:04", now.Format(time.DateOnly)+" "+text, now.Location()); err == nil {
		return at, nil
	}
	return time.Time{}, errUsage(fmt.Sprintf("%q is no time such as 08:00 or 2026-11-21 08:00", text))
}

// books brings books in the form that is wanted; none is said where nothing happened.
func (t *tool) books(ctx context.Context, b control.Books, f form, none string) error {
	switch {
	case f.CSV && t.json:
		return errUsage("--csv and --json cannot both be had")
	case f.CSV:
		return t.csv(ctx, b)
	case f.Print:
		return t.print(ctx, b, none)
	}
	var reports []control.Report
	err := t.read(ctx, b.Path("/report"), &reports, func(l *ledger.Ledger) (err error) { reports, err = control.Reports(ctx, l, b); return err })
	if err != nil {
		return err
	}
	return t.showReports(reports, none)
}

func (t *tool) showReports(reports []control.Report, none string) error {
	if len(reports) == 0 && !t.json {
		t.say("%s", none)
	}
	for _, r := range reports {
		if !t.json {
			t.showReport(r)
		} else if err := t.document(r); err != nil {
			return err
		}
	}
	return nil
}

func (t *tool) csv(ctx context.Context, b control.Books) error {
	var lines []report.Line
	err := t.read(ctx, b.Path("/lines"), &lines, func(l *ledger.Ledger) (err error) { lines, err = control.Lines(ctx, l, b); return err })
	if err != nil {
		return err
	}
	return report.WriteCSV(t.out, lines)
}

// print has the daemon print, since the printer is its own.
func (t *tool) print(ctx context.Context, b control.Books, none string) error {
	c, err := t.client()
	if err != nil {
		return err
	}
	var printed []control.Report
	switch err := c.Post(ctx, "/print", b, &printed); {
	case errors.Is(err, control.ErrDaemonDown):
		return fmt.Errorf("%w; the printer belongs to the running daemon: start it with systemctl start kioskd, or leave --print out to read the books here", err)
	case err != nil:
		return err
	case t.json:
		return t.showReports(printed, none)
	case len(printed) == 0:
		t.say("%s, so nothing was printed", none)
	default:
		t.say("printed")
	}
	return nil
}

func shiftBegin(from time.Time) string {
	if from.IsZero() {
		return "the beginning"
	}
	return from.Format(minute)
}

func (t *tool) showReport(r control.Report) {
	if r.Shift != nil {
		t.say("shift from %s to %s, %s", shiftBegin(r.Shift.From), r.Shift.To.Format(minute), r.Currency)
	} else {
		t.say("business day %s, %s", r.Day, r.Currency)
	}
	text := func(minor int64) string { return money.Of(minor, money.Currency(r.Currency)).Text() }
	t.showClosings(r, text)
	b := r.Books
	t.say("ledger")
	for _, line := range []struct {
		name  string
		minor int64
	}{{"  captured", b.Captured}, {"= posted", b.Posted}, {"+ waiting", b.Waiting}, {"+ reversed", b.Reversed}, {"+ refund due", b.RefundDue},
		{"+ refunded", b.Refunded}, {"+ open", b.Open}, {"+ written off", b.WrittenOff}} {
		t.say("  %-32s %12s", line.name, text(line.minor))
	}
	t.say("library")
	for _, line := range []struct {
		name string
		sum  report.Sum
	}{{"posted by answer", r.Library.ByAnswer}, {"posted by account", r.Library.ByAccount}, {"posted by staff", r.Library.ByStaff}} {
		t.say("    %-22s %5d %12s", line.name, line.sum.Number, text(line.sum.Minor))
	}
	if len(r.Findings) > 0 {
		t.say("to look at")
	}
	for _, f := range r.Findings {
		t.say("  - %s", f)
	}
}

// minute is how a moment is written for people at the desk.
const minute = "2006-01-02 15:04"

func (t *tool) showClosings(r control.Report, text func(int64) string) {
	t.say("terminal")
	if len(r.Terminal) == 0 {
		t.say("    no end of day")
	}
	for _, c := range r.Terminal {
		total := "no total"
		if c.TotalMinor != nil {
			total = text(*c.TotalMinor)
		}
		if c.Outcome != ledger.DayDone {
			total = string(c.Outcome)
		}
		t.say("    %-28s %14s", "end of day "+c.Begun.Format("15:04"), total)
		if c.Outcome.MayHaveClosed() {
			t.say("    %-28s %14s", "the ledger has for that time", text(c.LedgerMinor))
		}
	}
}
