package web

import "regexp"

var chinese = phrases{
	said: map[charge]*regexp.Regexp{
		chargeNone:     regexp.MustCompile(`没有被?扣款|不会扣款`),
		chargeMade:     regexp.MustCompile(`已从您的银行卡扣款|已扣款|已付款`),
		chargeReturned: regexp.MustCompile(`已退还|已撤销`),
		chargeInDoubt:  regexp.MustCompile(`可能已被扣款|付款是否成功|这笔付款的情况`),
		chargeBefore:   regexp.MustCompile(`如果您刚刚在这里付过款`),
	},
	again:   regexp.MustCompile(`请勿重复付款`),
	machine: regexp.MustCompile(`(?i)错误|失败|超时|交易|服务器|\berror|time-?out|transaction|\bSIP|server`),
}
