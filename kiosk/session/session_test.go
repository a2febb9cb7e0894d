package session_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/device/scanner"
	"selfpay/device/terminal"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/runner"
	"selfpay/kiosk/session"
)

func TestAPatronPaysAndIsForgotten(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.forgotten()
		s.scan(card)
		v := s.sees(session.ScreenFees)
		if v.Total != eur(1250) || v.Chosen != eur(1250) || v.Initials != "AM" || len(v.Fees) != 2 || v.Fees[0].Key != "104" {
			t.Errorf("%+v", v)
		}
		s.tap("pay", "")
		if v := s.sees(session.ScreenConfirm); v.Chosen != eur(1250) || v.NoPaper {
			t.Errorf("%+v", v)
		}
		s.tap("confirm", "")
		v = s.ended(session.OutcomeBooked, session.ReceiptPrinted)
		if v.Reference == "" || v.Chosen != eur(1250) || len(v.Legs) != 2 {
			t.Errorf("%+v", v)
		}
		if slip, n := s.paper.newest(); n != 1 || slip.Copy || slip.Outcome != session.OutcomeBooked || slip.Payment.ID.String() != v.Reference {
			t.Errorf("%d receipts, %+v", n, slip)
		}
		s.tap("leave", "")
		s.forgotten()
		s.neverShown(card)
		if s.library.posted != 2 || s.terminal.purchases != 1 {
			t.Errorf("%d postings, %d purchases", s.library.posted, s.terminal.purchases)
		}
	})
}

func TestOnlyChosenFeesArePaid(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.scan(card)
		chosen := func(want int64) {
			t.Helper()
			if v := s.sees(session.ScreenFees); v.Chosen != eur(want) || v.Total != eur(1250) {
				t.Errorf("chosen %v of %v, want %d", v.Chosen, v.Total, want)
			}
		}
		s.tap("choose", "104")
		chosen(1000)
		s.tap("choose", "105")
		chosen(0)
		s.tap("pay", "") // nothing to pay
		chosen(0)
		s.tap("all", "")
		chosen(1250)
		s.tap("choose", "105")
		chosen(250)
		if err := s.try("choose", "106"); !errors.Is(err, session.ErrStale) {
			t.Errorf("a fee that is not there: %v", err)
		}
		s.tap("pay", "")
		s.tap("back", "")
		chosen(250)
		s.tap("pay", "")
		s.tap("confirm", "")
		v := s.ended(session.OutcomeBooked, session.ReceiptPrinted)
		if v.Chosen != eur(250) || len(v.Legs) != 1 || v.Legs[0].Fee != "104" {
			t.Errorf("%+v", v)
		}
		if left := s.library.fees[card]; len(left) != 1 || left[0].ID != "105" {
			t.Errorf("left %+v", left)
		}
	})
}

func TestALumpIsPaidAsAWhole(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.library.set(func(l *library) { l.traits.FeeIDs = false })
		s.scan(card)
		v := s.sees(session.ScreenFees)
		if !v.WholeOnly || v.Chosen != eur(1250) || len(v.Fees) != 0 {
			t.Errorf("%+v", v)
		}
		if err := s.try("choose", "line-0"); !errors.Is(err, session.ErrStale) {
			t.Errorf("a part: %v", err)
		}
		s.tap("pay", "")
		s.tap("confirm", "")
		s.ended(session.OutcomeBooked, session.ReceiptPrinted)
		if s.library.posted != 1 {
			t.Errorf("%d postings", s.library.posted)
		}
	})
}

