package sip2

import (
	"strings"
	"testing"

	"selfpay/sip"
)

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
		{name: "total with words", profile: "generic", total: "EUR 3.00", count: 1},
	} {
		profile, ok := FindProfile(c.profile)
		if !ok {
			t.Fatal(c.profile)
		}
		fees, total, err := profile.read(sip.PatronInformationResponse{FineItems: c.count, Fines: c.lines, Fees: c.total, Currency: sip.Currency(c.currency)}, "EUR")
		if (err == nil) != (c.want != "") {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got := total.Text()
		for _, f := range fees {
			got += " " + f.ID + "=" + f.Balance.Text()
		}
		if err == nil && got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		for _, line := range c.lines {
			if err != nil && strings.TrimSpace(line) != "" && strings.Contains(err.Error(), line) {
				t.Errorf("%s: the error quotes the account: %v", c.name, err)
			}
		}
	}
}

func TestInitialsAreThreeLettersAtMost(t *testing.T) {
	for name, want := range map[string]string{"Müller, Anna Maria": "AMM", "Jo Doe": "JD", "Anna Maria Luise von Berg": "AML", "": "", "  ": "", "élan Ö": "ÉÖ",
		"(desk) 7 Jo": "J", "Doe,": "D"} {
		if got := initials(name); got != want {
			t.Errorf("initials(%q) = %q, want %q", name, got, want)
		}
	}
}
