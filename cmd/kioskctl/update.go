package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"selfpay/kiosk/config"
	"selfpay/kiosk/update"
)

type updateCommand struct {
	Status   updateStatus   `cmd:"" help:"Which release runs, what was tried, and how that ended."`
	Check    updateCheck    `cmd:"" help:"Look at a bundle, or at the one on the server, without installing it."`
	Apply    updateApply    `cmd:"" help:"Install a bundle: try it, and go back when it is not well."`
	Rollback updateRollback `cmd:"" help:"Go back to the release before."`

	Choose updateChoose `cmd:"" hidden:"" help:"Decide what kioskd runs from (kiosk-version.service)."`
	Trial  updateTrial  `cmd:"" hidden:"" help:"Watch the release on trial (kiosk-trial.service)."`
	Stick  updateStick  `cmd:"" hidden:"" help:"Install from a stick (kiosk-flash@.service)."`
	Fetch  updateFetch  `cmd:"" hidden:"" help:"Install from the server (kiosk-update.service)."`

	Factory string `hidden:"" default:"/usr/lib/kiosk" help:"The package's programs."`
	Keys    string `hidden:"" default:"/etc/kiosk/update-keys" help:"The public keys of a site."`
}

// store is the folder of releases.
func (u *updateCommand) store(p config.Places) update.Store {
	s := update.Store{Folder: filepath.Join(p.Kiosk.State, "versions"), Factory: u.Factory, Keys: u.Keys, Now: time.Now}
	if text, err := os.ReadFile(filepath.Join(u.Factory, "release")); err == nil {
		s.Release, _ = strconv.Atoi(strings.TrimSpace(string(text))) // 0: older than any bundle
	}
	return s
}

// updating is one command at work.
type updating struct {
	*tool
	update.Store
	places config.Places
	*machine
	again bool
}

func (u *updateCommand) begin(t *tool) *updating {
	places := config.ReadPlaces(t.config)
	return &updating{tool: t, Store: u.store(places), places: places, machine: newMachine(places)}
}

// tell says what is going on. With --json only the end is told.
func (u *updating) tell(what string) {
	if !u.json {
		u.say("%s", what)
	}
}

// UpdateStatus is the answer of update status.
type UpdateStatus struct {
	Runs     int             `json:"runs"`     // the release that runs, or is to
	Package  int             `json:"package"`  // the release that came with the package
	Previous int             `json:"previous"` // where rollback goes to
	Trial    *update.Trial   `json:"trial,omitempty"`
	Last     *update.Outcome `json:"last,omitempty"`
	Rejected []int           `json:"rejected,omitempty"`
	Keys     []string        `json:"keys,omitempty"` // the public keys that count
}

type updateStatus struct{}

func (updateStatus) Run(t *tool, c *updateCommand) error {
	u := c.begin(t)
	st, err := u.State()
	if err != nil {
		return err
	}
	status := UpdateStatus{Runs: u.Number(st.Runs()), Package: u.Release, Previous: u.Number(st.Previous), Trial: st.Trial, Last: st.Last, Rejected: st.Rejected}
	keys, untrusting := u.Trusted()
	for _, k := range keys {
		status.Keys = append(status.Keys, k.String())
	}
	if t.json {
		return t.document(status)
	}
	t.say("release %d runs; the package brought %d", status.Runs, status.Package)
	if st.Trial != nil {
		t.say("release %d is on trial, started %d times; before it ran %d", st.Trial.Release, st.Trial.Starts, u.Number(st.Trial.From))
	} else if status.Runs != status.Package {
		t.say("kioskctl update rollback goes back to %d", status.Previous)
	}
	if l := st.Last; l != nil {
		t.say("%s: release %d %s", l.At.Local().Format(time.DateTime), l.Release, strings.TrimSuffix(l.Result+": "+l.Why, ": "))
	}
	if untrusting != nil {
		t.say("%s", untrusting)
	}
	return nil
}

type updateCheck struct {
	File string `arg:"" optional:"" type:"path" help:"The bundle; the one on the server (update.url) where it is left out."`
}

// UpdateCheck is the answer of update check.
type UpdateCheck struct {
	Release int       `json:"release"`
	Version string    `json:"version"`
	Arch    string    `json:"arch"`
	Made    time.Time `json:"made"`
	Expires time.Time `json:"expires"`
	Files   int       `json:"files"`
	Bytes   int64     `json:"bytes"`
	Signed  bool      `json:"signed"`
	Fits    bool      `json:"fits"`          // it can be installed now
	Why     string    `json:"why,omitempty"` // why not
}

