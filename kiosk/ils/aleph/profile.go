package aleph

import (
	"embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"selfpay/kiosk/ils"
	"selfpay/profile"
)

//go:embed profiles/*.toml
var profileFiles embed.FS

var profiles = profile.Set{Kind: "aleph", BuiltIn: profileFiles}

// Standard is the built-in profile of Pay Cash, with all that is unknown at its careful value.
const Standard = "pay-cash"

// Profile is what differs between one Aleph and another.
type Profile struct {
	Source string `toml:"source"` // how this is known: measured, read, inferred or unknown

	ContentType  string   `toml:"content_type"`  // of the PUT; empty: none is sent
	Declaration  bool     `toml:"declaration"`   // an XML declaration stands behind post_xml=
	PaymentTypes []string `toml:"payment_types"` // z31-type of rows that are payments, in the server's language
	XPost        bool     `toml:"x_post"`        // the X-server is asked by POST

	Traits ils.Traits `toml:"traits"`
}

// FindProfile finds the built-in profile of that name, or reads a site's own file where name is an absolute path. An empty
// name is Standard. The error is a sentence for whoever wrote the configuration or the file.
func FindProfile(name string) (Profile, error) {
	if name == "" {
		name = Standard
	}
	p, err := profile.Find[Profile](profiles, name)
	if err != nil {
		return Profile{}, err
	}
	if err := p.check(); err != nil {
		return Profile{}, fmt.Errorf("profile %s: %w", name, err)
	}
	return p, nil
}

// Profiles are the names of the built-in profiles, in order.
func Profiles() []string { return profiles.Names() }

// check refuses what this route cannot keep.
func (p Profile) check() error {
	switch t := p.Traits; {
	case !t.FeeIDs:
		return errors.New("traits.fee_ids is false, and each institution is paid as one fee: set it to true")
	case t.Resend || t.ReferenceEchoed || t.PINInFeePaid:
		return errors.New("traits.resend, reference_echoed and pin_in_fee_paid are for SIP2, Pay Cash has nothing of the kind: set them to false")
	case t.Quiet < time.Second:
		return errors.New(`traits.quiet is missing or below a second: write it with its unit, quiet = "120s"`)
	case strings.ContainsFunc(p.ContentType, func(r rune) bool { return r < ' ' || r > '~' }):
		return errors.New("content_type holds a character that may not stand there: write it as in text/xml")
	}
	return nil
}
