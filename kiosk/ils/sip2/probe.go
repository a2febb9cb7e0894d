package sip2

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/probe"
	"selfpay/sip"
	"selfpay/sip/client"
)

// Probe is the commissioning of a library system over SIP2. It begins with the configured profile, puts to the test what
// that says, and keeps the careful value of what it could not find out. One serves one run.
type Probe struct {
	cfg    Config
	log    *slog.Logger
	found  Profile
	who    ils.Patron
	line   *cutting
	client *client.Client // believes any BK, so that its echo can be looked at
	sent   []string       // references of the payments that may have been booked
	since  time.Time      // when the last answer was lost
	twice  bool           // a fee that is paid is refused
}

var _ probe.Route = (*Probe)(nil)

// NewProbe makes a probe. It opens nothing. The error is a mistake in the configuration.
func NewProbe(cfg Config, log *slog.Logger) (*Probe, error) {
	cfg.TestSystem = true // an unproven profile is what a probe is for
	if _, err := New(cfg, log); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	base, err := FindProfile(cfg.Profile)
	if err != nil {
		return nil, err
	}
	p := &Probe{cfg: cfg, log: log, found: base, line: &cutting{dial: cfg.connection(base).Open}}
	p.cfg.Dial, p.cfg.TLS = p.line.open, nil // the line is cut above TLS, where messages can be told apart
	p.found.Unproven = false
	p.found.Source = "found out by kioskctl ils probe on " + cfg.Now().Format(time.DateOnly) + ", beginning with the profile " + base.Name
	p.found.Traits.Partial, p.found.Traits.OverpaymentRefused = false, false
	p.echo("")
	connection := p.cfg.connection(base)
	connection.Echo, connection.NoResend = client.EchoIgnored, false
	p.client = client.New(connection)
	return p, nil
}

// Steps are the questions in order.
func (p *Probe) Steps(patron ils.Patron) []probe.Step {
	p.who = patron
	cent := money.Of(1, p.cfg.Currency)
	return []probe.Step{
		{Name: "line", Question: "Is the library system there, and does it take Fee Paid from this login?", Needed: true, Run: p.askStatus},
		{Name: "account", Question: "Can the fees of the test patron be read exactly, and do they have ids?", Needed: true, Run: p.askAccount},
		{Name: "part", Question: "Is a part of a fee taken, booked on that fee, and our reference (BK) given back?",
			Costs: fmt.Sprintf("pays %s of the test patron's first fee", cent), Run: p.payPart},
		{Name: "resend", Question: "Does the library system repeat its last answer (97) on the same connection?",
			Costs: fmt.Sprintf("pays %s of a fee, or a whole fee where parts are not taken", cent), Run: p.loseAnswer},
		{Name: "cut", Question: "What becomes of a payment whose connection breaks right after it was sent?",
			Costs: fmt.Sprintf("pays %s of a fee, or a whole fee where parts are not taken, if the library system carries it out", cent), Run: p.cutLine},
		{Name: "twice", Question: "Is a fee refused that is paid already?",
			Costs: "pays the test patron's first fee, and then tells the library of it once more", Run: p.payTwice},
		{Name: "too much", Question: "Is more refused than is owed?",
			Costs: fmt.Sprintf("tries to pay %s more than is owed", cent), Run: p.payTooMuch},
		{Name: "references", Question: "Does the library's staff see our references?", Run: p.nameReferences},
	}
}

// Profile is what was found, as a profile in TOML.
func (p *Probe) Profile() (string, error) {
	text, err := p.found.TOML()
	return string(text), err
}

// echo notes what BK in an answer was.
func (p *Probe) echo(word Echo) {
	if word == "" {
		word = EchoIfPresent
	}
	p.found.Reads.Echo, p.found.Traits.ReferenceEchoed, p.found.Reads.Number = word, word == EchoRequired, ""
	if word == EchoIgnored {
		p.found.Reads.Number = "BK"
	}
}

