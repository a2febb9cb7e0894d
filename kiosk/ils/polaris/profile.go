package polaris

import (
	"embed"
	"errors"
	"fmt"
	"time"

	"selfpay/kiosk/ils"
	"selfpay/profile"
)

//go:embed profiles/*.toml
var profileFiles embed.FS

var profiles = profile.Set{Kind: "polaris", BuiltIn: profileFiles}

// How a leg is paid.
const (
	payCharge = "charge" // PatronAccountPay: one charge
	payAll    = "all"    // PatronAccountPayAll: everything that is owed, oldest charge first
)

// Profile is how a site pays and what was proved about it there.
type Profile struct {
	Pay    string     `toml:"pay"` // "charge" or "all"
	Traits ils.Traits `toml:"traits"`
}

// Profiles are the names of the built-in profiles.
func Profiles() []string { return profiles.Names() }

// FindProfile reads the built-in profile of that name, or a site's own where name is an absolute path.
func FindProfile(name string) (Profile, error) {
	p, err := profile.Find[Profile](profiles, name)
	if err != nil {
		return p, err
	}
	if err := p.possible(); err != nil {
		return p, fmt.Errorf("profile %s: %w", name, err)
	}
	return p, nil
}

// possible refuses what this route cannot do.
func (p Profile) possible() error {
	t := p.Traits
	switch {
	case p.Pay != payCharge && p.Pay != payAll:
		return fmt.Errorf("pay = %.20q is none of %q and %q", p.Pay, payCharge, payAll)
	case t.FeeIDs != (p.Pay == payCharge):
		return errors.New("fee_ids belongs to pay = \"charge\", and only there")
	case t.Partial && p.Pay == payAll:
		return errors.New("with pay = \"all\" the whole account is paid, never a part")
	case t.ReferenceEchoed, t.Resend, t.PINInFeePaid:
		return errors.New("reference_echoed, resend and pin_in_fee_paid cannot be had over this interface")
	case t.Quiet < time.Second:
		return errors.New(`quiet is missing or below a second: write it with its unit, quiet = "120s"`)
	}
	return nil
}
