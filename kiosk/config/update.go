package config

import (
	"net"
	"net/url"
	"os"

	"github.com/BurntSushi/toml"
)

// Update is where new releases come from.
type Update struct {
	Stick bool   `toml:"stick"` // a signed bundle on a stick with the label KIOSK is installed
	URL   string `toml:"url"`   // where a signed bundle is fetched at night; empty: none is
}

func defaultUpdate() Update { return Update{Stick: true} }

func (k *checker) update() {
	if k.c.Update.URL == "" {
		return
	}
	u, err := url.Parse(k.c.Update.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && loopbackHost(u.Hostname())) {
		k.say("update.url", "this is no address of a server with TLS", `write it as "https://updates.example.org/kiosk-arm64.bundle"`)
	}
}

func loopbackHost(name string) bool {
	ip := net.ParseIP(name)
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

// Places are what an update must know of a station, whatever else its configuration says.
type Places struct {
	Kiosk  Kiosk  `toml:"kiosk"`
	Web    Web    `toml:"web"`
	Update Update `toml:"update"`
}

// ReadPlaces reads them from a file that may be of a newer or an older release: unknown keys are passed over, and where
// nothing can be read the standard places count.
func ReadPlaces(path string) Places {
	d := Defaults()
	standard := Places{Kiosk: Kiosk{State: d.Kiosk.State, Socket: d.Kiosk.Socket}, Web: d.Web, Update: d.Update}
	found := standard
	text, err := os.ReadFile(path)
	if err == nil {
		_, err = toml.Decode(string(text), &found)
	}
	if err != nil {
		return standard
	}
	return found
}