func (p *Probe) askStatus(ctx context.Context) (probe.Finding, error) {
	library := p.library()
	if err := library.Ready(ctx); errors.Is(err, device.ErrAttention) {
		return probe.Finding{Mark: probe.Bad, Said: err.Error(), Mend: "see kioskctl ils status and kioskctl ils login"}, nil
	} else if err != nil {
		return probe.Finding{}, err
	}
	ahead, known := library.Clock()
	dates, err := p.dates(ctx)
	switch {
	case err != nil:
		return probe.Finding{}, err
	case !known:
		return probe.Finding{Mark: probe.Good, Said: "it is there; it does not tell its time"}, nil
	case ahead.Abs() > 5*time.Minute:
		return probe.Finding{Mark: probe.Careful, Said: fmt.Sprintf("it is there, and its clock is %s ahead of ours; %s", ahead, dates), Mend: "set the clocks and the time zones right"}, nil
	}
	return probe.Finding{Mark: probe.Good, Said: fmt.Sprintf("it is there, and its clock is %s ahead of ours; %s", ahead, dates)}, nil
}

// dates says how the library system writes dates: which zone stands in the middle of the one in its status.
func (p *Probe) dates(ctx context.Context) (string, error) {
	question, err := sip.SCStatus{MaxPrintWidth: 40}.Encode()
	if err != nil {
		return "", err
	}
	answer, err := p.client.Raw(ctx, question)
	if err != nil {
		return "", err
	}
	date := answer.FixedValue("date_time_sync")
	if zone := strings.TrimSpace(date[min(8, len(date)):min(12, len(date))]); zone != "" {
		return fmt.Sprintf("its dates have the zone %q", zone), nil
	}
	return "its dates have no zone: they are local time", nil
}

// library reads accounts with what was found so far, over the probe's own connection.
func (p *Probe) library() *Library {
	return &Library{cfg: p.cfg, profile: p.found, client: p.client, log: p.log}
}

// ways are the forms of fee lists in the order in which they are tried behind the configured one.
var ways = []string{"koha", "evergreen", "folio", "evergreen-legacy", "generic"}

// askAccount tries in which form the account can be read.
func (p *Probe) askAccount(ctx context.Context) (probe.Finding, error) {
	answer, err := p.client.PatronInformation(ctx, sip.PatronInformation{Language: p.cfg.Language, List: sip.FineItems, Patron: p.who.Card, PatronPassword: p.who.PIN})
	switch {
	case err != nil:
		return probe.Finding{}, err
	case answer.Valid == sip.AnswerNo:
		return probe.Finding{Mark: probe.Bad, Said: "the library does not know the test patron", Mend: "give the number of a test patron's card"}, nil
	case answer.PasswordValid == sip.AnswerNo:
		return probe.Finding{Mark: probe.Bad, Said: "the library says that the PIN is wrong or missing", Mend: "give it with --pin -"}, nil
	}
	var first error
	for _, name := range append([]string{""}, ways...) {
		if name != "" {
			if err := p.readAs(name); err != nil {
				return probe.Finding{}, err
			}
		}
		fees, total, err := p.found.read(answer, p.cfg.Currency)
		switch {
		case err != nil:
			if first == nil {
				first = err
			}
			continue
		case !total.Positive():
			return probe.Finding{Mark: probe.Bad, Said: "the test patron owes nothing", Mend: "let the library give the test patron two fees of 1.00 or more"}, nil
		case len(fees) == 0 && name == "": // totals are what always can be read
			first = errors.New("no fee has an id")
			continue
		case len(fees) == 0:
			return probe.Finding{Mark: probe.Careful, Said: fmt.Sprintf("%s are owed; fees with ids cannot be read (%v), so the whole account is paid at once", total, first),
				Mend: "see the documentation of the profiles for how the library can list fees with ids"}, nil
		}
		return probe.Finding{Mark: probe.Good, Said: fmt.Sprintf("%d fees with ids, %s in all, in the form %q; the total stands as %q", len(fees), total, p.found.Reads.Fees, form(answer.Fees))}, nil
	}
	return probe.Finding{Mark: probe.Bad, Said: fmt.Sprintf("the account cannot be read in any known form: %v", first), Mend: "kioskctl ils raw shows what the library says"}, nil
}

