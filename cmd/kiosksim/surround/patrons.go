package surround

import (
	"fmt"

	"selfpay/kiosk/ils/rest/resttest"
	"selfpay/sip/acs"
)

// accounts are the people of the simulated library. The first eight owe payable fees and need no PIN; then come one with a
// PIN, one who owes nothing, one who owes more than the kiosk's maximum and one who is blocked. The third owes to two
// branches, where the library system tells them apart. Every fee is so many times as high as usual.
func accounts(times int64) []resttest.Patron {
	fee := 100
	owes := func(minor ...int64) []resttest.Fee {
		titles := []string{"Overdue: Die Vermessung der Welt", "Lost item: Momo", "Reservation: Der Zauberberg", "Overdue: Tintenherz"}
		var fees []resttest.Fee
		for i, m := range minor {
			fee++
			f := resttest.Fee{ID: fmt.Sprint(fee), Branch: mainBranch, Description: titles[i%len(titles)], OutstandingMinor: m * times}
			if len(minor) == 3 && i > 0 {
				f.Branch = lawBranch
			}
			fees = append(fees, f)
		}
		return fees
	}
	name := []string{"Anna Müller", "Jonas Weiß", "Zoë Schröder", "Mehmet Yılmaz", "Ines Groß", "Paul Öztürk", "Lea König", "Tom Jäger",
		"Nora Frei", "Ida Null", "Max Viel", "Uli Sperr"}
	owed := [][]int64{{250, 1000}, {1250}, {300, 450, 75}, {500}, {120, 80}, {2000}, {99}, {1575, 425}, {640}, nil, {30_000}, {1_000}}
	var all []resttest.Patron
	for i, n := range name {
		p := resttest.Patron{Card: fmt.Sprintf("200170000%05d", 10001+i), Number: fmt.Sprintf("CEN%06d", 501+i), Name: n, Fees: owes(owed[i]...)}
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

// acsPatrons are the same people as a library system with SIP2 knows them.
func acsPatrons(times int64) []acs.Patron {
	var all []acs.Patron
	for _, a := range accounts(times) {
		p := acs.Patron{Card: a.Card, PIN: a.PIN, Name: a.Name, Blocked: a.Blocked}
		for _, f := range a.Fees {
			p.Fees = append(p.Fees, acs.Fee{ID: f.ID, Description: f.Description, OutstandingMinor: f.OutstandingMinor})
		}
		all = append(all, p)
	}
	return all
}
