package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"aead.dev/minisign"

	"selfpay/kiosk/update"
)

// updatable is a station that can be updated, as far as that goes without systemd.
type updatable struct {
	t    *testing.T
	root string
	key  minisign.PrivateKey
	all  *updateCommand
	out  bytes.Buffer
	tool *tool
}

func newUpdatable(t *testing.T) *updatable {
	t.Helper()
	u := &updatable{t: t, root: t.TempDir()}
	public, key, err := minisign.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := public.MarshalText()
	u.key = key
	u.all = &updateCommand{Factory: filepath.Join(u.root, "factory"), Keys: filepath.Join(u.root, "keys")}
	u.tool = &tool{config: filepath.Join(u.root, "kiosk.toml"), out: &u.out}
	if err := errors.Join(err, os.MkdirAll(filepath.Join(u.root, "state/versions"), 0o755), os.Mkdir(u.all.Factory, 0o755), os.Mkdir(u.all.Keys, 0o755),
		os.WriteFile(filepath.Join(u.all.Keys, "vendor.pub"), text, 0o644),
		os.WriteFile(filepath.Join(u.all.Factory, "release"), []byte("10\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	u.configure("")
	return u
}

func (u *updatable) configure(more string) {
	text := "[kiosk]\nstate = \"" + u.root + "/state\"\nsocket = \"" + u.root + "/none.sock\"\n" + more
	if err := os.WriteFile(u.tool.config, []byte(text), 0o644); err != nil {
		u.t.Fatal(err)
	}
}

func (u *updatable) bundle(release int, change func(*update.Manifest)) []byte {
	m := update.Manifest{Release: release, Version: "0.12", Arch: runtime.GOARCH, Made: time.Now().Add(-time.Hour), Expires: time.Now().AddDate(1, 0, 0),
		Files: []update.File{{Name: "kioskd", Program: true}, {Name: "kioskctl", Program: true}}}
	if change != nil {
		change(&m)
	}
	var out bytes.Buffer
	if err := update.Pack(&out, m, fstest.MapFS{"kioskd": {Data: []byte("d")}, "kioskctl": {Data: []byte("ctl")}}, u.key); err != nil {
		u.t.Fatal(err)
	}
	return out.Bytes()
}

func (u *updatable) file(content []byte) string {
	path := filepath.Join(u.root, "x.bundle")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		u.t.Fatal(err)
	}
	return path
}

func (u *updatable) said() string {
	said := u.out.String()
	u.out.Reset()
	return said
}

// Looking at a bundle changes nothing, and says what it is or why it is not for this station.
func TestABundleIsLookedAtWithoutInstallingIt(t *testing.T) {
	u := newUpdatable(t)
	check := func(content []byte) error {
		return (&updateCheck{File: u.file(content)}).Run(t.Context(), u.tool, u.all)
	}
	if err := check(u.bundle(12, nil)); err != nil {
		t.Fatal(err)
	}
	if said := u.said(); !strings.Contains(said, "release 12 (0.12) for "+runtime.GOARCH) || !strings.Contains(said, "kioskctl update apply") {
		t.Errorf("%q", said)
	}
	if err := check(u.bundle(9, nil)); err == nil || !strings.Contains(err.Error(), "older than 10") {
		t.Errorf("%v", err)
	}
	if err := check([]byte("pictures")); err == nil || !strings.Contains(err.Error(), "no bundle") {
		t.Errorf("%v", err)
	}
	foreign := newUpdatable(t)
	if err := check(foreign.bundle(12, nil)); !errors.Is(err, update.ErrUnsigned) {
		t.Errorf("%v", err)
	}
	u.said()
	u.tool.json = true
	if err := check(u.bundle(12, func(m *update.Manifest) { m.Needs = 11 })); !errors.Is(err, errNotWell) {
		t.Errorf("%v", err)
	}
	var found UpdateCheck
	if err := json.Unmarshal([]byte(u.said()), &found); err != nil || found.Fits || !strings.Contains(found.Why, "release 11") {
		t.Errorf("%+v %v", found, err)
	}
	if entries, err := os.ReadDir(filepath.Join(u.root, "state/versions")); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v %v", entries, err)
	}
}

func TestAStationSaysWhichReleaseRuns(t *testing.T) {
	u := newUpdatable(t)
	if err := (updateChoose{}).Run(u.tool, u.all); err != nil {
		t.Fatal(err)
	}
	u.said()
	if err := (updateStatus{}).Run(u.tool, u.all); err != nil {
		t.Fatal(err)
	}
	if said := u.said(); !strings.Contains(said, "release 10 runs") {
		t.Errorf("%q", said)
	}
	if err := os.Remove(filepath.Join(u.all.Keys, "vendor.pub")); err != nil {
		t.Fatal(err)
	}
	if err := (updateStatus{}).Run(u.tool, u.all); err != nil || !strings.Contains(u.said(), "trusts nobody") {
		t.Errorf("%v", err)
	}
}

// A server that is slow, sends something else, or sends the visitor elsewhere changes nothing.
func TestABundleIsFetchedOverTLSOnly(t *testing.T) {
	u := newUpdatable(t)
	elsewhere := false
	mux := http.NewServeMux()
	mux.HandleFunc("/good", func(w http.ResponseWriter, r *http.Request) { w.Write(u.bundle(12, nil)) })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) })
	mux.HandleFunc("/elsewhere", func(w http.ResponseWriter, r *http.Request) { elsewhere = true })
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	})
	plain, safe := httptest.NewServer(mux), httptest.NewTLSServer(mux)
	defer plain.Close()
	defer safe.Close()
	check := func(url string) error {
		u.configure("[update]\nurl = \"" + url + "\"\n")
		return (&updateCheck{}).Run(t.Context(), u.tool, u.all)
	}
	if err := check(plain.URL + "/good"); err != nil { // loopback; config check refuses others
		t.Error(err)
	}
	if err := check(safe.URL + "/good"); err == nil || !errors.As(err, new(*tls.CertificateVerificationError)) {
		t.Errorf("a certificate that nobody knows: %v", err)
	}
	for path, why := range map[string]string{"/moved": "302", "/none": "404", "/endless": "no bundle"} {
		if err := check(plain.URL + path); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if elsewhere {
		t.Error("it went elsewhere")
	}
}

