package web

import "regexp"

var spanish = phrases{
	said: map[charge]*regexp.Regexp{
		chargeNone:     regexp.MustCompile(`(?i)no se ha cobrado nada|no se cobra nada`),
		chargeMade:     regexp.MustCompile(`(?i)se ha cobrado el importe|\bpagado\.`),
		chargeReturned: regexp.MustCompile(`(?i)se ha devuelto el importe|se ha anulado el pago`),
		chargeInDoubt:  regexp.MustCompile(`(?i)es posible que el importe|si su pago|qué ha pasado con su pago`),
		chargeBefore:   regexp.MustCompile(`(?i)si acaba de pagar aquí`),
	},
	again:   regexp.MustCompile(`(?i)no pague otra vez`),
	machine: regexp.MustCompile(`(?i)\berror|\bfall(o|ó|ado|ida)|time-?out|tiempo de espera|\bexpir|transacci|\bSIP\b|servidor`),
}
