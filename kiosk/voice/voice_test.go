package voice

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/device/keypad"
	"selfpay/device/speech"
	"selfpay/device/terminal"
	"selfpay/kiosk/health"
	"selfpay/kiosk/session"
	"selfpay/kiosk/web"
)

// station is a session that a test leads.
type station struct {
	views chan session.View
	mu    sync.Mutex
	now   session.View
	acted []session.Action
	heard []bool // what Listen was told
	stale bool   // every tap comes too late
}

func (s *station) Watch() (<-chan session.View, func()) { return s.views, func() {} }

func (s *station) Listen(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = append(s.heard, on)
}

func (s *station) Act(_ context.Context, a session.Action) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stale || a.Screen != s.now.Number {
		return session.ErrStale
	}
	s.acted = append(s.acted, a)
	return nil
}

// show is the next screen.
func (s *station) show(v session.View) {
	s.mu.Lock()
	v.Number = s.now.Number + 1
	s.now = v
	s.mu.Unlock()
	s.views <- v
	synctest.Wait()
}

// mouthpiece speaks ten characters a second.
type mouthpiece struct {
	mu     sync.Mutex
	begun  []speech.Utterance
	ended  []string // what was said to its end
	broken error
	missed error // what Look says
}

// fail lets Speak and Look say err from now on.
func (m *mouthpiece) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken, m.missed = err, err
}

func (m *mouthpiece) Look(context.Context, []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.missed
}

