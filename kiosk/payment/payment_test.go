package payment

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"selfpay/device/money"
)

func euro(minor int64) money.Amount { return money.Of(minor, "EUR") }

// at is a moment of one boot, so many seconds after its start.
func at(seconds int) Stamp {
	return Stamp{Wall: time.Unix(1_800_000_000+int64(seconds), 0), Boot: "one", Mono: time.Duration(seconds) * time.Second}
}

func head(seconds int) Head { return Head{at(seconds)} }

var account = Reading{Fees: []Balance{{"104", 250}, {"105", 1000}, {"106", 75}}, Total: euro(1325)}

// without is the account after some fees were paid.
func without(fees ...string) Reading {
	r := Reading{Total: account.Total}
	for _, f := range account.Fees {
		if slices.Contains(fees, f.Fee) {
			r.Total.Minor -= f.Minor
		} else {
			r.Fees = append(r.Fees, f)
		}
	}
	return r
}

func intended(fees ...string) Intended {
	e := Intended{Head: head(0), ID: ID{4821, 123}, Rules: StandardRules(120*time.Second, false), Account: account, Amount: euro(0)}
	for _, f := range fees {
		e.Legs = append(e.Legs, PlannedLeg{Fee: f, Amount: euro(account.balance(f))})
		e.Amount.Minor += account.balance(f)
	}
	return e
}

// walk steps through events, all of which must be possible.
func walk(t *testing.T, p Payment, events ...Event) Payment {
	t.Helper()
	for _, e := range events {
		next, err := Step(p, e)
		if err != nil {
			t.Fatal(err)
		}
		if !next.Books().Agree() {
			t.Fatalf("after %s the books do not agree: %+v", Kind(e), next.Books())
		}
		p = next
	}
	return p
}

func approval(minor int64) Approval { return Approval{Amount: euro(minor), Receipt: 17, Trace: 417} }

// approved is a payment over the fees, charged ten seconds after the start.
func approved(t *testing.T, fees ...string) Payment {
	t.Helper()
	e := intended(fees...)
	return walk(t, Payment{}, e, Purchasing{Head: head(1)}, ApprovalSeen{head(10), approval(e.Amount.Minor)}, DialogueEnded{Head: head(11)})
}

func read(seconds, leg int, r Reading, v Verdict) AccountRead {
	return AccountRead{Head: head(seconds), Leg: leg, Account: r, Verdict: v}
}

func does(p Payment, seconds int) []Deed {
	var deeds []Deed
	for _, e := range Due(p, at(seconds)) {
		deeds = append(deeds, e.Do)
	}
	return deeds
}

func TestReferenceIsShortAndTheSameForEveryAttempt(t *testing.T) {
	id := ID{4821, 123}
	if got := id.Reference(1); got != "4821-000123-01" {
		t.Errorf("reference = %s", got)
	}
	if got := (ID{9999, MaxNumber}).Reference(MaxLegs); len(got) > 16 {
		t.Errorf("longest reference %s has more than 16 characters", got)
	}
	if got, err := ParseID("4821-123"); err != nil || got != id {
		t.Errorf("ParseID = %v, %v", got, err)
	}
	for _, bad := range []string{"", "4821", "4821-0123", "4821-123x", "x-1", "4821--1"} {
		if _, err := ParseID(bad); err == nil {
			t.Errorf("ParseID(%q) is taken", bad)
		}
	}
}

func TestNothingIsPostedOnAnApprovalMerelySeen(t *testing.T) {
	p := walk(t, Payment{}, intended("104"), Purchasing{Head: head(1)}, ApprovalSeen{head(10), approval(250)})
	if got := does(p, 10); !slices.Equal(got, []Deed{DoAcknowledge}) {
		t.Errorf("due after an approval seen: %v", got)
	}
	if p.State.Captured() {
		t.Error("an approval merely seen counts as captured")
	}
}

func TestRestartIsALostAnswer(t *testing.T) {
	base := intended("104")
	purchasing := walk(t, Payment{}, base, Purchasing{Head: head(1)})
	seen := walk(t, purchasing, ApprovalSeen{head(2), approval(250)})
	posting := walk(t, approved(t, "104"), read(12, 1, account, NotApplied))
	reversing := walk(t, posting, Answered{head(13), 1, false, ""}, read(14, 1, account, NotApplied))
	for _, c := range []struct {
		before Payment
		state  State
		leg    LegState
	}{
		{walk(t, Payment{}, base), StateAbandoned, LegWaiting},
		{purchasing, StatePurchaseInDoubt, LegWaiting},
		{seen, StatePurchaseInDoubt, LegWaiting},
		{posting, StateApproved, LegPostingInDoubt},
		{reversing, StateReversalInDoubt, LegRefused},
	} {
		after := walk(t, c.before, Restart(c.before, at(100))...)
		if after.State != c.state || after.Legs[0].State != c.leg {
			t.Errorf("%s/%s after a restart is %s/%s, want %s/%s", c.before.State, c.before.Legs[0].State,
				after.State, after.Legs[0].State, c.state, c.leg)
		}
	}
	for _, p := range []Payment{approved(t, "104"), walk(t, purchasing, Declined{head(2), "no"})} {
		if events := Restart(p, at(100)); len(events) != 0 {
			t.Errorf("a restart means %s in state %s", Kind(events[0]), p.State)
		}
	}
}

