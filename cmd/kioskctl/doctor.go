package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"selfpay/cmd/parts"
	"selfpay/kiosk/config"
	"selfpay/kiosk/control"
	"selfpay/kiosk/desk"
	"selfpay/kiosk/health"
	"selfpay/kiosk/health/heartbeat"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/release"
)

type configCommand struct {
	Check configCheck `cmd:"" help:"Name the line, the key and the mend for each mistake."`
	Show  configShow  `cmd:"" help:"What the kiosk works with, secrets hidden."`
	Texts configTexts `cmd:"" help:"The sentences of a language that a library can say in its own words."`
}

type configCheck struct {
	File string `arg:"" optional:"" type:"path" help:"The file; the kiosk's own where it is left out."`
}

func (c *configCheck) Run(t *tool) error {
	path := c.File
	if path == "" {
		path = t.config
	}
	_, err := config.Load(path, parts.AllChecks...)
	var mistakes *config.Mistakes
	switch {
	case errors.As(err, &mistakes) && t.json:
		for _, m := range mistakes.List {
			if err := t.document(m); err != nil {
				return err
			}
		}
		return errConfig
	case err != nil:
		return err
	case t.json:
		return t.document(done{OK: true})
	}
	t.say("%s is well", path)
	return nil
}

type configShow struct{}

func (configShow) Run(t *tool) error {
	c, err := t.load()
	if err != nil {
		return err
	}
	if t.json {
		return t.document(c)
	}
	text, err := c.Text()
	if err != nil {
		return err
	}
	_, err = io.WriteString(t.out, text)
	return err
}

// finding is one thing the doctor looked at.
type finding struct {
	Check  string        `json:"check"`
	Status health.Status `json:"status"`
	Found  string        `json:"found"`
	Fix    string        `json:"fix,omitempty"`
}

type doctorCommand struct {
	Credentials string `hidden:"" default:"/etc/credstore" help:"Where passwords are kept for systemd."`
}

func (d *doctorCommand) Run(ctx context.Context, t *tool, all *arguments) error {
	well := true
	for _, f := range d.look(ctx, t, all) {
		well = well && f.Status != health.Fail
		if err := t.tellFinding(f); err != nil {
			return err
		}
	}
	if !well {
		return errNotWell
	}
	return nil
}

// look looks at everything and changes nothing.
func (d *doctorCommand) look(ctx context.Context, t *tool, all *arguments) []finding {
	c, err := t.load()
	findings := []finding{configFinding(t.config, err), keysFinding(all.Update.begin(t))}
	if services, known := servicesFinding(ctx); known {
		findings = append(findings, services)
	}
	if err != nil {
		return findings
	}
	findings = append(findings, stateFindings(c)...)
	findings = append(findings, credentialFindings(d.Credentials)...)
	findings = append(findings, certificateFindings(c, time.Now())...)
	findings = append(findings, clockFinding())
	return append(findings, t.daemonFindings(ctx, c)...)
}

func (t *tool) tellFinding(f finding) error {
	if t.json {
		return t.document(f)
	}
	t.say("%-4s  %-22s %s", f.Status, f.Check, f.Found)
	if f.Fix != "" && f.Status != health.Pass {
		t.say("      %-22s -> %s", "", f.Fix)
	}
	return nil
}

func configFinding(path string, err error) finding {
	if err != nil {
		return finding{"config", health.Fail, strings.ReplaceAll(err.Error(), "\n", "; "), "mend the lines named, then run kioskctl config check " + path}
	}
	return finding{"config", health.Pass, path + " is well", ""}
}

