package update

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"aead.dev/minisign"
	"golang.org/x/sys/unix"
)

// What an update can meet. They say nothing about money: no step of an update touches a payment.
var (
	ErrInstalled = errors.New("it runs already")
	ErrRejected  = errors.New("it was not well on this station, and is not tried again")
	ErrBusy      = errors.New("another update is under way: kioskctl update status")
	ErrOnTrial   = errors.New("a release is on trial: wait for its end, see kioskctl update status")
	ErrNoTrial   = errors.New("no release is on trial")
)

// MostStarts is how often a release on trial may be started before it counts as not well. A power cut during the trial
// takes one.
const MostStarts = 3

// spare is what must stay free on the disk beside an unpacked bundle, in bytes.
const spare = 64 << 20

// Package is the number of the release that came with the Debian package, as a place to run from.
const Package = 0

// Store is the folder of releases. Only root can change it; see Standing for what others may read.
type Store struct {
	Folder  string // /var/lib/kiosk/versions
	Factory string // /usr/lib/kiosk: the package's programs
	Release int    // the package's number
	Keys    string // /etc/kiosk/update-keys: *.pub

	Now  func() time.Time
	step func(string) // for tests: what is about to be done to the disk
}

// State is what the station knows of its releases.
type State struct {
	Confirmed int               `json:"confirmed"` // what runs; Package: the package's
	Previous  int               `json:"previous"`  // where a person can go back to
	Floor     int               `json:"floor"`     // the newest release that was ever confirmed here
	Latest    time.Time         `json:"latest"`    // the newest date that is proved by a signature
	Keys      []string          `json:"keys,omitempty"`
	Rejected  []int             `json:"rejected,omitempty"`
	Manifests map[string]string `json:"manifests,omitempty"` // SHA-256 of each unpacked manifest, by release
	Trial     *Trial            `json:"trial,omitempty"`
	Last      *Outcome          `json:"last,omitempty"`
}

// Trial is a release that has to show that it is well.
type Trial struct {
	Release int               `json:"release"`
	From    int               `json:"from"`
	Starts  int               `json:"starts"`           // so far
	Station string            `json:"station"`          // the public key of the station; empty: not known
	Before  map[string]string `json:"before,omitempty"` // how the checks were under the release before, as far as known
}

// Results of an update.
const (
	ResultConfirmed = "confirmed"
	ResultBack      = "rolled back"
	ResultDamaged   = "damaged"
	ResultReplaced  = "replaced by the package"
)

// Outcome is how the newest update ended.
type Outcome struct {
	Release int       `json:"release"`
	Result  string    `json:"result"`
	Why     string    `json:"why,omitempty"`
	At      time.Time `json:"at"`
}

// Runs is the release that is to run now.
func (st State) Runs() int {
	if st.Trial != nil {
		return st.Trial.Release
	}
	return st.Confirmed
}

// State reads what the station knows. A station that was never updated knows nothing and has no error.
func (s Store) State() (State, error) {
	var st State
	text, err := os.ReadFile(filepath.Join(s.Folder, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return st, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &st)
	}
	if err != nil {
		return State{}, fmt.Errorf("%s cannot be read: %w", filepath.Join(s.Folder, stateFile), err)
	}
	return st, nil
}

const (
	stateFile   = "state.json"
	currentLink = "current"
	lockFile    = "lock"
	holdFile    = "hold"
	partial     = ".partial"
)

