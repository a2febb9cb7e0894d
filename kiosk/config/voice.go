package config

import (
	"fmt"
	"path/filepath"
	"regexp"
)

// Voice is how a patron who cannot see or touch the screen pays. A part without an address is not there.
type Voice struct {
	Keypad  Address `toml:"keypad"`  // evdev or serial
	Headset Address `toml:"headset"` // evdev: a switch; card: a USB headset; serial
	Output  string  `toml:"output"`  // a device of ALSA; empty: the card of the headset, else ALSA's own choice
}

// Device is the device of ALSA on which the voice speaks.
func (v Voice) Device() string {
	switch {
	case v.Output != "":
		return v.Output
	case v.Headset.Scheme == "card":
		return "plughw:CARD=" + v.Headset.Host
	}
	return "default"
}

var (
	cardName   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,15}$`)             // Linux, struct snd_card: 16 bytes
	outputName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_:=,.-]{0,63}$`) // never an option of aplay
)

func (k *checker) voice() {
	v := k.c.Voice
	if v.Keypad.Scheme != "" {
		k.address("voice.keypad", v.Keypad, "evdev", "serial")
	}
	switch v.Headset.Scheme {
	case "":
	case "card":
		if !cardName.MatchString(v.Headset.Host) {
			k.say("voice.headset", fmt.Sprintf("%s names no sound card", v.Headset), "write it as card://NAME, with the name in brackets in /proc/asound/cards")
		}
	case "evdev", "serial":
		if !filepath.IsAbs(v.Headset.Path) {
			k.say("voice.headset", fmt.Sprintf("%s: the path of the device is needed", v.Headset), "write it as "+exampleOf(v.Headset.Scheme))
		}
	default:
		k.say("voice.headset", fmt.Sprintf("%q cannot be used here", v.Headset.Scheme+"://"), "use evdev:// or card:// or serial://")
	}
	if v.Output != "" && !outputName.MatchString(v.Output) {
		k.say("voice.output", fmt.Sprintf("%q is no device of ALSA", v.Output), `write it as "plughw:CARD=NAME"; aplay -L lists them`)
	}
}
