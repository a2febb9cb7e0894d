package panel

import (
	"context"
	"errors"
	"slices"
	"time"

	"selfpay/device/ring"
)

// Ring is the name under which the ring is tried.
const Ring = "ring"

// trialLasts is how long one signal is tried, for a person to look and answer.
const trialLasts = 10 * time.Second

// ErrNoSignal: the station has no such lamp, buzzer or ring.
var ErrNoSignal = errors.New("the station has no such lamp, buzzer or ring")

// Signals are the names of what can be tried: lamps, buzzer and ring, as far as the station has them. The relay of the
// terminal is none.
func (p *Panel) Signals() []string {
	names := []string{}
	for _, name := range []string{Green, Amber, Red, Slot, Buzzer} {
		if p.outputs[name] != nil {
			names = append(names, name)
		}
	}
	if p.Config.Ring != nil {
		names = append(names, Ring)
	}
	return names
}

// Try shows one signal alone for ten seconds, for a person who looks whether the right lamp is lit; a buzzer sounds as when
// the card is to be taken out. It returns when the signal shows.
func (p *Panel) Try(ctx context.Context, name string) error {
	if !slices.Contains(p.Signals(), name) {
		return ErrNoSignal
	}
	begun := make(chan struct{})
	select {
	case p.inbox <- func() { p.try(name, time.Now()); close(begun) }:
		<-begun
		return nil
	case <-p.ended:
		return context.Canceled
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Panel) try(name string, now time.Time) {
	p.trial, p.trialEnds = name, now.Add(trialLasts)
	if name == Buzzer {
		p.sound = SoundRemove
	}
	p.showTrial(now)
}

// showTrial shows the signal that is tried, and nothing else.
func (p *Panel) showTrial(now time.Time) {
	for _, name := range []string{Green, Amber, Red, Slot} {
		p.output(name, name == p.trial)
	}
	colour := ring.Colour{}
	if p.trial == Ring {
		colour = ringWhite
	}
	p.light(colour, now)
}
