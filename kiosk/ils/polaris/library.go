package polaris

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/rest"
	"selfpay/sip/client"
)

// Config is one library system as one site has set it up.
type Config struct {
	Base         *url.URL                                                    // where it is called: https, host and port; a path replaces /PAPIService
	SignBase     *url.URL                                                    // the address that it takes itself to be called by, behind a proxy; nil: Base
	Dial         func(ctx context.Context, address string) (net.Conn, error) // nil: TCP
	TLS          client.TLS
	AccessID     string // of the API access key
	AccessKey    string
	Algorithm    string // "sha1" or "sha256", as the server has it; empty: "sha1"
	Domain       string // of the staff user
	Login        string
	Password     string
	Language     int    // of labels; 0: 1033, English
	Application  int    // 0: 100, others than the vendor
	Organisation int    // 0: 1, the whole system; else a branch
	Workstation  int    // of this kiosk in Polaris
	User         int    // who takes the money; 0: the user of the login
	AskPIN       bool   // patrons must give their PIN
	Profile      string // see Profiles; or the absolute path of a site's own
	CreditMethod int    // PaymentMethodID of credit cards; 0: 12
	DebitMethod  int    // of debit cards; 0: 13
	Kiosk        string // the station's name, for the note on each payment
	Currency     money.Currency
	Quiet        time.Duration // replaces the profile's quiet time when above 0
	Answer       time.Duration // the longest wait for one answer; 0: 45 s
	Now          func() time.Time
}

// Library is a Polaris over PAPI. It implements ils.Library. Each call has a connection of its own.
type Library struct {
	cfg     Config
	profile Profile
	papi    *papi
	log     *slog.Logger
	staff   *staff
	alarm   alarm
	posting chan struct{} // one posting at a time

	paid   atomic.Bool  // a payment has succeeded
	denied atomic.Int32 // payments in a row that were answered with 401

	mu        sync.Mutex
	barcodes  map[string]string // card -> barcode; in memory only
	known     bool              // PatronValidate has found a patron
	strangers map[string]bool   // cards that it was not allowed to look up
}

var _ ils.Library = (*Library)(nil)

// New makes a library that is reached at cfg.Base. It opens nothing. The error is a mistake in the configuration.
func New(cfg Config, log *slog.Logger) (*Library, error) {
	profile, err := FindProfile(cfg.Profile)
	if err != nil {
		return nil, fmt.Errorf("polaris: %w", err)
	}
	return newLibrary(cfg, profile, log)
}

func newLibrary(cfg Config, profile Profile, log *slog.Logger) (*Library, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("polaris: %w", err)
	}
	if cfg.Quiet > 0 {
		profile.Traits.Quiet = cfg.Quiet
	}
	client := rest.New(rest.Config{Dial: cfg.Dial, TLS: cfg.TLS, Answer: cfg.Answer})
	return &Library{cfg: cfg, profile: profile, log: log, staff: newStaff(), posting: make(chan struct{}, 1),
		papi:     &papi{cfg: cfg, client: client, log: log},
		barcodes: map[string]string{}, strangers: map[string]bool{}}, nil
}

