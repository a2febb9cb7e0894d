package aleph

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"selfpay/device/money"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/rest"
)

func file(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func standard(t testing.TB) Profile {
	t.Helper()
	p, err := FindProfile("")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func read(t testing.TB, body []byte, only string) (cashList, error) {
	t.Helper()
	return reading{id: "LIB000012345", profile: standard(t), currency: "EUR", only: only}.readCash(body)
}

func TestSumsAreReadExactly(t *testing.T) {
	for _, c := range []struct {
		text     string
		currency money.Currency
		minor    int64
		how      number
	}{
		{"(30.00)", "EUR", 3000, number{mark: '.', brackets: true}},
		{"30.00", "EUR", 3000, number{mark: '.'}},
		{"-27.62", "EUR", 2762, number{mark: '.', minus: true}},
		{" ( 30,00 ) ", "EUR", 3000, number{mark: ',', brackets: true}},
		{"- 27,62", "EUR", 2762, number{mark: ',', minus: true}},
		{"(1 234.50)", "EUR", 123450, number{mark: '.', grouped: true, brackets: true}},
		{"1\u00a0234,50", "EUR", 123450, number{mark: ',', grouped: true}},
		{"1,234.50", "EUR", 123450, number{mark: '.', grouped: true}},
		{"1.234.567,50", "EUR", 123456750, number{mark: ',', grouped: true}},
		{"12", "EUR", 1200, number{}},
		{"1 234", "EUR", 123400, number{grouped: true}},
		{"0.5", "EUR", 50, number{mark: '.'}},
		{"0.00", "EUR", 0, number{mark: '.'}},
		{"700.00", "ISK", 700, number{mark: '.'}},
		{"(1.250,00)", "ISK", 1250, number{mark: ',', grouped: true, brackets: true}},
		{"700", "JPY", 700, number{}},
	} {
		sum, how, err := amount(c.text, c.currency)
		if err != nil || sum != money.Of(c.minor, c.currency) || how != c.how {
			t.Errorf("amount(%q) = %v, %+v, %v, want %d, %+v", c.text, sum, how, err, c.minor, c.how)
		}
	}
}

func TestSumsThatAreNotExactAreRefused(t *testing.T) {
	for _, c := range []struct {
		text     string
		currency money.Currency
	}{
		{"", "EUR"}, {"()", "EUR"}, {"-", "EUR"}, {"(30.00", "EUR"}, {"30.00)", "EUR"}, {"(-30.00)", "EUR"}, {"-(30.00)", "EUR"}, {"--3.00", "EUR"},
		{"30.00-", "EUR"}, {"+3.00", "EUR"}, {"30.00 EUR", "EUR"}, {"€30.00", "EUR"}, {".50", "EUR"}, {"30.", "EUR"},
		{"1,234", "EUR"}, {"1.234", "EUR"}, {"1.234", "ISK"}, {"30.005", "EUR"}, {"30.000", "EUR"},
		{"12 34.50", "EUR"}, {"1 2.50", "EUR"}, {"1 234 5.00", "EUR"}, {"1,23.50", "EUR"}, {"1.234.50", "EUR"}, {"1,234,50", "EUR"},
		{" 1 . 2 ", "EUR"}, {"1 234,567.00", "EUR"}, {"1'234.00", "EUR"}, {",234.00", "EUR"}, {"1,,234.00", "EUR"},
		{"700.50", "ISK"}, {"0.5", "JPY"}, {"1e3", "EUR"}, {"٣.00", "EUR"}, {"NaN", "EUR"}, {"12\x00", "EUR"},
		{"00000000003000", "EUR"}, {"(0030.00)", "EUR"}, {"00", "EUR"}, // as the database has it, in hundredths
		{"99999999999999999999.00", "EUR"}, {strings.Repeat("1", 41), "EUR"}, {"[2009]", "EUR"}, {"5", "XXX"},
	} {
		if sum, _, err := amount(c.text, c.currency); err == nil {
			t.Errorf("amount(%q, %s) = %v, want it refused", c.text, c.currency, sum)
		}
	}
}

func FuzzSumIsReadAsItIsWritten(f *testing.F) {
	for _, text := range []string{"(30.00)", "-27,62", "1 234.50", "1,234.50", "1.234,50", "700", "", "(", "1 2.5"} {
		f.Add(text, int64(123450))
	}
	f.Fuzz(func(t *testing.T, text string, minor int64) {
		if sum, _, err := amount(text, "EUR"); err == nil && (sum.Minor < 0 || sum.Currency != "EUR") {
			t.Errorf("amount(%q) = %v", text, sum)
		}
		if minor < 0 || minor == math.MaxInt64 {
			return
		}
		for _, currency := range []money.Currency{"EUR", "ISK"} {
			want := money.Of(minor/100, currency)
			for _, form := range []string{"%s", "(%s)", "- %s"} {
				for _, written := range []string{sumText(want), strings.Replace(sumText(want), ".", ",", 1)} {
					if sum, _, err := amount(fmt.Sprintf(form, written), currency); err != nil || sum != want {
						t.Errorf("amount(%q) = %v, %v, want %v", fmt.Sprintf(form, written), sum, err, want)
					}
				}
			}
		}
	})
}

func TestCashListInTheFullView(t *testing.T) {
	list, err := read(t, file(t, "cash-full.xml"), "")
	if err != nil {
		t.Fatal(err)
	}
	a, err := list.account(nil, "EUR")
	want := []ils.Fee{
		{ID: "USM50", Balance: money.Of(103050, "EUR"), Description: "Exlibris Demo Libraries: New card; Late return"},
		{ID: "LAW50", Balance: money.Of(700, "EUR"), Description: "Law: Overdue"}}
	if err != nil || fmt.Sprint(a.Fees) != fmt.Sprint(want) || a.Total != money.Of(103750, "EUR") {
		t.Errorf("the account is %+v, %v", a, err)
	}
	if keys := openKeys(list, "USM50"); fmt.Sprint(keys) != "[0000001 0000002]" {
		t.Errorf("the keys are %v", keys)
	}
}

// openKeys tell which charges are open at an institution.
func openKeys(l cashList, institution string) []string {
	var keys []string
	for _, r := range l.rows {
		if r.kind == open && r.institution == institution {
			keys = append(keys, r.key)
		}
	}
	return keys
}

func TestCashListInTheBriefView(t *testing.T) {
	list, err := read(t, file(t, "cash-brief.xml"), "")
	if err != nil {
		t.Fatal(err)
	}
	a, err := list.account(nil, "EUR")
	if err != nil || len(a.Fees) != 1 || a.Fees[0].Balance != money.Of(2762, "EUR") || a.Fees[0].Description != "Exlibris Demo Libraries" {
		t.Errorf("the account is %+v, %v", a, err)
	}
	if keys := openKeys(list, "USM50"); fmt.Sprint(keys) != "[USM50LIB0000123450000001 USM50LIB0000123450000002]" {
		t.Errorf("the keys are %v", keys)
	}
}

func TestPaidChargesAreFoundByTheirReferenceAndNotOffered(t *testing.T) {
	list, err := read(t, file(t, "cash-closed.xml"), "")
	if err != nil {
		t.Fatal(err)
	}
	if a, err := list.account(nil, "EUR"); err != nil || len(a.Fees) != 0 || a.Total != money.Of(0, "EUR") {
		t.Errorf("the account is %+v, %v", a, err)
	}
	for reference, minor := range map[string]int64{"4821-000123-01": 3050, "4821-000123-011": 400, "4821-000123-0": 0, "000123-01": 0, "": 0} {
		if sum, err := list.booked(reference, "EUR"); err != nil || sum != money.Of(minor, "EUR") {
			t.Errorf("under %q %v is booked, %v, want %d", reference, sum, err, minor)
		}
	}
}

// TestClosedChargesAndAPaymentThatDiffersAreNoAmountOfOurs: which of the two is right cannot be told.
func TestClosedChargesAndAPaymentThatDiffersAreNoAmountOfOurs(t *testing.T) {
	text := strings.Replace(string(file(t, "cash-closed.xml")), "<z31-sum>30.50</z31-sum>", "<z31-sum>30.51</z31-sum>", 1)
	list, err := read(t, []byte(text), "")
	if err != nil {
		t.Fatal(err)
	}
	if sum, err := list.booked("4821-000123-01", "EUR"); err != nil || sum.Minor == 3050 || sum.Minor == 3051 {
		t.Errorf("%v is booked, %v", sum, err)
	}
}

// one is a list of one row at USM50.
func one(attributes, fields string) string {
	return `<get-pat-cash><reply-code>0000</reply-code><charges><institution code="USM50"><cash ` + attributes + `><z31>` + fields +
		`</z31></cash></institution></charges></get-pat-cash>`
}

func TestWhatARowIs(t *testing.T) {
	const five = "<z31-sum>(5.00)</z31-sum>"
	for name, c := range map[string]struct {
		list string
		want kind // empty: unreadable
	}{
		"a debit":                  {one(`type="debit"`, five), open},
		"a debit in capitals":      {one(`type="DEBIT" transferred="n"`, five+"<z31-credit-debit>debit</z31-credit-debit>"), open},
		"a debit by its letter":    {one(``, five+"<z31-credit-debit>D</z31-credit-debit>"), open},
		"a date of zeros":          {one(`type="debit"`, five+"<z31-payment-date>00000000</z31-payment-date>"), open},
		"a date":                   {one(`type="debit"`, five+"<z31-payment-date>20261106</z31-payment-date>"), closed},
		"status C":                 {one(`type="debit"`, five+"<z31-status>C</z31-status>"), closed},
		"status W":                 {one(`type="debit"`, five+"<z31-status>W</z31-status>"), transferred},
		"status T":                 {one(`type="debit"`, five+"<z31-status>T</z31-status>"), transferred},
		"a payment":                {one(`type="debit"`, five+"<z31-type>payment</z31-type>"), paying},
		"transferred":              {one(`type="debit" transferred="Y"`, five), transferred},
		"a credit":                 {one(`type="credit"`, five+"<z31-credit-debit>C</z31-credit-debit>"), credit},
		"a credit by its letter":   {one(``, five+"<z31-credit-debit>Credit</z31-credit-debit>"), credit},
		"debit and credit at once": {one(`type="debit"`, five+"<z31-credit-debit>C</z31-credit-debit>"), ""},
		"credit and debit at once": {one(`type="credit"`, five+"<z31-credit-debit>D</z31-credit-debit>"), ""},
		"neither":                  {one(``, five), ""},
		"something else":           {one(`type="loan"`, five), ""},
		"the date twice":           {one(`type="debit"`, five+"<z31-payment-date/><z31-payment-date>20261106</z31-payment-date>"), ""},
		"the sum twice":            {one(`type="debit"`, five+five), ""},
		"two wrappers":             {strings.Replace(one(`type="debit"`, five), "</z31>", "</z31><z31/>", 1), ""},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := read(t, []byte(c.list), "")
			if c.want == "" {
				if !errors.Is(err, ils.ErrFeesUnreadable) {
					t.Errorf("read as %+v, %v", list.rows, err)
				}
				return
			}
			if err != nil || len(list.rows) != 1 || list.rows[0].kind != c.want {
				t.Errorf("read as %+v, %v, want %s", list.rows, err, c.want)
			}
		})
	}
}