func stateFindings(c config.Config) []finding {
	findings := []finding{secretFinding("terminal password", c.Terminal.Password), secretFinding("library password", c.ILS.Password)}
	switch c.ILS.Route {
	case "polaris":
		findings = append(findings, secretFinding("access key", c.ILS.Polaris.AccessKey))
	case "aleph":
		findings = append(findings, secretFinding("X-server password", c.ILS.Aleph.XPassword))
	}
	for _, watched := range []struct {
		name   string
		secret config.Secret
	}{{"health token", c.Health.Token}, {"hub token", c.Health.HeartbeatToken}, {"ping address", c.Health.Ping}, {"desk password", c.Desk.Password}} {
		if watched.secret != "" {
			findings = append(findings, secretFinding(watched.name, watched.secret))
		}
	}
	info, err := os.Stat(c.Kiosk.State)
	if err != nil {
		return append(findings, finding{"state folder", health.Fail, err.Error(), "make the folder and give it to the kiosk's user"})
	}
	findings = append(findings, privacyFinding("state folder", c.Kiosk.State, info, 0o007))
	if keys, err := os.Stat(filepath.Join(c.Kiosk.State, "keys")); err == nil {
		findings = append(findings, privacyFinding("keys", filepath.Join(c.Kiosk.State, "keys"), keys, 0o077))
	}
	var disk syscall.Statfs_t
	if err := syscall.Statfs(c.Kiosk.State, &disk); err == nil {
		free := disk.Bavail * uint64(disk.Bsize)
		f := finding{"disk space", health.Pass, fmt.Sprintf("%d MB free", free>>20), "remove old files; no payment is taken below 8 MB"}
		if free < ledger.Floor {
			f.Status = health.Fail
		} else if free < 200<<20 {
			f.Status = health.Warn
		}
		findings = append(findings, f)
	}
	return findings
}

func secretFinding(name string, s config.Secret) finding {
	if _, err := s.Read(); err != nil {
		return finding{name, health.Warn, err.Error(), "the daemon may still have it, if systemd gives it a credential"}
	}
	if s != "" && s.String() == "(hidden)" {
		return finding{name, health.Warn, "it stands in the configuration itself", "put it into a credential: credential:NAME"}
	}
	return finding{name, health.Pass, "can be read", ""}
}

func privacyFinding(name, path string, info os.FileInfo, forbidden os.FileMode) finding {
	if info.Mode().Perm()&forbidden != 0 {
		return finding{name, health.Warn, fmt.Sprintf("%s may be read by others (%v)", path, info.Mode().Perm()), "chmod 700 " + path}
	}
	return finding{name, health.Pass, path, ""}
}

// clockFinding compares the clock with the newest possible date of this program's files.
func clockFinding() finding {
	if time.Now().Before(release.Made().Add(-24 * time.Hour)) {
		return finding{"clock", health.Fail, "the clock is older than this program: " + time.Now().Format(time.DateTime), "set the clock, and check the battery and NTP"}
	}
	return finding{"clock", health.Pass, time.Now().Format(time.DateTime), ""}
}

