package ecr17

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"selfpay/device/terminal"
	"selfpay/drivers/wire"
)

const (
	handOver      = 5 * time.Second        // for bytes to leave
	interByte     = time.Second            // within a packet; USB adapters deliver in bursts
	quiet         = 300 * time.Millisecond // what is still under way has come by then
	mostQuiet     = 5 * time.Second        // a line that is not quiet by then is not ours to speak on
	transmissions = 3                      // of one message
	receiptPause  = 3 * time.Second        // between the parts of a receipt
	mostParts     = 40                     // of a receipt
)

// Why an exchange failed.
var (
	errNotTaken   = errors.New("the terminal does not take the message")
	errUnanswered = errors.New("the terminal does not confirm the message")
	errDamaged    = errors.New("what the terminal says is damaged")
	errTalks      = errors.New("the terminal talks without end")
)

// line speaks over one open link.
type line struct {
	wire    *wire.Wire
	lrc     LRC
	confirm time.Duration // from a message to its ACK or NAK
	got     []byte        // came, and is no whole packet yet
	receipt []byte        // the parts that came
	parts   int
}

func (l *line) write(b []byte) error { return l.wire.Write(b, handOver) }

// next waits for one whole packet. errDamaged: a frame began that is none. Other noise is dropped.
func (l *line) next(until time.Time) (Packet, error) {
	for {
		began := len(l.got) > 0 && l.got[0] == STX
		p, rest, err := Split(l.got)
		if err == nil || errors.Is(err, ErrMalformed) {
			l.got = rest
		}
		switch {
		case err == nil:
			return p, l.check(p)
		case errors.Is(err, ErrMalformed) && began:
			return Packet{}, fmt.Errorf("%w: %w", errDamaged, err)
		case errors.Is(err, ErrMalformed):
			continue
		}
		limit := until
		if soon := time.Now().Add(interByte); len(l.got) > 0 && soon.Before(limit) {
			limit = soon
		}
		b, err := l.wire.Next(limit, nil)
		if errors.Is(err, wire.ErrSilent) && len(l.got) > 0 {
			l.got = nil
			if began {
				return Packet{}, fmt.Errorf("%w: a frame breaks off", errDamaged)
			}
			continue
		}
		if err != nil {
			return Packet{}, err
		}
		l.got = append(l.got, b...)
	}
}

// check compares the check sum of a message with the configured way to build it.
func (l *line) check(p Packet) error {
	fits, known := p.LRC()
	switch {
	case p.Sign != STX || fits == l.lrc:
		return nil
	case known:
		return fmt.Errorf("%w, or its check sum is that of %q instead of %q", errDamaged, fits, l.lrc)
	}
	return fmt.Errorf("%w: the check sum does not fit", errDamaged)
}

// hush drops what comes until nothing more does: whatever comes after it belongs to what is said next.
func (l *line) hush() error {
	for end := time.Now().Add(mostQuiet); time.Now().Before(end); {
		l.got = nil
		_, err := l.wire.Next(time.Now().Add(quiet), nil)
		switch {
		case errors.Is(err, wire.ErrSilent):
			return nil
		case err != nil:
			return err
		}
	}
	return errTalks
}

// ask says a message that may be said again: to a NAK and to silence.
func (l *line) ask(message []byte) (err error) {
	for range transmissions {
		err = l.say(message)
		if !errors.Is(err, errNotTaken) && !errors.Is(err, errUnanswered) {
			return err
		}
	}
	return err
}

// say says a message once. errNotTaken: the terminal said NAK. wire.ErrNothingOut: it did not leave. Another error: it may have
// arrived.
func (l *line) say(message []byte) error {
	if err := l.write(l.lrc.Frame(message)); err != nil {
		return err
	}
	for until := time.Now().Add(l.confirm); ; {
		p, err := l.next(until)
		switch {
		case errors.Is(err, wire.ErrSilent):
			return errUnanswered
		case errors.Is(err, errDamaged):
			continue
		case err != nil:
			return err
		case p.Sign == ACK:
			return nil
		case p.Sign == NAK:
			return errNotTaken
		}
		// a message that comes before the ACK is an old one; it is not acknowledged
	}
}

// answer waits for a message with one of some codes. It is not acknowledged yet.
func (l *line) answer(until time.Time, codes string, progress func(terminal.Progress)) ([]byte, error) {
	for damaged := 0; ; {
		p, err := l.next(until)
		switch {
		case errors.Is(err, errDamaged):
			if damaged++; damaged >= transmissions {
				return nil, err
			}
			if err := l.write(Control(NAK)); err != nil { // it says it once more
				return nil, err
			}
			continue
		case err != nil:
			return nil, err
		}
		if p.Sign == SOH && progress != nil {
			progress(hint(string(p.Text)))
		}
		if p.Sign != STX || len(p.Text) < headerSize {
			continue
		}
		if code := p.Text[headerSize-1]; strings.IndexByte(codes, code) >= 0 {
			return p.Text, nil
		} else if code == codeReceipt {
			if _, err := l.keep(p.Text); err != nil {
				return nil, err
			}
		}
	}
}

// words are those of a text for the display that tell what is asked of the patron. They are in no document; what none of them fits is a
// wait.
var words = []struct {
	word  string
	means terminal.Progress
}{
	{"PIN", terminal.ProgressPIN}, {"ESTRA", terminal.ProgressRemove}, {"RIMUOV", terminal.ProgressRemove}, {"TOGLI", terminal.ProgressRemove},
	{"RIPROVA", terminal.ProgressRetry}, {"INSERI", terminal.ProgressCard}, {"AVVICINA", terminal.ProgressCard}, {"PASSA", terminal.ProgressCard},
}

func hint(text string) terminal.Progress {
	upper := strings.ToUpper(text)
	for _, w := range words {
		if strings.Contains(upper, w.word) {
			return w.means
		}
	}
	return terminal.ProgressWait
}
