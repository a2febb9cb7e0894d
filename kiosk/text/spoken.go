package text

import "selfpay/device/money"

// Spoken is an amount as it is said in a language: "12 euros and 50 cents". A voice that is given what people read says "euros
// twelve point five zero", or leaves the currency out. An amount in a currency that the catalogues have no words for is as Amount
// writes it.
func (t *Texts) Spoken(lang string, a money.Amount) string {
	if a.Currency != "EUR" {
		return t.Amount(lang, a)
	}
	if a.Minor < 0 {
		return t.Say(lang, "spoken-minus", Data{"Amount": t.Spoken(lang, money.Of(-a.Minor, a.Currency))})
	}
	whole, part := int(a.Minor/100), int(a.Minor%100)
	said := t.Say(lang, "spoken-EUR", Data{"Count": whole})
	cents := t.Say(lang, "spoken-EUR-minor", Data{"Count": part})
	switch {
	case part == 0:
		return said
	case whole == 0:
		return cents
	}
	return t.Say(lang, "spoken-sum", Data{"Whole": said, "Part": cents})
}
