package kiosk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync"
	"time"

	"selfpay/kiosk/health"
	"selfpay/kiosk/health/heartbeat"
	"selfpay/kiosk/runner"
	"selfpay/kiosk/session"
)

// outwardAgain is the pause before certificates and tokens are read again that could not be read.
const outwardAgain = time.Minute

// outward sends signs of life until ctx ends, whether the ledger can be opened or not.
func (s *station) outward(ctx context.Context) {
	var running sync.WaitGroup
	if s.Heartbeat != nil {
		running.Go(func() { s.beat(ctx) })
	}
	if s.Ping != nil {
		running.Go(func() { s.ping(ctx) })
	}
	running.Wait()
}

func (s *station) beat(ctx context.Context) {
	c, ok := made(ctx, s, health.CheckHub, s.Heartbeat)
	if !ok {
		return
	}
	c.Boot, c.Config, c.State, c.Measure, c.Watch, c.Log = s.now().Boot, s.configHash(), s.state, s.measure, s.watch, s.Log
	heartbeat.NewHub(c).Run(ctx)
}

func (s *station) ping(ctx context.Context) {
	c, ok := made(ctx, s, heartbeat.CheckPing, s.Ping)
	if !ok {
		return
	}
	c.Look, c.Measure, c.Log = s.lookAtMoney, s.measure, s.Log
	c.Reasons = func() []string {
		if m := s.monitor.Load(); m != nil {
			return m.Reasons()
		}
		return []string{"the station begins"}
	}
	heartbeat.NewPing(c).Run(ctx)
}

// made makes what needs files and secrets; where they cannot be read it says so and tries again, until ctx ends.
func made[C any](ctx context.Context, s *station, check string, make func() (C, error)) (c C, ok bool) {
	for ctx.Err() == nil {
		c, err := make()
		if err == nil {
			return c, true
		}
		s.Log.Error("no sign of life can be sent", "check", check, "error", err)
		if m := s.monitor.Load(); m != nil {
			m.Tell(check, health.Warn, err.Error(), "")
		}
		select {
		case <-time.After(outwardAgain):
		case <-ctx.Done():
		}
	}
	return c, false
}

func (s *station) state() (health.Document, session.Reason, runner.Summary) {
	m := s.monitor.Load()
	if m == nil {
		return health.Document{Status: health.Fail, ServiceID: s.Config.Kiosk.ID, Version: s.Version, Checks: map[string][]health.Check{}}, session.ReasonStorage, runner.Summary{}
	}
	return m.Document(), m.Obstacle(), m.Summary()
}

func (s *station) measure(check string, status health.Status, value int64, unit, output string) {
	if m := s.monitor.Load(); m != nil {
		m.Measure(check, status, value, unit, output, "")
	}
}

func (s *station) watch(part string, expires func() time.Time) {
	if m := s.monitor.Load(); m != nil {
		m.Watch(part, expires)
	}
}

var errStarting = errors.New("the station begins")

// lookAtMoney asks the loop that owns the money. Without a ledger there is none, and nothing hangs.
func (s *station) lookAtMoney(ctx context.Context) error {
	m := s.monitor.Load()
	if m == nil {
		return errStarting
	}
	if m.Runner == nil {
		return nil
	}
	_, err := m.Runner.Summary(ctx)
	return err
}

// configHash tells configurations apart, and nothing of them.
func (s *station) configHash() string {
	text, err := s.Config.Text() // secrets are hidden in it
	if err != nil {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}
