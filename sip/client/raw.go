package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"selfpay/sip"
	"selfpay/sip/wire"
)

// What stands in the error of a connection that was made and does not serve.
var (
	// ErrSilent: the library system does not answer in time.
	ErrSilent = errSilent
	// ErrClosed: the library system ended the connection.
	ErrClosed = errClosed
)

// Raw sends one message as it is, for a person who tries something out: only sequence number and checksum are added,
// nothing is filled in. It is sent once, also when the answer is 96. What comes back is returned whatever it is; its
// Checksum says whether it is whole, and its Raw holds the line where it is no SIP2.
//
// sip.ErrNotSent: nothing can have happened. sip.ErrDoubt: no answer, so what the message asks for may have happened.
func (c *Client) Raw(ctx context.Context, m wire.Message) (wire.Message, error) {
	answer, err := c.raw(ctx, m)
	if err != nil {
		return answer, fmt.Errorf("sip: message %.2s: %w", m.Code, err)
	}
	return answer, nil
}

func (c *Client) raw(ctx context.Context, m wire.Message) (wire.Message, error) {
	if err := c.acquire(ctx); err != nil {
		return wire.Message{}, err
	}
	defer c.release()
	if err := c.alive(ctx); err != nil {
		return wire.Message{}, err
	}
	frame, _, err := c.conn.frame(&c.cfg, m)
	if err != nil {
		return wire.Message{}, fmt.Errorf("%w: %w", sip.ErrNotSent, err)
	}
	if began, err := c.conn.write(ctx, c.cfg.Timeouts.Answer, frame); err != nil {
		c.drop()
		if began {
			return wire.Message{}, fmt.Errorf("%w: %w", sip.ErrDoubt, err)
		}
		return wire.Message{}, fmt.Errorf("%w: %w", sip.ErrNotSent, err)
	}
	c.trace(Sent, bytes.TrimRight(frame, "\r\n"))
	wait := c.cfg.Timeouts.Answer
	if m.Code == "37" {
		wait = c.cfg.Timeouts.FeePaid
	}
	answer, err := c.answer(ctx, c.patience(wait))
	switch {
	case errors.Is(err, errBadSum) || errors.Is(err, wire.ErrNotSIP2):
		c.drop() // shown, and not built upon
		return answer, nil
	case err != nil:
		c.drop()
		return answer, fmt.Errorf("%w: %w", sip.ErrDoubt, err)
	}
	return answer, nil
}
