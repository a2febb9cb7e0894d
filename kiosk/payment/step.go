package payment

import (
	"errors"
	"fmt"
	"slices"

	"selfpay/device/money"
)

// ErrImpossible means that an event cannot happen in the payment's state. The event is not saved.
var ErrImpossible = errors.New("not possible")

// Step says what an event means for a payment. It has no clock, no I/O and no goroutine. The caller saves the event
// before it carries out what is Due next. p itself is left as it was, and returned where the event is refused.
func Step(p Payment, e Event) (Payment, error) {
	if !p.possible(Kind(e)) {
		return p, p.impossible(e)
	}
	after := p.copied()
	if err := after.step(e); err != nil {
		return p, err
	}
	settled := after.copied()
	if _, receipt := e.(ReceiptPrinted); !receipt { // a receipt changes nothing about the money
		settled.settle(e.When())
	}
	if !after.held(p, Kind(e)) || !settled.held(after, follows) {
		return p, p.impossible(e)
	}
	settled.ChangedAt = e.When()
	return settled, nil
}

func (p Payment) copied() Payment {
	p.Legs = slices.Clone(p.Legs)
	return p
}

func (p *Payment) step(e Event) error {
	switch e := e.(type) {
	case ReceiptPrinted:
		p.Receipts++
		return nil
	case Superseded:
		p.Superseded = true
		return nil
	case PINGone:
		if !p.Rules.PINNeeded {
			return p.impossible(e)
		}
		p.PINGone = true
		return nil
	case RefundDone:
		return p.refundDone(e)
	case CaseResolved:
		return p.resolve(e)
	case PostingConfirmed:
		return p.confirm(e)
	}
	if ofLeg(e) && p.State != StateApproved {
		return p.impossible(e)
	}
	switch p.State {
	case "":
		if e, ok := e.(Intended); ok {
			return p.intend(e)
		}
	case StateIntended:
		return p.whileIntended(e)
	case StatePurchasing:
		return p.whilePurchasing(e)
	case StateApprovalSeen:
		return p.whileApprovalSeen(e)
	case StatePurchaseInDoubt:
		return p.whilePurchaseInDoubt(e)
	case StateApproved:
		return p.whileApproved(e)
	case StateReversing:
		return p.whileReversing(e)
	case StateReversalInDoubt:
		return p.whileReversalInDoubt(e)
	}
	return p.impossible(e)
}

// ofLeg says that an event, which might be the terminal's, is a leg's.
func ofLeg(e Event) bool {
	switch e := e.(type) {
	case NoAnswer:
		return e.Leg != 0
	case DoubtTooOld:
		return e.Leg != 0
	}
	return false
}

func (p *Payment) impossible(e Event) error {
	return fmt.Errorf("payment %s: %s in state %q: %w", p.ID, Kind(e), p.State, ErrImpossible)
}

func (p *Payment) intend(e Intended) error {
	if len(e.Legs) == 0 || len(e.Legs) > MaxLegs {
		return fmt.Errorf("payment %s: %d legs: %w", e.ID, len(e.Legs), ErrImpossible)
	}
	*p = Payment{ID: e.ID, State: StateIntended, Amount: e.Amount, Rules: e.Rules, Intent: e.Account, IntendedAt: e.At}
	total := money.Of(0, e.Amount.Currency)
	for i, l := range e.Legs {
		sum, err := total.Add(l.Amount)
		if err != nil || !l.Amount.Positive() {
			return fmt.Errorf("payment %s: leg of %s: %w", e.ID, l.Amount, ErrImpossible)
		}
		total = sum
		p.Legs = append(p.Legs, Leg{Number: i + 1, Fee: l.Fee, Amount: l.Amount, State: LegWaiting})
	}
	if total != e.Amount {
		return fmt.Errorf("payment %s: legs make %s, not %s: %w", e.ID, total, e.Amount, ErrImpossible)
	}
	return nil
}

func (p *Payment) whileIntended(e Event) error {
	switch e := e.(type) {
	case Purchasing:
		p.State, p.Baseline = StatePurchasing, e.Baseline
	case Abandoned:
		p.State, p.Reason = StateAbandoned, e.Reason
	default:
		return p.impossible(e)
	}
	return nil
}

