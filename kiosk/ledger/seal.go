package ledger

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// KeySize is the length of a key-encryption key in bytes.
const KeySize = 32

// CredentialName is the systemd credential that holds the key-encryption key.
const CredentialName = "ledger-key"

// LoadKey finds the key-encryption key like FindKey, and makes the file ledger.key at the first start. The key is never
// in the ledger, an export or a backup.
func LoadKey(keys string) ([]byte, error) {
	key, err := FindKey(keys)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(keyPath(keys))
	}
	return key, err
}

func keyPath(keys string) string { return filepath.Join(keys, "ledger.key") }

// FindKey finds the key-encryption key: the systemd credential where the service has one, else the file ledger.key in
// the folder keys. fs.ErrNotExist: there is none.
func FindKey(keys string) ([]byte, error) {
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); dir != "" {
		key, err := os.ReadFile(filepath.Join(dir, CredentialName))
		if err == nil {
			return checkKey(key, "credential "+CredentialName)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("ledger: read credential %s: %w", CredentialName, err)
		}
	}
	key, err := os.ReadFile(keyPath(keys))
	if err != nil {
		return nil, fmt.Errorf("ledger: read key: %w", err)
	}
	return checkKey(key, keyPath(keys))
}

func checkKey(key []byte, from string) ([]byte, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("ledger: the key in %s has %d bytes, not %d", from, len(key), KeySize)
	}
	return key, nil
}

func makeKey(path string) ([]byte, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("ledger: make the folder for keys: %w", err)
	}
	key := make([]byte, KeySize)
	rand.Read(key)
	f, err := os.CreateTemp(filepath.Dir(path), "new-*")
	if err != nil {
		return nil, fmt.Errorf("ledger: make a key: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(key)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return nil, fmt.Errorf("ledger: write a key: %w", err)
	}
	if err := errors.Join(os.Rename(f.Name(), path), syncPath(filepath.Dir(path))); err != nil {
		return nil, fmt.Errorf("ledger: keep a key: %w", err)
	}
	return key, nil
}

// sealer encrypts patrons' cards, each under a key of its own, so that erasing the key erases the card.
type sealer struct {
	wrap   cipher.AEAD
	lookup []byte
}

func newSealer(key []byte) (sealer, error) {
	wrapKey, err := hkdf.Key(sha256.New, key, nil, "selfpay ledger wrap", KeySize)
	if err != nil {
		return sealer{}, fmt.Errorf("ledger: derive keys: %w", err)
	}
	lookup, err := hkdf.Key(sha256.New, key, nil, "selfpay ledger lookup", KeySize)
	if err != nil {
		return sealer{}, fmt.Errorf("ledger: derive keys: %w", err)
	}
	wrap, err := newAEAD(wrapKey)
	return sealer{wrap: wrap, lookup: lookup}, err
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("ledger: cipher: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal encrypts card for one payment and returns the sealed card and its wrapped key.
func (s sealer) seal(card string) (sealed, wrapped []byte, err error) {
	key := make([]byte, KeySize)
	rand.Read(key)
	aead, err := newAEAD(key)
	if err != nil {
		return nil, nil, err
	}
	return aead.Seal(nil, nil, []byte(card), nil), s.wrap.Seal(nil, nil, key, nil), nil
}

func (s sealer) open(sealed, wrapped []byte) (string, error) {
	key, err := s.wrap.Open(nil, nil, wrapped, nil)
	if err != nil {
		return "", errors.New("ledger: the key of this patron's card cannot be opened: is it the same ledger key?")
	}
	aead, err := newAEAD(key)
	if err != nil {
		return "", err
	}
	card, err := aead.Open(nil, nil, sealed, nil)
	if err != nil {
		return "", errors.New("ledger: the patron's card cannot be opened")
	}
	return string(card), nil
}

// hash is the keyed hash under which a card is looked up.
func (s sealer) hash(card string) []byte {
	mac := hmac.New(sha256.New, s.lookup)
	mac.Write([]byte(card))
	return mac.Sum(nil)
}
