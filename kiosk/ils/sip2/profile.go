package sip2

import (
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/profile"
	"selfpay/sip"
	"selfpay/sip/client"
	"selfpay/sip/wire"
)

//go:embed profiles/*.toml
var profileFiles embed.FS

var profiles = profile.Set{Kind: "sip2", BuiltIn: profileFiles}

// Profile is what a make of library system does beyond the SIP2 document.
type Profile struct {
	Name   string `toml:"-"`      // as the configuration has it
	Make   string `toml:"make"`   // the library system, for people
	Source string `toml:"source"` // how all this is known: measured, read, inferred or unknown
	// Unproven: something that decides about money is inferred. New takes the profile for a test system only.
	Unproven bool       `toml:"unproven,omitempty"`
	Traits   ils.Traits `toml:"traits"`
	Sends    Sends      `toml:"sends"`
	Reads    Reads      `toml:"reads"`
}

// Sends is what stands in a Fee Paid (37).
type Sends struct {
	FeeType     sip.FeeType     `toml:"fee_type"`
	PaymentType sip.PaymentType `toml:"payment_type"`
	FeeID       FeePlace        `toml:"fee_id,omitempty"` // empty where fees have no ids
	Extra       []Extra         `toml:"extra,omitempty"`
}

// FeePlace is where a Fee Paid names its fee.
type FeePlace string

// The places.
const (
	InCG    FeePlace = "CG"
	InExtra FeePlace = "extra" // in an extra field, and there is no CG
)

// Extra is a field of a make's own that is sent with each Fee Paid, in front of the patron.
type Extra struct {
	ID    string `toml:"id"`
	Value string `toml:"value"` // text, in which {fee}, {amount} and {reference} stand for those of the leg
}

// Reads is how answers are read.
type Reads struct {
	Fees       FeeForm `toml:"fees"`
	ID         IDForm  `toml:"id,omitempty"`      // the form of a fee's id; empty where fees have none
	ZeroUnsaid bool    `toml:"zero_unsaid"`       // BV is left out when nothing is owed; elsewhere an account without BV is unreadable
	Thousands  bool    `toml:"grouped_thousands"` // "1,234.50" is an amount
	Fee        Parts   `toml:"fee,omitempty"`     // for Groups and Marked
	Echo       Echo    `toml:"echo"`              // what BK in 38 proves
	Number     string  `toml:"number,omitempty"`  // field of 38 with the library system's own number of the booking; empty: none
}

// FeeForm is how fees stand in Patron Information (64).
type FeeForm string

// The forms.
const (
	TotalOnly     FeeForm = "total"          // BV counts, AV is text for people
	IDFirst       FeeForm = "id-first"       // each AV is "<id> <description> <amount>"
	EvergreenIDs  FeeForm = "evergreen"      // each AV in one of Evergreen's forms 3m, swyer_a or swyer_b
	EvergreenText FeeForm = "evergreen-text" // each AV is "<amount> <kind> <title>", Evergreen's eg_legacy: amounts, and no ids
	Groups        FeeForm = "groups"         // groups of fields, see Parts
	Marked        FeeForm = "marked"         // each AV is cut into pieces, each behind its mark, see Parts
)

var feeForms = []FeeForm{TotalOnly, IDFirst, EvergreenIDs, EvergreenText, Groups, Marked}

// ids says whether the form tells the ids of fees.
func (f FeeForm) ids() bool { return f != TotalOnly && f != EvergreenText }

// Parts says where the parts of one fee stand: in fields of 64 (Groups), or behind marks within an AV (Marked).
type Parts struct {
	Separator   string   `toml:"separator,omitempty"` // between the pieces of an AV; Marked only
	Begin       string   `toml:"begin,omitempty"`     // the field with which each group begins; Groups only, empty: that of the id
	ID          string   `toml:"id"`
	Balance     string   `toml:"balance"`
	Description []string `toml:"description"` // for the patron's screen
}

func (at Parts) begin() string {
	if at.Begin == "" {
		return at.ID
	}
	return at.Begin
}

// IDForm is the form of a fee's id.
type IDForm string

// The forms.
const (
	Digits IDForm = "digits"
	UUID   IDForm = "uuid" // in small letters
	Word   IDForm = "any"  // one word of at most 40 characters that cannot be taken for AY or AZ
)

var idForms = []IDForm{Digits, UUID, Word}

// Echo is what BK in a Fee Paid Response (38) proves, in the words of a profile. See client.Echo.
type Echo string

// The words.
const (
	EchoRequired  Echo = "required"
	EchoIfPresent Echo = "if-present"
	EchoIgnored   Echo = "ignored"
)

var echoes = map[Echo]client.Echo{EchoRequired: client.EchoRequired, EchoIfPresent: client.EchoIfPresent, EchoIgnored: client.EchoIgnored}

