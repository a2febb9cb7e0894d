package update

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"

	"aead.dev/minisign"
)

// Limits of a bundle. What is larger is refused before anything is written.
const (
	longestManifest = 64 << 10
	mostFiles       = 200
	mostBytes       = 256 << 20
)

// format is the form of manifests that this program writes and reads.
const format = 1

// Manifest says what a bundle is, and what is in it.
type Manifest struct {
	Format  int       `json:"format"`
	Release int       `json:"release"` // of two, the greater one is newer
	Version string    `json:"version"` // what people call it
	Arch    string    `json:"arch"`    // amd64, arm64, arm
	Needs   int       `json:"needs"`   // the oldest release that it may follow
	Made    time.Time `json:"made"`
	Expires time.Time `json:"expires"`
	Keys    []string  `json:"keys,omitempty"` // the public keys that count once it is confirmed; none: those before
	Files   []File    `json:"files"`
}

// File is one file of a bundle.
type File struct {
	Name    string `json:"name"` // kioskd, profiles/printer/own.toml
	Size    int64  `json:"size"` // bytes
	SHA256  string `json:"sha256"`
	Program bool   `json:"program,omitempty"` // may be run
}

// Programs must be in each bundle.
var Programs = []string{"kioskd", "kioskctl"}

var (
	fileName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}(/[a-z0-9][a-z0-9._-]{0,63}){0,3}$`)
	hashText = regexp.MustCompile(`^[0-9a-f]{64}$`)
	versions = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.+~-]{0,39}$`)
)

// parseManifest reads a manifest whose signature is good. It is checked all the same: keys can be misused.
func parseManifest(text []byte) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("its manifest cannot be read: %w", err)
	}
	return m, m.check()
}

func (m Manifest) check() error {
	switch {
	case m.Format != format:
		return fmt.Errorf("its manifest has the form %d, this program reads %d: install a newer package first", m.Format, format)
	case m.Release <= 0:
		return fmt.Errorf("its release number %d is none", m.Release)
	case !versions.MatchString(m.Version):
		return fmt.Errorf("its version %.60q is none", m.Version)
	case m.Made.IsZero() || !m.Expires.After(m.Made):
		return fmt.Errorf("its dates make no sense: made %s, expires %s", day(m.Made), day(m.Expires))
	case len(m.Files) > mostFiles:
		return fmt.Errorf("it has %d files, more than %d", len(m.Files), mostFiles)
	}
	for _, k := range m.Keys {
		var key minisign.PublicKey
		if err := key.UnmarshalText([]byte(k)); err != nil {
			return fmt.Errorf("it names the key %.80q, which is none", k)
		}
	}
	return m.checkFiles()
}

func (m Manifest) checkFiles() error {
	known := map[string]bool{}
	for _, f := range m.Files {
		switch {
		case !fileName.MatchString(f.Name) || slices.Contains(ownFiles, f.Name):
			return fmt.Errorf("it has a file with the name %.80q, which none may have", f.Name)
		case known[f.Name]:
			return fmt.Errorf("it has the file %s twice", f.Name)
		case f.Size < 0 || f.Size > mostBytes || !hashText.MatchString(f.SHA256):
			return fmt.Errorf("length or hash of its file %s make no sense", f.Name)
		}
		known[f.Name] = true
	}
	if m.Bytes() > mostBytes {
		return fmt.Errorf("unpacked it takes %d MB, more than %d", m.Bytes()>>20, mostBytes>>20)
	}
	for _, p := range Programs {
		if !slices.ContainsFunc(m.Files, func(f File) bool { return f.Name == p && f.Program }) {
			return fmt.Errorf("it lacks the program %s", p)
		}
	}
	return nil
}

// Bytes is what the files take when they are unpacked.
func (m Manifest) Bytes() int64 {
	var sum int64
	for _, f := range m.Files {
		sum += f.Size
	}
	return sum
}

// Limits are what a station says of a bundle, beside its signature.
type Limits struct {
	Arch     string
	Running  int       // the release that runs
	Floor    int       // the newest release that was ever confirmed
	Rejected []int     // releases that were not well here, or that somebody went back from
	Now      time.Time // the latest of the clock and all dates that the station has proof of
	Again    bool      // a person wants a rejected one once more
}

// Admit says why a bundle is not for this station, or nil.
func (m Manifest) Admit(l Limits) error {
	switch {
	case m.Arch != l.Arch:
		return fmt.Errorf("release %d is for %s, and this machine is %s: take the bundle for %s", m.Release, m.Arch, l.Arch, l.Arch)
	case m.Release == l.Running:
		return fmt.Errorf("release %d: %w", m.Release, ErrInstalled)
	case slices.Contains(l.Rejected, m.Release) && !l.Again:
		return fmt.Errorf("release %d: %w; a newer one is needed, or kioskctl update apply --again", m.Release, ErrRejected)
	case m.Release < l.Floor:
		return fmt.Errorf("release %d is older than %d, which has run here: kioskctl update rollback goes one back", m.Release, l.Floor)
	case l.Running < m.Needs:
		return fmt.Errorf("release %d needs at least release %d before it, and %d runs: install that one first", m.Release, m.Needs, l.Running)
	case l.Now.After(m.Expires):
		return fmt.Errorf("release %d has expired on %s: get a newer bundle, and look at the clock (%s)", m.Release, day(m.Expires), day(l.Now))
	}
	return nil
}

func day(t time.Time) string { return t.Format(time.DateOnly) }
