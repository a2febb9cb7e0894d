package sip2

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/sip"
	"selfpay/sip/client"
	"selfpay/sip/wire"
)

// Config is one library system as one site has set it up.
type Config struct {
	Dial             client.Dial // to the library system's address
	TLS              *client.TLS // nil: Dial's connection as it is, for loopback and tunnels
	Login            string      // CN; empty where the library system knows the kiosk by address
	Password         string      // CO
	Location         string      // CP
	TerminalPassword string      // AC
	Institution      string      // AO; empty means what the library system says
	Profile          string      // see FindProfile
	TestSystem       bool        // no real accounts: a profile that is unproven may be tried
	Currency         money.Currency
	Language         sip.Language // of the library system's texts; empty means unknown
	Charset          wire.Charset // empty means UTF-8
	Timeouts         client.Timeouts
	ErrorDetection   client.ErrorDetection
	Order            sip.Order     // of Fee Paid's fields
	Telnet           bool          // Login and Password are typed at prompts instead of message 93
	KeepAlive        time.Duration // an idle connection is kept open by a 99 after this; 0 never
	PINInFeePaid     bool          // the library system wants the patron's PIN with each posting
	Quiet            time.Duration // replaces the profile's quiet time when above 0
	Now              func() time.Time
	Trace            func(client.Direction, string) // masked lines; nil for none
}

// Library is a library system over SIP2. It implements ils.Library; requests run one after the other.
type Library struct {
	cfg     Config
	profile Profile
	client  *client.Client
	log     *slog.Logger
	ahead   atomic.Pointer[time.Duration] // the library's clock before ours
}

var _ ils.Library = (*Library)(nil)

// New makes a library that is reached by cfg.Dial. It opens nothing; the first method call does, and again after the
// connection was lost. The error is a mistake in the configuration.
func New(cfg Config, log *slog.Logger) (*Library, error) {
	profile, err := FindProfile(cfg.Profile)
	switch {
	case cfg.Dial == nil:
		return nil, errors.New("sip2: no way to reach the library system")
	case err != nil:
		return nil, fmt.Errorf("sip2: %w", err)
	case profile.Unproven && !cfg.TestSystem:
		return nil, fmt.Errorf("sip2: profile %s is inferred and not proven, so it is for a test system only (test_system = true), until the commissioning probe has written the site's own profile there", cfg.Profile)
	case !cfg.Currency.Known():
		return nil, fmt.Errorf("sip2: currency %q is not known", cfg.Currency)
	}
	if cfg.Quiet > 0 {
		profile.Traits.Quiet = cfg.Quiet
	}
	profile.Traits.PINInFeePaid = profile.Traits.PINInFeePaid || cfg.PINInFeePaid
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Library{cfg: cfg, profile: profile, log: log, client: client.New(cfg.connection(profile))}, nil
}

// Connection is the configuration without the kiosk's contract around it, for tools that ask in the words of the SIP2
// document; an unproven profile will do for them. The error is a mistake in the configuration.
func (cfg Config) Connection() (client.Config, error) {
	profile, err := FindProfile(cfg.Profile)
	if err != nil {
		return client.Config{}, fmt.Errorf("sip2: %w", err)
	}
	return cfg.connection(profile), nil
}

func (cfg Config) connection(profile Profile) client.Config {
	var login *sip.Login
	if cfg.Login != "" {
		login = &sip.Login{User: cfg.Login, Password: cfg.Password, Location: cfg.Location}
	}
	var prompts *client.Telnet
	if cfg.Telnet {
		login, prompts = nil, &client.Telnet{User: cfg.Login, Password: cfg.Password}
	}
	return client.Config{
		Dial: cfg.Dial, TLS: cfg.TLS, Format: wire.Format{Charset: cfg.Charset}, Login: login, Telnet: prompts, KeepAlive: cfg.KeepAlive,
		Institution: cfg.Institution, TerminalPassword: cfg.TerminalPassword, Timeouts: cfg.Timeouts,
		ErrorDetection: cfg.ErrorDetection, Echo: echoes[profile.Reads.Echo], NoResend: !profile.Traits.Resend, Order: cfg.Order, Now: cfg.Now, Trace: cfg.Trace,
	}
}

// Traits says what the library system can do, from its profile.
func (l *Library) Traits() ils.Traits { return l.profile.Traits }

