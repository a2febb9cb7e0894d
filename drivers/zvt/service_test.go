package zvt_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/terminal"
	"selfpay/drivers/zvt"
	"selfpay/drivers/zvt/zvttest"
)

// served runs a rule with a terminal and its far end, over both transports, in a time of its own.
func served(t *testing.T, far zvttest.Config, cfg zvt.Config, rule func(*testing.T, *zvt.Terminal, *zvttest.Terminal)) {
	for name, transport := range map[string]zvt.Transport{"tcp": zvt.TCP, "serial": zvt.Serial} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				end := zvttest.New(far)
				cfg.Transport = transport
				b := bench(end, cfg)
				term := b.New(b.Dial).(*zvt.Terminal)
				rule(t, term, end)
				term.Close()
				end.Close()
				synctest.Wait()
			})
		})
	}
}

var fee = terminal.Purchase{Ref: "4821-123", Amount: money.Of(1250, "EUR")}

func pay(t *testing.T, term *zvt.Terminal, minor int64) terminal.Approval {
	t.Helper()
	var seen terminal.Approval
	_, err := term.Purchase(t.Context(), terminal.Purchase{Ref: "4821-123", Amount: money.Of(minor, "EUR")},
		terminal.Watch{Seen: func(a terminal.Approval) error { seen = a; return nil }})
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

func captured(far *zvttest.Terminal) (minor []int64) {
	for _, c := range far.Books().Captures {
		minor = append(minor, c.AmountMinor)
	}
	return minor
}

func TestTotalsAreThoseOfTheDay(t *testing.T) {
	served(t, zvttest.Config{}, zvt.Config{}, func(t *testing.T, term *zvt.Terminal, far *zvttest.Terminal) {
		pay(t, term, 1250)
		pay(t, term, 40)
		got, err := term.Totals(t.Context())
		if err != nil || got.Amount != money.Of(1290, "EUR") || got.First != 2 || got.Last != 3 || got.Brands[0] != (zvt.BrandTotal{Brand: "girocard", Count: 2, Amount: money.Of(1290, "EUR")}) {
			t.Errorf("%+v, %v", got, err)
		}
		if day, err := term.EndOfDay(t.Context()); err != nil || day.Amount != money.Of(1290, "EUR") {
			t.Errorf("end of day %+v, %v", day, err)
		}
		if got, err := term.Totals(t.Context()); err != nil || got.Amount.Minor != 0 {
			t.Errorf("after the end of day %+v, %v", got, err)
		}
	})
}

func TestTotalsInAnotherFormAreNotGuessed(t *testing.T) {
	for name, b := range map[string][]byte{"short": make([]byte, 52), "long": make([]byte, 54), "no decimal": append([]byte{0xFF, 0xFF}, make([]byte, 51)...)} {
		if got, err := zvt.ParseTotals(b, "EUR"); err == nil || got.Brands != nil {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestReservationIsChargedOnlyWhenItIsBooked(t *testing.T) {
	served(t, zvttest.Config{}, zvt.Config{}, func(t *testing.T, term *zvt.Terminal, far *zvttest.Terminal) {
		reserve := func(minor int64) (a terminal.Approval) {
			t.Helper()
			_, err := term.Reserve(t.Context(), terminal.Purchase{Ref: "1", Amount: money.Of(minor, "EUR")},
				terminal.Watch{Seen: func(seen terminal.Approval) error { a = seen; return nil }})
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		open := func(want ...int) {
			t.Helper()
			if got, err := term.Reservations(t.Context()); err != nil || !slices.Equal(got, want) {
				t.Errorf("open are %v, %v, want %v", got, err, want)
			}
		}
		open()
		booked, cancelled := reserve(2500), reserve(900)
		open(booked.Receipt, cancelled.Receipt)
		if got := captured(far); got != nil {
			t.Errorf("charged %v before anything was booked", got)
		}
		if err := term.GiveBack(t.Context(), booked, money.Of(500, "EUR")); err != nil {
			t.Error(err)
		}
		if err := term.Book(t.Context(), booked, money.Of(2600, "EUR")); !errors.Is(err, device.ErrRefused) {
			t.Errorf("more than was reserved: %v", err)
		}
		if err := term.Book(t.Context(), booked, money.Of(2000, "EUR")); err != nil {
			t.Error(err)
		}
		if err := term.CancelReservation(t.Context(), cancelled); err != nil {
			t.Error(err)
		}
		if err := term.CancelReservation(t.Context(), cancelled); !errors.Is(err, device.ErrRefused) {
			t.Errorf("given back twice: %v", err)
		}
		open()
		if got := captured(far); !slices.Equal(got, []int64{2000}) {
			t.Errorf("charged %v", got)
		}
	})
}

func TestTerminalGetsTheServiceItAsksFor(t *testing.T) {
	served(t, zvttest.Config{}, zvt.Config{}, func(t *testing.T, term *zvt.Terminal, far *zvttest.Terminal) {
		for status, want := range map[byte]string{0x51: "initialisation", 0xC2: "diagnosis", 0x62: "clock", 0xF0: "", 0: ""} {
			far.Wants(status)
			if s, err := term.Status(t.Context()); err != nil || s.Ready != (status == 0) || s.Service != (want != "") {
				t.Errorf("%02X: %+v, %v", status, s, err)
			}
			done, err := term.Maintain(t.Context())
			if err != nil || done != want {
				t.Errorf("%02X: did %q, %v, want %q", status, done, err, want)
			}
			if s, err := term.Status(t.Context()); err != nil || s.Ready != (status != 0xF0) {
				t.Errorf("%02X afterwards: %+v, %v", status, s, err)
			}
		}
	})
}

func TestReportsAreTextAsTheTerminalWordsIt(t *testing.T) {
	served(t, zvttest.Config{}, zvt.Config{}, func(t *testing.T, term *zvt.Terminal, far *zvttest.Terminal) {
		pay(t, term, 1250)
		for name, report := range map[string]func(context.Context) ([]string, error){
			"alles in Ordnung": term.SelfTest, "Terminal 52500295": term.PrintConfiguration, "1 Zahlungen EUR 12,50": term.PrintTotals,
		} {
			if lines, err := report(t.Context()); err != nil || !slices.Contains(lines, name) {
				t.Errorf("%q, %v lack %q", lines, err, name)
			}
		}
		for _, do := range []func(context.Context) error{term.SendOffline, term.LogOff, term.Reset} {
			if err := do(t.Context()); err != nil {
				t.Error(err)
			}
			pay(t, term, 10) // registers again where that is needed
		}
	})
}

func TestApprovalNobodyAskedForIsSavedAndTakenBack(t *testing.T) {
	served(t, zvttest.Config{}, zvt.Config{}, func(t *testing.T, term *zvt.Terminal, far *zvttest.Terminal) {
		var seen []terminal.Approval
		var ends []terminal.Recovery
		term.WatchStrays(terminal.Stray{
			Seen: func(a terminal.Approval) error {
				if answers := far.UnaskedAnswers(); len(answers) != 0 {
					t.Errorf("answered %v before it was saved", answers)
				}
				seen = append(seen, a)
				return nil
			},
			Ended: func(_ terminal.Approval, r terminal.Recovery) { ends = append(ends, r) },
		})
		far.Unasked(4000)
		if _, err := term.Status(t.Context()); err != nil {
			t.Fatal(err)
		}
		if answers := far.UnaskedAnswers(); !slices.Equal(answers, []string{"84 66"}) {
			t.Errorf("answered %v", answers)
		}
		if len(seen) != 1 || seen[0].Amount != money.Of(4000, "EUR") || len(ends) != 1 || ends[0].Verdict != terminal.NotCharged {
			t.Errorf("seen %+v, ended %+v", seen, ends)
		}
		if got := captured(far); len(got) != 0 {
			t.Errorf("charged %v", got)
		}
		pay(t, term, 1250)
		if got := captured(far); !slices.Equal(got, []int64{1250}) {
			t.Errorf("charged %v", got)
		}
	})
}

func TestApprovalNobodyAskedForIsNotAnsweredUnlessSaved(t *testing.T) {
	full := errors.New("disk full")
	for name, watch := range map[string]*terminal.Stray{"nobody watches": nil, "not saved": {
		Seen: func(terminal.Approval) error { return full }, Ended: func(terminal.Approval, terminal.Recovery) { panic("it was not seen") },
	}} {
		t.Run(name, func(t *testing.T) {
			served(t, zvttest.Config{AnswerWait: 10 * time.Second}, zvt.Config{}, func(t *testing.T, term *zvt.Terminal, far *zvttest.Terminal) {
				if watch != nil {
					term.WatchStrays(*watch)
				}
				far.Unasked(4000)
				if _, err := term.Status(t.Context()); err == nil {
					t.Error("the terminal is said to be well")
				}
				time.Sleep(time.Minute)
				if answers := far.UnaskedAnswers(); !slices.Equal(answers, []string{""}) {
					t.Errorf("answered %q", answers)
				}
			})
		})
	}
}

func TestMessageNumbersGoOnOnBothSides(t *testing.T) {
	served(t, zvttest.Config{MessageNumbers: true}, zvt.Config{MessageNumbers: true}, func(t *testing.T, term *zvt.Terminal, far *zvttest.Terminal) {
		for range 3 {
			pay(t, term, 1250)
		}
		if last, err := term.Last(t.Context()); err != nil || !last.Approved {
			t.Errorf("%+v, %v", last, err)
		}
		if got := captured(far); len(got) != 3 {
			t.Errorf("charged %v", got)
		}
	})
}

func TestTextsComeInTheCharacterSetThatWasAgreed(t *testing.T) {
	for offered, want := range map[string]string{"": "** HÄNDLERBELEG **", "iso8859-1": "** H\u008eNDLERBELEG **"} {
		t.Run(offered, func(t *testing.T) {
			cfg := zvt.Config{}
			if offered != "" {
				cfg.Charsets = []string{"utf-8", offered}
			}
			served(t, zvttest.Config{Charset: byte(zvt.CharsetLatin1)}, cfg, func(t *testing.T, term *zvt.Terminal, far *zvttest.Terminal) {
				slip, err := term.Purchase(t.Context(), fee, terminal.Watch{Seen: func(terminal.Approval) error { return nil }})
				if err != nil || len(slip.Merchant) == 0 || slip.Merchant[0] != want {
					t.Errorf("%q, %v, want %q", slip.Merchant, err, want)
				}
			})
		})
	}
}

func TestCardThatIsPulledEarlyIsNotCharged(t *testing.T) {
	served(t, zvttest.Config{}, zvt.Config{}, func(t *testing.T, term *zvt.Terminal, far *zvttest.Terminal) {
		far.Next(zvttest.Order{Kind: zvttest.Pull}, zvttest.Order{Kind: zvttest.PIN})
		_, err := term.Purchase(t.Context(), fee, terminal.Watch{Seen: func(terminal.Approval) error { return nil }})
		if !errors.Is(err, device.ErrRefused) || len(captured(far)) != 0 {
			t.Errorf("%v, charged %v", err, captured(far))
		}
		var progress []terminal.Progress
		_, err = term.Purchase(t.Context(), fee, terminal.Watch{Seen: func(terminal.Approval) error { return nil },
			Progress: func(p terminal.Progress) { progress = append(progress, p) }})
		if err != nil || !slices.Contains(progress, terminal.ProgressPIN) {
			t.Errorf("%v, progress %v", err, progress)
		}
	})
}