func TestWhatCannotBeReadExactlyIsRefusedWhole(t *testing.T) {
	const good = `<cash type="debit"><z31><z31-sequence>1</z31-sequence><z31-sum>(5.00)</z31-sum></z31></cash>`
	second := strings.Replace(good, ">1<", ">2<", 1)
	in := func(inside string) string {
		return `<get-pat-cash><reply-code>0000</reply-code><charges>` + inside + `</charges></get-pat-cash>`
	}
	usm := func(inside string) string { return `<institution code="USM50">` + inside + `</institution>` }
	for name, c := range map[string]struct {
		list string
		ok   bool
	}{
		"good":                                {in(usm(good)), true},
		"nothing owed":                        {in(``), true},
		"an institution twice":                {in(usm(good) + usm(second)), true},
		"two charges of one number":           {in(usm(good + good)), false},
		"a charge without a number":           {in(usm(strings.Replace(good, ">1<", "><", 1))), false},
		"an institution that wants nothing":   {in(`<institution/>` + usm(good)), true},
		"the sums agree":                      {in(usm(good+`<open-sum>-5.00</open-sum>`) + `<total>(5.00)</total>`), true},
		"the sum holds what was transferred":  {in(usm(good + `<cash type="debit" transferred="Y"><z31><z31-sum>(7.00)</z31-sum></z31></cash><open-sum>12.00</open-sum>`)), true},
		"the institution's sum is another":    {in(usm(good + `<open-sum>-5.01</open-sum>`)), false},
		"the whole sum is another":            {in(usm(good) + `<total>6.00</total>`), false},
		"a sum is none":                       {in(usm(good + `<open-sum>five</open-sum>`)), false},
		"no institution":                      {in(good), false},
		"an institution without code":         {in(`<institution>` + good + `</institution>`), false},
		"a code of other signs":               {in(`<institution code="USM 50&amp;">` + good + `</institution>`), false},
		"a charge without a sum":              {in(usm(`<cash type="debit"/>`)), false},
		"a charge with a spoilt sum":          {in(usm(`<cash type="debit"><z31><z31-sum>(5,000)</z31-sum></z31></cash>`)), false},
		"open and charged differ":             {in(usm(`<cash type="debit"><z31-sum>5.00</z31-sum><open-sum>3.00</open-sum></cash>`)), false},
		"charges that overflow":               {in(usm(strings.Repeat(`<cash type="debit"><z31-sum>92233720368547758.07</z31-sum></cash>`, 2))), false},
		"a transferred row with a spoilt sum": {in(usm(good + `<cash type="debit" transferred="Y"><z31-sum>?</z31-sum></cash>`)), true},
		"a credit with a spoilt sum":          {in(usm(good + `<cash type="credit"><z31-sum>?</z31-sum></cash>`)), false},
		"a credit of nothing":                 {in(usm(good + `<cash type="credit"><z31-sum>0.00</z31-sum></cash>`)), true},
		"too many rows":                       {in(usm(strings.Repeat(`<cash type="debit"><z31-sum>0.01</z31-sum></cash>`, mostRows+1))), false},
		"a row in an unexpected place":        {in(usm(good) + `<other>` + good + `</other>`), false},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := read(t, []byte(c.list), "")
			if err == nil {
				_, err = list.account(nil, "EUR")
			}
			if (err == nil) != c.ok || !c.ok && !errors.Is(err, ils.ErrFeesUnreadable) {
				t.Errorf("read: %v", err)
			}
		})
	}
}

