package web

import "regexp"

var persian = phrases{
	said: map[charge]*regexp.Regexp{
		chargeNone: regexp.MustCompile(`پولی برداشت (نشد|نمی\x{200c}شود)`),
		// "برداشت شده باشد", may have been taken, begins as "برداشت شد", was taken: the letter after it tells them apart.
		chargeMade:     regexp.MustCompile(`(برداشت|پرداخت) شد([^\pL]|$)|(برداشت|پرداخت) شده است`),
		chargeReturned: regexp.MustCompile(`برگردانده شد|برگشت داده شد`),
		chargeInDoubt:  regexp.MustCompile(`شاید از کارت|آیا پرداخت شما|پرداخت شما چه شده`),
		chargeBefore:   regexp.MustCompile(`اگر همین حالا اینجا پرداخت کرده\x{200c}اید`),
	},
	again:   regexp.MustCompile(`دوباره پرداخت نکنید`),
	machine: regexp.MustCompile(`(?i)خطا|ناموفق|مهلت|تراکنش|سرور|\berror|time-?out|transaction|\bSIP|server`),
}