func (p *Payment) whilePurchasing(e Event) error {
	switch e := e.(type) {
	case ApprovalSeen: // saved before it is acknowledged; the terminal may still take it back
		p.State, p.Approval, p.ApprovedAt = StateApprovalSeen, &e.Approval, e.At
	case Declined:
		p.State, p.Reason = StateDeclined, e.Reason
	case Abandoned:
		p.State, p.Reason = StateAbandoned, e.Reason
	case NoAnswer: // lost answer, timeout or restart
		p.State, p.Reason, p.DoubtAt = StatePurchaseInDoubt, e.Reason, e.At
	default:
		return p.impossible(e)
	}
	return nil
}

func (p *Payment) whileApprovalSeen(e Event) error {
	switch e := e.(type) {
	case DialogueEnded:
		if p.Approval.Amount != p.Amount { // never split over fees in silence
			p.State, p.DoubtAt = StatePurchaseInDoubt, e.At
			p.openCase("the terminal approved " + p.Approval.Amount.String() + " instead of " + p.Amount.String())
			return nil
		}
		p.State, p.Slip = StateApproved, e.Slip
	case NoAnswer:
		p.State, p.Reason, p.DoubtAt = StatePurchaseInDoubt, e.Reason, e.At
	default:
		return p.impossible(e)
	}
	return nil
}

func (p *Payment) whilePurchaseInDoubt(e Event) error {
	if p.OpenCase {
		return p.impossible(e)
	}
	switch e := e.(type) {
	case PurchaseFound:
		if p.Approval == nil || e.Approval.Amount != p.Amount {
			p.Approval = &e.Approval
		}
		if p.Approval.Amount != p.Amount { // found, or seen before
			p.openCase("the terminal charged " + p.Approval.Amount.String() + " instead of " + p.Amount.String())
			return nil
		}
		p.State, p.Reason = StateApproved, ""
	case PurchaseNotFound:
		p.State, p.Reason = StateDeclined, e.Evidence
	case TerminalUnclear:
		p.unclear(e)
	case NoAnswer:
		return p.afterPowerCut(e)
	case DoubtTooOld:
		p.openCase("nobody could say in time whether the card was charged")
	default:
		return p.impossible(e)
	}
	return nil
}

// afterPowerCut counts the waits of a doubt anew: time is known within one boot only.
func (p *Payment) afterPowerCut(e NoAnswer) error {
	if p.DoubtAt.Boot == e.At.Boot {
		return p.impossible(e)
	}
	p.DoubtAt = e.At
	p.PowerCuts++
	return nil
}

func (p *Payment) unclear(e TerminalUnclear) {
	p.Unclear++
	if e.Final || p.Unclear >= p.Rules.UnclearLimit {
		p.openCase(e.Evidence)
	}
}

// openCase hands purchase or reversal to a person; no leg moves before the decision.
func (p *Payment) openCase(reason string) {
	p.OpenCase, p.Reason = true, reason
	for i := range p.Legs {
		p.Legs[i].State = LegOpenCase
	}
}

func (p *Payment) whileApproved(e Event) error {
	switch e := e.(type) {
	case AccountRead:
		return p.onLeg(e.Leg, e, func(l *Leg) bool { return p.accountRead(l, e) })
	case AccountRefused:
		return p.onLeg(e.Leg, e, func(l *Leg) bool { return l.accountRefused(e) })
	case Answered:
		return p.onLeg(e.Leg, e, func(l *Leg) bool { return l.answered(e) })
	case NotPosted:
		return p.onLeg(e.Leg, e, func(l *Leg) bool { return l.notPosted() })
	case NoAnswer:
		return p.onLeg(e.Leg, e, func(l *Leg) bool { return l.noAnswer(e) })
	case DoubtTooOld:
		return p.onLeg(e.Leg, e, func(l *Leg) bool { return l.tooOld() })
	case ReversalWindowEnded:
		p.Superseded = true
		return nil
	}
	return p.impossible(e)
}

