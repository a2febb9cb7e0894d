package payment

import (
	"fmt"
	"time"

	"selfpay/device/money"
)

// ID names a payment: the ledger's epoch, drawn at random when a ledger is created, and a number counted up in it.
type ID struct {
	Epoch  int   `json:"epoch"`  // 1000 to 9999
	Number int64 `json:"number"` // from 1
}

// MaxNumber is the last payment number of an epoch: a reference holds six digits.
const MaxNumber = 999_999

// MaxLegs is how many legs a payment may have: a reference holds two digits.
const MaxLegs = 99

// String is the patron's code on screen and receipt, "4821-123".
func (id ID) String() string { return fmt.Sprintf("%04d-%d", id.Epoch, id.Number) }

// Reference is the transaction id (BK) of one leg, "4821-000123-01": the same on every attempt.
func (id ID) Reference(leg int) string {
	return fmt.Sprintf("%04d-%06d-%02d", id.Epoch, id.Number, leg)
}

// ParseID reads the patron's code.
func ParseID(code string) (ID, error) {
	var id ID
	var rest string
	if n, _ := fmt.Sscanf(code, "%d-%d%s", &id.Epoch, &id.Number, &rest); n != 2 || id.String() != code || id.Epoch < 1000 || id.Number < 1 {
		return ID{}, fmt.Errorf("%.20q is no payment code such as 4821-123", code)
	}
	return id, nil
}

// State is where a payment stands.
type State string

const (
	StateIntended        State = "intended"          // nothing asked
	StatePurchasing      State = "purchasing"        // the card may be charged
	StatePurchaseInDoubt State = "purchase in doubt" // the answer is lost: the terminal's last result decides
	StateApprovalSeen    State = "approval seen"     // approved, dialogue not ended: the terminal may take it back
	StateApproved        State = "approved"          // charged; its legs are posted
	StateDeclined        State = "declined"          // not charged
	StateAbandoned       State = "abandoned"         // never asked
	StateReversing       State = "reversing"         // the purchase may be undone
	StateReversalInDoubt State = "reversal in doubt"
	StateReversed        State = "reversed"
	StateClosed          State = "closed" // every leg has ended
)

// Ended says that nothing can follow, not even by a person.
func (s State) Ended() bool {
	switch s {
	case StateDeclined, StateAbandoned, StateReversed, StateClosed:
		return true
	}
	return false
}

// TerminalInDoubt says that the terminal may have done something we do not know of.
func (s State) TerminalInDoubt() bool {
	return s == StatePurchaseInDoubt || s == StateReversalInDoubt
}

// Captured says that the purchase stands at the terminal, as far as the ledger knows.
func (s State) Captured() bool {
	switch s {
	case StateApproved, StateReversing, StateReversalInDoubt, StateClosed:
		return true
	}
	return false
}

// LegState is where one leg stands, once the purchase is approved.
type LegState string

const (
	LegWaiting        LegState = "waiting"
	LegPosting        LegState = "posting"
	LegPostingInDoubt LegState = "posting in doubt"
	LegRefused        LegState = "refused" // the library does not want it; the money goes back
	LegPosted         LegState = "posted"
	LegRefundDue      LegState = "refund due"
	LegRefunded       LegState = "refunded"
	LegOpenCase       LegState = "open case"
	LegWrittenOff     LegState = "written off"
)

// Ended says that nothing can follow for the leg.
func (s LegState) Ended() bool { return s == LegPosted || s == LegRefunded || s == LegWrittenOff }

// moving says that the leg's own posting is still going on.
func (s LegState) moving() bool {
	return s == LegWaiting || s == LegPosting || s == LegPostingInDoubt
}

// Proof is why a leg counts as posted.
type Proof string

const (
	ByAnswer    Proof = "by answer"
	ByReference Proof = "by reference" // the library shows the booking under our reference: as good as an answer
	ByAccount   Proof = "by account"   // weaker: a desk payment of the same fee looks the same
	ByStaff     Proof = "by staff"

	ByAccountConfirmed Proof = "by account, confirmed" // staff has found the posting itself
)

