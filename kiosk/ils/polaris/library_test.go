package polaris_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/polaris"
	"selfpay/kiosk/ils/polaris/polaristest"
	"selfpay/sip/certtest"
	"selfpay/sip/client"
)

// leg pays a charge of the first patron.
func leg(number int, fee string, minor int64) ils.Leg {
	return ils.Leg{Reference: fmt.Sprintf("4821-000123-%02d", number), Patron: ils.Patron{Card: card}, Fee: fee, Amount: money.Of(minor, "EUR"), PaidAt: time.Now(), CardName: "VISA"}
}

func lump(minor int64) ils.Leg { return leg(1, "", minor) }

// wantClass wants exactly one class, or no error.
func wantClass(t *testing.T, what string, err, want error) {
	t.Helper()
	if device.Class(err) != want {
		t.Errorf("%s = %v, want class %v", what, err, want)
	}
}

func readAccount(t *testing.T, l *polaris.Library, who ils.Patron) ils.Account {
	t.Helper()
	a, err := l.Account(t.Context(), who, ils.Doubt{})
	if err != nil {
		t.Fatalf("Account = %v", err)
	}
	return a
}

func TestAnAccountIsReadWithInitialsBlockAndCharges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, func(c *polaristest.Config) { c.CreditRow = true })
		l := near(t, s, nil)
		a := readAccount(t, l, ils.Patron{Card: card})
		if got := fmt.Sprint(a.Initials, a.Blocked, a.Fees, a.Total); got != "ASfalse [{680938 Lost Item 12.50 EUR} {680941 Overdue 3.00 EUR}] 15.50 EUR" || a.Booked != nil {
			t.Errorf("%s, booked %v", got, a.Booked)
		}
		if a := readAccount(t, l, ils.Patron{Card: "21756003332060"}); !a.Blocked || a.Total.Minor != 500 {
			t.Errorf("sent to a collection agency: %v", a)
		}
		if a := readAccount(t, l, ils.Patron{Card: "21756003332061"}); a.Total.Minor != 0 || len(a.Fees) != 0 {
			t.Errorf("who owes nothing: %v", a)
		}
	})
}

func TestAUserNameIsPaidForUnderTheBarcodeThatTheLibraryNames(t *testing.T) {
	for _, other := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := far(t, func(c *polaristest.Config) { c.OtherBarcode = other })
			l := near(t, s, nil)
			readAccount(t, l, ils.Patron{Card: "anna.smith"})
			paid := leg(1, "680941", 300)
			paid.Patron.Card = "anna.smith"
			number, err := l.Post(t.Context(), paid)
			if err != nil || number != "6546" || bookedUnder(s, paid.Reference) != 1 {
				t.Errorf("Post = %q %v, books %v", number, err, s.Books())
			}
		})
	}
}

func TestACardThatCannotStandInAnAddressIsUnknownAndNothingIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		l := near(t, s, nil)
		for _, odd := range []string{"", "..", "1+2", "1/2", "1?2", "ü", strings.Repeat("9", 65)} {
			_, err := l.Account(t.Context(), ils.Patron{Card: odd}, ils.Doubt{})
			if !errors.Is(err, ils.ErrUnknownPatron) {
				t.Errorf("%q: %v", odd, err)
			}
			paid := leg(1, "680941", 300)
			paid.Patron.Card = odd
			_, err = l.Post(t.Context(), paid)
			wantClass(t, "Post", err, device.ErrNotSent)
		}
		if calls := s.Calls(); len(calls) != 0 {
			t.Errorf("calls %v", calls)
		}
	})
}

func TestAPINIsHeldAgainstTheLibrarysAndAnAccountIsReadWithoutOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		l := near(t, s, func(c *polaris.Config) { c.AskPIN = true })
		if a, err := l.Account(t.Context(), ils.Patron{Card: card}, ils.Doubt{}); !errors.Is(err, ils.ErrPINNeeded) || a.Total.Minor != 1550 {
			t.Errorf("without a PIN: %v %v", a, err)
		}
		if a, err := l.Account(t.Context(), ils.Patron{Card: card, PIN: "9999"}, ils.Doubt{}); !errors.Is(err, ils.ErrPINNeeded) || a.Total.Minor != 0 {
			t.Errorf("with a wrong one: %v %v", a, err)
		}
		if a := readAccount(t, l, ils.Patron{Card: card, PIN: "1234"}); a.Total.Minor != 1550 {
			t.Errorf("with the right one: %v", a)
		}
	})
}

func TestASecuredPatronIsSentToTheDesk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, func(c *polaristest.Config) { c.Secured = []string{card} })
		l := near(t, s, nil)
		_, err := l.Account(t.Context(), ils.Patron{Card: card}, ils.Doubt{})
		if !errors.Is(err, ils.ErrFeesUnreadable) {
			t.Errorf("Account = %v", err)
		}
		_, err = l.Post(t.Context(), leg(1, "680938", 1250))
		wantClass(t, "Post", err, device.ErrRefused)
	})
}

func TestAWrongWorkstationCallsStaffWhicheverCodeSaysIt(t *testing.T) {
	for code, want := range map[int]error{-1: device.ErrDoubt, -9000: device.ErrRefused, -3508: device.ErrRefused} {
		synctest.Test(t, func(t *testing.T) {
			s := far(t, func(c *polaristest.Config) { c.WorkstationCode = code })
			l := near(t, s, func(c *polaris.Config) { c.Workstation = 13 })
			if err := l.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			_, err := l.Post(t.Context(), leg(1, "680938", 1250))
			wantClass(t, "Post", err, want)
			err = l.Ready(t.Context())
			wantClass(t, "Ready", err, device.ErrAttention)
			if err == nil || !strings.Contains(err.Error(), "workstation") {
				t.Errorf("Ready = %v says nothing of the workstation", err)
			}
			time.Sleep(59 * time.Minute)
			wantClass(t, "Ready within the hour", l.Ready(t.Context()), device.ErrAttention)
			time.Sleep(2 * time.Minute)
			wantClass(t, "Ready after the hour", l.Ready(t.Context()), nil)
		})
	}
}

func TestAPaymentThatSucceedsEndsTheAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		l := near(t, s, nil)
		s.AnswerAfterBooking(-1)
		_, err := l.Post(t.Context(), leg(1, "680938", 100))
		wantClass(t, "the first", err, device.ErrDoubt)
		wantClass(t, "Ready", l.Ready(t.Context()), device.ErrAttention)
		_, err = l.Post(t.Context(), leg(2, "680938", 100))
		wantClass(t, "the second", err, nil)
		wantClass(t, "Ready", l.Ready(t.Context()), nil)
		s.AnswerAfterBooking(-1)
		_, err = l.Post(t.Context(), leg(3, "680938", 100))
		wantClass(t, "the third", err, device.ErrDoubt)
		wantClass(t, "Ready, since a payment has succeeded before", l.Ready(t.Context()), nil)
	})
}

func TestWhatACodeSaysAboutAPayment(t *testing.T) {
	for code, want := range map[int]struct {
		class error
		alarm bool
	}{
		0: {nil, false}, 1: {nil, false}, 3: {nil, false},
		-2: {device.ErrDoubt, false}, -3: {device.ErrDoubt, false}, -4: {device.ErrDoubt, false}, -5: {device.ErrDoubt, false}, -9: {device.ErrDoubt, false},
		-3605: {device.ErrDoubt, false}, -4711: {device.ErrDoubt, false}, -1: {device.ErrDoubt, true},
		-6: {device.ErrRefused, false}, -10: {device.ErrRefused, false}, -11: {device.ErrRefused, false}, -3000: {device.ErrRefused, false}, -3550: {device.ErrRefused, false},
		-3600: {device.ErrRefused, false}, -3601: {device.ErrRefused, false}, -3603: {device.ErrRefused, false}, -3604: {device.ErrRefused, false},
		-3610: {device.ErrRefused, false}, -3621: {device.ErrRefused, false}, -3637: {device.ErrRefused, false},
		-3506: {device.ErrRefused, true}, -3507: {device.ErrRefused, true}, -3508: {device.ErrRefused, true}, -3602: {device.ErrRefused, true},
		-5000: {device.ErrRefused, true}, -8000: {device.ErrRefused, true}, -8004: {device.ErrRefused, true}, -9000: {device.ErrRefused, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := far(t, nil)
			l := near(t, s, nil)
			s.AnswerAfterBooking(code)
			_, err := l.Post(t.Context(), leg(1, "680938", 1250))
			wantClass(t, fmt.Sprintf("Post answered with %d", code), err, want.class)
			if err := l.Ready(t.Context()); errors.Is(err, device.ErrAttention) != want.alarm {
				t.Errorf("Ready after %d = %v", code, err)
			}
		})
	}
}

func TestMoreThanTheWholeBalanceIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		l := near(t, s, func(c *polaris.Config) { c.Profile = "pay-all" })
		_, err := l.Post(t.Context(), lump(1551))
		wantClass(t, "Post", err, device.ErrRefused)
		if err == nil || !strings.Contains(err.Error(), "-3610") || len(s.Books().Postings) != 0 {
			t.Errorf("Post = %v, books %v", err, s.Books().Postings)
		}
		number, err := l.Post(t.Context(), lump(1550))
		if err != nil || number != "" || s.Books().Patrons[0].Fees[1].OutstandingMinor != 0 {
			t.Errorf("Post = %q %v, books %v", number, err, s.Books())
		}
	})
}

func TestALumpWantsChargesThatAddUpToTheBalance(t *testing.T) {
	validated := ok("<PatronValidateResult><PAPIErrorCode>0</PAPIErrorCode><Barcode>21756003332022</Barcode><ValidPatron>true</ValidPatron></PatronValidateResult>")
	basic := func(balance string) string {
		return ok("<PatronBasicDataGetResult><PAPIErrorCode>0</PAPIErrorCode><PatronBasicData><NameFirst>A</NameFirst>" + balance + "</PatronBasicData></PatronBasicDataGetResult>")
	}
	rows := ok(textOf(t, "account-success.xml"))
	for balance, good := range map[string]bool{"<ChargeBalance>2.0000</ChargeBalance>": true, "<ChargeBalance>2.5000</ChargeBalance>": false, "": false, `<ChargeBalance i:nil="true"/>`: false} {
		synctest.Test(t, func(t *testing.T) {
			l := near(t, far(t, nil), func(c *polaris.Config) {
				c.Profile, c.Dial = "pay-all", script(goodLogin(), validated, basic(balance), rows)
			})
			a, err := l.Account(t.Context(), ils.Patron{Card: card}, ils.Doubt{})
			if good && (err != nil || a.Total.Minor != 200 || len(a.Fees) != 1 || a.Fees[0].ID != "3605602") || !good && !errors.Is(err, ils.ErrFeesUnreadable) {
				t.Errorf("%s: %v %v", balance, a, err)
			}
		})
	}
}

func TestAfterALostReplyTheAccountShowsThePaymentUnderItsReference(t *testing.T) {
	for _, pay := range []string{"charge", "all"} {
		synctest.Test(t, func(t *testing.T) {
			s := far(t, nil)
			l := near(t, s, func(c *polaris.Config) { c.Profile = provedProfile(t, pay) })
			before := readAccount(t, l, ils.Patron{Card: card})
			paid := leg(1, before.Fees[0].ID, before.Fees[0].Balance.Minor)
			if pay == "all" {
				paid = lump(before.Total.Minor)
			}
			doubt := ils.Doubt{Since: time.Now(), Reference: paid.Reference}
			if a, err := l.Account(t.Context(), ils.Patron{Card: card}, doubt); err != nil || a.Booked == nil || a.Booked.Minor != 0 {
				t.Errorf("before: %v %v", a.Booked, err)
			}
			if before.Booked != nil {
				t.Errorf("without a doubt: %v", before.Booked)
			}
			if err := s.Next("apply-silent"); err != nil {
				t.Fatal(err)
			}
			_, err := l.Post(t.Context(), paid)
			wantClass(t, "Post", err, device.ErrDoubt)
			if a, err := l.Account(t.Context(), ils.Patron{Card: card}, doubt); err != nil || a.Booked == nil || a.Booked.Minor != paid.Amount.Minor {
				t.Errorf("after: %v %v", a.Booked, err)
			}
		})
	}
}

