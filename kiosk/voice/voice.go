// Package voice lets a patron who cannot see or touch the screen pay by headset and keypad. It says in the headset what stands on
// the screen, leads through the choices by keys, and makes the same taps as the page. It owns no screen and no money: what it says
// is drawn from the session's view, by the same templates and catalogues as the page, and what it wants done it asks the session.
//
// Nothing is said unless a headset is in: amounts, names of fees and the card's number are a patron's own. Of a PIN it knows no more
// than the screen shows, how many digits there are. It logs nothing of what it says.
package voice

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"selfpay/device/keypad"
	"selfpay/device/speech"
	"selfpay/kiosk/health"
	"selfpay/kiosk/session"
	"selfpay/kiosk/text"
	"selfpay/kiosk/web"
)

// Station is the patron's session: *session.Session.
type Station interface {
	Watch() (views <-chan session.View, stop func())
	Act(ctx context.Context, a session.Action) error
	Listen(on bool)
}

var _ Station = (*session.Session)(nil)

// Config is what a voice works with.
type Config struct {
	Station   Station
	Texts     *text.Texts
	Speaker   speech.Speaker                // nil: there is none, and the keypad works all the same
	Languages []string                      // that it must speak
	Focus     func(screen int64, place int) // shows on the page where the patron is, as Reading.Items counts
	Tell      func(check string, status health.Status, output string, why session.Reason)
	Log       *slog.Logger
}

// Voice is the one voice of a station.
type Voice struct {
	Config
	inbox chan func()
	ended chan struct{}
	mouth *mouth
	told  string // to health; owned by the mouth

	// owned by the loop
	guide     Guide
	views     <-chan session.View
	listening bool
	context   context.Context
}

// New makes a voice. It does nothing before Run.
func New(c Config) *Voice {
	v := &Voice{Config: c, inbox: make(chan func()), ended: make(chan struct{}),
		guide: Guide{Texts: c.Texts, Volume: usualVolume, at: before}}
	v.mouth = newMouth(c.Speaker, v.heard)
	return v
}

// Run works until ctx ends (nil).
func (v *Voice) Run(ctx context.Context) error {
	defer close(v.ended)
	views, stop := v.Station.Watch()
	defer stop()
	v.views, v.context = views, ctx
	spoken := make(chan struct{})
	go func() { defer close(spoken); v.mouth.run(ctx, v.Languages) }()
	defer func() { <-spoken }()
	for {
		select {
		case view := <-views:
			v.show(view)
		case do := <-v.inbox:
			do()
		case <-ctx.Done():
			return nil
		}
	}
}

// heard tells health whether the voice could be heard, when there is news.
func (v *Voice) heard(err error) {
	status, why := health.Pass, ""
	if err != nil {
		status, why = health.Warn, err.Error()
	}
	if now := string(status) + why; v.told != now {
		v.told = now
		v.Tell(health.CheckSpeech, status, why, "")
	}
}

// settles: a device counts as there when it has been open for so long without a fault.
const settles = 2 * time.Second

// AttendKeypad takes keys until the keypad is lost; it calls there when the keypad answers.
func (v *Voice) AttendKeypad(ctx context.Context, k keypad.Keypad, there func()) error {
	defer k.Close()
	for {
		settled := time.AfterFunc(settles, there)
		key, err := k.Read(ctx)
		settled.Stop()
		if err != nil {
			return err
		}
		there()
		v.send(ctx, func() { v.press(key) })
	}
}

// AttendHeadset follows the socket of the headset until it is lost; then nobody listens.
func (v *Voice) AttendHeadset(ctx context.Context, h speech.Headset, there func()) error {
	defer h.Close()
	for {
		settled := time.AfterFunc(settles, there)
		in, err := h.Next(ctx)
		settled.Stop()
		if err != nil {
			in = false
		} else {
			there()
		}
		if !in {
			v.mouth.hush() // at once; the loop may be busy
		}
		v.send(ctx, func() { v.listen(in) })
		if err != nil {
			return err
		}
	}
}

func (v *Voice) send(ctx context.Context, do func()) {
	select {
	case v.inbox <- do:
	case <-v.ended:
	case <-ctx.Done():
	}
}

// listen follows the headset. Whoever plugs one in is told how it goes.
func (v *Voice) listen(in bool) {
	if in == v.listening {
		return
	}
	v.listening = in
	v.Station.Listen(in)
	if !in {
		v.mouth.hush()
		v.guide.Volume = usualVolume
		return
	}
	v.answer(v.guide.Welcome())
}

// show takes the next view.
func (v *Voice) show(view session.View) {
	if view.Number <= v.guide.Number() {
		return
	}
	reading, err := web.Read(view, v.Texts)
	if err != nil {
		v.Log.Error("screen cannot be read aloud", "screen", string(view.Screen), "error", err)
		return
	}
	said := v.guide.Show(reading)
	v.focus()
	if v.listening && !said.Empty() {
		v.mouth.tell(said, v.guide.Volume)
	}
}

// press takes a key.
func (v *Voice) press(k keypad.Key) {
	said, tap := v.guide.Press(k)
	v.focus()
	if tap == nil {
		v.answer(said)
		return
	}
	v.mouth.hush()
	switch err := v.Station.Act(v.context, *tap); {
	case err == nil:
		v.catchUp() // the next key is meant for what this one brought
	case errors.Is(err, session.ErrStale) && !v.catchUp():
		v.answer(v.guide.All())
	case !errors.Is(err, session.ErrStale) && v.context.Err() == nil:
		v.Log.Error("key not carried out", "action", tap.Name, "error", err)
	}
}

// catchUp shows the view that has come meanwhile, and says whether there was one.
func (v *Voice) catchUp() bool {
	select {
	case view := <-v.views:
		v.show(view)
		return true
	default:
		return false
	}
}

// answer says something to whoever has pressed a key or come.
func (v *Voice) answer(said Saying) {
	if v.listening && !said.Empty() {
		v.mouth.answer(said, v.guide.Volume)
	}
}

// focus lets the page show where the patron is, once there is one who uses keys.
func (v *Voice) focus() {
	if v.guide.Keys && v.Focus != nil {
		v.Focus(v.guide.Number(), v.guide.Place())
	}
}