// Clock is how far the library system's clock is ahead of ours, by its last status (98); a date without a zone counts as
// local time.
func (l *Library) Clock() (ahead time.Duration, known bool) {
	if d := l.ahead.Load(); d != nil {
		return *d, true
	}
	return 0, false
}

// Close ends the connection after the request that is under way.
func (l *Library) Close() error { return l.client.Close() }

// Ready asks whether fees can be paid now. It changes nothing and may be repeated. device.ErrAttention: staff must
// act. Any other error: the library system could not be asked.
func (l *Library) Ready(ctx context.Context) (err error) {
	defer func(began time.Time) { ils.NoteReady(l.log, began, err) }(time.Now())
	status, err := l.client.Status(ctx)
	if err == nil && !status.At.IsZero() {
		ahead := status.At.Sub(l.cfg.Now()).Round(time.Second)
		l.ahead.Store(&ahead)
	}
	switch {
	case err != nil:
		return unreachable("ready", err)
	case !status.OnLine:
		return fmt.Errorf("sip2: ready: the library system says that it is off line: %w", device.ErrAttention)
	case status.Supports(sip.BXFeePaid) == sip.NotSupported:
		return fmt.Errorf("sip2: ready: the library system does not offer Fee Paid to this login: %w", device.ErrAttention)
	}
	return nil
}

// unreachable is the error of a question that could not be asked.
func unreachable(what string, err error) error {
	switch {
	case errors.Is(err, client.ErrLogin):
		return fmt.Errorf("sip2: %s: library login refused, look at user and password: %w", what, device.ErrAttention)
	case errors.Is(err, client.ErrTLS), errors.Is(err, client.ErrUnsupported), errors.Is(err, client.ErrInstitution):
		return fmt.Errorf("sip2: %s: %w: %w", what, device.ErrAttention, err)
	}
	return fmt.Errorf("sip2: %s: %w: %w", what, device.ErrNotSent, err)
}

// Account reads who the patron is and what is owed. It changes nothing and may be repeated. See ils.Library for the
// errors.
func (l *Library) Account(ctx context.Context, p ils.Patron, after ils.Doubt) (account ils.Account, err error) {
	defer func(began time.Time) { ils.Note(l.log, "account", began, err) }(time.Now())
	if !after.Since.IsZero() {
		if err := l.client.Renew(ctx, after.Since); err != nil {
			return ils.Account{}, unreachable("account", err)
		}
	}
	answer, err := l.client.PatronInformation(ctx, sip.PatronInformation{
		Language: l.cfg.Language, List: sip.FineItems, Patron: p.Card, PatronPassword: p.PIN})
	switch {
	case errors.Is(err, wire.ErrUnwritable): // no such card can exist, nor such a PIN
		return ils.Account{}, fmt.Errorf("sip2: account: %w", ils.ErrUnknownPatron)
	case err != nil:
		return ils.Account{}, unreachable("account", err)
	case answer.Valid == sip.AnswerNo:
		return ils.Account{}, fmt.Errorf("sip2: account: %w", ils.ErrUnknownPatron)
	case answer.Patron != p.Card:
		return ils.Account{}, fmt.Errorf("sip2: account: answer for another patron: %w", device.ErrNotSent)
	}
	account = ils.Account{Initials: ils.Initials(answer.Name), Blocked: blocked(answer.Status)}
	account.Fees, account.Total, err = l.profile.read(answer, l.cfg.Currency)
	if !l.profile.Traits.FeeIDs {
		account.Mark = count(answer)
	}
	if err != nil {
		return ils.Account{}, fmt.Errorf("sip2: account: %w: %w", ils.ErrFeesUnreadable, err)
	}
	account.Limit = l.profile.limit(answer, l.cfg.Currency)
	if answer.PasswordValid == sip.AnswerNo {
		return account, fmt.Errorf("sip2: account: %w", ils.ErrPINNeeded)
	}
	return account, nil
}

// blocked says whether a patron has a block that paying may lift.
func blocked(s sip.PatronStatus) bool {
	return s[sip.ChargeDenied] || s[sip.ExcessiveFines] || s[sip.ExcessiveFees] || s[sip.TooManyBilled]
}