// Payment is what the events so far add up to.
type Payment struct {
	ID         ID           `json:"id"`
	State      State        `json:"state"`
	Amount     money.Amount `json:"amount"`
	Rules      Rules        `json:"rules"`
	Legs       []Leg        `json:"legs"`
	Intent     Reading      `json:"intent"` // the account when the patron confirmed
	Baseline   *Transaction `json:"baseline,omitempty"`
	Approval   *Approval    `json:"approval,omitempty"`
	Slip       CardSlip     `json:"slip"`
	Reason     string       `json:"reason,omitempty"` // why declined, abandoned, in doubt or an open case; for staff
	IntendedAt Stamp        `json:"intended_at"`
	ApprovedAt Stamp        `json:"approved_at"`          // when the approval was seen; zero where it was only found later
	DoubtAt    Stamp        `json:"doubt_at"`             // when purchase or reversal came into doubt
	PowerCuts  int          `json:"power_cuts,omitempty"` // boots that this doubt has outlived
	Unclear    int          `json:"unclear,omitempty"`    // answers of the terminal that proved nothing
	Superseded bool         `json:"superseded,omitempty"` // another purchase or an end of day ran since: no reversal
	OpenCase   bool         `json:"open_case,omitempty"`  // purchase or reversal is an open case
	PINGone    bool         `json:"pin_gone,omitempty"`   // nothing more can be posted where the PIN is needed
	Receipts   int          `json:"receipts,omitempty"`   // receipts printed, or perhaps printed
	ChangedAt  Stamp        `json:"changed_at"`
}

// Leg is one posting: one fee, or the whole account where the library names no fees.
type Leg struct {
	Number    int          `json:"number"` // from 1
	Fee       string       `json:"fee,omitempty"`
	Amount    money.Amount `json:"amount"`
	State     LegState     `json:"state"`
	Proof     Proof        `json:"proof,omitempty"`
	Attempts  int          `json:"attempts,omitempty"`   // postings that may have left
	Snapshot  Reading      `json:"snapshot"`             // the account right before the attempt
	DoubtAt   Stamp        `json:"doubt_at"`             // when the posting came into doubt
	PowerCuts int          `json:"power_cuts,omitempty"` // boots that this doubt has outlived
	SaidNo    bool         `json:"said_no,omitempty"`    // the library answered no
	ReadOnce  bool         `json:"read_once,omitempty"`  // one reading in doubt was taken that does not decide alone
	ReadAt    Stamp        `json:"read_at"`              // when that was
	Reason    string       `json:"reason,omitempty"`     // why refused or an open case; for staff

	BookingNumber string `json:"booking_number,omitempty"` // the library's own number of the booking, where it gave one
}

// Reading is an account at one moment: fee ids and balances, no titles, no names.
type Reading struct {
	Fees  []Balance    `json:"fees,omitempty"`
	Total money.Amount `json:"total"`
	Mark  string       `json:"mark,omitempty"` // tells accounts of the same balances apart, where the library shows what they are made of

	// Booked is what the library has booked under the leg's reference, in minor units; nil where it was not looked for.
	Booked *int64 `json:"booked,omitempty"`
}

// Balance is what is outstanding on one fee.
type Balance struct {
	Fee   string `json:"fee"` // empty where fees have no ids
	Minor int64  `json:"minor"`
}

// balance finds the fee, 0 if it is gone. The whole account is the fee with no id.
func (r Reading) balance(fee string) int64 {
	if fee == "" {
		return r.Total.Minor
	}
	for _, b := range r.Fees {
		if b.Fee == fee {
			return b.Minor
		}
	}
	return 0
}

// Rules are the limits that hold for one payment, taken from the configuration and the library's profile when it
// was intended and kept with it, so that an old payment folds the same for ever.
type Rules struct {
	Quiet          time.Duration `json:"quiet"`                 // a posting is applied within this time or never
	Gap            time.Duration `json:"gap"`                   // between the two readings that prove "not applied"
	ReversalWindow time.Duration `json:"reversal_window"`       // after the approval, in which we reverse by ourselves
	DoubtLimit     time.Duration `json:"doubt_limit"`           // after this every doubt is an open case
	Reposts        int           `json:"reposts"`               // postings after the first, each with the verdict "not applied"
	UnclearLimit   int           `json:"unclear_limit"`         // answers of the terminal that prove nothing, before staff is called
	RefundOnly     bool          `json:"refund_only,omitempty"` // what the library refuses is paid back at the desk, not at the terminal

	// PINNeeded: the library wants the patron's PIN with each posting. The PIN lives in memory only, for PINLife after
	// the approval, so what is not posted by then goes back to the patron.
	PINNeeded bool          `json:"pin_needed,omitempty"`
	PINLife   time.Duration `json:"pin_life,omitempty"`
}