func TestSnapshotIsSavedWithTheIntentToPost(t *testing.T) {
	p := walk(t, approved(t, "104"), read(12, 1, account, NotApplied))
	if l := p.Legs[0]; l.State != LegPosting || l.Snapshot.balance("104") != 250 || l.Attempts != 1 {
		t.Errorf("leg = %+v", l)
	}
	if got := does(p, 12); !slices.Equal(got, []Deed{DoPost}) {
		t.Errorf("due: %v", got)
	}
}

func TestChangedFeeIsNotPosted(t *testing.T) {
	for name, now := range map[string]Reading{
		"gone":   without("104"),
		"larger": {Fees: []Balance{{"104", 300}}, Total: euro(300)},
	} {
		verdict := Judge(Reading{}, now, Leg{Fee: "104", Amount: euro(250)})
		p := walk(t, approved(t, "104"), read(12, 1, now, verdict))
		if p.State != StateReversing {
			t.Errorf("%s: state %s, want reversing", name, p.State)
		}
	}
}

func TestNoIsVerifiedByTheAccount(t *testing.T) {
	said := walk(t, approved(t, "104"), read(12, 1, account, NotApplied), Answered{head(13), 1, false, ""})
	if got := Due(said, at(13))[0]; got.Do != DoReadAccount || got.After != 0 {
		t.Fatalf("after a no comes %+v", got)
	}
	if p := walk(t, said, read(14, 1, account, NotApplied)); p.State != StateReversing {
		t.Errorf("account unchanged: %s, want reversing", p.State)
	}
	early := walk(t, said, read(14, 1, without("104"), Applied))
	if early.Legs[0].State != LegPostingInDoubt {
		t.Fatalf("account moved after a no: %s before the quiet time", early.Legs[0].State)
	}
	if p := walk(t, early, read(140, 1, without("104"), Applied)); p.State != StateClosed || p.Legs[0].Proof != ByAccount {
		t.Errorf("booked in spite of the no: %s %s", p.State, p.Legs[0].Proof)
	}
}

func TestAppliedNeedsOneReadingAfterTheQuietTime(t *testing.T) {
	doubt := walk(t, approved(t, "104"), read(12, 1, account, NotApplied), NoAnswer{head(20), 1, "silence"})
	if wait := Due(doubt, at(20))[0].After; wait != 120*time.Second {
		t.Errorf("waits %s before reading", wait)
	}
	if _, err := Step(doubt, read(100, 1, without("104"), Applied)); !errors.Is(err, ErrImpossible) {
		t.Errorf("a reading inside the quiet time is believed: %v", err)
	}
	p := walk(t, doubt, read(140, 1, without("104"), Applied))
	if p.Legs[0].State != LegPosted || p.Legs[0].Proof != ByAccount {
		t.Errorf("leg = %+v", p.Legs[0])
	}
}

// A posting may be applied after two readings that did not show it. Where references can be read, the reading before the
// second posting finds it.
func TestAPostingThatWasAppliedLateIsFoundBeforeItIsRepeated(t *testing.T) {
	unbooked := showing(account, 0)
	again := walk(t, approved(t, "104"), read(12, 1, account, NotApplied), NoAnswer{head(20), 1, "silence"},
		read(140, 1, unbooked, NotApplied), read(201, 1, unbooked, NotApplied))
	if l := again.Legs[0]; l.State != LegWaiting || l.Attempts != 1 {
		t.Fatalf("after two readings the leg is %s, posted %d times", l.State, l.Attempts)
	}
	if p := walk(t, again, read(202, 1, showing(without("104"), 250), Applied)); p.State != StateClosed || p.Legs[0].Proof != ByReference {
		t.Errorf("booked late, and the leg is %s %s", p.Legs[0].State, p.Legs[0].Proof)
	}
	if p := walk(t, again, read(202, 1, showing(without("104"), 500), Unclear)); p.Legs[0].State != LegOpenCase {
		t.Errorf("another amount is booked, and the leg is %s", p.Legs[0].State)
	}
	if p := walk(t, again, read(202, 1, unbooked, NotApplied)); p.Legs[0].State != LegPosting || p.Legs[0].Attempts != 2 {
		t.Errorf("not booked, and the leg is %s", p.Legs[0].State)
	}
}

