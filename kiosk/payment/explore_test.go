package payment

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"
)

// The exploration goes through every payment that events can make, over one fee and over two. Times are cut down to what
// Step can tell apart, and texts are left out, so that there are finitely many.

// explored are rules with waits of a second or two: inside, at the edge and outside lie one tick apart.
var explored = Rules{Quiet: 2 * tick, Gap: tick, ReversalWindow: 2 * tick, DoubtLimit: time.Hour, Reposts: 1, UnclearLimit: 2}

const (
	tick   = time.Second
	oldest = 2 * tick // an older stamp means the same
)

// present is the moment at which every payment of the exploration stands.
var present = Stamp{Boot: "this", Mono: time.Hour}

func after(wait time.Duration) Stamp {
	s := present
	s.Mono += wait
	return s
}

// point is all of a payment that Step, Due and Books depend on.
type point struct {
	state                     State
	superseded, open, pinGone bool
	approved, unclear, cuts   int
	approvedAt, doubtAt       age
	legs                      [2]legPoint
}

type legPoint struct {
	state           LegState
	proof           Proof
	attempts, cuts  int
	saidNo, once    bool
	doubtAt, readAt age
	snapshot        bool
}

type age int

const (
	never   age = -1
	unknown age = -2 // in another boot
)

func ageOf(s Stamp) age {
	switch {
	case s == Stamp{}:
		return never
	case s.Boot != present.Boot:
		return unknown
	}
	return age((present.Mono - s.Mono) / tick)
}

// told moves a stamp back by what has passed, as far as that can be told apart.
func told(s Stamp, passed time.Duration) Stamp {
	if s.Boot != present.Boot {
		return Stamp{Boot: s.Boot}
	}
	s = Stamp{Boot: s.Boot, Mono: max(s.Mono-passed, present.Mono-oldest)}
	return s
}

// abstracted leaves out of a payment what nothing depends on, and lets some time pass.
func abstracted(p Payment, passed time.Duration) Payment {
	p = p.copied()
	p.Reason, p.Receipts, p.Slip, p.Baseline = "", 0, CardSlip{}, nil
	p.ChangedAt, p.IntendedAt = present, Stamp{} // a pause begins now
	cuts := 2 - len(p.Legs)                      // they shorten a limit, which is looked at over one fee
	p.Unclear, p.PowerCuts = min(p.Unclear, p.Rules.UnclearLimit), min(p.PowerCuts, cuts)
	p.ApprovedAt, p.DoubtAt = told(p.ApprovedAt, passed), told(p.DoubtAt, passed)
	if !p.State.TerminalInDoubt() && p.ApprovedAt != (Stamp{}) || p.State.Ended() {
		p.DoubtAt = Stamp{}
	}
	if p.Superseded && len(p.Legs) > 1 || p.State.Ended() || p.State == StateReversalInDoubt {
		p.ApprovedAt = told(p.ApprovedAt, oldest)
	}
	for i := range p.Legs {
		l := &p.Legs[i]
		if len(p.Legs) > 1 && !l.State.moving() {
			*l = Leg{Number: l.Number, Fee: l.Fee, Amount: l.Amount, State: l.State, Proof: l.Proof}
		}
		l.Reason, l.PowerCuts = "", min(l.PowerCuts, cuts)
		l.DoubtAt, l.ReadAt = told(l.DoubtAt, passed), told(l.ReadAt, passed)
		if l.State != LegPostingInDoubt {
			l.DoubtAt = Stamp{}
		}
		if l.State != LegPostingInDoubt || !l.ReadOnce {
			l.ReadAt = Stamp{}
		}
	}
	return p
}

func pointOf(p Payment) point {
	at := point{state: p.State, superseded: p.Superseded, open: p.OpenCase, pinGone: p.PINGone, unclear: p.Unclear, cuts: p.PowerCuts,
		approvedAt: ageOf(p.ApprovedAt), doubtAt: ageOf(p.DoubtAt)}
	if p.Approval != nil {
		at.approved = int(p.Approval.Amount.Minor)
	}
	for i, l := range p.Legs {
		at.legs[i] = legPoint{l.State, l.Proof, l.Attempts, l.PowerCuts, l.SaidNo, l.ReadOnce, ageOf(l.DoubtAt), ageOf(l.ReadAt), l.Snapshot.Total.Minor != 0}
	}
	return at
}