// onLeg lets an event move one leg; move says whether it could.
func (p *Payment) onLeg(number int, e Event, move func(*Leg) bool) error {
	l, err := p.leg(number)
	if err != nil {
		return fmt.Errorf("%w: %w", err, ErrImpossible)
	}
	if !move(l) {
		return fmt.Errorf("payment %s: %s for leg %d in state %q: %w", p.ID, Kind(e), number, l.State, ErrImpossible)
	}
	return nil
}

func (p *Payment) accountRead(l *Leg, e AccountRead) bool {
	switch l.State {
	case LegWaiting:
		return p.readBeforePosting(l, e)
	case LegPostingInDoubt:
		return p.readInDoubt(l, e)
	}
	return false
}

// readBeforePosting saves the snapshot and with it the intent to post; a fee that is gone or changed since the
// patron confirmed is not posted. Legs go one after the other, so that no reading shows another leg's posting.
func (p *Payment) readBeforePosting(l *Leg, e AccountRead) bool {
	if slices.ContainsFunc(p.Legs[:l.Number-1], func(earlier Leg) bool { return earlier.State.moving() }) {
		return false
	}
	if l.Attempts > 0 && e.Account.Booked != nil && *e.Account.Booked != 0 {
		l.bookedLate(e)
		return true
	}
	if l.Attempts > 0 && e.Account.Mark != l.Snapshot.Mark {
		l.openCase("the account is made of other charges after a posting in doubt")
		return true
	}
	if e.Account.Total.Currency != p.Amount.Currency || e.Account.balance(l.Fee) != p.Intent.balance(l.Fee) {
		if l.Attempts > 0 { // was it the posting in doubt after all, or the desk?
			l.openCase("the fee changed after a posting in doubt")
			return true
		}
		l.State, l.Reason = LegRefused, "the fee changed before it could be booked"
		return true
	}
	l.State, l.Snapshot = LegPosting, e.Account
	l.Attempts++
	return true
}

// bookedLate ends a leg that was about to be posted again when its reference turned up: the first posting was applied
// after two readings that did not show it.
func (l *Leg) bookedLate(e AccountRead) {
	if Judge(l.Snapshot, e.Account, *l) == Applied {
		l.State, l.Proof = LegPosted, ByReference
		return
	}
	l.openCase("another amount than this payment is booked under its reference")
}

// readInDoubt follows the way out of doubt: "applied" by one reading after the quiet time, "not applied" only by
// two equal ones with a gap between them, anything else is a person's to decide. After a plain no, one untouched
// account is enough to give the money back.
func (p *Payment) readInDoubt(l *Leg, e AccountRead) bool {
	verdict := Judge(l.Snapshot, e.Account, *l)
	if verdict != e.Verdict {
		return false
	}
	quiet := e.At.left(l.DoubtAt, p.Rules.Quiet) == 0
	switch {
	case verdict == NotApplied && l.SaidNo:
		l.State, l.Reason = LegRefused, "the library system refused the payment"
	case !quiet && l.SaidNo: // the account moves: look again when it must have come to rest
		l.ReadOnce = true
		l.ReadAt = e.At
	case !quiet:
		return false
	case verdict == Applied:
		l.State, l.Proof = LegPosted, e.Account.proof()
	case verdict == Unclear:
		l.openCase("the account moved in another way than by this payment")
	case !l.ReadOnce:
		l.ReadOnce, l.ReadAt = true, e.At
	case e.At.left(l.ReadAt, p.Rules.Gap) > 0:
		return false
	case l.Attempts > p.reposts(l):
		l.openCase("posted " + fmt.Sprint(l.Attempts) + " times, and the account never showed it")
	default: // the recorded verdict "not applied" allows one more posting
		l.State, l.ReadOnce = LegWaiting, false
	}
	return true
}

// reposts is how often a leg may be posted again. More than once only where the library system itself refuses a double,
// which it does for whole fees: of a fee that is paid in part, a second part is no overpayment.
func (p *Payment) reposts(l *Leg) int {
	if l.Amount.Minor < p.Intent.balance(l.Fee) {
		return min(1, p.Rules.Reposts)
	}
	return p.Rules.Reposts
}

func (l *Leg) accountRefused(e AccountRefused) bool {
	switch {
	case l.State == LegWaiting && l.Attempts == 0:
		l.State, l.Reason = LegRefused, e.Reason
	case l.State == LegWaiting, l.State == LegPostingInDoubt: // it may be booked after all
		l.openCase(e.Reason)
	default:
		return false
	}
	return true
}