// save puts the state on the disk: before or after, never half.
func (s Store) save(st State) error {
	s.about("save the state")
	text, err := json.MarshalIndent(st, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(s.Folder, stateFile)
	if err := writeFile(path+partial, text, 0o644); err != nil {
		return err
	}
	s.about("name the state")
	return errors.Join(os.Rename(path+partial, path), syncFolder(s.Folder))
}

// point turns the link to a release.
func (s Store) point(n int) error {
	link := filepath.Join(s.Folder, currentLink)
	if now, err := os.Readlink(link); err == nil && now == s.target(n) {
		return nil
	}
	s.about("make the link")
	if err := os.Remove(link + partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(s.target(n), link+partial); err != nil {
		return err
	}
	s.about("turn the link")
	return errors.Join(os.Rename(link+partial, link), syncFolder(s.Folder))
}

func (s Store) target(n int) string {
	if n == Package {
		return s.Factory
	}
	return strconv.Itoa(n)
}

// Path is the folder of a release.
func (s Store) Path(n int) string {
	if n == Package {
		return s.Factory
	}
	return filepath.Join(s.Folder, strconv.Itoa(n))
}

// Number is the release number of what stands in a state.
func (s Store) Number(n int) int {
	if n == Package {
		return s.Release
	}
	return n
}

func (s Store) about(step string) {
	if s.step != nil {
		s.step(step)
	}
}

// Trusted are the keys that count.
func (s Store) Trusted() ([]minisign.PublicKey, error) {
	st, err := s.State()
	if err != nil {
		return nil, err
	}
	texts := st.Keys
	if len(texts) == 0 {
		if texts, err = s.siteKeys(); err != nil {
			return nil, err
		}
	}
	var keys []minisign.PublicKey
	for _, text := range texts {
		var k minisign.PublicKey
		if err := k.UnmarshalText([]byte(text)); err != nil {
			return nil, fmt.Errorf("a key for updates is none: %w", err)
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("this station trusts nobody's updates: put the public key into %s/NAME.pub", s.Keys)
	}
	return keys, nil
}

// siteKeys are the texts of the files that a technician has put there.
func (s Store) siteKeys() ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(s.Keys, "*.pub"))
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	var texts []string
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(text))
	}
	return texts, nil
}

// Limits are what this station says of a bundle.
func (s Store) Limits(arch string, again bool) (Limits, error) {
	st, err := s.State()
	now := s.Now()
	if now.Before(st.Latest) {
		now = st.Latest
	}
	return Limits{Arch: arch, Running: s.Number(st.Runs()), Floor: max(st.Floor, s.Release), Rejected: st.Rejected, Now: now, Again: again}, err
}

// Stage unpacks a bundle beside what runs. Nothing runs from it yet. It may be repeated.
func (s Store) Stage(b *Bundle) error {
	st, err := s.State()
	if err != nil {
		return err
	}
	if st.Trial != nil {
		return ErrOnTrial
	}
	if err := s.clean(st); err != nil {
		return err
	}
	if err := s.room(b.Bytes() + spare); err != nil {
		return err
	}
	final := s.Path(b.Release)
	s.about("unpack")
	if err := b.unpack(final + partial); err != nil {
		return fmt.Errorf("release %d is not unpacked: %w", b.Release, errors.Join(err, os.RemoveAll(final+partial)))
	}
	if st.Manifests == nil {
		st.Manifests = map[string]string{}
	}
	st.Manifests[strconv.Itoa(b.Release)] = b.hashOf()
	if err := s.save(st); err != nil {
		return err
	}
	s.about("name the release")
	return errors.Join(os.Rename(final+partial, final), syncFolder(s.Folder))
}

// clean removes what an update that broke off has left, and releases that nobody can go back to.
func (s Store) clean(st State) error {
	entries, err := os.ReadDir(s.Folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		n, err := strconv.Atoi(strings.TrimSuffix(e.Name(), partial))
		if err != nil || !strings.HasSuffix(e.Name(), partial) && (n == st.Runs() || n == st.Previous || n == st.Confirmed) {
			continue
		}
		s.about("remove " + e.Name())
		if err := os.RemoveAll(filepath.Join(s.Folder, e.Name())); err != nil {
			return err
		}
		delete(st.Manifests, e.Name())
	}
	return nil
}

func (s Store) room(need int64) error {
	var disk unix.Statfs_t
	if err := unix.Statfs(s.Folder, &disk); err != nil {
		return err
	}
	if free := int64(disk.Bavail) * int64(disk.Bsize); free < need {
		return fmt.Errorf("the disk has %d MB free in %s, and %d are needed: remove old files there, then try again", free>>20, s.Folder, need>>20)
	}
	return nil
}

