package polaris

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/probe"
)

// Probe finds out at a site what the guide does not say, on a test patron. It pays with the smallest amounts and voids
// what it has paid. One serves one run.
type Probe struct {
	l    *Library
	cfg  Config
	log  *slog.Logger
	card string
	pin  string

	started int64         // makes the references of this run
	sent    int           // references used
	before  *ils.Account  // as it was before the first payment
	one     money.Amount  // the smallest amount
	charge  ils.Fee       // pays for the trials
	works   bool          // a payment was taken
	first   string        // the reference of that
	taken   []trial       // what was paid and must be voided
	quiet   time.Duration // that is enough, as seen

	partial, refusesMore, refusesAgain, readable bool
}

// trial is one payment of the probe.
type trial struct{ reference, number string }

var _ probe.Route = (*Probe)(nil)

// NewProbe makes the commissioning of a site. It opens nothing. The error is a mistake in the configuration.
func NewProbe(cfg Config, log *slog.Logger) (*Probe, error) {
	l, err := New(cfg, log)
	if err != nil {
		return nil, err
	}
	return &Probe{l: l, cfg: cfg, log: log, started: l.cfg.Now().Unix(), one: money.Of(1, cfg.Currency), quiet: l.profile.Traits.Quiet}, nil
}

// Steps are the questions in order.
func (p *Probe) Steps(patron ils.Patron) []probe.Step {
	p.card, p.pin = patron.Card, patron.PIN
	return []probe.Step{
		{Name: "clock", Question: "Do the clocks of library and kiosk agree?", Needed: true, Run: p.clock},
		{Name: "login", Question: "Are key, algorithm, address and staff user accepted?", Needed: true, Run: p.login},
		{Name: "permissions", Question: "May the key read all that the kiosk reads?", Needed: true, Run: p.permissions},
		{Name: "patron", Question: "Can the test patron's account be read exactly?", Needed: true, Run: p.patron},
		{Name: "money", Question: "In which form are amounts written?", Run: p.moneyForm},
		{Name: "workstation and user", Question: "Is a payment taken from this workstation and user?", Needed: true,
			Costs: "pays " + p.one.String() + " of a charge", Run: p.workstation},
		{Name: "partial", Question: "Did the charge fall by just that part?", Run: p.part},
		{Name: "reference", Question: "Is a payment listed with its whole note?", Run: p.reference},
		{Name: "overpayment", Question: "Is more than is owed refused?",
			Costs: "tries to pay " + p.one.String() + " more than is owed; where that is taken, it is voided at the end", Run: p.overpayment},
		{Name: "twice", Question: "Is a charge that is paid already refused?",
			Costs: "pays a small charge in full, and tries to pay it once more", Run: p.twice},
		{Name: "cut", Question: "Is a payment found whose connection broke right after it was sent?",
			Costs: "pays " + p.one.String() + " once more, and waits for up to " + p.quiet.String(), Run: p.cut},
		{Name: "void", Question: "Can what was paid here be taken back?", Costs: "voids the payments of this probe", Run: p.void},
	}
}

// Profile is what was found, as a site's profile. What was not found out stays at its careful value.
func (p *Probe) Profile() (string, error) {
	if !p.works {
		return "", errors.New("polaris: there is no profile to write: no payment was taken")
	}
	charge := p.l.profile.Pay == payCharge
	overpayment := p.refusesMore && (p.refusesAgain || !charge)
	return fmt.Sprintf(`# Polaris at this site, as the commissioning probe of %s found it.
pay = %q

[traits]
fee_ids = %t
partial = %t
overpayment_refused = %t
reference_readable = %t
quiet = %q
`, p.l.cfg.Now().UTC().Format("2006-01-02"), p.l.profile.Pay, charge, charge && p.partial, overpayment, p.readable, p.quiet), nil
}

func good(format string, values ...any) (probe.Finding, error) {
	return probe.Finding{Mark: probe.Good, Said: fmt.Sprintf(format, values...)}, nil
}

func careful(mend, format string, values ...any) (probe.Finding, error) {
	return probe.Finding{Mark: probe.Careful, Said: fmt.Sprintf(format, values...), Mend: mend}, nil
}