// powerCut makes every stamp one of an earlier boot.
func powerCut(p Payment) Payment {
	p = p.copied()
	stamps := []*Stamp{&p.ApprovedAt, &p.DoubtAt}
	for i := range p.Legs {
		stamps = append(stamps, &p.Legs[i].DoubtAt, &p.Legs[i].ReadAt)
	}
	for _, s := range stamps {
		if *s != (Stamp{}) {
			*s = Stamp{Boot: "earlier"}
		}
	}
	return p
}

// exploration collects what was found.
type exploration struct {
	t      *testing.T
	first  Intended
	seen   map[point]bool
	next   []Payment
	taken  map[Move]bool
	ways   map[step][][]Move
	events int
}

func explore(t *testing.T, taken map[Move]bool, rules Rules, fees ...string) *exploration {
	x := &exploration{t: t, first: intended(fees...), seen: map[point]bool{}, taken: taken, ways: map[step][][]Move{}}
	x.first.Rules, x.first.At = rules, present
	for x.next = []Payment{{}}; len(x.next) > 0 && !t.Failed(); {
		p := x.next[0]
		x.next = x.next[1:]
		x.visit(p)
	}
	return x
}

// visit tries all that can happen to a payment.
func (x *exploration) visit(p Payment) {
	x.checkState(p)
	for _, e := range x.everyEvent(p) {
		x.happen(p, e)
	}
	if p.State == "" {
		return
	}
	x.add(abstracted(p, tick))
	for _, started := range []Payment{p, powerCut(p)} {
		for _, e := range Restart(started, present) {
			next, err := Step(started, e)
			if err != nil {
				x.t.Errorf("%+v: a restart cannot be saved: %v", pointOf(started), err)
			}
			x.checkChange(started, next, e)
			started = next
		}
		x.checkStarted(started)
		x.add(abstracted(started, 0))
	}
}

// checkStarted: whatever was under way when the program ended is in doubt when it has started, and not simply done again.
func (x *exploration) checkStarted(p Payment) {
	for _, d := range Due(p, present) {
		if d.Do == DoPurchase || d.Do == DoAcknowledge || d.Do == DoPost {
			x.t.Errorf("%+v: after a restart, %v is due", pointOf(p), d)
		}
	}
}

func (x *exploration) happen(p Payment, e Event) {
	x.events++
	next, err := Step(p, e)
	if err != nil {
		if !errors.Is(err, ErrImpossible) {
			x.t.Errorf("%+v: %s: %v", pointOf(p), Kind(e), err)
		}
		return
	}
	x.checkChange(p, next, e)
	x.add(abstracted(next, 0))
}

func (x *exploration) add(p Payment) {
	if at := pointOf(p); !x.seen[at] {
		x.seen[at] = true
		x.next = append(x.next, p)
	}
}

// everyEvent lists each kind of event with contents of each sort.
func (x *exploration) everyEvent(p Payment) []Event {
	h := Head{present}
	right, wrong := approval(x.first.Amount.Minor), approval(1)
	all := []Event{x.first, Purchasing{Head: h}, Abandoned{Head: h}, ApprovalSeen{h, right}, ApprovalSeen{h, wrong}, DialogueEnded{Head: h},
		Declined{Head: h}, PurchaseFound{h, right, ""}, PurchaseFound{h, wrong, ""}, PurchaseNotFound{Head: h}, TerminalUnclear{Head: h}, TerminalUnclear{Head: h, Final: true},
		PINGone{h}, Superseded{h}, ReversalWindowEnded{h}, Reversed{Head: h}, NotReversed{Head: h}, ReversalNotSent{Head: h}, ReceiptPrinted{Head: h}}
	for leg := range len(x.first.Legs) + 1 {
		all = append(all, NoAnswer{h, leg, ""}, DoubtTooOld{h, leg}, AccountRefused{h, leg, ""}, Answered{h, leg, true, ""}, Answered{h, leg, false, ""},
			NotPosted{h, leg, ""})
		all = append(all, decisions(leg, h, "mk", "looked")...)
		if len(x.first.Legs) == 1 { // unsigned decisions are refused before anything else is looked at
			all = append(all, decisions(leg, h, "", "looked")...)
			all = append(all, decisions(leg, h, "mk", "")...)
		}
		if leg > 0 && len(p.Legs) > 0 {
			all = append(all, readings(p, leg, h)...)
			all = append(all, lies(p, leg, h)...)
		}
	}
	return all
}