func TestLessThanIsChosenMayBePaidWhereTheLibraryTakesIt(t *testing.T) {
	partial := func(c *session.Config) { c.Partial = true }
	inStation(t, partial, func(t *testing.T, s *station) {
		s.scan(card)
		if v := s.sees(session.ScreenFees); v.CanPart {
			t.Fatal("a part is offered where whole fees only are taken")
		}
		s.tap("leave", "")
		s.library.set(func(l *library) { l.traits.Partial = true })
		over(3 * time.Second)
		s.scan(card)
		s.tap("part", "")
		typed := func(digits string) session.View {
			t.Helper()
			for range s.sees(session.ScreenAmount).Typed {
				s.tap("erase", "")
			}
			for _, d := range strings.Split(digits, "") {
				s.tap("digit", d)
			}
			s.tap("enter", "")
			return s.View()
		}
		s.tap("enter", "") // nothing typed
		if v := typed("1251"); v.Screen != session.ScreenAmount || v.Reason != session.ReasonOverChosen || v.Limit != eur(1250) {
			t.Errorf("more than is chosen: %+v", v)
		}
		if v := typed("0099"); v.Screen != session.ScreenAmount || v.Reason != session.ReasonUnderMinimum || v.Limit != eur(100) {
			t.Errorf("less than the minimum: %+v", v)
		}
		typed("0400")
		if v := s.sees(session.ScreenConfirm); v.Part != eur(400) || v.Chosen != eur(1250) {
			t.Errorf("%+v", v)
		}
		s.tap("confirm", "")
		v := s.ended(session.OutcomeBooked, session.ReceiptPrinted)
		if v.Chosen != eur(400) || len(v.Legs) != 2 || v.Legs[0].Amount != eur(250) || v.Legs[1].Amount != eur(150) {
			t.Errorf("%+v", v)
		}
		if left := s.library.fees[card]; len(left) != 1 || left[0].ID != "105" || left[0].Balance != eur(850) {
			t.Errorf("left %+v", left)
		}
	})
}

func TestGoingBackFromAnAmountForgetsIt(t *testing.T) {
	inStation(t, func(c *session.Config) { c.Partial = true }, func(t *testing.T, s *station) {
		s.library.set(func(l *library) { l.traits.Partial = true })
		s.scan(card)
		s.tap("part", "")
		s.tap("digit", "5")
		s.tap("digit", "0")
		s.tap("digit", "0")
		s.tap("back", "")
		s.tap("pay", "")
		if v := s.sees(session.ScreenConfirm); v.Part.Positive() {
			t.Errorf("%+v", v)
		}
		s.tap("confirm", "")
		if v := s.ended(session.OutcomeBooked, session.ReceiptPrinted); v.Chosen != eur(1250) {
			t.Errorf("%+v", v)
		}
	})
}

func TestWhyAnAccountIsNotShownIsTold(t *testing.T) {
	for _, c := range []struct {
		card string
		down error
		want session.Reason
	}{
		{"20017000099999", nil, session.ReasonUnknownPatron},
		{"99999", nil, session.ReasonNothingOwed},
		{card, fmt.Errorf("the fees do not add up: %w", ils.ErrFeesUnreadable), session.ReasonFeesUnreadable},
		{card, fmt.Errorf("%w: %w", device.ErrNotSent, errLink), session.ReasonLibraryDown},
		{card, errLink, session.ReasonLibraryDown},
	} {
		inStation(t, nil, func(t *testing.T, s *station) {
			s.library.set(func(l *library) { l.down = c.down })
			s.scan(c.card)
			s.told(c.want)
			over(session.StandardWaits.Message - time.Second)
			s.told(c.want)
			over(22 * time.Second)
			s.forgotten()
		})
	}
}

func TestAWrongPINIsAskedAgainAndNeverShown(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.library.set(func(l *library) { l.pin = pin })
		s.scan(card)
		if v := s.sees(session.ScreenPIN); v.Reason != "" || v.Typed != "" {
			t.Errorf("%+v", v)
		}
		s.tap("enter", "") // nothing typed
		s.sees(session.ScreenPIN)
		s.digits("4712")
		if v := s.sees(session.ScreenPIN); v.Typed != "••••" {
			t.Errorf("typed %q", v.Typed)
		}
		s.tap("enter", "")
		if v := s.sees(session.ScreenPIN); v.Reason != session.ReasonWrongPIN || v.Typed != "" {
			t.Errorf("%+v", v)
		}
		s.digits("4712")
		s.tap("erase", "")
		s.digits("1")
		s.tap("enter", "")
		if v := s.sees(session.ScreenFees); v.Typed != "" {
			t.Errorf("the length of the PIN is still shown: %q", v.Typed)
		}
		s.tap("leave", "")
		s.forgotten()
		s.neverShown(pin)
		s.neverShown("4712")
		over(3 * time.Second)
		s.scan(card)
		s.sees(session.ScreenPIN) // the next visit needs it again
	})
}

