package web

import "regexp"

var polish = phrases{
	said: map[charge]*regexp.Regexp{
		chargeNone:     regexp.MustCompile(`(?i)nie pobrano (jeszcze )?(żadnych )?pieniędzy|nie pobieramy pieniędzy|nic nie pobrano`),
		chargeMade:     regexp.MustCompile(`(?i)z karty płatniczej pobrano [0-9]|(?-i:Zapłacono\.)`),
		chargeReturned: regexp.MustCompile(`(?i)zwrócono kwotę|kwota została zwrócona|płatność została cofnięta`),
		chargeInDoubt:  regexp.MustCompile(`(?i)być może pobrano pieniądze|czy płatność się udała|co się stało z płatnością`),
		chargeBefore:   regexp.MustCompile(`(?i)jeśli płatność została wykonana tu przed chwilą`),
	},
	again:   regexp.MustCompile(`(?i)proszę nie płacić ponownie`),
	machine: regexp.MustCompile(`(?i)\berror|błąd|błęd|time-?out|limit czasu|przekroczono czas|transakcj|niepowodzeni|nie powiod|\bSIP|serwer`),
}
