package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"selfpay/sip"
	"selfpay/sip/wire"
)

// Client asks one library system. Methods may be called from several goroutines; requests run one after the other.
type Client struct {
	cfg  Config
	turn chan struct{} // holds one token: whoever has it may use conn
	conn *conn
	used time.Time   // when conn was last written to or read from
	idle *time.Timer // keeps an unused connection open
}

// New makes a client. It opens nothing; the first request does, and again after the connection was lost.
func New(cfg Config) *Client {
	cfg.Timeouts = cfg.Timeouts.filled()
	switch {
	case cfg.Retries == 0:
		cfg.Retries = 2
	case cfg.Retries < 0:
		cfg.Retries = 0
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	c := &Client{cfg: cfg, turn: make(chan struct{}, 1)}
	c.turn <- struct{}{}
	return c
}

// acquire waits for the request before to end.
func (c *Client) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", sip.ErrNotSent, err)
	}
	select {
	case <-c.turn:
		c.awake()
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: waiting for the request before: %w", sip.ErrNotSent, ctx.Err())
	}
}

// take is acquire without an end.
func (c *Client) take() {
	<-c.turn
	c.awake()
}

func (c *Client) awake() {
	if c.idle != nil {
		c.idle.Stop()
		c.idle = nil
	}
}

func (c *Client) release() {
	if c.conn != nil && c.cfg.KeepAlive > 0 {
		c.idle = time.AfterFunc(c.cfg.KeepAlive-time.Since(c.used), c.keepAlive)
	}
	c.turn <- struct{}{}
}

// keepAlive sends 99 on an idle connection. One that turns out dead is given up; the next request opens another.
func (c *Client) keepAlive() {
	select {
	case <-c.turn:
	default:
		return // in use, so not idle
	}
	c.awake()
	defer c.release()
	if c.conn == nil || time.Since(c.used) < c.cfg.KeepAlive {
		return
	}
	if c.conn.tainted || c.status(context.Background(), c.cfg.Timeouts.Answer) != nil {
		c.drop()
	}
}

// Close ends the connection after the request that is under way. The client may be used again.
func (c *Client) Close() error {
	c.take()
	defer c.release()
	c.drop()
	return nil
}

// Renew ends the connection unless it was opened after notBefore: after doubt, what an old connection says proves
// nothing. The next request opens a new one.
func (c *Client) Renew(ctx context.Context, notBefore time.Time) error {
	if err := c.acquire(ctx); err != nil {
		return err
	}
	defer c.release()
	if c.conn != nil && !c.conn.since.After(notBefore) {
		c.drop()
	}
	return nil
}

// Since is when the present connection was opened; zero when there is none.
func (c *Client) Since() time.Time {
	c.take()
	defer c.release()
	if c.conn == nil {
		return time.Time{}
	}
	return c.conn.since
}

func (c *Client) drop() {
	if c.conn != nil {
		c.conn.reset()
		c.conn = nil
	}
}

// trace notes that a line went, for the watch over idle connections and for whoever looks on.
func (c *Client) trace(d Direction, line []byte) {
	c.used = time.Now()
	if c.cfg.Trace == nil {
		return
	}
	m, err := c.cfg.Format.Parse(line)
	if err != nil {
		c.cfg.Trace(d, fmt.Sprintf("(no SIP2, %d bytes, not shown)", len(line)))
		return
	}
	c.cfg.Trace(d, sip.Redact(m))
}

// connected makes sure that there is a connection with its login done. fresh says that it was opened just now, so
// that its last answer is a 98.
func (c *Client) connected(ctx context.Context) (fresh bool, err error) {
	if c.conn != nil && !c.conn.tainted {
		return false, nil
	}
	c.drop()
	since := c.cfg.Now()
	raw, err := c.cfg.Open(ctx)
	if err != nil {
		return false, fmt.Errorf("connect: %w: %w", sip.ErrNotSent, err)
	}
	c.conn = &conn{Conn: raw, since: since, decoder: wire.Decoder{Limit: c.cfg.Limit}}
	if err := c.login(ctx); err != nil {
		c.drop()
		return false, fmt.Errorf("login: %w: %w", sip.ErrNotSent, err)
	}
	return true, nil
}

