package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// Telnet is a login at prompts, as Koha and Evergreen offer with transport "telnet": the library system writes
// "login: " and "password: " without a line end, and "Login OK" before it begins to speak SIP2 (measured, Koha 19.06).
type Telnet struct {
	User     string
	Password string
}

// tries is how often the library system asks before it hangs up.
const tries = 3

// longestPrompt is how many bytes are looked at for a prompt.
const longestPrompt = 64

// maxBanner is how many bytes a library system may write before it lets us in.
const maxBanner = 16 << 10

// telnet answers the prompts. ErrLogin means that user or password were refused three times.
func (c *Client) telnet(ctx context.Context) error {
	if bytes.ContainsAny([]byte(c.cfg.Telnet.User+c.cfg.Telnet.Password), "\r\n") {
		return errors.New("user or password for the prompts holds a line end")
	}
	deadline := time.Now().Add(c.cfg.Timeouts.Login)
	var text []byte // since the last prompt, or the end of it
	buffer := make([]byte, 4096)
	asked := 0
	total := 0
	for {
		at := bytes.Index(bytes.ToLower(text), []byte("login ok"))
		if at >= 0 {
			if end := bytes.IndexAny(text[at:], "\r\n"); end >= 0 {
				c.conn.decoder.Feed(text[at+end:])
				return nil
			}
		} else if answer, user := c.promptAnswer(text); answer != nil {
			if user {
				if asked++; asked > tries {
					return ErrLogin
				}
			}
			text = text[:0]
			if _, err := c.conn.write(ctx, time.Until(deadline), answer); err != nil {
				return err
			}
			continue
		}
		if at < 0 && len(text) > longestPrompt { // what is older can be part of no prompt
			text = text[:copy(text, text[len(text)-longestPrompt:])]
		}
		n, err := c.conn.readSome(ctx, time.Until(deadline), buffer)
		text = append(text, withoutCommands(buffer[:n])...)
		if total += n; total > maxBanner {
			return fmt.Errorf("no prompt in %d bytes", maxBanner)
		}
		if err != nil && n == 0 {
			if asked >= tries && errors.Is(err, errClosed) {
				return ErrLogin
			}
			return err
		}
	}
}

// promptAnswer is what to write when text ends with a prompt; user says that it is the first of the two.
func (c *Client) promptAnswer(text []byte) (answer []byte, user bool) {
	end := bytes.ToLower(bytes.TrimRight(text, " "))
	switch {
	case bytes.HasSuffix(end, []byte("login:")):
		return []byte(c.cfg.Telnet.User + "\r\n"), true
	case bytes.HasSuffix(end, []byte("password:")):
		return []byte(c.cfg.Telnet.Password + "\r\n"), false
	}
	return nil, false
}

// withoutCommands drops the three-byte commands with which a real telnet server offers options; none is agreed to.
func withoutCommands(b []byte) []byte {
	const command = 0xFF
	var out []byte
	for i := 0; i < len(b); i++ {
		if b[i] == command {
			i += 2
			continue
		}
		out = append(out, b[i])
	}
	return out
}

// readSome waits for bytes of any number. errSilent means that the connection still stands.
func (c *conn) readSome(ctx context.Context, wait time.Duration, buffer []byte) (int, error) {
	done := c.during(ctx, wait)
	defer done()
	n, err := c.Conn.Read(buffer)
	switch {
	case err == nil:
		return n, nil
	case ctx.Err() != nil:
		return n, ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, errSilent
	}
	return n, fmt.Errorf("%w: %w", errClosed, explained(err))
}
