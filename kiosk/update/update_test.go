package update

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"aead.dev/minisign"
)

// place is a station's folders, with a package of release 10 and one key that it trusts.
type place struct {
	Store
	t   *testing.T
	key minisign.PrivateKey
}

var today = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

func newPlace(t *testing.T) *place {
	t.Helper()
	root := t.TempDir()
	p := &place{t: t, Store: Store{Folder: filepath.Join(root, "versions"), Factory: filepath.Join(root, "factory"), Release: 10,
		Keys: filepath.Join(root, "update-keys"), Now: func() time.Time { return today }}}
	for _, folder := range []string{p.Folder, p.Factory, p.Keys} {
		must(t, os.Mkdir(folder, 0o755))
	}
	must(t, os.WriteFile(filepath.Join(p.Factory, "kioskd"), []byte("release 10"), 0o755))
	public, key := newKey(t)
	p.key = key
	p.trust("vendor", public)
	p.choose()
	return p
}

func newKey(t *testing.T) (minisign.PublicKey, minisign.PrivateKey) {
	t.Helper()
	public, private, err := minisign.GenerateKey(nil)
	must(t, err)
	return public, private
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (p *place) trust(name string, key minisign.PublicKey) {
	text, err := key.MarshalText()
	must(p.t, errors.Join(err, os.WriteFile(filepath.Join(p.Keys, name+".pub"), text, 0o644)))
}

// bundle makes one of a release whose kioskd says its number.
func (p *place) bundle(n int, change func(*Manifest)) []byte {
	p.t.Helper()
	m := Manifest{Release: n, Version: fmt.Sprintf("0.%d", n), Arch: "arm64", Made: today.AddDate(0, 0, -1), Expires: today.AddDate(1, 0, 0),
		Files: []File{{Name: "kioskd", Program: true}, {Name: "kioskctl", Program: true}, {Name: "profiles/printer/own.toml"}}}
	if change != nil {
		change(&m)
	}
	var out bytes.Buffer
	must(p.t, Pack(&out, m, contents(n), p.key))
	return out.Bytes()
}

func contents(n int) fstest.MapFS {
	return fstest.MapFS{"kioskd": {Data: fmt.Appendf(nil, "release %d", n)}, "kioskctl": {Data: noise(n)},
		"profiles/printer/own.toml": {Data: []byte("model = \"own\"\n")}}
}

// noise does not get shorter by compression.
func noise(seed int) []byte {
	b := make([]byte, 4000)
	rand.NewChaCha8([32]byte{byte(seed)}).Read(b)
	return b
}

// stage does what an update does before its trial.
func (p *place) stage(r io.Reader) (int, error) {
	keys, err := p.Trusted()
	if err != nil {
		return 0, err
	}
	b, err := Open(r, keys)
	if err != nil {
		return 0, err
	}
	limits, err := p.Limits("arm64", false)
	if err != nil {
		return 0, err
	}
	if err := b.Admit(limits); err != nil {
		return 0, err
	}
	return b.Release, p.Stage(b)
}

// onTrial installs a release up to its first start.
func (p *place) onTrial(n int) {
	p.t.Helper()
	_, err := p.stage(bytes.NewReader(p.bundle(n, nil)))
	must(p.t, err)
	must(p.t, p.Begin(n, "", nil))
	p.choose()
}

func (p *place) install(n int) {
	p.t.Helper()
	p.onTrial(n)
	must(p.t, p.Confirm())
}

func (p *place) choose() State {
	p.t.Helper()
	st, err := p.Choose()
	must(p.t, err)
	return st
}

// runs is what a start of kioskd would run now, read through the link.
func (p *place) runs() string {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.Folder, currentLink, "kioskd"))
	must(p.t, err)
	return string(text)
}

func (p *place) wantRuns(n int) {
	p.t.Helper()
	if got := p.runs(); got != fmt.Sprintf("release %d", n) {
		p.t.Errorf("kioskd would be %q, want release %d", got, n)
	}
}

func (p *place) last() Outcome {
	p.t.Helper()
	st, err := p.State()
	must(p.t, err)
	if st.Last == nil {
		return Outcome{}
	}
	return *st.Last
}