// login names us and learns what the library system can do.
func (c *Client) login(ctx context.Context) error {
	if c.cfg.Telnet != nil {
		if err := c.telnet(ctx); err != nil {
			return err
		}
	}
	if c.cfg.Login != nil {
		request, err := c.cfg.Login.Encode()
		if err != nil {
			return err
		}
		answer, err := c.exchange(ctx, request, "94", c.cfg.Timeouts.Login)
		if err != nil {
			return err
		}
		response, err := sip.ParseLoginResponse(answer)
		if err != nil {
			return err
		}
		if !response.OK {
			return ErrLogin
		}
	}
	return c.status(ctx, c.cfg.Timeouts.Login)
}

// status sends 99 on the present connection and keeps the answer.
func (c *Client) status(ctx context.Context, wait time.Duration) error {
	request, err := sip.SCStatus{MaxPrintWidth: 40}.Encode()
	if err != nil {
		return err
	}
	answer, err := c.exchange(ctx, request, "98", wait)
	if err != nil {
		return err
	}
	c.conn.status, err = sip.ParseACSStatus(answer)
	c.conn.known = err == nil
	if ours := c.institution(); err == nil && c.cfg.Format.Fit(ours) != ours {
		return ErrInstitution
	}
	return err
}

// exchange sends one question on the present connection and reads its answer. 96 is followed by the same message again.
func (c *Client) exchange(ctx context.Context, m wire.Message, want string, wait time.Duration) (wire.Message, error) {
	frame, number, err := c.conn.frame(&c.cfg, m)
	if err != nil {
		return wire.Message{}, err
	}
	for attempt := 0; ; attempt++ {
		if _, err := c.conn.write(ctx, wait, frame); err != nil {
			return wire.Message{}, err
		}
		c.trace(Sent, bytes.TrimRight(frame, "\r\n"))
		answer, err := c.answer(ctx, wait)
		switch {
		case err != nil:
			return answer, err
		case answer.Code == "96" && attempt < c.repeats():
			continue
		case answer.Code == "96":
			return answer, errResend
		case answer.Code != want:
			return answer, fmt.Errorf("message %s where %s was expected: %w", answer.Code, want, sip.ErrUnreadable)
		case number != wire.NoSequence && answer.Sequence != wire.NoSequence && answer.Sequence != number:
			return answer, errSequence
		case answer.Checksum == wire.Absent && c.cfg.ErrorDetection == Strict:
			return answer, errNoSum
		}
		return answer, nil
	}
}

// answer reads one message; its checksum is good or absent.
func (c *Client) answer(ctx context.Context, wait time.Duration) (wire.Message, error) {
	line, err := c.conn.read(ctx, wait)
	if err != nil {
		return wire.Message{}, err
	}
	c.trace(Received, line)
	m, err := c.cfg.Format.Parse(line)
	if err == nil && m.Checksum == wire.Bad && c.cfg.ErrorDetection != NoDetection {
		err = errBadSum
	}
	return m, err
}

// ask runs a question: on the present connection, and again on a new one where the old was dead or its answer could
// not be read. A library system that keeps silent is not asked again: the caller decides how long a patron waits.
func (c *Client) ask(ctx context.Context, name string, build func(institution string) (wire.Message, error), want string) (wire.Message, error) {
	if err := c.acquire(ctx); err != nil {
		return wire.Message{}, fmt.Errorf("sip: %s: %w", name, err)
	}
	defer c.release()
	for attempt := 0; ; attempt++ {
		answer, err := c.askOnce(ctx, build, want)
		if err == nil {
			return answer, nil
		}
		if c.conn != nil && !errors.Is(err, ErrUnsupported) { // half an answer may still come
			c.drop()
		}
		if attempt >= c.cfg.Retries || ctx.Err() != nil || !repeatable(err) {
			if !errors.Is(err, sip.ErrNotSent) {
				err = fmt.Errorf("%w: %w", sip.ErrNotSent, err)
			}
			return wire.Message{}, fmt.Errorf("sip: %s: %w", name, err)
		}
	}
}

