package session_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device/scanner"
	"selfpay/kiosk/session"
)

func TestACardThatLiesUnderTheScannerIsOneScan(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.scan(card)
		s.sees(session.ScreenFees)
		s.tap("leave", "")
		for range 20 { // ten seconds
			over(500 * time.Millisecond)
			s.scan(card)
			s.sees(session.ScreenReady)
		}
		over(2 * time.Second)
		s.scan(card)
		s.sees(session.ScreenFees)
		s.scan(otherCard) // another one counts at once
		if v := s.sees(session.ScreenFees); v.Total != eur(300) {
			t.Errorf("%+v", v)
		}
	})
}

func TestACardThatLiesThereDuringThePaymentBeginsNoSecondSession(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.terminal.wait = 10 * time.Second
		s.pay()
		for range 10 {
			over(time.Second)
			s.scan(card)
		}
		s.ended(session.OutcomeBooked, session.ReceiptPrinted)
		s.tap("leave", "")
		s.scan(card)
		s.sees(session.ScreenReady)
	})
}

func TestALabelThatCameWhileNoneWasAskedForIsNotTakenLater(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.terminal.wait = 10 * time.Second
		s.pay()
		s.sees(session.ScreenTerminal)
		s.scan(otherCard)
		over(11 * time.Second)
		s.ended(session.OutcomeBooked, session.ReceiptPrinted)
		over(time.Hour)
		s.sees(session.ScreenReady)
	})
}

func TestTooManyScansMakeAPauseThatIsSaid(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		label := 0
		junk := func() { label++; s.scan(fmt.Sprintf("junk %d", label)) }
		for range 6 {
			junk()
			s.told(session.ReasonNotACard)
			over(time.Second)
		}
		s.tap("language", "en")
		junk()
		if v := s.told(session.ReasonTooManyScans); v.Language != "en" {
			t.Errorf("it is said in %q", v.Language)
		}
		over(9 * time.Second)
		s.scan(card)
		s.told(session.ReasonTooManyScans)
		over(time.Second)
		s.scan(otherCard)
		s.sees(session.ScreenFees)
	})
}

func TestSlowScansMakeNoPause(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		for i := range 30 {
			s.scan(fmt.Sprintf("junk %d", i))
			s.told(session.ReasonNotACard)
			over(1700 * time.Millisecond)
		}
	})
}

func TestAFloodOfLabelsDoesNotDisturbAPatron(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.scan(card)
		for i := range 20 {
			s.scan(fmt.Sprintf("junk %d", i))
		}
		if v := s.sees(session.ScreenFees); v.Total != eur(1250) {
			t.Errorf("%+v", v)
		}
		s.scan(otherCard) // in the pause
		if v := s.sees(session.ScreenFees); v.Total != eur(1250) {
			t.Errorf("%+v", v)
		}
		s.tap("pay", "")
		s.tap("confirm", "")
		s.ended(session.OutcomeBooked, session.ReceiptPrinted)
	})
}

func TestAfterFiveUnknownCardsAMinuteNoneIsAsked(t *testing.T) {
	for name, try := range map[string]func(s *station, number string){
		"scanned": func(s *station, number string) { s.scan(number) },
		"typed": func(s *station, number string) {
			for s.sees(session.ScreenReady); s.View().Screen == session.ScreenReady; {
				s.tap("number", "")
			}
			s.digits(number)
			s.tap("enter", "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			inStation(t, nil, func(t *testing.T, s *station) {
				attempt := func(number string, want session.Reason) {
					t.Helper()
					if s.View().Screen == session.ScreenMessage {
						s.tap("leave", "")
					}
					try(s, number)
					s.told(want)
					s.neverShown("Patron") // nothing of an account
				}
				for i := range 5 {
					attempt(fmt.Sprintf("2001700009999%d", i), session.ReasonUnknownPatron)
					over(10 * time.Second)
				}
				s.library.set(func(l *library) { l.asked = 0 })
				attempt("20017000099996", session.ReasonTooManyUnknown)
				attempt(card, session.ReasonTooManyUnknown)
				if s.library.asked != 0 {
					t.Errorf("the library was asked %d times in the pause", s.library.asked)
				}
				over(59 * time.Second)
				attempt(card, session.ReasonTooManyUnknown)
				over(3 * time.Second)
				if s.View().Screen == session.ScreenMessage {
					s.tap("leave", "")
				}
				try(s, card)
				s.sees(session.ScreenFees)
			})
		})
	}
}

func TestUnknownCardsNowAndThenMakeNoPause(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		for i := range 20 {
			s.scan(fmt.Sprintf("200170000999%02d", i))
			s.told(session.ReasonUnknownPatron)
			over(13 * time.Second)
		}
	})
}

func TestNoLabelReachesTheLog(t *testing.T) {
	var log bytes.Buffer
	inStation(t, func(c *session.Config) {
		c.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		c.Cards = scanner.CardRules{CheckDigit: scanner.Warn}
	}, func(t *testing.T, s *station) {
		for i := range 9 {
			s.Scan(scanner.Scan{Text: fmt.Sprintf("3555500001234%d", i), Symbology: scanner.Codabar})
			synctest.Wait()
			s.Scan(scanner.Scan{Text: fmt.Sprintf("https://3555500001234%d", i), Symbology: scanner.QR})
			over(5 * time.Second)
		}
	})
	text := log.String()
	for _, want := range []string{"wrong check digit", "no library card"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log does not say %q: %s", want, text)
		}
	}
	if strings.Contains(text, "35555") {
		t.Errorf("the log holds a card number: %s", text)
	}
}
