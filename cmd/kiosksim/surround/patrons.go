package surround

import (
	"fmt"

	"selfpay/sip/acs"
)

// patrons are the people of the simulated library. The first eight owe payable fees and need no PIN; then come one
// with a PIN, one who owes nothing, one who owes more than the kiosk's maximum and one who is blocked.
func patrons() []acs.Patron {
	fee := 100
	owes := func(minor ...int64) []acs.Fee {
		titles := []string{"Overdue: Die Vermessung der Welt", "Lost item: Momo", "Reservation: Der Zauberberg", "Overdue: Tintenherz"}
		var fees []acs.Fee
		for i, m := range minor {
			fee++
			fees = append(fees, acs.Fee{ID: fmt.Sprint(fee), Description: titles[i%len(titles)], OutstandingMinor: m})
		}
		return fees
	}
	name := []string{"Anna Müller", "Jonas Weiß", "Zoë Schröder", "Mehmet Yılmaz", "Ines Groß", "Paul Öztürk", "Lea König", "Tom Jäger",
		"Nora Frei", "Ida Null", "Max Viel", "Uli Sperr"}
	owed := [][]int64{{250, 1000}, {1250}, {300, 450, 75}, {500}, {120, 80}, {2000}, {99}, {1575, 425}, {640}, nil, {30_000}, {1_000}}
	var all []acs.Patron
	for i, n := range name {
		p := acs.Patron{Card: fmt.Sprintf("200170000%05d", 10001+i), Name: n, Fees: owes(owed[i]...)}
		switch i {
		case 8:
			p.PIN = "58204711"
		case 11:
			p.Blocked = true
		}
		all = append(all, p)
	}
	return all
}
