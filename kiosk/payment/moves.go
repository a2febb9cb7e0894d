package payment

// Move is one permitted change of state, of a payment or of a leg. An event may lead to several states; If says when to
// which. Step does nothing that is not among Moves.
type Move struct {
	Of    string `json:"of"`              // "payment" or "leg"
	While State  `json:"while,omitempty"` // where a leg moves: the state of its payment before the event
	From  string `json:"from"`            // empty: there is no payment yet
	Event string `json:"event"`           // its name in the ledger; empty: it follows by itself once the payment is approved
	To    string `json:"to"`
	If    string `json:"if,omitempty"`
}

// AnyState stands for every state of a payment that was intended.
const AnyState State = "any state"

const follows = "" // no event of its own

type move[S State | LegState] struct {
	from  S
	event string
	to    S
	when  string
}

var paymentMoves = []move[State]{
	{"", "intended", StateIntended, ""},

	{StateIntended, "purchasing", StatePurchasing, ""},
	{StateIntended, "abandoned", StateAbandoned, ""},

	{StatePurchasing, "approval seen", StateApprovalSeen, ""},
	{StatePurchasing, "declined", StateDeclined, ""},
	{StatePurchasing, "abandoned", StateAbandoned, "not one byte left"},
	{StatePurchasing, "no answer", StatePurchaseInDoubt, ""},

	{StateApprovalSeen, "dialogue ended", StateApproved, ""},
	{StateApprovalSeen, "dialogue ended", StatePurchaseInDoubt, "another amount was approved: an open case"},
	{StateApprovalSeen, "no answer", StatePurchaseInDoubt, ""},

	{StatePurchaseInDoubt, "purchase found", StateApproved, ""},
	{StatePurchaseInDoubt, "purchase found", StatePurchaseInDoubt, "another amount was charged: an open case"},
	{StatePurchaseInDoubt, "purchase not found", StateDeclined, ""},
	{StatePurchaseInDoubt, "terminal unclear", StatePurchaseInDoubt, "asked again; at the limit, or where it has no answer ever, an open case"},
	{StatePurchaseInDoubt, "no answer", StatePurchaseInDoubt, "after a power cut: the waits begin anew"},
	{StatePurchaseInDoubt, "doubt too old", StatePurchaseInDoubt, "an open case"},
	{StatePurchaseInDoubt, "case resolved", StateApproved, "as charged, by staff"},
	{StatePurchaseInDoubt, "case resolved", StateDeclined, "as not charged, by staff"},

	{StateApproved, "reversal window ended", StateApproved, "no reversal any more"},
	{StateApproved, follows, StateReversing, "every leg is refused, inside the window, and nothing ran since"},
	{StateApproved, follows, StateClosed, "every leg has ended"},

	{StateReversing, "reversed", StateReversed, ""},
	{StateReversing, "not reversed", StateApproved, ""},
	{StateReversing, "reversal not sent", StateApproved, "reversed again while the window is open"},
	{StateReversing, "no answer", StateReversalInDoubt, ""},

	{StateReversalInDoubt, "reversed", StateReversed, ""},
	{StateReversalInDoubt, "not reversed", StateApproved, ""},
	{StateReversalInDoubt, "terminal unclear", StateReversalInDoubt, "asked again; at the limit, or where it has no answer ever, an open case"},
	{StateReversalInDoubt, "no answer", StateReversalInDoubt, "after a power cut: the waits begin anew"},
	{StateReversalInDoubt, "doubt too old", StateReversalInDoubt, "an open case"},
	{StateReversalInDoubt, "case resolved", StateReversed, "as reversed, by staff"},
	{StateReversalInDoubt, "case resolved", StateApproved, "as refund due, by staff"},

	{AnyState, "superseded", AnyState, "no reversal any more"},
	{AnyState, "pin gone", AnyState, "no posting any more, where the library wants the PIN"},
	{AnyState, "receipt printed", AnyState, ""},
}

