// Package mdbtest is the far end of an MDB adapter: the adapter and the cashless reader behind it, which goes on with its patron when the
// kiosk has gone, and keeps books of what it charged. It shares the codec with the driver and nothing else of it.
//
// The adapter keeps power when a link ends: its state stays, and so does a line of which only a part has come.
package mdbtest

import (
	"cmp"
	"errors"
	"strings"
	"sync"
	"time"

	"selfpay/device/money"
	"selfpay/drivers/cardholder"
	"selfpay/drivers/farend"
	"selfpay/drivers/mdb"
	"selfpay/drivers/wire"
)

const (
	long     = 24 * time.Hour
	mostHeld = 200 // characters of a line
	version  = "v,4.0.2.0,3a002f0011473430"
	setup    = ",#,3,1978,1,2,30,8,2"
	badState = `d,ERR,"-1"`
)

// Terminal is one adapter with its reader. The patron and the books are those of Cardholder.
type Terminal struct {
	*farend.Cable
	Cardholder *cardholder.Cardholder
	Timeout    time.Duration // how long the reader waits for D,END; 0 means 60 s

	mu      sync.Mutex
	state   mdb.State
	of      string // what stands behind the state
	closed  bool
	line    string        // what has come of a line
	said    []string      // not yet written
	changed chan struct{} // is closed when there is something to say
	stop    chan struct{} // is closed when the pending request is withdrawn; nil when none is
	ended   chan bool     // takes whether the goods were given; nil when no approval waits for that
	refund  bool          // what becomes of an approval that never hears of the goods

	vends sync.WaitGroup
}

// New makes an adapter that has just got power.
func New(c *cardholder.Cardholder) *Terminal {
	t := &Terminal{Cardholder: c, state: mdb.Off, changed: make(chan struct{})}
	t.Cable = farend.New(t.speak)
	return t
}

// Unacknowledged chooses what becomes of an approval that never hears of the goods: "keep" or "refund".
func (t *Terminal) Unacknowledged(dialect string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refund = dialect == "refund"
}

// Close ends all links, and waits for the patron.
func (t *Terminal) Close() error {
	t.mu.Lock()
	if !t.closed && len(t.said) == 0 {
		close(t.changed) // closing a pty does not wake who reads it
	}
	t.closed = true
	t.mu.Unlock()
	err := t.Cable.Close()
	t.vends.Wait()
	return err
}

// speak is the adapter at one link.
func (t *Terminal) speak(l *farend.Link) {
	t.take() // nobody was there to read it
	for {
		lines, changed, closed := t.take()
		if closed {
			return
		}
		for _, line := range lines {
			if err := l.Write([]byte(line + "\r\n")...); err != nil {
				return
			}
		}
		switch b, err := l.Next(time.Now().Add(long), changed); {
		case err == nil:
			t.hear(b)
		case !errors.Is(err, wire.ErrWoken):
			return
		}
	}
}

// take returns what is to be said, and what is closed when there is more.
func (t *Terminal) take() (lines []string, changed <-chan struct{}, closed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines = t.said
	if len(lines) > 0 && !t.closed {
		t.said, t.changed = nil, make(chan struct{})
	}
	return lines, t.changed, t.closed
}

// say is called with the lock.
func (t *Terminal) say(line string) {
	if len(t.said) == 0 && !t.closed {
		close(t.changed)
	}
	t.said = append(t.said, line)
}

// turn goes to a state and reports it. It is called with the lock.
func (t *Terminal) turn(s mdb.State, of string) {
	t.state, t.of = s, of
	t.say("d,STATUS," + string(s) + of)
}

func (t *Terminal) hear(b byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case b == '\n':
		line := t.line
		t.line = ""
		t.obey(strings.TrimSuffix(line, "\r"))
	case len(t.line) < mostHeld:
		t.line += string(rune(b))
	}
}