func TestALabelThatIsNoCardIsToldApart(t *testing.T) {
	for _, junk := range []scanner.Scan{{Text: "https://example.org/x"}, {Text: "12"}, {Text: "9783161484100", Symbology: scanner.EAN}, {Text: "a b|c"}, {}} {
		inStation(t, nil, func(t *testing.T, s *station) {
			s.Scan(junk)
			s.told(session.ReasonNotACard)
			s.scan(card) // a card is taken at once
			before := s.sees(session.ScreenFees)
			s.Scan(junk)
			if v := s.sees(session.ScreenFees); v.Number != before.Number {
				t.Error("junk changes the screen of a patron who is choosing")
			}
			s.scan(card)
			if v := s.sees(session.ScreenFees); v.Number != before.Number {
				t.Error("the same card changes the screen")
			}
			s.scan(otherCard)
			if v := s.sees(session.ScreenFees); v.Total != eur(300) {
				t.Errorf("another card: %+v", v)
			}
		})
	}
}

func TestACardNumberCanBeTyped(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.tap("number", "")
		s.sees(session.ScreenNumber)
		s.tap("enter", "")
		s.tap("erase", "")
		s.digits("200170000423177")
		s.tap("erase", "")
		if v := s.sees(session.ScreenNumber); v.Typed != card {
			t.Errorf("typed %q", v.Typed)
		}
		for _, value := range []string{"", "x", "12", "-", "٣"} {
			if err := s.try("digit", value); !errors.Is(err, session.ErrStale) {
				t.Errorf("digit %q: %v", value, err)
			}
		}
		s.tap("enter", "")
		if v := s.sees(session.ScreenFees); v.Typed != "" {
			t.Errorf("the number is still shown: %q", v.Typed)
		}
		s.tap("leave", "")
		s.tap("number", "")
		s.digits("12")
		s.tap("enter", "")
		if v := s.told(session.ReasonNotACard); v.Typed != "" {
			t.Errorf("the number is still shown: %q", v.Typed)
		}
		s.tap("leave", "")
		s.tap("number", "")
		s.digits(strings.Repeat("1", 32))
		if err := s.try("digit", "1"); !errors.Is(err, session.ErrStale) {
			t.Errorf("more than can be a card: %v", err)
		}
	})
}

func TestAmountsOutsideTheLimitsAreToldWithTheLimit(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*session.Config)
		reason session.Reason
		limit  int64
	}{
		"over":  {func(c *session.Config) { c.Max = eur(1249) }, session.ReasonOverMaximum, 1249},
		"under": {func(c *session.Config) { c.Min = eur(1251) }, session.ReasonUnderMinimum, 1251},
	} {
		inStation(t, c.change, func(t *testing.T, s *station) {
			s.scan(card)
			s.tap("pay", "")
			if v := s.told(c.reason); v.Limit != eur(c.limit) {
				t.Errorf("%s: limit %v", name, v.Limit)
			}
			if s.terminal.purchases != 0 {
				t.Error("a purchase was begun")
			}
		})
	}
	inStation(t, func(c *session.Config) { c.Max, c.Min = eur(1250), eur(1250) }, func(t *testing.T, s *station) {
		s.scan(card)
		s.tap("pay", "")
		s.sees(session.ScreenConfirm)
	})
}

