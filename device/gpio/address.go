package gpio

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Line is one line of a chip, as its address says: gpio://pinctrl-rp1/17?active=low&pull=up&debounce=20ms.
type Line struct {
	Chip      string // the label, such as pinctrl-rp1 or pinctrl-bcm2711; a chip's number differs between kernels
	Line      string // the offset on the chip, or the line's name
	ActiveLow bool   // on is low
	Pull      Pull   // inputs only
	Debounce  time.Duration
}

// Pull is what holds an input while nothing drives it.
type Pull string

const (
	PullAsIs Pull = "" // as the board does
	PullUp   Pull = "up"
	PullDown Pull = "down"
	PullNone Pull = "none"
)

// The debounce of an input whose address says none, and the longest.
const (
	StandardDebounce = 20 * time.Millisecond
	LongestDebounce  = time.Second
)

// The kernel's bounds of a label and of a line's name, in bytes (linux/gpio.h, GPIO_MAX_NAME_SIZE with its zero).
const longestName = 31

// ParseInput reads the address of an input.
func ParseInput(address url.URL) (Line, error) {
	l, query, err := parse(address)
	if err != nil {
		return l, err
	}
	l.Debounce = StandardDebounce
	for key, value := range query {
		switch key {
		case "active":
		case "pull":
			switch l.Pull = Pull(value); l.Pull {
			case PullUp, PullDown, PullNone:
			default:
				return l, fmt.Errorf("pull=%s is not up, down or none", value)
			}
		case "debounce":
			if l.Debounce, err = time.ParseDuration(value); err != nil || l.Debounce < 0 || l.Debounce > LongestDebounce {
				return l, fmt.Errorf("debounce=%s is no time up to %s, such as 20ms", value, LongestDebounce)
			}
		default:
			return l, fmt.Errorf("%s is not known; an input has active, pull and debounce", key)
		}
	}
	return l, nil
}

// ParseOutput reads the address of an output.
func ParseOutput(address url.URL) (Line, error) {
	l, query, err := parse(address)
	if err != nil {
		return l, err
	}
	for key := range query {
		if key != "active" {
			return l, fmt.Errorf("%s is not known; an output has active only", key)
		}
	}
	return l, nil
}

func parse(address url.URL) (Line, map[string]string, error) {
	l := Line{Chip: address.Host, Line: strings.TrimPrefix(address.Path, "/")}
	if address.Scheme != "gpio" || l.Chip == "" || l.Line == "" || address.User != nil || address.Fragment != "" {
		return l, nil, errors.New("it is no address such as gpio://pinctrl-rp1/17")
	}
	if len(l.Chip) > longestName || len(l.Line) > longestName {
		return l, nil, fmt.Errorf("labels and names of lines have at most %d characters", longestName)
	}
	values, err := url.ParseQuery(address.RawQuery)
	if err != nil {
		return l, nil, err
	}
	query := map[string]string{}
	for key, all := range values {
		if len(all) > 1 {
			return l, nil, fmt.Errorf("%s stands there twice", key)
		}
		query[key] = all[0]
	}
	switch active, said := query["active"]; {
	case said && active != "low" && active != "high":
		return l, nil, fmt.Errorf("active=%s is not low or high", active)
	default:
		l.ActiveLow = active == "low"
	}
	return l, query, nil
}
