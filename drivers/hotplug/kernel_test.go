//go:build vm

package hotplug

import (
	"context"
	"testing"
	"time"

	"selfpay/systemd/vm/pretend"
)

// limit bounds what should come at once.
const limit = time.Minute

// The kernel tells of the device itself and of each of its nodes, when the plug goes in and when it is pulled.
func TestAPlugIsHeard(t *testing.T) {
	pretend.Only(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	heard := make(chan Event, 1000)
	ended := make(chan error, 1)
	go func() { ended <- Watch(ctx, func(e Event) { heard <- e }) }()
	k, err := pretend.NewKeyboard("HEARD")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, c := range []struct {
		name string
		do   func() error
		want []Event // in any order, with others between
	}{
		{"pulled", k.Pull, []Event{{Action: "remove", Subsystem: "usb"}, {Action: "remove", Subsystem: "input"}}},
		{"put in", k.Plug, []Event{{Action: "add", Subsystem: "usb"}, {Action: "add", Subsystem: "input"}}},
	} {
		if err := c.do(); err != nil {
			t.Fatal(err)
		}
		missing := map[Event]bool{}
		for _, w := range c.want {
			missing[w] = true
		}
		for over := time.After(limit); len(missing) > 0; {
			select {
			case e := <-heard:
				delete(missing, Event{Action: e.Action, Subsystem: e.Subsystem})
			case err := <-ended:
				t.Fatal(err)
			case <-over:
				t.Fatalf("%s: never heard %v", c.name, missing)
			}
		}
	}
}
