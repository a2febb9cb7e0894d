package config_test

import (
	"testing"

	"selfpay/kiosk/config"
)

func TestEachMistakeInTheVoiceIsNamed(t *testing.T) {
	namesMistakes(t, "voice", map[string][3]string{ // key, what, mend; no key: it is well
		`keypad = "evdev:///dev/input/by-id/usb-Keypad-event-kbd"` + "\n" + `headset = "card://Headset"`: {},
		`headset = "evdev:///dev/kiosk/switch-Headphone"` + "\n" + `output = "plughw:CARD=PCH,DEV=0"`:    {},
		`keypad = "usb://04b8:0202"`: {"voice.keypad", "usb://", "evdev:// or serial://"},
		`headset = "gpio://x/1"`:     {"voice.headset", "gpio://", "card://"},
		`headset = "card://a b"`:     {"voice.headset", "no address", "tcp://"},
		`headset = "card://"`:        {"voice.headset", "no sound card", "/proc/asound/cards"},
		`headset = "evdev://x"`:      {"voice.headset", "path", "evdev:///dev/input"},
		`output = "--help"`:          {"voice.output", "no device of ALSA", "aplay -L"},
	})
}

func TestAUSBHeadsetIsWhereTheVoiceSpeaks(t *testing.T) {
	for text, want := range map[string]string{
		`headset = "card://Headset"`:                              "plughw:CARD=Headset",
		`headset = "card://Headset"` + "\n" + `output = "dmixed"`: "dmixed",
		`headset = "evdev:///dev/kiosk/switch-Headphone"`:         "default",
	} {
		c, _ := config.Parse("[voice]\n" + text)
		if got := c.Voice.Device(); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