func decisions(leg int, h Head, staff, note string) []Event {
	all := []Event{RefundDone{h, leg, staff, note}, PostingConfirmed{h, leg, staff, note}}
	for _, as := range []Resolution{ResolvedCharged, ResolvedNotCharged, ResolvedPosted, ResolvedReversed, ResolvedRefundDue, ResolvedWrittenOff} {
		all = append(all, CaseResolved{h, leg, as, staff, note})
	}
	return all
}

// readings are what the account may show: as it was, our fee gone, another gone; and, where references can be read, ours
// not there, there, or there with another amount.
func readings(p Payment, leg int, h Head) []Event {
	var all []Event
	ours := without(p.Legs[leg-1].Fee)
	for _, now := range []Reading{account, ours, without("106"), showing(account, 0), showing(ours, 0),
		showing(ours, p.Legs[leg-1].Amount.Minor), showing(account, 1)} {
		all = append(all, AccountRead{h, leg, now, Judge(p.Legs[leg-1].Snapshot, now, p.Legs[leg-1])})
	}
	return all
}

// showing is a reading with what is booked under our reference.
func showing(r Reading, booked int64) Reading {
	r.Booked = &booked
	return r
}

// lies are readings with a verdict that they do not bear.
func lies(p Payment, leg int, h Head) []Event {
	if p.Legs[leg-1].State != LegPostingInDoubt {
		return nil
	}
	var all []Event
	for _, e := range readings(p, leg, h) {
		lie := e.(AccountRead)
		for _, v := range []Verdict{Applied, NotApplied, Unclear} {
			if lie.Verdict = v; v != e.(AccountRead).Verdict {
				all = append(all, lie)
			}
		}
	}
	return all
}

// checkState checks what must hold wherever a payment stands.
func (x *exploration) checkState(p Payment) {
	if !p.Books().Agree() {
		x.t.Errorf("%+v: the books do not agree: %+v", pointOf(p), p.Books())
	}
	underWay := 0
	for _, l := range p.Legs {
		if l.State == LegPosting || l.State == LegPostingInDoubt {
			underWay++
		}
		if l.State != LegWaiting && l.State != LegOpenCase && !p.State.Captured() && p.State != StateReversed {
			x.t.Errorf("%+v: a leg moved before the approval", pointOf(p))
		}
		if l.Attempts > p.Rules.Reposts+1 {
			x.t.Errorf("%+v: posted %d times", pointOf(p), l.Attempts)
		}
	}
	if underWay > 1 {
		x.t.Errorf("%+v: %d postings are under way", pointOf(p), underWay)
	}
	x.checkDue(p)
}

// checkDue: nothing that has not ended is left alone, and what is due can be done when its wait is over.
func (x *exploration) checkDue(p Payment) {
	due := Due(p, present)
	if !p.State.Ended() && p.State != "" && p.State != StateIntended && len(due) == 0 && !forAPerson(p) {
		x.t.Errorf("%+v: nothing is due, and nobody is called", pointOf(p))
	}
	if p.State.Ended() && len(due) > 0 {
		x.t.Errorf("%+v has ended, and %v is due", pointOf(p), due)
	}
	for _, d := range due {
		at := after(d.After)
		if then := Due(p, at); !slices.Contains(then, Effect{d.Do, d.Leg, 0}) {
			x.t.Errorf("%+v: after its wait, %v is not due but %v", pointOf(p), d, then)
		}
		for _, e := range x.bringsBack(p, d, Head{at}) {
			if _, err := Step(p, e); err != nil {
				x.t.Errorf("%+v: %v brings %+v: %v", pointOf(p), d, e, err)
			}
		}
	}
}

func forAPerson(p Payment) bool {
	return p.OpenCase || slices.ContainsFunc(p.Legs, func(l Leg) bool { return l.State == LegOpenCase || l.State == LegRefundDue })
}