func TestAccountsOfOtherChargesHaveAnotherMark(t *testing.T) {
	mark := func(here []string, keys ...string) string {
		l := cashList{}
		for _, key := range keys {
			institution, key, _ := strings.Cut(key, "/")
			l.rows = append(l.rows, row{institution: institution, kind: open, key: key, sum: money.Of(100, "EUR")})
		}
		l.rows = append(l.rows, row{institution: "USM50", kind: closed, key: "99"})
		return l.mark(here)
	}
	before := mark(nil, "USM50/1", "USM50/2")
	if again := mark(nil, "USM50/2", "USM50/1"); again != before || before == "" {
		t.Errorf("the same charges have the marks %q and %q", before, again)
	}
	for name, other := range map[string]string{"another charge": mark(nil, "USM50/1", "USM50/3"), "one less": mark(nil, "USM50/1"), "one more": mark(nil, "USM50/1", "USM50/2", "USM50/3"),
		"at another institution": mark(nil, "USM50/1", "LAW50/2"), "without keys": mark(nil, "USM50/", "USM50/")} {
		if other == before {
			t.Errorf("%s: the mark is the same", name)
		}
	}
	if mark([]string{"USM50"}, "USM50/1", "LAW50/7") != mark([]string{"USM50"}, "USM50/1", "LAW50/8") {
		t.Error("what is not paid here changes the mark")
	}
	if mark(nil, "USM50/") == mark(nil, "USM50/", "USM50/") || mark(nil) != "" {
		t.Error("charges without keys are not counted")
	}
}

