package config_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"selfpay/kiosk/config"
)

// panel is a station with everything on its lines.
const panel = `
[gpio]
green = "gpio://pinctrl-rp1/5"
amber = "gpio://pinctrl-rp1/6"
red = "gpio://pinctrl-rp1/13?active=low"
slot = "gpio://pinctrl-rp1/19"
buzzer = "gpio://pinctrl-rp1/26"
tamper = "gpio://pinctrl-rp1/17?active=low&pull=up&debounce=50ms"
key_switch = "gpio://pinctrl-rp1/27?active=low&pull=up"
staff_call = "gpio://pinctrl-rp1/22?active=low&pull=up"
paper_low = "gpio://mcp2221_gpio/0"
quiet_hours = "22:00-07:00"
terminal_power = "gpio://pinctrl-rp1/12"
`

func TestThePanelsLinesAreTaken(t *testing.T) {
	c, mistakes := config.Parse(example + panel)
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	if got := slices.Sorted(maps.Keys(c.GPIO.Inputs())); !slices.Equal(got, []string{"key_switch", "paper_low", "staff_call", "tamper"}) {
		t.Errorf("inputs %q", got)
	}
	if got := slices.Sorted(maps.Keys(c.GPIO.Outputs())); !slices.Equal(got, []string{"amber", "buzzer", "green", "red", "slot", "terminal_power"}) {
		t.Errorf("outputs %q", got)
	}
	red := c.GPIO.Outputs()["red"]
	if red.String() != "gpio://pinctrl-rp1/13?active=low" || !c.GPIO.TamperStops {
		t.Errorf("red is %s, an opened enclosure stops payments: %v", red.String(), c.GPIO.TamperStops)
	}
	c, _ = config.Parse(example)
	if len(c.GPIO.Inputs())+len(c.GPIO.Outputs()) != 0 {
		t.Error("a station without lines has some")
	}
}

func TestEachMistakeInThePanelIsNamed(t *testing.T) {
	for _, c := range []struct{ line, by, key, what, mend string }{
		{`amber = "gpio://pinctrl-rp1/6"`, `amber = "serial:///dev/ttyS0"`, "gpio.amber", "serial://", "gpio://"},
		{`amber = "gpio://pinctrl-rp1/6"`, `amber = "gpio://pinctrl-rp1"`, "gpio.amber", "no address", "gpio://pinctrl-rp1/17"},
		{`amber = "gpio://pinctrl-rp1/6"`, `amber = "gpio://pinctrl-rp1/6?pull=up"`, "gpio.amber", "pull", "gpio://pinctrl-rp1/17"},
		{`amber = "gpio://pinctrl-rp1/6"`, `amber = "gpio://pinctrl-rp1/17"`, "gpio.amber", "gpio.tamper already", "own line"},
		{`paper_low = "gpio://mcp2221_gpio/0"`, `paper_low = "gpio://mcp2221_gpio/0?pull=left"`, "gpio.paper_low", "pull=left", "pull=up"},
		{`quiet_hours = "22:00-07:00"`, `quiet_hours = "22:00"`, "gpio.quiet_hours", "no part of a day", "22:00-07:00"},
		{`quiet_hours = "22:00-07:00"`, `quiet_hours = "07:00-07:00"`, "gpio.quiet_hours", "no part of a day", "22:00-07:00"},
		{`quiet_hours = "22:00-07:00"`, `tamper_stops = "no"`, "gpio.tamper_stops", "", "true or false"},
		{`quiet_hours = "22:00-07:00"`, `terminal_boot = "1s"`, "gpio.terminal_boot", "1s", "between 10s and 10m"},
		{`quiet_hours = "22:00-07:00"`, `terminal_restart_after = "1m"`, "gpio.terminal_restart_after", "1m", "never"},
		{`quiet_hours = "22:00-07:00"`, `tampers = true`, "gpio.tampers", "not known", "gpio.tamper"},
	} {
		text := strings.Replace(example+panel, "\n"+c.line+"\n", "\n"+c.by+"\n", 1)
		_, mistakes := config.Parse(text)
		if len(mistakes) != 1 {
			t.Errorf("%s: %+v", c.by, mistakes)
			continue
		}
		m := mistakes[0]
		if line := 1 + slices.Index(strings.Split(text, "\n"), c.by); m.Line != line || m.Key != c.key || !strings.Contains(m.What, c.what) || !strings.Contains(m.Mend, c.mend) {
			t.Errorf("%s: %+v, want line %d, %q", c.by, m, line, c)
		}
	}
}

func TestQuietHours(t *testing.T) {
	for text, c := range map[string]struct {
		quiet, loud []string
	}{
		"22:00-07:00": {[]string{"22:00", "23:59", "00:00", "06:59"}, []string{"07:00", "12:00", "21:59"}},
		"12:30-14:00": {[]string{"12:30", "13:59"}, []string{"12:29", "14:00", "00:00"}},
		"00:00-06:00": {[]string{"00:00", "05:59"}, []string{"06:00", "23:59"}},
		"":            {nil, []string{"00:00", "12:00"}},
	} {
		h := config.Hours(text)
		check := func(times []string, want bool) {
			for _, hour := range times {
				at, err := time.ParseInLocation("15:04", hour, time.Local)
				if err != nil {
					t.Fatal(err)
				}
				if h.Hold(at) != want {
					t.Errorf("%s: at %s %v, want %v", text, hour, !want, want)
				}
			}
		}
		check(c.quiet, true)
		check(c.loud, false)
	}
}
