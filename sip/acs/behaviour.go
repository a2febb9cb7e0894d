package acs

import (
	"slices"
	"time"

	"selfpay/sip/wire"
)

// Mode is which make of library system this behaves like, or one way in which library systems misbehave.
type Mode string

// The modes. From Pool to Joined they are Generic with one thing made difficult.
const (
	Koha      Mode = "koha"
	Generic   Mode = "generic"
	Evergreen Mode = "evergreen"
	FOLIO     Mode = "folio"
	Totals    Mode = "totals" // no fee list at all
	Pool      Mode = "pool"   // accepts more connections than it serves: the others' login gets no answer
	LateApply Mode = "late"   // answers no 37, and applies it later, also when nobody waits any more
	IdleClose Mode = "idle"   // closes connections that are silent for a while
	LF        Mode = "lf"     // the LF of CR LF comes with the next message only
	Split     Mode = "split"  // writes one byte per segment
	Joined    Mode = "joined" // writes several answers in one segment
	// Makes of which a part is known. What is unknown is as in Generic.
	CARLX    Mode = "carlx"
	AlephStd Mode = "aleph-std" // tpl_extensions=N
	AlephTPL Mode = "aleph-tpl" // tpl_extensions=Y; what each field means is inferred
	Polaris  Mode = "polaris"
	Sierra   Mode = "sierra"
)

// FeeForm is how fees stand in Patron Information.
type FeeForm string

// The forms, each from the source beside it.
const (
	FeesKoha     FeeForm = "koha"      // AV "<id> <kind> <description> <amount>" (Koha 19.06 with av_field_template, measured)
	FeesText     FeeForm = "text"      // AV "<description>: <amount> <currency>", without an id
	FeesEGLegacy FeeForm = "eg_legacy" // AV "<amount> <kind> <description>" (Evergreen Application/SIP2/Patron.pm)
	Fees3M       FeeForm = "3m"        // AV "<id> $<amount> "<LOST|FINE|FEE>" <description>" (same)
	FeesSwyerA   FeeForm = "swyer_a"   // as 3m (same)
	FeesSwyerB   FeeForm = "swyer_b"   // AV "Charge-Number: <id>, Amount-Due: <amount>, Fine-Type: <kind>, Title: <description>" (same)
	FeesFOLIO    FeeForm = "folio"     // AV item barcode, then groups CG FA FB FC FD FE FF (edge-sip2 PatronInformationResponse.ftl)
	FeesFSIP2    FeeForm = "fsip2"     // AV "<account uuid> <amount> "<kind>" <description>" (fsip2 documentation/fee_fines.md)
	FeesCARLX    FeeForm = "carlx"     // AV "I<id>^T<description>^F<amount>^S<kind>" (Aspen-Discovery Nashville.php, the order is ours)
	FeesAleph    FeeForm = "aleph"     // groups EK EI EA ET EF: key, amount, description (the fields: vendor; their meaning: inferred)
	FeesNone     FeeForm = "none"      // BV only
)

// Overpayment is what happens to a payment of more than is owed.
type Overpayment string

// The answers to too much.
const (
	ToCredit      Overpayment = "credit"     // accepted; what is too much is the patron's credit
	Refused       Overpayment = "refused"    // compared exactly and refused
	RefusedRound  Overpayment = "two-digits" // compared on two significant digits first, exactly by the backend (edge-sip2)
	RefusedByLine Overpayment = "dies"       // refused; with CG the process dies before it has answered (Evergreen SIPServer)
	Capped        Overpayment = "capped"     // accepted; only what is owed is booked, and FG says how much (fsip2)
)

// Stranger is what happens to a message before the login.
type Stranger string

// The answers to a message before the login.
const (
	Ignored Stranger = "ignored" // no answer; the connection stands (edge-sip2)
	HungUp  Stranger = "hung-up" // no answer and the connection is closed (Koha)
)

