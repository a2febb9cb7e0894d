package posting_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/posting"
)

func eur(minor int64) money.Amount { return money.Of(minor, "EUR") }

func account() ils.Account {
	return ils.Account{Initials: "AM", Total: eur(1250), Fees: []ils.Fee{
		{ID: "104", Description: "Momo", Balance: eur(250)},
		{ID: "105", Description: "Krabat", Balance: eur(1000)},
		{ID: "", Description: "a fee without an id", Balance: eur(100)},
		{ID: "106", Description: "paid already", Balance: eur(0)},
	}}
}

var named = ils.Traits{FeeIDs: true}

func TestPlanTakesOnlyFeesOfThisListInFull(t *testing.T) {
	legs, err := posting.Plan(account(), named, []posting.Choice{{"105", eur(1000)}, {"104", eur(250)}})
	if err != nil || fmt.Sprint(legs) != "[{105 10.00 EUR} {104 2.50 EUR}]" {
		t.Errorf("legs %v, %v", legs, err)
	}
	for name, chosen := range map[string][]posting.Choice{
		"nothing":            nil,
		"not in the list":    {{"999", eur(250)}},
		"doubled":            {{"104", eur(250)}, {"104", eur(250)}},
		"less than owed":     {{"104", eur(249)}},
		"more than owed":     {{"104", eur(251)}},
		"another currency":   {{"104", money.Of(250, "USD")}},
		"nothing left of it": {{"106", eur(0)}},
		"no id":              {{"", eur(100)}},
		"the whole account":  {{"", eur(1250)}},
		"one good, one bad":  {{"104", eur(250)}, {"999", eur(1)}},
		"too many":           make([]posting.Choice, payment.MaxLegs+1),
	} {
		if legs, err := posting.Plan(account(), named, chosen); err == nil {
			t.Errorf("%s: planned %v", name, legs)
		}
	}
}

func TestPlanOfALumpIsTheWholeAccount(t *testing.T) {
	legs, err := posting.Plan(account(), ils.Traits{}, []posting.Choice{{Amount: eur(1250)}})
	if err != nil || len(legs) != 1 || legs[0] != (payment.PlannedLeg{Amount: eur(1250)}) {
		t.Errorf("legs %v, %v", legs, err)
	}
	for name, chosen := range map[string][]posting.Choice{
		"nothing":     nil,
		"a part":      {{Amount: eur(250)}},
		"more":        {{Amount: eur(1251)}},
		"a named fee": {{"104", eur(250)}},
		"twice":       {{Amount: eur(1250)}, {Amount: eur(1250)}},
	} {
		if legs, err := posting.Plan(account(), ils.Traits{}, chosen); err == nil {
			t.Errorf("%s: planned %v", name, legs)
		}
	}
}

func TestAPartIsSpreadOldestFirstWithOneFeeInPartAtMost(t *testing.T) {
	legs := []payment.PlannedLeg{{Fee: "104", Amount: eur(250)}, {Fee: "105", Amount: eur(1000)}, {Fee: "107", Amount: eur(30)}}
	partial := ils.Traits{FeeIDs: true, Partial: true}
	for minor, want := range map[int64]string{
		1:    "[{104 0.01 EUR}]",
		250:  "[{104 2.50 EUR}]",
		251:  "[{104 2.50 EUR} {105 0.01 EUR}]",
		1250: "[{104 2.50 EUR} {105 10.00 EUR}]",
		1279: "[{104 2.50 EUR} {105 10.00 EUR} {107 0.29 EUR}]",
		1280: "[{104 2.50 EUR} {105 10.00 EUR} {107 0.30 EUR}]",
	} {
		if got, err := posting.Part(legs, partial, eur(minor)); err != nil || fmt.Sprint(got) != want {
			t.Errorf("%d: %v, %v", minor, got, err)
		}
	}
	for name, amount := range map[string]money.Amount{"nothing": eur(0), "less": eur(-1), "more than all": eur(1281), "another currency": money.Of(100, "USD")} {
		if got, err := posting.Part(legs, partial, amount); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got, err := posting.Part(legs, named, eur(100)); err == nil {
		t.Errorf("where whole fees only are taken: %v", got)
	}
	if legs[0].Amount != eur(250) {
		t.Error("the legs themselves were changed")
	}
}

func TestAReadingKeepsNoTitlesAndNoNames(t *testing.T) {
	r := posting.Reading(account())
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"Momo", "Krabat", "AM", "paid already", "a fee without"} {
		if strings.Contains(string(text), word) {
			t.Errorf("%q stands in %s", word, text)
		}
	}
	want := payment.Reading{Total: eur(1250), Fees: []payment.Balance{{Fee: "104", Minor: 250}, {Fee: "105", Minor: 1000}, {Minor: 100}, {Fee: "106"}}}
	if fmt.Sprint(r) != fmt.Sprint(want) {
		t.Errorf("reading %v, want %v", r, want)
	}
}