// readAs takes over how another profile reads fees and names them.
func (p *Probe) readAs(name string) error {
	other, err := FindProfile(name)
	if err != nil {
		return err
	}
	echo, number := p.found.Reads.Echo, p.found.Reads.Number
	p.found.Traits.FeeIDs, p.found.Reads, p.found.Sends.FeeID, p.found.Sends.Extra = other.Traits.FeeIDs, other.Reads, other.Sends.FeeID, other.Sends.Extra
	p.found.Reads.Echo, p.found.Reads.Number = echo, number
	return nil
}

// form shows how an amount is written without saying which it is.
func form(amount string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '9'
		}
		return r
	}, amount)
}

// errNothingOwed: the test patron has nothing left to pay.
var errNothingOwed = errors.New("the test patron owes nothing any more; let the library add fees, and probe again")

// next is the leg to try: a cent of the first fee, or all of it where parts are not taken.
func (p *Probe) next(ctx context.Context) (ils.Account, ils.Leg, error) {
	account, err := p.read(ctx)
	if err != nil {
		return account, ils.Leg{}, err
	}
	leg := ils.Leg{Patron: p.who, Amount: account.Total, PaidAt: p.cfg.Now()}
	if p.found.Traits.FeeIDs && len(account.Fees) > 0 {
		leg.Fee, leg.Amount = account.Fees[0].ID, account.Fees[0].Balance
	}
	if !leg.Amount.Positive() {
		return account, leg, errNothingOwed
	}
	if p.found.Traits.Partial {
		leg.Amount.Minor = 1
	}
	return account, leg, nil
}

func (p *Probe) read(ctx context.Context) (ils.Account, error) {
	return p.library().Account(ctx, p.who, ils.Doubt{Since: p.since})
}

// pay sends one payment. What it is refused or accepted with stands in the response.
func (p *Probe) pay(ctx context.Context, leg ils.Leg) (sip.FeePaidResponse, error) {
	leg.Reference = fmt.Sprintf("0000-%06d-%02d", p.cfg.Now().Unix()%1_000_000, len(p.sent)+1)
	message, err := p.library().feePaid(leg)
	if err != nil {
		return sip.FeePaidResponse{}, err
	}
	p.sent = append(p.sent, leg.Reference)
	return p.client.FeePaid(ctx, message)
}

// fell is by how much the fee of a leg, and the total, are less than before.
func (p *Probe) fell(ctx context.Context, before ils.Account, leg ils.Leg) (fee, total int64, err error) {
	after, err := p.read(ctx)
	if err != nil {
		return 0, 0, err
	}
	return balance(before, leg.Fee) - balance(after, leg.Fee), before.Total.Minor - after.Total.Minor, nil
}

func balance(a ils.Account, fee string) int64 {
	if fee == "" {
		return a.Total.Minor
	}
	for _, f := range a.Fees {
		if f.ID == fee {
			return f.Balance.Minor
		}
	}
	return 0
}

