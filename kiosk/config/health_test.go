package config_test

import (
	"path/filepath"
	"strings"
	"testing"

	"selfpay/kiosk/config"
)

const (
	tlsKeys = "certificate = \"file:/etc/kiosk/health.pem\"\nkey = \"credential:health-key\"\n"
	token   = "token = \"credential:health-token\"\n"
)

func TestEachMistakeInWhatOthersWatchIsNamed(t *testing.T) {
	const outside = "listen = \"192.0.2.7:9100\"\n"
	for text, want := range map[string][3]string{ // key, what, mend; no key: it is well
		outside + tlsKeys + token: {},
		outside + tlsKeys + "client_ca = \"file:/etc/kiosk/watchers.pem\"":                                                                         {},
		outside + tlsKeys + token + "client_ca = \"file:/etc/kiosk/watchers.pem\"":                                                                 {},
		"listen = \"[::1]:9100\"\n" + tlsKeys:                                                                                                      {},
		"listen = \"127.0.0.1:9100\"\ntoken = \"0123456789abcdef\"":                                                                                {},
		"ping = \"https://hc.example.org/3f1c\"\nheartbeat = \"https://hub.example.org/kiosks?site=1\"\nheartbeat_token = \"file:/etc/kiosk/hub\"": {},
		"ping = \"credential:ping\"":                                                                                                               {},
		"heartbeat = \"http://[::1]:8000/hub\"":                                                                                                    {},
		"heartbeat = \"http://localhost/hub\"":                                                                                                     {},
		outside:                                                                                                                                    {"health.listen", "no TLS", "certificate"},
		outside + token:                                                                                                                            {"health.listen", "no TLS", "certificate"},
		outside + tlsKeys:                                                                                                                          {"health.listen", "by anybody", "token"},
		"listen = \":9100\"\n" + tlsKeys:                                                                                                           {"health.listen", "by anybody", "127.0.0.1"},
		"listen = \"localhost:9100\"":                                                                                                              {"health.listen", "outside", "127.0.0.1"},
		"listen = \"9100\"":                                                                                                                        {"health.listen", "host and port", "127.0.0.1:9100"},
		"certificate = \"file:/etc/health.pem\"":                                                                                                   {"health.certificate", "no key", "health.key"},
		"key = \"file:/etc/health.key\"":                                                                                                           {"health.key", "no certificate", "health.certificate"},
		"key = \"secret\"\ncertificate = \"file:/c\"":                                                                                              {"health.key", "no file", "credential:NAME"},
		"key = \"file:health.key\"\ncertificate = \"file:/c\"":                                                                                     {"health.key", "absolute", "whole path"},
		"client_ca = \"file:/etc/ca.pem\"":                                                                                                         {"health.client_ca", "without TLS", "health.certificate"},
		"token = \"short\"":                                                                                                                        {"health.token", "16 to 512", "openssl"},
		"token = \"with a space in the middle\"":                                                                                                   {"health.token", "no spaces", "openssl"},
		"heartbeat_token = \"short\"":                                                                                                              {"health.heartbeat_token", "16 to 512", "openssl"},
		"ping = \"http://hc.example.org/3f1c\"":                                                                                                    {"health.ping", "can read", "https://"},
		"ping = \"hc.example.org/3f1c\"":                                                                                                           {"health.ping", "no address", "https://"},
		"ping_every = \"1s\"":                                                                                                                      {"health.ping_every", "1s", "60s"},
		"ping_every = \"2h\"":                                                                                                                      {"health.ping_every", "2h", "60s"},
		"heartbeat = \"http://192.0.2.9/hub\"":                                                                                                     {"health.heartbeat", "can read", "https://"},
		"heartbeat = \"ftp://127.0.0.1/hub\"":                                                                                                      {"health.heartbeat", "can read", "https://"},
		"heartbeat = \"https://me:3f1c@hub.example.org\"":                                                                                          {"health.heartbeat", "not sent", "https://"},
		"heartbeat = \"https://hub.example.org\"\nheartbeat_certificate = \"file:/c\"":                                                             {"health.heartbeat_certificate", "no key", "heartbeat_key"},
		"listen = 9100":                                                                                                                            {"health.listen", "", "quotes"},
	} {
		_, mistakes := config.Parse(changed(t, `listen = "127.0.0.1:9100"`, text))
		switch well := want[0] == ""; {
		case well && len(mistakes) > 0:
			t.Errorf("%s: %+v", text, mistakes)
		case well:
		case len(mistakes) != 1 || mistakes[0].Key != want[0] || mistakes[0].Line == 0 || !strings.Contains(mistakes[0].What, want[1]) || !strings.Contains(mistakes[0].Mend, want[2]):
			t.Errorf("%s: %+v, want %q", text, mistakes, want)
		}
		for _, m := range mistakes {
			if strings.Contains(m.What+m.Mend, "3f1c") {
				t.Errorf("a mistake shows a secret: %+v", m)
			}
		}
	}
}

func TestAFileIsFoundWhereItIs(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	for file, want := range map[config.File]string{
		"":                                "",
		"file:/etc/kiosk/health.pem":      "/etc/kiosk/health.pem",
		"credential:health-key":           filepath.Join(dir, "health-key"),
		"credential:../../etc/health-key": filepath.Join(dir, "health-key"),
	} {
		if got, err := file.Path(); got != want || err != nil {
			t.Errorf("%s is at %q, %v", file, got, err)
		}
	}
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	if _, err := config.File("credential:health-key").Path(); err == nil || !strings.Contains(err.Error(), "LoadCredential=health-key") {
		t.Error(err)
	}
}