// answers is a library that gives one answer and remembers what it was asked.
type answers struct {
	ils.Library
	account ils.Account
	err     error
	asked   ils.Patron
	after   ils.Doubt
	number  string
	posted  []ils.Leg
}

func (a *answers) Account(_ context.Context, p ils.Patron, after ils.Doubt) (ils.Account, error) {
	a.asked, a.after = p, after
	return a.account, a.err
}

func (a *answers) Post(_ context.Context, l ils.Leg) (string, error) {
	a.posted = append(a.posted, l)
	return a.number, a.err
}

var noon = payment.Stamp{Wall: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), Boot: "one", Mono: time.Hour}

func now() payment.Stamp { return noon }

func TestEveryClassOfAnAnswerToAPostingBecomesItsEvent(t *testing.T) {
	head := payment.Head{At: noon}
	p := payment.Payment{ID: payment.ID{Epoch: 4821, Number: 123}, IntendedAt: payment.Stamp{Wall: noon.Wall.Add(-time.Minute)},
		ApprovedAt: payment.Stamp{Wall: noon.Wall.Add(-time.Second)}}
	leg := payment.Leg{Number: 2, Fee: "105", Amount: eur(1000), State: payment.LegPosting}
	for name, c := range map[string]struct {
		err  error
		want payment.Event
	}{
		"yes":            {nil, payment.Answered{Head: head, Leg: 2, Accepted: true}},
		"no":             {fmt.Errorf("38N: %w", device.ErrRefused), payment.Answered{Head: head, Leg: 2}},
		"not sent":       {device.ErrNotSent, payment.NotPosted{Head: head, Leg: 2, Reason: "not sent"}},
		"attention":      {device.ErrAttention, payment.NotPosted{Head: head, Leg: 2, Reason: "needs attention"}},
		"in doubt":       {device.ErrDoubt, payment.NoAnswer{Head: head, Leg: 2, Reason: "in doubt"}},
		"no class":       {errors.New("broken pipe"), payment.NoAnswer{Head: head, Leg: 2, Reason: "broken pipe"}},
		"two classes":    {errors.Join(device.ErrNotSent, device.ErrDoubt), payment.NoAnswer{Head: head, Leg: 2, Reason: "not sent\nin doubt"}},
		"the wait ended": {context.DeadlineExceeded, payment.NoAnswer{Head: head, Leg: 2, Reason: "context deadline exceeded"}},
	} {
		library := &answers{err: c.err}
		if got := posting.Post(t.Context(), library, ils.Patron{Card: "1", PIN: "4711"}, p, leg, now); got != c.want {
			t.Errorf("%s: %#v, want %#v", name, got, c.want)
		}
		if len(library.posted) != 1 {
			t.Fatalf("%s: posted %d times", name, len(library.posted))
		}
		sent := library.posted[0]
		if sent.Reference != "4821-000123-02" || sent.Fee != "105" || sent.Amount != eur(1000) || sent.Patron != (ils.Patron{Card: "1", PIN: "4711"}) || !sent.PaidAt.Equal(p.ApprovedAt.Wall) {
			t.Errorf("%s: posted %+v", name, sent)
		}
	}
}

