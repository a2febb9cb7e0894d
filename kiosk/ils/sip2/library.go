package sip2

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
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
	Profile          string      // see Profiles
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
}

var _ ils.Library = (*Library)(nil)

// New makes a library that is reached by cfg.Dial. It opens nothing; the first method call does, and again after the
// connection was lost. The error is a mistake in the configuration.
func New(cfg Config, log *slog.Logger) (*Library, error) {
	profile, ok := FindProfile(cfg.Profile)
	switch {
	case cfg.Dial == nil:
		return nil, errors.New("sip2: no way to reach the library system")
	case !ok:
		return nil, fmt.Errorf("sip2: profile %q is none of %s", cfg.Profile, strings.Join(Profiles(), ", "))
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
// document. The error is a mistake in the configuration.
func (cfg Config) Connection() (client.Config, error) {
	profile, ok := FindProfile(cfg.Profile)
	if !ok {
		return client.Config{}, fmt.Errorf("sip2: profile %q is none of %s", cfg.Profile, strings.Join(Profiles(), ", "))
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
		ErrorDetection: cfg.ErrorDetection, Echo: profile.Echo, Order: cfg.Order, Now: cfg.Now, Trace: cfg.Trace,
	}
}

// Traits says what the library system can do, from its profile.
func (l *Library) Traits() ils.Traits { return l.profile.Traits }

// Close ends the connection after the request that is under way.
func (l *Library) Close() error { return l.client.Close() }

// note writes one line per call to the library system; errors carry no card and no PIN.
func (l *Library) note(what string, began time.Time, err error) {
	level := slog.LevelInfo
	attributes := []any{"device", "library", "took", time.Since(began)}
	if err != nil {
		level = slog.LevelWarn
		attributes = append(attributes, "error", err)
	}
	l.log.Log(context.Background(), level, "library: "+what, attributes...)
}

// Ready asks whether fees can be paid now. It changes nothing and may be repeated. device.ErrAttention: staff must
// act. Any other error: the library system could not be asked.
func (l *Library) Ready(ctx context.Context) (err error) {
	defer func(began time.Time) { l.note("ready", began, err) }(time.Now())
	status, err := l.client.Status(ctx)
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
func (l *Library) Account(ctx context.Context, p ils.Patron, notBefore time.Time) (account ils.Account, err error) {
	defer func(began time.Time) { l.note("account", began, err) }(time.Now())
	if !notBefore.IsZero() {
		if err := l.client.Renew(ctx, notBefore); err != nil {
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
	account = ils.Account{Initials: initials(answer.Name), Blocked: blocked(answer.Status)}
	account.Fees, account.Total, err = l.profile.read(answer, l.cfg.Currency)
	if err != nil {
		return ils.Account{}, fmt.Errorf("sip2: account: %w: %w", ils.ErrFeesUnreadable, err)
	}
	if answer.PasswordValid == sip.AnswerNo {
		return account, fmt.Errorf("sip2: account: %w", ils.ErrPINNeeded)
	}
	return account, nil
}

// blocked says whether a patron has a block that paying may lift.
func blocked(s sip.PatronStatus) bool {
	return s[sip.ChargeDenied] || s[sip.ExcessiveFines] || s[sip.ExcessiveFees] || s[sip.TooManyBilled]
}

// Post tells the library that one leg is paid. The route never repeats it without evidence that the first was not
// executed. A Yes that names another amount as booked (FG, FOLIO) is doubt: the account tells what is left. See
// ils.Library for the errors. After nil and device.ErrRefused the connection stays.
func (l *Library) Post(ctx context.Context, leg ils.Leg) (err error) {
	defer func(began time.Time) { l.note("post "+leg.Reference, began, err) }(time.Now())
	if err := l.postable(leg); err != nil {
		return fmt.Errorf("sip2: post %s: %w: %w", leg.Reference, device.ErrNotSent, err)
	}
	paid := sip.FeePaid{
		At: leg.PaidAt.Local(), FeeType: l.profile.FeeType, PaymentType: l.profile.PaymentType,
		Currency: sip.Currency(leg.Amount.Currency), Amount: leg.Amount.Text(),
		Patron: leg.Patron.Card, Fee: leg.Fee, Transaction: leg.Reference,
	}
	if l.profile.Traits.PINInFeePaid {
		paid.PatronPassword = leg.Patron.PIN
	}
	answer, err := l.client.FeePaid(ctx, paid)
	if err != nil {
		return fmt.Errorf("sip2: post %s: %w: %w", leg.Reference, class(err), err)
	}
	if answer.Applied != "" {
		if applied, err := l.profile.amount(answer.Applied, l.cfg.Currency); err != nil || applied != leg.Amount {
			return fmt.Errorf("sip2: post %s: accepted, and another amount was booked than was paid: %w", leg.Reference, device.ErrDoubt)
		}
	}
	return nil
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
	switch {
	case leg.Amount.Currency != l.cfg.Currency:
		return errors.New("amount is in another currency")
	case !leg.Amount.Positive():
		return errors.New("amount is not above zero")
	case !goodReference(leg.Reference):
		return errors.New("reference is not 1 to 16 digits and dashes")
	case l.profile.Traits.FeeIDs && leg.Fee == "":
		return errors.New("no fee is named, and this library system wants one")
	case leg.Fee != "" && l.profile.goodID != nil && !l.profile.goodID(leg.Fee):
		return errors.New("the fee's id has another form than this library system's")
	case !l.profile.Traits.FeeIDs && leg.Fee != "":
		return errors.New("a fee is named, and this library system knows none")
	}
	return nil
}

// goodReference wants digits and dashes only: letters might spell AY or AZ, which some servers take for the checksum
// wherever they stand.
func goodReference(reference string) bool {
	return reference != "" && len(reference) <= 16 && strings.Trim(reference, "0123456789-") == ""
}
