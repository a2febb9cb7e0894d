package sip2

import (
	"slices"
	"time"

	"selfpay/kiosk/ils"
	"selfpay/sip"
	"selfpay/sip/client"
)

// feeForm is how a library system names fees in Patron Information.
type feeForm int

const (
	totalOnly feeForm = iota // BV counts, AV is text for people
	idFirst                  // each AV is "<id> <description> <amount>"
)

// Profile is what a make of library system does beyond the SIP2 document.
type Profile struct {
	Name        string
	Traits      ils.Traits
	Echo        client.Echo
	Order       sip.Order
	FeeType     sip.FeeType
	PaymentType sip.PaymentType

	fees feeForm
	// zeroUnsaid: BV is left out when nothing is owed. Elsewhere a missing BV with fees listed is unreadable.
	zeroUnsaid bool
}

// profiles stand in the order in which they are listed to people.
var profiles = []Profile{
	{
		Name: "koha",
		Traits: ils.Traits{FeeIDs: true, Partial: true, ReferenceEchoed: true,
			Quiet: 120 * time.Second},
		Echo:        client.EchoRequired, // Koha 19.06 echoes BK in Y and N (measured)
		FeeType:     sip.FeeOther,
		PaymentType: sip.PaidCreditCard,
		fees:        idFirst,
		zeroUnsaid:  true,
	},
	{
		Name:        "generic",
		Traits:      ils.Traits{Quiet: 120 * time.Second},
		FeeType:     sip.FeeOther,
		PaymentType: sip.PaidCreditCard,
		fees:        totalOnly,
	},
}

// FindProfile finds a profile by its name in the configuration, "koha".
func FindProfile(name string) (Profile, bool) {
	at := slices.IndexFunc(profiles, func(p Profile) bool { return p.Name == name })
	if at < 0 {
		return Profile{}, false
	}
	return profiles[at], true
}

// Profiles are the names of all profiles.
func Profiles() []string {
	var names []string
	for _, p := range profiles {
		names = append(names, p.Name)
	}
	return names
}
