package config_test

import (
	"testing"

	"selfpay/kiosk/config"
)

func TestTheDesksPageIsNeverOpenOrWithoutTLS(t *testing.T) {
	const certified = "certificate = \"file:/etc/kiosk/desk.pem\"\nkey = \"file:/etc/kiosk/desk.key\"\n"
	for text, key := range map[string]string{
		"": "",
		"listen = \"0.0.0.0:8443\"\n" + certified + "password = \"credential:desk\"\n":                    "",
		"listen = \"[::]:8443\"\n" + certified + "password = \"four words that differ\"\n":                "",
		"listen = \":8443\"\n" + certified + "password = \"credential:desk\"\n":                           "",
		"listen = \"0.0.0.0:8443\"\npassword = \"credential:desk\"\n":                                     "desk.listen",
		"listen = \"0.0.0.0:8443\"\n" + certified:                                                         "desk.listen",
		"listen = \"127.0.0.1:8443\"\n" + certified:                                                       "desk.listen",
		"listen = \"desk\"\n" + certified + "password = \"credential:desk\"\n":                            "desk.listen",
		"listen = \"0.0.0.0:8443\"\n" + certified + "password = \"elevenchars\"\n":                        "desk.password",
		"certificate = \"file:/etc/kiosk/desk.pem\"\n":                                                    "desk.certificate",
		"key = \"file:/etc/kiosk/desk.key\"\n":                                                            "desk.key",
		"listen = \"0.0.0.0:8443\"\ncertificate = \"x\"\nkey = \"file:/k\"\npassword = \"file:/etc/p\"\n": "desk.certificate",
	} {
		_, mistakes := config.Parse("[kiosk]\nid = \"a\"\nlibrary = \"L\"\n[ils]\naddress = \"tcp://127.0.0.1:6001\"\n[terminal]\naddress = \"tcp://127.0.0.1:1\"\n[desk]\n" + text)
		if key == "" && len(mistakes) > 0 || key != "" && (len(mistakes) != 1 || mistakes[0].Key != key || mistakes[0].Line == 0) {
			t.Errorf("%s: %+v", text, mistakes)
		}
	}
}