func TestASecondPaymentOfTheSameChargeIsRefusedAndTheAccountDecides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		l := near(t, s, nil)
		if err := s.Next("apply-silent"); err != nil {
			t.Fatal(err)
		}
		_, err := l.Post(t.Context(), leg(1, "680938", 1250))
		wantClass(t, "the first", err, device.ErrDoubt)
		_, err = l.Post(t.Context(), leg(1, "680938", 1250))
		wantClass(t, "the second", err, device.ErrRefused)
		if a := readAccount(t, l, ils.Patron{Card: card}); a.Total.Minor != 300 || bookedUnder(s, "4821-000123-01") != 1 {
			t.Errorf("%v is owed, books %v", a.Total, s.Books().Postings)
		}
	})
}

func TestAnExpiredTokenIsRenewedForAReadingOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		l := near(t, s, nil)
		readAccount(t, l, ils.Patron{Card: card})
		s.ExpireTokens()
		readAccount(t, l, ils.Patron{Card: card})
		if n := count(s, "login"); n != 2 {
			t.Errorf("%d logins", n)
		}
		time.Sleep(12*time.Hour + time.Second)
		readAccount(t, l, ils.Patron{Card: card})
		if n := count(s, "login"); n != 3 {
			t.Errorf("%d logins after half a day", n)
		}
	})
}

func TestATokenThatEndsBetweenReadingAndPayingIsDoubtAndThePaymentIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		l := near(t, s, nil)
		readAccount(t, l, ils.Patron{Card: card})
		s.ExpireAtNextPayment()
		_, err := l.Post(t.Context(), leg(1, "680938", 1250))
		wantClass(t, "Post", err, device.ErrDoubt)
		if n := count(s, "pay"); n != 1 {
			t.Errorf("sent %d times", n)
		}
		wantClass(t, "Ready", l.Ready(t.Context()), nil)
		if n := count(s, "mobilephonecarriers"); n != 1 {
			t.Errorf("the session that was refused was used again: asked %d times", n)
		}
		_, err = l.Post(t.Context(), leg(1, "680938", 1250))
		wantClass(t, "Post with a new session", err, nil)
	})
}

func TestAKeyThatMayNotPayCallsStaffAtTheSecondTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, func(c *polaristest.Config) { c.Deny = []string{"pay"} })
		l := near(t, s, nil)
		for range 2 {
			wantClass(t, "Ready", l.Ready(t.Context()), nil)
			_, err := l.Post(t.Context(), leg(1, "680938", 1250))
			wantClass(t, "Post", err, device.ErrDoubt)
		}
		wantClass(t, "Ready", l.Ready(t.Context()), device.ErrAttention)
	})
}

// A server or something in front of it that takes no PUT leaves every payment in doubt.
func TestAPaymentThatIsNotLetThroughCallsStaff(t *testing.T) {
	for _, status := range []string{"307 Temporary Redirect", "403 Forbidden", "404 Not Found", "405 Method Not Allowed", "411 Length Required"} {
		synctest.Test(t, func(t *testing.T) {
			carriers := ok("<SAMobilePhoneCarriersGetResult><PAPIErrorCode>0</PAPIErrorCode></SAMobilePhoneCarriersGetResult>")
			l := near(t, far(t, nil), func(c *polaris.Config) {
				c.Dial = script(goodLogin(), "HTTP/1.1 "+status+"\r\nContent-Length: 0\r\n\r\n", carriers, ok(textOf(t, "pay-success.xml")), carriers)
			})
			_, err := l.Post(t.Context(), leg(1, "680938", 1250))
			wantClass(t, status, err, device.ErrDoubt)
			wantClass(t, "Ready after "+status, l.Ready(t.Context()), device.ErrAttention)
			_, err = l.Post(t.Context(), leg(1, "680938", 1250))
			wantClass(t, "the next", err, nil)
			wantClass(t, "Ready after a payment that was taken", l.Ready(t.Context()), nil)
		})
	}
}

func TestAListThatLacksWhatIsOwedIsUnreadable(t *testing.T) {
	const owing = "21756003332060"
	valid := ok("<PatronValidateResult><PAPIErrorCode>0</PAPIErrorCode><ValidPatron>true</ValidPatron><PatronBarcode>" + owing + "</PatronBarcode></PatronValidateResult>")
	for name, c := range map[string]struct{ balance, list string }{
		"no list":           {"5.0000", "<PAPIErrorCode>0</PAPIErrorCode>"},
		"an empty list":     {"5.0000", "<PAPIErrorCode>0</PAPIErrorCode><PatronAccountGetRows/>"},
		"a list of nothing": {"5.0000", `<PAPIErrorCode>0</PAPIErrorCode><PatronAccountGetRows xmlns:i="i" i:nil="true"/>`},
		"a row is missing":  {"", "<PAPIErrorCode>1</PAPIErrorCode><PatronAccountGetRows/>"},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := near(t, far(t, nil), func(cfg *polaris.Config) {
				cfg.Dial = script(goodLogin(), valid, ok("<PatronBasicDataGetResult><PAPIErrorCode>0</PAPIErrorCode><PatronBasicData><ChargeBalance>"+c.balance+
					"</ChargeBalance></PatronBasicData></PatronBasicDataGetResult>"), ok("<PatronAccountGetResult>"+c.list+"</PatronAccountGetResult>"))
			})
			if a, err := l.Account(t.Context(), ils.Patron{Card: owing}, ils.Doubt{}); !errors.Is(err, ils.ErrFeesUnreadable) {
				t.Errorf("%s: %v %v, which would count as paid", name, a, err)
			}
		})
	}
}

