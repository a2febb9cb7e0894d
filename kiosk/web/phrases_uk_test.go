package web

import "regexp"

var ukrainian = phrases{
	said: map[charge]*regexp.Regexp{
		chargeNone:     regexp.MustCompile(`(?i)гроші (ще )?не списано|гроші не списуються|нічого не списано`),
		chargeMade:     regexp.MustCompile(`(?i)з вашої банківської картки списано [0-9]|(?-i:Сплачено\.)`),
		chargeReturned: regexp.MustCompile(`(?i)суму ([0-9][0-9, ]* € )?повернено|платіж повернуто`),
		chargeInDoubt:  regexp.MustCompile(`(?i)можливо, з вашої банківської картки списано гроші|чи пройшов ваш платіж|що сталося з вашим платежем`),
		chargeBefore:   regexp.MustCompile(`(?i)якщо ви щойно тут заплатили`),
	},
	again:   regexp.MustCompile(`(?i)не платіть ще раз`),
	machine: regexp.MustCompile(`(?i)\berror|помилк|збій|збої|time-?out|тайм-?аут|час очікування|транзакці|невдал|\bSIP|сервер`),
}