// bringsBack lists what a deed may bring.
func (x *exploration) bringsBack(p Payment, d Effect, h Head) []Event {
	right := approval(x.first.Amount.Minor)
	switch d.Do {
	case DoPurchase:
		return []Event{ApprovalSeen{h, right}, Declined{Head: h}, Abandoned{Head: h}, NoAnswer{Head: h}}
	case DoAcknowledge:
		return []Event{DialogueEnded{Head: h}, NoAnswer{Head: h}}
	case DoRecoverPurchase:
		return []Event{PurchaseFound{h, right, ""}, PurchaseNotFound{Head: h}, TerminalUnclear{Head: h}, TerminalUnclear{Head: h, Final: true}}
	case DoReverse:
		return []Event{Reversed{Head: h}, NotReversed{Head: h}, ReversalNotSent{Head: h}, NoAnswer{Head: h}}
	case DoRecoverReversal:
		return []Event{Reversed{Head: h}, NotReversed{Head: h}, TerminalUnclear{Head: h}}
	case DoReadAccount:
		return append(readings(p, d.Leg, h), AccountRefused{h, d.Leg, ""})
	case DoPost:
		return []Event{Answered{h, d.Leg, true, ""}, Answered{h, d.Leg, false, ""}, NotPosted{h, d.Leg, ""}, NoAnswer{h, d.Leg, ""}}
	case DoEndWindow:
		return []Event{ReversalWindowEnded{h}}
	case DoForgetPIN:
		return []Event{PINGone{h}}
	case DoEndDoubt:
		return []Event{DoubtTooOld{h, d.Leg}}
	}
	x.t.Errorf("nobody says what %q brings", d.Do)
	return nil
}

// checkChange checks what an event made of a payment.
func (x *exploration) checkChange(before, after Payment, e Event) {
	wrong := func(what string) {
		x.t.Errorf("%+v, %+v: %s: now %+v", pointOf(before), e, what, pointOf(after))
	}
	if before.State.Ended() && (after.State != before.State || !slices.EqualFunc(before.Legs, after.Legs, sameState)) {
		wrong("an end was left")
	}
	if before.State.Captured() && !after.State.Captured() && after.State != StateReversed {
		wrong("captured money is nowhere")
	}
	if before.OpenCase && !after.OpenCase && !byStaff(e) {
		wrong("an open case was closed by nobody")
	}
	if after.State == StateReversing && before.State != StateReversing &&
		(before.Superseded || ageOf(after.ApprovedAt) < 0 || ageOf(after.ApprovedAt) >= 2 || slices.ContainsFunc(after.Legs, func(l Leg) bool { return l.State != LegRefused })) {
		wrong("reversed without being allowed to")
	}
	if !before.State.Captured() && after.State.Captured() && !byStaff(e) && (after.Approval == nil || after.Approval.Amount != after.Amount) {
		wrong("approved over another amount")
	}
	for i := range before.Legs {
		x.checkLeg(before, before.Legs[i], after.Legs[i], e, wrong)
	}
	x.explain(before, after, e, wrong)
}

func sameState(a, b Leg) bool { return a.State == b.State }

func byStaff(e Event) bool {
	switch e := e.(type) {
	case CaseResolved:
		return e.Staff != "" && e.Note != ""
	case RefundDone:
		return e.Staff != "" && e.Note != ""
	case PostingConfirmed:
		return e.Staff != "" && e.Note != ""
	}
	return false
}

func (x *exploration) checkLeg(p Payment, before, after Leg, e Event, wrong func(string)) {
	if before.State == after.State {
		return
	}
	read, _ := e.(AccountRead)
	switch {
	case before.State.Ended():
		wrong("a leg left its end")
	case (before.State == LegRefundDue || before.State == LegOpenCase) && !byStaff(e):
		wrong("money was moved that is a person's to move")
	case after.State == LegPosting && (read.Leg != after.Number || p.State != StateApproved):
		wrong("posted without a reading")
	case before.State == LegPostingInDoubt && after.State == LegWaiting && (read.Verdict != NotApplied || Judge(before.Snapshot, read.Account, before) != NotApplied):
		wrong("posted again without the verdict")
	case before.State == LegPostingInDoubt && after.State == LegWaiting && (!before.ReadOnce || ageOf(before.ReadAt) < 1 || ageOf(before.DoubtAt) < 2):
		wrong("posted again too early")
	}
}

// explain finds the moves of the table that make the change, and notes those that were taken for certain.
func (x *exploration) explain(before, after Payment, e Event, wrong func(string)) {
	kind, named := Kind(e), legOf(e)
	whole := step{of: "payment", from: string(before.State), to: string(after.State), kind: kind, meant: named == 0, withoutPIN: after.PINGone}
	if named == 0 || before.State != after.State {
		x.note(whole, wrong)
	}
	for i := range before.Legs {
		from, to := before.Legs[i].State, after.Legs[i].State
		if from != to || named == i+1 {
			x.note(step{"leg", before.State, string(from), string(to), kind, named == i+1, named == 0 || named == i+1, after.PINGone}, wrong)
		}
	}
}