func (p *Probe) payPart(ctx context.Context) (probe.Finding, error) {
	before, leg, err := p.next(ctx)
	if err != nil {
		return probe.Finding{}, err
	}
	leg.Amount.Minor = 1
	answer, err := p.pay(ctx, leg)
	if err != nil && !errors.Is(err, sip.ErrRefused) {
		return probe.Finding{}, err
	}
	p.noteEcho(answer)
	fee, total, readErr := p.fell(ctx, before, leg)
	said := fmt.Sprintf("our reference came back: %s", p.found.Reads.Echo)
	switch {
	case readErr != nil:
		return probe.Finding{}, readErr
	case err != nil && total == 0:
		return probe.Finding{Mark: probe.Careful, Said: "a part is refused, so only whole fees are paid; " + said}, nil
	case err != nil:
		return probe.Finding{Mark: probe.Bad, Said: "a part is refused, and the account went down all the same", Mend: "do not take payments by this route before the library has explained it"}, nil
	case fee == 1 && total == 1:
		p.found.Traits.Partial = true
		return probe.Finding{Mark: probe.Good, Said: "a part is taken and booked on the fee that was named; " + said}, nil
	case total == 1 && leg.Fee != "":
		return probe.Finding{Mark: probe.Careful, Said: "the payment was booked, and on another fee than was named, so the whole account is paid at once; " + said}, p.readAs("generic")
	}
	return probe.Finding{Mark: probe.Bad, Said: fmt.Sprintf("one cent was paid and accepted, and the total fell by %d", total), Mend: "do not take payments by this route before the library has explained it"}, nil
}

// noteEcho keeps what the first answer says of BK.
func (p *Probe) noteEcho(answer sip.FeePaidResponse) {
	switch answer.Transaction {
	case "":
		p.echo(EchoIfPresent)
	case p.sent[len(p.sent)-1]:
		p.echo(EchoRequired)
	default:
		p.echo(EchoIgnored)
	}
}

// loseAnswer keeps the answer to a payment from reaching the client, which then asks for it.
func (p *Probe) loseAnswer(ctx context.Context) (probe.Finding, error) {
	before, leg, err := p.next(ctx)
	if err != nil {
		return probe.Finding{}, err
	}
	p.client.Close()
	p.line.swallow.Store(true)
	p.since = time.Now()
	_, err = p.pay(ctx, leg)
	p.line.swallow.Store(false)
	p.client.Close()
	p.found.Traits.Resend = err == nil
	if err == nil {
		return probe.Finding{Mark: probe.Good, Said: "yes: an answer that was lost came with 97"}, nil
	}
	_, total, readErr := p.fell(ctx, before, leg)
	if readErr != nil {
		return probe.Finding{}, readErr
	}
	return probe.Finding{Mark: probe.Careful, Said: fmt.Sprintf("no (%v), so the account alone tells; it fell by %s", err, money.Of(total, p.cfg.Currency))}, nil
}

// cutLine breaks the connection right behind a payment, and waits for it to be seen in the account.
func (p *Probe) cutLine(ctx context.Context) (probe.Finding, error) {
	before, leg, err := p.next(ctx)
	if err != nil {
		return probe.Finding{}, err
	}
	p.line.cut.Store(true)
	begun := time.Now()
	p.since = begun
	if _, err := p.pay(ctx, leg); err == nil || errors.Is(err, sip.ErrRefused) {
		return probe.Finding{}, errors.New("the line could not be cut")
	}
	quiet := p.found.Traits.Quiet
	for time.Since(begun) < quiet {
		if _, total, err := p.fell(ctx, before, leg); err == nil && total == leg.Amount.Minor {
			return probe.Finding{Mark: probe.Good, Said: fmt.Sprintf("it is carried out; the account showed it after %s, the quiet time is %s", time.Since(begun).Round(time.Second), quiet)}, nil
		}
		select {
		case <-time.After(2 * time.Second):
		case <-ctx.Done():
			return probe.Finding{}, ctx.Err()
		}
	}
	return probe.Finding{Mark: probe.Careful, Said: fmt.Sprintf("it is not carried out, or later than the quiet time of %s", quiet),
		Mend: "look at the account once more after an hour; if the payment is there then, make quiet in the profile longer"}, nil
}

