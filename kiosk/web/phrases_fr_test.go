package web

import "regexp"

var french = phrases{
	said: map[charge]*regexp.Regexp{
		chargeNone:     regexp.MustCompile(`(?i)aucun montant n[’'](a été|est) débité|n[’']a pas été débitée`),
		chargeMade:     regexp.MustCompile(`(?i)carte bancaire a été débitée|\bpayé\.`),
		chargeReturned: regexp.MustCompile(`(?i)a été remboursé|paiement a été annulé`),
		chargeInDoubt:  regexp.MustCompile(`(?i)a peut-être été débitée|si votre paiement|ce qui s[’']est passé avec votre paiement`),
		chargeBefore:   regexp.MustCompile(`(?i)si vous venez de payer ici`),
	},
	again:   regexp.MustCompile(`(?i)ne payez pas une deuxième fois`),
	machine: regexp.MustCompile(`(?i)\berreur|échec|échoué|time-?out|délai|\bexpir|transaction|\bSIP\b|serveur`),
}