// Of the same balance, and yet another account: the first posting was applied late, and something else came up.
func TestNothingIsRepeatedOverAnAccountOfOtherCharges(t *testing.T) {
	marked := func(mark string) Reading {
		r := without("105", "106")
		r.Mark = mark
		return r
	}
	e := intended("104")
	e.Account = marked("A")
	again := walk(t, Payment{}, e, Purchasing{Head: head(1)}, ApprovalSeen{head(10), approval(250)}, DialogueEnded{Head: head(11)},
		read(12, 1, marked("A"), NotApplied), NoAnswer{head(20), 1, "silence"}, read(140, 1, marked("A"), NotApplied), read(201, 1, marked("A"), NotApplied))
	if p := walk(t, again, read(3600, 1, marked("A"), NotApplied)); p.Legs[0].State != LegPosting {
		t.Errorf("over the same account the leg is %s", p.Legs[0].State)
	}
	if p := walk(t, again, read(3600, 1, marked("B"), Unclear)); p.Legs[0].State != LegOpenCase {
		t.Errorf("over another account the leg is %s", p.Legs[0].State)
	}
}

func TestRepostNeedsTheVerdictNotApplied(t *testing.T) {
	doubt := walk(t, approved(t, "104"), read(12, 1, account, NotApplied), NoAnswer{head(20), 1, "silence"})
	once := walk(t, doubt, read(140, 1, account, NotApplied))
	if once.Legs[0].State != LegPostingInDoubt {
		t.Fatalf("one reading is enough: %s", once.Legs[0].State)
	}
	if _, err := Step(once, read(150, 1, account, NotApplied)); !errors.Is(err, ErrImpossible) {
		t.Errorf("two readings ten seconds apart are enough: %v", err)
	}
	if wait := Due(once, at(140))[0].After; wait != 60*time.Second {
		t.Errorf("the second reading comes after %s", wait)
	}
	if _, err := Step(once, read(200, 1, without("104"), NotApplied)); !errors.Is(err, ErrImpossible) {
		t.Errorf("a verdict that the reading does not bear is believed: %v", err)
	}
	again := walk(t, once, read(200, 1, account, NotApplied))
	if again.Legs[0].State != LegWaiting {
		t.Fatalf("after two equal readings: %s", again.Legs[0].State)
	}
	second := walk(t, again, read(201, 1, account, NotApplied), NoAnswer{head(202), 1, "silence"},
		read(330, 1, account, NotApplied), read(390, 1, account, NotApplied))
	if second.Legs[0].State != LegOpenCase {
		t.Errorf("after one repost in vain: %s, want an open case", second.Legs[0].State)
	}
}

// Either the library system applied the posting in doubt after the quiet time, or somebody paid at the desk.
func TestFeeThatGoesAfterAPostingInDoubtIsAnOpenCase(t *testing.T) {
	again := walk(t, approved(t, "104"), read(12, 1, account, NotApplied), NoAnswer{head(20), 1, "silence"},
		read(140, 1, account, NotApplied), read(200, 1, account, NotApplied))
	p := walk(t, again, read(201, 1, without("104"), Applied))
	if p.Legs[0].State != LegOpenCase || p.State != StateApproved {
		t.Errorf("payment %s, leg %s", p.State, p.Legs[0].State)
	}
}

func TestUnclearAccountIsAnOpenCase(t *testing.T) {
	doubt := walk(t, approved(t, "104"), read(12, 1, account, NotApplied), NoAnswer{head(20), 1, "silence"})
	other := without("105")
	p := walk(t, doubt, read(140, 1, other, Unclear))
	if p.Legs[0].State != LegOpenCase {
		t.Errorf("leg %s", p.Legs[0].State)
	}
}

func TestEveryDoubtEndsAfterADay(t *testing.T) {
	doubt := walk(t, approved(t, "104"), read(12, 1, account, NotApplied), NoAnswer{head(20), 1, "silence"})
	last := Due(doubt, at(20))[1]
	if last.Do != DoEndDoubt || last.After != 24*time.Hour {
		t.Errorf("limit: %+v", last)
	}
	if p := walk(t, doubt, DoubtTooOld{head(90_000), 1}); p.Legs[0].State != LegOpenCase {
		t.Errorf("leg %s", p.Legs[0].State)
	}
	purchase := walk(t, Payment{}, intended("104"), Purchasing{Head: head(1)}, NoAnswer{Head: head(2)})
	if p := walk(t, purchase, DoubtTooOld{Head: head(90_000)}); !p.OpenCase || p.Legs[0].State != LegOpenCase {
		t.Errorf("purchase: %+v", p)
	}
}

// rebooted is a moment so many seconds after the boot that followed a power cut.
func rebooted(boot string, seconds int) Stamp {
	return Stamp{Wall: time.Unix(1_800_900_000, 0), Boot: boot, Mono: time.Duration(seconds) * time.Second}
}

