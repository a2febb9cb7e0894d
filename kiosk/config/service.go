package config

import "selfpay/kiosk/servicecode"

// Service is the service menu on the screen. It opens by the key switch (gpio.key_switch), and by codes that this key has signed.
type Service struct {
	Key string `toml:"key"` // the public key of service codes; empty: no code opens the menu
}

func (k *checker) service() {
	if text := k.c.Service.Key; text != "" {
		if _, err := servicecode.ParseKey(text); err != nil {
			k.say("service.key", "this is no public key of service codes", "kioskctl service-code key FILE makes one and prints the line for this file")
		}
	}
}
