package web

import "regexp"

var arabic = phrases{
	said: map[charge]*regexp.Regexp{
		chargeNone: regexp.MustCompile(`(لم|لا) يتم خصم|لم يتم الخصم|لم يُ?خصم`),
		// "لم يتم خصم", nothing was taken, holds "تم خصم", was taken: the letter before it tells them apart.
		chargeMade:     regexp.MustCompile(`(^|[^ي])تم (خصم|الخصم|الدفع)`),
		chargeReturned: regexp.MustCompile(`تمت إعادة`),
		chargeInDoubt:  regexp.MustCompile(`ربما خُصم|مما إذا كانت دفعتك|ما حدث لدفعتك`),
		chargeBefore:   regexp.MustCompile(`إذا كنت قد دفعت هنا للتو`),
	},
	again:   regexp.MustCompile(`عدم الدفع مرة أخرى`),
	machine: regexp.MustCompile(`(?i)خطأ|فشل|مهلة|معاملة|خادم|سيرفر|\berror|time-?out|transaction|\bSIP|server`),
}