var legMoves = []struct {
	while State
	moves []move[LegState]
}{
	{StateApprovalSeen, []move[LegState]{
		{LegWaiting, "dialogue ended", LegOpenCase, "another amount was approved"},
	}},
	{StatePurchaseInDoubt, []move[LegState]{
		{LegWaiting, "purchase found", LegOpenCase, "another amount was charged"},
		{LegWaiting, "terminal unclear", LegOpenCase, "at the limit"},
		{LegWaiting, "doubt too old", LegOpenCase, ""},
		{LegOpenCase, "case resolved", LegWaiting, "as charged, by staff"},
	}},
	{StateApproved, []move[LegState]{
		{LegWaiting, "account read", LegPosting, "the fee is as the patron confirmed it"},
		{LegWaiting, "account read", LegRefused, "the fee is gone or changed"},
		{LegWaiting, "account read", LegOpenCase, "the fee is gone or changed after a posting in doubt"},
		{LegWaiting, "account read", LegPosted, "a posting in doubt was applied late: its reference is there"},
		{LegWaiting, "account refused", LegRefused, ""},
		{LegWaiting, "account refused", LegOpenCase, "after a posting in doubt"},
		{LegWaiting, follows, LegRefused, "the PIN is needed and gone"},

		{LegPosting, "answered", LegPosted, "yes"},
		{LegPosting, "answered", LegPostingInDoubt, "no: the account is read first"},
		{LegPosting, "not posted", LegWaiting, "not one byte left"},
		{LegPosting, "no answer", LegPostingInDoubt, ""},

		{LegPostingInDoubt, "account read", LegPosted, "applied, after the quiet time"},
		{LegPostingInDoubt, "account read", LegRefused, "not applied, after a no"},
		{LegPostingInDoubt, "account read", LegPostingInDoubt, "one reading that does not decide alone"},
		{LegPostingInDoubt, "account read", LegWaiting, "not applied, twice: one more posting is allowed"},
		{LegPostingInDoubt, "account read", LegOpenCase, "unclear, or no more posting is allowed"},
		{LegPostingInDoubt, "account refused", LegOpenCase, ""},
		{LegPostingInDoubt, "no answer", LegPostingInDoubt, "after a power cut: the waits begin anew"},
		{LegPostingInDoubt, "doubt too old", LegOpenCase, ""},

		{LegRefused, follows, LegRefundDue, "no reversal any more"},
		{LegRefundDue, "refund done", LegRefunded, "by staff"},
		{LegOpenCase, "case resolved", LegPosted, "by staff"},
		{LegOpenCase, "case resolved", LegRefundDue, "by staff"},
		{LegOpenCase, "case resolved", LegWrittenOff, "by staff"},
		{LegPosted, "posting confirmed", LegPosted, "staff ticks off what was posted by account"},
	}},
	{StateClosed, []move[LegState]{
		{LegPosted, "posting confirmed", LegPosted, "staff ticks off what was posted by account"},
	}},
	{StateReversing, []move[LegState]{
		{LegRefused, "not reversed", LegRefundDue, ""},
	}},
	{StateReversalInDoubt, []move[LegState]{
		{LegRefused, "not reversed", LegRefundDue, ""},
		{LegRefused, "terminal unclear", LegOpenCase, "at the limit"},
		{LegRefused, "doubt too old", LegOpenCase, ""},
		{LegOpenCase, "case resolved", LegRefundDue, "as refund due, by staff"},
	}},
}

// Moves lists every permitted move: those of a payment, then those of a leg.
func Moves() []Move {
	all := listed(nil, "payment", "", paymentMoves)
	for _, group := range legMoves {
		all = listed(all, "leg", group.while, group.moves)
	}
	return all
}

func listed[S State | LegState](all []Move, of string, while State, moves []move[S]) []Move {
	for _, m := range moves {
		all = append(all, Move{Of: of, While: while, From: string(m.from), Event: m.event, To: string(m.to), If: m.when})
	}
	return all
}

// change is one permitted move without its words.
type change struct {
	while           State // empty for the payment itself
	from, event, to string
}

// happening is an event in a state of the payment.
type happening struct {
	in    State
	event string
}

// possible and permitted are the table, made ready to be asked.
var possible, permitted = indexed(Moves())

func indexed(moves []Move) (events map[happening]bool, changes map[change]bool) {
	events, changes = map[happening]bool{}, map[change]bool{}
	for _, m := range moves {
		changes[change{m.While, m.From, m.Event, m.To}] = true
		if m.Of == "payment" {
			m.While = State(m.From)
		}
		events[happening{m.While, m.Event}] = true
	}
	for _, first := range moves { // one thing that follows may bring the next
		for _, then := range moves {
			if first.Event == follows && then.Event == follows && first.While == then.While && first.To == then.From {
				changes[change{first.While, first.From, follows, then.To}] = true
			}
		}
	}
	return events, changes
}

// possible says whether the table has the event for the payment as it stands.
func (p Payment) possible(event string) bool {
	return possible[happening{p.State, event}] || p.State != "" && possible[happening{AnyState, event}]
}

// held says whether the table has everything that changed in the payment.
func (p Payment) held(before Payment, event string) bool {
	if p.State != before.State && !permitted[change{"", string(before.State), event, string(p.State)}] {
		return false
	}
	for i, l := range before.Legs {
		if now := p.Legs[i].State; now != l.State && !permitted[change{before.State, string(l.State), event, string(now)}] {
			return false
		}
	}
	return true
}