func (l *Leg) answered(e Answered) bool {
	if l.State != LegPosting {
		return false
	}
	if e.Accepted {
		l.State, l.Proof, l.BookingNumber = LegPosted, ByAnswer, e.BookingNumber
		return true
	}
	l.doubt(e.At) // some systems say no after booking
	l.SaidNo = true
	return true
}

func (l *Leg) notPosted() bool {
	if l.State != LegPosting {
		return false
	}
	l.State = LegWaiting
	l.Attempts--
	return true
}

func (l *Leg) noAnswer(e NoAnswer) bool {
	switch {
	case l.State == LegPosting:
		l.doubt(e.At)
		l.Reason, l.SaidNo = e.Reason, false
	case l.State == LegPostingInDoubt && l.DoubtAt.Boot != e.At.Boot: // after a power cut all waits are counted anew
		l.DoubtAt, l.ReadOnce = e.At, false
		l.PowerCuts++
	default:
		return false
	}
	return true
}

func (l *Leg) doubt(at Stamp) {
	l.State, l.DoubtAt, l.ReadOnce, l.PowerCuts = LegPostingInDoubt, at, false, 0
}

func (l *Leg) tooOld() bool {
	if l.State != LegPostingInDoubt {
		return false
	}
	l.openCase("the doubt could not be ended in time")
	return true
}

func (l *Leg) openCase(reason string) { l.State, l.Reason = LegOpenCase, reason }

// settle decides what follows by itself after an event: the way back for refused legs, and the end.
func (p *Payment) settle(at Stamp) {
	if p.State != StateApproved {
		return
	}
	p.refuseWithoutPIN()
	refused, moving, other := p.count()
	switch {
	case refused == 0:
	case moving == 0 && other == 0 && p.reversible(at):
		p.State = StateReversing
		return
	case other > 0 || !p.reversible(at):
		p.refundRefused()
	}
	p.closeIfEnded()
}

// refuseWithoutPIN gives up what can no longer be posted.
func (p *Payment) refuseWithoutPIN() {
	if !p.PINGone {
		return
	}
	for i := range p.Legs {
		if l := &p.Legs[i]; l.State == LegWaiting {
			l.State, l.Reason = LegRefused, "it could not be booked while the patron's PIN was there"
		}
	}
}

func (p *Payment) count() (refused, moving, other int) {
	for _, l := range p.Legs {
		switch {
		case l.State == LegRefused:
			refused++
		case l.State.moving():
			moving++
		default:
			other++
		}
	}
	return
}

// reversible says whether we may still take the whole purchase back by ourselves.
func (p *Payment) reversible(at Stamp) bool {
	return !p.Rules.RefundOnly && !p.Superseded && p.Approval != nil && at.left(p.ApprovedAt, p.Rules.ReversalWindow) > 0 &&
		p.ApprovedAt.Boot == at.Boot && at.Boot != ""
}

func (p *Payment) refundRefused() {
	for i := range p.Legs {
		if p.Legs[i].State == LegRefused {
			p.Legs[i].State = LegRefundDue
		}
	}
}

func (p *Payment) closeIfEnded() {
	for _, l := range p.Legs {
		if !l.State.Ended() {
			return
		}
	}
	p.State = StateClosed
}

func (p *Payment) whileReversing(e Event) error {
	switch e := e.(type) {
	case Reversed:
		p.State = StateReversed
	case NotReversed:
		p.notReversed(e.Reason)
	case ReversalNotSent: // still ours to decide: again while the window is open, else a refund at the desk
		p.State, p.Reason = StateApproved, e.Reason
		p.Unclear++
	case NoAnswer:
		p.State, p.Reason, p.DoubtAt, p.Unclear, p.PowerCuts = StateReversalInDoubt, e.Reason, e.At, 0, 0
	default:
		return p.impossible(e)
	}
	return nil
}

