package web

import "regexp"

var turkish = phrases{
	said: map[charge]*regexp.Regexp{
		chargeNone:     regexp.MustCompile(`(?i)para çekilmedi|para çekilmez|para alınmadı`),
		chargeMade:     regexp.MustCompile(`(?i)kartınızdan €[0-9.,]+ çekildi|(?-i:Ödendi\.)`),
		chargeReturned: regexp.MustCompile(`(?i)€[0-9.,]+ iade edildi|tutar iade edildi|ödeme geri alındı`),
		chargeInDoubt:  regexp.MustCompile(`(?i)para çekilmiş olabilir|ödemenizin yapılıp yapılmadığını|ödemenize ne olduğunu`),
		chargeBefore:   regexp.MustCompile(`(?i)az önce burada ödeme yaptıysanız`),
	},
	again:   regexp.MustCompile(`(?i)tekrar ödeme yapmayın`),
	machine: regexp.MustCompile(`(?i)\berror|\bhata|time-?out|zaman ?aşımı|\b[iİ]şlem|başarısız|\bSIP|sunucu|server`),
}
