package systemd

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// unitRoot is a root in which the programs that the units start exist.
func unitRoot(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for _, folder := range []string{"usr/bin", "etc/systemd/system"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	unit, err := os.ReadFile("kioskd.service")
	if err != nil {
		t.Fatal(err)
	}
	here := strings.ReplaceAll(string(unit), "/usr/bin/kioskd", filepath.Join(root, "usr/bin/kioskd"))
	if err := errors.Join(
		os.WriteFile(filepath.Join(root, "usr/bin/kioskd"), []byte("#!/bin/sh\n"), 0o755),
		os.WriteFile(filepath.Join(root, "etc/systemd/system/kioskd.service"), []byte(here), 0o644),
	); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, "etc/systemd/system")
}

func TestUnitsAreWellFormed(t *testing.T) {
	folder := unitRoot(t)
	if out, err := verify(filepath.Join(folder, "kioskd.service")); err != nil {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

// verify asks systemd's own checker. What it says of other units of this machine does not count.
func verify(path string) (string, error) {
	cmd := exec.Command("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", path)
	out, err := cmd.CombinedOutput()
	var ours []string
	for _, line := range strings.Split(string(out), "\n") {
		if strings.Contains(line, filepath.Base(path)) {
			ours = append(ours, line)
		}
	}
	if err == nil && len(ours) > 0 {
		err = os.ErrInvalid
	}
	return string(out), err
}

func TestMisspeltUnitIsFound(t *testing.T) {
	path := filepath.Join(unitRoot(t), "kioskd.service")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(content), "WatchdogSec", "WachdogSec", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := verify(path); err == nil {
		t.Error("a misspelt key passes")
	}
}

// classOf is where a class of devices that the unit opens comes from: a unit that loads its driver, or empty for what Debian's
// kernel always has.
var classOf = map[string]string{
	"ttyS": "", "ttyAMA": "", "input": "", "hidraw": "", "usb": "", "usb_device": "", "gpiochip": "",
	"ttyUSB": "modprobe@usbserial.service", "ttyACM": "modprobe@cdc_acm.service", "i2c": "modprobe@i2c_dev.service", "spi": "modprobe@spidev.service",
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

// A group that does not exist keeps the service from starting, and its name in a rule is passed over.
func TestEveryGroupIsMade(t *testing.T) {
	made := []string{"dialout", "input", "lp"} // by Debian's base-passwd and systemd
	for _, line := range regexp.MustCompile(`(?m)^[gu] (\S+) `).FindAllStringSubmatch(read(t, "sysusers.d/kiosk.conf"), -1) {
		made = append(made, line[1])
	}
	named := words(t, "SupplementaryGroups")
	for _, rule := range regexp.MustCompile(`GROUP="(\w+)"`).FindAllStringSubmatch(read(t, "udev/60-kiosk.rules"), -1) {
		if !slices.Contains(named, rule[1]) {
			t.Errorf("a rule gives devices to %s, which the service is not in", rule[1])
		}
	}
	for _, group := range named {
		if !slices.Contains(made, group) {
			t.Errorf("nobody makes the group %s", group)
		}
	}
}

// words are all that a key of the unit names.
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
	unit, err := os.ReadFile("kioskd.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, must := range []string{`(?m)^RestartPreventExitStatus=78$`, `(?m)^Restart=always$`, `(?m)^LimitCORE=0$`, `(?m)^Type=notify$`} {
		if !regexp.MustCompile(must).Match(unit) {
			t.Errorf("kioskd.service lacks %s", must)
		}
	}
}

// A group that is not there keeps the unit from starting.
func TestEachGroupOfTheUnitIsMadeOrDebians(t *testing.T) {
	unit, err := os.ReadFile("kioskd.service")
	if err != nil {
		t.Fatal(err)
	}
	made, err := os.ReadFile("sysusers.d/kiosk.conf")
	if err != nil {
		t.Fatal(err)
	}
	groups := regexp.MustCompile(`(?m)^SupplementaryGroups=(.*)$`).FindSubmatch(unit)
	if groups == nil {
		t.Fatal("the unit has no groups")
	}
	for _, group := range strings.Fields(string(groups[1])) {
		debians := group == "dialout" || group == "input" || group == "lp"
		if !debians && !regexp.MustCompile(`(?m)^g `+group+` `).Match(made) {
			t.Errorf("nobody makes the group %s", group)
		}
	}
}
