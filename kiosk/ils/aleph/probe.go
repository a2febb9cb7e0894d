package aleph

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/probe"
)

// Probe is the commissioning of an Aleph: what no document tells is found out on a test patron. It begins with the
// configured profile and keeps the careful value of what it could not find out. One serves one run.
type Probe struct {
	library *Library
	who     ils.Patron
	id      string   // internal id, once it is known
	sent    int      // payments so far
	began   int64    // seconds, which make the references of this run
	paid    *ils.Leg // the exact payment that was taken
}

var _ probe.Route = (*Probe)(nil)

// NewProbe makes a probe. It opens nothing. The error is a mistake in the configuration.
func NewProbe(cfg Config, log *slog.Logger) (*Probe, error) {
	l, err := New(cfg, log)
	if err != nil {
		return nil, err
	}
	t := &l.profile.Traits
	t.Partial, t.OverpaymentRefused, t.ReferenceReadable = false, false, false
	name := cfg.Profile
	if name == "" {
		name = Standard
	}
	l.profile.Source = "found out by kioskctl ils probe on " + l.cfg.Now().Format(time.DateOnly) + ", beginning with the profile " + name
	return &Probe{library: l, began: l.cfg.Now().Unix()}, nil
}

// noWayBack stands in every step that pays: Aleph's API has no call that takes a payment back.
const noWayBack = "; no call of Aleph's takes it back, so that staff must set it right in the Circulation client"

// Steps are the questions in order. The ones that pay want charges which are open, each anew: staff may charge the test
// patron between two of them.
func (p *Probe) Steps(patron ils.Patron) []probe.Step {
	p.who = patron
	cent := p.cent()
	return []probe.Step{
		{Name: "rest", Question: "Does the RESTful API answer this address?", Needed: true, Run: p.askREST},
		{Name: "x-server", Question: "Does the X-server answer this address and this user, and also by POST?", Needed: true, Run: p.askXServer},
		{Name: "card", Question: "Does the X-server know the card of the test patron, the PIN and the name?", Needed: true, Run: p.askCard},
		{Name: "cash list", Question: "Can the charges be read exactly, and do their institutions have codes?", Needed: true, Run: p.askCash},
		{Name: "pay", Question: "Is a payment over exactly what is open at one institution taken, and in which form?",
			Costs: "pays all that the test patron owes at one institution" + noWayBack, Run: p.payExactly},
		{Name: "reference", Question: "Where does our reference appear, and do paid charges stay in the list?", Run: p.lookForReference},
		{Name: "part", Question: "Is less taken than what is open?",
			Costs: fmt.Sprintf("pays %s of what the test patron owes at one institution, if Aleph takes it%s", cent, noWayBack), Run: p.payPart},
		{Name: "too much", Question: "Is more refused than what is open?",
			Costs: fmt.Sprintf("pays all that the test patron owes at one institution and %s more, if Aleph takes it%s", cent, noWayBack), Run: p.payTooMuch},
		{Name: "cut", Question: "Is a payment found whose connection broke right after it was sent?",
			Costs: fmt.Sprintf("pays all that the test patron owes at one institution, if Aleph carries it out, and waits for up to %s%s", p.library.profile.Traits.Quiet, noWayBack), Run: p.cut},
	}
}

// Profile is what was found, as a profile in TOML.
func (p *Probe) Profile() (string, error) {
	if err := p.library.profile.check(); err != nil {
		return "", fmt.Errorf("profile: %w", err)
	}
	text, err := toml.Marshal(p.library.profile)
	return string(text), err
}

func (p *Probe) cent() money.Amount { return money.Of(1, p.library.cfg.Currency) }

// bad is an answer that must be mended before payments are taken.
func bad(said, mend string) probe.Finding {
	return probe.Finding{Mark: probe.Bad, Said: said, Mend: mend}
}

const lists = "put the kiosk's address into $alephe_tab/server_ip_allowed (lines X) and into the list of the REST server, and restart both"