func bad(mend, format string, values ...any) (probe.Finding, error) {
	return probe.Finding{Mark: probe.Bad, Said: fmt.Sprintf(format, values...), Mend: mend}, nil
}

func skipped(why string) (probe.Finding, error) {
	return probe.Finding{Mark: probe.Skipped, Said: why}, nil
}

// noPayment is what a step says that needs the first payment.
const noPayment = "not asked: no payment was taken before"

// driftSaid is how far clocks may differ without a word.
const driftSaid = 5 * time.Minute

func (p *Probe) clock(ctx context.Context) (probe.Finding, error) {
	if _, err := p.l.papi.send(ctx, call{name: "api", method: http.MethodGet, path: p.l.papi.public("api"), unsigned: true}); err != nil {
		return probe.Finding{}, unreachable(err)
	}
	ahead, known := p.l.Clock()
	switch {
	case !known:
		return careful("", "the library's answers do not tell the time")
	case ahead.Abs() > mostDrift:
		return bad("set the clock of the kiosk or the library by a time service", "the library's clock is %s ahead of the kiosk's; calls fail at 30 minutes", ahead)
	case ahead.Abs() > driftSaid:
		return careful("look at the time services of both", "the library's clock is %s ahead of the kiosk's", ahead)
	}
	return good("the library's clock is %s ahead of the kiosk's", ahead)
}

// login tries the configured algorithm, and once the other one. Two logins are one less than what locks the user.
func (p *Probe) login(ctx context.Context) (probe.Finding, error) {
	_, err := p.l.session(ctx)
	if err == nil {
		return good("accepted with algorithm %s", p.l.cfg.Algorithm)
	}
	if !errors.Is(err, device.ErrAttention) || !strings.Contains(err.Error(), "HTTP 401") {
		return p.fault(err, "look at what is named")
	}
	other := p.cfg
	other.Algorithm = map[string]string{"sha1": "sha256", "sha256": "sha1"}[p.l.cfg.Algorithm]
	l, mistake := New(other, p.log)
	if mistake != nil {
		return probe.Finding{}, mistake
	}
	if _, err := l.session(ctx); err == nil {
		return bad(fmt.Sprintf("set algorithm = %q", other.Algorithm), "refused with algorithm %s and accepted with %s", p.l.cfg.Algorithm, other.Algorithm)
	}
	return bad("look at access_id, access_key and sign_as, then at login, password and domain; wait five minutes before the next try, or the user is locked",
		"refused with both algorithms (HTTP 401)")
}

// fault is a finding where staff must act, else that it could not be found out.
func (p *Probe) fault(err error, mend string) (probe.Finding, error) {
	if errors.Is(err, device.ErrAttention) || errors.Is(err, device.ErrRefused) {
		return bad(mend, "%s", err)
	}
	return probe.Finding{}, err
}

func (p *Probe) permissions(ctx context.Context) (probe.Finding, error) {
	if !goodBarcode(p.card) {
		return bad("use another test patron", "the test patron's card has signs that cannot stand in an address")
	}
	var refused []string
	barcode := p.card
	try := func(q question, v interface{ code() (int, error) }) error {
		_, err := p.l.ask(ctx, q, v)
		if errors.Is(err, errDenied) {
			refused = append(refused, q.name)
			return nil
		}
		return err
	}
	var who validation
	err := try(validate(barcode), &who)
	if err == nil {
		barcode = who.barcode(barcode)
		err = try(carriers, &result{})
	}
	for _, q := range []question{basicDataOf(barcode), rowsQuestion(barcode, "outstanding"), rowsQuestion(barcode, "reconciled")} {
		if err == nil {
			err = try(q, &result{})
		}
	}
	switch {
	case err != nil:
		return p.fault(err, "look at what is named")
	case len(refused) > 0:
		return bad("give the API access key the permission for these methods", "the library refuses: %s", strings.Join(refused, ", "))
	}
	return good("validate, mobilephonecarriers, basicdata, outstanding and reconciled are allowed")
}

