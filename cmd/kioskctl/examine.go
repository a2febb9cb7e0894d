package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"selfpay/cmd/parts"
	"selfpay/device"
	"selfpay/kiosk/config"
	"selfpay/kiosk/health"
	"selfpay/kiosk/release"
)

// What the doctor looks at beside the daemon's own checks. It changes nothing and takes no device away.

// versionFinding compares this program with the daemon, which an update may have left behind.
func versionFinding(daemon string) finding {
	if daemon != "" && daemon != release.Text() {
		return finding{"version", health.Warn, fmt.Sprintf("kioskd is %s and kioskctl is %s", daemon, release.Text()), "systemctl restart kioskd, when nobody is paying; kioskctl update status"}
	}
	return finding{"version", health.Pass, release.Text(), ""}
}

// keysFinding says whether somebody's updates are trusted.
func keysFinding(u *updating) finding {
	keys, err := u.Trusted()
	if err != nil {
		return finding{"update keys", health.Warn, err.Error(), "without a key the station takes no updates; see docs/updates.md"}
	}
	return finding{"update keys", health.Pass, fmt.Sprintf("%d trusted", len(keys)), ""}
}

// credentialFindings look at who may read the passwords in systemd's store.
func credentialFindings(store string) []finding {
	files, err := filepath.Glob(filepath.Join(store, "kiosk.*"))
	if err != nil || len(files) == 0 {
		return nil
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err == nil && info.Mode().Perm()&0o077 == 0 {
			continue
		}
		if err == nil {
			err = fmt.Errorf("%s may be read by others (%v)", f, info.Mode().Perm())
		}
		return []finding{{"credentials", health.Warn, err.Error(), "chmod 600 " + f}}
	}
	return []finding{{"credentials", health.Pass, fmt.Sprintf("%d in %s", len(files), store), ""}}
}

// expiresSoon is when somebody should see to a new certificate.
const expiresSoon = 30 * 24 * time.Hour

// certificateFindings look at the dates of the certificates that the configuration names.
func certificateFindings(c config.Config, now time.Time) []finding {
	var all []finding
	for key, path := range map[string]string{"ils.ca_file": c.ILS.CAFile, "ils.cert_file": c.ILS.CertFile} {
		if path != "" {
			all = append(all, certificateFinding(key, path, now))
		}
	}
	return all
}

func certificateFinding(key, path string, now time.Time) finding {
	f := finding{Check: "certificate", Status: health.Pass, Fix: "get a new one, and write its path to " + key}
	text, err := os.ReadFile(path)
	block, _ := pem.Decode(text)
	if err == nil && block == nil {
		err = fmt.Errorf("%s holds no certificate", path)
	}
	var found *x509.Certificate
	if err == nil {
		found, err = x509.ParseCertificate(block.Bytes)
	}
	switch {
	case err != nil:
		f.Status, f.Found = health.Fail, err.Error()
	case now.After(found.NotAfter):
		f.Status, f.Found = health.Fail, fmt.Sprintf("%s: expired on %s", path, found.NotAfter.Format(time.DateOnly))
	case found.NotAfter.Sub(now) < expiresSoon:
		f.Status, f.Found = health.Warn, fmt.Sprintf("%s: expires on %s", path, found.NotAfter.Format(time.DateOnly))
	default:
		f.Found = fmt.Sprintf("%s: until %s", path, found.NotAfter.Format(time.DateOnly))
	}
	return f
}

// servicesFinding says which of the station's services have failed, or do not start with the machine.
func servicesFinding(ctx context.Context) (finding, bool) {
	out, err := exec.CommandContext(ctx, "systemctl", "list-units", "--failed", "--plain", "--no-legend", "kiosk*").Output()
	if err != nil {
		return finding{}, false // no systemd here
	}
	if failed := strings.Fields(string(out)); len(failed) > 0 {
		return finding{"services", health.Warn, "failed: " + failed[0], "journalctl -u " + failed[0]}, true
	}
	enabled, _ := exec.CommandContext(ctx, "systemctl", "is-enabled", daemonService).Output()
	if word := strings.TrimSpace(string(enabled)); word != "enabled" {
		return finding{"services", health.Warn, daemonService + " is " + word, "systemctl enable kioskd"}, true
	}
	return finding{"services", health.Pass, "none has failed", ""}, true
}

// reachedWithin bounds a look at something on the network.
const reachedWithin = 5 * time.Second

// withoutDaemon looks at devices and library when the daemon is down: is there a node, does somebody answer, does the library
// take the login.
func withoutDaemon(ctx context.Context, c config.Config) []finding {
	all := []finding{libraryFinding(ctx, c)}
	for _, d := range []struct {
		name    string
		address config.Address
	}{{"terminal", c.Terminal.Address}, {"printer", c.Printer.Address}, {"scanner", c.Scanner.Address}} {
		if d.address.Scheme != "" {
			all = append(all, nodeFinding(ctx, d.name, d.address))
		}
	}
	return all
}

func libraryFinding(ctx context.Context, c config.Config) finding {
	f := finding{"library", health.Pass, "answers and takes the login", fixes[health.CheckLibrary]}
	library, err := parts.Library(c, quietly)
	if err == nil {
		ctx, stop := context.WithTimeout(ctx, 4*reachedWithin)
		defer stop()
		err = errors.Join(library.Ready(ctx), library.Close())
	}
	if err != nil {
		f.Status, f.Found = health.Fail, err.Error()
	}
	return f
}

// nodeFinding looks whether a device is there, without opening what another program may have.
func nodeFinding(ctx context.Context, name string, a config.Address) finding {
	f := finding{name, health.Pass, a.String() + " is there", "is it switched on and plugged in? kioskctl devices --found"}
	var err error
	switch a.Scheme {
	case "tcp":
		ctx, stop := context.WithTimeout(ctx, reachedWithin)
		defer stop()
		var line net.Conn
		if line, err = (&net.Dialer{}).DialContext(ctx, "tcp", a.Host); err == nil {
			err = line.Close()
		}
	case "usb":
		return finding{name, health.Pass, a.String() + " is looked for by the daemon only", ""}
	default:
		var path string
		if path, err = device.Find(a.Path); err == nil {
			_, err = os.Stat(path)
		}
	}
	if err != nil {
		f.Status, f.Found = health.Warn, err.Error()
	}
	return f
}