func (c *updateCheck) Run(ctx context.Context, t *tool, all *updateCommand) error {
	u := all.begin(t)
	in, err := u.source(ctx, c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	b, err := u.open(in)
	if err != nil {
		return err
	}
	refused := u.admit(b)
	found := UpdateCheck{Release: b.Release, Version: b.Version, Arch: b.Arch, Made: b.Made, Expires: b.Expires, Files: len(b.Files), Bytes: b.Bytes(),
		Signed: true, Fits: refused == nil}
	if refused != nil {
		found.Why = refused.Error()
	}
	if t.json {
		err = t.document(found)
	} else {
		t.say("release %d (%s) for %s of %s, signed by a key of this station, good until %s", b.Release, b.Version, b.Arch,
			b.Made.Format(time.DateOnly), b.Expires.Format(time.DateOnly))
	}
	switch {
	case err != nil || t.json && (refused == nil || errors.Is(refused, update.ErrInstalled)):
		return err
	case t.json:
		return errNotWell
	case errors.Is(refused, update.ErrInstalled):
		t.say("it runs already")
		return nil
	case refused == nil:
		t.say("it can be installed: kioskctl update apply")
	}
	return refused
}

// source opens a bundle: a file, or without a name the one on the server.
func (u *updating) source(ctx context.Context, path string) (io.ReadCloser, error) {
	if path != "" {
		return os.Open(path)
	}
	if u.places.Update.URL == "" {
		return nil, errUsage("name a bundle, or write update.url into the configuration")
	}
	return download(ctx, u.places.Update.URL)
}

func (u *updating) open(in io.Reader) (*update.Bundle, error) {
	keys, err := u.Trusted()
	if err != nil {
		return nil, err
	}
	b, err := update.Open(in, keys)
	if err != nil {
		return nil, fmt.Errorf("the bundle is refused: %w", err)
	}
	return b, nil
}

func (u *updating) admit(b *update.Bundle) error {
	limits, err := u.Limits(runtime.GOARCH, u.again)
	if err != nil {
		return err
	}
	return b.Admit(limits)
}

type updateApply struct {
	File  string `arg:"" optional:"" type:"path" help:"The bundle; the one on the server (update.url) where it is left out."`
	Again bool   `help:"Try a release once more that was not well here."`
}

func (c *updateApply) Run(ctx context.Context, t *tool, all *updateCommand) error {
	u := all.begin(t)
	u.again = c.Again
	in, err := u.source(ctx, c.File)
	if err != nil {
		return err
	}
	n, err := u.install(ctx, in)
	if err != nil {
		return err
	}
	return u.outcome(n, systemctl(ctx, "start", trialService)) // which ends with the trial
}

// install brings a release up to its trial. It closes in as soon as the bundle is unpacked.
func (u *updating) install(ctx context.Context, in io.ReadCloser) (n int, err error) {
	defer in.Close()
	unlock, err := u.Lock()
	if err != nil {
		return 0, err
	}
	defer unlock()
	b, err := u.open(in)
	if err != nil {
		return 0, err
	}
	if err := u.admit(b); err != nil {
		return 0, err
	}
	u.tell(fmt.Sprintf("release %d (%s) is being unpacked", b.Release, b.Version))
	if err := u.Stage(b); err != nil {
		return 0, err
	}
	in.Close()
	return b.Release, update.Apply(ctx, u.Store, b.Release, u.machine, u.tell)
}

// outcome tells how the trial of a release ended. gate says how its service did; that of a release that went back failed too.
func (u *updating) outcome(n int, gate error) error {
	st, err := u.State()
	switch {
	case err != nil:
		return err
	case st.Trial != nil:
		return errors.Join(fmt.Errorf("release %d is still on trial: kioskctl update status", n), gate)
	case st.Last == nil || st.Last.Result != update.ResultConfirmed || st.Last.Release != n:
		return fmt.Errorf("release %d does not run: %s", n, lastWords(st.Last))
	case u.json:
		return u.document(done{OK: true})
	}
	u.say("release %d is confirmed", n)
	return nil
}

func lastWords(o *update.Outcome) string {
	if o == nil {
		return "nothing is known of it"
	}
	return o.Result + ": " + o.Why
}

type updateRollback struct {
	Note string `required:"" help:"Why; it is kept, and the release is not installed again by itself."`
}

func (c *updateRollback) Run(ctx context.Context, t *tool, all *updateCommand) error {
	u := all.begin(t)
	unlock, err := u.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	n, err := update.GoBack(ctx, u.Store, u.machine, c.Note, u.tell)
	if err != nil {
		return err
	}
	if t.json {
		return t.document(done{OK: true})
	}
	t.say("kioskd is started as release %d", n)
	return nil
}

type updateChoose struct{}

func (updateChoose) Run(t *tool, all *updateCommand) error {
	u := all.begin(t)
	st, err := u.Choose()
	if err != nil {
		return err
	}
	u.tell(fmt.Sprintf("kioskd runs from release %d", u.Number(st.Runs())))
	return nil
}

type updateTrial struct {
	Settle  time.Duration `default:"20s" help:"How long the release must be well without a break."`
	Longest time.Duration `default:"4m" help:"How long a trial may take."`
}

func (c *updateTrial) Run(ctx context.Context, t *tool, all *updateCommand) error {
	u := all.begin(t)
	err := update.Gate{Store: u.Store, Station: u.machine, Tell: u.tell, Settle: c.Settle, Longest: c.Longest}.Run(ctx)
	if errors.Is(err, update.ErrNoTrial) {
		return nil
	}
	return err
}

type updateFetch struct{}

// Run installs what is newer on the server. That nothing is, is the usual case.
func (updateFetch) Run(ctx context.Context, t *tool, all *updateCommand) error {
	u := all.begin(t)
	if u.places.Update.URL == "" {
		return nil
	}
	in, err := u.source(ctx, "")
	if err != nil {
		return err
	}
	return u.bySelf(ctx, in)
}

// bySelf installs without a person who waits.
func (u *updating) bySelf(ctx context.Context, in io.ReadCloser) error {
	n, err := u.install(ctx, in)
	switch {
	case errors.Is(err, update.ErrInstalled), errors.Is(err, update.ErrRejected):
		u.tell(err.Error())
		return nil
	case err != nil:
		return err
	}
	u.tell(fmt.Sprintf("release %d is on trial", n))
	return systemctl(ctx, "start", "--no-block", trialService)
}

type updateStick struct {
	Device string `arg:"" help:"The stick's partition, as sda1."`
	At     string `hidden:"" default:"/run/kiosk-flash" help:"Where it is mounted."`
}

// Run installs the one file that counts on a stick: kiosk-ARCH.bundle. The stick is mounted read-only, in this process's own
// view of the file system, and is let go as soon as the bundle is unpacked.
func (c *updateStick) Run(ctx context.Context, t *tool, all *updateCommand) error {
	u := all.begin(t)
	if !u.places.Update.Stick {
		u.tell("sticks are not heeded here (update.stick)")
		return nil
	}
	if err := mountStick(c.Device, c.At); err != nil {
		return err
	}
	in, err := openOnStick(filepath.Join(c.At, "kiosk-"+runtime.GOARCH+".bundle"))
	if errors.Is(err, os.ErrNotExist) {
		u.tell("the stick has no kiosk-" + runtime.GOARCH + ".bundle")
		return unix.Unmount(c.At, unix.MNT_DETACH)
	}
	if err != nil {
		return errors.Join(err, unix.Unmount(c.At, unix.MNT_DETACH))
	}
	return u.bySelf(ctx, stick{in, c.At})
}

// stick is a file on a stick; closing it lets the stick go.
type stick struct {
	*os.File
	at string
}

func (s stick) Close() error {
	if s.File.Close() != nil {
		return nil // it is closed already
	}
	return unix.Unmount(s.at, unix.MNT_DETACH)
}

// openOnStick opens a file and no link, pipe or device that only looks like one.
func openOnStick(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(fmt.Errorf("%s on the stick is no file", filepath.Base(path)), err, f.Close())
	}
	return f, nil
}

// stickFormats are what sticks are formatted with.
var stickFormats = []string{"vfat", "exfat", "ext4"}

// mountStick mounts a partition for reading, with nothing on it that may be run or obeyed.
func mountStick(device, at string) error {
	if strings.ContainsAny(device, "/.") {
		return errUsage(fmt.Sprintf("%q is no name of a partition as sda1", device))
	}
	var all error
	for _, format := range stickFormats {
		err := unix.Mount("/dev/"+device, at, format, unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
		if err == nil {
			return nil
		}
		all = errors.Join(all, fmt.Errorf("%s: %w", format, err))
	}
	return fmt.Errorf("the stick %s cannot be read: %w; use one with FAT", device, errors.New(strings.ReplaceAll(all.Error(), "\n", ", ")))
}
