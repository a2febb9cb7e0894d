package panel

import (
	"math"
	"slices"
	"time"

	"selfpay/device/ring"
	"selfpay/device/terminal"
	"selfpay/kiosk/session"
)

// Scene is what is known of the station.
type Scene struct {
	OutOfService bool // no payment can be taken
	Patron       bool // somebody is at the screen
	Card         bool // the terminal waits for the card
	Remove       bool // the card is to be taken out
	Receipt      bool // a receipt is to be taken
	Help         bool // a person is needed: staff were called, or a case is open
	Warning      bool // something needs staff before long: paper, payments that wait
}

// SceneOf is what the screen tells of the station.
func SceneOf(v session.View) Scene {
	terminals := func(p ...terminal.Progress) bool {
		return v.Screen == session.ScreenTerminal && slices.Contains(p, v.Progress)
	}
	return Scene{
		OutOfService: v.Screen == session.ScreenOutOfService,
		Patron:       v.Screen != session.ScreenReady && v.Screen != session.ScreenOutOfService,
		Card:         terminals(terminal.ProgressCard, terminal.ProgressRetry),
		Remove:       terminals(terminal.ProgressRemove),
		Receipt:      v.Screen == session.ScreenOutcome && v.Receipt == session.ReceiptPrinted,
	}
}

// Signals are what the lamps and the ring show, by the names of the lamps.
type Signals struct {
	Lamps map[string]Pattern
	Ring  Light
}

// The outputs: lamps, and the buzzer.
const (
	Green  = "green"
	Amber  = "amber"
	Red    = "red"
	Slot   = "slot" // white, where the receipt comes out
	Buzzer = "buzzer"
)

// Light is a colour of the ring and how it is shown.
type Light struct {
	Colour  ring.Colour
	Pattern Pattern
}

// The ring's colours.
var (
	ringGreen = ring.Colour{R: 0, G: 160, B: 40}
	ringAmber = ring.Colour{R: 255, G: 110, B: 0}
	ringRed   = ring.Colour{R: 255, G: 0, B: 0}
	ringWhite = ring.Colour{R: 150, G: 150, B: 150}
)

// Show is the table: what is known, and what follows for the eye.
//
//	                    green    amber    red      slot     ring
//	out of service      dark     .        steady   .        red steady
//	ready               steady   .        dark     .        green steady
//	a patron is there   pulse    .        dark     .        green pulse
//	the card is awaited blink    .        dark     .        white blink
//	a receipt waits     .        .        .        pulse    white pulse
//	warning             .        steady   .        .        .
//	help is needed      .        blink    .        .        amber blink
//
// Where several hold, the later line counts for the ring, but nothing hides that the card is awaited.
func Show(s Scene) Signals {
	lamps := map[string]Pattern{Green: Steady, Amber: Dark, Red: Dark, Slot: Dark}
	light := Light{ringGreen, Steady}
	switch {
	case s.OutOfService:
		lamps[Green], lamps[Red] = Dark, Steady
		light = Light{ringRed, Steady}
	case s.Card, s.Remove:
		lamps[Green] = Blink
	case s.Patron:
		lamps[Green] = Pulse
		light = Light{ringGreen, Pulse}
	}
	if s.Warning {
		lamps[Amber] = Steady
	}
	if s.Receipt {
		lamps[Slot] = Pulse
		light = Light{ringWhite, Pulse}
	}
	if s.Help {
		lamps[Amber] = Blink
		light = Light{ringAmber, Blink}
	}
	if (s.Card || s.Remove) && !s.OutOfService {
		light = Light{ringWhite, Blink}
	}
	return Signals{Lamps: lamps, Ring: light}
}

// Pattern is how something is lit.
type Pattern string

const (
	Dark   Pattern = "dark"
	Steady Pattern = "steady"
	Pulse  Pattern = "pulse" // slowly
	Blink  Pattern = "blink"
)

// The lengths of one turn, bright and dark together.
const (
	pulseTurn = 2 * time.Second
	blinkTurn = time.Second
)

// Lit says whether a lamp that is on or off is on, at some time.
func (p Pattern) Lit(at time.Duration) bool { return p.Brightness(at) >= 128 }

// Brightness is how bright something is that can be dimmed, 0 to 255.
func (p Pattern) Brightness(at time.Duration) uint8 {
	switch p {
	case Steady:
		return 255
	case Pulse:
		turn := float64(at%pulseTurn) / float64(pulseTurn)
		return uint8(math.Round(127.5 + 127.5*math.Sin(2*math.Pi*turn)))
	case Blink:
		if at%blinkTurn < blinkTurn/2 {
			return 255
		}
	}
	return 0
}