func TestAReleaseIsStagedTriedAndConfirmed(t *testing.T) {
	p := newPlace(t)
	p.wantRuns(10)
	n, err := p.stage(bytes.NewReader(p.bundle(12, nil)))
	must(t, err)
	p.wantRuns(10) // nothing runs from it yet
	must(t, p.Begin(n, "", nil))
	p.wantRuns(12)
	p.choose()
	must(t, p.Confirm())
	p.wantRuns(12)
	for range 10 {
		p.choose()
	}
	p.wantRuns(12) // starts are counted on trial only
	if got := p.last(); got.Result != ResultConfirmed || got.Release != 12 {
		t.Errorf("%+v", got)
	}
	info, err := os.Stat(filepath.Join(p.Path(12), "kioskd"))
	if err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("%v %v", info, err)
	}
}

// failing is a reader that ends like a stick that was pulled.
type failing struct {
	io.Reader
	err error
}

func (f failing) Read(b []byte) (int, error) {
	n, err := f.Reader.Read(b)
	if err == io.EOF {
		err = f.err
	}
	return n, err
}

// Whatever is wrong with a bundle, it is refused with a reason, what ran before runs, and a good one can follow.
func TestABadBundleChangesNothing(t *testing.T) {
	good := func(p *place) []byte { return p.bundle(12, nil) }
	cut := func(share float64) func(*place) io.Reader {
		return func(p *place) io.Reader { b := good(p); return bytes.NewReader(b[:int(share*float64(len(b)))]) }
	}
	manifest := func(change func(*Manifest)) func(*place) io.Reader {
		return func(p *place) io.Reader { return bytes.NewReader(p.bundle(12, change)) }
	}
	for name, c := range map[string]struct {
		bundle func(*place) io.Reader
		why    string
	}{
		"nothing":           {func(*place) io.Reader { return strings.NewReader("") }, "no bundle"},
		"no bundle":         {func(*place) io.Reader { return strings.NewReader(strings.Repeat("holiday pictures", 1000)) }, "no bundle"},
		"truncated at once": {cut(0.001), "no bundle"},
		"truncated":         {cut(0.5), "not unpacked"},
		"last byte":         {cut(0.9999), "not unpacked"},
		"stick pulled": {func(p *place) io.Reader {
			b := good(p)
			return failing{bytes.NewReader(b[:len(b)/2]), errors.New("input/output error")}
		}, "input/output error"},
		"wrong key": {func(p *place) io.Reader { _, p.key = newKey(t); return bytes.NewReader(good(p)) }, ErrUnsigned.Error()},
		"expired":   {manifest(func(m *Manifest) { m.Made, m.Expires = today.AddDate(-2, 0, 0), today.AddDate(-1, 0, 0) }), "expired on 2025-11-28"},
		"older":     {func(p *place) io.Reader { p.install(20); return bytes.NewReader(good(p)) }, "older than 20"},
		"as old as the package": {func(p *place) io.Reader {
			return bytes.NewReader(p.bundle(9, nil))
		}, "older than 10"},
		"the same":        {func(p *place) io.Reader { p.install(12); return bytes.NewReader(good(p)) }, ErrInstalled.Error()},
		"another machine": {manifest(func(m *Manifest) { m.Arch = "amd64" }), "for amd64"},
		"a step left out": {manifest(func(m *Manifest) { m.Needs = 11 }), "needs at least release 11"},
		"was not well":    {func(p *place) io.Reader { p.onTrial(12); must(t, p.Back("it smells")); return bytes.NewReader(good(p)) }, ErrRejected.Error()},
		"trial under way": {func(p *place) io.Reader { p.onTrial(11); return bytes.NewReader(good(p)) }, ErrOnTrial.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			bundle := c.bundle(p)
			before := p.runs()
			_, err := p.stage(bundle)
			if err == nil || !strings.Contains(err.Error(), c.why) {
				t.Fatalf("%v, want %q", err, c.why)
			}
			if p.choose(); p.runs() != before {
				t.Errorf("kioskd would be %q", p.runs())
			}
			if left, _ := filepath.Glob(filepath.Join(p.Folder, "*"+partial)); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

// No bit of a bundle can be another without the bundle being refused: compressed, in the manifest, in the signature, in a file.
func TestAFlippedBitIsFound(t *testing.T) {
	p := newPlace(t)
	whole := p.bundle(12, nil)
	refused, tried := 0, 0
	for at := 0; at < len(whole); at += 7 { // 7 has no factor of 8: each bit of a byte has its turn
		tried++
		bad := slices.Clone(whole)
		bad[at] ^= 1 << (at % 8)
		n, err := p.stage(bytes.NewReader(bad))
		if err != nil {
			refused++
			continue
		}
		// a bit that says nothing: gzip's header, its trailer behind the last file
		m, err := inspect(p.Path(n), p.manifestSum(n))
		if err != nil || m.Release != 12 {
			t.Fatalf("byte %d: a changed bundle was taken: %v", at, err)
		}
		same, err := os.ReadFile(filepath.Join(p.Path(n), "kioskd"))
		if err != nil || string(same) != "release 12" {
			t.Fatalf("byte %d: kioskd is %q, %v", at, same, err)
		}
	}
	if refused < tried*8/10 {
		t.Errorf("%d of %d refused", refused, tried)
	}
}

func (p *place) manifestSum(n int) string {
	st, err := p.State()
	must(p.t, err)
	return st.Manifests[fmt.Sprint(n)]
}

// A signed manifest is not believed blindly either: a key may have been misused.
func TestAManifestCannotReachOutOfItsFolder(t *testing.T) {
	for _, name := range []string{"../kioskd", "/etc/passwd", "a/../../b", ".hidden", "a//b", "manifest.json", "manifest.json.minisig", "UPPER", "a/b/c/d/e", "nul\x00", "", "ä"} {
		m := Manifest{Format: 1, Release: 12, Version: "0.12", Made: today, Expires: today.AddDate(1, 0, 0),
			Files: []File{{Name: "kioskd", Program: true, SHA256: strings.Repeat("0", 64)}, {Name: "kioskctl", Program: true, SHA256: strings.Repeat("0", 64)},
				{Name: name, SHA256: strings.Repeat("0", 64)}}}
		if err := m.check(); err == nil {
			t.Errorf("%q is taken", name)
		}
		m.Files = m.Files[:2]
		if err := m.check(); err != nil {
			t.Fatal(err)
		}
	}
}

// A bundle cannot fill disk or memory: what it may take stands in the manifest, and the manifest is bounded.
func TestABundleBombIsRefused(t *testing.T) {
	p := newPlace(t)
	keys, err := p.Trusted()
	must(t, err)
	for name, m := range map[string]Manifest{
		"too much in all": {Files: []File{{Name: "a", Size: mostBytes}, {Name: "b", Size: 1}}},
		"overflow":        {Files: []File{{Name: "a", Size: 1<<63 - 1}, {Name: "b", Size: 1<<63 - 1}}},
		"negative":        {Files: []File{{Name: "a", Size: -1}}},
		"too many":        {Files: make([]File, mostFiles+1)},
	} {
		m.Format, m.Release, m.Version, m.Made, m.Expires = 1, 12, "0.12", today, today.AddDate(1, 0, 0)
		for i := range m.Files {
			m.Files[i].SHA256 = strings.Repeat("0", 64)
		}
		if err := m.check(); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	zeros := io.LimitReader(zero{}, 1<<40)
	if _, err := Open(zeros, keys); err == nil {
		t.Error("zeros without end are a bundle")
	}
	bomb := entryOf(t, manifestFile, 1<<34)
	if _, err := Open(bytes.NewReader(bomb), keys); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a manifest of 16 GB: %v", err)
	}
}

// entryOf is an archive that says it has a file of that length.
func entryOf(t *testing.T, name string, size int64) []byte {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	must(t, tar.NewWriter(zip).WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o644}))
	_, err := io.CopyN(zip, zero{}, 1<<20)
	must(t, errors.Join(err, zip.Close()))
	return out.Bytes()
}

type zero struct{}

func (zero) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// The disk is full: the trial does not begin, and what was unpacked goes.
func TestAFullDiskEndsOnTheVersionBefore(t *testing.T) {
	p := newPlace(t)
	whole := p.bundle(12, func(m *Manifest) {})
	b, err := Open(bytes.NewReader(whole), mustKeys(p))
	must(t, err)
	b.Files[1].Size = 1 << 50 // no disk has that
	if err := p.Stage(b); err == nil || !strings.Contains(err.Error(), "MB free") {
		t.Errorf("%v", err)
	}
	p.choose()
	p.wantRuns(10)
}

func mustKeys(p *place) []minisign.PublicKey {
	keys, err := p.Trusted()
	must(p.t, err)
	return keys
}

// What was changed after it was verified does not run: neither before the trial begins nor between that and the start.
func TestTamperingBetweenVerifyAndUseIsFound(t *testing.T) {
	for _, file := range []string{"kioskd", "kioskctl", "profiles/printer/own.toml", manifestFile} {
		change := map[string]func(path string){
			"content": func(path string) { must(t, os.WriteFile(path, []byte("evil"), 0o755)) },
			"longer": func(path string) {
				f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
				must(t, err)
				f.Write([]byte("x"))
				must(t, f.Close())
			},
			"gone": func(path string) { must(t, os.Remove(path)) },
			"a link": func(path string) {
				must(t, errors.Join(os.Rename(path, path+"2"), os.Symlink("/bin/true", path)))
			},
		}
		for what, do := range change {
			t.Run(file+" "+what, func(t *testing.T) {
				p := newPlace(t)
				n, err := p.stage(bytes.NewReader(p.bundle(12, nil)))
				must(t, err)
				do(filepath.Join(p.Path(n), file))
				if err := p.Begin(n, "", nil); err == nil {
					t.Error("it goes on trial")
				}
				p.wantRuns(10)

				n, err = p.stage(bytes.NewReader(p.bundle(13, nil)))
				must(t, err)
				must(t, p.Begin(n, "", nil))
				do(filepath.Join(p.Path(n), file))
				p.choose()
				p.wantRuns(10)
				if got := p.last(); got.Result != ResultDamaged || got.Why == "" {
					t.Errorf("%+v", got)
				}
			})
		}
	}
}

// A release that was well and is damaged on the disk makes room for the one before, and may be installed anew.
func TestADamagedReleaseMakesRoomForTheOneBefore(t *testing.T) {
	p := newPlace(t)
	p.install(12)
	p.install(13)
	damage := func(n int) { must(t, os.WriteFile(filepath.Join(p.Path(n), "kioskd"), []byte("rot"), 0o755)) }
	damage(13)
	p.choose()
	p.wantRuns(12)
	p.install(13)
	damage(13)
	damage(12)
	p.choose()
	p.wantRuns(10)
	must(t, os.WriteFile(filepath.Join(p.Folder, stateFile), []byte("{"), 0o644))
	p.choose()
	p.wantRuns(10)
	if got := p.last(); got.Result != ResultDamaged {
		t.Errorf("%+v", got)
	}
}

func TestAReleaseThatIsStartedTooOftenGoesBackWithoutItsHelp(t *testing.T) {
	p := newPlace(t)
	p.install(12)
	p.onTrial(13)
	for range MostStarts - 1 {
		p.choose()
		p.wantRuns(13)
	}
	st := p.choose()
	p.wantRuns(12)
	if st.Trial != nil || p.last().Result != ResultBack {
		t.Errorf("%+v", st)
	}
	if _, err := p.stage(bytes.NewReader(p.bundle(13, nil))); !errors.Is(err, ErrRejected) {
		t.Errorf("%v", err)
	}
	p.install(14)
}

func TestAPersonGoesBackAndNothingComesAgainByItself(t *testing.T) {
	p := newPlace(t)
	p.install(12)
	p.install(13)
	n, err := p.Rollback("the lamps are green")
	if must(t, err); n != 12 {
		t.Errorf("back to %d", n)
	}
	p.choose()
	p.wantRuns(12)
	if _, err := p.stage(bytes.NewReader(p.bundle(13, nil))); !errors.Is(err, ErrRejected) {
		t.Errorf("%v", err)
	}
	_, err = p.Rollback("and these are red")
	must(t, err)
	p.wantRuns(10)
	if _, err := p.Rollback("further"); err == nil {
		t.Error("there is something before the package")
	}
}

func TestANewerPackageGoesBeforeAnOlderUpdate(t *testing.T) {
	p := newPlace(t)
	p.install(12)
	p.Release = 15
	must(t, os.WriteFile(filepath.Join(p.Factory, "kioskd"), []byte("release 15"), 0o755))
	p.choose()
	p.wantRuns(15)
	if _, err := p.stage(bytes.NewReader(p.bundle(14, nil))); err == nil {
		t.Error("an older release is taken")
	}
	p.install(16)
	p.wantRuns(16)
}

// The old key brings the next one; the next one takes the old one away.
func TestKeysAreRotatedByABundle(t *testing.T) {
	p := newPlace(t)
	old, next := p.key, minisign.PrivateKey{}
	nextPublic, next := newKey(t)
	oldPublic := old.Public().(minisign.PublicKey)
	brings := func(n int, key minisign.PrivateKey, keys ...minisign.PublicKey) error {
		p.key = key
		_, err := p.stage(bytes.NewReader(p.bundle(n, func(m *Manifest) {
			for _, k := range keys {
				m.Keys = append(m.Keys, k.String())
			}
		})))
		if err != nil {
			return err
		}
		must(t, p.Begin(n, "", nil))
		p.choose()
		return p.Confirm()
	}
	if err := brings(12, next); !errors.Is(err, ErrUnsigned) {
		t.Errorf("the next key counts too early: %v", err)
	}
	must(t, brings(13, old, oldPublic, nextPublic))
	must(t, brings(14, next, nextPublic))
	if err := brings(15, old); !errors.Is(err, ErrUnsigned) {
		t.Errorf("the old key still counts: %v", err)
	}
	must(t, brings(16, next))
}

func TestAClockThatWasNotSetStopsNoUpdate(t *testing.T) {
	p := newPlace(t)
	p.install(12)
	whole := p.bundle(13, func(m *Manifest) { m.Made, m.Expires = today.AddDate(0, 0, -3), today.AddDate(0, 0, -2) })
	p.Now = func() time.Time { return time.Unix(0, 0) }
	if _, err := p.stage(bytes.NewReader(whole)); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("release 12 proves that it is later: %v", err)
	}
	p.install(14)
	p.wantRuns(14)
}