// Begin puts a staged release on trial: at its next start kioskd runs from it.
func (s Store) Begin(n int, station string, before map[string]string) error {
	st, err := s.State()
	if err != nil {
		return err
	}
	if st.Trial != nil {
		return ErrOnTrial
	}
	if _, err := inspect(s.Path(n), st.Manifests[strconv.Itoa(n)]); err != nil {
		return fmt.Errorf("release %d cannot be used: %w", n, err)
	}
	st.Trial = &Trial{Release: n, From: st.Confirmed, Station: station, Before: before}
	if err := s.save(st); err != nil {
		return err
	}
	return s.point(n)
}

// Confirm ends a trial well.
func (s Store) Confirm() error {
	st, err := s.State()
	if err != nil {
		return err
	}
	if st.Trial == nil {
		return ErrNoTrial
	}
	n := st.Trial.Release
	m, err := inspect(s.Path(n), st.Manifests[strconv.Itoa(n)])
	if err != nil {
		return errors.Join(fmt.Errorf("release %d is not confirmed: %w", n, err), s.back(st, err.Error()))
	}
	st.Confirmed, st.Previous, st.Trial = n, st.Trial.From, nil
	st.Floor = max(st.Floor, n)
	st.Rejected = slices.DeleteFunc(st.Rejected, func(r int) bool { return r == n })
	if m.Made.After(st.Latest) {
		st.Latest = m.Made
	}
	if len(m.Keys) > 0 {
		st.Keys = m.Keys
	}
	st.Last = &Outcome{Release: n, Result: ResultConfirmed, At: s.Now()}
	return s.save(st)
}

// Back ends a trial: the release before runs again from the next start on, and this one is not tried again by itself.
func (s Store) Back(why string) error {
	st, err := s.State()
	if err != nil {
		return err
	}
	if st.Trial == nil {
		return ErrNoTrial
	}
	return s.back(st, why)
}

func (s Store) back(st State, why string) error {
	n, from := st.Trial.Release, st.Trial.From
	st.Trial = nil
	st.reject(n)
	st.Last = &Outcome{Release: n, Result: ResultBack, Why: why, At: s.Now()}
	return errors.Join(s.save(st), s.point(from))
}

// mostRejected bounds the list; the oldest are forgotten, and the floor keeps those out.
const mostRejected = 20

func (st *State) reject(n int) {
	if n == Package || slices.Contains(st.Rejected, n) {
		return
	}
	st.Rejected = append(st.Rejected, n)
	st.Rejected = st.Rejected[max(0, len(st.Rejected)-mostRejected):]
}

// Rollback goes back to the release before, because a person wants to. It answers which one runs from the next start on.
func (s Store) Rollback(why string) (int, error) {
	st, err := s.State()
	switch {
	case err != nil:
		return 0, err
	case st.Trial != nil:
		return s.Number(st.Trial.From), s.back(st, why)
	case st.Confirmed == Package:
		return 0, errors.New("the package's own release runs, and there is none before it: install another package")
	}
	n := st.Confirmed
	st.Confirmed, st.Previous = st.Previous, Package
	st.reject(n)
	st.Last = &Outcome{Release: n, Result: ResultBack, Why: why, At: s.Now()}
	return s.Number(st.Confirmed), errors.Join(s.save(st), s.point(st.Confirmed))
}

// Lock keeps other updates away until release is called, or this program ends.
func (s Store) Lock() (release func(), err error) {
	f, err := s.lock(lockFile, unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, ErrBusy
	}
	if err != nil {
		return nil, err
	}
	return func() { f.Close() }, nil
}

// Hold keeps kioskd from taking patrons until release is called, or this program ends.
func (s Store) Hold() (release func(), err error) {
	f, err := s.lock(holdFile, unix.LOCK_EX)
	if err != nil {
		return nil, err
	}
	return func() { f.Close() }, nil
}

func (s Store) lock(name string, how int) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(s.Folder, name), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), how); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
