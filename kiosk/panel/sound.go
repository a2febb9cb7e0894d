package panel

import "time"

// tick is the one clock of the panel: lamps and buzzer change on it.
const tick = 125 * time.Millisecond

// Sound is what the buzzer does, one letter for a tick: x is loud. None lasts longer than a second.
type Sound string

const (
	Silence      Sound = ""
	SoundCall    Sound = "x"     // a call for staff was taken
	SoundRemove  Sound = "x.x.x" // the card is to be taken out
	SoundReceipt Sound = "xx"    // a receipt is to be taken
)

// Hear is what the ear is told when one scene follows another.
func Hear(before, now Scene, called bool) Sound {
	switch {
	case called:
		return SoundCall
	case now.Remove && !before.Remove:
		return SoundRemove
	case now.Receipt && !before.Receipt:
		return SoundReceipt
	}
	return Silence
}
