package sip

import (
	"strings"
	"time"
)

// FormatDate writes a transaction date of 18 characters: local clock time in t's own zone with a blank zone field, or
// with utc the time in UTC with the zone "   Z". The zero time is 18 blanks, "none".
func FormatDate(t time.Time, utc bool) string {
	if t.IsZero() {
		return strings.Repeat(" ", 18)
	}
	if utc {
		return t.UTC().Format("20060102   Z150405")
	}
	return t.Format("20060102    150405")
}

// ParseDate reads a transaction date in any of the forms in use: zone blank or "0000" (the local time of this
// machine), one letter (Z is UTC, A to I and K to M hours east, N to Y hours west), or "UTC". ok is false for blanks and
// for what cannot be read; a date never makes a message unreadable, and never orders events.
func ParseDate(text string) (t time.Time, ok bool) {
	if len(text) != 18 {
		return time.Time{}, false
	}
	zone := time.Local
	switch name := strings.TrimSpace(text[8:12]); {
	case name == "" || name == "0000":
	case name == "UTC" || name == "GMT":
		zone = time.UTC
	case len(name) == 1:
		hours, known := zoneHours(name[0])
		if !known {
			return time.Time{}, false
		}
		zone = time.FixedZone(name, hours*3600)
	default:
		return time.Time{}, false
	}
	t, err := time.ParseInLocation("20060102150405", text[:8]+text[12:], zone)
	return t, err == nil
}

// zoneHours is the offset of a military time zone letter, in hours east of UTC. J is not used.
func zoneHours(letter byte) (int, bool) {
	switch {
	case letter == 'Z':
		return 0, true
	case letter >= 'A' && letter <= 'I':
		return int(letter-'A') + 1, true
	case letter >= 'K' && letter <= 'M':
		return int(letter-'K') + 10, true
	case letter >= 'N' && letter <= 'Y':
		return -(int(letter-'N') + 1), true
	}
	return 0, false
}

// readDate is ParseDate for a field of a message: the zero time where it cannot be read.
func readDate(text string) time.Time {
	t, ok := ParseDate(text)
	if !ok {
		return time.Time{}
	}
	return t
}
