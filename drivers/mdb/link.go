package mdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"selfpay/device/money"
	"selfpay/drivers/wire"
)

const (
	handOver      = 5 * time.Second        // for bytes to leave
	reply         = 2 * time.Second        // of the adapter itself
	setupLate     = 200 * time.Millisecond // for the setup, where a state came without
	between       = 500 * time.Millisecond // from one look at the state to the next
	withdrawal    = 15 * time.Second       // for the reader to deny what is withdrawn
	transmissions = 3                      // of what begins nothing
	mostLines     = 1000                   // in one wait; an adapter that says more is broken
)

// What the kiosk says.
const (
	askVersion  = "V"
	askState    = "D,STATUS"
	masterOn    = "D,2"
	readerOn    = "D,READER,1"
	readerOff   = "D,READER,0"
	withdraw    = "D,REQ,-1"
	vendSuccess = "D,END"
	vendFailed  = "D,END,-1"
)

// Why a link cannot be used.
var (
	errCardFirst = errors.New("the reader wants a card before the price and cannot be used")
	errEarly     = errors.New("somebody has shown a card before the price; the reader forgets it after a while")
	errBabbles   = fmt.Errorf("the adapter says more than %d lines without an answer", mostLines)
	errNotTaken  = errors.New("the adapter did not take the request")
)

// link speaks lines on one open link.
type link struct {
	wire  *wire.Wire
	rest  []byte // came with what was taken before
	lines splitter
}

// say sends one line.
func (l *link) say(line string) error { return l.wire.Write([]byte(line+"\n"), handOver) }

// hear waits for one line, whatever it is. It stands until the next call.
func (l *link) hear(until time.Time, wake <-chan struct{}) ([]byte, error) {
	for {
		for at, b := range l.rest {
			if line, whole := l.lines.take(b); whole {
				l.rest = l.rest[at+1:]
				return line, nil
			}
		}
		more, err := l.wire.Next(until, wake)
		if err != nil {
			return nil, err
		}
		l.rest = more
	}
}

// version brings both ends into step: what came before its answer belongs to the past.
func (l *link) version(ctx context.Context) (string, error) {
	for range transmissions {
		if err := l.say(askVersion); err != nil {
			return "", err
		}
		until := time.Now().Add(reply)
		for range mostLines {
			line, err := l.hear(until, ctx.Done())
			if errors.Is(err, wire.ErrSilent) {
				break
			}
			if err != nil {
				return "", err
			}
			if fields, err := ParseLine(line); err == nil && fields[0] == "v" && len(fields) > 1 {
				return string(bytes.TrimPrefix(line, []byte("v,"))), nil
			}
		}
	}
	return "", wire.ErrSilent
}

// state asks for the reader's state. An adapter that complains is not master yet.
func (l *link) state(ctx context.Context) (Report, error) {
	if err := l.say(askState); err != nil {
		return Report{}, err
	}
	found, until := Report{}, time.Now().Add(reply)
	for range mostLines {
		line, err := l.hear(until, ctx.Done())
		switch {
		case err != nil && found.State != "":
			return found, nil
		case err != nil:
			return Report{}, err
		case complains(line):
			return Report{State: Off}, nil
		}
		r, err := ParseReport(line)
		switch {
		case errors.Is(err, ErrMalformed):
			return Report{}, err
		case err == nil && r.Setup != nil:
			return r, nil
		case err == nil: // said by itself, or by an old version
			found, until = r, time.Now().Add(setupLate)
		}
	}
	return Report{}, errBabbles
}

