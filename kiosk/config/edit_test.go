package config

import (
	"strings"
	"testing"
)

// What a person has written stays: other keys, comments, order.
func TestEditingLeavesAllElseAsItIs(t *testing.T) {
	before := `# our station
[kiosk]
id = ""                 # >>> the station's name
currency = "EUR"   # here

[ils]                   # the library system
#tls = true             # >>> true or false
#password = "credential:sip2"       # in the store
login = "a#b"  # of the kiosk

#[printer]
#driver = "escpos"
#profile = "x"

[gpio]
lamp = "gpio://x/1"
`
	want := `# our station
[kiosk]
id = "main-01"
currency = "CHF"   # here
library = "Central"

[ils]                   # the library system
tls = false
password = "credential:sip2"   # in the store
login = "c#d"   # of the kiosk

[printer]
driver = "escpos"
#profile = "x"

[gpio]
lamp = "gpio://x/1"

[scanner]
driver = "evdev"
`
	got := Edit(before, []Entry{{"kiosk.id", `"main-01"`}, {"kiosk.currency", `"CHF"`}, {"kiosk.library", `"Central"`}, {"ils.tls", "false"},
		{"ils.password", `"credential:sip2"`}, {"ils.login", `"c#d"`}, {"printer.driver", `"escpos"`}, {"scanner.driver", `"evdev"`}})
	if got != want {
		t.Errorf("%s", got)
	}
	if again := Edit(got, []Entry{{"kiosk.id", `"main-01"`}, {"scanner.driver", `"evdev"`}}); again != got {
		t.Errorf("set twice it is another: %s", again)
	}
	if empty := Edit("", []Entry{{"kiosk.id", Quoted("a\"b\nc")}}); empty != "[kiosk]\nid = \"a\\\"b\\nc\"\n" {
		t.Errorf("%q", empty)
	}
	if c, mistakes := Parse(got); c.Kiosk.ID != "main-01" || c.ILS.Login != "c#d" || strings.Contains(strings.ToLower(got), ">>>") {
		t.Errorf("%+v %v", c.Kiosk, mistakes)
	}
}
