package session_test

import (
	"errors"
	"testing"
	"time"

	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/session"
)

func TestWhatUnlocksTheAccountIsOfferedWhereItIsLessThanAll(t *testing.T) {
	for _, c := range []struct {
		fees   []int64
		limit  money.Amount
		unlock int64 // zero: not offered
	}{
		{[]int64{250, 1000}, eur(1000), 250},
		{[]int64{250, 1000}, eur(500), 1000},
		{[]int64{250, 1000}, eur(100), 0}, // only all of it
		{[]int64{250, 1000}, eur(1250), 0},
		{[]int64{250, 1000}, money.Amount{}, 0},
		{[]int64{250, 1000}, money.Of(100, "CHF"), 0},
		{[]int64{100, 200, 300, 400}, eur(450), 600},
		{[]int64{100, 200, 300, 400}, eur(0), 0},
		{[]int64{500, 400, -100}, eur(300), 500},
		{[]int64{500}, eur(200), 0},
	} {
		inStation(t, nil, func(t *testing.T, s *station) {
			s.library.set(func(l *library) {
				l.limit, l.fees[card] = c.limit, nil
				for i, minor := range c.fees {
					l.fees[card] = append(l.fees[card], ils.Fee{ID: string(rune('a' + i)), Balance: eur(minor)})
				}
			})
			s.scan(card)
			if v := s.sees(session.ScreenFees); v.Unlock.Minor != c.unlock {
				t.Errorf("%v with limit %s: %s is offered, want %d", c.fees, c.limit, v.Unlock, c.unlock)
			}
			if c.unlock == 0 {
				if err := s.try("unlock", ""); !errors.Is(err, session.ErrStale) {
					t.Errorf("unlock where it is not offered: %v", err)
				}
				return
			}
			s.tap("unlock", "")
			if v := s.sees(session.ScreenFees); v.Chosen != eur(c.unlock) {
				t.Errorf("%v with limit %s: chosen %s, want %d", c.fees, c.limit, v.Chosen, c.unlock)
			}
		})
	}
}

func TestWhatFeesAreForIsHiddenAtFirstWhereTheLibraryWantsThat(t *testing.T) {
	inStation(t, func(c *session.Config) { c.HideDetails = true }, func(t *testing.T, s *station) {
		for range 2 {
			s.scan(card)
			if v := s.sees(session.ScreenFees); !v.Hidden {
				t.Errorf("%+v", v)
			}
			s.tap("hide", "")
			if v := s.sees(session.ScreenFees); v.Hidden {
				t.Errorf("%+v", v)
			}
			s.tap("leave", "")
			over(3 * time.Second)
		}
	})
}

func TestWhatFeesAreForCanBeHiddenForTheWholeVisit(t *testing.T) {
	inStation(t, nil, func(t *testing.T, s *station) {
		s.scan(card)
		s.tap("hide", "")
		s.tap("choose", "104")
		if v := s.sees(session.ScreenFees); !v.Hidden || v.Chosen != eur(1000) {
			t.Errorf("%+v", v)
		}
		s.tap("hide", "")
		if v := s.sees(session.ScreenFees); v.Hidden {
			t.Error("still hidden")
		}
		s.tap("hide", "")
		s.tap("pay", "")
		s.tap("confirm", "")
		if v := s.ended(session.OutcomeBooked, session.ReceiptPrinted); !v.Hidden {
			t.Error("shown again at the end")
		}
		s.tap("leave", "")
		s.forgotten()
	})
}
