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
	PowerFail Address `toml:"power_fail"` // on while there are no mains

	QuietHours  Hours `toml:"quiet_hours"`  // the buzzer is silent
	TamperStops bool  `toml:"tamper_stops"` // an opened enclosure stops payments

	TerminalPower   Address  `toml:"terminal_power"`         // the relay in the terminal's supply; on takes the power away
	TerminalBoot    Duration `toml:"terminal_boot"`          // how long the terminal then takes to start
	TerminalRestart Duration `toml:"terminal_restart_after"` // the kiosk restarts it when it was silent for so long; 0: never
}

// TerminalPower is the output of the relay in the terminal's supply.
const TerminalPower = "terminal_power"

func defaultGPIO() GPIO {
	return GPIO{TamperStops: true, TerminalBoot: Duration(90 * time.Second), TerminalRestart: Duration(10 * time.Minute)}
}

// Inputs are the inputs that the station has, by name.
func (g GPIO) Inputs() map[string]url.URL {
	return there(map[string]Address{"tamper": g.Tamper, "key_switch": g.KeySwitch, "staff_call": g.StaffCall, "paper_low": g.PaperLow,
		"power_fail": g.PowerFail})
}

// Outputs are the outputs that the station has, by name.
func (g GPIO) Outputs() map[string]url.URL {
	return there(map[string]Address{"green": g.Green, "amber": g.Amber, "red": g.Red, "slot": g.Slot, "buzzer": g.Buzzer,
		TerminalPower: g.TerminalPower})
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
	if b := time.Duration(g.TerminalBoot); b < 10*time.Second || b > 10*time.Minute {
		k.say("gpio.terminal_boot", fmt.Sprintf("%s is no time in which a terminal starts", b), `use a time between 10s and 10m, such as "90s"`)
	}
	if r := time.Duration(g.TerminalRestart); r != 0 && (r < 5*time.Minute || r > 24*time.Hour) {
		k.say("gpio.terminal_restart_after", fmt.Sprintf("%s is no time after which a terminal counts as hung", r), `use a time between 5m and 24h, or "0s" for never`)
	}
}