// pause lets what was said take effect, and takes no notice of what comes meanwhile.
func (l *link) pause(ctx context.Context) error {
	until := time.Now().Add(between)
	for range mostLines {
		if _, err := l.hear(until, ctx.Done()); errors.Is(err, wire.ErrSilent) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return errBabbles
}

// present waits for a reader on the bus. It begins nothing, and resets a bus only that has no master.
func (l *link) present(ctx context.Context, within time.Duration) (Report, error) {
	for until := time.Now().Add(within); ; {
		r, err := l.state(ctx)
		if err != nil {
			return r, err
		}
		if r.State == Off {
			err = l.say(masterOn)
		}
		if err != nil || r.State != Off && r.State != Reset || time.Now().After(until) {
			return r, err
		}
		if err := l.pause(ctx); err != nil {
			return r, err
		}
	}
}

// enable leads the reader to where it can be asked for an amount. What was left open is ended: nobody waits for it any more, since no
// purchase begins while another is in doubt.
func (l *link) enable(ctx context.Context, a money.Amount, within time.Duration) error {
	for until := time.Now().Add(within); time.Now().Before(until); {
		r, err := l.present(ctx, time.Until(until))
		if err != nil {
			return err
		}
		if err := r.capable(); err != nil {
			return err
		}
		if r.State == Idle {
			return r.Setup.takes(a)
		}
		if err := l.say(towardsIdle[r.State]); err != nil {
			return err
		}
		if err := l.pause(ctx); err != nil {
			return err
		}
	}
	return fmt.Errorf("the reader is not ready within %s", within)
}

// towardsIdle is what to say in a state, so that the reader becomes idle.
var towardsIdle = map[State]string{Off: masterOn, Reset: askState, Init: readerOn, Vend: withdraw, Result: vendFailed}

// capable says why a reader in this state cannot be used.
func (r Report) capable() error {
	switch {
	case r.State == Credit:
		return errEarly
	case r.State == Init && len(r.Of) > 0 && r.Of[0] == "0":
		return errCardFirst
	}
	return nil
}

// request is a pending one.
type request struct {
	*link
	until    time.Time
	taken    bool // the reader has it
	asked    int  // how often the state was asked for, after an error
	withdrew bool
}

// result waits for the reader's answer. The request is withdrawn when ctx ends or nothing was heard until the time. errNotTaken: it did not
// begin. An error with a Result: there is an answer, and it cannot be read.
func (q *request) result(ctx context.Context, pending func()) (Report, error) {
	wake := ctx.Done()
	for range mostLines {
		line, err := q.hear(q.until, wake)
		switch {
		case errors.Is(err, wire.ErrWoken):
			wake = nil
			err = q.withdraw()
		case errors.Is(err, wire.ErrSilent) && !q.withdrew:
			err = q.withdraw()
		case err == nil:
			var r Report
			if r, err = q.weigh(line, pending); r.State == Result {
				return r, err
			}
		}
		if err != nil {
			return Report{}, err
		}
	}
	return Report{}, errBabbles
}

// withdraw asks the reader to deny a pending request, and gives it time for that.
func (q *request) withdraw() error {
	q.withdrew = true
	if least := time.Now().Add(withdrawal); q.until.Before(least) {
		q.until = least
	}
	return q.say(withdraw)
}

// weigh says what a line means for the request: a Result when it is answered; an error when it is not and will not be.
func (q *request) weigh(line []byte, pending func()) (Report, error) {
	if complains(line) {
		return Report{}, q.ask()
	}
	r, err := ParseReport(line)
	if aboutResult(line) {
		r.State = Result
		return r, err
	}
	switch {
	case err != nil, r.State == Credit: // noise, or a hint that a card was shown
		return Report{}, nil
	case r.State == Vend:
		if !q.taken {
			pending()
		}
		q.taken = true
		return Report{}, nil
	case r.State == Idle && !q.taken && q.asked > 0:
		return Report{}, errNotTaken
	case r.State == Idle && !q.taken: // said before the request came
		return Report{}, nil
	}
	return Report{}, fmt.Errorf("the reader went to state %s without an answer", r.State)
}

// ask asks for the state after an error. An error alone says nothing about the money.
func (q *request) ask() error {
	if q.asked++; q.asked > transmissions {
		return nil
	}
	return q.say(askState)
}

// idle makes sure that the reader has no request and will take no card.
func (l *link) idle() error {
	if err := l.say(readerOff); err != nil {
		return err
	}
	if err := l.pause(context.Background()); err != nil {
		return err
	}
	r, err := l.state(context.Background())
	if err == nil && r.State != Idle && r.State != Init {
		err = fmt.Errorf("the reader went to state %s", r.State)
	}
	return err
}

// end ends a session that has a result, and waits until the reader is idle. The line is said again where the adapter has not understood it.
func (l *link) end(line string) error {
	for range transmissions {
		if err := l.say(line); err != nil {
			return err
		}
		r, err := l.ended()
		if errors.Is(err, wire.ErrSilent) {
			r, err = l.state(context.Background())
		}
		switch {
		case err != nil:
			return err
		case r.State == Idle:
			return nil
		case r.State != Result:
			return fmt.Errorf("the reader went to state %s", r.State)
		}
	}
	return wire.ErrSilent
}

// ended waits for a state after the result.
func (l *link) ended() (Report, error) {
	until := time.Now().Add(reply)
	for range mostLines {
		line, err := l.hear(until, nil)
		if err != nil {
			return Report{}, err
		}
		if r, err := ParseReport(line); err == nil && r.State != Result {
			return r, nil
		}
	}
	return Report{}, errBabbles
}

// disable lets the reader take no more cards. Where that fails the next purchase finds it so.
func (l *link) disable() { l.say(readerOff) }