func TestARefusalRightAfterALoginCallsStaffAndDoesNotLoop(t *testing.T) {
	for _, method := range []string{"basicdata", "outstanding"} {
		synctest.Test(t, func(t *testing.T) {
			s := far(t, func(c *polaristest.Config) { c.Deny = []string{method} })
			l := near(t, s, nil)
			for range 5 {
				_, err := l.Account(t.Context(), ils.Patron{Card: card}, ils.Doubt{})
				wantClass(t, "Account", err, device.ErrAttention)
				if err == nil || !strings.Contains(err.Error(), method) {
					t.Errorf("Account = %v does not say which call", err)
				}
			}
			if n := count(s, "login"); n != 2 {
				t.Errorf("%d logins", n)
			}
			wantClass(t, "Ready", l.Ready(t.Context()), device.ErrAttention)
		})
	}
}

func TestAnAlarmOfAReadingEndsWhenItIsAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, func(c *polaristest.Config) { c.Deny = []string{"mobilephonecarriers"} })
		l := near(t, s, nil)
		wantClass(t, "Ready", l.Ready(t.Context()), device.ErrAttention)
		s.Allow("mobilephonecarriers")
		wantClass(t, "Ready", l.Ready(t.Context()), nil)
	})
}

func TestOneAlarmThatEndsLeavesTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		l := near(t, s, func(c *polaris.Config) { c.Workstation = 13 })
		_, err := l.Post(t.Context(), leg(1, "680938", 1250))
		wantClass(t, "Post", err, device.ErrDoubt)
		s.Deny("mobilephonecarriers")
		wantClass(t, "Ready", l.Ready(t.Context()), device.ErrAttention)
		s.Allow("mobilephonecarriers")
		if err := l.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "workstation") {
			t.Errorf("Ready = %v does not say what is still wrong", err)
		}
	})
}

func TestAStrangerAnsweredWith401DoesNotPutTheKioskOutOfService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, func(c *polaristest.Config) { c.Unknown401 = true })
		l := near(t, s, nil)
		for range 4 { // the same card again and again
			_, err := l.Account(t.Context(), ils.Patron{Card: "99999999999999"}, ils.Doubt{})
			wantClass(t, "Account", err, device.ErrAttention)
		}
		wantClass(t, "Ready", l.Ready(t.Context()), nil)
		readAccount(t, l, ils.Patron{Card: card})
		for i := range 4 {
			_, err := l.Account(t.Context(), ils.Patron{Card: fmt.Sprint("9999999999999", i)}, ils.Doubt{})
			if !errors.Is(err, ils.ErrUnknownPatron) {
				t.Errorf("Account = %v", err)
			}
		}
		wantClass(t, "Ready", l.Ready(t.Context()), nil)
	})
}

// A leg of the queue would else be given back for a right that the key has lost.
func TestACardThatWasFoundBeforeIsNoStrangerWhenItIsAnsweredWith401(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		l := near(t, s, nil)
		readAccount(t, l, ils.Patron{Card: card})
		s.Deny("validate")
		_, err := l.Account(t.Context(), ils.Patron{Card: card}, ils.Doubt{})
		if wantClass(t, "Account", err, device.ErrAttention); errors.Is(err, ils.ErrUnknownPatron) {
			t.Errorf("Account = %v", err)
		}
	})
}

func TestAKeyThatMayNotLookUpAnybodyCallsStaff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, func(c *polaristest.Config) { c.Deny = []string{"validate"} })
		l := near(t, s, nil)
		for _, c := range []string{card, "21756003332060", "21756003332061"} {
			_, err := l.Account(t.Context(), ils.Patron{Card: c}, ils.Doubt{})
			wantClass(t, "Account", err, device.ErrAttention)
		}
		wantClass(t, "Ready", l.Ready(t.Context()), device.ErrAttention)
	})
}

func TestARefusedLoginIsNotTriedAgainForFiveMinutes(t *testing.T) {
	for _, code := range []int{0, -8001} {
		synctest.Test(t, func(t *testing.T) {
			s := far(t, func(c *polaristest.Config) { c.LoginCode = code })
			l := near(t, s, func(c *polaris.Config) { c.Password = "forgotten" })
			for range 10 {
				wantClass(t, "Ready", l.Ready(t.Context()), device.ErrAttention)
				_, err := l.Account(t.Context(), ils.Patron{Card: card}, ils.Doubt{})
				wantClass(t, "Account", err, device.ErrAttention)
				_, err = l.Post(t.Context(), leg(1, "680938", 1250))
				wantClass(t, "Post", err, device.ErrNotSent)
				time.Sleep(20 * time.Second)
			}
			time.Sleep(5*time.Minute - 201*time.Second)
			err := l.Ready(t.Context())
			if n := count(s, "login"); n != 1 {
				t.Errorf("%d logins in five minutes", n)
			}
			if says := map[int]string{0: "HTTP 401", -8001: "-8001"}[code]; err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("Ready = %v does not say %s", err, says)
			}
			time.Sleep(2 * time.Second)
			l.Ready(t.Context())
			if n := count(s, "login"); n != 2 {
				t.Errorf("%d logins after five minutes", n)
			}
		})
	}
}