// unable says what is wrong with a server. The error is one that may pass by itself.
func unable(err error) (probe.Finding, error) {
	var status statusError
	switch {
	case errors.Is(err, errBarred):
		return bad("the address of this kiosk is refused", lists), nil
	case errors.Is(err, errSignIn):
		return bad(err.Error(), "let the kiosk reach Aleph without signing in"), nil
	case errors.Is(err, errMend):
		return bad(err.Error(), "see the documentation of this route for what the library sets up"), nil
	case errors.As(err, &status):
		return bad(err.Error(), "look at address and port"), nil
	}
	return probe.Finding{}, err
}

func (p *Probe) askREST(ctx context.Context) (probe.Finding, error) {
	if err := p.library.restAnswers(ctx); err != nil {
		return unable(err)
	}
	ahead, known := p.library.Clock()
	said := "it answers"
	if known {
		said += fmt.Sprintf(", and its clock is %s ahead of ours", ahead)
	}
	if ahead.Abs() > 5*time.Minute {
		return probe.Finding{Mark: probe.Careful, Said: said, Mend: "set the clocks right"}, nil
	}
	return probe.Finding{Mark: probe.Good, Said: said}, nil
}

func (p *Probe) askXServer(ctx context.Context) (probe.Finding, error) {
	p.library.profile.XPost = true
	if p.library.xAnswers(ctx) == nil {
		return probe.Finding{Mark: probe.Good, Said: "it answers, by POST too, so that no card stands in its access log"}, nil
	}
	p.library.profile.XPost = false
	if err := p.library.xAnswers(ctx); err != nil {
		return unable(err)
	}
	return probe.Finding{Mark: probe.Careful, Said: "it answers by GET only: cards, PINs and the user's password stand in its access log",
		Mend: "see who can read the access log of the X-server"}, nil
}

func (p *Probe) askCard(ctx context.Context) (probe.Finding, error) {
	id, err := p.library.resolve(ctx, p.who.Card)
	switch {
	case errors.Is(err, ils.ErrUnknownPatron):
		return bad("the X-server does not know the card", "give a test patron's card, of a type that tab_bor_id lets in; look at library"), nil
	case err != nil:
		return unable(err)
	}
	p.id = id
	h, err := p.library.holder(ctx, id, p.who)
	switch {
	case errors.Is(err, ils.ErrPINNeeded):
		return bad("the card is known, and the PIN is missing or wrong", "give it with --pin -"), nil
	case err != nil:
		return unable(err)
	case h.name == "":
		return probe.Finding{Mark: probe.Careful, Said: "the card is known; its holder's name is not told, so that the screen shows no initials",
			Mend: "allow the user " + borInfo}, nil
	}
	return probe.Finding{Mark: probe.Good, Said: "the card is known, and its holder's name is told"}, nil
}

func (p *Probe) askCash(ctx context.Context) (probe.Finding, error) {
	list, account, err := p.read(ctx)
	switch {
	case errors.Is(err, ils.ErrFeesUnreadable):
		return bad(err.Error(), "take a test patron whose account is in order, and compare it with the Circulation client; look at institutions"), nil
	case err != nil:
		return unable(err)
	case len(account.Fees) == 0:
		return bad("the test patron owes nothing that can be paid here: "+list.summary(), "charge the test patron, best at two institutions; look at institutions"), nil
	}
	return probe.Finding{Mark: probe.Good, Said: list.summary()}, nil
}

// summary says what a list holds, and no sum of it.
func (l cashList) summary() string {
	count := map[kind]int{}
	var forms []string
	for _, r := range l.rows {
		count[r.kind]++
		if form := r.how.String(); r.sumErr == nil && !slices.Contains(forms, form) {
			forms = append(forms, form)
		}
	}
	said := fmt.Sprintf("open charges: %d, of the institutions %s", count[open], strings.Join(l.order, ", "))
	if len(l.order) == 0 {
		said = "no charges"
	}
	for _, k := range []kind{closed, paying, transferred, credit} {
		if count[k] > 0 {
			said += fmt.Sprintf("; %s rows: %d", k, count[k])
		}
	}
	if len(forms) > 0 {
		said += "; sums are written " + strings.Join(forms, " and ")
	}
	return said
}