func TestWithoutPaperThePatronIsAsked(t *testing.T) {
	for name, empty := range map[string]func(*paper){
		"paper out": func(p *paper) { p.status.PaperEnd = true },
		"cover":     func(p *paper) { p.status.CoverOpen = true },
		"unplugged": func(p *paper) { p.broken = device.ErrNotSent },
	} {
		inStation(t, nil, func(t *testing.T, s *station) {
			s.paper.set(empty)
			s.scan(card)
			s.tap("pay", "")
			if v := s.sees(session.ScreenConfirm); !v.NoPaper {
				t.Errorf("%s: not told before paying", name)
			}
			s.tap("confirm", "")
			s.ended(session.OutcomeBooked, session.ReceiptNoPaper)
			if _, n := s.paper.newest(); n != 0 {
				t.Errorf("%s: %d receipts", name, n)
			}
		})
		inStation(t, func(c *session.Config) { c.RefuseNoPaper = true }, func(t *testing.T, s *station) {
			s.paper.set(empty)
			s.scan(card)
			s.tap("pay", "")
			s.told(session.ReasonNoPaper)
			if s.terminal.purchases != 0 {
				t.Errorf("%s: a purchase was begun", name)
			}
		})
	}
}

func TestATapOnAnOlderScreenIsRefused(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.scan(card)
		fees := s.sees(session.ScreenFees)
		s.tap("pay", "")
		confirm := s.sees(session.ScreenConfirm)
		for _, n := range []int64{fees.Number, 0, -1, confirm.Number + 1} {
			if err := s.Act(t.Context(), session.Action{Screen: n, Name: "confirm"}); !errors.Is(err, session.ErrStale) {
				t.Errorf("a tap on screen %d: %v", n, err)
			}
		}
		s.sees(session.ScreenConfirm)
		first := s.Act(t.Context(), session.Action{Screen: confirm.Number, Name: "confirm"})
		again := s.Act(t.Context(), session.Action{Screen: confirm.Number, Name: "confirm"})
		if first != nil || !errors.Is(again, session.ErrStale) {
			t.Errorf("two taps: %v, %v", first, again)
		}
		synctest.Wait()
		if s.terminal.purchases != 1 {
			t.Errorf("%d purchases", s.terminal.purchases)
		}
	})
}

func TestAScreenTakesNoOtherActionThanItsOwn(t *testing.T) {
	actions := []string{"number", "digit", "erase", "enter", "choose", "all", "pay", "confirm", "back", "cancel", "print", "leave", "language", "languages", "", "dance"}
	refused := func(s *station, screen session.Screen, own ...string) {
		s.t.Helper()
		before := s.sees(screen)
		for _, name := range actions {
			if strings.Contains(" "+strings.Join(own, " ")+" ", " "+name+" ") && name != "" {
				continue
			}
			if err := s.try(name, ""); !errors.Is(err, session.ErrStale) {
				s.t.Errorf("%s takes %q: %v", screen, name, err)
			}
		}
		if after := s.View(); after.Number != before.Number {
			s.t.Errorf("%s changed to %+v", screen, after)
		}
	}
	inStation(t, nil, func(t *testing.T, s *station) {
		s.terminal.set(func(c *cardTerminal) { c.wait = time.Minute })
		refused(s, session.ScreenReady, "number", "language", "languages")
		s.tap("number", "")
		refused(s, session.ScreenNumber, "digit", "erase", "enter", "leave", "languages")
		s.scan(card)
		refused(s, session.ScreenFees, "choose", "all", "pay", "leave", "languages")
		s.tap("pay", "")
		refused(s, session.ScreenConfirm, "confirm", "back", "leave", "languages")
		s.tap("confirm", "")
		refused(s, session.ScreenTerminal, "cancel")
		over(time.Minute)
		refused(s, session.ScreenOutcome, "leave", "languages")
		s.tap("leave", "")
		s.blocked(session.ReasonTerminalDown)
		over(2 * time.Second)
		refused(s, session.ScreenOutOfService)
	})
}