func TestAStationWithoutAKeyTrustsNobody(t *testing.T) {
	p := newPlace(t)
	must(t, os.Remove(filepath.Join(p.Keys, "vendor.pub")))
	if _, err := p.stage(bytes.NewReader(p.bundle(12, nil))); err == nil || !strings.Contains(err.Error(), "trusts nobody") {
		t.Errorf("%v", err)
	}
}

// crash ends a program in the middle of what it does to the disk.
type crash struct{}

// The machine may stop before any step that an update makes to the disk, and again in each step after: what starts then is a
// whole release, the one before or the new one, and the same update can be made again.
func TestAnUpdateMayStopAtAnyStep(t *testing.T) {
	count := func(p *place, stop int) (steps int, crashed bool) {
		p.step = func(string) {
			if steps++; steps == stop {
				panic(crash{})
			}
		}
		defer func() {
			p.step = nil
			if r := recover(); r != nil {
				if _, ours := r.(crash); !ours {
					panic(r)
				}
				crashed = true
			}
		}()
		_, err := p.stage(bytes.NewReader(p.bundle(13, nil)))
		switch {
		case err == nil:
			must(t, p.Begin(13, "", nil))
		case !errors.Is(err, ErrOnTrial) && !errors.Is(err, ErrInstalled) && !errors.Is(err, ErrRejected):
			t.Fatal(err)
		}
		if _, err := p.Choose(); err != nil {
			t.Fatal(err)
		}
		if err := p.Confirm(); err != nil && !errors.Is(err, ErrNoTrial) {
			t.Fatal(err)
		}
		return steps, false
	}
	fresh := func() *place { p := newPlace(t); p.install(12); return p }
	all, _ := count(fresh(), 0)
	if all < 8 {
		t.Fatalf("an update has only %d steps", all)
	}
	for first := 1; first <= all; first++ {
		for second := 0; second <= all; second++ {
			p := fresh()
			count(p, first)
			p.choose()
			p.aWholeRelease(12, 13)
			if second > 0 {
				count(p, second)
				p.choose()
				p.aWholeRelease(12, 13)
			}
			count(p, 0)
			p.choose()
			if second > 0 && p.last().Result == ResultBack { // it was started too often
				p.wantRuns(12)
			} else {
				p.wantRuns(13)
			}
		}
	}
	t.Logf("%d steps, %d pairs", all, all*all)
}

// aWholeRelease holds that what would run is one of these, whole.
func (p *place) aWholeRelease(releases ...int) {
	p.t.Helper()
	folder, err := filepath.EvalSymlinks(filepath.Join(p.Folder, currentLink))
	must(p.t, err)
	for _, n := range releases {
		if folder == p.Path(n) {
			_, err := inspect(folder, p.manifestSum(n))
			must(p.t, err)
			return
		}
	}
	p.t.Errorf("kioskd would run from %s", folder)
}
