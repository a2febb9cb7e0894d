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

// LoadKey reads the station's key from the folder of its keys, and makes one at the first start. One that is damaged is put
// aside and another made: nothing is signed with it that is of use tomorrow, and no station stands still for it.
func LoadKey(folder string) (Key, error) {
	path := filepath.Join(folder, "station.key")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(path)
	}
	if err != nil {
		return Key{}, fmt.Errorf("the station's key cannot be read: %w", err)
	}
	var k Key
	if k.private.UnmarshalText(text) == nil {
		return k, nil
	}
	if err := os.Rename(path, path+".damaged"); err != nil {
		return k, err
	}
	return makeKey(path)
}

// makeKey makes a key that is on the disk when it returns: after a power cut it is whole or not there.
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
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return Key{}, err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = errors.Join(os.Rename(path+".new", path), syncFolder(filepath.Dir(path)))
	}
	return Key{private}, err
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
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