func TestDoubtEndsAfterAPowerCutToo(t *testing.T) {
	doubt := walk(t, approved(t, "104"), read(12, 1, account, NotApplied), NoAnswer{head(20), 1, "silence"}, read(140, 1, account, NotApplied))
	p := walk(t, doubt, Restart(doubt, rebooted("two", 10))...)
	if again := Restart(p, rebooted("two", 15)); len(again) != 0 {
		t.Errorf("a restart without a power cut tells the doubt again: %v", again)
	}
	first := AccountRead{Head{rebooted("two", 130)}, 1, account, NotApplied}
	if wait := Due(p, rebooted("two", 20))[0].After; wait != 110*time.Second {
		t.Errorf("the account is read after %s", wait)
	}
	if p = walk(t, p, first); p.Legs[0].State != LegPostingInDoubt {
		t.Fatalf("a reading from before the power cut counts as the first of two: %s", p.Legs[0].State)
	}
	p = walk(t, p, AccountRead{Head{rebooted("two", 190)}, 1, account, NotApplied})
	if p.Legs[0].State != LegWaiting {
		t.Errorf("leg %s, want waiting", p.Legs[0].State)
	}
}

func TestDoubtEndsThoughThePowerIsCutEveryNight(t *testing.T) {
	leg := walk(t, approved(t, "104"), read(12, 1, account, NotApplied), NoAnswer{head(20), 1, "silence"})
	purchase := walk(t, Payment{}, intended("104"), Purchasing{Head: head(1)}, NoAnswer{Head: head(2)})
	for name, p := range map[string]Payment{"posting": leg, "purchase": purchase} {
		for night, want := range []time.Duration{12 * time.Hour, 6 * time.Hour, 3 * time.Hour} {
			at := rebooted(fmt.Sprint("boot ", night), 30)
			p = walk(t, p, Restart(p, at)...)
			if last := Due(p, at)[1]; last.Do != DoEndDoubt || last.After != want {
				t.Errorf("%s, after %d power cuts: %+v, want an end within %s", name, night+1, last, want)
			}
		}
	}
}

func TestAfterAPowerCutARefusedLegWaitsNoLonger(t *testing.T) {
	p := walk(t, approved(t, "104", "105"), AccountRefused{head(12), 1, "gone"})
	if due := Due(p, rebooted("two", 10))[0]; due.Do != DoEndWindow || due.After != 0 {
		t.Errorf("due: %+v", due)
	}
}

func TestPINIsForgottenThoughTheApprovalWasFoundLater(t *testing.T) {
	e := intended("104")
	e.Rules.PINNeeded, e.Rules.PINLife = true, 60*time.Second
	p := walk(t, Payment{}, e, Purchasing{Head: head(1)}, NoAnswer{Head: head(10)}, PurchaseFound{head(30), approval(250), "last result"})
	if due := Due(p, at(40))[0]; due.Do != DoForgetPIN || due.After != 30*time.Second {
		t.Errorf("due: %+v", due)
	}
}

func TestReversalOnlyIfNoLegIsPostedOrInDoubt(t *testing.T) {
	two := approved(t, "104", "105")
	p := walk(t, two, read(12, 1, account, NotApplied), Answered{head(13), 1, true, ""},
		read(14, 2, without("104"), NotApplied))
	p.Legs[1].Snapshot = without("104")
	p = walk(t, p, Answered{head(15), 2, false, ""}, read(16, 2, without("104"), NotApplied))
	if p.State != StateApproved || p.Legs[0].State != LegPosted || p.Legs[1].State != LegRefundDue {
		t.Errorf("one posted, one refused: %s %s %s", p.State, p.Legs[0].State, p.Legs[1].State)
	}
}

func TestAtMostOnePostingIsUnderWay(t *testing.T) {
	two := walk(t, approved(t, "104", "105"), read(12, 1, account, NotApplied))
	doubt := walk(t, two, NoAnswer{head(20), 1, "silence"})
	for _, p := range []Payment{two, doubt} {
		if _, err := Step(p, read(21, 2, account, NotApplied)); !errors.Is(err, ErrImpossible) {
			t.Errorf("leg 2 is posted while leg 1 is %s: %v", p.Legs[0].State, err)
		}
	}
}

func TestLegsArePostedInOrder(t *testing.T) {
	if _, err := Step(approved(t, "104", "105"), read(12, 2, account, NotApplied)); !errors.Is(err, ErrImpossible) {
		t.Errorf("leg 2 is posted while leg 1 waits: %v", err)
	}
}

