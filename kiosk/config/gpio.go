package config

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"selfpay/device/gpio"
)

// GPIO is what hangs on the station's lines. A line without an address is not there.
type GPIO struct {
	Green  Address `toml:"green"` // lamps
	Amber  Address `toml:"amber"`
	Red    Address `toml:"red"`
	Slot   Address `toml:"slot"` // white, where the receipt comes out
	Buzzer Address `toml:"buzzer"`

	Tamper    Address `toml:"tamper"`     // on while the enclosure is closed
	KeySwitch Address `toml:"key_switch"` // on in service
	StaffCall Address `toml:"staff_call"` // on while it is pressed
	PaperLow  Address `toml:"paper_low"`  // on while the paper is low

	QuietHours  Hours `toml:"quiet_hours"`  // the buzzer is silent
	TamperStops bool  `toml:"tamper_stops"` // an opened enclosure stops payments
}

// Inputs are the inputs that the station has, by name.
func (g GPIO) Inputs() map[string]url.URL {
	return there(map[string]Address{"tamper": g.Tamper, "key_switch": g.KeySwitch, "staff_call": g.StaffCall, "paper_low": g.PaperLow})
}

// Outputs are the outputs that the station has, by name.
func (g GPIO) Outputs() map[string]url.URL {
	return there(map[string]Address{"green": g.Green, "amber": g.Amber, "red": g.Red, "slot": g.Slot, "buzzer": g.Buzzer})
}

func there(all map[string]Address) map[string]url.URL {
	found := map[string]url.URL{}
	for name, a := range all {
		if a.Scheme != "" {
			found[name] = a.URL
		}
	}
	return found
}

// Hours are a part of each day, such as "22:00-07:00"; empty: none of it.
type Hours string

// bounds are the begin and the end, since midnight.
func (h Hours) bounds() (from, to time.Duration, err error) {
	first, last, _ := strings.Cut(string(h), "-")
	begin, err1 := time.Parse("15:04", first)
	end, err2 := time.Parse("15:04", last)
	if err1 != nil || err2 != nil || begin.Equal(end) {
		return 0, 0, fmt.Errorf("%q is no part of a day", string(h))
	}
	return sinceMidnight(begin), sinceMidnight(end), nil
}

func sinceMidnight(at time.Time) time.Duration {
	hour, minute, second := at.Clock()
	return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
}

// Hold says whether a time lies in the hours, by the clock on the wall.
func (h Hours) Hold(at time.Time) bool {
	from, to, err := h.bounds()
	now := sinceMidnight(at)
	switch {
	case err != nil:
		return false
	case from < to:
		return now >= from && now < to
	}
	return now >= from || now < to
}

func (k *checker) gpio() {
	g := k.c.GPIO
	taken := map[string]string{}
	look := func(lines map[string]url.URL, parse func(url.URL) (gpio.Line, error), example string) {
		for _, name := range slices.Sorted(maps.Keys(lines)) {
			key, address := "gpio."+name, lines[name]
			line, err := parse(address)
			if err != nil {
				k.say(key, fmt.Sprintf("%s: %s", address.String(), err), "write it as "+example)
				continue
			}
			pin := line.Chip + "/" + line.Line
			if other := taken[pin]; other != "" {
				k.say(key, fmt.Sprintf("line %s is that of %s already", pin, other), "give each its own line")
			}
			taken[pin] = key
		}
	}
	look(g.Inputs(), gpio.ParseInput, "gpio://pinctrl-rp1/17?active=low&pull=up")
	look(g.Outputs(), gpio.ParseOutput, "gpio://pinctrl-rp1/17")
	if _, _, err := g.QuietHours.bounds(); g.QuietHours != "" && err != nil {
		k.say("gpio.quiet_hours", err.Error(), `write it as "22:00-07:00"`)
	}
}