// String is the form of a number, with nines for its digits.
func (n number) String() string {
	text := "9"
	if n.grouped {
		text = "9 999 (thousands apart)"
	}
	if n.mark != 0 {
		text = strings.Replace(text, " (", string(n.mark)+"99 (", 1)
		if !n.grouped {
			text += string(n.mark) + "99"
		}
	}
	switch {
	case n.brackets:
		return "(" + text + ")"
	case n.minus:
		return "-" + text
	}
	return text
}

// read reads the test patron's account as the kiosk would.
func (p *Probe) read(ctx context.Context) (cashList, ils.Account, error) {
	list, err := p.library.cash(ctx, p.id)
	if err != nil {
		return list, ils.Account{}, err
	}
	account, err := list.account(p.library.cfg.Institutions, p.library.cfg.Currency)
	return list, account, err
}

// nothing says that there is nothing left to try on.
var nothing = probe.Finding{Mark: probe.Skipped, Said: "nothing is open any more that could be paid", Mend: "charge the test patron again, and probe once more"}

// next is a leg over what is open at the first institution, and the account before it. ok is false where nothing is open.
func (p *Probe) next(ctx context.Context) (leg ils.Leg, before ils.Account, ok bool, err error) {
	_, before, err = p.read(ctx)
	if err != nil || len(before.Fees) == 0 {
		return ils.Leg{}, before, false, err
	}
	p.sent++
	return ils.Leg{Reference: fmt.Sprintf("0-%d-%02d", p.began, p.sent), Fee: before.Fees[0].ID, Amount: before.Fees[0].Balance}, before, true, nil
}

// moved is by how much the account went down since, and whether anything in it moved.
func (p *Probe) moved(ctx context.Context, leg ils.Leg, before ils.Account) (down int64, anything bool, err error) {
	_, now, err := p.read(ctx)
	if err != nil {
		return 0, false, err
	}
	balance := func(a ils.Account) int64 {
		for _, f := range a.Fees {
			if f.ID == leg.Fee {
				return f.Balance.Minor
			}
		}
		return 0
	}
	return balance(before) - balance(now), before.Total != now.Total || balance(before) != balance(now), nil
}

// try pays, and says whether it was taken and by how much the account went down. An error means that neither can be said.
func (p *Probe) try(ctx context.Context, leg ils.Leg, before ils.Account) (taken bool, down int64, err error) {
	refusal := p.library.pay(ctx, p.id, leg, nil)
	if class := device.Class(refusal); class == device.ErrNotSent {
		return false, 0, refusal
	} else if class != nil && class != device.ErrRefused {
		return false, 0, fmt.Errorf("the payment %s has no clear answer, look at the account: %w", leg.Reference, refusal)
	}
	down, anything, err := p.moved(ctx, leg, before)
	switch {
	case err != nil && refusal == nil:
		return true, 0, fmt.Errorf("the payment %s was taken, and the account cannot be read after it: %w", leg.Reference, err)
	case err != nil:
		return false, 0, err
	case refusal != nil && anything:
		return false, down, fmt.Errorf("the payment %s was refused, and the account moved all the same: look at it (%w)", leg.Reference, refusal)
	}
	return refusal == nil, down, nil
}

// shape is a form of the PUT.
type shape struct {
	contentType string
	declaration bool
}

// shapes are the forms in which sites may want the body, the documented ones first.
var shapes = []shape{{"", false}, {"", true}, {"application/x-www-form-urlencoded", false}, {"application/x-www-form-urlencoded", true},
	{"text/xml", false}, {"text/xml", true}}

