package systemd

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// units are all unit files of the folder.
func units(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, kind := range []string{"service", "path", "target", "timer", "socket", "mount"} {
		found, err := filepath.Glob("*." + kind)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	return all
}

// program is what a line of a unit runs.
var program = regexp.MustCompile(`(?m)^(Exec(?:Start|Stop|Reload|Condition)\w*=[-@:+!|]*)(/\S+)`)

// unitRoot is a folder with all units, in which every program that they run exists.
func unitRoot(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for _, unit := range units(t) {
		here := program.ReplaceAllStringFunc(read(t, unit), func(line string) string {
			of := program.FindStringSubmatch(line)
			stands := filepath.Join(root, "programs", of[2])
			if err := os.MkdirAll(filepath.Dir(stands), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(stands, []byte("#!/bin/sh\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			return of[1] + stands
		})
		if err := os.WriteFile(filepath.Join(root, unit), []byte(here), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestUnitsAreWellFormed(t *testing.T) {
	root, all := unitRoot(t), units(t)
	if len(all) == 0 {
		t.Fatal("there are no units")
	}
	for _, unit := range all {
		name := unit
		if strings.Contains(unit, "@.") { // a template is checked as one of its instances
			name = strings.Replace(unit, "@.", "@sdz1.", 1)
		}
		if out, err := verify(root, name); err != nil {
			t.Errorf("systemd-analyze verify %s: %v\n%s", unit, err, out)
		}
	}
}

// The other browser is a drop-in, and begins with the same page.
func TestTheOtherBrowserFitsTheScreensUnit(t *testing.T) {
	const unit, page = "kiosk-browser.service", "file:///usr/share/kiosk/out-of-order.html"
	dropIn := read(t, "share/kiosk-browser-cog.conf")
	for what, text := range map[string]string{"": dropIn, "a misspelt key": strings.Replace(dropIn, "Environment=", "Enviroment=", 1),
		"two programs": strings.Replace(dropIn, "ExecStart=\n", "", 1)} {
		root := unitRoot(t)
		folder := filepath.Join(root, unit+".d")
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		here := strings.ReplaceAll(text, "/usr/bin/cage", filepath.Join(root, "programs/usr/bin/cage"))
		if err := os.WriteFile(filepath.Join(folder, "cog.conf"), []byte(here), 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := verify(root, unit); (err == nil) != (what == "") {
			t.Errorf("%q: %v\n%s", what, err, out)
		}
	}
	if !strings.Contains(dropIn, page) {
		t.Error("the other browser begins elsewhere")
	}
}

// verify asks systemd's own checker. What it says of other units of this machine does not count.
func verify(root, unit string) (string, error) {
	cmd := exec.Command("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", filepath.Join(root, unit))
	cmd.Env = append(os.Environ(), "SYSTEMD_UNIT_PATH="+root+":")
	out, err := cmd.CombinedOutput()
	var ours []string
	for _, line := range strings.Split(string(out), "\n") {
		if strings.Contains(line, unit) || strings.Contains(line, root) {
			ours = append(ours, line)
		}
	}
	if err == nil && len(ours) > 0 {
		err = os.ErrInvalid
	}
	return string(out), err
}

func TestMisspeltUnitIsFound(t *testing.T) {
	root := unitRoot(t)
	for unit, change := range map[string][2]string{"kioskd.service": {"WatchdogSec", "WachdogSec"}, "kiosk-poweroff.path": {"PathChanged", "PathChange"}} {
		path := filepath.Join(root, unit)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(text), change[0], change[1], 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := verify(root, unit); err == nil {
			t.Errorf("%s: a misspelt key passes", unit)
		}
	}
}

// mostExposure is in tenths of what systemd-analyze security counts, from 0 to 100.
const mostExposure = "13"

// The daemon can do what its comments say, and no more: 1.3 of 10 by systemd's own count.
func TestDaemonIsLittleExposed(t *testing.T) {
	unit := read(t, "kioskd.service")
	score, err := exposure(t, unit)
	t.Logf("kioskd.service: %s", score)
	if err != nil {
		t.Errorf("more than %s tenths: %s", mostExposure, score)
	}
	for _, kept := range []string{"NoNewPrivileges=yes\n", "PrivateMounts=yes\nPrivateUsers=yes\n", "SystemCallFilter=~@privileged @resources\n", "DevicePolicy=closed\n"} {
		relaxed := strings.Replace(unit, kept, "", 1)
		if strings.HasPrefix(kept, "DevicePolicy") {
			relaxed = strings.ReplaceAll(regexp.MustCompile(`(?m)^Device.*\n`).ReplaceAllString(unit, ""), "ProtectClock=yes\n", "")
		}
		if score, err := exposure(t, relaxed); err == nil {
			t.Errorf("without %q it still passes: %s", kept, score)
		}
	}
}

// exposure is the checker's last line; its error is a unit above the threshold.
func exposure(t *testing.T, unit string) (string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kioskd.service")
	if err := os.WriteFile(file, []byte(unit), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold="+mostExposure, file).CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	last := lines[len(lines)-1]
	if !strings.Contains(string(out), "Overall exposure level") {
		t.Fatalf("systemd-analyze security says no level: %s", out)
	}
	return last, err
}

// classOf is where a class of devices that the unit opens comes from: a unit that loads its driver, or empty for what Debian's
// kernel always has.
var classOf = map[string]string{
	"ttyS": "", "ttyAMA": "", "input": "", "hidraw": "", "usb": "", "usb_device": "", "gpiochip": "",
	"ttyUSB": "modprobe@usbserial.service", "ttyACM": "modprobe@cdc_acm.service", "i2c": "modprobe@i2c_dev.service", "spi": "modprobe@spidev.service",
	"alsa": "modprobe@snd.service",
}

// DeviceAllow= is looked up in /proc/devices when the service starts. A class that is not there yet stays closed.
func TestDeviceClassesAreThereBeforeTheService(t *testing.T) {
	allowed := regexp.MustCompile(`(?m)^DeviceAllow=char-(\S+) rw$`).FindAllStringSubmatch(read(t, "kioskd.service"), -1)
	if len(allowed) != len(classOf) {
		t.Errorf("the unit opens %d classes, %d are known here", len(allowed), len(classOf))
	}
	wants, after := words(t, "Wants"), words(t, "After")
	for _, a := range allowed {
		driver, known := classOf[a[1]]
		if !known {
			t.Errorf("is there a class %q in /proc/devices?", a[1])
		}
		if driver != "" && !(slices.Contains(wants, driver) && slices.Contains(after, driver)) {
			t.Errorf("class %q may not be there yet: Wants= and After= lack %s", a[1], driver)
		}
	}
}

// The daemon starts the programs of the voice, and nothing else that is installed.
func TestTheVoiceMayBeStarted(t *testing.T) {
	for _, program := range []string{"-/usr/bin/espeak-ng", "-/usr/bin/aplay"} {
		if !slices.Contains(words(t, "ExecPaths"), program) {
			t.Errorf("%s must not be run", program)
		}
	}
	if rules := read(t, "udev/60-kiosk.rules"); !strings.Contains(rules, `SUBSYSTEM=="sound", GROUP="kiosk"`) || !strings.Contains(rules, `SYMLINK+="kiosk/switch-`) {
		t.Error("no rule gives the sound card to the daemon, or a socket its name")
	}
}

// A group that does not exist keeps the service from starting, and its name in a rule is passed over.
func TestDevicesBelongToTheDaemonsGroup(t *testing.T) {
	rules := regexp.MustCompile(`GROUP="(\w+)"`).FindAllStringSubmatch(read(t, "udev/60-kiosk.rules"), -1)
	if len(rules) == 0 {
		t.Error("no rule gives a device to anybody")
	}
	for _, rule := range rules {
		if rule[1] != words(t, "Group")[0] {
			t.Errorf("a rule gives devices to %s", rule[1])
		}
	}
	for _, unit := range units(t) {
		for _, user := range regexp.MustCompile(`(?m)^(?:User|Group)=(\S+)$`).FindAllStringSubmatch(read(t, unit), -1) {
			if !regexp.MustCompile(`(?m)^u ` + user[1] + ` `).MatchString(read(t, "sysusers.d/kiosk.conf")) {
				t.Errorf("%s: nobody makes %s", unit, user[1])
			}
		}
	}
}

// words are all that a key of the daemon's unit names.
func words(t *testing.T, key string) []string {
	t.Helper()
	var all []string
	for _, line := range regexp.MustCompile(`(?m)^`+key+`=(.*)$`).FindAllStringSubmatch(read(t, "kioskd.service"), -1) {
		all = append(all, strings.Fields(line[1])...)
	}
	return all
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWrongConfigurationIsNotRestarted(t *testing.T) {
	unit := read(t, "kioskd.service")
	for _, must := range []string{`(?m)^RestartPreventExitStatus=78$`, `(?m)^Restart=always$`, `(?m)^LimitCORE=0$`, `(?m)^Type=notify$`} {
		if !regexp.MustCompile(must).MatchString(unit) {
			t.Errorf("kioskd.service lacks %s", must)
		}
	}
}

// The page that says "out of order" and the browser's rules name the address that the station has where nothing else is
// configured, and no other.
func TestBrowserIsAllowedTheStationAlone(t *testing.T) {
	var policy struct{ URLBlocklist, URLAllowlist []string }
	if err := json.Unmarshal([]byte(read(t, "chromium/kiosk.json")), &policy); err != nil {
		t.Fatal(err)
	}
	const page = "file:///usr/share/kiosk/out-of-order.html"
	if !slices.Equal(policy.URLBlocklist, []string{"*", "chrome://*"}) || !slices.Equal(policy.URLAllowlist, []string{"http://127.0.0.1:8080", page}) {
		t.Errorf("the browser may show %q but %q", policy.URLBlocklist, policy.URLAllowlist)
	}
	if !strings.Contains(read(t, "share/out-of-order.html"), `"http://127.0.0.1:8080/"`) {
		t.Error("the page leads elsewhere")
	}
	if !strings.Contains(read(t, "kiosk-browser.service"), page) {
		t.Error("the browser begins elsewhere")
	}
}
