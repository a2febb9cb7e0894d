package gpio_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"selfpay/device/gpio"
)

func ExampleParseInput() {
	address, _ := url.Parse("gpio://pinctrl-rp1/17?active=low&pull=up")
	line, err := gpio.ParseInput(*address)
	fmt.Println(line.Chip, line.Line, line.ActiveLow, line.Pull, line.Debounce, err)
	// Output: pinctrl-rp1 17 true up 20ms <nil>
}

func TestAddresses(t *testing.T) {
	for text, want := range map[string]gpio.Line{
		"gpio://pinctrl-rp1/17":                             {Chip: "pinctrl-rp1", Line: "17", Debounce: 20 * time.Millisecond},
		"gpio://pinctrl-bcm2711/GPIO17?pull=down":           {Chip: "pinctrl-bcm2711", Line: "GPIO17", Pull: gpio.PullDown, Debounce: 20 * time.Millisecond},
		"gpio://INT3453:00/5?pull=none&debounce=0s":         {Chip: "INT3453:00", Line: "5", Pull: gpio.PullNone},
		"gpio://mcp2221_gpio/0?active=low&debounce=1s":      {Chip: "mcp2221_gpio", Line: "0", ActiveLow: true, Debounce: time.Second},
		"gpio://x/" + strings.Repeat("n", 31) + "?pull=up":  {Chip: "x", Line: strings.Repeat("n", 31), Pull: gpio.PullUp, Debounce: 20 * time.Millisecond},
		"gpio://x/a/b?active=high&pull=up&debounce=500ms":   {Chip: "x", Line: "a/b", Pull: gpio.PullUp, Debounce: 500 * time.Millisecond},
		"gpio://pinctrl-rp1/7?debounce=5ms&pull=up&active=": {}, // active says nothing
		"gpio://pinctrl-rp1":                                {},
		"gpio:///17":                                        {},
		"gpio://me@pinctrl-rp1/17":                          {},
		"gpio://pinctrl-rp1/17#up":                          {},
		"i2c://1/0x40":                                      {},
		"gpio://pinctrl-rp1/17?pull=left":                   {},
		"gpio://pinctrl-rp1/17?pull=":                       {},
		"gpio://pinctrl-rp1/17?pull=up&pull=down":           {},
		"gpio://pinctrl-rp1/17?debounce=20":                 {},
		"gpio://pinctrl-rp1/17?debounce=-1ms":               {},
		"gpio://pinctrl-rp1/17?debounce=1001ms":             {},
		"gpio://pinctrl-rp1/17?bias=up":                     {},
		"gpio://pinctrl-rp1/17?%zz":                         {},
		"gpio://" + strings.Repeat("c", 32) + "/1":          {},
	} {
		address, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := gpio.ParseInput(*address)
		if wrong := want.Chip == ""; wrong != (err != nil) || !wrong && got != want {
			t.Errorf("ParseInput(%s) = %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestOutputsHaveNoPullAndNoDebounce(t *testing.T) {
	for text, right := range map[string]bool{
		"gpio://pinctrl-rp1/17":                true,
		"gpio://pinctrl-rp1/17?active=low":     true,
		"gpio://pinctrl-rp1/17?active=on":      false,
		"gpio://pinctrl-rp1/17?pull=up":        false,
		"gpio://pinctrl-rp1/17?debounce=20ms":  false,
		"gpio://pinctrl-rp1/17?active=low&x=y": false,
	} {
		address, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := gpio.ParseOutput(*address); right != (err == nil) || right && got.ActiveLow != strings.Contains(text, "low") {
			t.Errorf("ParseOutput(%s) = %+v, %v", text, got, err)
		}
	}
}