// payTwice pays a fee in full and tells of it once more.
func (p *Probe) payTwice(ctx context.Context) (probe.Finding, error) {
	before, leg, err := p.next(ctx)
	switch {
	case err != nil:
		return probe.Finding{}, err
	case leg.Fee == "":
		return probe.Finding{Mark: probe.Skipped, Said: "fees have no ids here"}, nil
	}
	leg.Amount = before.Fees[0].Balance
	if _, err := p.pay(ctx, leg); err != nil {
		return probe.Finding{}, err
	}
	paid, err := p.read(ctx)
	if err != nil {
		return probe.Finding{}, err
	}
	leg.Amount.Minor = 1
	_, err = p.pay(ctx, leg)
	if err != nil && !errors.Is(err, sip.ErrRefused) {
		p.since = time.Now()
		return probe.Finding{Mark: probe.Careful, Said: fmt.Sprintf("there is no plain answer (%v)", err)}, nil
	}
	_, total, readErr := p.fell(ctx, paid, leg)
	switch {
	case readErr != nil:
		return probe.Finding{}, readErr
	case err != nil && total == 0:
		p.twice = true
		return probe.Finding{Mark: probe.Good, Said: "yes: the fee itself guards against a double"}, nil
	case err != nil:
		return probe.Finding{Mark: probe.Careful, Said: "it is refused, and the account moved all the same"}, nil
	}
	return probe.Finding{Mark: probe.Careful, Said: fmt.Sprintf("no: it is taken, and %s of it went to other fees", money.Of(total, p.cfg.Currency))}, nil
}

func (p *Probe) payTooMuch(ctx context.Context) (probe.Finding, error) {
	before, leg, err := p.next(ctx)
	if err != nil {
		return probe.Finding{}, err
	}
	leg.Amount.Minor = balance(before, leg.Fee) + 1
	_, err = p.pay(ctx, leg)
	switch {
	case errors.Is(err, sip.ErrRefused):
		after, err := p.read(ctx)
		switch {
		case err != nil:
			return probe.Finding{}, err
		case after.Total != before.Total:
			return probe.Finding{Mark: probe.Bad, Said: "more is refused, and the account moved all the same", Mend: "do not take payments by this route before the library has explained it"}, nil
		}
		p.found.Traits.OverpaymentRefused = p.twice || leg.Fee == ""
		return probe.Finding{Mark: probe.Good, Said: "yes"}, nil
	case err != nil:
		p.since = time.Now()
		return probe.Finding{Mark: probe.Careful, Said: fmt.Sprintf("there is no plain answer (%v)", err)}, nil
	}
	return probe.Finding{Mark: probe.Careful, Said: "no: it is taken, so at most one posting is repeated, and never more than is owed is sent"}, nil
}

func (p *Probe) nameReferences(context.Context) (probe.Finding, error) {
	if len(p.sent) == 0 {
		return probe.Finding{Mark: probe.Skipped, Said: "nothing was paid"}, nil
	}
	return probe.Finding{Mark: probe.Careful, Said: "SIP2 shows none. The payments of this probe were sent as " + strings.Join(p.sent, ", "),
		Mend: "look for them at the test patron in the staff client, and note where staff finds them"}, nil
}

// cutting dials connections that can lose an answer, or break behind a payment.
type cutting struct {
	dial    client.Dial
	swallow atomic.Bool // the next answer to a payment does not arrive
	cut     atomic.Bool // the connection breaks behind the next payment
}

func (c *cutting) open(ctx context.Context) (net.Conn, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	return &cuttingConn{Conn: conn, line: c}, nil
}

type cuttingConn struct {
	net.Conn
	line  *cutting
	awake bool // a payment was sent whose answer is to be lost
}

func (c *cuttingConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if err != nil || !bytes.HasPrefix(b, []byte("37")) {
		return n, err
	}
	if c.line.cut.CompareAndSwap(true, false) {
		c.Conn.Close()
	}
	c.awake = c.line.swallow.CompareAndSwap(true, false)
	return n, nil
}

// Read loses one whole answer.
func (c *cuttingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	for err == nil && c.awake {
		c.awake = !bytes.ContainsRune(b[:n], '\r')
		n, err = c.Conn.Read(b)
	}
	return n, err
}