func (c *Client) askOnce(ctx context.Context, build func(string) (wire.Message, error), want string) (wire.Message, error) {
	if _, err := c.connected(ctx); err != nil {
		return wire.Message{}, err
	}
	m, err := build(c.institution())
	if err == nil {
		err = c.supported(m.Code)
	}
	if err != nil {
		return wire.Message{}, err
	}
	return c.exchange(ctx, m, want, c.patience(c.cfg.Timeouts.Answer))
}

// repeatable says whether a question that failed so may find a better connection.
func repeatable(err error) bool {
	for _, class := range []error{sip.ErrNotSent, errSilent, errResend, ErrUnsupported, sip.ErrInvalid, wire.ErrUnwritable} {
		if errors.Is(err, class) {
			return false
		}
	}
	return true
}

// institution is AO: the site's, else the one that the library system gave.
func (c *Client) institution() string {
	if c.cfg.Institution != "" {
		return c.cfg.Institution
	}
	return c.conn.status.Institution
}

// Status asks what the library system can do (99, 98). It changes nothing and may be repeated. An error means that
// it could not be asked; ErrLogin stands in it when the login was refused.
func (c *Client) Status(ctx context.Context) (sip.ACSStatus, error) {
	m, err := c.ask(ctx, "status", func(string) (wire.Message, error) { return sip.SCStatus{MaxPrintWidth: 40}.Encode() }, "98")
	if err != nil {
		return sip.ACSStatus{}, err
	}
	return sip.ParseACSStatus(m)
}

// PatronStatus asks for a patron's state (23, 24). It changes nothing and may be repeated. Date, institution and
// terminal password are filled in where the request leaves them empty. An error means that it could not be asked.
func (c *Client) PatronStatus(ctx context.Context, r sip.PatronStatusRequest) (sip.PatronStatusResponse, error) {
	m, err := c.ask(ctx, "patron status", func(institution string) (wire.Message, error) {
		c.fill(&r.At, &r.UTC, &r.Institution, &r.TerminalPassword, institution)
		return r.Encode()
	}, "24")
	if err != nil {
		return sip.PatronStatusResponse{}, err
	}
	return sip.ParsePatronStatusResponse(m)
}

// PatronInformation asks for a patron and one list (63, 64). It changes nothing and may be repeated. Date, institution
// and terminal password are filled in where the request leaves them empty. An error means that it could not be asked.
func (c *Client) PatronInformation(ctx context.Context, r sip.PatronInformation) (sip.PatronInformationResponse, error) {
	m, err := c.ask(ctx, "patron information", func(institution string) (wire.Message, error) {
		c.fill(&r.At, &r.UTC, &r.Institution, &r.TerminalPassword, institution)
		return r.Encode()
	}, "64")
	if err != nil {
		return sip.PatronInformationResponse{}, err
	}
	return sip.ParsePatronInformationResponse(m)
}

// EndPatronSession tells the library system that the patron has left (35, 36). It may be repeated.
func (c *Client) EndPatronSession(ctx context.Context, r sip.EndPatronSession) (sip.EndSessionResponse, error) {
	m, err := c.ask(ctx, "end patron session", func(institution string) (wire.Message, error) {
		c.fill(&r.At, &r.UTC, &r.Institution, &r.TerminalPassword, institution)
		return r.Encode()
	}, "36")
	if err != nil {
		return sip.EndSessionResponse{}, err
	}
	return sip.ParseEndSessionResponse(m)
}

func (c *Client) fill(at *time.Time, utc *bool, ao, ac *string, institution string) {
	if at.IsZero() {
		*at = c.cfg.Now()
	}
	*utc = *utc || c.cfg.UTC
	if *ao == "" {
		*ao = institution
	}
	if *ac == "" {
		*ac = c.cfg.TerminalPassword
	}
}