func (m *mouthpiece) Speak(ctx context.Context, u speech.Utterance) error {
	m.mu.Lock()
	m.begun = append(m.begun, u)
	broken := m.broken
	m.mu.Unlock()
	if broken != nil {
		return broken
	}
	select {
	case <-time.After(time.Duration(len(u.Text)) * time.Second / 10):
	case <-ctx.Done():
		return ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended = append(m.ended, u.Text)
	return nil
}

// keys and socket are devices that a test holds.
type keys chan keypad.Key

func (k keys) Read(ctx context.Context) (keypad.Key, error) {
	select {
	case key := <-k:
		return key, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (keys) Close() error { return nil }

type socket chan bool

func (s socket) Next(ctx context.Context) (bool, error) {
	select {
	case in, open := <-s:
		if !open {
			return false, device.ErrAttention
		}
		return in, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

func (socket) Close() error { return nil }

// desk is a whole voice with the hands of a test on it.
type desk struct {
	*station
	*mouthpiece
	keys   keys
	socket socket
	mu     sync.Mutex
	told   []string
	places []int
}

// with runs a test with a voice that works.
func with(t *testing.T, test func(*desk)) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{station: &station{views: make(chan session.View, 1)}, mouthpiece: &mouthpiece{}, keys: make(keys), socket: make(socket)}
		v := New(Config{Station: d.station, Texts: catalogues(t), Speaker: d.mouthpiece, Languages: []string{"en"}, Log: slog.New(slog.DiscardHandler),
			Focus: func(_ int64, place int) { d.mu.Lock(); defer d.mu.Unlock(); d.places = append(d.places, place) },
			Tell: func(check string, status health.Status, output string, _ session.Reason) {
				d.mu.Lock()
				defer d.mu.Unlock()
				d.told = append(d.told, strings.TrimSpace(check+" "+string(status)+" "+output))
			}})
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { v.Run(ctx) })
		running.Go(func() { v.AttendKeypad(ctx, d.keys, func() {}) })
		running.Go(func() { v.AttendHeadset(ctx, d.socket, func() {}) })
		synctest.Wait()
		test(d)
		stop()
		running.Wait()
	})
}

func (d *desk) plug(in bool) {
	d.socket <- in
	synctest.Wait()
}

func (d *desk) press(k keypad.Key) {
	d.keys <- k
	synctest.Wait()
}

// said is everything that was begun, and done what was said to its end.
func (d *desk) said() string {
	d.mouthpiece.mu.Lock()
	defer d.mouthpiece.mu.Unlock()
	var all []string
	for _, u := range d.begun {
		all = append(all, u.Text)
	}
	return strings.Join(all, "\n")
}

func (d *desk) done() string {
	d.mouthpiece.mu.Lock()
	defer d.mouthpiece.mu.Unlock()
	return strings.Join(d.ended, "\n")
}

// quiet waits until everything was said.
func quiet() {
	time.Sleep(10 * time.Minute)
	synctest.Wait()
}

func outcome(v *session.View) {
	v.Chosen, v.Reference, v.Outcome, v.Receipt = eur(1250), "4821-123", session.OutcomeBooked, session.ReceiptPrinting
}

func TestNothingIsSaidWithoutAHeadset(t *testing.T) {
	with(t, func(d *desk) {
		d.show(view(0, session.ScreenFees, fees(true, true)))
		r, err := web.Read(d.now, catalogues(t))
		if err != nil {
			t.Fatal(err)
		}
		pay := len(r.Items) - 1
		for _, k := range []keypad.Key{keypad.Down, keypad.Help, keypad.Louder, keypad.Left, keypad.Right} {
			d.press(k)
		}
		d.press(keypad.OK)
		d.show(view(0, session.ScreenOutcome, outcome))
		quiet()
		if d.said() != "" {
			t.Errorf("said %q", d.said())
		}
		if len(d.acted) != 1 || d.acted[0].Name != "pay" {
			t.Errorf("the keys did %+v", d.acted)
		}
		if !slices.Equal(d.places, []int{0, 0, 0, -1, pay, pay, -1}) {
			t.Errorf("the page was shown the places %v", d.places)
		}
	})
}

func TestAHeadsetStartsTheVoiceWhichExplainsItself(t *testing.T) {
	with(t, func(d *desk) {
		d.show(view(0, session.ScreenReady))
		d.plug(true)
		quiet()
		for _, want := range []string{"now speaks to you", "The arrows down and up", "Scan your library card"} {
			if !strings.Contains(d.done(), want) {
				t.Errorf("%q is not in %q", want, d.done())
			}
		}
		if !slices.Equal(d.heard, []bool{true}) {
			t.Errorf("the session was told %v", d.heard)
		}
	})
}

func TestAPulledHeadsetIsSilentAtOnce(t *testing.T) {
	with(t, func(d *desk) {
		d.show(view(0, session.ScreenReady))
		d.plug(true)
		d.press(keypad.Louder)
		d.plug(false)
		before := d.said()
		quiet()
		d.show(view(0, session.ScreenFees, fees(true, true)))
		quiet()
		if d.done() != "" || d.said() != before {
			t.Errorf("said to its end %q; begun %q", d.done(), d.said())
		}
		d.plug(true)
		if last := d.begun[len(d.begun)-1]; last.Volume != usualVolume {
			t.Errorf("the next one hears volume %d", last.Volume)
		}
		close(d.socket) // the card is gone
		synctest.Wait()
		if !slices.Equal(d.heard, []bool{true, false, true, false}) {
			t.Errorf("the session was told %v", d.heard)
		}
	})
}

func TestANewScreenOrAKeyInterrupts(t *testing.T) {
	with(t, func(d *desk) {
		d.show(view(0, session.ScreenReady))
		d.plug(true)
		d.show(view(0, session.ScreenFees, fees(true, true)))
		d.press(keypad.Down)
		quiet()
		if strings.Contains(d.done(), "now speaks") || strings.Contains(d.done(), "Your library fees") || !strings.Contains(d.done(), "1 of ") {
			t.Errorf("said to its end: %q", d.done())
		}
	})
}

func TestALittleChangeWaitsUntilTheScreenWasSaid(t *testing.T) {
	with(t, func(d *desk) {
		d.show(view(0, session.ScreenReady))
		d.plug(true)
		d.show(view(0, session.ScreenReady, func(v *session.View) { v.Aids.Curtain = true }))
		quiet()
		welcome, dark := strings.Index(d.done(), "now speaks to you"), strings.Index(d.done(), "The screen is dark")
		if welcome < 0 || dark < welcome {
			t.Errorf("said to its end: %q", d.done())
		}
	})
	with(t, func(d *desk) { // but what the card terminal wants is wanted now
		at := func(p terminal.Progress) func(*session.View) {
			return func(v *session.View) { v.Chosen, v.Progress = eur(1250), p }
		}
		d.show(view(0, session.ScreenTerminal, at(terminal.ProgressCard)))
		d.plug(true)
		d.show(view(0, session.ScreenTerminal, at(terminal.ProgressPIN)))
		quiet()
		if got := d.done(); !strings.HasPrefix(got, "Type your PIN on the card terminal") {
			t.Errorf("said to its end: %q", got)
		}
	})
}

func TestWhatBecameOfTheMoneyIsSaidToItsEnd(t *testing.T) {
	with(t, func(d *desk) {
		d.show(view(0, session.ScreenBooking))
		d.plug(true)
		d.show(view(0, session.ScreenOutcome, outcome))
		d.show(view(0, session.ScreenOutcome, outcome, func(v *session.View) { v.Receipt = session.ReceiptPrinted }))
		d.show(view(0, session.ScreenReady))
		quiet()
		charged := strings.Index(d.done(), "12 euros and 50 cents was charged to your bank card")
		receipt, ready := strings.Index(d.done(), "Please take your receipt"), strings.Index(d.done(), "Scan your library card")
		if charged < 0 || receipt < charged || ready < receipt {
			t.Errorf("said to its end: %q", d.done())
		}
	})
	with(t, func(d *desk) { // but a key ends it
		d.show(view(0, session.ScreenBooking))
		d.plug(true)
		d.show(view(0, session.ScreenOutcome, outcome))
		d.press(keypad.Down)
		quiet()
		if strings.Contains(d.done(), "was charged") {
			t.Errorf("said to its end: %q", d.done())
		}
	})
}

func TestAKeyThatComesTooLateReadsTheScreenAgain(t *testing.T) {
	with(t, func(d *desk) {
		d.show(view(0, session.ScreenFees, fees(true, true)))
		d.plug(true)
		d.press(keypad.Down)
		d.stale = true
		d.press(keypad.OK)
		quiet()
		if len(d.acted) != 0 || !strings.HasPrefix(d.done(), "Your library fees") {
			t.Errorf("did %+v, said %q", d.acted, d.done())
		}
	})
}

func TestAVoiceThatCannotBeHeardIsTold(t *testing.T) {
	with(t, func(d *desk) {
		d.fail(device.ErrAttention)
		d.show(view(0, session.ScreenReady))
		d.plug(true)
		d.fail(nil)
		quiet()
		if got := strings.Join(d.told, ", "); got != "voice:speech pass, voice:speech warn needs attention, voice:speech pass" {
			t.Errorf("health was told %s", got)
		}
	})
}