func TestALockedUserIsLetInAgainWithoutAPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		bad := near(t, s, func(c *polaris.Config) { c.Password = "forgotten" })
		for range 3 { // somebody else, with the same user
			bad.Ready(t.Context())
			bad = near(t, s, func(c *polaris.Config) { c.Password = "forgotten" })
		}
		l := near(t, s, nil)
		wantClass(t, "Ready while locked", l.Ready(t.Context()), device.ErrAttention)
		time.Sleep(5*time.Minute + time.Second)
		wantClass(t, "Ready after that", l.Ready(t.Context()), nil)
	})
}

func TestALoginWithoutAnAnswerIsTriedTwiceInFiveMinutesAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var at []time.Time
		l := near(t, far(t, nil), func(c *polaris.Config) {
			silent := script()
			c.Dial = func(ctx context.Context, address string) (net.Conn, error) {
				mu.Lock()
				defer mu.Unlock()
				at = append(at, time.Now())
				return silent(ctx, address)
			}
		})
		for range 60 {
			wantClass(t, "Ready", l.Ready(t.Context()), device.ErrNotSent)
			time.Sleep(10 * time.Second)
		}
		for i := 2; i < len(at); i++ {
			if at[i].Sub(at[i-2]) < 5*time.Minute {
				t.Errorf("logins at %v", at)
			}
		}
		if len(at) < 3 {
			t.Errorf("%d logins in ten minutes", len(at))
		}
	})
}

// The server may look at a login as late as we give it up, and the waits count from then.
func TestALoginThatIsLookedAtLateCountsFromTheEndOfTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var at []time.Time
		l := near(t, far(t, nil), func(c *polaris.Config) {
			late := 44 * time.Second // the first only
			c.Dial = func(context.Context, string) (net.Conn, error) {
				near, far := net.Pipe()
				wait := late
				late = 0
				go func() {
					defer far.Close()
					if _, err := far.Read(make([]byte, 64<<10)); err != nil {
						return
					}
					time.Sleep(wait)
					mu.Lock()
					defer mu.Unlock()
					at = append(at, time.Now())
				}()
				return near, nil
			}
		})
		for range 600 {
			wantClass(t, "Ready", l.Ready(t.Context()), device.ErrNotSent)
			time.Sleep(time.Second)
		}
		mu.Lock()
		defer mu.Unlock()
		for i := 2; i < len(at); i++ {
			if at[i].Sub(at[i-2]) < 5*time.Minute {
				t.Errorf("three logins in %s", at[i].Sub(at[i-2]))
			}
		}
	})
}

func TestALoginThatCouldNotBeSentIsTriedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		l := near(t, s, nil)
		s.Cut()
		wantClass(t, "Ready without a link", l.Ready(t.Context()), device.ErrNotSent)
		s.Restore()
		wantClass(t, "Ready with it", l.Ready(t.Context()), nil)
	})
}

func TestAnAddressThatMayNotCallNeedsStaff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := near(t, far(t, nil), func(c *polaris.Config) {
			c.Dial = script(goodLogin(), "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
		})
		wantClass(t, "Ready", l.Ready(t.Context()), device.ErrAttention)
	})
}

func TestCallersWaitForOneLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, func(c *polaristest.Config) { c.OneToken = true })
		l := near(t, s, func(c *polaris.Config) {
			c.Dial = func(ctx context.Context, address string) (net.Conn, error) {
				time.Sleep(time.Second) // all have come before the first is in
				return s.Dial(ctx, address)
			}
		})
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if err := l.Ready(t.Context()); err != nil {
					t.Errorf("Ready = %v", err)
				}
			})
		}
		all.Wait()
		if n := count(s, "login"); n != 1 {
			t.Errorf("%d logins", n)
		}
	})
}

func TestADriftingClockCallsStaffBeforeCallsFail(t *testing.T) {
	for ahead, want := range map[time.Duration]error{0: nil, 24 * time.Minute: nil, 26 * time.Minute: device.ErrAttention, -26 * time.Minute: device.ErrAttention, 31 * time.Minute: device.ErrAttention, -3 * time.Hour: device.ErrAttention} {
		synctest.Test(t, func(t *testing.T) {
			l := near(t, far(t, func(c *polaristest.Config) { c.Ahead = ahead }), nil)
			if _, known := l.Clock(); known {
				t.Error("the clock is known before the first answer")
			}
			err := l.Ready(t.Context())
			wantClass(t, fmt.Sprintf("Ready with %s", ahead), err, want)
			if want != nil && !strings.Contains(err.Error(), "clocks") {
				t.Errorf("Ready = %v says nothing of the clocks", err)
			}
			if d, known := l.Clock(); !known || (d-ahead).Abs() > time.Second {
				t.Errorf("Clock = %v %v, want %v", d, known, ahead)
			}
		})
	}
}

func TestARedirectIsNeverFollowedAndASignInPageIsNoAnswer(t *testing.T) {
	for _, fault := range []string{"redirect", "foreign", "error", "drop", "silent"} {
		synctest.Test(t, func(t *testing.T) {
			s := far(t, nil)
			l := near(t, s, nil)
			if err := s.Next(fault); err != nil {
				t.Fatal(err)
			}
			_, err := l.Post(t.Context(), leg(1, "680938", 1250))
			wantClass(t, fault, err, device.ErrDoubt)
			if n := count(s, "pay"); n != 1 {
				t.Errorf("%s: sent %d times", fault, n)
			}
		})
	}
	for name, answer := range map[string]string{
		"sign-in page": ok("<html><body><form/></body></html>"), "nothing": ok(""), "another method's": ok("<PatronAccountGetResult><PAPIErrorCode>0</PAPIErrorCode></PatronAccountGetResult>"),
		"302": "HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example.org/\r\nContent-Length: 0\r\n\r\n", "half": ok("<SAMobilePhoneCarriersGetResult><PAPIErrorCode>0</PAPIErrorCode>"), "500": "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
		"a slow database": ok("<SAMobilePhoneCarriersGetResult><PAPIErrorCode>-9</PAPIErrorCode></SAMobilePhoneCarriersGetResult>"), "cut": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<SAMobile",
	} {
		synctest.Test(t, func(t *testing.T) {
			l := near(t, far(t, nil), func(c *polaris.Config) { c.Dial = script(goodLogin(), answer) })
			wantClass(t, "Ready answered with "+name, l.Ready(t.Context()), device.ErrNotSent)
		})
	}
}

