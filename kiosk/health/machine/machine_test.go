package machine_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"selfpay/kiosk/health/machine"
)

// with is a machine whose kernel tells this, by path under its root.
func with(t *testing.T, files map[string]string) machine.Machine {
	t.Helper()
	m := machine.Of(t.TempDir())
	m.Root = t.TempDir()
	for name, text := range files {
		path := filepath.Join(m.Root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func equal[T comparable](t *testing.T, what string, got, want *T) {
	t.Helper()
	if (got == nil) != (want == nil) || got != nil && *got != *want {
		t.Errorf("%s: %+v, want %+v", what, got, want)
	}
}

func TestTheLifeOfFlashIsThatOfTheWorst(t *testing.T) {
	const card, second = "sys/block/mmcblk0/device/", "sys/block/mmcblk1/device/"
	for what, c := range map[string]struct {
		files map[string]string
		want  *machine.Wear
	}{
		"an SD card":       {map[string]string{card + "name": "SC32G\n"}, nil},
		"not defined":      {map[string]string{card + "life_time": "0x00 0x00\n", card + "pre_eol_info": "0x00\n"}, nil},
		"new":              {map[string]string{card + "life_time": "0x01 0x01\n", card + "pre_eol_info": "0x01\n"}, &machine.Wear{Percent: 10}},
		"one kind worn":    {map[string]string{card + "life_time": "0x02 0x09\n"}, &machine.Wear{Percent: 90}},
		"outlived":         {map[string]string{card + "life_time": "0x0b 0x01\n", card + "pre_eol_info": "0x03\n"}, &machine.Wear{Percent: 110, Reserve: machine.Now}},
		"spare blocks":     {map[string]string{card + "life_time": "0x01 0x01\n", card + "pre_eol_info": "0x02\n"}, &machine.Wear{Percent: 10, Reserve: machine.Soon}},
		"of two the worse": {map[string]string{card + "life_time": "0x01 0x01\n", second + "life_time": "0x08 0x01\n"}, &machine.Wear{Percent: 80}},
		"nonsense":         {map[string]string{card + "life_time": "worn out\n"}, nil},
	} {
		equal(t, what, with(t, c.files).Wear(), c.want)
	}
}

func TestTheHottestSensorCounts(t *testing.T) {
	const zone = "sys/class/thermal/thermal_zone"
	for what, c := range map[string]struct {
		files map[string]string
		want  *int
	}{
		"none":     {nil, nil},
		"one":      {map[string]string{zone + "0/temp": "48312\n"}, new(48)},
		"two":      {map[string]string{zone + "0/temp": "48312\n", zone + "1/temp": "81500\n"}, new(82)},
		"frost":    {map[string]string{zone + "0/temp": "-4600\n"}, new(-5)},
		"broken":   {map[string]string{zone + "0/temp": "-274000\n", zone + "1/temp": "N/A\n"}, nil},
		"far away": {map[string]string{zone + "0/temp": "99999999999999999999\n"}, nil},
	} {
		equal(t, what, with(t, c.files).Celsius(), c.want)
	}
}

func TestWhatARaspberryPiSaysOfItsSupply(t *testing.T) {
	const throttled = "sys/devices/platform/soc/soc:firmware/get_throttled"
	for what, c := range map[string]struct {
		files         map[string]string
		told          bool
		voltage       machine.Since
		slow          machine.Since
		speedNotKnown bool
	}{
		"another machine":    {files: nil},
		"well":               {files: map[string]string{throttled: "0\n"}, told: true},
		"under-voltage now":  {files: map[string]string{throttled: "50005\n"}, told: true, voltage: machine.JustNow, slow: machine.JustNow},
		"under-voltage once": {files: map[string]string{throttled: "10000\n"}, told: true, voltage: machine.SinceBoot},
		"hot once":           {files: map[string]string{throttled: "0xe0000\n"}, told: true, slow: machine.SinceBoot},
		"hot now":            {files: map[string]string{throttled: "80008\n"}, told: true, slow: machine.JustNow},
		"a Raspberry Pi 5": {files: map[string]string{"sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled": "1\n"},
			told: true, voltage: machine.JustNow},
		"another kernel": {files: map[string]string{"sys/class/hwmon/hwmon0/name": "cpu_thermal\n", "sys/class/hwmon/hwmon1/name": "rpi_volt\n",
			"sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1\n"}, told: true, voltage: machine.JustNow, speedNotKnown: true},
		"nonsense": {files: map[string]string{throttled: "throttled\n"}},
	} {
		got := with(t, c.files).Supply()
		if (got != nil) != c.told {
			t.Errorf("%s: %+v", what, got)
			continue
		}
		if got == nil {
			continue
		}
		slow := &c.slow
		if c.speedNotKnown {
			slow = nil
		}
		equal(t, what, &got.UnderVoltage, &c.voltage)
		equal(t, what, got.Throttled, slow)
	}
}

// The unit's ProtectClock= takes adjtimex away; systemd's time service leaves a file when it has set the clock.
func TestWhereTheKernelIsMuteTheTimeServiceIsAsked(t *testing.T) {
	root := t.TempDir()
	m := machine.Of(root)
	m.Root, m.Adjtimex = root, func(*unix.Timex) (int, error) { return 0, unix.EPERM }
	equal(t, "no time service", m.Clock(), nil)
	folder := filepath.Join(root, "run/systemd/timesync")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	equal(t, "not yet set", m.Clock(), &machine.Clock{})
	if err := os.WriteFile(filepath.Join(folder, "synchronized"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	equal(t, "set", m.Clock(), &machine.Clock{Synchronised: true})
}

func TestTheClockIsWhatTheKernelSaysOfIt(t *testing.T) {
	for what, c := range map[string]struct {
		kernel unix.Timex
		err    error
		want   *machine.Clock
	}{
		"not permitted":       {err: unix.EPERM},
		"never set":           {kernel: unix.Timex{Status: unix.STA_UNSYNC, Maxerror: 16_000_000}, want: &machine.Clock{Measured: true, MayBeOff: 16 * time.Second}},
		"set":                 {kernel: unix.Timex{Maxerror: 250_000}, want: &machine.Clock{Synchronised: true, Measured: true, MayBeOff: 250 * time.Millisecond}},
		"offset in micro":     {kernel: unix.Timex{Offset: -400_000}, want: &machine.Clock{Synchronised: true, Measured: true, MayBeOff: 400 * time.Millisecond}},
		"offset in nano":      {kernel: unix.Timex{Status: unix.STA_NANO, Offset: 400_000_000}, want: &machine.Clock{Synchronised: true, Measured: true, MayBeOff: 400 * time.Millisecond}},
		"drifting since long": {kernel: unix.Timex{Maxerror: 3_000_000, Offset: 10}, want: &machine.Clock{Synchronised: true, Measured: true, MayBeOff: 3 * time.Second}},
	} {
		m := machine.Of("/")
		m.Root = t.TempDir() // without a time service
		m.Adjtimex = func(into *unix.Timex) (int, error) { *into = c.kernel; return 0, c.err }
		equal(t, what, m.Clock(), c.want)
	}
}

func TestTheDiskIsThatOfTheStateFolder(t *testing.T) {
	m := machine.Of(t.TempDir())
	if disk, err := m.Disk(); err != nil || disk.Free == 0 || disk.ReadOnly {
		t.Errorf("here: %+v, %v", disk, err)
	}
	m.Statfs = func(path string, into *unix.Statfs_t) error {
		if path != m.State {
			t.Errorf("the disk of %s is asked", path)
		}
		*into = unix.Statfs_t{Blocks: 100, Bavail: 10, Bsize: 4096, Flags: unix.ST_RDONLY}
		return nil
	}
	if disk, err := m.Disk(); err != nil || disk != (machine.Disk{Size: 409600, Free: 40960, ReadOnly: true}) {
		t.Errorf("%+v, %v", disk, err)
	}
	m.Statfs = unix.Statfs
	m.State = filepath.Join(m.State, "gone")
	if _, err := m.Disk(); !errors.Is(err, unix.ENOENT) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestAProbeIsOneSmallFileOfTheKiosksOwn(t *testing.T) {
	dir := t.TempDir()
	probe := filepath.Join(dir, "probe")
	for range 3 {
		if took, err := machine.Written(probe); err != nil || took <= 0 {
			t.Fatal(took, err)
		}
	}
	info, err := os.Stat(probe)
	if err != nil || info.Size() != 512 || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	aim, link := filepath.Join(dir, "aim"), filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(aim, nil, 0o600), os.Symlink(aim, link)); err != nil {
		t.Fatal(err)
	}
	if _, err := machine.Written(link); err == nil {
		t.Error("a link is followed")
	}
	for _, path := range []string{"/dev/full", filepath.Join(dir, "no", "folder")} {
		if _, err := machine.Written(path); err == nil {
			t.Errorf("%s takes everything", path)
		}
	}
	if found, err := os.ReadDir(dir); err != nil || len(found) != 3 {
		t.Errorf("%v, %v", found, err)
	}
}