func TestAPostingsLostAnswerIsNotTheTerminals(t *testing.T) {
	p := walk(t, Payment{}, intended("104"), Purchasing{Head: head(1)})
	if _, err := Step(p, NoAnswer{head(2), 1, "late"}); !errors.Is(err, ErrImpossible) {
		t.Errorf("a purchase is in doubt because a posting was not answered: %v", err)
	}
}

func TestWhatNoTerminalCanEverSayIsAnOpenCaseAtOnce(t *testing.T) {
	p := walk(t, Payment{}, intended("104"), Purchasing{Head: head(1)}, NoAnswer{Head: head(2)}, TerminalUnclear{Head: head(3), Evidence: "has no question", Final: true})
	if !p.OpenCase || p.Reason != "has no question" || p.Legs[0].State != LegOpenCase {
		t.Errorf("%+v", p)
	}
}

func TestAPauseIsNotBegunAnewByALook(t *testing.T) {
	p := walk(t, Payment{}, intended("104"), Purchasing{Head: head(1)}, NoAnswer{Head: head(2)}, TerminalUnclear{Head: head(3)})
	if due := Due(p, at(11))[0]; due.Do != DoRecoverPurchase || due.After != 2*time.Second {
		t.Errorf("eight seconds later: %+v", due)
	}
}

func TestReversalIsNotSentAfterItsWindow(t *testing.T) {
	p := walk(t, approved(t, "104"), AccountRefused{head(100), 1, "gone"}, ReversalNotSent{head(110), "no line"}, ReversalNotSent{head(125), "no line"})
	if p.State != StateReversing {
		t.Fatalf("state %s", p.State)
	}
	if due := Due(p, at(125))[0]; due.Do != DoReverse || due.After != 5*time.Second {
		t.Errorf("five seconds before the window ends: %+v", due)
	}
}

func TestPaymentThatNeedsAPINIsPostedInTimeOrGivenBack(t *testing.T) {
	needsPIN := func() Payment {
		e := intended("104")
		e.Rules.PINNeeded, e.Rules.PINLife = true, 60*time.Second
		return walk(t, Payment{}, e, Purchasing{Head: head(1)}, ApprovalSeen{head(10), approval(250)}, DialogueEnded{Head: head(11)})
	}
	if due := Due(needsPIN(), at(11)); due[0].Do != DoForgetPIN || due[0].After != 59*time.Second {
		t.Fatalf("due: %+v", due)
	}
	if p := walk(t, needsPIN(), PINGone{head(70)}); p.State != StateReversing {
		t.Errorf("not posted in time: %s, want reversing", p.State)
	}
	doubt := walk(t, needsPIN(), read(12, 1, account, NotApplied), NoAnswer{head(20), 1, "silence"}, PINGone{head(70)})
	if doubt.Legs[0].State != LegPostingInDoubt {
		t.Errorf("a doubt ends with the PIN: %s", doubt.Legs[0].State)
	}
	p := walk(t, doubt, read(140, 1, account, NotApplied), read(200, 1, account, NotApplied))
	if p.Legs[0].State != LegRefundDue {
		t.Errorf("without a PIN it is posted again: %s", p.Legs[0].State)
	}
	if p := walk(t, needsPIN(), Restart(needsPIN(), at(30))...); p.State != StateReversing {
		t.Errorf("after a restart, without the PIN: %s, want reversing", p.State)
	}
	if _, err := Step(approved(t, "104"), PINGone{head(70)}); !errors.Is(err, ErrImpossible) {
		t.Errorf("a PIN that nobody wants is missed: %v", err)
	}
}

func TestReversalOnlyInsideTheWindowAndIfNothingRanSince(t *testing.T) {
	refuse := func(p Payment, seconds int) Payment {
		return walk(t, p, read(seconds, 1, account, NotApplied), Answered{head(seconds + 1), 1, false, ""}, read(seconds+1, 1, account, NotApplied))
	}
	if p := refuse(approved(t, "104"), 100); p.State != StateReversing {
		t.Errorf("inside the window: %s", p.State)
	}
	if p := refuse(approved(t, "104"), 135); p.Legs[0].State != LegRefundDue {
		t.Errorf("after the window: %s", p.Legs[0].State)
	}
	if p := refuse(walk(t, approved(t, "104"), Superseded{head(12)}), 13); p.Legs[0].State != LegRefundDue {
		t.Errorf("after another purchase: %s", p.Legs[0].State)
	}
	other := approved(t, "104")
	other.ApprovedAt.Boot = "an earlier boot"
	if p := refuse(other, 13); p.Legs[0].State != LegRefundDue {
		t.Errorf("after a reboot: %s", p.Legs[0].State)
	}
}

