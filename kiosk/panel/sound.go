package panel

import (
	"fmt"
	"strings"
	"time"
)

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

// Hours are a part of each day, such as 22:00-07:00; the zero value is none of it.
type Hours struct{ from, to time.Duration }

// ParseHours reads "22:00-07:00"; empty: none.
func ParseHours(text string) (Hours, error) {
	if text == "" {
		return Hours{}, nil
	}
	first, last, _ := strings.Cut(text, "-")
	from, err1 := time.Parse("15:04", first)
	to, err2 := time.Parse("15:04", last)
	if err1 != nil || err2 != nil || from.Equal(to) {
		return Hours{}, fmt.Errorf("%q is no part of a day", text)
	}
	midnight := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	return Hours{from.Sub(midnight), to.Sub(midnight)}, nil
}

// Hold says whether a time lies in the hours, by the clock on the wall.
func (h Hours) Hold(at time.Time) bool {
	hour, minute, second := at.Clock()
	of := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
	if h.from <= h.to {
		return of >= h.from && of < h.to
	}
	return of >= h.from || of < h.to
}
