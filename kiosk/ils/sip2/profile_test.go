package sip2

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/sip"
	"selfpay/sip/wire"
)

var rewrite = flag.Bool("rewrite", false, "write the profiles in testdata anew")

// keys are all keys of a TOML text, "traits.quiet".
func keys(t *testing.T, text []byte) []string {
	t.Helper()
	var all map[string]any
	meta, err := toml.Decode(string(text), &all)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, k := range meta.Keys() {
		found[k.String()] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// own writes a site's own profile.
func own(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "own.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// What is written from a profile is read as the same again, and each file says every key, so that nobody needs to know
// what an absent one means.
func TestEveryProfileIsWholeAndSurvivesWriting(t *testing.T) {
	var all bytes.Buffer
	for _, name := range Profiles() {
		p := builtIn(t, name)
		written, err := p.TOML()
		if err != nil {
			t.Fatal(err)
		}
		path := own(t, string(written))
		again, err := FindProfile(path)
		if err != nil {
			t.Fatal(err)
		}
		if again.Name != path || p.Name != name {
			t.Errorf("named %q and %q", p.Name, again.Name)
		}
		if again.Name = name; !reflect.DeepEqual(p, again) {
			t.Errorf("%s: written\n%s\nread\n%+v\nwas\n%+v", name, written, again, p)
		}
		text, err := profileFiles.ReadFile("profiles/" + name + ".toml")
		if err != nil {
			t.Fatal(err)
		}
		said := keys(t, text)
		for _, key := range keys(t, written) {
			if !slices.Contains(said, key) {
				t.Errorf("%s does not say %s", name, key)
			}
		}
		for _, part := range []string{"\n# The library sets up: ", "\n# Sent: ", "\n# Believed: ", "\n# Doubt: "} {
			if !strings.Contains(string(text), part) {
				t.Errorf("%s has no part %q", name, part)
			}
		}
		if !regexp.MustCompile(`measured|read: |unknown|inferred`).MatchString(p.Source) {
			t.Errorf("%s: the source %q says not how it is known", name, p.Source)
		}
		fmt.Fprintf(&all, "# %s\n\n%s\n", name, written)
	}
	const golden = "testdata/profiles.toml"
	if *rewrite {
		if err := os.WriteFile(golden, all.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(golden); err != nil || !bytes.Equal(want, all.Bytes()) {
		t.Errorf("the profiles are not those of %s any more (%v); if that is meant, run this test with -rewrite\n%s", golden, err, all.Bytes())
	}
}

func TestAProfileOfWhichNothingIsKnownIsAsCarefulAsGeneric(t *testing.T) {
	generic := builtIn(t, "generic")
	for _, name := range []string{"sierra", "symphony", "alma", "polaris", "aleph-std"} {
		if p := builtIn(t, name); p.Traits != generic.Traits || !reflect.DeepEqual(p.Sends, generic.Sends) || !reflect.DeepEqual(p.Reads, generic.Reads) {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if generic.Traits != (ils.Traits{Resend: true, Quiet: generic.Traits.Quiet}) || generic.Reads.Fees != TotalOnly || generic.Reads.Echo != EchoIfPresent {
		t.Errorf("generic: %+v", generic)
	}
}

func TestMistakesInAProfileNameTheKeyAndTheMend(t *testing.T) {
	for _, c := range []struct{ name, from, old, put, want string }{
		{"no such profile", "", "", "", "none of aleph-std, aleph-tpl, alma, carlx, evergreen, evergreen-legacy, folio, generic, koha"},
		{"a key that nobody knows", "koha", "fee_type =", "fee_typ =", "the key sends.fee_typ is not known"},
		{"a word for a truth", "koha", "partial = true", `partial = "yes"`, "traits.partial"},
		{"no make", "koha", `make = "Koha"`, "", "make is missing"},
		{"no source", "generic", `source = `, `source = "" #`, "source is missing"},
		{"no quiet time", "koha", "quiet = ", "# quiet = ", "traits.quiet is missing"},
		{"a quiet time without its unit", "koha", `quiet = "120s"`, "quiet = 120", `quiet = "120s"`},
		{"a reference that could be read", "koha", "reference_readable = false", "reference_readable = true", "traits.reference_readable is true"},
		{"another form of fees", "koha", `fees = "id-first"`, `fees = "sum"`, `reads.fees is "sum": say one of "total", "id-first"`},
		{"another echo", "koha", `echo = "required"`, `echo = "yes"`, `reads.echo is "yes": say one of "required"`},
		{"an echo that the traits deny", "koha", `echo = "required"`, `echo = "if-present"`, "traits.reference_echoed and reads.echo contradict"},
		{"an echo that the traits claim", "generic", `echo = "if-present"`, `echo = "required"`, "traits.reference_echoed and reads.echo contradict"},
		{"fee ids without a way to read them", "generic", "fee_ids = false", "fee_ids = true", `traits.fee_ids is true, and reads.fees = "total" tells no ids`},
		{"fee ids that are not used", "koha", "fee_ids = true", "fee_ids = false", `traits.fee_ids is false, and reads.fees = "id-first" is for ids`},
		{"no form of the ids", "koha", `id = "digits"`, "", `reads.id is "": say one of "digits", "uuid", "any"`},
		{"a form of ids where there are none", "generic", "zero_unsaid", "id = \"any\"\nzero_unsaid", "take reads.id out"},
		{"a number of the booking in no field", "carlx", `number = "BK"`, `number = "bk"`, "reads.number"},
		{"a number of the booking in the patron's field", "carlx", `number = "BK"`, `number = "AA"`, "reads.number"},
		{"a number where the reference is", "koha", "zero_unsaid", "number = \"BK\"\nzero_unsaid", `set echo to "ignored"`},
		{"parts where there are none", "koha", "[reads]", "[reads.fee]\nid = \"CG\"\nbalance = \"FA\"\ndescription = []\n[reads]", "take it out"},
		{"no id in a group", "folio", `id = "CG"`, "", "reads.fee.id is missing"},
		{"no balance in a group", "folio", `balance = "FA"`, "", "reads.fee.balance is missing"},
		{"an empty description", "folio", `"FD"`, `""`, "reads.fee.description[0] is missing"},
		{"a group that begins nowhere", "aleph-tpl", `begin = "EK"`, `begin = "ek"`, "reads.fee.begin"},
		{"a group in the patron's field", "folio", `balance = "FA"`, `balance = "BV"`, "reads.fee.balance"},
		{"id and balance in one field", "folio", `balance = "FA"`, `balance = "CG"`, "reads.fee.id and reads.fee.balance cannot be told apart"},
		{"two descriptions in one field", "folio", `"FF"`, `"FD"`, "cannot be told apart"},
		{"a separator in groups", "folio", `id = "CG"`, "separator = \"^\"\nid = \"CG\"", "reads.fee.separator"},
		{"no separator", "carlx", `separator = "^"`, "", "reads.fee.separator is not one sign"},
		{"a letter that separates", "carlx", `separator = "^"`, `separator = "x"`, "reads.fee.separator is not one sign"},
		{"a delimiter that separates", "carlx", `separator = "^"`, `separator = "|"`, "reads.fee.separator is not one sign"},
		{"a beginning of marked pieces", "carlx", `id = "I"`, "begin = \"I\"\nid = \"I\"", "reads.fee.begin is for groups"},
		{"a mark that begins another", "carlx", `balance = "F"`, `balance = "IF"`, "cannot be told apart"},
		{"a mark that another begins", "carlx", `id = "I"`, `id = "FI"`, "cannot be told apart"},
		{"a mark of other signs", "carlx", `balance = "F"`, `balance = "$"`, "reads.fee.balance"},
		{"a fee type of three", "koha", `fee_type = "01"`, `fee_type = "001"`, "sends.fee_type"},
		{"a payment type with a delimiter", "koha", `payment_type = "02"`, `payment_type = "0|"`, "sends.payment_type"},
		{"no place for the fee", "koha", `fee_id = "CG"`, "", `sends.fee_id is "": say where`},
		{"a place for no fee", "generic", `payment_type`, "fee_id = \"CG\"\npayment_type", "take sends.fee_id out"},
		{"a fee that nobody names", "aleph-tpl", `value = "{fee}"`, `value = "1"`, `no field of sends.extra names the {fee}`},
		{"a fee where there is none", "generic", "[reads]", "[[sends.extra]]\nid = \"EK\"\nvalue = \"{fee}\"\n[reads]", "sends.extra names a {fee}"},
		{"a second amount", "aleph-tpl", `id = "BZ"`, `id = "BV"`, `sends.extra[0].id is "BV", which every Fee Paid has`},
		{"a second patron", "aleph-tpl", `id = "BZ"`, `id = "AA"`, "sends.extra[0].id"},
		{"a second reference", "aleph-tpl", `id = "BZ"`, `id = "BK"`, "sends.extra[0].id"},
		{"a checksum of its own", "aleph-tpl", `id = "BZ"`, `id = "AZ"`, "sends.extra[0].id"},
		{"a sequence number of its own", "aleph-tpl", `id = "BZ"`, `id = "AY"`, "sends.extra[0].id"},
		{"a field of three letters", "aleph-tpl", `id = "BZ"`, `id = "BZZ"`, "sends.extra[0].id"},
		{"one field twice", "aleph-tpl", `id = "BZ"`, `id = "EK"`, "sends.extra[1].id"},
		{"nothing to send", "aleph-tpl", `value = "{amount}"`, `value = ""`, "sends.extra[0].value is empty"},
		{"too much to send", "aleph-tpl", `"{amount}"`, `"` + strings.Repeat("1", 101) + `"`, "sends.extra[0].value"},
		{"a word in braces that nobody knows", "aleph-tpl", `"{amount}"`, `"{total}"`, "sends.extra[0].value has a brace"},
		{"a brace that is not closed", "aleph-tpl", `"{amount}"`, `"{amount"`, "sends.extra[0].value has a brace"},
		{"a delimiter", "aleph-tpl", `"{amount}"`, `"1|AA2"`, "sends.extra[0].value holds the delimiter"},
		{"a line end", "aleph-tpl", `"{amount}"`, `"1\r37"`, "sends.extra[0].value holds the delimiter"},
		{"another alphabet", "aleph-tpl", `"{amount}"`, `"é"`, "sends.extra[0].value holds"},
		{"a checksum", "aleph-tpl", `"{amount}"`, `"AZ0000"`, "sends.extra[0].value makes AY or AZ"},
		{"a sequence number", "aleph-tpl", `"{amount}"`, `"AY1"`, "sends.extra[0].value makes AY or AZ"},
		{"a checksum with its field", "aleph-tpl", `id = "BZ", value = "{amount}"`, `id = "BA", value = "Z{amount}"`, "sends.extra[0].value makes AY or AZ"},
		{"a checksum that an id completes", "aleph-tpl", `"{fee}"`, `"A{fee}"`, "sends.extra[1].value makes AY or AZ"},
		{"a checksum behind an id", "aleph-tpl", `"{fee}"`, `"{fee}Z"`, "sends.extra[1].value makes AY or AZ"},
		{"no TOML", "koha", "[reads]", "[reads", "line"},
	} {
		t.Run(c.name, func(t *testing.T) {
			name := "kohl"
			if c.from != "" {
				text, err := profileFiles.ReadFile("profiles/" + c.from + ".toml")
				if err != nil || !strings.Contains(string(text), c.old) {
					t.Fatalf("%s has no %s: %v", c.from, c.old, err)
				}
				at := strings.LastIndex(string(text), c.old)
				name = own(t, string(text[:at])+c.put+string(text[at+len(c.old):]))
			}
			if _, err := FindProfile(name); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("FindProfile = %v, want a word on %s", err, c.want)
			}
		})
	}
}

func TestAWrongProfileIsNotWritten(t *testing.T) {
	p := builtIn(t, "koha")
	p.Reads.Fees = TotalOnly
	if text, err := p.TOML(); err == nil || text != nil {
		t.Errorf("TOML = %s, %v", text, err)
	}
}

func TestAGroupMayBeginBeforeItsID(t *testing.T) {
	p := builtIn(t, "aleph-tpl")
	p.Reads.Fee = Parts{Begin: "EI", ID: "EK", Balance: "EA", Description: []string{"ET"}}
	for name, c := range map[string]struct{ total, fields, want string }{
		"two":                      {"15.50", "EI1|EK104|EA12.50|ETMomo|EI2|ETDune|EA3.00|EK105|", "104=12.50(Momo) 105=3.00(Dune)"},
		"no id":                    {"12.50", "EI1|EA12.50|", ""},
		"no id in the first":       {"15.50", "EI1|EA12.50|EI2|EK105|EA3.00|", ""},
		"no balance":               {"12.50", "EI1|EK104|", ""},
		"two ids":                  {"12.50", "EI1|EK104|EK105|EA12.50|", ""},
		"an id before its group":   {"12.50", "EK104|EI1|EA12.50|", ""},
		"an id in front of all":    {"12.50", "EK103|EI1|EK104|EA12.50|", ""},
		"a balance in front":       {"12.50", "EA12.50|EI1|EK104|EA12.50|", ""},
		"a description in front":   {"12.50", "ETx|EI1|EK104|EA12.50|", "104=12.50()"},
		"an id for the checksum":   {"12.50", "EI1|EK1AZ|EA12.50|", ""},
		"an amount in other words": {"12.50", "EI1|EK104|EAEUR 12.50|", ""},
		"nothing owed":             {"0.00", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			answer := information(t, c.total, c.fields)
			fees, _, err := p.read(answer, "EUR")
			var got []string
			for _, f := range fees {
				got = append(got, f.ID+"="+f.Balance.Text()+"("+f.Description+")")
			}
			if name == "no balance" && !strings.Contains(fmt.Sprint(err), "there is no balance") {
				t.Errorf("what is missing is not said: %v", err)
			}
			if (err == nil) != (c.want != "" || c.fields == "") || err == nil && strings.Join(got, " ") != c.want {
				t.Errorf("%v %v, want %s", got, err, c.want)
			}
		})
	}
}

// FuzzExtra: whatever a profile wants to be sent and whatever a fee is called, the message is refused or stays whole:
// the same fields, a patron at its end, and no AY or AZ but those of its end.
func FuzzExtra(f *testing.F) {
	f.Add("EK", "{fee}", "104")
	f.Add("BA", "Z{amount}", "104")
	f.Add("BZ", "x{reference}|{", "A|")
	f.Add("EA", "{fee}{fee}", "ZA")
	aleph := builtIn(f, "aleph-tpl")
	f.Fuzz(func(t *testing.T, id, value, fee string) {
		p := aleph
		p.Sends.Extra = append(slices.Clone(p.Sends.Extra), Extra{ID: id, Value: value})
		leg := ils.Leg{Reference: "4821-000123-01", Fee: fee, Amount: money.Of(1250, "EUR")}
		if p.check() != nil || !p.goodID(fee) {
			return
		}
		var fields []wire.Field
		for _, e := range p.Sends.Extra {
			field, err := e.field(leg)
			if err != nil {
				return
			}
			fields = append(fields, field)
		}
		paid := sip.FeePaid{FeeType: "01", PaymentType: "02", Currency: "EUR", Amount: "12.50", Patron: "20017", Transaction: leg.Reference,
			At: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), Received: sip.Received{Fields: fields}}
		m, err := paid.Encode()
		if err != nil {
			t.Fatal(err)
		}
		m.Sequence, m.Checksum = 3, wire.OK
		line, err := wire.Format{}.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(line, []byte("AZ")) + bytes.Count(line, []byte("AY")); n != 2 {
			t.Fatalf("%q has %d AY and AZ", line, n)
		}
		back, err := wire.Format{}.Parse(bytes.TrimSuffix(line, []byte("\r")))
		if err != nil || back.Checksum != wire.OK || !slices.Equal(back.Fields, m.Fields) || back.Fields[len(back.Fields)-1].ID != "AA" {
			t.Fatalf("%q is read as %v %v", line, back.Fields, err)
		}
	})
}

// docs/routes/sip2.md has a row for every profile, and its example can be copied.
func TestTheDocumentNamesEveryProfileAndItsExampleIsOne(t *testing.T) {
	text, err := os.ReadFile("../../../docs/routes/sip2.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Profiles() {
		if !strings.Contains(string(text), "\n| `"+name+"` | ") {
			t.Errorf("no row for %s", name)
		}
	}
	for _, form := range feeForms {
		if !strings.Contains(string(text), "\n| `"+string(form)+"` | ") {
			t.Errorf("no row for the form %s", form)
		}
	}
	_, rest, _ := strings.Cut(string(text), "```toml\n")
	example, _, found := strings.Cut(rest, "```\n")
	if !found {
		t.Fatal("no example")
	}
	if _, err := FindProfile(own(t, example)); err != nil {
		t.Error(err)
	}
}
