package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"selfpay/sip"
	"selfpay/sip/wire"
)

// FeePaid tells the library system that a fee was paid (37, 38). It is not to be repeated, save by a caller who knows
// that the first was not booked. Date, institution, terminal password and field order are filled in where the
// message leaves them empty.
//
// nil: accepted; the connection stays. sip.ErrRefused: answered N, and the response holds the library system's texts;
// some systems say N after booking, so read the account before money goes back. sip.ErrNotSent: not executed, because
// not one byte left or because 96 said so; ErrLogin may stand beside it. sip.ErrDoubt: it may be booked; the last
// answer has been asked for where that was possible, and the connection is gone.
func (c *Client) FeePaid(ctx context.Context, p sip.FeePaid) (sip.FeePaidResponse, error) {
	response, err := c.feePaid(ctx, p)
	if err != nil {
		return response, fmt.Errorf("sip: fee paid %s: %w", p.Transaction, err)
	}
	return response, nil
}

func (c *Client) feePaid(ctx context.Context, p sip.FeePaid) (sip.FeePaidResponse, error) {
	if err := c.acquire(ctx); err != nil {
		return sip.FeePaidResponse{}, err
	}
	defer c.release()
	if err := c.alive(ctx); err != nil {
		return sip.FeePaidResponse{}, err
	}
	notSent := func(err error) (sip.FeePaidResponse, error) {
		return sip.FeePaidResponse{}, fmt.Errorf("%w: %w", sip.ErrNotSent, err)
	}
	if !c.conn.status.OnLine {
		return notSent(errors.New("library system is off line"))
	}
	c.fill(&p.At, &p.UTC, &p.Institution, &p.TerminalPassword, c.institution())
	if p.Order == sip.PatronLast {
		p.Order = c.cfg.Order
	}
	m, err := p.Encode()
	if err == nil {
		err = c.supported("37")
	}
	if err != nil {
		return notSent(err)
	}
	frame, number, err := c.conn.frame(&c.cfg, m)
	if err != nil {
		return notSent(err)
	}
	for attempt := 0; ; attempt++ {
		began, err := c.conn.write(ctx, c.cfg.Timeouts.Answer, frame)
		switch {
		case err != nil && began:
			return c.doubt(err)
		case err != nil:
			c.drop()
			return notSent(err)
		}
		c.trace(Sent, bytes.TrimRight(frame, "\r\n"))
		response, err := c.verdict(ctx, p, number)
		switch {
		case err == nil && !response.Accepted:
			return response, sip.ErrRefused
		case err == nil:
			return response, nil
		case !errors.Is(err, errResend):
			return c.doubt(err)
		case attempt >= c.repeats():
			c.drop()
			return notSent(err)
		}
	}
}

// alive finds out a dead connection before anything is at stake. After it, the library system's last answer is a 98.
func (c *Client) alive(ctx context.Context) error {
	for attempt := 0; ; attempt++ {
		fresh, err := c.connected(ctx)
		if err != nil || fresh {
			return err
		}
		if err = c.status(ctx, c.cfg.Timeouts.Answer); err == nil {
			return nil
		}
		c.drop()
		if attempt > 0 || ctx.Err() != nil {
			return fmt.Errorf("%w: %w", sip.ErrNotSent, err)
		}
	}
}

// verdict reads what the library system says about the 37 that was just sent. errResend means that it was not
// executed; every other error that it may have been.
func (c *Client) verdict(ctx context.Context, p sip.FeePaid, number int) (sip.FeePaidResponse, error) {
	answer, err := c.answer(ctx, c.patience(c.cfg.Timeouts.FeePaid))
	if err == nil && answer.Code == "96" {
		if answer.Checksum == wire.OK {
			return sip.FeePaidResponse{}, c.notExecuted(ctx)
		}
		err = errNoSum // whoever sent this, it is no evidence
	}
	resent := false
	if !c.cfg.NoResend && (errors.Is(err, errSilent) || errors.Is(err, errBadSum) || errors.Is(err, errNoSum)) {
		resent = true
		c.conn.tainted = true // the late answer may come after the one asked for
		answer, err = c.lastAnswer(ctx, err)
	}
	if err != nil {
		return sip.FeePaidResponse{}, err
	}
	response, err := sip.ParseFeePaidResponse(answer)
	if err != nil {
		return sip.FeePaidResponse{}, err
	}
	return response, c.ours(p, number, answer, response, resent)
}

// notExecuted is errResend where the 96 that has just come answers the last request. It may answer a line before that,
// or noise: then the request's own answer is under way, and comes before the 98 that is asked for here.
func (c *Client) notExecuted(ctx context.Context) error {
	if err := c.status(ctx, c.cfg.Timeouts.Answer); err != nil {
		return fmt.Errorf("%s, then %v", errResend, err) // not wrapped: another 96 is no evidence
	}
	return errResend
}

// lastAnswer asks for the last answer once more, on the same connection only. why is what was wrong before.
func (c *Client) lastAnswer(ctx context.Context, why error) (wire.Message, error) {
	request, err := sip.RequestACSResend{}.Encode()
	if err != nil {
		return wire.Message{}, err
	}
	frame, _, err := c.conn.frame(&c.cfg, request)
	if err != nil {
		return wire.Message{}, err
	}
	if _, err := c.conn.write(ctx, c.cfg.Timeouts.Resend, frame); err != nil {
		return wire.Message{}, fmt.Errorf("%w, then %w", why, err)
	}
	c.trace(Sent, bytes.TrimRight(frame, "\r\n"))
	answer, err := c.answer(ctx, c.cfg.Timeouts.Resend)
	if err != nil {
		return answer, fmt.Errorf("%w, then %w", why, err)
	}
	return answer, nil
}

// ours says whether a 38 answers our 37: patron and reference must be ours; where no reference is echoed, the sequence
// number, save after 97, which may change it.
func (c *Client) ours(p sip.FeePaid, number int, answer wire.Message, r sip.FeePaidResponse, resent bool) error {
	switch {
	case answer.Checksum == wire.Absent && c.cfg.ErrorDetection == Strict:
		return errNoSum
	case r.Patron != p.Patron:
		return errors.New("answer for another patron")
	}
	if c.cfg.Echo != EchoIgnored && p.Transaction != "" {
		switch {
		case r.Transaction == p.Transaction:
			return nil
		case r.Transaction != "":
			return errors.New("answer for another payment")
		case c.cfg.Echo == EchoRequired:
			return errors.New("answer without our reference")
		}
	}
	if !resent && number != wire.NoSequence && answer.Sequence != wire.NoSequence && answer.Sequence != number {
		return errSequence
	}
	return nil
}

// doubt gives the connection up: nothing that comes on it later can be trusted.
func (c *Client) doubt(err error) (sip.FeePaidResponse, error) {
	c.drop()
	return sip.FeePaidResponse{}, fmt.Errorf("%w: %w", sip.ErrDoubt, err)
}