func TestAnAbandonedScreenReturnsToReadyAndForgets(t *testing.T) {
	for name, arrive := range map[string]func(*station){
		"number":  func(s *station) { s.tap("number", ""); s.digits("2001") },
		"pin":     func(s *station) { s.library.set(func(l *library) { l.pin = pin }); s.scan(card); s.digits("47") },
		"fees":    func(s *station) { s.scan(card) },
		"confirm": func(s *station) { s.scan(card); s.tap("pay", "") },
	} {
		inStation(t, nil, func(t *testing.T, s *station) {
			arrive(s)
			s.sees(session.Screen(name))
			over(session.StandardWaits.Idle - time.Second)
			s.sees(session.Screen(name))
			over(2 * time.Second)
			s.forgotten()
		})
	}
	inStation(t, nil, func(t *testing.T, s *station) { // every tap begins the time anew
		s.scan(card)
		for range 5 {
			over(session.StandardWaits.Idle - 21*time.Second)
			s.tap("choose", "104")
		}
		s.sees(session.ScreenFees)
	})
	inStation(t, nil, func(t *testing.T, s *station) {
		s.pay()
		s.ended(session.OutcomeBooked, session.ReceiptPrinted)
		over(session.StandardWaits.Result + 21*time.Second)
		s.forgotten()
	})
}

func TestFeesThatAreBeingBookedCannotBeChosen(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.library.set(func(l *library) { l.post = device.ErrNotSent })
		s.scan(card)
		s.tap("choose", "105")
		s.tap("pay", "")
		s.tap("confirm", "")
		over(session.StandardWaits.Booking)
		s.ended(session.OutcomeFollows, session.ReceiptPrinted)
		s.tap("leave", "")
		s.scan(card)
		v := s.sees(session.ScreenFees)
		if v.Chosen != eur(1000) || !v.Fees[0].BeingBooked || v.Fees[1].BeingBooked {
			t.Errorf("%+v", v)
		}
		if err := s.try("choose", "104"); !errors.Is(err, session.ErrStale) {
			t.Errorf("choosing it again: %v", err)
		}
		s.tap("all", "")
		if v := s.sees(session.ScreenFees); v.Chosen != eur(1000) || v.Fees[0].Chosen {
			t.Errorf("all: %+v", v)
		}
		s.tap("pay", "")
		s.tap("confirm", "")
		over(session.StandardWaits.Booking)
		s.ended(session.OutcomeFollows, session.ReceiptPrinted)
		s.tap("leave", "")
		s.scan(card)
		s.told(session.ReasonBeingBooked)
		s.scan(otherCard) // another patron is not concerned
		s.sees(session.ScreenFees)
	})
}

func TestALumpThatIsBeingBookedCannotBePaidAgain(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.library.set(func(l *library) { l.post, l.traits.FeeIDs = device.ErrNotSent, false })
		s.pay()
		over(session.StandardWaits.Booking)
		s.ended(session.OutcomeFollows, session.ReceiptPrinted)
		s.tap("leave", "")
		s.scan(card)
		s.told(session.ReasonBeingBooked)
	})
}

func TestAnObstacleShowsOutOfServiceUntilItIsGone(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.scan(card)
		s.blocked(session.ReasonTerminalDown)
		over(5 * time.Second)
		s.sees(session.ScreenFees) // a patron is not thrown out
		s.tap("pay", "")
		s.told(session.ReasonTerminalDown)
		if s.terminal.purchases != 0 {
			t.Error("a purchase was begun")
		}
		s.tap("leave", "")
		if v := s.sees(session.ScreenOutOfService); v.Reason != session.ReasonTerminalDown {
			t.Errorf("%+v", v)
		}
		s.scan(card)
		s.sees(session.ScreenOutOfService)
		s.blocked(session.ReasonLibraryDown)
		over(2 * time.Second)
		if v := s.sees(session.ScreenOutOfService); v.Reason != session.ReasonLibraryDown {
			t.Errorf("%+v", v)
		}
		s.blocked("")
		over(2 * time.Second)
		s.forgotten()
	})
}