func TestEveryAnswerButAWholeOneIsDoubt(t *testing.T) {
	success := textOf(t, "pay-success.xml")
	answers := map[string]string{
		"204": "HTTP/1.1 204 No Content\r\n\r\n", "201 with success": strings.Replace(ok(success), "200 OK", "201 Created", 1), "garbage": "garbage", "empty": "",
		"success twice in one": ok(success + success), "an id that is none": ok(strings.Replace(success, "6546", "six", 1)), "below nothing": ok(strings.Replace(success, "6546", "-1", 1)),
		"the number of a failed payment": ok(strings.Replace(success, "6546", "0", 1)),
		"void's":                         ok(textOf(t, "void-success.xml")), "no code": ok("<PatronAccountPayResult/>"), "empty code": ok("<PatronAccountPayResult><PAPIErrorCode/></PatronAccountPayResult>"),
	}
	for n := 1; n < len(success); n += 17 {
		answers[fmt.Sprintf("the first %d bytes", n)] = ok(success[:n])
	}
	for name, answer := range answers {
		synctest.Test(t, func(t *testing.T) {
			l := near(t, far(t, nil), func(c *polaris.Config) { c.Dial = script(goodLogin(), answer) })
			number, err := l.Post(t.Context(), leg(1, "680938", 1250))
			wantClass(t, name, err, device.ErrDoubt)
			if number != "" {
				t.Errorf("%s: number %q", name, number)
			}
		})
	}
}

func TestTheGuidesAnswersToAPayment(t *testing.T) {
	for file, want := range map[string]struct {
		fee, number string
		class       error
	}{"pay-success.xml": {"680938", "6546", nil}, "pay-failed.xml": {"680938", "", device.ErrDoubt}, "payall-success.xml": {"", "", nil}, "payall-failed.xml": {"", "", device.ErrDoubt}} {
		synctest.Test(t, func(t *testing.T) {
			l := near(t, far(t, nil), func(c *polaris.Config) {
				c.Dial = script(goodLogin(), ok(textOf(t, file)))
				if want.fee == "" {
					c.Profile = "pay-all"
				}
			})
			number, err := l.Post(t.Context(), leg(1, want.fee, 1250))
			wantClass(t, file, err, want.class)
			if number != want.number {
				t.Errorf("%s: number %q", file, number)
			}
		})
	}
}

// The golden requests are whole: a server that looks at every byte would find these.
func TestWhatIsSentIsWhatStandsInTheGoldenFiles(t *testing.T) {
	at := time.Date(2026, 11, 6, 9, 5, 7, 0, time.UTC)
	for file, change := range map[string]func(*polaris.Config){
		"pay.http":            nil,
		"pay-sha256.http":     func(c *polaris.Config) { c.Algorithm = "sha256" },
		"lumpsumpayment.http": func(c *polaris.Config) { c.Profile = "pay-all" },
	} {
		synctest.Test(t, func(t *testing.T) {
			var sent []string
			answers := script(goodLogin(), ok(textOf(t, "pay-success.xml")))
			l := near(t, far(t, nil), func(c *polaris.Config) {
				c.Now, c.User = func() time.Time { return at }, 34
				if change != nil {
					change(c)
				}
				c.Dial = func(ctx context.Context, address string) (net.Conn, error) {
					conn, err := answers(ctx, address)
					return &listening{Conn: conn, heard: &sent}, err
				}
			})
			paid := leg(1, "680938", 1250)
			if strings.HasPrefix(file, "lump") {
				paid = lump(1550)
			}
			paid.CardName = "girocard"
			if _, err := l.Post(t.Context(), paid); err != nil {
				t.Fatal(err)
			}
			got := strings.ReplaceAll(sent[len(sent)-1], "\r\n", "\n")
			if want := textOf(t, file); got != want {
				t.Errorf("%s: sent\n%s\nwant\n%s", file, got, want)
			}
		})
	}
}

// listening keeps what is written to a connection.
type listening struct {
	net.Conn
	heard *[]string
}

func (c *listening) Write(b []byte) (int, error) {
	*c.heard = append(*c.heard, string(b))
	return c.Conn.Write(b)
}

func TestABankCardsSchemeDecidesThePaymentMethod(t *testing.T) {
	for name, want := range map[string]string{"": "12", "VISA": "12", "Mastercard": "12", "girocard": "13", "Maestro": "13", "V PAY": "13", "VISA Debit": "13", "Debit Mastercard": "13", "nobody knows": "12"} {
		synctest.Test(t, func(t *testing.T) {
			var sent []string
			s := far(t, nil)
			l := near(t, s, func(c *polaris.Config) {
				c.Dial = func(ctx context.Context, address string) (net.Conn, error) {
					conn, err := s.Dial(ctx, address)
					return &listening{Conn: conn, heard: &sent}, err
				}
			})
			paid := leg(1, "680938", 1250)
			paid.CardName = name
			if _, err := l.Post(t.Context(), paid); err != nil || !strings.Contains(sent[len(sent)-1], "<PaymentMethodID>"+want+"</PaymentMethodID>") {
				t.Errorf("%q: %v, sent %s", name, err, sent[len(sent)-1])
			}
		})
	}
}