// limit is CC, above which a patron is blocked, unless there is another block that paying would not lift. No flag need say that too much
// is owed: with BV above CC, Koha 19.06 (BV20, CC5, measured) and Sierra (BV20.00, CC15.00, a published recording)
// leave all of them blank.
func (p Profile) limit(answer sip.PatronInformationResponse, c money.Currency) money.Amount {
	for _, other := range []int{sip.CardLost, sip.TooManyCharged, sip.TooManyOverdue, sip.TooManyRenewals, sip.TooManyClaims,
		sip.TooManyLost, sip.RecallOverdue, sip.TooManyBilled} {
		if answer.Status[other] {
			return money.Amount{}
		}
	}
	limit, err := p.amount(answer.FeeLimit, c)
	if err != nil {
		return money.Amount{}
	}
	return limit
}

// Post tells the library that one leg is paid. The route never repeats it without evidence that the first was not
// executed. A Yes that names another amount as booked (FG, FOLIO) is doubt: the account tells what is left. number is
// that of Profile.Reads.Number. See ils.Library for the errors. After nil and device.ErrRefused the connection stays.
func (l *Library) Post(ctx context.Context, leg ils.Leg) (number string, err error) {
	defer func(began time.Time) { ils.Note(l.log, "post "+leg.Reference, began, err) }(time.Now())
	paid, err := l.feePaid(leg)
	if err != nil {
		return "", fmt.Errorf("sip2: post %s: %w: %w", leg.Reference, device.ErrNotSent, err)
	}
	answer, err := l.client.FeePaid(ctx, paid)
	if err != nil {
		return "", fmt.Errorf("sip2: post %s: %w: %w", leg.Reference, class(err), err)
	}
	if answer.Applied != "" {
		if applied, err := l.profile.amount(answer.Applied, l.cfg.Currency); err != nil || applied != leg.Amount {
			return "", fmt.Errorf("sip2: post %s: accepted, and another amount was booked than was paid: %w", leg.Reference, device.ErrDoubt)
		}
	}
	return l.profile.number(answer, leg.Reference), nil
}

// feePaid is the message for a leg. The error says why this library system would book it wrongly.
func (l *Library) feePaid(leg ils.Leg) (sip.FeePaid, error) {
	if err := l.postable(leg); err != nil {
		return sip.FeePaid{}, err
	}
	sends := l.profile.Sends
	paid := sip.FeePaid{
		At: leg.PaidAt.Local(), FeeType: sends.FeeType, PaymentType: sends.PaymentType,
		Currency: sip.Currency(leg.Amount.Currency), Amount: leg.Amount.Text(),
		Patron: leg.Patron.Card, Transaction: leg.Reference,
	}
	if sends.FeeID == InCG {
		paid.Fee = leg.Fee
	}
	for _, extra := range sends.Extra {
		field, err := extra.field(leg)
		if err != nil {
			return sip.FeePaid{}, fmt.Errorf("field %s %w", extra.ID, err)
		}
		paid.Fields = append(paid.Fields, field)
	}
	if l.profile.Traits.PINInFeePaid {
		paid.PatronPassword = leg.Patron.PIN
	}
	return paid, nil
}

// number is the library system's own number of a booking. What is no short word, or is our own reference again, is none.
func (p Profile) number(answer sip.FeePaidResponse, reference string) string {
	for _, f := range answer.Fields {
		if p.Reads.Number != "" && f.ID == p.Reads.Number {
			if f.Value == reference || len(f.Value) > 32 || strings.ContainsFunc(f.Value, func(r rune) bool { return r <= ' ' || r > '~' }) {
				return ""
			}
			return f.Value
		}
	}
	return ""
}

// class turns the classes of package sip into those of the kiosk.
func class(err error) error {
	switch {
	case errors.Is(err, sip.ErrDoubt):
		return device.ErrDoubt
	case errors.Is(err, sip.ErrRefused):
		return device.ErrRefused
	case errors.Is(err, sip.ErrNotSent):
		return device.ErrNotSent
	}
	return device.ErrDoubt
}

// postable refuses a leg that this library system would book wrongly.
func (l *Library) postable(leg ils.Leg) error {
	if err := leg.Check(l.cfg.Currency); err != nil {
		return err
	}
	switch {
	case l.profile.Traits.FeeIDs && leg.Fee == "":
		return errors.New("no fee is named, and this library system wants one")
	case l.profile.Traits.FeeIDs && !l.profile.goodID(leg.Fee):
		return errors.New("the fee's id has another form than this library system's")
	case !l.profile.Traits.FeeIDs && leg.Fee != "":
		return errors.New("a fee is named, and this library system knows none")
	}
	return nil
}