// FindProfile finds the built-in profile of that name, "koha", or reads a site's own file where name is an absolute path.
// The error is a sentence for whoever wrote the configuration or the file: it names the key and the mend.
func FindProfile(name string) (Profile, error) {
	p, err := profile.Find[Profile](profiles, name)
	if err != nil {
		return Profile{}, err
	}
	p.Name = name
	if err := p.check(); err != nil {
		return Profile{}, fmt.Errorf("profile %s: %w", name, err)
	}
	return p, nil
}

// Profiles are the names of the built-in profiles, in order.
func Profiles() []string { return profiles.Names() }

// TOML writes a profile as the file that FindProfile reads. It refuses what FindProfile would refuse.
func (p Profile) TOML() ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	return toml.Marshal(p)
}

// check refuses what is missing, unknown or contradicts itself.
func (p Profile) check() error {
	switch {
	case p.Make == "":
		return errors.New(`make is missing: name the library system, make = "Koha"`)
	case p.Source == "":
		return errors.New(`source is missing: say how this is known, source = "measured: …"`)
	case p.Traits.Quiet < time.Second:
		return errors.New(`traits.quiet is missing or below a second: write it with its unit, quiet = "120s"`)
	case p.Traits.ReferenceReadable:
		return errors.New("traits.reference_readable is true, and nothing in SIP2 shows a reference again: set it to false")
	}
	for _, check := range []func() error{p.checkReads, p.checkParts, p.checkSends} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (p Profile) checkReads() error {
	r := p.Reads
	_, echo := echoes[r.Echo]
	switch {
	case !slices.Contains(feeForms, r.Fees):
		return fmt.Errorf("reads.fees is %.40q: say one of %s", r.Fees, list(feeForms))
	case !echo:
		return fmt.Errorf("reads.echo is %.40q: say one of %s", r.Echo, list([]Echo{EchoRequired, EchoIfPresent, EchoIgnored}))
	case p.Traits.ReferenceEchoed != (r.Echo == EchoRequired):
		return errors.New(`traits.reference_echoed and reads.echo contradict each other: true goes with echo = "required", false with the others`)
	case p.Traits.FeeIDs && !r.Fees.ids():
		return fmt.Errorf("traits.fee_ids is true, and reads.fees = %q tells no ids: set fee_ids to false, or say how the ids are read", r.Fees)
	case !p.Traits.FeeIDs && r.Fees.ids():
		return fmt.Errorf(`traits.fee_ids is false, and reads.fees = %q is for ids: set fee_ids to true, or fees to "total"`, r.Fees)
	case p.Traits.FeeIDs && !slices.Contains(idForms, r.ID):
		return fmt.Errorf("reads.id is %.40q: say one of %s", r.ID, list(idForms))
	case !p.Traits.FeeIDs && r.ID != "":
		return errors.New("reads.id is set, and traits.fee_ids is false: take reads.id out")
	case r.Number != "" && !isField(r.Number):
		return fmt.Errorf("reads.number is %.10q, and is no field of an answer: a capital, then a capital or a digit", r.Number)
	case r.Number == "BK" && r.Echo != EchoIgnored:
		return errors.New(`reads.number is "BK", and reads.echo takes BK for our reference: set echo to "ignored"`)
	case slices.Contains([]string{"AA", "AO", "AF", "AG"}, r.Number):
		return fmt.Errorf("reads.number is %q, which holds something else: name the field with the number", r.Number)
	}
	return nil
}

func (p Profile) checkParts() error {
	at := p.Reads.Fee
	if p.Reads.Fees != Groups && p.Reads.Fees != Marked {
		if at.Separator+at.Begin+at.ID+at.Balance != "" || len(at.Description) > 0 {
			return fmt.Errorf("reads.fee is for reads.fees = %q and %q: take it out", Groups, Marked)
		}
		return nil
	}
	parts := append([]string{at.ID, at.Balance}, at.Description...)
	keys := []string{"id", "balance"}
	for i := range at.Description {
		keys = append(keys, fmt.Sprintf("description[%d]", i))
	}
	if at.Begin != "" && at.Begin != at.ID {
		parts, keys = append(parts, at.Begin), append(keys, "begin")
	}
	switch marked := p.Reads.Fees == Marked; {
	case marked && at.Begin != "":
		return errors.New("reads.fee.begin is for groups, and here each AV is one fee: take it out")
	case marked && (len(at.Separator) != 1 || at.Separator < "!" || at.Separator > "~" || at.Separator == "|" || isWord(at.Separator)):
		return errors.New(`reads.fee.separator is not one sign: say which stands between the pieces, separator = "^"`)
	case !marked && at.Separator != "":
		return errors.New("reads.fee.separator is for marked pieces, and groups are fields: take it out")
	}
	for i, part := range parts {
		switch {
		case part == "":
			return fmt.Errorf("reads.fee.%s is missing: say where it stands", keys[i])
		case p.Reads.Fees == Groups && (!isField(part) || part == "AA" || part == "BV"):
			return fmt.Errorf("reads.fee.%s is %.10q, and is no field of a group: a capital, then a capital or a digit", keys[i], part)
		case p.Reads.Fees == Marked && !isWord(part):
			return fmt.Errorf("reads.fee.%s is %.10q, and is no mark: letters and digits", keys[i], part)
		}
		for j, other := range parts[:i] {
			if part == other || p.Reads.Fees == Marked && (strings.HasPrefix(part, other) || strings.HasPrefix(other, part)) {
				return fmt.Errorf("reads.fee.%s and reads.fee.%s cannot be told apart: give each its own", keys[j], keys[i])
			}
		}
	}
	return nil
}

func (p Profile) checkSends() error {
	s := p.Sends
	names := false
	for _, e := range s.Extra {
		names = names || strings.Contains(e.Value, "{fee}")
	}
	switch {
	case len(s.FeeType) != 2 || !isWord(string(s.FeeType)):
		return fmt.Errorf(`sends.fee_type is %.10q: two digits, fee_type = "01"`, s.FeeType)
	case len(s.PaymentType) != 2 || !isWord(string(s.PaymentType)):
		return fmt.Errorf(`sends.payment_type is %.10q: two characters as the library has set them up, payment_type = "02"`, s.PaymentType)
	case p.Traits.FeeIDs && s.FeeID != InCG && s.FeeID != InExtra:
		return fmt.Errorf("sends.fee_id is %.10q: say where a posting names its fee, %s", s.FeeID, list([]FeePlace{InCG, InExtra}))
	case !p.Traits.FeeIDs && s.FeeID != "":
		return errors.New("sends.fee_id is set, and traits.fee_ids is false: take sends.fee_id out")
	case !p.Traits.FeeIDs && names:
		return errors.New("sends.extra names a {fee}, and traits.fee_ids is false: take it out")
	case s.FeeID == InExtra && !names:
		return errors.New(`sends.fee_id is "extra", and no field of sends.extra names the {fee}: add one`)
	}
	seen := map[string]bool{}
	for i, e := range s.Extra {
		key := fmt.Sprintf("sends.extra[%d]", i)
		switch {
		case !isField(e.ID):
			return fmt.Errorf("%s.id is %.10q, and is no field: a capital, then a capital or a digit", key, e.ID)
		case slices.Contains([]string{"BV", "CG", "BK", "AO", "AA", "AC", "AD"}, e.ID):
			return fmt.Errorf("%s.id is %q, which every Fee Paid has: take it out", key, e.ID)
		case seen[e.ID]:
			return fmt.Errorf("%s.id is %q once more: one field of each", key, e.ID)
		case e.Value == "" || len(e.Value) > 100:
			return fmt.Errorf("%s.value is empty or longer than 100 characters: say what is to be sent", key)
		}
		seen[e.ID] = true
		for _, fee := range sampleIDs[p.Reads.ID] {
			if _, err := e.field(ils.Leg{Reference: "0000-000000-00", Fee: fee, Amount: money.Of(100, "EUR")}); err != nil {
				return fmt.Errorf("%s.value %w", key, err)
			}
		}
	}
	return nil
}

// sampleIDs are ids that show whether a text around an id can be taken for AY or AZ. Without ids there is one try.
var sampleIDs = map[IDForm][]string{"": {""}, Digits: {"0"}, UUID: {"0"}, Word: {"0", "A", "Y", "Z"}}

// field is the field as it goes out with a leg. The error says what in it would break the message.
func (e Extra) field(leg ils.Leg) (wire.Field, error) {
	values := map[string]string{"fee": leg.Fee, "amount": leg.Amount.Text(), "reference": leg.Reference}
	var text strings.Builder
	for rest := e.Value; ; {
		plain, after, more := strings.Cut(rest, "{")
		text.WriteString(plain)
		if !more {
			break
		}
		name, behind, closed := strings.Cut(after, "}")
		value, known := values[name]
		if !closed || !known {
			return wire.Field{}, errors.New("has a brace that is none of {fee}, {amount} and {reference}: mend or take out")
		}
		text.WriteString(value)
		rest = behind
	}
	f := wire.Field{ID: e.ID, Value: text.String()}
	switch said := f.ID + f.Value; {
	case strings.ContainsFunc(said, func(r rune) bool { return r < ' ' || r > '~' || r == '|' }):
		return wire.Field{}, errors.New("holds the delimiter or another character that may not stand in a field: take it out")
	case strings.Contains(said, "AY"), strings.Contains(said, "AZ"):
		return wire.Field{}, errors.New("makes AY or AZ, which some library systems take for the checksum: say it in another way")
	}
	return f, nil
}

// isField says whether id can be the identifier of a field of a make's own.
func isField(id string) bool {
	return len(id) == 2 && id[0] >= 'A' && id[0] <= 'Z' && (id[1] >= 'A' && id[1] <= 'Z' || digits(id[1:])) && id != "AY" && id != "AZ"
}

// isWord says whether text is of letters and digits only.
func isWord(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

// list names the words that a key may have.
func list[T ~string](words []T) string {
	var quoted []string
	for _, w := range words {
		quoted = append(quoted, fmt.Sprintf("%q", string(w)))
	}
	return strings.Join(quoted, ", ")
}
