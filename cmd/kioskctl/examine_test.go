package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"selfpay/kiosk/config"
	"selfpay/kiosk/health"
)

func TestACertificateThatExpiresIsToldInTime(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	made, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.AddDate(-1, 0, 0), NotAfter: now}, &x509.Certificate{}, public, private)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	good, bad := filepath.Join(folder, "good.pem"), filepath.Join(folder, "bad.pem")
	os.WriteFile(good, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made}), 0o644)
	os.WriteFile(bad, []byte("no certificate"), 0o644)
	for _, c := range []struct {
		path   string
		at     time.Time
		status health.Status
		words  string
	}{
		{good, now.AddDate(0, 0, -31), health.Pass, "until 2026-11-28"},
		{good, now.AddDate(0, 0, -29), health.Warn, "expires on 2026-11-28"},
		{good, now.AddDate(0, 0, 1), health.Fail, "expired on 2026-11-28"},
		{bad, now, health.Fail, "no certificate"},
		{filepath.Join(folder, "none.pem"), now, health.Fail, "no such file"},
	} {
		found := certificateFindings(config.Config{ILS: config.ILS{CertFile: c.path}}, c.at)
		if len(found) != 1 || found[0].Status != c.status || !strings.Contains(found[0].Found, c.words) {
			t.Errorf("%s at %s: %+v", c.path, c.at, found)
		}
	}
}

func TestCredentialsThatOthersMayReadAreTold(t *testing.T) {
	store := t.TempDir()
	if found := credentialFindings(store); found != nil {
		t.Errorf("%+v", found)
	}
	for _, c := range []struct {
		name   string
		mode   os.FileMode
		status health.Status
	}{{"kiosk.sip2", 0o600, health.Pass}, {"kiosk.terminal", 0o640, health.Warn}} {
		path := filepath.Join(store, c.name)
		if err := os.WriteFile(path, []byte("x"), c.mode); err != nil {
			t.Fatal(err)
		}
		if found := credentialFindings(store); len(found) != 1 || found[0].Status != c.status {
			t.Errorf("%s: %+v", c.name, found)
		}
	}
}
