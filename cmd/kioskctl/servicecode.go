package main

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"strings"
	"time"

	"selfpay/kiosk/qrcode"
	"selfpay/kiosk/servicecode"
)

type serviceCodeCommand struct {
	Key  serviceCodeKey  `cmd:"" help:"Make the key that signs service codes. It belongs on a computer of the library, not on a station."`
	Make serviceCodeMake `cmd:"" help:"Sign a code by which a technician opens the service menu at the scanner."`
}

type serviceCodeKey struct {
	File string `arg:"" help:"Where the private key is written; there must be none yet."`
}

// secretMode is that of a private key.
const secretMode = 0o600

func (c serviceCodeKey) Run(t *tool) error {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, secretMode)
	if err != nil {
		return fmt.Errorf("no key is made: %w", err)
	}
	err = errors.Join(pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: der}), f.Sync(), f.Close())
	if err != nil {
		return fmt.Errorf("no key is made: %w", err)
	}
	if t.json {
		return t.document(serviceKey{Key: servicecode.KeyText(public)})
	}
	t.say("the private key is in %s: keep it; every station gets\n\n[service]\nkey = %q", c.File, servicecode.KeyText(public))
	return nil
}

// serviceKey is the public key of service codes.
type serviceKey struct {
	Key string `json:"key"`
}

type serviceCodeMake struct {
	Key     string        `required:"" type:"existingfile" help:"The private key that kioskctl service-code key has made."`
	Staff   string        `required:"" help:"Whose code it is; it stands in the menu and in the ledger."`
	Station string        `help:"The only station where it opens, by kiosk.id; without it every station of this key."`
	For     time.Duration `default:"12h" help:"How long it holds, at most 744h."`
	PNG     string        `name:"png" help:"A picture of the code is written here; without it the code is drawn in the terminal."`
}

// serviceCode is a code that was made.
type serviceCode struct {
	Code  string    `json:"code"`
	Staff string    `json:"staff"`
	Until time.Time `json:"until"`
}

func (c serviceCodeMake) Run(t *tool) error {
	key, err := readServiceKey(c.Key)
	if err != nil {
		return err
	}
	if c.For <= 0 || c.For > servicecode.LongestFor {
		return fmt.Errorf("a code holds for more than nothing and at most %s, not for %s", servicecode.LongestFor, c.For)
	}
	until := time.Now().Add(c.For).Truncate(time.Second)
	code, err := servicecode.Make(servicecode.Code{Staff: c.Staff, Station: c.Station, Until: until}, key)
	if err != nil {
		return fmt.Errorf("no code is made: %w", err)
	}
	drawn, err := qrcode.Capitals(code)
	if err != nil {
		return fmt.Errorf("no code is made: %w", err)
	}
	if c.PNG != "" {
		if err := writePicture(c.PNG, drawn); err != nil {
			return fmt.Errorf("no code is made: %w", err)
		}
	}
	switch {
	case t.json:
		return t.document(serviceCode{Code: code, Staff: c.Staff, Until: until})
	case c.PNG == "":
		t.say("%s", blocks(drawn))
	}
	t.say("%s, until %s: hold it to the scanner of a station that rests", c.Staff, until.Local().Format(time.DateTime))
	return nil
}

func readServiceKey(path string) (ed25519.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the key cannot be read: %w", err)
	}
	if block, _ := pem.Decode(text); block != nil {
		if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
			if private, ok := key.(ed25519.PrivateKey); ok {
				return private, nil
			}
		}
	}
	return nil, fmt.Errorf("%s is no private key of service codes; kioskctl service-code key makes one", path)
}

// modulePixels is the side of one square of the picture.
const modulePixels = 8

func writePicture(path string, code qrcode.Code) error {
	side := code.Size() * modulePixels
	picture := image.NewGray(image.Rect(0, 0, side, side))
	for i := range picture.Pix {
		if !code.Dark(i%picture.Stride/modulePixels, i/picture.Stride/modulePixels) {
			picture.Pix[i] = 255
		}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, secretMode)
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(f, picture), f.Close())
}

// blocks draws a code for a dark terminal, two rows of squares in each line.
func blocks(code qrcode.Code) string {
	var b strings.Builder
	for y := 0; y < code.Size(); y += 2 {
		for x := range code.Size() {
			light := 0
			if !code.Dark(x, y) {
				light = 1
			}
			if !code.Dark(x, y+1) {
				light += 2
			}
			b.WriteString([]string{" ", "▀", "▄", "█"}[light])
		}
		b.WriteByte('\n')
	}
	return b.String()
}