// StandardRules are the rules where nothing else is configured: quiet is the library profile's quiet time.
func StandardRules(quiet time.Duration, overpaymentRefused bool) Rules {
	r := Rules{
		Quiet:          quiet,
		Gap:            min(quiet, 60*time.Second),
		ReversalWindow: 120 * time.Second,
		DoubtLimit:     24 * time.Hour,
		Reposts:        1,
		UnclearLimit:   5,
		PINLife:        60 * time.Second,
	}
	if overpaymentRefused {
		r.Reposts = 2
	}
	return r
}

// doubtLimit halves with every power cut, since the time before it is not counted: a station that is switched off every
// night would else keep a doubt for ever.
func (r Rules) doubtLimit(powerCuts int) time.Duration { return r.DoubtLimit >> powerCuts }

// Stamp is when something happened: the wall clock, which only labels, and the monotonic clock of one boot, which
// counts.
type Stamp struct {
	Wall time.Time     `json:"wall"`
	Boot string        `json:"boot,omitempty"`
	Mono time.Duration `json:"mono,omitempty"` // since that boot
}

// firstYear is that of this software: no station ran before.
const firstYear = 2026

// Dated says whether the clock on the wall can have been right. A machine without a clock of its own starts in 1970 or 2001; what
// is done then is in order, by its number, and has no day.
func (s Stamp) Dated() bool { return s.Wall.Year() >= firstYear }

// Since is the time from earlier to s. It is known only within one boot.
func (s Stamp) Since(earlier Stamp) (time.Duration, bool) {
	if s.Boot == "" || s.Boot != earlier.Boot || s.Mono < earlier.Mono {
		return 0, false
	}
	return s.Mono - earlier.Mono, true
}

// left is how much of wait is still to pass at s, counted from begin; all of it where that cannot be known.
func (s Stamp) left(begin Stamp, wait time.Duration) time.Duration {
	passed, known := s.Since(begin)
	if !known {
		return wait
	}
	return max(0, wait-passed)
}

// Approval is the terminal's yes, in the terminal's own numbers.
type Approval struct {
	Amount            money.Amount `json:"amount"`
	Receipt           int          `json:"receipt"`
	Trace             int          `json:"trace"`
	Turnover          int          `json:"turnover,omitempty"`
	TerminalID        string       `json:"terminal_id,omitempty"`
	AuthorisationCode string       `json:"authorisation_code,omitempty"`
	MaskedPAN         string       `json:"masked_pan,omitempty"`
	CardName          string       `json:"card_name,omitempty"`
	Date              string       `json:"date,omitempty"`
	Time              string       `json:"time,omitempty"`
	Offline           bool         `json:"offline,omitempty"`
}

// CardSlip is the text the terminal wants on the receipts.
type CardSlip struct {
	Customer []string `json:"customer,omitempty"`
	Merchant []string `json:"merchant,omitempty"`
}

// Transaction is one transaction as the terminal remembers it.
type Transaction struct {
	Kind          string   `json:"kind"`
	Approved      bool     `json:"approved"`
	ResultCode    string   `json:"result_code,omitempty"`
	OriginalTrace int      `json:"original_trace,omitempty"`
	Approval      Approval `json:"approval"`
}

// leg finds a leg by its number.
func (p *Payment) leg(number int) (*Leg, error) {
	if number < 1 || number > len(p.Legs) {
		return nil, fmt.Errorf("payment %s has no leg %d", p.ID, number)
	}
	return &p.Legs[number-1], nil
}

// Fees lists the ids of the fees that must not be paid again while this payment goes on; whole says that the whole
// account must not.
func (p Payment) Fees() (ids []string, whole bool) {
	if p.State.Ended() {
		return nil, false
	}
	for _, l := range p.Legs {
		if !l.State.moving() && l.State != LegOpenCase && l.State != LegRefused {
			continue
		}
		if l.Fee == "" {
			whole = true
		}
		ids = append(ids, l.Fee)
	}
	return ids, whole
}
