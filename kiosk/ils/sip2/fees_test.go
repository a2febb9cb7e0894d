package sip2

import (
	"strings"
	"testing"

	"selfpay/device/money"
	"selfpay/sip"
	"selfpay/sip/wire"
)

func builtIn(t testing.TB, name string) Profile {
	t.Helper()
	p, err := FindProfile(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// information is an answer to Patron Information with this total of fees and these fields.
func information(t *testing.T, total, fields string) sip.PatronInformationResponse {
	t.Helper()
	m, err := wire.Format{}.Parse([]byte("64              00120240501    101530" + strings.Repeat("0000", 6) + fields))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := sip.ParsePatronInformationResponse(m)
	if err != nil {
		t.Fatal(err)
	}
	answer.Fees = total
	return answer
}

func TestFeesAreReadExactlyOrNotAtAll(t *testing.T) {
	for _, c := range []struct {
		name, profile, total string
		count                int
		lines                []string
		currency             string
		want                 string // total, and fees as id=balance; empty: unreadable
	}{
		{name: "two fees", profile: "koha", total: "15.50", count: 2, lines: []string{"104 Lost Item 12.50", "105 Late 3.00"}, want: "15.50 104=12.50 105=3.00"},
		{name: "whole amounts", profile: "koha", total: "5", count: 1, lines: []string{"104 Card 5"}, want: "5.00 104=5.00"},
		{name: "nothing owed", profile: "koha", count: 0, want: "0.00"},
		{name: "a zero without decimals", profile: "koha", total: "0", count: 0, want: "0.00"},
		{name: "a zero with decimals", profile: "koha", total: "0.00", count: 0, want: "0.00"},
		{name: "Koha 19.06 as measured", profile: "koha", total: "28.77", count: 2, lines: []string{"103 L Lost Item: Die Vermessung der Welt 17.77", "104 A Account management fee 11"}, want: "28.77 103=17.77 104=11.00"},
		{name: "padded to BQ", profile: "koha", total: "3", count: 1, lines: append([]string{"105 Late 3.00"}, strings.Split(strings.Repeat(" ,", 17), ",")...), want: "3.00 105=3.00"},
		{name: "a decimal comma in front of one digit", profile: "koha", total: "3,1", count: 1, lines: []string{"105 Late 3,1"}, want: "3.10 105=3.10"},
		{name: "a comma that may group", profile: "koha", total: "1,234", count: 1, lines: []string{"105 Late 1,234"}},
		{name: "both signs", profile: "koha", total: "1.234,50", count: 1, lines: []string{"105 Late 1.234,50"}},
		{name: "a sign in front of the amount", profile: "koha", total: "$3.00", count: 1, lines: []string{"105 Late $3.00"}},
		{name: "blank entries", profile: "koha", total: "3", count: 1, lines: []string{"105 Late 3.00", " ", ""}, want: "3.00 105=3.00"},
		{name: "count not said", profile: "koha", total: "3", count: sip.Unknown, lines: []string{"105 Late 3.00"}, want: "3.00 105=3.00"},
		{name: "decimal comma", profile: "koha", total: "3,10", count: 1, lines: []string{"105 Late 3,10"}, want: "3.10 105=3.10"},
		{name: "sum is not the total", profile: "koha", total: "15.51", count: 2, lines: []string{"104 Lost Item 12.50", "105 Late 3.00"}},
		{name: "credit hides the total", profile: "koha", count: 1, lines: []string{"105 Late 3.00"}},
		{name: "total without fees", profile: "koha", total: "3.00", count: 0},
		{name: "a fee is missing", profile: "koha", total: "3.00", count: 2, lines: []string{"105 Late 3.00"}},
		{name: "no id", profile: "koha", total: "3.00", count: 1, lines: []string{"Late 3.00"}},
		{name: "no amount", profile: "koha", total: "3.00", count: 1, lines: []string{"105 Late"}},
		{name: "one word", profile: "koha", total: "3.00", count: 1, lines: []string{"3.00"}},
		{name: "three decimals", profile: "koha", total: "3.005", count: 1, lines: []string{"105 Late 3.005"}},
		{name: "grouping", profile: "koha", total: "1234.50", count: 1, lines: []string{"105 Late 1,234.50"}},
		{name: "a credit line", profile: "koha", total: "0.00", count: 2, lines: []string{"105 Late 3.00", "106 Credit -3.00"}},
		{name: "the same id twice", profile: "koha", total: "6.00", count: 2, lines: []string{"105 Late 3.00", "105 Late 3.00"}},
		{name: "another currency", profile: "koha", total: "3.00", count: 1, lines: []string{"105 Late 3.00"}, currency: "USD"},
		{name: "total only", profile: "generic", total: "28.75", count: 2, lines: []string{"anything", "3.00"}, currency: "EUR", want: "28.75"},
		{name: "nothing said, nothing owed", profile: "generic", count: 0, want: "0.00"},
		{name: "fees without a total", profile: "generic", count: 1, lines: []string{"something 3.00"}},
		{name: "fees counted without a total", profile: "generic", count: 1},
		{name: "3m", profile: "evergreen", total: "15.50", count: 2, lines: []string{`104 $12.50 "LOST" The "Hobbit" 3 / Tolkien`, `105 $3.00 "FINE" `}, want: "15.50 104=12.50 105=3.00"},
		{name: "swyer_b", profile: "evergreen", total: "15.50", count: 2, lines: []string{"Charge-Number: 104, Amount-Due: 12.50, Fine-Type: LOST, Title: Hobbit, The", "Charge-Number: 105, Amount-Due: 3.00, Fine-Type: FEE, Title: "}, want: "15.50 104=12.50 105=3.00"},
		{name: "nothing owed at Evergreen", profile: "evergreen", count: 0, want: "0.00"},
		{name: "two forms at once", profile: "evergreen", total: "15.50", count: 2, lines: []string{`104 $12.50 "LOST" x`, "Charge-Number: 105, Amount-Due: 3.00, Fine-Type: FEE, Title: x"}},
		{name: "eg_legacy where ids are wanted", profile: "evergreen", total: "12.50", count: 1, lines: []string{"12.50 Lost Materials The Hobbit"}},
		{name: "another kind", profile: "evergreen", total: "12.50", count: 1, lines: []string{`104 $12.50 "GIFT" x`}},
		{name: "no id before the amount", profile: "evergreen", total: "12.50", count: 1, lines: []string{` $12.50 "LOST" x`}},
		{name: "two words before the amount", profile: "evergreen", total: "12.50", count: 1, lines: []string{`xact 104 $12.50 "LOST" x`}},
		{name: "an amount in another form", profile: "evergreen", total: "1234.50", count: 1, lines: []string{`104 $1,234.50 "LOST" x`}},
		{name: "a negative amount", profile: "evergreen", total: "0.00", count: 2, lines: []string{`104 $-3.00 "LOST" x`, `105 $3.00 "LOST" x`}},
		{name: "3m without a total", profile: "evergreen", count: 1, lines: []string{`104 $12.50 "LOST" x`}},
		{name: "3m with another total", profile: "evergreen", total: "12.51", count: 1, lines: []string{`104 $12.50 "LOST" x`}},
		{name: "eg_legacy", profile: "evergreen-legacy", total: "15.50", count: 2, lines: []string{"12.50 Lost Materials The Hobbit / Tolkien", "3.00 Overdue materials Dune"}, want: "15.50 =12.50 =3.00"},
		{name: "eg_legacy with another total", profile: "evergreen-legacy", total: "15.00", count: 2, lines: []string{"12.50 Lost x", "3.00 Overdue x"}},
		{name: "eg_legacy twice the same", profile: "evergreen-legacy", total: "6.00", count: 2, lines: []string{"3.00 Overdue x", "3.00 Overdue x"}, want: "6.00 =3.00 =3.00"},
		{name: "eg_legacy without amount", profile: "evergreen-legacy", total: "3.00", count: 1, lines: []string{"Overdue 3.00"}},
		{name: "eg_legacy, a fee is missing", profile: "evergreen-legacy", total: "3.00", count: 2, lines: []string{"3.00 Overdue x"}},
		{name: "fsip2's list where groups are wanted", profile: "folio", total: "24.60", count: 1, lines: []string{`0bab56e5-1ab6-4ac2-afdf-8b2df0434378 24.60 "Lost" Momo`}},
		{name: "CARL.X", profile: "carlx", total: "15.50", count: 2, lines: []string{"I#1700104^TThe Hobbit^F12.50^SManual", "SLost - fee charged^1 2024^F3.00^I31^X"}, want: "15.50 #1700104=12.50 31=3.00"},
		{name: "CARL.X, nothing owed", profile: "carlx", total: "0.00", count: 0, want: "0.00"},
		{name: "CARL.X, a lost item and its processing fee with one id", profile: "carlx", total: "15.50", count: 2, lines: []string{"I31^F12.50^SLost", "I31^F3.00^SProcessing"}},
		{name: "CARL.X, nothing said at all", profile: "carlx", count: sip.Unknown},
		{name: "Koha, nothing said at all", profile: "koha", count: sip.Unknown, want: "0.00"},
		{name: "CARL.X with another total", profile: "carlx", total: "12.51", count: 1, lines: []string{"I31^F12.50"}},
		{name: "CARL.X without a total", profile: "carlx", count: 1, lines: []string{"I31^F12.50"}},
		{name: "CARL.X, a fee is missing", profile: "carlx", total: "12.50", count: 2, lines: []string{"I31^F12.50"}},
		{name: "CARL.X without a balance", profile: "carlx", total: "12.50", count: 1, lines: []string{"I31^TDune"}},
		{name: "CARL.X without an id", profile: "carlx", total: "12.50", count: 1, lines: []string{"F12.50^TDune"}},
		{name: "CARL.X, two ids", profile: "carlx", total: "12.50", count: 1, lines: []string{"I31^F12.50^I32"}},
		{name: "CARL.X, the same id twice", profile: "carlx", total: "12.50", count: 1, lines: []string{"I31^F12.50^I31"}},
		{name: "CARL.X, two balances", profile: "carlx", total: "12.50", count: 1, lines: []string{"I31^F12.50^F12.50"}},
		{name: "CARL.X, nothing left and then something", profile: "carlx", total: "12.50", count: 1, lines: []string{"I31^F0.00^F12.50"}},
		{name: "CARL.X, nothing left", profile: "carlx", total: "0.00", count: 1, lines: []string{"I31^F0.00"}},
		{name: "CARL.X, an id of two words", profile: "carlx", total: "12.50", count: 1, lines: []string{"I31 32^F12.50"}},
		{name: "an id that a server may take for the checksum", profile: "carlx", total: "12.50", count: 1, lines: []string{"I3AZ1^F12.50"}},
		{name: "an id that a server may take for the sequence number", profile: "carlx", total: "12.50", count: 1, lines: []string{"I3AY1^F12.50"}},
		{name: "an id of more than 40 characters", profile: "carlx", total: "12.50", count: 1, lines: []string{"I" + strings.Repeat("1", 41) + "^F12.50"}},
		{name: "total only, nothing said at all", profile: "generic", count: sip.Unknown},
		{name: "total only, no fee and no total", profile: "generic", count: 0, want: "0.00"},
		{name: "total with words", profile: "generic", total: "EUR 3.00", count: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			profile, err := FindProfile(c.profile)
			if err != nil {
				t.Fatal(err)
			}
			fees, total, err := profile.read(sip.PatronInformationResponse{FineItems: c.count, Fines: c.lines, Fees: c.total, Currency: sip.Currency(c.currency)}, "EUR")
			if (err == nil) != (c.want != "") {
				t.Fatal(err)
			}
			got := total.Text()
			for _, f := range fees {
				got += " " + f.ID + "=" + f.Balance.Text()
			}
			if err == nil && got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			for _, line := range c.lines {
				if err != nil && strings.TrimSpace(line) != "" && strings.Contains(err.Error(), line) {
					t.Errorf("the error quotes the account: %v", err)
				}
			}
		})
	}
}

func TestACommaThatMayGroupIsRefusedWhereThereAreThreeDecimals(t *testing.T) {
	profile := builtIn(t, "koha")
	for amount, want := range map[string]int64{"1.234": 1234, "1,2": 1200, "1,234": 0, "1,234.500": 0} {
		_, total, err := profile.read(sip.PatronInformationResponse{FineItems: 1, Fines: []string{"105 Late " + amount}, Fees: amount}, "KWD")
		if (err == nil) != (want > 0) || err == nil && total.Minor != want {
			t.Errorf("%s: %v %v", amount, total, err)
		}
	}
}

// FA is the balance of a group in FOLIO; Polaris sends an FA of its own, Evergreen and Polaris different PA.
func TestFieldsOfAnotherMakeAreNotRead(t *testing.T) {
	for _, name := range Profiles() {
		profile := builtIn(t, name)
		if profile.Reads.Fees == Groups {
			continue
		}
		m, err := wire.Format{}.Parse([]byte("64              00120240501    101530" + strings.Repeat("0000", 6) + "AAP1|BV0.00|FA7.00|PA20300101|CG9|FG1|CTmain|"))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := sip.ParsePatronInformationResponse(m)
		if err != nil {
			t.Fatal(err)
		}
		if fees, total, err := profile.read(answer, "EUR"); err != nil || len(fees) != 0 || total.Minor != 0 {
			t.Errorf("%s: %v %v %v", name, fees, total, err)
		}
	}
}

func TestFOLIOsGroupsAreReadInTheirOrder(t *testing.T) {
	const a, b = "0bab56e5-1ab6-4ac2-afdf-8b2df0434378", "1bab56e5-1ab6-4ac2-afdf-8b2df0434378"
	for name, c := range map[string]struct{ total, fields, want string }{
		"two":                        {"1,259.10", "AVb1|AVb2|CG" + a + "|FA24.60|FBb1|FC01.05.2024|FDMomo|FEx|FFLost|CG" + b + "|FA1,234.50|FBb2|FDDune|FFOverdue|", "1259.10 " + a + "=24.60(Momo Lost) " + b + "=1234.50(Dune Overdue)"},
		"without barcode and title":  {"3.00", "CG" + a + "|FA3.00|", "3.00 " + a + "=3.00()"},
		"nothing":                    {"0.00", "", "0.00"},
		"nothing said":               {"", "", "0.00"},
		"a stranger between":         {"3.00", "CG" + a + "|XXy|FA3.00|AFhello|", "3.00 " + a + "=3.00()"},
		"another total":              {"3.01", "CG" + a + "|FA3.00|", ""},
		"no total":                   {"", "CG" + a + "|FA3.00|", ""},
		"a total without fees":       {"3.00", "AVb1|", ""},
		"no balance":                 {"3.00", "CG" + a + "|FDMomo|CG" + b + "|FA3.00|", ""},
		"no balance at the end":      {"3.00", "CG" + a + "|FA3.00|CG" + b + "|", ""},
		"two balances":               {"3.00", "CG" + a + "|FA1.00|FA2.00|", ""},
		"the last of two balances":   {"2.00", "CG" + a + "|FA1.00|FA2.00|", ""},
		"a balance before its fee":   {"3.00", "FA3.00|CG" + a + "|", ""},
		"no UUID":                    {"3.00", "CG104|FA3.00|", ""},
		"more than a UUID":           {"3.00", "CG" + a + "0|FA3.00|", ""},
		"UUID in capitals":           {"3.00", "CG" + strings.ToUpper(a) + "|FA3.00|", ""},
		"the same fee twice":         {"6.00", "CG" + a + "|FA3.00|CG" + a + "|FA3.00|", ""},
		"thousands grouped wrongly":  {"1234.50", "CG" + a + "|FA12,34.50|", ""},
		"thousands and no decimals":  {"1234.00", "CG" + a + "|FA1,234|", ""},
		"decimals of another locale": {"1234.50", "CG" + a + "|FA1.234,50|", ""},
		"nothing left":               {"0.00", "CG" + a + "|FA0.00|", ""},
	} {
		t.Run(name, func(t *testing.T) {
			profile := builtIn(t, "folio")
			answer := information(t, c.total, c.fields)
			fees, total, err := profile.read(answer, "EUR")
			got := total.Text()
			for _, f := range fees {
				got += " " + f.ID + "=" + f.Balance.Text() + "(" + f.Description + ")"
			}
			if (err == nil) != (c.want != "") || err == nil && got != c.want {
				t.Errorf("%s %v, want %s", got, err, c.want)
			}
		})
	}
}

// FuzzFees: whatever a library system lists, an account is refused or adds up, every fee is above zero, and with ids
// each has its own, in the form that the system gives.
func FuzzFees(f *testing.F) {
	const a = "0bab56e5-1ab6-4ac2-afdf-8b2df0434378"
	f.Add("15.50", "AV104 Lost 12.50|AV105 Late 3.00|", 2)
	f.Add("12.50", `AV104 $12.50 "LOST" x|`, 1)
	f.Add("12.50", "AVCharge-Number: 104, Amount-Due: 12.50, Fine-Type: LOST, Title: x|", 1)
	f.Add("12.50", "AV12.50 Lost x|", 1)
	f.Add("1,234.50", "CG"+a+"|FA1,234.50|", 1)
	f.Add("12.50", "AVI104^TMomo^F12.50^SLost|", 1)
	f.Add("12.50", "EK104|EA12.50|ETMomo|", 1)
	var profiles []Profile
	for _, name := range Profiles() {
		profiles = append(profiles, builtIn(f, name))
	}
	f.Fuzz(func(t *testing.T, total, fields string, count int) {
		m, err := wire.Format{}.Parse([]byte("64              00120240501    101530" + strings.Repeat("0000", 6) + fields))
		if err != nil {
			return
		}
		answer, err := sip.ParsePatronInformationResponse(m)
		if err != nil {
			return
		}
		answer.Fees, answer.FineItems = total, count
		for _, profile := range profiles {
			name := profile.Name
			fees, owed, err := profile.read(answer, "EUR")
			if err != nil {
				continue
			}
			if !profile.Traits.FeeIDs {
				for _, fee := range fees {
					if fee.ID != "" || fee.Balance.Minor <= 0 {
						t.Fatalf("%s: %+v", name, fee)
					}
				}
				continue
			}
			var sum int64
			seen := map[string]bool{}
			for _, fee := range fees {
				if seen[fee.ID] || !profile.goodID(fee.ID) || fee.Balance.Minor <= 0 {
					t.Fatalf("%s: %+v", name, fee)
				}
				seen[fee.ID] = true
				sum += fee.Balance.Minor
			}
			if sum != owed.Minor {
				t.Fatalf("%s: fees of %d, total %d", name, sum, owed.Minor)
			}
		}
	})
}

func TestTheLimitOfAnAccountIsKnownUnlessSomethingElseBlocksIt(t *testing.T) {
	for _, c := range []struct {
		said  string
		flags []int
		want  money.Amount
	}{
		{"5", nil, money.Of(500, "EUR")},
		{"15.00", []int{sip.ChargeDenied, sip.ExcessiveFines, sip.ExcessiveFees}, money.Of(1500, "EUR")},
		{"0", nil, money.Of(0, "EUR")},
		{"", nil, money.Amount{}},
		{"none", nil, money.Amount{}},
		{"5", []int{sip.TooManyOverdue}, money.Amount{}},
		{"5", []int{sip.CardLost}, money.Amount{}},
	} {
		answer := sip.PatronInformationResponse{FeeLimit: c.said}
		for _, f := range c.flags {
			answer.Status[f] = true
		}
		if got := builtIn(t, "generic").limit(answer, "EUR"); got != c.want {
			t.Errorf("CC%s with %v: %v, want %v", c.said, c.flags, got, c.want)
		}
	}
}