// obey carries out one line of the kiosk. It is called with the lock.
func (t *Terminal) obey(line string) {
	switch {
	case line == "V":
		t.say(version)
	case line == "D,1", line == "D,2":
		t.on()
	case !strings.HasPrefix(line, "D,"):
	case t.state == mdb.Off:
		t.say(`D,ERR,"cashless master is off"`)
	case line == "D,0":
		t.off()
	case line == "D,STATUS":
		t.say("d,STATUS," + string(t.state) + t.of + setup)
	default:
		t.command(line)
	}
}

// on makes the adapter master of the bus.
func (t *Terminal) on() {
	if t.state != mdb.Off {
		t.say(`D,ERR,"cashless master is on"`)
		return
	}
	t.turn(mdb.Reset, "")
	t.turn(mdb.Init, ",1")
}

// off resets the reader, which gives back what was approved and has not ended.
func (t *Terminal) off() {
	switch {
	case t.ended != nil:
		t.endVend(false)
	case t.stop != nil:
		close(t.stop)
		t.stop = nil
	}
	t.turn(mdb.Off, "")
}

// command is one for the reader.
func (t *Terminal) command(line string) {
	price, isRequest := strings.CutPrefix(line, "D,REQ,")
	switch {
	case line == "D,READER,1" && t.state == mdb.Init:
		t.turn(mdb.Idle, "")
	case line == "D,READER,0" && t.state == mdb.Idle:
		t.state, t.of = mdb.Init, ",1"
	case line == "D,REQ,-1" && t.state == mdb.Vend && t.stop != nil:
		close(t.stop)
		t.stop = nil
	case isRequest && t.state == mdb.Idle:
		t.request(price)
	case line == "D,END", line == "D,END,-1":
		t.endVend(line == "D,END")
	default:
		t.say(badState)
	}
}

// request begins a purchase. What stands behind the digits of the product is not looked at, as adapters do.
func (t *Terminal) request(text string) {
	price, item, _ := strings.Cut(text, ",")
	amount, err := money.Parse(price, "EUR")
	if err != nil || !amount.Positive() || item == "" || item[0] < '0' || item[0] > '9' {
		t.say(badState)
		return
	}
	t.turn(mdb.Vend, "")
	stop := make(chan struct{})
	t.stop = stop
	t.vends.Go(func() { t.vend(amount, stop) })
}

// endVend tells the reader of the goods. Without an approval that waits for that the command is not possible.
func (t *Terminal) endVend(given bool) {
	if t.ended == nil {
		if t.state != mdb.Idle && t.state != mdb.Init {
			t.say(badState)
		}
		return
	}
	t.ended <- given
	t.ended = nil
}

// vend is a purchase at the reader. It ends though the link ends.
func (t *Terminal) vend(a money.Amount, stop <-chan struct{}) {
	how, charge := t.Cardholder.Pay(a.Minor, "", stop)
	switch how {
	case cardholder.Charged:
		if !t.given(a) {
			t.Cardholder.Reverse(charge.Number)
		}
	case cardholder.Nothing, cardholder.Unsaid: // the reader has lost its voice
		t.still()
		return
	default:
		t.report(mdb.Result, ",-1")
	}
	t.report(mdb.Idle, "")
}

// given tells of an approval and waits to hear of the goods.
func (t *Terminal) given(a money.Amount) bool {
	ended := make(chan bool, 1)
	t.mu.Lock()
	t.ended, t.stop = ended, nil
	t.turn(mdb.Result, ",1,"+a.Text())
	t.mu.Unlock()
	select {
	case given := <-ended:
		return given
	case <-time.After(cmp.Or(t.Timeout, time.Minute)):
	case <-t.Gone():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = nil
	return !t.refund
}

// report goes to a state, unless the adapter was switched off meanwhile.
func (t *Terminal) report(s mdb.State, of string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stop = nil
	if t.state != mdb.Off {
		t.turn(s, of)
	}
}

// still goes back to idle without a word.
func (t *Terminal) still() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stop = nil
	if t.state != mdb.Off {
		t.state, t.of = mdb.Idle, ""
	}
}