func (p *Probe) payExactly(ctx context.Context) (probe.Finding, error) {
	profile := &p.library.profile
	for _, s := range append([]shape{{profile.ContentType, profile.Declaration}}, shapes...) {
		leg, before, ok, err := p.next(ctx)
		if err != nil {
			return unable(err)
		}
		if !ok {
			return nothing, nil
		}
		profile.ContentType, profile.Declaration = s.contentType, s.declaration
		taken, down, err := p.try(ctx, leg, before)
		switch {
		case err != nil:
			return probe.Finding{}, err
		case taken && down != leg.Amount.Minor:
			return bad(fmt.Sprintf("taken, and of %s that were paid %s left the account", leg.Amount, money.Of(down, leg.Amount.Currency)),
				"look at the account with the Circulation client before any payment is taken"), nil
		case taken:
			p.paid = &leg
			return probe.Finding{Mark: probe.Good, Said: "taken " + s.String() + ", and the charges left the account"}, nil
		}
	}
	return bad("every form of the payment is refused", "Pay Cash needs Aleph 22.1 or newer (version 22 rep_change 2036); look at the log of the REST server"), nil
}

func (s shape) String() string {
	text := "without a content type"
	if s.contentType != "" {
		text = "as " + s.contentType
	}
	if s.declaration {
		return text + ", with an XML declaration"
	}
	return text + ", without an XML declaration"
}

func (p *Probe) lookForReference(ctx context.Context) (probe.Finding, error) {
	if p.paid == nil {
		return probe.Finding{Mark: probe.Skipped, Said: "no payment was taken whose reference could be looked for"}, nil
	}
	body, err := p.library.cashBody(ctx, p.id)
	if err != nil {
		return unable(err)
	}
	root, err := parse(bytes.TrimSpace(body))
	if err != nil {
		return probe.Finding{}, err
	}
	list, _, err := p.read(ctx)
	if err != nil {
		return unable(err)
	}
	booked, err := list.booked(p.paid.Reference, p.library.cfg.Currency)
	if err != nil {
		return probe.Finding{}, err
	}
	places := root.places(p.paid.Reference)
	at := strings.Join(places, " and ")
	switch {
	case booked == p.paid.Amount:
		p.library.profile.Traits.ReferenceReadable = true
		return probe.Finding{Mark: probe.Good, Said: "paid charges stay in the list with the reference in " + at + ", over what was paid: doubt ends by it"}, nil
	case len(places) > 0:
		return probe.Finding{Mark: probe.Careful, Said: "the reference stands in " + at + ", and not over what was paid: doubt ends by the balance"}, nil
	}
	if n := root.begins(p.paid.Reference); n > 0 {
		return probe.Finding{Mark: probe.Careful, Said: fmt.Sprintf("the reference is cut to %d characters, which names no payment: doubt ends by the balance", n)}, nil
	}
	return probe.Finding{Mark: probe.Careful, Said: "the reference appears nowhere in the list; it holds " + list.summary() + "; doubt ends by the balance"}, nil
}