func legOf(e Event) int {
	if f := reflect.ValueOf(e).FieldByName("Leg"); f.IsValid() {
		return int(f.Int())
	}
	return 0
}

// step is a change of one state by one event.
type step struct {
	of           string
	while        State
	from, to     string
	kind         string
	named, meant bool // the event names this leg; it may concern this one
	withoutPIN   bool
}

func (x *exploration) note(s step, wrong func(string)) {
	ways, known := x.ways[s]
	if !known {
		ways = waysOf(s)
		x.ways[s] = ways
	}
	if len(ways) == 0 {
		wrong("the table has no such move")
	}
	for _, way := range ways {
		if len(ways) == 1 || len(way) == 1 && way[0].Event != follows { // by the event alone, where that can be
			for _, m := range way {
				x.taken[m] = true
			}
		}
	}
}

// waysOf lists the ways through the table: by the event, where it may concern this one, and then by what follows.
func waysOf(s step) [][]Move {
	var found [][]Move
	if settles(s) && !s.named && s.from != s.to {
		found = followed(s, s.from)
	}
	for _, m := range Moves() {
		noted := m.From == string(AnyState) && s.from != "" && s.from == s.to
		if !s.meant || m.Of != s.of || m.While != s.while || m.Event != s.kind || m.From != s.from && !noted {
			continue
		}
		if m.To == s.to || noted {
			found = append(found, []Move{m})
		} else if settles(s) {
			for _, way := range followed(s, m.To) {
				found = append(found, append([]Move{m}, way...))
			}
		}
	}
	return found
}

// settles says whether the payment is approved, or becomes so by the event.
func settles(s step) bool {
	if s.of == "payment" || s.while == StateApproved {
		return true
	}
	return slices.ContainsFunc(Moves(), func(m Move) bool {
		return m.Of == "payment" && m.From == string(s.while) && m.Event == s.kind && m.To == string(StateApproved)
	})
}

// followed lists the ways from one state to the last without an event.
func followed(s step, from string) [][]Move {
	var found [][]Move
	for _, m := range Moves() {
		if m.Of != s.of || m.Event != follows || m.From != from || m.From == string(LegWaiting) && !s.withoutPIN {
			continue
		}
		if m.To == s.to {
			found = append(found, []Move{m})
		}
		for _, way := range followed(s, m.To) {
			found = append(found, append([]Move{m}, way...))
		}
	}
	return found
}

func TestStepKeepsToTheTableAndTheMoneyRulesWhateverHappens(t *testing.T) {
	if testing.Short() {
		t.Skip("every payment is gone through only without -short")
	}
	withPIN := explored
	withPIN.PINNeeded, withPIN.PINLife = true, tick
	patient := explored
	patient.Reposts = 2
	taken := map[Move]bool{}
	for _, c := range []struct {
		name  string
		rules Rules
		fees  []string
	}{
		{"one fee", patient, []string{"104"}},
		{"one fee and a PIN", withPIN, []string{"104"}},
		{"two fees", explored, []string{"104", "105"}},
		{"two fees and a PIN", withPIN, []string{"104", "105"}},
	} {
		start := time.Now()
		x := explore(t, taken, c.rules, c.fees...)
		t.Logf("%s: %d payments told apart, %d events tried, %s", c.name, len(x.seen), x.events, time.Since(start).Round(time.Millisecond))
	}
	for _, m := range Moves() {
		if !taken[m] && !t.Failed() {
			t.Errorf("no payment ever takes this move: %+v", m)
		}
	}
	t.Logf("%d moves, all taken", len(Moves()))
}

func TestTheExplorationTriesEveryKindOfEvent(t *testing.T) {
	x := &exploration{t: t, first: intended("104", "105")}
	tried := map[string]bool{}
	for _, e := range x.everyEvent(Payment{Legs: []Leg{{}, {}}}) {
		tried[Kind(e)] = true
	}
	for kind := range kinds {
		if !tried[kind] {
			t.Errorf("%q is never tried", kind)
		}
	}
}

func TestEveryEventOfTheTableHasItsKind(t *testing.T) {
	inTable := map[string]bool{}
	for _, m := range Moves() {
		inTable[m.Event] = true
		if kinds[m.Event] == nil && m.Event != follows {
			t.Errorf("there is no event %q", m.Event)
		}
	}
	for kind := range kinds {
		if !inTable[kind] {
			t.Errorf("no move tells of %q", kind)
		}
	}
}
