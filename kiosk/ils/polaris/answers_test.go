package polaris

import (
	"bytes"
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"selfpay/device/money"
	"selfpay/kiosk/ils/rest"
)

func document(t testing.TB, file string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestTheExamplesOfTheGuideAreRead(t *testing.T) {
	for file, want := range map[string]struct {
		code   int
		number string
	}{"payall-success.xml": {0, ""}, "payall-failed.xml": {-1, ""}, "pay-success.xml": {0, "6546"}, "pay-failed.xml": {-1, ""}} {
		var r payResult
		code, err := parse(document(t, file), "PatronAccountPayResult", &r)
		number, numberErr := r.number()
		if err != nil || numberErr != nil || code != want.code || number != want.number {
			t.Errorf("%s: %d %q %v %v", file, code, number, err, numberErr)
		}
	}
	var void payResult
	if code, err := parse(document(t, "void-success.xml"), "PatronAccountVoidPaymentResult", &void); err != nil || code != 0 {
		t.Errorf("void: %d %v", code, err)
	}
	var login authentication
	if code, err := parse(document(t, "login-success.xml"), "AuthenticationResult", &login); err != nil || code != 0 || login.AccessToken != "IGYhCPGcutuKmZFcKUystVAkgmi4g1Db" || login.PolarisUserID != "799" {
		t.Errorf("login: %d %v %+v", code, err, login)
	}
	var who validation
	if code, err := parse(document(t, "validate-success.xml"), "PatronValidateResult", &who); err != nil || code != 0 || who.ValidPatron != "true" || who.barcode("anna") != "21756003332022" {
		t.Errorf("validate: %d %v %+v", code, err, who)
	}
	var basic basicData
	if code, err := parse(document(t, "basicdata-success.xml"), "PatronBasicDataGetResult", &basic); err != nil || code != 0 || basic.initials() != "JRS" || !basic.blocked() || basic.Data.ChargeBalance != "3.3000" {
		t.Errorf("basicdata: %d %v %+v", code, err, basic)
	}
	var rows accountRows
	code, err := parse(document(t, "account-success.xml"), "PatronAccountGetResult", &rows)
	fees, total, feesErr := rows.charges("USD")
	if err != nil || feesErr != nil || code != 0 || len(fees) != 1 || fees[0].ID != "3605602" || total != money.Of(200, "USD") {
		t.Errorf("account: %d %v %v %v %v", code, err, fees, total, feesErr)
	}
	var failed accountRows
	if code, err := parse(document(t, "account-failed.xml"), "PatronAccountGetResult", &failed); err != nil || code != -1 || len(failed.Rows) != 0 {
		t.Errorf("account: %d %v", code, err)
	}
}

// The page has blanks in its tags and line feeds between them; elements, their order and their values are the same.
func TestTheBodyOfAPaymentIsTheGuidesDocument(t *testing.T) {
	ours, err := xml.Marshal(payData{TxnAmount: "1.25", PaymentMethodID: 11, FreeTextNote: "Paid through Polaris API"})
	if err != nil {
		t.Fatal(err)
	}
	page := strings.NewReplacer("\n", "", " >", ">").Replace(string(document(t, "payall-body.xml")))
	if string(ours) != page {
		t.Errorf("ours %s\npage %s", ours, page)
	}
}

func TestMoneyIsReadExactlyWithAnyNumberOfZeros(t *testing.T) {
	for text, want := range map[string]int64{"2.0000": 200, "2.00": 200, "2": 200, "0.1000": 10, "0.0000": 0, " 3.3000 ": 330, "-1.0000": -100, "12.3400": 1234} {
		if a, err := amount(text, "EUR"); err != nil || a.Minor != want {
			t.Errorf("%q: %v %v", text, a, err)
		}
	}
	if a, err := amount("1200.0000", "JPY"); err != nil || a.Minor != 1200 {
		t.Errorf("yen: %v %v", a, err)
	}
	if a, err := amount("1.2340", "KWD"); err != nil || a.Minor != 1234 {
		t.Errorf("dinar: %v %v", a, err)
	}
	for _, text := range []string{"", "2.0001", "2.001", "2,00", "1,234.0000", "2.", "(2.0000)", "2.00 EUR", "1e2", "2.0000x", "2.00000000000", "٢", "NaN"} {
		if a, err := amount(text, "EUR"); !errors.Is(err, money.ErrUnreadable) {
			t.Errorf("%q is read as %v", text, a)
		}
	}
}

func TestAnAnswerWithoutOneCodeIsNoSuccess(t *testing.T) {
	for name, inside := range map[string]string{
		"none": "", "empty": "<PAPIErrorCode/>", "nil": `<PAPIErrorCode i:nil="true"/>`, "blank": "<PAPIErrorCode> </PAPIErrorCode>", "word": "<PAPIErrorCode>OK</PAPIErrorCode>",
		"two": "<PAPIErrorCode>0</PAPIErrorCode><PAPIErrorCode>-1</PAPIErrorCode>", "long": "<PAPIErrorCode>10000000000</PAPIErrorCode>", "plus": "<PAPIErrorCode>+1</PAPIErrorCode>",
		"deeper": "<Row><PAPIErrorCode>0</PAPIErrorCode></Row>",
	} {
		var r payResult
		body := "<PatronAccountPayResult>" + inside + "<ErrorMessage/></PatronAccountPayResult>"
		if code, err := parse([]byte(body), "PatronAccountPayResult", &r); err == nil {
			t.Errorf("%s: read as %d", name, code)
		}
	}
	for body, want := range map[string]int{"3": 3, "0": 0, "-3610": -3610, "\n 7 ": 7} {
		var r payResult
		code, err := parse([]byte("<PatronAccountPayResult><PAPIErrorCode>"+body+"</PAPIErrorCode></PatronAccountPayResult>"), "PatronAccountPayResult", &r)
		if err != nil || code != want {
			t.Errorf("%q: %d %v", body, code, err)
		}
	}
}

func rowsOf(rows ...accountRow) accountRows { return accountRows{Rows: rows} }

func TestChargesThatCannotBeReadAreRefusedAndCreditIsNone(t *testing.T) {
	good := accountRow{TransactionID: "1", TransactionTypeID: "1", OutstandingAmount: "1.0000"}
	change := func(f func(*accountRow)) accountRow { r := good; f(&r); return r }
	for name, rows := range map[string]accountRows{
		"twice":             rowsOf(good, good),
		"no id":             rowsOf(change(func(r *accountRow) { r.TransactionID = "" })),
		"id 0":              rowsOf(change(func(r *accountRow) { r.TransactionID = "0" })),
		"a path":            rowsOf(change(func(r *accountRow) { r.TransactionID = "1/../2" })),
		"no amount":         rowsOf(change(func(r *accountRow) { r.OutstandingAmount = "" })),
		"parts of a cent":   rowsOf(change(func(r *accountRow) { r.OutstandingAmount = "1.0050" })),
		"less than nothing": rowsOf(change(func(r *accountRow) { r.OutstandingAmount = "-1.0000" })),
		"too much": rowsOf(change(func(r *accountRow) { r.OutstandingAmount = "90000000000000000.00" }),
			change(func(r *accountRow) { r.TransactionID, r.OutstandingAmount = "2", "90000000000000000.00" })),
		"too many": {Rows: make([]accountRow, mostRows+1)},
	} {
		if fees, total, err := rows.charges("EUR"); err == nil {
			t.Errorf("%s: %v %v", name, fees, total)
		}
	}
	var all []accountRow
	for _, kind := range []string{"2", "3", "4", "5", "6", "7", "8", "9", "10", "", "11"} {
		all = append(all, change(func(r *accountRow) { r.TransactionTypeID = kind }))
	}
	paid := change(func(r *accountRow) { r.OutstandingAmount = "0.0000" })
	fees, total, err := rowsOf(append(all, paid, change(func(r *accountRow) { r.TransactionID = "7" }))...).charges("EUR")
	if err != nil || len(fees) != 1 || fees[0].ID != "7" || total.Minor != 100 {
		t.Errorf("%v %v %v", fees, total, err)
	}
}

func TestWhatStandsUnderAReferenceIsAddedUp(t *testing.T) {
	row := func(id, kind, amount, note string) accountRow {
		return accountRow{TransactionID: id, TransactionTypeID: kind, TransactionAmount: amount, FreeTextNote: note}
	}
	mine := row("1", "2", "1.0000", "4821-000123-01 selfpay kiosk01")
	for name, c := range map[string]struct {
		lists []accountRows
		want  int64
		bad   bool
	}{
		"nothing":          {lists: []accountRows{{}}},
		"one":              {lists: []accountRows{rowsOf(mine)}, want: 100},
		"in both lists":    {lists: []accountRows{rowsOf(mine), rowsOf(mine)}, want: 100},
		"a lump":           {lists: []accountRows{rowsOf(mine, row("2", "2", "2.5000", "4821-000123-01"))}, want: 350},
		"a longer one":     {lists: []accountRows{rowsOf(row("1", "2", "1.00", "4821-000123-011 selfpay"))}},
		"a shorter one":    {lists: []accountRows{rowsOf(row("1", "2", "1.00", "4821-000123-0"))}},
		"not in front":     {lists: []accountRows{rowsOf(row("1", "2", "1.00", "repeats 4821-000123-01"))}},
		"no payment":       {lists: []accountRows{rowsOf(row("1", "6", "1.00", "4821-000123-01"))}},
		"below nothing":    {lists: []accountRows{rowsOf(row("1", "2", "-1.00", "4821-000123-01"))}, bad: true},
		"unreadable":       {lists: []accountRows{rowsOf(row("1", "2", "one", "4821-000123-01"))}, bad: true},
		"without an id":    {lists: []accountRows{rowsOf(row("", "2", "1.00", "4821-000123-01"))}, bad: true},
		"others' nonsense": {lists: []accountRows{rowsOf(row("1", "2", "one", "desk"), mine)}, want: 100},
	} {
		sum, err := booked("4821-000123-01", "EUR", c.lists...)
		if (err != nil) != c.bad || !c.bad && sum != money.Of(c.want, "EUR") {
			t.Errorf("%s: %v %v", name, sum, err)
		}
	}
}

func TestOnlyWhatStandsInAPathAsItIsIsABarcode(t *testing.T) {
	for _, good := range []string{"21756003332022", "PACREG357374", "anna.smith", "a-b_c"} {
		if !goodBarcode(good) {
			t.Errorf("%q is refused", good)
		}
	}
	for _, bad := range []string{"", ".", "..", "a+b", "a b", "a/b", "a%2fb", "a?b", "a#b", "ä", "a\r\nb", strings.Repeat("1", 65)} {
		if goodBarcode(bad) {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestEveryCodeThatIsNotKnownIsDoubt(t *testing.T) {
	if meanings[-4711].outcome != inDoubt || meanings[-1].outcome != inDoubt || meanings[-9].outcome != inDoubt || meanings[-3605].outcome != inDoubt {
		t.Error("a code that may come after booking is a refusal")
	}
	for code := range meanings {
		if code >= 0 {
			t.Errorf("%d is success", code)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	files, err := filepath.Glob("testdata/*-*.xml")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, file := range files {
		f.Add(document(f, filepath.Base(file)))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var pay payResult
		if code, err := parse(body, "PatronAccountPayResult", &pay); err == nil && code >= 0 {
			if number, err := pay.number(); err == nil && number != "" && !goodID(number) {
				t.Errorf("number %q", number)
			}
			if !bytes.Contains(body, []byte("PAPIErrorCode")) {
				t.Error("success without a code")
			}
		}
		var rows accountRows
		if _, err := parse(body, "PatronAccountGetResult", &rows); err == nil {
			fees, total, err := rows.charges("EUR")
			sum := money.Of(0, "EUR")
			for _, fee := range fees {
				if sum, _ = sum.Add(fee.Balance); !goodID(fee.ID) || !fee.Balance.Positive() {
					t.Errorf("%q %v", fee.ID, fee.Balance)
				}
			}
			if err == nil && sum != total {
				t.Errorf("%v, and the total is %v", sum, total)
			}
			if sum, err := booked("4821-1-1", "EUR", rows); err == nil && sum.Minor < 0 {
				t.Errorf("booked %v", sum)
			}
		}
		var basic basicData
		if _, err := parse(body, "PatronBasicDataGetResult", &basic); err == nil && len([]rune(basic.initials())) > 3 {
			t.Errorf("initials %q", basic.initials())
		}
		var login authentication
		_ = rest.ParseXML(body, "AuthenticationResult", &login)
		var who validation
		_ = rest.ParseXML(body, "PatronValidateResult", &who)
	})
}

func FuzzAmount(f *testing.F) {
	for _, text := range []string{"2.0000", "-1.00", "", "1,234.00", "2.", "0001-01-01"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if a, err := amount(text, "EUR"); err == nil {
			if again, err := amount(a.Text()+"00", "EUR"); err != nil || again != a {
				t.Errorf("%q is %v, and that is %v %v", text, a, again, err)
			}
		}
	})
}