func TestRefusedLegWaitsForTheOthersOnlyAsLongAsTheWindow(t *testing.T) {
	p := walk(t, approved(t, "104", "105"), AccountRefused{head(12), 1, "gone"})
	if p.Legs[0].State != LegRefused {
		t.Fatalf("leg 1 %s", p.Legs[0].State)
	}
	if got := does(p, 12); !slices.Equal(got, []Deed{DoEndWindow, DoReadAccount}) {
		t.Fatalf("due: %v", got)
	}
	if p = walk(t, p, ReversalWindowEnded{head(131)}); p.Legs[0].State != LegRefundDue || p.Legs[1].State != LegWaiting {
		t.Errorf("after the window: %s, %s", p.Legs[0].State, p.Legs[1].State)
	}
}

func TestOnlyAPersonClosesAnOpenCase(t *testing.T) {
	open := walk(t, approved(t, "104"), read(12, 1, account, NotApplied), NoAnswer{head(20), 1, "silence"}, DoubtTooOld{head(90_000), 1})
	for _, e := range []Event{read(90_001, 1, without("104"), Applied), Answered{head(90_001), 1, true, ""}, NoAnswer{head(90_001), 1, ""}} {
		if _, err := Step(open, e); !errors.Is(err, ErrImpossible) {
			t.Errorf("%s moves an open case: %v", Kind(e), err)
		}
	}
	if _, err := Step(open, CaseResolved{Head: head(90_001), Leg: 1, As: ResolvedPosted, Staff: "", Note: "seen"}); !errors.Is(err, ErrImpossible) {
		t.Errorf("a case is closed without a name: %v", err)
	}
	if len(Due(open, at(90_001))) != 0 {
		t.Errorf("something is due for an open case: %v", Due(open, at(90_001)))
	}
	for as, want := range map[Resolution]LegState{ResolvedPosted: LegPosted, ResolvedRefundDue: LegRefundDue, ResolvedWrittenOff: LegWrittenOff} {
		p := walk(t, open, CaseResolved{Head: head(90_001), Leg: 1, As: as, Staff: "mk", Note: "looked it up"})
		if p.Legs[0].State != want {
			t.Errorf("resolved as %s: %s", as, p.Legs[0].State)
		}
	}
}

func TestAPatronWhoIsUnknownAfterAPostingInDoubtIsAnOpenCase(t *testing.T) {
	doubt := walk(t, approved(t, "104"), read(12, 1, account, NotApplied), NoAnswer{head(20), 1, "silence"},
		read(140, 1, account, NotApplied), read(200, 1, account, NotApplied))
	if p := walk(t, doubt, AccountRefused{head(201), 1, "gone"}); p.Legs[0].State != LegOpenCase {
		t.Errorf("leg %s: the first posting may be booked after all", p.Legs[0].State)
	}
}

func TestWhatTheLibraryRefusesIsARefundWhereTheRulesSaySo(t *testing.T) {
	p := approved(t, "104")
	p.Rules.RefundOnly = true
	p = walk(t, p, AccountRefused{head(12), 1, "gone"})
	if p.State != StateApproved || p.Legs[0].State != LegRefundDue {
		t.Errorf("%s, leg %s", p.State, p.Legs[0].State)
	}
}

func TestAPartOfAFeeIsPostedAgainOnceAtTheMost(t *testing.T) {
	for part, reposts := range map[int64]int{250: 2, 200: 1} {
		e := intended("104")
		e.Rules.Reposts = 2
		e.Amount.Minor, e.Legs[0].Amount.Minor = part, part
		a := approval(part)
		p := walk(t, Payment{}, e, Purchasing{Head: head(1)}, ApprovalSeen{head(10), a}, DialogueEnded{Head: head(11)})
		at, posted := 12, 0
		for p.Legs[0].State == LegWaiting {
			p = walk(t, p, read(at, 1, account, NotApplied), NoAnswer{head(at + 10), 1, "silence"},
				read(at+130, 1, account, NotApplied), read(at+190, 1, account, NotApplied))
			at, posted = at+200, posted+1
		}
		if p.Legs[0].State != LegOpenCase || posted != 1+reposts {
			t.Errorf("a fee of 2.50, of which %d is paid: posted %d times, then %s", part, posted, p.Legs[0].State)
		}
	}
}

func TestAmountMismatchIsNeverSplitInSilence(t *testing.T) {
	p := walk(t, Payment{}, intended("104"), Purchasing{Head: head(1)}, ApprovalSeen{head(10), approval(200)}, DialogueEnded{Head: head(11)})
	if !p.OpenCase {
		t.Fatalf("state %s, no open case", p.State)
	}
	if _, err := Step(p, CaseResolved{Head: head(12), As: ResolvedCharged, Staff: "mk", Note: "x"}); !errors.Is(err, ErrImpossible) {
		t.Errorf("posted in full although less was charged: %v", err)
	}
}

