package health_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"selfpay/device"
	"selfpay/kiosk/health"
	"selfpay/kiosk/health/machine"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/session"
)

// computer is what a kernel tells.
type computer struct {
	files   map[string]string
	sizeMB  uint64
	freeMB  uint64
	flags   int64
	clock   unix.Timex
	noClock bool
	built   int // year; the time in a test begins in 2000
}

// setFlags sets what has 32 bits on some computers and 64 on others.
func setFlags[F int32 | int64](into *F, flags int64) { *into = F(flags) }

// look judges a computer for a minute.
func look(t *testing.T, c computer) *health.Monitor {
	t.Helper()
	on := machine.Of(t.TempDir())
	on.Root = t.TempDir()
	for name, text := range c.files {
		path := filepath.Join(on.Root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	on.Statfs = func(_ string, into *unix.Statfs_t) error {
		*into = unix.Statfs_t{Blocks: c.sizeMB << 8, Bavail: c.freeMB << 8, Bsize: 4096}
		setFlags(&into.Flags, c.flags)
		return nil
	}
	on.Adjtimex = func(into *unix.Timex) (int, error) {
		if c.noClock {
			return 0, unix.EPERM
		}
		*into = c.clock
		return 0, nil
	}
	return lookAt(t, on, c.built)
}

func lookAt(t *testing.T, on machine.Machine, built int) *health.Monitor {
	t.Helper()
	m := health.New(health.Config{Ledger: nil, Kiosk: "main-01", Machine: &on, Built: time.Date(built, 1, 1, 0, 0, 0, 0, time.UTC), Commits: &health.Latency{}})
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	m.RunMachine(ctx)
	return m
}

func TestTheComputerIsJudged(t *testing.T) {
	const gigabytes = 1 << 10
	well := computer{sizeMB: 16 * gigabytes, freeMB: 8 * gigabytes, built: 2000}
	for what, c := range map[string]struct {
		change func(*computer)
		want   map[string]health.Status // beside those of a computer that tells little and is well
	}{
		"well":                  {func(*computer) {}, nil},
		"the disk fills up":     {func(c *computer) { c.freeMB = gigabytes - 1 }, map[string]health.Status{health.CheckFree: health.Warn}},
		"nearly full":           {func(c *computer) { c.freeMB = 199 }, map[string]health.Status{health.CheckFree: health.Fail}},
		"room on a small disk":  {func(c *computer) { c.sizeMB, c.freeMB = 256, 128 }, nil},
		"a small disk fills up": {func(c *computer) { c.sizeMB, c.freeMB = 256, 127 }, map[string]health.Status{health.CheckFree: health.Warn}},
		"a small disk is full":  {func(c *computer) { c.sizeMB, c.freeMB = 256, 51 }, map[string]health.Status{health.CheckFree: health.Fail}},
		"read-only":             {func(c *computer) { c.flags = unix.ST_RDONLY }, map[string]health.Status{health.CheckReadOnly: health.Fail}},
		"before it was made":    {func(c *computer) { c.built = 2001 }, map[string]health.Status{health.CheckClockSet: health.Fail}},
		"clock never set":       {func(c *computer) { c.clock.Status = unix.STA_UNSYNC }, map[string]health.Status{health.CheckClockSet: health.Warn, health.CheckClockOffset: ""}},
		"clock may not be read": {func(c *computer) { c.noClock = true }, map[string]health.Status{health.CheckClockOffset: ""}},
		"only the time service may be asked": {func(c *computer) {
			c.noClock, c.files = true, map[string]string{"run/systemd/timesync/synchronized": ""}
		}, map[string]health.Status{health.CheckClockOffset: ""}},
		"which has not set it": {func(c *computer) {
			c.noClock, c.files = true, map[string]string{"run/systemd/timesync/clock": ""}
		}, map[string]health.Status{health.CheckClockSet: health.Warn, health.CheckClockOffset: ""}},
		"off by seconds":    {func(c *computer) { c.clock.Maxerror = 2_001_000 }, map[string]health.Status{health.CheckClockOffset: health.Warn}},
		"off by a minute":   {func(c *computer) { c.clock.Maxerror = 60_001_000 }, map[string]health.Status{health.CheckClockOffset: health.Fail}},
		"new flash":         {flash("0x01 0x01", "0x01"), map[string]health.Status{health.CheckLife: health.Pass}},
		"old flash":         {flash("0x09 0x01", "0x01"), map[string]health.Status{health.CheckLife: health.Warn}},
		"few spare blocks":  {flash("0x01 0x01", "0x02"), map[string]health.Status{health.CheckLife: health.Warn}},
		"worn flash":        {flash("0x0b 0x01", "0x01"), map[string]health.Status{health.CheckLife: health.Fail}},
		"no spare blocks":   {flash("0x01 0x01", "0x03"), map[string]health.Status{health.CheckLife: health.Fail}},
		"warm":              {heat("74400"), map[string]health.Status{health.CheckTemperature: health.Pass}},
		"hot":               {heat("75000"), map[string]health.Status{health.CheckTemperature: health.Warn}},
		"too hot":           {heat("85000"), map[string]health.Status{health.CheckTemperature: health.Fail}},
		"a good supply":     {throttled("0"), map[string]health.Status{health.CheckUnderVoltage: health.Pass, health.CheckThrottled: health.Pass}},
		"a weak supply":     {throttled("50005"), map[string]health.Status{health.CheckUnderVoltage: health.Fail, health.CheckThrottled: health.Fail}},
		"a supply that was": {throttled("50000"), map[string]health.Status{health.CheckUnderVoltage: health.Warn, health.CheckThrottled: health.Warn}},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				now := well
				c.change(&now)
				want := map[string]health.Status{health.CheckFree: health.Pass, health.CheckReadOnly: health.Pass, health.CheckClockSet: health.Pass,
					health.CheckClockOffset: health.Pass, health.CheckWriteLatency: health.Pass}
				maps.Copy(want, c.want)
				maps.DeleteFunc(want, func(_ string, s health.Status) bool { return s == "" })
				m := look(t, now)
				got := map[string]health.Status{}
				for name, found := range m.Document().Checks {
					if name != health.CheckTerminal && name != health.CheckLibrary { // not asked here
						got[name] = found[0].Status
					}
				}
				if !maps.Equal(got, want) {
					t.Errorf("%v, want %v", got, want)
				}
				if stops := m.Obstacle() == session.ReasonStorage; stops != (now.flags != 0) {
					t.Errorf("the obstacle is %q", m.Obstacle())
				}
			})
		})
	}
}