// account reads the test patron's account, with what is booked under a reference.
func (p *Probe) account(ctx context.Context) (ils.Account, error) {
	return p.l.Account(ctx, ils.Patron{Card: p.card, PIN: p.pin}, ils.Doubt{})
}

func (p *Probe) patron(ctx context.Context) (probe.Finding, error) {
	a, err := p.account(ctx)
	if err != nil {
		return p.fault(err, "use another test patron, or mend what is named")
	}
	at := slices.IndexFunc(a.Fees, func(f ils.Fee) bool { return f.Balance.Minor > trialUnits })
	if at < 0 {
		return bad("give the test patron a charge of some units of money, and another small one", "no charge is above %s", money.Of(trialUnits, p.cfg.Currency))
	}
	p.before, p.charge = &a, a.Fees[at]
	return good("%d charges, %s in all", len(a.Fees), a.Total)
}

// Sizes of charges, in the smallest units of the currency.
const (
	trialUnits = 10  // the trials pay of a charge above this
	smallUnits = 100 // a charge up to this may be paid in full
)

func (p *Probe) moneyForm(ctx context.Context) (probe.Finding, error) {
	open, err := p.l.rows(ctx, p.l.barcodeOf(p.card), "outstanding")
	if err != nil {
		return probe.Finding{}, err
	}
	digits := map[int]bool{}
	for _, row := range open.Rows {
		_, fraction, _ := strings.Cut(strings.TrimSpace(row.OutstandingAmount), ".")
		digits[len(fraction)] = true
	}
	var seen []string
	for n := range digits {
		seen = append(seen, fmt.Sprint(n))
	}
	slices.Sort(seen)
	return good("amounts have %s digits behind the point", strings.Join(seen, " or "))
}

// leg is a payment of the probe, with a reference of its own.
func (p *Probe) leg(fee string, amount money.Amount) ils.Leg {
	p.sent++
	if p.l.profile.Pay == payAll {
		fee = ""
	}
	return ils.Leg{Reference: fmt.Sprintf("0-%d-%02d", p.started, p.sent), Patron: ils.Patron{Card: p.card}, Fee: fee, Amount: amount, PaidAt: p.l.cfg.Now()}
}

// pay pays, and remembers what must be voided.
func (p *Probe) pay(ctx context.Context, leg ils.Leg) error {
	number, err := p.l.pay(ctx, leg, nil)
	if err == nil || device.Class(err) == device.ErrDoubt {
		p.taken = append(p.taken, trial{leg.Reference, number})
	}
	return err
}

func (p *Probe) workstation(ctx context.Context) (probe.Finding, error) {
	leg := p.leg(p.charge.ID, p.one)
	err := p.pay(ctx, leg)
	switch device.Class(err) {
	case nil:
	case device.ErrNotSent:
		return probe.Finding{}, err
	default:
		return bad("look at workstation, user and organisation, at the rights of the user, and at the permission of the key to pay; then look at the account",
			"the payment was not taken: %s", err)
	}
	p.works, p.first = true, leg.Reference
	switch number := p.taken[len(p.taken)-1].number; {
	case number != "":
		return good("taken; the payment's number is given")
	case p.l.profile.Pay == payAll:
		return good("taken; a lump has no number")
	}
	return careful("", "taken, and without a number: it can be voided only by what is listed")
}

func (p *Probe) part(ctx context.Context) (probe.Finding, error) {
	if !p.works {
		return skipped(noPayment)
	}
	now, err := p.account(ctx)
	if err != nil {
		return probe.Finding{}, err
	}
	if fell := p.before.Total.Minor - now.Total.Minor; fell != p.one.Minor {
		return bad("look at the account in the staff client", "%s was paid, and what is owed went from %s to %s", p.one, p.before.Total, now.Total)
	}
	if p.l.profile.Pay == payCharge && balanceOf(now, p.charge.ID) != p.charge.Balance.Minor-p.one.Minor {
		return bad("look at the account in the staff client", "the payment went to another charge than was named")
	}
	p.partial = true
	return good("yes, and nothing else moved")
}

func balanceOf(a ils.Account, id string) int64 {
	for _, f := range a.Fees {
		if f.ID == id {
			return f.Balance.Minor
		}
	}
	return 0
}