func TestReferenceIsAWholeWord(t *testing.T) {
	const reference = "4821-000123-01"
	for text, want := range map[string]bool{
		reference: true, "Kiosk " + reference: true, "Kiosk:" + reference + ".": true, reference + "/2": true,
		reference + "1": false, "1" + reference: false, "x" + reference: false, reference + "-1": false, "4821-000123-0": false, "": false,
		reference + "1 " + reference: true,
	} {
		if got := mentions(text, reference); got != want {
			t.Errorf("%q mentions it: %v", text, got)
		}
	}
}

func TestTextsOfAlephsHideNumbersAndSecrets(t *testing.T) {
	for text, want := range map[string]string{
		"Patron LIB000012345 owes 12.50":   "Patron … owes …",
		"no patron Anna known":             "no patron … known",
		"line\x1b[31m one\nline\u202e two": "line … one line two",
		strings.Repeat("word ", 100):       "word word word word word word word word word word word word word word word word…",
	} {
		if got := words(text, "anna"); got != want {
			t.Errorf("words(%q) = %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{"user kiosk may not log in with open sesame", "Open\n SESAME is wrong"} {
		if got := words(text, "kiosk", "open sesame"); strings.Contains(strings.ToLower(got), "sesame") {
			t.Errorf("words(%q) = %q, and the password is of two words", text, got)
		}
	}
}

func TestAnAnswerOfEmptyElementsIsNotTakenIn(t *testing.T) {
	for _, body := range []string{"<a>" + strings.Repeat("<b/>", 2<<20-2) + "</a>", "<a>" + strings.Repeat("<b c='' d=''/>", 599_000) + "</a>"} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := parse([]byte(body))
		runtime.ReadMemStats(&after)
		if took := (after.TotalAlloc - before.TotalAlloc) >> 20; err == nil || took > 64 {
			t.Errorf("%d bytes: %v, %d MiB taken", len(body), err, took)
		}
	}
}

func TestAnswersOfTheXServer(t *testing.T) {
	root, err := parse(file(t, "bor-by-key.xml"))
	if id, once := root.text("internal-id"); err != nil || id != "00000012" || !once {
		t.Errorf("the id is %q, %v", id, err)
	}
	root, err = parse(file(t, "bor-auth-error.xml"))
	if said := root.all("error"); err != nil || len(said) != 1 || !(errSaidNo{text: said[0].Text}).is(saidWrong) {
		t.Errorf("the error is %v, %v", said, err)
	}
	root, err = parse(file(t, "bor-info.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if h, err := readHolder(root); err != nil || h != (holder{id: "LIB000012345", name: "Nordmann, Kari"}) || initials(h.name) != "KN" {
		t.Errorf("the person is %+v, %v", h, err)
	}
	if err := usable(rest.Answer{Status: 200, Body: file(t, "barred.html")}); !errors.Is(err, errBarred) {
		t.Errorf("a refused address reads %v", err)
	}
}

func TestAnswerAndBodyOfAPayment(t *testing.T) {
	if said, err := paid(rest.Answer{Status: 200, Body: file(t, "put-pat-cash.xml")}, "LIB000012345"); err != nil || said.code != fine {
		t.Errorf("the answer is %v, %v", said, err)
	}
	p := standard(t)
	p.Declaration = true
	body, err := p.body(money.Of(700, "ISK"), "4821-000123-01")
	if want := strings.TrimSpace(string(file(t, "pay-cash.txt"))); err != nil || string(body) != want {
		t.Errorf("the body is\n%s, %v\nwant\n%s", body, err, want)
	}
}

func TestInitialsAreThreeLettersAtMost(t *testing.T) {
	for name, want := range map[string]string{"Nordmann, Kari": "KN", "Müller, Anna Maria Eva": "AME", "ólafur": "Ó", "": "·", "4711": "·", ", ": "·"} {
		if got := initials(name); got != want {
			t.Errorf("initials(%q) = %q", name, got)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	var m memory
	for i := range 1000 {
		m.keep(fmt.Sprint(i), fmt.Sprint("id", i), 100)
	}
	if _, known := m.find("899"); known || len(m.of) != 100 || len(m.order) != 100 {
		t.Errorf("%d are kept", len(m.of))
	}
	if id, known := m.find("950"); !known || id != "id950" {
		t.Errorf("950 is %s, %v", id, known)
	}
}

func FuzzCashList(f *testing.F) {
	for _, list := range []string{ // short ones, since the fuzzer tries to make each shorter
		one(`type="debit" href="/patron/%"`, "<z31-sum>(1.00)</z31-sum>"),
		one(`type="credit" transferred="Y"`, "<z31-sum>1,00</z31-sum><z31-payment-date>2</z31-payment-date>"),
		one(``, "<z31-credit-debit>D</z31-credit-debit><open-sum>-1.00</open-sum><z31-payment-identifier>4821-000123-01</z31-payment-identifier>"),
		`<a><reply-code>0000</reply-code><institution code="A"><cash type="debit"><z31-sum>1</z31-sum></cash><total>1</total></institution></a>`,
		`<a><reply-code>0001</reply-code></a>`, `<html/>`,
	} {
		f.Add([]byte(list))
	}
	r := reading{id: "LIB000012345", profile: standard(f), currency: "EUR"}
	f.Fuzz(func(t *testing.T, body []byte) {
		list, err := r.readCash(body)
		if err != nil {
			return
		}
		if _, err := list.booked("4821-000123-01", "EUR"); err != nil && !errors.Is(err, ils.ErrFeesUnreadable) {
			t.Error(err)
		}
		a, err := list.account(nil, "EUR")
		if err != nil {
			return
		}
		sum := money.Of(0, "EUR")
		for _, fee := range a.Fees {
			if !goodCode(fee.ID) || !fee.Balance.Positive() || len([]rune(fee.Description)) > longestDescription {
				t.Errorf("a fee is %+v", fee)
			}
			if sum, err = sum.Add(fee.Balance); err != nil {
				t.Fatal(err)
			}
		}
		if sum != a.Total {
			t.Errorf("fees make %v, the total is %v", sum, a.Total)
		}
	})
}

func FuzzAnswers(f *testing.F) {
	for _, name := range []string{"bor-by-key.xml", "bor-auth-error.xml", "bor-info.xml", "put-pat-cash.xml", "barred.html"} {
		f.Add(200, file(f, name))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a := rest.Answer{Status: status, Body: body}
		usable(a)
		if said, err := paid(a, "LIB000012345"); err == nil && (status != 200 || len(said.code) != 4 || strings.ContainsAny(said.text, "0123456789")) {
			t.Errorf("a payment is answered by %+v", said)
		}
		if root, err := parse(body); err == nil {
			if h, err := readHolder(root); err == nil && len([]rune(initials(h.name))) > 3 {
				t.Errorf("initials of %q", h.name)
			}
		}
	})
}
