// Package servicecode makes and reads the codes by which technicians open the service menu: a barcode held to the scanner, signed by
// the library's own key, for one person, one station or all, and a short time. It opens the menu and nothing else; it moves no money.
//
// A code is "SELFPAY1", and in base 32 (RFC 4648, without padding) the moment until which it holds in seconds since 1970 (4 bytes), the
// station and the name, each with its length before it, and the Ed25519 signature (RFC 8032) of all that. Capitals and digits only: every
// keyboard layout types them, and a QR code holds them densely.
package servicecode

import (
	"crypto/ed25519"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Code says whose a code is.
type Code struct {
	Staff   string // as it is shown and noted; at most LongestName bytes
	Station string // [kiosk] id; empty: any station of this key
	Until   time.Time
}

// The bounds of a code.
const (
	LongestName = 24 // bytes of a name, and of a station
	LongestFor  = 31 * 24 * time.Hour
)

const prefix = "SELFPAY1"

var letters = base32.StdEncoding.WithPadding(base32.NoPadding)

// Why a label opens nothing.
var (
	ErrNoCode  = errors.New("no service code")                       // a label of another kind
	ErrForged  = errors.New("not signed by the key of this station") // or damaged, or with no key on this station
	ErrEnded   = errors.New("the service code has ended")
	ErrTooLong = errors.New("the service code holds for longer than 31 days")
	ErrStation = errors.New("the service code is for another station")
	ErrNoClock = errors.New("the clock is not set, so nobody knows whether the service code still holds")
)

// Make signs a code. It refuses what Read would refuse for ever.
func Make(c Code, key ed25519.PrivateKey) (string, error) {
	for what, text := range map[string]string{"name": c.Staff, "station": c.Station} {
		if len(text) > LongestName || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			return "", fmt.Errorf("the %s %q is no text of at most %d bytes", what, text, LongestName)
		}
	}
	if strings.TrimSpace(c.Staff) == "" {
		return "", errors.New("a service code needs a name")
	}
	said := binary.BigEndian.AppendUint32(nil, uint32(c.Until.Unix()))
	for _, text := range []string{c.Station, c.Staff} {
		said = append(append(said, byte(len(text))), text...)
	}
	return prefix + letters.EncodeToString(append(said, ed25519.Sign(key, signed(said))...)), nil
}

// signed is what the signature is of; the prefix keeps it apart from all else that a key may sign.
func signed(said []byte) []byte { return append([]byte(prefix), said...) }

// Read reads a label at a station, at this time; dated says whether the time is known. ErrNoCode: it is a label of another kind.
func Read(label string, key ed25519.PublicKey, station string, now time.Time, dated bool) (Code, error) {
	rest, ours := strings.CutPrefix(label, prefix)
	if !ours {
		return Code{}, ErrNoCode
	}
	all, err := letters.DecodeString(rest)
	if err != nil || len(key) != ed25519.PublicKeySize || len(all) < ed25519.SignatureSize {
		return Code{}, ErrForged
	}
	said, signature := all[:len(all)-ed25519.SignatureSize], all[len(all)-ed25519.SignatureSize:]
	if !ed25519.Verify(key, signed(said), signature) {
		return Code{}, ErrForged
	}
	c, ok := parse(said)
	switch left := c.Until.Sub(now); {
	case !ok:
		return Code{}, ErrForged
	case c.Station != "" && c.Station != station:
		return Code{}, ErrStation
	case !dated:
		return Code{}, ErrNoClock
	case left <= 0:
		return Code{}, ErrEnded
	case left > LongestFor:
		return Code{}, ErrTooLong
	}
	return c, nil
}

func parse(said []byte) (c Code, ok bool) {
	if len(said) < 4 {
		return c, false
	}
	c.Until = time.Unix(int64(binary.BigEndian.Uint32(said)), 0)
	said = said[4:]
	for _, text := range []*string{&c.Station, &c.Staff} {
		if len(said) == 0 || len(said)-1 < int(said[0]) || said[0] > LongestName {
			return c, false
		}
		*text, said = string(said[1:1+said[0]]), said[1+said[0]:]
	}
	return c, len(said) == 0 && c.Staff != ""
}

// ParseKey reads a public key as it stands in the configuration, 32 bytes in base 64.
func ParseKey(text string) (ed25519.PublicKey, error) {
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil, errors.New("no public key of service codes; kioskctl service-code key makes one")
	}
	return key, nil
}

// KeyText writes a public key for the configuration.
func KeyText(key ed25519.PublicKey) string { return base64.StdEncoding.EncodeToString(key) }
