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

// Checkout charges an item to a patron (11, 12). Like all messages of this file it changes the library's books, so it
// is sent once: sip.ErrNotSent means that nothing can have happened, sip.ErrDoubt that it may have, and that the item
// (17) or the patron (63) should be asked for before anything is repeated. The library system's No is no error here;
// it stands in the response. Date, institution and terminal password are filled in where the request leaves them empty.
func (c *Client) Checkout(ctx context.Context, r sip.Checkout) (sip.CheckoutResponse, error) {
	return deed(ctx, c, "checkout", "12", sip.ParseCheckoutResponse, func(institution string) (wire.Message, error) {
		c.fill(&r.At, &r.UTC, &r.Institution, &r.TerminalPassword, institution)
		return r.Encode()
	})
}

// Checkin takes an item back (09, 10). See Checkout; after doubt it may be repeated, because an item that is back stays
// back.
func (c *Client) Checkin(ctx context.Context, r sip.Checkin) (sip.CheckinResponse, error) {
	return deed(ctx, c, "checkin", "10", sip.ParseCheckinResponse, func(institution string) (wire.Message, error) {
		c.fill(&r.At, &r.UTC, &r.Institution, &r.TerminalPassword, institution)
		if r.ReturnedAt.IsZero() {
			r.ReturnedAt = r.At
		}
		return r.Encode()
	})
}

// RenewItem renews one item (29, 30). See Checkout.
func (c *Client) RenewItem(ctx context.Context, r sip.Renew) (sip.RenewResponse, error) {
	return deed(ctx, c, "renew", "30", sip.ParseRenewResponse, func(institution string) (wire.Message, error) {
		c.fill(&r.At, &r.UTC, &r.Institution, &r.TerminalPassword, institution)
		return r.Encode()
	})
}

// RenewAllItems renews all items of a patron (65, 66). See Checkout.
func (c *Client) RenewAllItems(ctx context.Context, r sip.RenewAll) (sip.RenewAllResponse, error) {
	return deed(ctx, c, "renew all", "66", sip.ParseRenewAllResponse, func(institution string) (wire.Message, error) {
		c.fill(&r.At, &r.UTC, &r.Institution, &r.TerminalPassword, institution)
		return r.Encode()
	})
}

// Hold puts, changes or cancels a hold (15, 16). See Checkout.
func (c *Client) Hold(ctx context.Context, r sip.Hold) (sip.HoldResponse, error) {
	return deed(ctx, c, "hold", "16", sip.ParseHoldResponse, func(institution string) (wire.Message, error) {
		c.fill(&r.At, &r.UTC, &r.Institution, &r.TerminalPassword, institution)
		return r.Encode()
	})
}

// ItemStatusUpdate tells what the unit knows about an item (19, 20). See Checkout; it may be repeated.
func (c *Client) ItemStatusUpdate(ctx context.Context, r sip.ItemStatusUpdate) (sip.ItemStatusUpdateResponse, error) {
	return deed(ctx, c, "item status update", "20", sip.ParseItemStatusUpdateResponse, func(institution string) (wire.Message, error) {
		c.fill(&r.At, &r.UTC, &r.Institution, &r.TerminalPassword, institution)
		return r.Encode()
	})
}

// PatronEnable lifts a block (25, 26). See Checkout; it may be repeated.
func (c *Client) PatronEnable(ctx context.Context, r sip.PatronEnable) (sip.PatronEnableResponse, error) {
	return deed(ctx, c, "patron enable", "26", sip.ParsePatronEnableResponse, func(institution string) (wire.Message, error) {
		c.fill(&r.At, &r.UTC, &r.Institution, &r.TerminalPassword, institution)
		return r.Encode()
	})
}

// BlockPatron blocks a card (01, 24). See Checkout; it may be repeated.
func (c *Client) BlockPatron(ctx context.Context, r sip.BlockPatron) (sip.PatronStatusResponse, error) {
	return deed(ctx, c, "block patron", "24", sip.ParsePatronStatusResponse, func(institution string) (wire.Message, error) {
		c.fill(&r.At, &r.UTC, &r.Institution, &r.TerminalPassword, institution)
		return r.Encode()
	})
}