func TestAPurchaseFoundLaterIsPostedWithTheTimeOfItsIntent(t *testing.T) {
	library := &answers{}
	p := payment.Payment{ID: payment.ID{Epoch: 4821, Number: 1}, IntendedAt: noon}
	posting.Post(t.Context(), library, ils.Patron{}, p, payment.Leg{Number: 1}, now)
	if !library.posted[0].PaidAt.Equal(noon.Wall) {
		t.Errorf("paid at %v", library.posted[0].PaidAt)
	}
}

func TestAReadingOfTheAccountBecomesItsVerdict(t *testing.T) {
	before := posting.Reading(account())
	applied, other := account(), account()
	applied.Fees, applied.Total = slices.Delete(applied.Fees, 1, 2), eur(250)
	other.Fees, other.Total = other.Fees[:2], eur(1150)
	other.Fees[1].Balance = eur(900)
	leg := payment.Leg{Number: 1, Fee: "105", Amount: eur(1000), Snapshot: before, DoubtAt: payment.Stamp{Wall: noon.Wall.Add(-time.Minute)}}
	for name, c := range map[string]struct {
		account ils.Account
		want    payment.Verdict
	}{
		"as before":      {account(), payment.NotApplied},
		"the fee fell":   {applied, payment.Applied},
		"something else": {other, payment.Unclear},
	} {
		library := &answers{account: c.account}
		p := payment.Payment{ID: payment.ID{Epoch: 4821, Number: 123}}
		e, err := posting.ReadAccount(t.Context(), library, ils.Patron{Card: "1"}, p, leg, now)
		read, ok := e.(payment.AccountRead)
		if err != nil || !ok || read.Verdict != c.want || read.Leg != 1 || read.At != noon {
			t.Errorf("%s: %#v, %v", name, e, err)
		}
		if fmt.Sprint(read.Account) != fmt.Sprint(posting.Reading(c.account)) {
			t.Errorf("%s: kept %v", name, read.Account)
		}
		if want := (ils.Doubt{Since: leg.DoubtAt.Wall, Reference: "4821-000123-01"}); library.after != want {
			t.Errorf("%s: read for the doubt %+v, want %+v", name, library.after, want)
		}
	}
}

func TestAnAccountThatCannotBeReadIsAskedAgainLater(t *testing.T) {
	leg := payment.Leg{Number: 1, Fee: "104", Amount: eur(250), Snapshot: posting.Reading(account())}
	for name, c := range map[string]struct {
		library *answers
		event   string // the event's kind, empty: ask again
	}{
		"link down":               {&answers{err: device.ErrNotSent}, ""},
		"no class":                {&answers{err: errors.New("reset")}, ""},
		"unreadable":              {&answers{err: ils.ErrFeesUnreadable}, ""},
		"patron gone":             {&answers{err: fmt.Errorf("64: %w", ils.ErrUnknownPatron)}, "account refused"},
		"PIN wanted, nothing":     {&answers{err: ils.ErrPINNeeded}, ""},
		"PIN wanted, but shown":   {&answers{account: account(), err: ils.ErrPINNeeded}, "account read"},
		"unreadable, but partial": {&answers{account: account(), err: ils.ErrFeesUnreadable}, ""},
	} {
		e, err := posting.ReadAccount(t.Context(), c.library, ils.Patron{}, payment.Payment{}, leg, now)
		kind := ""
		if e != nil {
			kind = payment.Kind(e)
		}
		if kind != c.event || (err != nil) != (c.event == "") {
			t.Errorf("%s: %#v, %v", name, e, err)
		}
	}
}