func TestALanguageKeepsTheScreen(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.tap("language", "en")
		if v := s.sees(session.ScreenReady); v.Language != "en" {
			t.Errorf("%+v", v)
		}
		s.scan(card)
		before := s.sees(session.ScreenFees)
		if before.Language != "en" {
			t.Error("the scan changes the language")
		}
		s.tap("choose", "104")
		s.tap("language", "de")
		after := s.sees(session.ScreenFees)
		if after.Language != "de" || after.Chosen != eur(1000) || after.Number == before.Number {
			t.Errorf("%+v", after)
		}
		if err := s.try("language", "tlh"); !errors.Is(err, session.ErrStale) {
			t.Errorf("a language that is not offered: %v", err)
		}
		s.tap("language", "en")
		s.tap("pay", "")
		s.tap("confirm", "")
		s.ended(session.OutcomeBooked, session.ReceiptPrinted)
		if slip, _ := s.paper.newest(); slip.Language != "en" {
			t.Errorf("the receipt is in %s", slip.Language)
		}
		s.tap("leave", "")
		s.forgotten() // the next patron begins in the library's own language
		s.tap("language", "en")
		over(session.StandardWaits.Idle + time.Second)
		s.forgotten()
	})
}

func TestWhoDoesNothingIsAskedWhetherToStayAndMayAsOftenAsTheyLike(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.scan(card)
		s.tap("choose", "104")
		for range 12 {
			over(session.StandardWaits.Idle - 21*time.Second)
			if v := s.sees(session.ScreenFees); v.Over == session.LayerLeaving {
				t.Fatal("asked too early")
			}
			over(2 * time.Second)
			if v := s.sees(session.ScreenFees); v.Over != session.LayerLeaving || v.Chosen != eur(1000) {
				t.Fatalf("%+v", v)
			}
			over(18 * time.Second)
			for _, other := range []string{"pay", "choose", "language"} {
				if err := s.try(other, "104"); !errors.Is(err, session.ErrStale) {
					t.Errorf("%s of the screen beneath: %v", other, err)
				}
			}
			s.tap("stay", "")
			if v := s.sees(session.ScreenFees); v.Over == session.LayerLeaving || v.Chosen != eur(1000) {
				t.Fatalf("%+v", v)
			}
		}
		over(session.StandardWaits.Idle - 19*time.Second)
		s.tap("leave", "")
		s.forgotten()
		s.scan(card)
		over(session.StandardWaits.Idle - 19*time.Second)
		s.scan(otherCard) // the next one is there
		if v := s.sees(session.ScreenFees); v.Over == session.LayerLeaving || v.Total != eur(300) {
			t.Errorf("%+v", v)
		}
	})
}

func TestLanguagesLieOverTheScreenUntilOneIsChosen(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.scan(card)
		s.tap("choose", "104")
		s.tap("languages", "")
		if v := s.sees(session.ScreenFees); v.Over != session.LayerLanguages || v.Language != "de" {
			t.Errorf("%+v", v)
		}
		for _, other := range []string{"pay", "choose", "leave", "languages"} {
			if err := s.try(other, "104"); !errors.Is(err, session.ErrStale) {
				t.Errorf("%s of the screen beneath: %v", other, err)
			}
		}
		s.tap("language", "en")
		if v := s.sees(session.ScreenFees); v.Over == session.LayerLanguages || v.Language != "en" || v.Chosen != eur(1000) {
			t.Errorf("%+v", v)
		}
		s.tap("languages", "")
		s.tap("back", "")
		if v := s.sees(session.ScreenFees); v.Over == session.LayerLanguages || v.Language != "en" {
			t.Errorf("%+v", v)
		}
		s.tap("languages", "")
		s.scan(otherCard) // another patron does not find them there
		if v := s.sees(session.ScreenFees); v.Over == session.LayerLanguages || v.Total != eur(300) {
			t.Errorf("%+v", v)
		}
		s.tap("languages", "")
		over(session.StandardWaits.Idle + time.Second)
		s.forgotten()
		s.tap("languages", "")
		over(session.StandardWaits.Idle + time.Second)
		s.forgotten()
	})
}