// listed finds the payment under a reference, in both lists of the account: its notes as they are shown, and its numbers.
func (p *Probe) listed(ctx context.Context, reference string) (sum money.Amount, notes, numbers []string, err error) {
	barcode := p.l.barcodeOf(p.card)
	open, err := p.l.rows(ctx, barcode, "outstanding")
	if err != nil {
		return money.Amount{}, nil, nil, err
	}
	closed, err := p.l.rows(ctx, barcode, "reconciled")
	if err != nil {
		return money.Amount{}, nil, nil, err
	}
	for _, row := range append(open.Rows, closed.Rows...) {
		if id := strings.TrimSpace(row.TransactionID); row.pays(reference) && !slices.Contains(numbers, id) {
			notes, numbers = append(notes, strings.TrimSpace(row.FreeTextNote)), append(numbers, id)
		}
	}
	sum, err = booked(reference, p.cfg.Currency, open, closed)
	return sum, notes, numbers, err
}

func (p *Probe) reference(ctx context.Context) (probe.Finding, error) {
	if !p.works {
		return skipped(noPayment)
	}
	sum, notes, numbers, err := p.listed(ctx, p.first)
	note := p.l.noteOn(p.first)
	known := p.taken[0].number
	switch {
	case err != nil:
		return careful("", "the list cannot be read exactly, so a lost payment is looked for by the amounts: %s", err)
	case len(notes) == 0:
		return careful("", "no payment is listed with our reference while its charge is paid in part, so a lost payment is looked for by the amounts")
	case sum != p.one:
		return careful("", "%s was paid, and %s stands under its reference, so that is not relied on", p.one, sum)
	}
	p.readable = true
	said := "yes, the whole note of " + fmt.Sprint(len(note)) + " characters"
	if notes[0] != note {
		said = fmt.Sprintf("the reference is; of the note's %d characters %d are shown", len(note), len(notes[0]))
	}
	if known != "" && !slices.Contains(numbers, known) {
		said += "; it is listed under another number than the payment had given"
	}
	return good("%s", said)
}

func (p *Probe) overpayment(ctx context.Context) (probe.Finding, error) {
	if !p.works {
		return skipped(noPayment)
	}
	before, err := p.account(ctx)
	if err != nil {
		return probe.Finding{}, err
	}
	owed := before.Total.Minor
	if p.l.profile.Pay == payCharge {
		owed = balanceOf(before, p.charge.ID)
	}
	return p.refusal(ctx, before, p.leg(p.charge.ID, money.Of(owed+p.one.Minor, p.cfg.Currency)), &p.refusesMore, "more than is owed")
}

// refusal sends what should be refused, and looks whether it was.
func (p *Probe) refusal(ctx context.Context, before ils.Account, leg ils.Leg, proved *bool, what string) (probe.Finding, error) {
	payErr := p.pay(ctx, leg)
	now, err := p.account(ctx)
	switch {
	case device.Class(payErr) == device.ErrNotSent:
		return probe.Finding{}, payErr
	case err != nil:
		return probe.Finding{}, err
	case payErr == nil:
		p.takeBackLast(ctx)
		return careful("a payment that is sent twice would be booked twice, so the kiosk never repeats one where it is in doubt", "%s is taken", what)
	case now.Total != before.Total:
		return bad("look at the account in the staff client", "%s is answered with an error, and booked: %s", what, payErr)
	case device.Class(payErr) != device.ErrRefused:
		return careful("", "%s is not booked, and the answer leaves it in doubt: %s", what, payErr)
	}
	*proved = true
	return good("%s is %s", what, payErr)
}

