// Package supervisor keeps the station's devices at work. It opens each one again and again for as long as it is not
// there, sooner when something was plugged in, and knows since when each is there or not, and why. It knows no device: what
// is done with one is handed to it.
package supervisor

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"
)

// Device is one device under supervision.
type Device struct {
	Name    string // what it is to the station: "printer"
	Driver  string
	Address string // as the configuration names it

	// Attend works with the device until it is lost, which the error explains, or until ctx ends. It calls there whenever
	// it has seen that the device answers. It is called again after a pause. Where it is nil, whoever uses the device
	// tells by Report how it goes.
	Attend func(ctx context.Context, there func()) error
}

// State is how a device is.
type State struct {
	Name    string    `json:"name"`
	Driver  string    `json:"driver"`
	Address string    `json:"address"`
	There   bool      `json:"there"`
	Since   time.Time `json:"since"`         // since when it is there, or not
	Why     string    `json:"why,omitempty"` // why it is not there, for staff
	Lost    int       `json:"lost"`          // how often it was there and went away, since the program began
}

// The pauses before an absent device is tried again: the first, doubled up to the longest. After a plug was pulled or put
// in they begin anew, behind a moment for the system to make its links.
const (
	firstPause   = 250 * time.Millisecond
	longestPause = 5 * time.Second
	plugSettles  = 200 * time.Millisecond
)

// Supervisor supervises. Make it with New, then let Run turn.
type Supervisor struct {
	changed func(State)
	telling sync.Mutex // changes are told in their order

	mu      sync.Mutex
	devices []*attended
}

// attended is a device with its state; state is guarded by the supervisor's mu.
type attended struct {
	Device
	state   State
	attempt int
	hint    chan struct{}
}

// New makes a supervisor; devices without a driver are not configured and left out. changed is told of each state that
// differs from the one before, one at a time; it may be nil, and must not wait for the supervisor.
func New(devices []Device, changed func(State)) *Supervisor {
	s := &Supervisor{changed: changed}
	for _, d := range devices {
		if d.Driver == "" {
			continue
		}
		s.devices = append(s.devices, &attended{Device: d, hint: make(chan struct{}, 1),
			state: State{Name: d.Name, Driver: d.Driver, Address: d.Address, Since: time.Now(), Why: "not opened yet"}})
	}
	return s
}

// States are the devices in their order, as they are now.
func (s *Supervisor) States() []State {
	s.mu.Lock()
	defer s.mu.Unlock()
	states := []State{}
	for _, d := range s.devices {
		states = append(states, d.state)
	}
	return states
}

// Hint says that something was plugged in or pulled: devices that are not there are tried soon.
func (s *Supervisor) Hint() {
	for _, d := range s.devices {
		select {
		case d.hint <- struct{}{}:
		default: // it has one already
		}
	}
}

// Run attends to the devices until ctx ends.
func (s *Supervisor) Run(ctx context.Context) error {
	var running sync.WaitGroup
	for _, d := range s.devices {
		if d.Attend != nil {
			running.Go(func() { s.keep(ctx, d) })
		}
	}
	running.Wait()
	return nil
}

// Report says how the last use of a device went to which nobody attends: nil where it answered. A device of another name
// is not configured, and nothing is kept of it.
func (s *Supervisor) Report(name string, err error) {
	for _, d := range s.devices {
		switch {
		case d.Name != name:
		case err == nil:
			s.there(d, s.begin(d))
		default:
			s.lost(d, err)
		}
	}
}

func (s *Supervisor) keep(ctx context.Context, d *attended) {
	pause := firstPause
	for ctx.Err() == nil {
		select {
		case <-d.hint: // of a time before this attempt
		default:
		}
		attempt := s.begin(d)
		err := d.Attend(ctx, func() { s.there(d, attempt) })
		if ctx.Err() != nil {
			return
		}
		if s.lost(d, err) {
			pause = firstPause
		}
		if waitFor(ctx, pause, d.hint) {
			pause = firstPause
			continue
		}
		pause = min(2*pause, longestPause)
	}
}

// waitFor waits for a pause, or for a plug. It says whether a plug ended it.
func waitFor(ctx context.Context, pause time.Duration, plug <-chan struct{}) bool {
	over := time.NewTimer(pause)
	defer over.Stop()
	select {
	case <-over.C:
	case <-ctx.Done():
	case <-plug:
		select {
		case <-time.After(plugSettles):
		case <-ctx.Done():
		}
		return true
	}
	return false
}

// begin counts the attempt, so that a word of an earlier one is not taken for this one's.
func (s *Supervisor) begin(d *attended) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.attempt++
	return d.attempt
}

func (s *Supervisor) there(d *attended, attempt int) {
	s.change(d, func(now *State) {
		if d.attempt == attempt {
			now.There, now.Why = true, ""
		}
	})
}

// errGone is a device that was let go without a reason.
var errGone = errors.New("the device was let go")

// forStaff leaves out the classes of an error, which are for programs.
var forStaff = strings.NewReplacer("needs attention: ", "", "not sent: ", "")

// lost notes that the attempt has ended. It says whether the device had been there.
func (s *Supervisor) lost(d *attended, err error) (was bool) {
	if err == nil {
		err = errGone
	}
	s.change(d, func(now *State) {
		d.attempt++
		was = now.There
		now.There, now.Why = false, forStaff.Replace(err.Error())
		if was {
			now.Lost++
		}
	})
	return was
}

// change changes a state, and tells of it when it is another.
func (s *Supervisor) change(d *attended, how func(*State)) {
	s.telling.Lock()
	defer s.telling.Unlock()
	s.mu.Lock()
	now := d.state
	how(&now)
	differs := now != d.state
	if now.There != d.state.There {
		now.Since = time.Now()
	}
	d.state = now
	s.mu.Unlock()
	if differs && s.changed != nil {
		s.changed(now)
	}
}

// askLimit bounds one answer of a device that is asked.
const askLimit = 15 * time.Second

// Asked attends to a device by asking it again and again. ask calls there when the device has answered, and says how long
// to wait before it is asked again.
func Asked(ask func(ctx context.Context, there func()) (pause time.Duration, err error)) func(context.Context, func()) error {
	return func(ctx context.Context, there func()) error {
		for ctx.Err() == nil {
			asking, done := context.WithTimeout(ctx, askLimit)
			pause, err := ask(asking, there)
			done()
			if err != nil {
				return err
			}
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
		}
		return ctx.Err()
	}
}
