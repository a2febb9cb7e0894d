package accept_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/drivers/zvt"
	"selfpay/drivers/zvt/accept"
	"selfpay/drivers/zvt/zvttest"
)

// technician does what is asked at a simulated terminal.
type technician struct {
	far  *zvttest.Terminal
	said []string
	away bool // answers nothing
}

func (p *technician) Tell(text string) {
	p.said = append(p.said, text)
	if strings.Contains(text, "Pull it now") {
		p.far.Cut()
	}
}

func (p *technician) Confirm(question string) (bool, error) {
	if p.away {
		return false, errors.New("nobody answers")
	}
	if strings.Contains(question, "Is the cable back") {
		p.far.Restore()
	}
	return !strings.Contains(question, "printed a slip"), nil
}

// accepted runs the script at a simulated terminal, whose patron needs twenty seconds for a card.
func accepted(t *testing.T, cfg zvttest.Config, dialect zvttest.Dialect, judge func(accept.Findings, error, *zvttest.Terminal)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg.CardWait, cfg.AnswerWait = 20*time.Second, 5*time.Second
		far := zvttest.New(cfg)
		far.Unacknowledged(dialect)
		for _, kind := range []zvttest.OrderKind{zvttest.Approve, zvttest.Approve, zvttest.Approve, zvttest.Approve, zvttest.Cancel} {
			far.Next(zvttest.Order{Kind: kind}) // nobody presents a card while the cable is pulled
		}
		p, err := zvt.FindProfile("")
		if err != nil {
			t.Fatal(err)
		}
		c, err := p.Config()
		if err != nil {
			t.Fatal(err)
		}
		found, err := accept.Script{Dial: device.Dial(far.Dial), Config: c, Profile: p, Amount: money.Of(100, "EUR"), Person: &technician{far: far},
			Saved: func(accept.Step) error { return nil }, Log: slog.New(slog.DiscardHandler)}.Run(context.Background())
		judge(found, err, far)
		far.Close()
		synctest.Wait()
	})
}

func outcomes(f accept.Findings) string {
	var all []string
	for _, s := range f.Steps {
		if s.Outcome != accept.Charged {
			all = append(all, string(s.Outcome))
		}
	}
	return strings.Join(all, " ")
}

func TestWhatATerminalDoesIsFound(t *testing.T) {
	const allFine = "fine fine fine fine fine fine fine fine fine"
	for name, c := range map[string]struct {
		far      zvttest.Config
		dialect  zvttest.Dialect
		outcomes string
		memory   zvt.MemoryTable
		left     int
	}{
		"keeps":          {zvttest.Config{}, zvttest.Keep, allFine, zvt.MemoryTable{LastResult: "yes", Unanswered: "keep", Reverses: "any"}, 0},
		"reverses":       {zvttest.Config{}, zvttest.Reverse, allFine, zvt.MemoryTable{LastResult: "yes", Unanswered: "reverse", Reverses: "any"}, 0},
		"declines":       {zvttest.Config{}, zvttest.Undo, allFine, zvt.MemoryTable{LastResult: "yes", Unanswered: "decline", Reverses: "any"}, 0},
		"last only":      {zvttest.Config{LastOnly: true}, zvttest.Keep, "fine fine fine fine differs fine fine fine fine", zvt.MemoryTable{LastResult: "yes", Unanswered: "keep", Reverses: "last"}, 1},
		"forgets":        {zvttest.Config{NoMemory: true}, zvttest.Keep, "fine fine fine differs fine fine fine differs skipped", zvt.MemoryTable{LastResult: "no", Unanswered: "unknown", Reverses: "any"}, 1},
		"waits for ever": {zvttest.Config{EndlessCardWait: true}, zvttest.Keep, "", zvt.MemoryTable{}, -1},
	} {
		accepted(t, c.far, c.dialect, func(f accept.Findings, err error, far *zvttest.Terminal) {
			if c.left < 0 { // its patron presents the card in the end: without one it would wait longer
				if err != nil || !f.Wrong() {
					t.Errorf("%s: %+v, %v", name, f.Steps, err)
				}
				return
			}
			if err != nil || outcomes(f) != c.outcomes || f.Profile.Memory != c.memory || len(f.Left) != c.left {
				t.Errorf("%s: %s, %+v, left %v, %v\n%+v", name, outcomes(f), f.Profile.Memory, f.Left, err, f.Steps)
			}
			if got := far.Books().Captures; len(got) > c.left {
				t.Errorf("%s: the terminal holds %+v, named are %+v", name, got, f.Left)
			}
		})
	}
}

func TestWhatATerminalTakesAtItsRegistrationIsFound(t *testing.T) {
	accepted(t, zvttest.Config{MessageNumbers: true, Charset: byte(zvt.CharsetLatin1)}, zvttest.Keep, func(f accept.Findings, err error, _ *zvttest.Terminal) {
		if r := f.Profile.Registration; err != nil || !r.MessageNumbers || !slices.Equal(r.Charsets, []string{"iso8859-1"}) {
			t.Errorf("%+v, %v", r, err)
		}
		if _, err := f.Profile.Config(); err != nil {
			t.Errorf("the profile cannot be used: %v", err)
		}
	})
}

func TestAnAcceptanceThatCannotBeKeptChargesNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far := zvttest.New(zvttest.Config{})
		far.Unacknowledged(zvttest.Reverse)
		full := errors.New("disk full")
		_, err := accept.Script{Dial: device.Dial(far.Dial), Amount: money.Of(100, "EUR"), Person: &technician{far: far}, Log: slog.New(slog.DiscardHandler),
			Saved: func(s accept.Step) error {
				if s.Outcome == accept.Charged {
					return full
				}
				return nil
			}}.Run(context.Background())
		if !errors.Is(err, full) {
			t.Errorf("Run = %v", err)
		}
		far.Close()
		if got := far.Books().Captures; len(got) != 0 {
			t.Errorf("the terminal learnt of an approval that was not kept: %+v", got)
		}
		synctest.Wait()
	})
}

func TestAnAcceptanceWithoutATechnicianEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far := zvttest.New(zvttest.Config{})
		f, err := accept.Script{Dial: device.Dial(far.Dial), Amount: money.Of(100, "EUR"), Person: &technician{far: far, away: true}, Log: slog.New(slog.DiscardHandler),
			Saved: func(accept.Step) error { return nil }}.Run(context.Background())
		if err == nil || len(f.Left) != 1 {
			t.Errorf("left %+v, %v", f.Left, err)
		}
		far.Close()
		synctest.Wait()
	})
}
