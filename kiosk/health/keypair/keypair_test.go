package keypair_test

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/kiosk/health/keypair"
	"selfpay/sip/certtest"
)

// replace puts a new certificate or key over an old one, with a later date: the clock of a test does not move files' dates.
func replace(t *testing.T, file, by string, later time.Duration) {
	t.Helper()
	text, err := os.ReadFile(by)
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err == nil {
		err = os.Chtimes(file, time.Time{}, time.Now().Add(later))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func until(years int) certtest.Validity {
	return certtest.Validity{From: time.Now().Add(-time.Hour), To: time.Now().AddDate(years, 0, 0)}
}

func TestANewCertificateIsUsedWhenItFits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old, certificate := certtest.For(t, until(1), "127.0.0.1")
		key := certtest.KeyFile(t, old)
		pair, err := keypair.Load(certificate, key, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		want := func(what string, years int) {
			t.Helper()
			time.Sleep(2 * time.Second)
			if got := pair.Expires().Year(); got != time.Now().Year()+years {
				t.Errorf("%s: it is valid until %d", what, got)
			}
		}
		want("the first", 1)
		renewed, newFile := certtest.For(t, until(2), "127.0.0.1")
		replace(t, certificate, newFile, time.Minute)
		want("a certificate without its key", 1)
		replace(t, key, certtest.KeyFile(t, renewed), time.Minute)
		want("both", 2)
		replace(t, certificate, os.Args[0], time.Hour)
		want("nonsense", 2)
		if err := os.Remove(certificate); err != nil {
			t.Fatal(err)
		}
		want("nothing", 2)
		for name, get := range map[string]func() (*tls.Certificate, error){
			"server": func() (*tls.Certificate, error) { return pair.ForServer(nil) }, "client": func() (*tls.Certificate, error) { return pair.ForClient(nil) },
		} {
			if c, err := get(); err != nil || !c.Leaf.NotAfter.Equal(pair.Expires()) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestWhatIsNoPairIsRefused(t *testing.T) {
	one, certificate := certtest.For(t, certtest.Today(), "127.0.0.1")
	other, _ := certtest.For(t, certtest.Today(), "127.0.0.1")
	for what, files := range map[string][2]string{
		"the key of another": {certificate, certtest.KeyFile(t, other)},
		"no key":             {certificate, filepath.Join(t.TempDir(), "none")},
		"no certificate":     {certtest.KeyFile(t, one), certtest.KeyFile(t, one)},
	} {
		if _, err := keypair.Load(files[0], files[1], slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%s is taken", what)
		}
	}
}

func TestAuthoritiesAreThoseOfTheFile(t *testing.T) {
	own, file := certtest.For(t, certtest.Today(), "127.0.0.1")
	pool, err := keypair.Authorities(file)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(own.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: pool}); err != nil {
		t.Error(err)
	}
	for _, path := range []string{certtest.KeyFile(t, own), filepath.Join(t.TempDir(), "none")} {
		if _, err := keypair.Authorities(path); err == nil {
			t.Errorf("%s has authorities", path)
		}
	}
}