func TestApprovalsThatContradictEachOtherAreAnOpenCase(t *testing.T) {
	seen := walk(t, Payment{}, intended("104"), Purchasing{Head: head(1)}, ApprovalSeen{head(10), approval(200)}, NoAnswer{Head: head(11)})
	if p := walk(t, seen, PurchaseFound{head(20), approval(250), "last result"}); !p.OpenCase {
		t.Errorf("an approval of 2.00 was seen, one of 2.50 found: %s", p.State)
	}
}

func TestOnlyAPersonTicksOffAPostingByAccount(t *testing.T) {
	posted := walk(t, approved(t, "104", "105"), read(12, 1, account, NotApplied), NoAnswer{head(13), 1, "silence"}, read(140, 1, without("104"), Applied))
	if posted.Legs[0].Proof != ByAccount {
		t.Fatalf("leg 1: %+v", posted.Legs[0])
	}
	for name, e := range map[string]PostingConfirmed{
		"no name": {head(200), 1, "", "seen"}, "no note": {head(200), 1, "mk", ""}, "a leg that waits": {head(200), 2, "mk", "seen"},
		"no leg": {head(200), 0, "mk", "seen"}, "no such leg": {head(200), 3, "mk", "seen"},
	} {
		if _, err := Step(posted, e); !errors.Is(err, ErrImpossible) {
			t.Errorf("%s: %v", name, err)
		}
	}
	confirmed := walk(t, posted, PostingConfirmed{head(200), 1, "mk", "seen"})
	if l := confirmed.Legs[0]; l.State != LegPosted || l.Proof != ByAccountConfirmed || confirmed.Books() != posted.Books() {
		t.Errorf("confirmed: %+v", l)
	}
	if _, err := Step(confirmed, PostingConfirmed{head(201), 1, "mk", "again"}); !errors.Is(err, ErrImpossible) {
		t.Errorf("confirmed twice: %v", err)
	}
	one := walk(t, approved(t, "104"), read(12, 1, account, NotApplied), NoAnswer{head(13), 1, "silence"}, read(140, 1, without("104"), Applied))
	if after := walk(t, one, PostingConfirmed{head(200), 1, "mk", "seen"}); one.State != StateClosed || after.State != StateClosed {
		t.Errorf("a closed payment is %s after it", after.State)
	}
	answered := walk(t, approved(t, "104"), read(12, 1, account, NotApplied), Answered{head(13), 1, true, ""})
	if _, err := Step(answered, PostingConfirmed{head(200), 1, "mk", "seen"}); !errors.Is(err, ErrImpossible) {
		t.Errorf("one by answer: %v", err)
	}
}

func TestNothingHappensToAPaymentThatWasNeverIntended(t *testing.T) {
	for kind, e := range kinds {
		if p, err := Step(Payment{}, e); !errors.Is(err, ErrImpossible) || p.State != "" {
			t.Errorf("%s: %q, %v", kind, p.State, err)
		}
	}
}

func TestLegsMustMakeTheAmount(t *testing.T) {
	bad := intended("104", "105")
	bad.Amount.Minor++
	if _, err := Step(Payment{}, bad); err == nil {
		t.Error("legs that do not make the amount are taken")
	}
}

func TestFeesUnderWayAreKnown(t *testing.T) {
	p := approved(t, "104", "105")
	ids, whole := p.Fees()
	if !slices.Equal(ids, []string{"104", "105"}) || whole {
		t.Errorf("fees = %v, %v", ids, whole)
	}
	p = walk(t, p, read(12, 1, account, NotApplied), Answered{head(13), 1, true, ""})
	if ids, _ = p.Fees(); !slices.Equal(ids, []string{"105"}) {
		t.Errorf("after the first is posted: %v", ids)
	}
}

