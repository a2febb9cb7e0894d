// Package statement is what a daemon says of itself in words that nobody else can sign: which release it is, and how
// everything is. An update believes only a statement of the station's own key, with the number that it has asked with, so
// neither an old one nor another program's does.
package statement

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"aead.dev/minisign"

	"selfpay/kiosk/health"
)

// Statement is what a daemon says of itself.
type Statement struct {
	Nonce   string                  `json:"nonce"` // of whoever asked
	Kiosk   string                  `json:"kiosk"`
	Release int                     `json:"release"`
	Version string                  `json:"version"`
	Boot    string                  `json:"boot"`    // of the machine
	Started time.Time               `json:"started"` // of this process
	At      time.Time               `json:"at"`
	Ready   bool                    `json:"ready"`
	Reason  string                  `json:"reason,omitempty"`
	Waits   bool                    `json:"waits"` // no patron may begin because of an update
	Busy    int                     `json:"busy"`  // payments and legs in flight or in doubt
	Checks  map[string]health.Check `json:"checks"`
}

// Signed is a statement as it travels: the very bytes that are signed.
type Signed struct {
	Text      string `json:"text"`
	Signature string `json:"signature"`
	Key       string `json:"key"` // the station's public key
}

// longestNonce bounds what is repeated, in bytes.
const longestNonce = 64

// Key signs for one station.
type Key struct{ private minisign.PrivateKey }

// LoadKey reads the station's key from the folder of its keys, and makes one at the first start.
func LoadKey(folder string) (Key, error) {
	path := filepath.Join(folder, "station.key")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(path)
	}
	var k Key
	if err == nil {
		err = k.private.UnmarshalText(text)
	}
	if err != nil {
		return k, fmt.Errorf("the station's key in %s cannot be read: %w; without that file a new one is made", path, err)
	}
	return k, nil
}

func makeKey(path string) (Key, error) {
	_, private, err := minisign.GenerateKey(nil)
	if err != nil {
		return Key{}, err
	}
	text, err := private.MarshalText()
	if err != nil {
		return Key{}, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Key{}, err
	}
	err = errors.Join(os.WriteFile(path+".new", text, 0o600), os.Rename(path+".new", path))
	return Key{private}, err
}

// Public is the key that others check with.
func (k Key) Public() string { return k.private.Public().(minisign.PublicKey).String() }

// Sign signs a statement.
func (k Key) Sign(s Statement) (Signed, error) {
	if len(s.Nonce) > longestNonce {
		return Signed{}, fmt.Errorf("a nonce has at most %d bytes", longestNonce)
	}
	text, err := json.Marshal(s)
	if err != nil {
		return Signed{}, err
	}
	return Signed{Text: string(text), Signature: string(minisign.Sign(k.private, text)), Key: k.Public()}, nil
}

// Read checks signature and nonce. The key is the one that it brings: whether that is the station's is for the caller to
// compare with what is known.
func (s Signed) Read(nonce string) (Statement, error) {
	var said Statement
	var key minisign.PublicKey
	if err := key.UnmarshalText([]byte(s.Key)); err != nil {
		return said, fmt.Errorf("a statement names no key: %w", err)
	}
	if !minisign.Verify(key, []byte(s.Text), []byte(s.Signature)) {
		return said, errors.New("a statement is not signed by the key that it names")
	}
	if err := json.Unmarshal([]byte(s.Text), &said); err != nil {
		return said, fmt.Errorf("a statement cannot be read: %w", err)
	}
	if said.Nonce != nonce {
		return said, errors.New("a statement answers another question than ours")
	}
	return said, nil
}
