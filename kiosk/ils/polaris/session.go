package polaris

import (
	"context"
	"encoding/xml"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"selfpay/device"
	"selfpay/kiosk/ils"
)

const (
	// renewAfter is half the life of a staff session, 24 hours from its issue (PAPI guide, AuthenticateStaffUser). When
	// it ends by AuthExpDate is not read: that is local time without a zone.
	renewAfter = 12 * time.Hour
	// afterRefused: three refused logins in five minutes lock the account (same page), so there is one in that time.
	afterRefused = 5 * time.Minute
	// afterLost: a login without an answer may have been a refused one, so there are two in that time.
	afterLost = 150 * time.Second
	// young is how long the token of a session cannot be what is wrong, when it was got because the last one was refused.
	young = time.Minute
)

// session is one staff session. Token and secret are kept in memory only.
type session struct {
	token, secret string
	user          int // PolarisUserID, who calls
	since         time.Time
	again         bool // got because the session before was refused
}

// staff is the staff session with what is known of logins. Whoever holds turn may use it; a login happens inside, so that
// there is one at a time and all others wait for it.
type staff struct {
	turn     chan struct{}
	current  *session
	dropped  bool      // the last session was refused
	noBefore time.Time // no login before
	why      error     // the reason
}

func newStaff() *staff { return &staff{turn: make(chan struct{}, 1)} }

// hold takes the turn. The error is that of ctx.
func (s *staff) hold(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return notNow("%w", ctx.Err())
	}
}

func (s *staff) release() { <-s.turn }

// session gives the staff session, after a login where there is none or it is old. device.ErrAttention: the login is
// refused, or was within the last minutes; any other error: the library could not be asked.
func (l *Library) session(ctx context.Context) (session, error) {
	if err := l.staff.hold(ctx); err != nil {
		return session{}, err
	}
	defer l.staff.release()
	s, now := l.staff, l.cfg.Now()
	if s.current != nil && now.Sub(s.current.since) < renewAfter && !now.Before(s.current.since) {
		return *s.current, nil
	}
	if now.Before(s.noBefore) && s.noBefore.Sub(now) <= afterRefused { // a clock that was set back waits no longer
		return session{}, s.why
	}
	fresh, wait, err := l.login(ctx)
	if err != nil {
		s.current, s.why, s.noBefore = nil, err, l.cfg.Now().Add(wait) // from now: it may have been looked at this late
		return session{}, err
	}
	fresh.again, s.dropped = s.dropped, false
	s.current, s.why, s.noBefore = &fresh, nil, time.Time{}
	return fresh, nil
}

// refuse throws a session away that the library did not accept. It says whether another login can help: not where this
// session is young, and was itself got because the one before was refused.
func (l *Library) refuse(ctx context.Context, refused session) bool {
	if err := l.staff.hold(ctx); err != nil {
		return false
	}
	defer l.staff.release()
	s := l.staff
	if s.current == nil || s.current.token != refused.token {
		return true // somebody else was quicker
	}
	if refused.again && l.cfg.Now().Sub(refused.since) < young {
		return false
	}
	s.current, s.dropped = nil, true
	return true
}

// authenticationData is the body of the login, in the order of the guide.
type authenticationData struct {
	XMLName  xml.Name `xml:"AuthenticationData"`
	Domain   string
	Username string
	Password string
}

// login logs in, once. wait is how long no other login may follow an error.
func (l *Library) login(ctx context.Context) (fresh session, wait time.Duration, err error) {
	defer func(began time.Time) { ils.Note(l.log, "login", began, err) }(time.Now())
	body, err := xml.Marshal(authenticationData{Domain: l.cfg.Domain, Username: l.cfg.Login, Password: l.cfg.Password})
	if err != nil {
		return session{}, afterRefused, needsStaff("login or password cannot be written")
	}
	answer, err := l.papi.send(ctx, call{name: "login", method: http.MethodPost, path: l.papi.path("protected", "authenticator/staff"), body: body})
	switch {
	case errors.Is(err, device.ErrNotSent):
		return session{}, 0, unreachable(err)
	case err != nil:
		return session{}, afterLost, unreachable(err)
	case answer.Status == http.StatusUnauthorized:
		if err := l.papi.clockError(); err != nil {
			return session{}, afterRefused, err
		}
		return session{}, afterRefused, needsStaff("library login refused (HTTP 401); look at login, password and domain, then at access_id, access_key, algorithm and sign_as. The next login is in %s", afterRefused)
	case answer.Status != http.StatusOK:
		return session{}, afterLost, l.papi.statusError(answer.Status)
	}
	var a authentication
	code, err := parse(answer.Body, "AuthenticationResult", &a)
	switch {
	case err != nil:
		return session{}, afterLost, notNow("%w", err)
	case code < 0:
		return session{}, afterRefused, needsStaff("library login refused (%s); look at login, password and domain. The next login is in %s", say(code), afterRefused)
	}
	fresh, err = l.opened(a)
	return fresh, afterRefused, err
}

// opened is the session of a good login.
func (l *Library) opened(a authentication) (session, error) {
	s := session{token: strings.TrimSpace(a.AccessToken), secret: strings.TrimSpace(a.AccessSecret), user: l.cfg.User, since: l.cfg.Now()}
	if !goodKey(s.token) || s.secret == "" || len(s.secret) > longestKey {
		return session{}, needsStaff("the answer to the login has no token that can be used")
	}
	if s.user == 0 {
		id := strings.TrimSpace(a.PolarisUserID)
		if !goodID(id) || len(id) > 9 {
			return session{}, needsStaff("the answer to the login names no user; set user")
		}
		s.user, _ = strconv.Atoi(id)
	}
	return s, nil
}
