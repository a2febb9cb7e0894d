package web

import "regexp"

var italian = phrases{
	said: map[charge]*regexp.Regexp{
		chargeNone:     regexp.MustCompile(`(?i)non è stato addebitato nulla|non viene addebitato nulla`),
		chargeMade:     regexp.MustCompile(`(?i)(importo|€) è stato addebitato|\bpagato\.`),
		chargeReturned: regexp.MustCompile(`(?i)(importo|€) è stato restituito|pagamento è stato annullato`),
		chargeInDoubt:  regexp.MustCompile(`(?i)forse l[’']importo|se il suo pagamento|che cosa è successo al suo pagamento`),
		chargeBefore:   regexp.MustCompile(`(?i)se ha appena pagato qui`),
	},
	again:   regexp.MustCompile(`(?i)non paghi di nuovo`),
	machine: regexp.MustCompile(`(?i)\berror[ei]\b|fallit|time-?out|scadut|transazion|\bSIP\b|server\b`),
}
