package servicecode

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"

	"selfpay/device/scanner"
)

var (
	seed  = ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", ed25519.SeedSize)))
	other = ed25519.NewKeyFromSeed([]byte(strings.Repeat("x", ed25519.SeedSize)))
	now   = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
)

func public(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }

func made(t *testing.T, c Code, key ed25519.PrivateKey) string {
	t.Helper()
	code, err := Make(c, key)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func TestACodeOpensForItsPersonStationAndTimeAlone(t *testing.T) {
	good := Code{Staff: "Ayşe Öz", Station: "main-01", Until: now.Add(12 * time.Hour)}
	anywhere := Code{Staff: "Jo", Until: now.Add(time.Second)}
	for _, c := range []struct {
		name    string
		label   string
		station string
		at      time.Time
		undated bool
		want    error
	}{
		{"good", made(t, good, seed), "main-01", now, false, nil},
		{"any station", made(t, anywhere, seed), "branch-7", now, false, nil},
		{"another station", made(t, good, seed), "branch-7", now, false, ErrStation},
		{"another key", made(t, good, other), "main-01", now, false, ErrForged},
		{"ended", made(t, good, seed), "main-01", now.Add(12 * time.Hour), false, ErrEnded},
		{"too long", made(t, Code{Staff: "Jo", Until: now.Add(LongestFor + time.Hour)}, seed), "main-01", now, false, ErrTooLong},
		{"no clock", made(t, good, seed), "main-01", now, true, ErrNoClock},
		{"library card", "20017000042317", "main-01", now, false, ErrNoCode},
		{"empty", "", "main-01", now, false, ErrNoCode},
		{"cut", made(t, good, seed)[:40], "main-01", now, false, ErrForged},
		{"nothing behind the prefix", prefix, "main-01", now, false, ErrForged},
	} {
		got, err := Read(c.label, public(seed), c.station, c.at, !c.undated)
		if !errors.Is(err, c.want) || err == nil && got.Staff == "" {
			t.Errorf("%s: %+v, %v, want %v", c.name, got, err, c.want)
		}
		if len(c.label) > scanner.MaxText {
			t.Errorf("%s: %d characters are more than a scanner's label", c.name, len(c.label))
		}
	}
	if _, err := Read(made(t, good, seed), nil, "main-01", now, true); !errors.Is(err, ErrForged) {
		t.Errorf("a station without a key: %v", err)
	}
}

func TestEveryChangedLetterIsForged(t *testing.T) {
	code := made(t, Code{Staff: "Jo Doe", Station: "main-01", Until: now.Add(time.Hour)}, seed)
	for i := len(prefix); i < len(code)-1; i++ { // the last letter holds bits that mean nothing
		changed := []byte(code)
		changed[i] = 'A' + (changed[i]-'A'+1)%26
		if string(changed) == code {
			continue
		}
		if c, err := Read(string(changed), public(seed), "main-01", now, true); !errors.Is(err, ErrForged) {
			t.Fatalf("letter %d: %+v, %v", i, c, err)
		}
	}
}

func TestNoCodeIsMadeThatNobodyCouldUse(t *testing.T) {
	for _, c := range []Code{{}, {Staff: " "}, {Staff: strings.Repeat("a", 25)}, {Staff: "Jo", Station: strings.Repeat("a", 25)}, {Staff: "a\x1b[2J"}, {Staff: "\xff"}} {
		if code, err := Make(c, seed); err == nil {
			t.Errorf("%+v became %q", c, code)
		}
	}
}

func TestTheLongestCodeFitsIntoALabel(t *testing.T) {
	code := made(t, Code{Staff: strings.Repeat("a", 24), Station: strings.Repeat("b", 24), Until: now}, seed)
	if len(code) > scanner.MaxText {
		t.Errorf("%d characters, a label has at most %d", len(code), scanner.MaxText)
	}
}

func FuzzReadNeverPanicsAndBelievesNothingUnsigned(f *testing.F) {
	f.Add("SELFPAY1ABCDEFGH")
	f.Add(prefix + strings.Repeat("A", 120))
	f.Fuzz(func(t *testing.T, label string) {
		if c, err := Read(label, public(seed), "main-01", now, true); err == nil {
			t.Errorf("%q opens for %+v", label, c)
		}
	})
}
