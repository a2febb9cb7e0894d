package panel

import (
	"testing"
	"time"

	"selfpay/device/terminal"
	"selfpay/kiosk/session"
)

func TestWhatIsLitFollowsFromTheTable(t *testing.T) {
	for name, c := range map[string]struct {
		scene                   Scene
		green, amber, red, slot Pattern
		ring                    Light
	}{
		"ready":          {Scene{}, Steady, Dark, Dark, Dark, Light{ringGreen, Steady}},
		"out of service": {Scene{OutOfService: true}, Dark, Dark, Steady, Dark, Light{ringRed, Steady}},
		"a patron":       {Scene{Patron: true}, Pulse, Dark, Dark, Dark, Light{ringGreen, Pulse}},
		"card":           {Scene{Patron: true, Card: true}, Blink, Dark, Dark, Dark, Light{ringWhite, Blink}},
		"remove card":    {Scene{Patron: true, Remove: true}, Blink, Dark, Dark, Dark, Light{ringWhite, Blink}},
		"receipt":        {Scene{Patron: true, Receipt: true}, Pulse, Dark, Dark, Pulse, Light{ringWhite, Pulse}},
		"help":           {Scene{Help: true}, Steady, Blink, Dark, Dark, Light{ringAmber, Blink}},
		"warning":        {Scene{Warning: true}, Steady, Steady, Dark, Dark, Light{ringGreen, Steady}},
		"help, warning":  {Scene{Help: true, Warning: true}, Steady, Blink, Dark, Dark, Light{ringAmber, Blink}},
		"out, help":      {Scene{OutOfService: true, Help: true}, Dark, Blink, Steady, Dark, Light{ringAmber, Blink}},
		"card, help":     {Scene{Patron: true, Card: true, Help: true}, Blink, Blink, Dark, Dark, Light{ringWhite, Blink}},
	} {
		got := Show(c.scene)
		for lamp, want := range map[string]Pattern{Green: c.green, Amber: c.amber, Red: c.red, Slot: c.slot} {
			if got.Lamps[lamp] != want {
				t.Errorf("%s: %s is %s, want %s", name, lamp, got.Lamps[lamp], want)
			}
		}
		if got.Ring != c.ring {
			t.Errorf("%s: the ring shows %+v, want %+v", name, got.Ring, c.ring)
		}
	}
}

func TestSceneOfAScreen(t *testing.T) {
	for name, c := range map[string]struct {
		view session.View
		want Scene
	}{
		"ready":     {session.View{Screen: session.ScreenReady}, Scene{}},
		"out":       {session.View{Screen: session.ScreenOutOfService}, Scene{OutOfService: true}},
		"fees":      {session.View{Screen: session.ScreenFees, Progress: terminal.ProgressCard}, Scene{Patron: true}},
		"card":      {session.View{Screen: session.ScreenTerminal, Progress: terminal.ProgressCard}, Scene{Patron: true, Card: true}},
		"retry":     {session.View{Screen: session.ScreenTerminal, Progress: terminal.ProgressRetry}, Scene{Patron: true, Card: true}},
		"remove":    {session.View{Screen: session.ScreenTerminal, Progress: terminal.ProgressRemove}, Scene{Patron: true, Remove: true}},
		"printing":  {session.View{Screen: session.ScreenOutcome, Receipt: session.ReceiptPrinting}, Scene{Patron: true}},
		"printed":   {session.View{Screen: session.ScreenOutcome, Receipt: session.ReceiptPrinted}, Scene{Patron: true, Receipt: true}},
		"no longer": {session.View{Screen: session.ScreenReady, Receipt: session.ReceiptPrinted}, Scene{}},
	} {
		if got := SceneOf(c.view); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// WCAG 2.2, 2.3.1: nothing flashes more than three times a second; two are ours.
func TestNothingBlinksMoreThanTwiceASecond(t *testing.T) {
	for _, p := range []Pattern{Dark, Steady, Pulse, Blink} {
		flashes, before, lit := 0, false, 0
		const long = 20 * time.Second
		for at := time.Duration(0); at < long; at += tick {
			now := p.Lit(at)
			if now && !before {
				flashes++
			}
			if now {
				lit++
			}
			before = now
		}
		share := float64(lit) * float64(tick) / float64(long)
		if flashes > 40 || (p == Dark) != (lit == 0) || (p == Steady) != (share == 1) || (p == Pulse || p == Blink) && (share < 0.4 || share > 0.6) {
			t.Errorf("%s: %d flashes in %s, lit for %.2f of the time", p, flashes, long, share)
		}
	}
}

func TestPulseIsSoft(t *testing.T) {
	last := Pulse.Brightness(0)
	for at := time.Duration(0); at < 2*pulseTurn; at += tick {
		now := Pulse.Brightness(at)
		if step := int(now) - int(last); step > 60 || step < -60 {
			t.Errorf("at %s the brightness steps by %d", at, step)
		}
		last = now
	}
}

func TestSoundsAreShortAndToldOnce(t *testing.T) {
	idle, remove, receipt := Scene{}, Scene{Patron: true, Remove: true}, Scene{Patron: true, Receipt: true}
	for _, c := range []struct {
		before, now Scene
		called      bool
		want        Sound
	}{
		{idle, idle, false, Silence},
		{idle, remove, false, SoundRemove},
		{remove, remove, false, Silence},
		{remove, receipt, false, SoundReceipt},
		{receipt, receipt, false, Silence},
		{idle, idle, true, SoundCall},
	} {
		got := Hear(c.before, c.now, c.called)
		if got != c.want {
			t.Errorf("%+v -> %+v: %q, want %q", c.before, c.now, got, c.want)
		}
		if long := time.Duration(len(got)) * tick; long > time.Second {
			t.Errorf("%q lasts %s", got, long)
		}
	}
}