var fixes = map[string]string{
	health.CheckLedger:    "look at disk space and file rights in the state folder, then kioskctl ledger verify",
	health.CheckTerminal:  "is it switched on, plugged in, and is terminal.address right?",
	health.CheckLibrary:   "kioskctl ils status; then ask the library: is its server up, the address reachable, the login still valid?",
	health.CheckClock:     "set the clock, and check the time service here and at the library",
	health.CheckPrinter:   "is it switched on and plugged in, and its cover closed?",
	health.CheckPaper:     "put in a new roll",
	health.CheckScanner:   "is it plugged in, and is scanner.address its name under /dev?",
	health.CheckQueue:     "kioskctl queue list",
	health.CheckQueueAge:  "kioskctl queue list; is the library system up?",
	health.CheckInDoubt:   "nothing yet: the kiosk is looking; kioskctl queue list shows it",
	health.CheckOpenCases: "kioskctl case list",
	health.CheckRefunds:   "kioskctl refund list",
	health.CheckStrays:    "kioskctl ledger notes names it; compare with the terminal's own report, and lock the terminal's keys",
	health.CheckByAccount: "kioskctl case confirm lists them and ticks them off",
	health.CheckEndOfDay:  "kioskctl terminal end-of-day closes the terminal's day now; kioskctl report day says what is known",

	health.CheckLines:        "gpiodetect and gpioinfo list chips and lines, and who holds them; is the [gpio] table right?",
	health.CheckRing:         "is SPI switched on, and ring.address right?",
	health.CheckDisplay:      "is it plugged in, and display.address right (i2cdetect)?",
	health.CheckKeypad:       "is it plugged in, and is voice.keypad its name under /dev?",
	health.CheckHeadset:      "is the sound card or its socket plugged in, and is voice.headset right (kioskctl devices --found)?",
	health.CheckSpeech:       "apt install espeak-ng alsa-utils; is voice.output a card that aplay -L lists?",
	health.CheckEnclosure:    "look at terminal and wiring, close the enclosure, then kioskctl tamper clear",
	health.CheckService:      "turn the key back when the work is done",
	health.CheckStaffCall:    "somebody waits at the station; the key switch ends the call",
	health.CheckPaperSwitch:  "put in a new roll",
	health.CheckSupply:       "is the mains plug in, is power.address right (i2cdetect), and does the kiosk's user have the bus?",
	health.CheckCharge:       "give the station mains power; an old battery does not hold its charge",
	health.CheckChain:        "stop the station, keep ledger.db as it is, and see docs/operations.md: Is the ledger sound?",
	health.CheckWriteLatency: "an old or worn SD card writes slowly before it fails: exchange it",
	health.CheckFree:         "remove old files: exports, pictures, journalctl --vacuum-size=100M",
	health.CheckReadOnly:     "the file system has made itself read-only after an error: look at dmesg, and exchange the card",
	health.CheckLife:         "exchange the memory soon; kioskctl ledger export makes a copy of the ledger first",
	health.CheckAnswers:      "kioskctl ils status tells how long an answer takes; ask the library and the network's people",
	health.CheckClockSet:     "timedatectl; is a time service running, and may it reach its server?",
	health.CheckClockOffset:  "timedatectl; the time service has not set the clock for long",
	health.CheckBrowser:      "is the browser running, and the screen switched on?",
	health.CheckTemperature:  "look at fan and air slots",
	health.CheckUnderVoltage: "use the maker's own power supply and a short, thick cable",
	health.CheckThrottled:    "look at fan, air slots and power supply",
	health.CheckUpdate:       "kioskctl update status",
	health.CheckMaintenance:  "kioskctl maintenance off ends it",
	desk.CheckPage:           "kioskctl config check; does this machine have the address of desk.listen, and may the kiosk's user read the files?",
	health.CheckPage:         "kioskctl config check; does this machine have the address of health.listen?",
	health.CheckHub:          "is the network up, and are health.heartbeat and its token right?",
	heartbeat.CheckPing:      "is the network up, and is the address of health.ping right?",
	"health:certificate":     "put the new certificate and key over the old; they are read without a restart",
	"desk:certificate":       "put the new certificate and key over the old; they are read without a restart",
	"hub:certificate":        "put the new certificate and key over the old; they are read without a restart",

	health.CheckMains:      "is the mains plug in? The station is switched off in order before its battery ends",
	health.CheckBallast:    "remove old files: exports, pictures, journalctl --vacuum-size=100M; payments begin again by themselves",
	health.CheckSecondCopy: "is the second medium plugged in and mounted, and has it room? kioskctl ledger verify --against FILE compares it",
	health.CheckPower:      "look at the terminal; kioskctl queue list says what is open or in doubt; kioskctl terminal power-cycle",
}

func (t *tool) daemonFindings(ctx context.Context, c config.Config) []finding {
	var s control.Status
	err := control.NewClient(c.Kiosk.Socket).Get(ctx, "/status", &s)
	if err != nil {
		down := finding{"daemon", health.Fail, err.Error(), "systemctl start kioskd, then journalctl -u kioskd"}
		return append([]finding{down, versionFinding(""), t.ledgerFinding(ctx, c)}, withoutDaemon(ctx, c)...)
	}
	return append([]finding{{"daemon", health.Pass, "answers", ""}, versionFinding(s.Version)}, checkFindings(s.Checks)...)
}

// checkFindings are the checks of the running daemon, by name.
func checkFindings(checks map[string]health.Check) []finding {
	var findings []finding
	for _, name := range slices.Sorted(maps.Keys(checks)) {
		check := checks[name]
		found := check.Output
		if check.Value != nil {
			found = strings.TrimSpace(fmt.Sprintf("%d %s %s", *check.Value, check.Unit, check.Output))
		}
		findings = append(findings, finding{name, check.Status, found, fixes[name]})
	}
	return findings
}

func (t *tool) ledgerFinding(ctx context.Context, c config.Config) finding {
	f := finding{Check: "ledger", Status: health.Pass, Fix: "keep the file for examination and call support"}
	err := t.offline(c, func(l *ledger.Ledger) error {
		v, err := l.Verify(ctx)
		f.Found = fmt.Sprintf("sound: %d events, %d payments", v.Events, v.Payments)
		return err
	})
	if err != nil {
		f.Status, f.Found = health.Fail, err.Error()
	}
	return f
}