// places are the names of the elements that hold a text.
func (e element) places(text string) []string {
	var names []string
	if mentions(e.Text, text) {
		names = append(names, e.name())
	}
	for _, c := range e.Children {
		for _, name := range c.places(text) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// shortest is the shortest part of a reference that is recognised as one.
const shortest = 8

// begins says how much of a reference stands somewhere, when it was cut.
func (e element) begins(reference string) int {
	longest := 0
	for n := len(reference) - 1; n >= shortest && longest == 0; n-- {
		if strings.Contains(e.Text, reference[:n]) {
			longest = n
		}
	}
	for _, c := range e.Children {
		longest = max(longest, c.begins(reference))
	}
	return longest
}

func (p *Probe) payPart(ctx context.Context) (probe.Finding, error) {
	leg, before, ok, finding, err := p.ready(ctx)
	if !ok {
		return finding, err
	}
	if leg.Amount.Minor < 2 {
		return nothing, nil
	}
	leg.Amount = p.cent()
	taken, down, err := p.try(ctx, leg, before)
	switch {
	case err != nil:
		return probe.Finding{}, err
	case !taken:
		return probe.Finding{Mark: probe.Good, Said: "less is refused: an institution is paid in full"}, nil
	case down != leg.Amount.Minor:
		return probe.Finding{Mark: probe.Careful, Said: fmt.Sprintf("taken, and of %s that were paid %s left the account: an institution is paid in full",
			leg.Amount, money.Of(down, leg.Amount.Currency)), Mend: "let staff set the test patron's account right"}, nil
	}
	p.library.profile.Traits.Partial = true
	return probe.Finding{Mark: probe.Good, Said: "less is taken, and exactly that left the account"}, nil
}

// ready is next, once a payment was taken: before that no refusal means anything.
func (p *Probe) ready(ctx context.Context) (leg ils.Leg, before ils.Account, ok bool, said probe.Finding, err error) {
	if p.paid == nil {
		return leg, before, false, probe.Finding{Mark: probe.Skipped, Said: "no payment was taken before, so that a refusal would mean nothing"}, nil
	}
	if leg, before, ok, err = p.next(ctx); err != nil {
		said, err = unable(err)
		return leg, before, false, said, err
	}
	return leg, before, ok, nothing, nil
}

func (p *Probe) payTooMuch(ctx context.Context) (probe.Finding, error) {
	leg, before, ok, finding, err := p.ready(ctx)
	if !ok {
		return finding, err
	}
	leg.Amount.Minor++
	refusal := p.library.pay(ctx, p.id, leg, nil)
	switch device.Class(refusal) {
	case nil:
		return probe.Finding{Mark: probe.Careful, Said: "more is taken than what is open: nothing at Aleph guards against a payment that is sent twice, so that there is one repeat at most",
			Mend: "let staff use up the test patron's credit"}, nil
	case device.ErrRefused:
	default:
		return probe.Finding{}, fmt.Errorf("the payment %s has no clear answer, look at the account: %w", leg.Reference, refusal)
	}
	if _, anything, err := p.moved(ctx, leg, before); err != nil {
		return probe.Finding{}, err
	} else if anything {
		return bad("more is refused, and the account moved all the same", "look at the account with the Circulation client before any payment is taken"), nil
	}
	p.library.profile.Traits.OverpaymentRefused = true
	return probe.Finding{Mark: probe.Good, Said: "more is refused, and nothing is booked: a payment that is sent twice is booked once"}, nil
}

// looks are the pauses before the account is read after a cut.
const looks = 5 * time.Second

// cut breaks the connection when the whole payment has left, and looks how long it takes until the account shows it.
func (p *Probe) cut(ctx context.Context) (probe.Finding, error) {
	leg, before, ok, finding, err := p.ready(ctx)
	if !ok {
		return finding, err
	}
	line, cut := context.WithCancel(ctx)
	defer cut()
	answered := p.library.pay(line, p.id, leg, cut)
	if answered != nil && device.Class(answered) != device.ErrDoubt {
		return probe.Finding{}, answered
	}
	began := time.Now()
	for time.Since(began) < p.library.profile.Traits.Quiet {
		select {
		case <-time.After(looks):
		case <-ctx.Done():
			return probe.Finding{}, fmt.Errorf("the payment %s may be booked, look at the account: %w", leg.Reference, ctx.Err())
		}
		down, anything, err := p.moved(ctx, leg, before)
		switch {
		case err != nil || !anything:
			continue
		case down != leg.Amount.Minor:
			return bad(fmt.Sprintf("of %s that were paid %s left the account", leg.Amount, money.Of(down, leg.Amount.Currency)), "look at the account with the Circulation client"), nil
		}
		return p.found(time.Since(began).Round(time.Second)), nil
	}
	return probe.Finding{Mark: probe.Good, Said: fmt.Sprintf("it was not carried out: the account did not show it within %s", p.library.profile.Traits.Quiet)}, nil
}

// found says how long a payment took that nobody waited for. The quiet time is twice that at least.
func (p *Probe) found(after time.Duration) probe.Finding {
	said := fmt.Sprintf("it was carried out, and the account showed it after %s at the latest", after)
	if quiet := &p.library.profile.Traits.Quiet; 2*after > *quiet {
		*quiet = 2 * after
		return probe.Finding{Mark: probe.Careful, Said: said + fmt.Sprintf("; the quiet time is set to %s", *quiet)}
	}
	return probe.Finding{Mark: probe.Good, Said: said}
}