func (cfg Config) withDefaults() Config {
	for _, d := range []struct {
		value *int
		is    int
	}{{&cfg.Language, 1033}, {&cfg.Application, 100}, {&cfg.Organisation, 1}, {&cfg.CreditMethod, 12}, {&cfg.DebitMethod, 13}} {
		if *d.value == 0 {
			*d.value = d.is
		}
	}
	if cfg.Algorithm == "" {
		cfg.Algorithm = "sha1"
	}
	if cfg.SignBase == nil {
		cfg.SignBase = cfg.Base
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return cfg
}

// check names the first mistake. No value that is a secret stands in it.
func (cfg Config) check() error {
	switch {
	case !goodBase(cfg.Base):
		return errors.New("the address is no https://host")
	case !goodBase(cfg.SignBase):
		return errors.New("sign_as is no https://host")
	case cfg.AccessID == "" || strings.ContainsAny(cfg.AccessID, ": \t\r\n"):
		return errors.New("access_id is missing, or holds a colon or a blank")
	case cfg.AccessKey == "":
		return errors.New("access_key is missing")
	case algorithms[cfg.Algorithm] == nil:
		return fmt.Errorf("algorithm %.20q is none of sha1, sha256", cfg.Algorithm)
	case cfg.Login == "" || cfg.Password == "":
		return errors.New("login or password of the staff user is missing")
	case cfg.Workstation <= 0:
		return errors.New("workstation is missing: each kiosk is a workstation of its own in Polaris")
	case cfg.User < 0 || cfg.Language < 0 || cfg.Application < 0 || cfg.Organisation < 0:
		return errors.New("user, language, application and organisation are numbers above zero")
	case !goodMethod(cfg.CreditMethod) || !goodMethod(cfg.DebitMethod):
		return errors.New("credit_method and debit_method are payment methods of Polaris: 11 to 15, or 17")
	case !cfg.Currency.Known():
		return fmt.Errorf("currency %.10q is not known", cfg.Currency)
	}
	return nil
}

func goodBase(u *url.URL) bool {
	return u != nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == "" &&
		plain(strings.ReplaceAll(u.Path, "/", ""))
}

// goodMethod: cash, credit card, debit card, check, voucher, smart card (PAPI guide, PatronAccountPay, PaymentMethodID).
func goodMethod(id int) bool { return id >= 11 && id <= 17 && id != 16 }

// Traits says what the library system can do, from its profile.
func (l *Library) Traits() ils.Traits { return l.profile.Traits }

// Clock is how far the library system's clock is ahead of ours, by the header Date of its last answer.
func (l *Library) Clock() (ahead time.Duration, known bool) {
	if d := l.papi.ahead.Load(); d != nil {
		return *d, true
	}
	return 0, false
}

// Close forgets the staff session, after the login that is under way. The library system is not told: there is no
// method for it.
func (l *Library) Close() error {
	l.staff.turn <- struct{}{}
	defer l.staff.release()
	l.staff.current, l.staff.dropped = nil, false
	return nil
}

// question is a reading with the staff session: a public method in the patron's place, or a protected one.
type question struct {
	name      string
	resource  string
	protected bool
	root      string // of the answer
}

var carriers = question{name: "mobilephonecarriers", resource: "sysadmin/mobilephonecarriers", protected: true, root: "SAMobilePhoneCarriersGetResult"}

// Ready asks whether fees can be paid now. It changes nothing and may be repeated. device.ErrAttention: staff must act.
// Any other error: the library system could not be asked.
//
// It reads the list of mobile phone carriers, the smallest protected method that changes nothing: the server checks key,
// signature, clock, session and database for it. The version ("api") needs no authorisation and proves none of that.
func (l *Library) Ready(ctx context.Context) (err error) {
	defer func(began time.Time) { ils.NoteReady(l.log, began, err) }(time.Now())
	var said result
	_, err = l.asStaff(ctx, carriers, &said)
	if errors.Is(err, device.ErrNotSent) {
		return fmt.Errorf("polaris: ready: %w", err)
	}
	if clock := l.papi.clockError(); clock != nil {
		err = clock
	}
	if sentence := l.alarm.said(l.cfg.Now()); err == nil && sentence != "" {
		err = needsStaff("%s", sentence)
	}
	if err != nil {
		return fmt.Errorf("polaris: ready: %w", err)
	}
	return nil
}

// errDenied: the answer to a reading was 401, with a session that cannot be too old.
var errDenied = errors.New("not allowed")

// asStaff asks a question that the staff user must be allowed to ask, and gives the code of the answer, zero or above.
func (l *Library) asStaff(ctx context.Context, q question, v interface{ code() (int, error) }) (int, error) {
	code, err := l.ask(ctx, q, v)
	if errors.Is(err, errDenied) {
		return 0, l.notAllowed(q.name)
	}
	return code, err
}

// notAllowed raises the alarm that this key may not make a call.
func (l *Library) notAllowed(name string) error {
	sentence := fmt.Sprintf("the library refuses the call %s although the login is accepted (HTTP 401); look at the permissions of the API access key", name)
	l.alarm.raise(name, sentence, l.cfg.Now())
	return needsStaff("%s", sentence)
}

// ask asks a question. A session that is refused is renewed once; errDenied after that. Codes below zero are errors.
func (l *Library) ask(ctx context.Context, q question, v interface{ code() (int, error) }) (int, error) {
	for range 2 {
		s, err := l.session(ctx)
		if err != nil {
			return 0, err
		}
		c := call{name: q.name, method: http.MethodGet, path: l.papi.public(q.resource), token: s.token, secret: s.secret}
		if q.protected {
			c.path, c.token = l.papi.protected(s.token, q.resource), ""
		}
		answer, err := l.papi.send(ctx, c)
		if err != nil {
			return 0, unreachable(err)
		}
		if answer.Status != http.StatusUnauthorized {
			l.alarm.end(q.name)
			return l.read(q, answer, v)
		}
		if err := l.papi.clockError(); err != nil {
			return 0, err
		}
		if !l.refuse(ctx, s) {
			break
		}
	}
	return 0, errDenied
}

// read reads the answer to a question.
func (l *Library) read(q question, answer rest.Answer, v interface{ code() (int, error) }) (int, error) {
	if answer.Status != http.StatusOK {
		return 0, l.papi.statusError(answer.Status)
	}
	code, err := parse(answer.Body, q.root, v)
	switch {
	case err != nil:
		return 0, notNow("%w", err)
	case code >= 0:
		return code, nil
	}
	switch code {
	case -3000, -3550:
		return code, ils.ErrUnknownPatron
	case -3621, -3637:
		return code, fmt.Errorf("%w: the patron's record is secured", ils.ErrFeesUnreadable)
	}
	if meanings[code].outcome == refusedStaff {
		l.alarm.raise(q.name, "the library answered "+q.name+" with "+say(code), l.cfg.Now())
		return code, needsStaff("the library answered with %s", say(code))
	}
	return code, notNow("the library answered with %s", say(code))
}