// ItemInformation asks for an item (17, 18). It changes nothing and may be repeated. An error means that it could not
// be asked.
func (c *Client) ItemInformation(ctx context.Context, r sip.ItemInformation) (sip.ItemInformationResponse, error) {
	m, err := c.ask(ctx, "item information", func(institution string) (wire.Message, error) {
		c.fill(&r.At, &r.UTC, &r.Institution, &r.TerminalPassword, institution)
		return r.Encode()
	}, "18")
	if err != nil {
		return sip.ItemInformationResponse{}, err
	}
	return sip.ParseItemInformationResponse(m)
}

// deed sends a message that changes the library's books, once.
func deed[T any](ctx context.Context, c *Client, name, want string, parse func(wire.Message) (T, error), build func(string) (wire.Message, error)) (T, error) {
	answer, err := c.once(ctx, want, build)
	if err != nil {
		var none T
		return none, fmt.Errorf("sip: %s: %w", name, err)
	}
	return parse(answer)
}

func (c *Client) once(ctx context.Context, want string, build func(string) (wire.Message, error)) (wire.Message, error) {
	if err := c.acquire(ctx); err != nil {
		return wire.Message{}, err
	}
	defer c.release()
	if err := c.alive(ctx); err != nil {
		return wire.Message{}, err
	}
	m, err := build(c.institution())
	if err == nil {
		err = c.supported(m.Code)
	}
	if err != nil {
		return wire.Message{}, fmt.Errorf("%w: %w", sip.ErrNotSent, err)
	}
	frame, number, err := c.conn.frame(&c.cfg, m)
	if err != nil {
		return wire.Message{}, fmt.Errorf("%w: %w", sip.ErrNotSent, err)
	}
	doubt := func(err error) (wire.Message, error) {
		c.drop()
		return wire.Message{}, fmt.Errorf("%w: %w", sip.ErrDoubt, err)
	}
	for attempt := 0; ; attempt++ {
		began, err := c.conn.write(ctx, c.cfg.Timeouts.Answer, frame)
		switch {
		case err != nil && began:
			return doubt(err)
		case err != nil:
			c.drop()
			return wire.Message{}, fmt.Errorf("%w: %w", sip.ErrNotSent, err)
		}
		c.trace(Sent, bytes.TrimRight(frame, "\r\n"))
		answer, err := c.answer(ctx, c.patience(c.cfg.Timeouts.Answer))
		if err == nil && answer.Code == "96" && answer.Checksum == wire.OK {
			err = c.notExecuted(ctx)
		}
		switch {
		case errors.Is(err, errResend) && attempt < c.repeats():
			continue
		case errors.Is(err, errResend):
			c.drop()
			return wire.Message{}, fmt.Errorf("%w: %w", sip.ErrNotSent, err)
		case err != nil:
			return doubt(err)
		case answer.Code != want:
			return doubt(fmt.Errorf("message %s where %s was expected: %w", answer.Code, want, sip.ErrUnreadable))
		case number != wire.NoSequence && answer.Sequence != wire.NoSequence && answer.Sequence != number:
			return doubt(errSequence)
		case answer.Checksum == wire.Absent && c.cfg.ErrorDetection == Strict:
			return doubt(errNoSum)
		}
		return answer, nil
	}
}

// ErrUnsupported: the library system's ACS Status says that it does not support this message. Nothing was sent.
var ErrUnsupported = errors.New("not supported by the library system")

// supported refuses a request of which BX says no. What BX does not say is tried.
func (c *Client) supported(code string) error {
	at, known := sip.PositionOf(code)
	if code == "99" || code == "97" || code == "93" {
		return nil // the line itself, which every library system has
	}
	if known && !c.cfg.IgnoreSupport && c.conn.status.Supports(at) == sip.NotSupported {
		return fmt.Errorf("message %s: %w", code, ErrUnsupported)
	}
	return nil
}

// patience is how long an answer is waited for: never less than the library system asks for in 98.
func (c *Client) patience(ours time.Duration) time.Duration {
	if asked := c.conn.status.Timeout; asked > 0 {
		return max(ours, time.Duration(asked)*100*time.Millisecond)
	}
	return ours
}

// repeats is how often a message is sent again after 96: never more than the library system allows in 98.
func (c *Client) repeats() int {
	if c.conn.known && c.conn.status.Retries != sip.Unknown {
		return min(c.cfg.Retries, c.conn.status.Retries)
	}
	return c.cfg.Retries
}
