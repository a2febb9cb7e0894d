package polaris

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// alarmLasts is how long a mistake in the configuration keeps the kiosk from taking payments, where nothing shows
// earlier that it is mended: a payment that succeeds, or the call that was refused. Long enough to be seen by staff, short
// enough for a fault at the library that went away by itself.
const alarmLasts = time.Hour

// alarm is the mistakes that a person must mend and that no later question would show, by the call that met them.
type alarm struct {
	mu   sync.Mutex
	open map[string]mistake
}

type mistake struct {
	sentence string
	until    time.Time
}

// raise says what is wrong. It stays for alarmLasts.
func (a *alarm) raise(call, sentence string, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open == nil {
		a.open = map[string]mistake{}
	}
	a.open[call] = mistake{sentence, now.Add(alarmLasts)}
}

// end takes back what call had raised; empty: everything.
func (a *alarm) end(call string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if call == "" {
		clear(a.open)
	}
	delete(a.open, call)
}

// said is what is wrong now, empty where nothing is.
func (a *alarm) said(now time.Time) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, call := range slices.Sorted(maps.Keys(a.open)) {
		if m := a.open[call]; now.Before(m.until) {
			return m.sentence
		}
	}
	return ""
}