func (p *Probe) twice(ctx context.Context) (probe.Finding, error) {
	switch {
	case !p.works:
		return skipped(noPayment)
	case p.l.profile.Pay == payAll:
		return skipped("not asked: a lump names no charge, and more than is owed was asked for before")
	}
	before, err := p.account(ctx)
	if err != nil {
		return probe.Finding{}, err
	}
	at := slices.IndexFunc(before.Fees, func(f ils.Fee) bool { return f.ID != p.charge.ID && f.Balance.Minor <= smallUnits })
	if at < 0 {
		return skipped("not asked: the test patron has no second charge up to " + money.Of(smallUnits, p.cfg.Currency).String())
	}
	small := before.Fees[at]
	if err := p.pay(ctx, p.leg(small.ID, small.Balance)); err != nil {
		return probe.Finding{}, fmt.Errorf("a small charge could not be paid: %w", err)
	}
	paid, err := p.account(ctx)
	if err != nil {
		return probe.Finding{}, err
	}
	return p.refusal(ctx, paid, p.leg(small.ID, small.Balance), &p.refusesAgain, "a charge that is paid already")
}

// looks is when a payment whose connection broke is looked for, after it was sent.
var looks = []time.Duration{time.Second, 5 * time.Second, 20 * time.Second, time.Minute, 2 * time.Minute, 3 * time.Minute}

// cut breaks the connection when the whole payment has left, and looks how long it takes to be found.
func (p *Probe) cut(ctx context.Context) (probe.Finding, error) {
	if !p.works {
		return skipped(noPayment)
	}
	before, err := p.account(ctx)
	if err != nil {
		return probe.Finding{}, err
	}
	leg := p.leg(p.charge.ID, p.one)
	line, hangUp := context.WithCancel(ctx)
	defer hangUp()
	// An answer that was faster than the cut is not looked at: nobody would have it.
	_, err = p.l.pay(line, leg, hangUp)
	if device.Class(err) == device.ErrNotSent {
		return probe.Finding{}, err
	}
	p.taken = append(p.taken, trial{reference: leg.Reference})
	for i, at := range looks {
		wait := at
		if i > 0 {
			wait -= looks[i-1]
		}
		if err := sleep(ctx, wait); err != nil {
			return probe.Finding{}, err
		}
		now, err := p.account(ctx)
		if err != nil {
			return probe.Finding{}, err
		}
		if now.Total.Minor == before.Total.Minor-p.one.Minor {
			return p.found(at)
		}
		if at >= p.quiet {
			break
		}
	}
	return good("it never arrived: nothing was booked within %s, and the account shows it", p.quiet)
}

// found says how long a payment took that nobody waited for.
func (p *Probe) found(after time.Duration) (probe.Finding, error) {
	if after > p.quiet/2 {
		p.quiet = 2 * after
		return careful("", "yes, only after %s; the quiet time is set to %s", after, p.quiet)
	}
	return good("yes, after %s at the latest", after)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return notNow("%w", ctx.Err())
	}
}

// void takes back all that was paid, by the number that the payment gave, else by those that are listed.
func (p *Probe) void(ctx context.Context) (probe.Finding, error) {
	if len(p.taken) == 0 {
		return skipped(noPayment)
	}
	var left []trial
	for _, paid := range p.taken {
		if p.takeBack(ctx, paid) != nil {
			left = append(left, paid)
		}
	}
	p.taken = left
	now, err := p.account(ctx)
	switch {
	case err != nil:
		return probe.Finding{}, err
	case len(left) == 0 && now.Total == p.before.Total:
		return good("yes: the account owes %s as before", now.Total)
	}
	return careful("void the payments of this probe in the staff client; their notes begin with 0-"+fmt.Sprint(p.started),
		"not all: the account owed %s and owes %s", p.before.Total, now.Total)
}

// takeBack voids one payment, by the number that it gave, else by those that are listed under its reference.
func (p *Probe) takeBack(ctx context.Context, paid trial) error {
	numbers := []string{paid.number}
	if paid.number == "" {
		var err error
		if _, _, numbers, err = p.listed(ctx, paid.reference); err != nil {
			return err
		}
	}
	var failed error
	for _, n := range numbers {
		failed = errors.Join(failed, p.l.Void(ctx, p.card, n))
	}
	return failed
}

// takeBackLast voids what should not have been taken, so that the next questions find the account as it was.
func (p *Probe) takeBackLast(ctx context.Context) {
	last := len(p.taken) - 1
	if p.takeBack(ctx, p.taken[last]) == nil {
		p.taken = p.taken[:last]
	}
}