func (p *Payment) whileReversalInDoubt(e Event) error {
	if p.OpenCase {
		return p.impossible(e)
	}
	switch e := e.(type) {
	case Reversed:
		p.State = StateReversed
	case NotReversed:
		p.notReversed(e.Reason)
	case TerminalUnclear:
		p.unclear(e)
	case NoAnswer:
		return p.afterPowerCut(e)
	case DoubtTooOld:
		p.openCase("nobody could say in time whether the purchase was taken back")
	default:
		return p.impossible(e)
	}
	return nil
}

func (p *Payment) notReversed(reason string) {
	p.State, p.Reason = StateApproved, reason
	p.refundRefused()
}

func (p *Payment) refundDone(e RefundDone) error {
	if err := signed(e.Staff, e.Note); err != nil {
		return err
	}
	if p.State != StateApproved {
		return p.impossible(e)
	}
	return p.onLeg(e.Leg, e, func(l *Leg) bool {
		if l.State != LegRefundDue {
			return false
		}
		l.State = LegRefunded
		return true
	})
}

// resolve carries out what staff decided about an open case.
func (p *Payment) resolve(e CaseResolved) error {
	if err := signed(e.Staff, e.Note); err != nil {
		return err
	}
	if e.Leg == 0 {
		return p.resolveTerminal(e)
	}
	if p.State != StateApproved {
		return fmt.Errorf("payment %s: leg %d is no open case of its own: %w", p.ID, e.Leg, ErrImpossible)
	}
	return p.onLeg(e.Leg, e, func(l *Leg) bool { return l.resolve(e.As) })
}

func (p *Payment) resolveTerminal(e CaseResolved) error {
	if !p.OpenCase {
		return fmt.Errorf("payment %s: no open case at the terminal: %w", p.ID, ErrImpossible)
	}
	switch {
	case p.State == StatePurchaseInDoubt && e.As == ResolvedCharged && p.Approval != nil && p.Approval.Amount != p.Amount:
		return fmt.Errorf("payment %s: the terminal charged %s instead of %s; take it back at the terminal, then resolve as %s: %w",
			p.ID, p.Approval.Amount, p.Amount, ResolvedNotCharged, ErrImpossible)
	case p.State == StatePurchaseInDoubt && e.As == ResolvedCharged:
		p.State = StateApproved
		p.setLegs(LegWaiting)
	case p.State == StatePurchaseInDoubt && e.As == ResolvedNotCharged:
		p.State = StateDeclined
	case p.State == StateReversalInDoubt && e.As == ResolvedReversed:
		p.State = StateReversed
	case p.State == StateReversalInDoubt && e.As == ResolvedRefundDue:
		p.State = StateApproved
		p.setLegs(LegRefundDue)
	default:
		return fmt.Errorf("payment %s: %q cannot be resolved as %s: %w", p.ID, p.State, e.As, ErrImpossible)
	}
	p.OpenCase, p.Superseded = false, true
	return nil
}

func (p *Payment) setLegs(s LegState) {
	for i := range p.Legs {
		p.Legs[i].State = s
	}
}

func (l *Leg) resolve(as Resolution) bool {
	if l.State != LegOpenCase {
		return false
	}
	switch as {
	case ResolvedPosted:
		l.State, l.Proof = LegPosted, ByStaff
	case ResolvedRefundDue:
		l.State = LegRefundDue
	case ResolvedWrittenOff:
		l.State = LegWrittenOff
	default:
		return false
	}
	return true
}

// confirm ticks off a leg that was posted by account. It moves nothing: the leg was posted before, and stays so.
func (p *Payment) confirm(e PostingConfirmed) error {
	if err := signed(e.Staff, e.Note); err != nil {
		return err
	}
	l, err := p.leg(e.Leg)
	if err != nil {
		return fmt.Errorf("%w: %w", err, ErrImpossible)
	}
	if l.State != LegPosted || l.Proof != ByAccount {
		return fmt.Errorf("payment %s: leg %d is %s %s, there is nothing to confirm: %w", p.ID, e.Leg, l.State, l.Proof, ErrImpossible)
	}
	l.Proof = ByAccountConfirmed
	return nil
}

// signed refuses a decision without a name and a reason.
func signed(staff, note string) error {
	if staff == "" || note == "" {
		return fmt.Errorf("a decision needs the staff member's name and a note: %w", ErrImpossible)
	}
	return nil
}