func TestJudge(t *testing.T) {
	leg := Leg{Fee: "104", Amount: euro(250)}
	lump := Leg{Amount: euro(1325)}
	extra := without("104")
	extra.Fees = append(extra.Fees, Balance{"107", 100})
	extra.Total.Minor += 100
	for name, c := range map[string]struct {
		now  Reading
		leg  Leg
		want Verdict
	}{
		"untouched":                   {account, leg, NotApplied},
		"fee gone":                    {without("104"), leg, Applied},
		"other fee gone":              {without("105"), leg, Unclear},
		"fee and another gone":        {without("104", "105"), leg, Unclear},
		"fee gone, new fee":           {extra, leg, Unclear},
		"lump paid":                   {Reading{Total: euro(0)}, lump, Applied},
		"lump fell by something else": {Reading{Fees: account.Fees, Total: euro(1000)}, lump, Unclear},
		"list and total disagree":     {Reading{Fees: without("104").Fees, Total: account.Total}, leg, Unclear},
		"lump untouched":              {account, lump, NotApplied},
		"lump, another fee instead":   {Reading{Fees: append([]Balance{{"107", 250}}, without("104").Fees...), Total: euro(1325)}, lump, Unclear},
		"reference there":             {showing(without("104"), 250), leg, Applied},
		"reference there, fee grew":   {showing(account, 250), leg, Applied},
		"reference there, all moved":  {showing(without("104", "105"), 250), leg, Applied},
		"reference for other amount":  {showing(without("104"), 249), leg, Unclear},
		"fee gone without reference":  {showing(without("104"), 0), leg, Unclear},
		"untouched, no reference":     {showing(account, 0), leg, NotApplied},
		"reference in other currency": {showing(Reading{Total: money.Of(1325, "USD")}, 250), leg, Unclear},
		"another currency":            {Reading{Fees: account.Fees, Total: money.Of(1325, "USD")}, leg, Unclear},
	} {
		if got := Judge(account, c.now, c.leg); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestEventsSurviveTheDisk(t *testing.T) {
	for kind := range kinds {
		if _, err := Decode(kind, []byte(`{}`)); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if _, err := Decode("no such event", nil); err == nil {
		t.Error("an unknown event is read")
	}
}

// TestBooksAgreeWhateverHappens throws random events at payments and checks what must hold after each.
func TestBooksAgreeWhateverHappens(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(10000) {
		draw := rand.New(rand.NewPCG(seed, 1))
		first := intended("104", "105")
		first.Rules.PINNeeded = seed%3 == 0
		p := walk(t, Payment{}, first)
		captures := 0
		for n := range 60 {
			e := randomEvent(draw, p, n*int(1+seed%20))
			next, err := Step(p, e)
			if err != nil {
				continue
			}
			if !next.Books().Agree() {
				t.Fatalf("seed %d: books after %s: %+v", seed, Kind(e), next.Books())
			}
			if p.State.Ended() && next.State != p.State {
				t.Fatalf("seed %d: %s left its end by %s", seed, p.State, Kind(e))
			}
			if !p.State.Captured() && next.State.Captured() {
				captures++
			}
			for i := range next.Legs {
				checkLeg(t, seed, p.Legs[i], next.Legs[i], e)
			}
			p = next
			seen[fmt.Sprint(p.State)]++
		}
		if captures > 1 {
			t.Fatalf("seed %d: captured %d times", seed, captures)
		}
	}
	for _, s := range []State{StatePurchaseInDoubt, StateApproved, StateReversing, StateReversalInDoubt, StateReversed, StateClosed, StateDeclined} {
		if seen[string(s)] == 0 {
			t.Errorf("state %q was never reached", s)
		}
	}
}

func checkLeg(t *testing.T, seed uint64, before, after Leg, e Event) {
	t.Helper()
	if before.State.Ended() && after.State != before.State {
		t.Fatalf("seed %d: leg left %s by %s", seed, before.State, Kind(e))
	}
	if after.State == LegPosting && before.State != LegPosting {
		if _, ok := e.(AccountRead); !ok {
			t.Fatalf("seed %d: posting without a reading, by %s", seed, Kind(e))
		}
	}
	if after.Attempts > 2 {
		t.Fatalf("seed %d: %d attempts", seed, after.Attempts)
	}
}

func randomEvent(draw *rand.Rand, p Payment, seconds int) Event {
	h := head(seconds)
	leg := 1 + draw.IntN(2)
	now := []Reading{account, without("104"), without("105"), without("104", "105")}[draw.IntN(4)]
	all := []Event{
		Purchasing{Head: h}, ApprovalSeen{h, approval(1250)}, DialogueEnded{Head: h}, Declined{h, "no"}, Abandoned{h, "x"},
		NoAnswer{h, 0, "x"}, NoAnswer{h, leg, "x"}, PurchaseFound{h, approval(1250), "x"}, PurchaseNotFound{h, "x"},
		TerminalUnclear{Head: h}, DoubtTooOld{h, leg}, AccountRead{h, leg, now, Judge(p.Legs[leg-1].Snapshot, now, p.Legs[leg-1])},
		AccountRead{h, leg, account, Judge(p.Legs[leg-1].Snapshot, account, p.Legs[leg-1])},
		AccountRefused{h, leg, "x"}, Answered{h, leg, true, ""}, Answered{h, leg, false, ""}, NotPosted{h, leg, "x"},
		Superseded{h}, ReversalWindowEnded{h}, Reversed{Head: h}, NotReversed{h, "x"}, ReversalNotSent{h, "x"},
		CaseResolved{h, draw.IntN(3), ResolvedPosted, "mk", "x"}, CaseResolved{h, 0, ResolvedCharged, "mk", "x"},
		RefundDone{h, leg, "mk", "x"}, ReceiptPrinted{Head: h}, PINGone{h},
		PostingConfirmed{h, leg, "mk", "x"},
	}
	if p.State == StateReversing && draw.IntN(8) == 0 {
		return Reversed{Head: h}
	}
	return all[draw.IntN(len(all))]
}