// A stick's partition is named by udev; nobody else's words reach a path.
func TestAStickIsAPartitionAndItsFileAFile(t *testing.T) {
	for _, device := range []string{"../sda1", "disk/by-label/KIOSK", "."} {
		if err := mountStick(device, t.TempDir()); err == nil || !strings.Contains(err.Error(), "no name of a partition") {
			t.Errorf("%s: %v", device, err)
		}
	}
	folder := t.TempDir()
	link := filepath.Join(folder, "link")
	if err := os.Symlink("/etc/passwd", link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{link, folder} {
		if f, err := openOnStick(path); err == nil {
			f.Close()
			t.Errorf("%s is opened", path)
		}
	}
}

// What an update must know is found in a configuration that another release has written.
func TestAnUpdateReadsAConfigurationOfAnotherRelease(t *testing.T) {
	u := newUpdatable(t)
	u.configure("[update]\nstick = false\n[tomorrow]\nkey = 1\n")
	found := u.all.begin(u.tool)
	if found.places.Update.Stick || found.Folder != filepath.Join(u.root, "state/versions") || found.Release != 10 {
		t.Errorf("%+v", found.places)
	}
	if err := (&updateStick{Device: "sda1", At: t.TempDir()}).Run(context.Background(), u.tool, u.all); err != nil || !strings.Contains(u.said(), "not heeded") {
		t.Errorf("%v", err)
	}
	if err := os.WriteFile(u.tool.config, []byte("[kiosk\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if found := u.all.begin(u.tool); found.Folder != "/var/lib/kiosk/versions" || !found.places.Update.Stick {
		t.Errorf("%+v", found.places)
	}
}