func TestTheNoteBeginsWithTheReferenceAndIsShortPlainText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		var sent []string
		l := near(t, s, func(c *polaris.Config) {
			c.Kiosk = "Bücherei <am> Markt & " + strings.Repeat("x", 100)
			c.Dial = func(ctx context.Context, address string) (net.Conn, error) {
				conn, err := s.Dial(ctx, address)
				return &listening{Conn: conn, heard: &sent}, err
			}
		})
		if _, err := l.Post(t.Context(), leg(1, "680938", 1250)); err != nil {
			t.Fatal(err)
		}
		_, note, _ := strings.Cut(sent[len(sent)-1], "<FreeTextNote>")
		note, _, _ = strings.Cut(note, "</FreeTextNote>")
		if !strings.HasPrefix(note, "4821-000123-01 selfpay B-cherei -am- Markt - x") || len(note) != 60 {
			t.Errorf("note %q, %d bytes", note, len(note))
		}
	})
}

func TestAnImpossibleLegIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		single := near(t, s, nil)
		all := near(t, s, func(c *polaris.Config) { c.Profile = "pay-all" })
		for name, l := range map[string]func() error{
			"no charge":         func() error { _, err := single.Post(t.Context(), lump(1550)); return err },
			"a path for an id":  func() error { _, err := single.Post(t.Context(), leg(1, "680938/../1", 1250)); return err },
			"charge 0":          func() error { _, err := single.Post(t.Context(), leg(1, "000", 1250)); return err },
			"a charge in a sum": func() error { _, err := all.Post(t.Context(), leg(1, "680938", 1250)); return err },
			"void of nothing":   func() error { return single.Void(t.Context(), card, "0") },
			"void of a path":    func() error { return single.Void(t.Context(), card, "1/2") },
		} {
			wantClass(t, name, l(), device.ErrNotSent)
		}
		if calls := s.Calls(); len(calls) != 0 {
			t.Errorf("calls %v", calls)
		}
	})
}

func TestAVoidTakesAPaymentBackOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		l := near(t, s, nil)
		number, err := l.Post(t.Context(), leg(1, "680938", 1250))
		if err != nil {
			t.Fatal(err)
		}
		wantClass(t, "Void", l.Void(t.Context(), card, number), nil)
		if a := readAccount(t, l, ils.Patron{Card: card}); a.Total.Minor != 1550 {
			t.Errorf("%v is owed", a.Total)
		}
		wantClass(t, "a second Void", l.Void(t.Context(), card, number), device.ErrRefused)
		wantClass(t, "Void of another's", l.Void(t.Context(), "21756003332060", number), device.ErrRefused)
	})
}

func TestSignAndDialAddressAreApartAndBothAlgorithmsWork(t *testing.T) {
	for _, algorithm := range []string{"sha1", "sha256"} {
		synctest.Test(t, func(t *testing.T) {
			s := far(t, func(c *polaristest.Config) { c.Algorithm = algorithm })
			good := near(t, s, func(c *polaris.Config) {
				c.Algorithm, c.Base = algorithm, address(t, "http://192.0.2.7:8443")
				c.Dial = func(ctx context.Context, to string) (net.Conn, error) {
					if to != "192.0.2.7:8443" {
						t.Errorf("dialled %s", to)
					}
					return s.Dial(ctx, to)
				}
			})
			wantClass(t, "Ready", good.Ready(t.Context()), nil)
			for _, change := range []func(*polaris.Config){
				func(c *polaris.Config) { c.SignBase = nil },
				func(c *polaris.Config) { c.SignBase = address(t, "https://other.example.org") },
				func(c *polaris.Config) {
					c.Algorithm = map[string]string{"sha1": "sha256", "sha256": "sha1"}[algorithm]
				},
				func(c *polaris.Config) { c.AccessKey = "ANOTHER" },
			} {
				bad := near(t, s, func(c *polaris.Config) { c.Algorithm = algorithm; change(c) })
				wantClass(t, "Ready with a wrong signature", bad.Ready(t.Context()), device.ErrAttention)
			}
		})
	}
}

func TestPlainHTTPIsRefusedByTheLibrary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := near(t, far(t, func(c *polaristest.Config) { c.Secure = true }), nil)
		err := l.Ready(t.Context())
		wantClass(t, "Ready", err, device.ErrAttention)
		if err == nil || !strings.Contains(err.Error(), "https") {
			t.Errorf("Ready = %v", err)
		}
	})
}

func TestOverARealListenerWithTLS(t *testing.T) {
	pair, file := certtest.For(t, certtest.Today(), "127.0.0.1")
	s := far(t, func(c *polaristest.Config) { c.Secure, c.SignBase = true, "" })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		served <- s.Serve(tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{pair}}))
	}()
	t.Cleanup(func() {
		s.Close()
		if err := <-served; err != nil {
			t.Errorf("Serve = %v", err)
		}
	})
	kiosk := func(change func(*polaris.Config)) *polaris.Library {
		return near(t, s, func(c *polaris.Config) {
			c.Base, c.SignBase, c.Dial = address(t, "https://"+listener.Addr().String()), nil, nil
			change(c)
		})
	}
	good := kiosk(func(c *polaris.Config) { c.TLS.CAFile = file })
	readAccount(t, good, ils.Patron{Card: card})
	if number, err := good.Post(t.Context(), leg(1, "680938", 1250)); err != nil || number == "" {
		t.Errorf("Post = %q %v", number, err)
	}
	stranger := kiosk(func(*polaris.Config) {})
	wantClass(t, "Ready with an unknown authority", stranger.Ready(t.Context()), device.ErrAttention)
	_, err = stranger.Account(t.Context(), ils.Patron{Card: card}, ils.Doubt{})
	wantClass(t, "Account with an unknown authority", err, device.ErrAttention)
	_, err = stranger.Post(t.Context(), leg(2, "680941", 300))
	wantClass(t, "Post with an unknown authority", err, device.ErrNotSent)
	if len(s.Books().Postings) != 1 {
		t.Errorf("books %v", s.Books().Postings)
	}
	named := kiosk(func(c *polaris.Config) { c.TLS = client.TLS{CAFile: file, ServerName: "ils.example.org"} })
	wantClass(t, "Ready with another name", named.Ready(t.Context()), device.ErrAttention)
}

func TestNoSecretStandsInAnErrorOrTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := far(t, nil)
		var log noisy
		var said []error
		kiosk := func(change func(*polaris.Config)) *polaris.Library {
			l, err := polaris.New(config(t, s, change), log.logger())
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		l := kiosk(func(c *polaris.Config) { c.AskPIN = true })
		note := func(err error) { said = append(said, err) }
		for _, p := range []ils.Patron{{Card: card, PIN: "1234"}, {Card: card, PIN: "87654321"}, {Card: card}, {Card: "99999999999999", PIN: "87654321"}, {Card: "a b", PIN: "87654321"}} {
			_, err := l.Account(t.Context(), p, ils.Doubt{})
			note(err)
		}
		for _, fault := range []string{"", "silent", "drop", "foreign", "refuse", "error", "redirect"} {
			if fault != "" {
				if err := s.Next(fault); err != nil {
					t.Fatal(err)
				}
			}
			_, err := l.Post(t.Context(), leg(1, "680938", 10))
			note(err)
		}
		note(l.Void(t.Context(), card, "6546"))
		s.Deny("outstanding", "pay")
		_, err := l.Account(t.Context(), ils.Patron{Card: card}, ils.Doubt{})
		note(err)
		note(l.Ready(t.Context()))
		note(kiosk(func(c *polaris.Config) { c.Password = "forgotten-word" }).Ready(t.Context()))
		s.Cut()
		note(l.Ready(t.Context()))
		for _, change := range []func(*polaris.Config){
			func(c *polaris.Config) { c.Algorithm = "md5" }, func(c *polaris.Config) { c.AccessID = "EXAMPLEID:" }, func(c *polaris.Config) { c.Workstation = 0 },
			func(c *polaris.Config) { c.Base = address(t, "https://kiosk01:"+"pass-in-url@ils.example.org") },
		} {
			_, err := polaris.New(config(t, s, change), log.logger())
			note(err)
		}
		text := log.String()
		for _, err := range said {
			text += fmt.Sprintln(err)
		}
		if !strings.Contains(text, "library: post 4821-000123-01") || !strings.Contains(text, "took=") {
			t.Errorf("the log is empty:\n%s", text)
		}
		for _, secret := range []string{card, "99999999999999", "1234\"", "87654321", password, "forgotten-word", "pass-in-url", accessKey, "IGYhCPGcut", "B8sD7y0CYO", "PWS ", "Anna", "Smith"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q stands in\n%s", secret, text)
			}
		}
	})
}

func TestConfigurationMistakesAreSaid(t *testing.T) {
	s := far(t, nil)
	for text, change := range map[string]func(*polaris.Config){
		"address":        func(c *polaris.Config) { c.Base = nil },
		"sign_as":        func(c *polaris.Config) { c.SignBase = address(t, "ftp://x") },
		"access_id":      func(c *polaris.Config) { c.AccessID = "a:b" },
		"access_key":     func(c *polaris.Config) { c.AccessKey = "" },
		"algorithm":      func(c *polaris.Config) { c.Algorithm = "md5" },
		"login":          func(c *polaris.Config) { c.Login = "" },
		"workstation":    func(c *polaris.Config) { c.Workstation = 0 },
		"user":           func(c *polaris.Config) { c.User = -1 },
		"debit_method":   func(c *polaris.Config) { c.DebitMethod = 16 },
		"currency":       func(c *polaris.Config) { c.Currency = "EURO" },
		"pay-all":        func(c *polaris.Config) { c.Profile = "lump" },
		"cannot be read": func(c *polaris.Config) { c.Profile = "/nowhere/site.toml" },
	} {
		if _, err := polaris.New(config(t, s, change), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("New = %v, want a word on %s", err, text)
		}
	}
}

func TestAProfileThatThisRouteCannotKeepIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"another way to pay": "pay = \"some\"\n[traits]\nquiet = \"120s\"", "ids without charges": "pay = \"all\"\n[traits]\nfee_ids = true\nquiet = \"120s\"",
		"charges without ids": "pay = \"charge\"\n[traits]\nquiet = \"120s\"", "part of all": "pay = \"all\"\n[traits]\npartial = true\nquiet = \"120s\"",
		"resend": "pay = \"charge\"\n[traits]\nfee_ids = true\nresend = true\nquiet = \"120s\"", "no quiet time": "pay = \"charge\"\n[traits]\nfee_ids = true",
		"a quiet time without its unit": "pay = \"charge\"\n[traits]\nfee_ids = true\nquiet = 120",
		"an unknown key":                "pay = \"charge\"\nxml = true\n[traits]\nfee_ids = true\nquiet = \"120s\"",
	} {
		file := filepath.Join(t.TempDir(), "site.toml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if p, err := polaris.FindProfile(file); err == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if got := polaris.Profiles(); !slices.Equal(got, []string{"pay-all", "single-pay"}) {
		t.Errorf("profiles %v", got)
	}
}

// The far end is held to the guide by requests that the route never sends.
func TestTheFarEndRefusesWhatTheGuideForbids(t *testing.T) {
	s := far(t, nil)
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, address string) (net.Conn, error) { return s.Dial(ctx, address) }, DisableKeepAlives: true}}
	request, err := http.NewRequest(http.MethodPut, "http://ils.example.org/PAPIService/REST/protected/v1/1033/100/1/x/patron/1/account/1/pay", bufio.NewReader(strings.NewReader("<x/>")))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Do(request) // chunked
	if err != nil || answer.StatusCode != http.StatusLengthRequired {
		t.Fatalf("%v %v", answer, err)
	}
	answer.Body.Close()
	answer, err = client.Get("http://ils.example.org/PAPIService/REST/public/v1/1033/100/1/patron/" + card)
	if err != nil || answer.StatusCode != http.StatusUnauthorized {
		t.Fatalf("%v %v", answer, err)
	}
	answer.Body.Close()
}