func flash(life, reserve string) func(*computer) {
	return func(c *computer) {
		c.files = map[string]string{"sys/block/mmcblk0/device/life_time": life, "sys/block/mmcblk0/device/pre_eol_info": reserve}
	}
}

func heat(milli string) func(*computer) {
	return func(c *computer) { c.files = map[string]string{"sys/class/thermal/thermal_zone0/temp": milli} }
}

func throttled(bits string) func(*computer) {
	return func(c *computer) {
		c.files = map[string]string{"sys/devices/platform/soc/soc:firmware/get_throttled": bits}
	}
}

func TestADiskThatCannotBeAskedOrWrittenIsToldOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := machine.Of(filepath.Join(t.TempDir(), "gone"))
		d := lookAt(t, gone, 2000).Document()
		for _, name := range []string{health.CheckFree, health.CheckWriteLatency} {
			if c := d.Checks[name]; len(c) != 1 || c[0].Status != health.Fail || c[0].Output == "" {
				t.Errorf("%s: %+v", name, c)
			}
		}
	})
}

func TestAQuantileIsThatOfTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l health.Latency
		want := func(share float64, q time.Duration) {
			t.Helper()
			if got, known := l.Quantile(share); got != q || known != (q > 0) {
				t.Errorf("%v: %s, %v, want %s", share, got, known, q)
			}
		}
		want(0.99, 0)
		for i := range 100 {
			l.Add(time.Duration(100-i) * time.Millisecond)
		}
		want(0.95, 96*time.Millisecond)
		want(0.5, 51*time.Millisecond)
		want(1, 100*time.Millisecond)
		for range 200 {
			l.Add(time.Second)
		}
		want(0, time.Second) // no more than 200 are kept
		time.Sleep(time.Hour + time.Second)
		want(0.95, 0)
		var none *health.Latency
		none.Add(time.Second)
		if _, known := none.Quantile(1); known {
			t.Error("nothing has a quantile")
		}
	})
}

func TestASlowLibraryIsToldAndStopsNothing(t *testing.T) {
	watched(t, func(t *testing.T, s *station) {
		answers := &health.Latency{}
		s.Answers = answers
		slow := health.Timed(slowly{library{s.devices}}, answers)
		s.set(func(d *devices) { d.library = device.ErrNotSent })
		if err := slow.Ready(t.Context()); !errors.Is(err, device.ErrNotSent) {
			t.Error(err)
		}
		s.set(func(d *devices) { d.library = nil })
		if _, known := answers.Quantile(1); known {
			t.Error("what was not sent has an answer")
		}
		if err := slow.Ready(t.Context()); err != nil {
			t.Error(err)
		}
		over(15 * time.Second)
		if c := s.wantCheck(health.CheckAnswers, health.Warn, "slow"); c.Value == nil || *c.Value != 4000 {
			t.Errorf("%+v", c)
		}
		s.wantObstacle("")
		for range 100 {
			answers.Add(time.Second)
		}
		over(15 * time.Second)
		s.wantCheck(health.CheckAnswers, health.Pass, "")
		_, read := slow.Account(t.Context(), ils.Patron{}, ils.Doubt{})
		if q, _ := answers.Quantile(1); read != nil || q != 5*time.Second {
			t.Errorf("after an account: %s, %v", q, read)
		}
		_, posted := slow.Post(t.Context(), ils.Leg{})
		if q, _ := answers.Quantile(1); !errors.Is(posted, device.ErrDoubt) || q != 6*time.Second {
			t.Errorf("after a posting: %s, %v", q, posted)
		}
	})
}

// slowly is a library that takes seconds for everything: four, five and six.
type slowly struct{ ils.Library }

func (s slowly) Ready(ctx context.Context) error {
	time.Sleep(4 * time.Second)
	return s.Library.Ready(ctx)
}

func (s slowly) Account(context.Context, ils.Patron, ils.Doubt) (ils.Account, error) {
	time.Sleep(5 * time.Second)
	return ils.Account{}, nil
}

func (s slowly) Post(context.Context, ils.Leg) (string, error) {
	time.Sleep(6 * time.Second)
	return "", device.ErrDoubt
}