// Behaviour is how a library system differs from others: one line per observation. The modes are behaviours; a test
// may also set its own.
type Behaviour struct {
	Stranger         Stranger
	LoginClosesOnNo  bool   // a refused login ends the connection
	InstitutionLast  bool   // AO comes last
	LineEnd          string // empty means CR
	Fees             FeeForm
	ZeroUnsaid       bool // no BV when nothing is owed
	ShortAmounts     bool // "5" for 5.00
	FeeLimit         string
	PadsLists        bool   // to BQ with blank entries
	NamesCurrency    bool   // BH
	SaysCredit       bool   // credit stands in AF and nowhere else
	TakesFeeIDs      bool   // CG names a fee
	ChecksOwner      bool   // CG must be the patron's own
	UnknownFeeIsAll  bool   // a CG that is no fee id pays the account
	NamedFeesOnly    bool   // a 37 without CG is refused (fsip2 without acceptBulkPayment)
	OwnReference     bool   // BK in 38 is a receipt number of the library system's own (CARL.X from 9.6 on)
	FirstAZ          bool   // looks for the first "AZ", and so rejects data that holds it (fsip2 checksum.go, run)
	Zone             string // of dates; empty means four blanks (Sierra "0000", others "UTC ")
	Over             Overpayment
	Pairs            bool         // a 37 names its fees by pairs of BZ, the amount, and EK, the key (Aleph with tpl_extensions=Y, inferred)
	OwnFields        []wire.Field // at the end of 64, with a meaning of its own (Polaris FA and PA)
	WholeOnly        bool         // a 37 of less than is owed is refused (Aleph with tpl_extensions=N)
	PaymentTypes     []string     // the only ones; another is an error of the whole request, without an answer (KCLS payment.rs)
	ElseAll          bool         // a CG that names no open fee pays the whole account (fsip2 with acceptBulkPayment, fee_paid.go)
	Evenly           bool         // a payment of the whole account is split evenly; a share above its fee is not booked (same)
	StrangerDies     bool         // a 37 for an unknown patron dies before it has answered (Koha about 21 to 23, ILS.pm)
	SilentOwner      bool         // 38N for another patron's fee has no AF (Evergreen Application/SIP2/Payment.pm, KCLS payment.rs)
	ReadsAnyAmount   bool         // a BV that is no amount counts as what it begins with; a negative one makes a debt
	EchoesReference  bool         // BK in 38
	KeepsApproval    bool         // BK is seen by staff as approval code, for payment types 01 and 02
	SilentRefusal    bool         // 38N has no AF, save for an unknown patron
	ExecutesCut      bool         // a message that the end of the stream has cut
	Replays          bool         // the stored answer for a message with the AY and AZ of the one before
	PlainTextFaults  bool         // what cannot be handled is answered with a line that is no SIP2
	LateApply        time.Duration
	IdleClose        time.Duration
	Served           int  // connections served at a time; 0 means all
	SplitWrites      bool // one byte per write
	JoinWrites       bool // what is waiting goes out in one write
	LateLF           bool // the LF of CR LF is written with the next message
	ResendsZero      bool // the answer to 97 has AY0
	ForgetsSums      bool // looks at AZ only where Config.NeedAZ asks for it
	EscapesDelimiter bool // a delimiter in a value becomes "&#124;"
	CutsValues       int  // characters of a value; 0 means all
}

// modes are the behaviours by name. Sources: Koha 19.06 C4::SIP (measured); Evergreen OpenILS/SIP and
// Application/SIP2 (read), with the line's manners those of Koha, whose SIP server has the same origin; FOLIO edge-sip2
// MainVerticle.java, FeeFinesRepository.java and its templates (read); CARL.X, Aleph, Polaris and Sierra what the fields of
// Behaviour say of them, and else Generic.
var modes = map[Mode]Behaviour{
	Koha: {Stranger: HungUp, LoginClosesOnNo: true, InstitutionLast: true, LineEnd: "\r\n", Fees: FeesKoha, ZeroUnsaid: true, ShortAmounts: true,
		FeeLimit: "5", PadsLists: true, SaysCredit: true, TakesFeeIDs: true, Over: ToCredit, ReadsAnyAmount: true, EchoesReference: true,
		SilentRefusal: true, ExecutesCut: true, ResendsZero: true, EscapesDelimiter: true},
	Evergreen: {Stranger: HungUp, LoginClosesOnNo: true, LineEnd: "\r\n", Fees: Fees3M, ZeroUnsaid: true, NamesCurrency: true, TakesFeeIDs: true,
		ChecksOwner: true, Over: RefusedByLine, EchoesReference: true, ResendsZero: true, KeepsApproval: true},
	FOLIO: {Stranger: Ignored, Fees: FeesFOLIO, NamesCurrency: true, TakesFeeIDs: true, ChecksOwner: true, UnknownFeeIsAll: true, Over: RefusedRound,
		EchoesReference: true, Replays: true, PlainTextFaults: true, ForgetsSums: true, CutsValues: 255},
	Generic:   generic(func(*Behaviour) {}),
	Totals:    generic(func(b *Behaviour) { b.Fees = FeesNone }),
	Pool:      generic(func(b *Behaviour) { b.Served = 1 }),
	LateApply: generic(func(b *Behaviour) { b.LateApply = 20 * time.Second }),
	IdleClose: generic(func(b *Behaviour) { b.IdleClose = 600 * time.Second }),
	LF:        generic(func(b *Behaviour) { b.LateLF = true }),
	Split:     generic(func(b *Behaviour) { b.SplitWrites = true }),
	Joined:    generic(func(b *Behaviour) { b.JoinWrites = true }),
	CARLX: generic(func(b *Behaviour) {
		b.Fees, b.TakesFeeIDs, b.NamedFeesOnly, b.OwnReference = FeesCARLX, true, true, true
	}),
	AlephStd: generic(func(b *Behaviour) { b.WholeOnly = true }),
	AlephTPL: generic(func(b *Behaviour) { b.Fees, b.Pairs = FeesAleph, true }),
	Polaris: generic(func(b *Behaviour) {
		b.FeeLimit, b.OwnFields = "9.99", []wire.Field{{ID: "FA", Value: "0.00"}, {ID: "PA", Value: "1"}, {ID: "U1", Value: "Main"}}
	}),
	Sierra: generic(func(b *Behaviour) { b.FeeLimit, b.Zone = "15.00", "0000" }),
}

func generic(change func(*Behaviour)) Behaviour {
	b := Behaviour{Stranger: Ignored, Fees: FeesText, NamesCurrency: true, Over: Refused, EchoesReference: true}
	change(&b)
	return b
}

// BehaviourOf is how a mode behaves.
func BehaviourOf(m Mode) (Behaviour, bool) {
	b, ok := modes[m]
	return b, ok
}

// Modes are the names of all modes, in order.
func Modes() []Mode {
	var all []Mode
	for m := range modes {
		all = append(all, m)
	}
	slices.Sort(all)
	return all
}