func TestThePatronFollowsTheTerminalAndMayCancel(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.terminal.set(func(c *cardTerminal) { c.wait = time.Minute })
		s.pay()
		v := s.sees(session.ScreenTerminal)
		if v.Progress != terminal.ProgressCard || !v.CanCancel || v.Reference == "" {
			t.Errorf("%+v", v)
		}
		s.scan(otherCard) // nobody else's scan disturbs a payment
		s.sees(session.ScreenTerminal)
		over(40 * time.Second)
		s.sees(session.ScreenTerminal)
		s.tap("cancel", "")
		s.ended(session.OutcomeNotCharged, session.ReceiptNone)
		if v := s.View(); len(v.Legs) != 0 {
			t.Errorf("%+v", v)
		}
		over(session.StandardWaits.Result + 21*time.Second)
		s.forgotten()
	})
}

func TestThePatronIsSentToTheRedKeyWhereTheKioskCannotCancel(t *testing.T) {
	inStation(t, func(c *session.Config) { c.NoCancel = true }, func(t *testing.T, s *station) {
		s.terminal.set(func(c *cardTerminal) { c.wait = time.Minute })
		s.pay()
		if v := s.sees(session.ScreenTerminal); v.CanCancel || !v.RedKey {
			t.Errorf("%+v", v)
		}
		over(40 * time.Second)
		if v := s.sees(session.ScreenTerminal); !v.RedKey {
			t.Errorf("%+v", v)
		}
		over(time.Minute)
		s.ended(session.OutcomeBooked, session.ReceiptPrinted)
	})
}

func TestWhyAPaymentCannotBeginIsTold(t *testing.T) {
	for err, want := range map[error]session.Reason{
		runner.ErrTerminalInDoubt: session.ReasonSettling, runner.ErrBusy: session.ReasonSettling,
		runner.ErrDark: session.ReasonTerminalDown, runner.ErrTooManyCases: session.ReasonStaffNeeded, runner.ErrQueueFull: session.ReasonStaffNeeded,
		errors.New("disk"): session.ReasonStorage,
	} {
		if got := session.Why(fmt.Errorf("pay: %w", err)); got != want {
			t.Errorf("Why(%v) = %q, want %q", err, got, want)
		}
	}
	inStation(t, nil, func(t *testing.T, s *station) {
		s.scan(card)
		s.tap("pay", "")
		s.terminal.set(func(c *cardTerminal) { c.wait = time.Minute })
		if _, err := s.runner.Pay(context.Background(), runner.Order{Patron: ils.Patron{Card: otherCard}, Amount: eur(300),
			Legs: []payment.PlannedLeg{{Fee: "200", Amount: eur(300)}}, Rules: payment.StandardRules(time.Minute, false)}); err != nil {
			t.Fatal(err)
		}
		s.tap("confirm", "")
		s.told(session.ReasonSettling)
	})
}

func TestASlowWatcherGetsTheNewestView(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		views, stop := s.Watch()
		s.tap("number", "")
		s.digits("200")
		if v := <-views; v.Typed != "200" {
			t.Errorf("%+v", v)
		}
		select {
		case v := <-views:
			t.Errorf("an older view as well: %+v", v)
		default:
		}
		stop()
		s.digits("1")
		select {
		case v := <-views:
			t.Errorf("after stop: %+v", v)
		default:
		}
	})
}

func TestAnObstacleAtTheConfirmationStopsThePayment(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.scan(card)
		s.tap("pay", "")
		s.sees(session.ScreenConfirm)
		s.blocked(session.ReasonEnclosure)
		s.tap("confirm", "")
		s.told(session.ReasonEnclosure)
		if all, err := s.ledger.All(10); err != nil || len(all) != 0 {
			t.Errorf("%d payments, %v", len(all), err)
		}
	})
}
