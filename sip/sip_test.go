package sip

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"selfpay/sip/wire"
)

var berlin = time.FixedZone("", 2*3600)

func TestDatesAreReadInAnyZoneForm(t *testing.T) {
	local := time.Date(2011, 1, 2, 10, 20, 30, 0, time.Local)
	utc := func(hour int) time.Time { return time.Date(2011, 1, 2, hour, 20, 30, 0, time.UTC) }
	for text, want := range map[string]time.Time{
		"20110102    102030": local,
		"201101020000102030": local, // Sierra
		"20110102UTC 102030": utc(10),
		"20110102   Z102030": utc(10),
		"20110102   A102030": utc(9),
		"20110102   I102030": utc(1),
		"20110102   K102030": utc(0),
		"20110102   M102030": utc(-2),
		"20110102   N102030": utc(11),
		"20110102   Y102030": utc(22),
	} {
		if got, ok := ParseDate(text); !ok || !got.Equal(want) {
			t.Errorf("ParseDate(%q) = %v %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{strings.Repeat(" ", 18), "", "20110102   J102030", "20111302    102030", "2011-01-02 10:20:3", "20110102CEST102030"} {
		if got, ok := ParseDate(text); ok || !got.IsZero() {
			t.Errorf("ParseDate(%q) = %v", text, got)
		}
	}
	at := time.Date(2026, 11, 20, 23, 30, 0, 0, berlin)
	if got := FormatDate(at, false); got != "20261120    233000" {
		t.Errorf("local: %q", got)
	}
	if got := FormatDate(at, true); got != "20261120   Z213000" {
		t.Errorf("UTC: %q", got)
	}
	if got := FormatDate(time.Time{}, false); got != strings.Repeat(" ", 18) {
		t.Errorf("none: %q", got)
	}
}

func TestOnlyExactAmountsAreWritten(t *testing.T) {
	for _, good := range []string{"0.01", "12.50", "5", "1.234", "100", "999999999.99"} {
		if err := ValidAmount(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "0", "0.00", "-1.00", "+1.00", "1,00", "1.0", "1.", ".50", "01.00", "1.0000", "1 000.00", "EUR 1.00",
		"1e3", "1234567890.00", "1.00.00", "１.00"} {
		if err := ValidAmount(bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// encoder is what all messages have in common.
type encoder interface{ Encode() (wire.Message, error) }

func TestFeePaidOrderPutsThePatronLast(t *testing.T) {
	f := FeePaid{At: time.Date(2024, 5, 1, 10, 15, 30, 0, berlin), FeeType: FeeOverdue, PaymentType: PaidCreditCard, Currency: "EUR",
		Amount: "2.50", Institution: "CPL", Patron: "P1001", Fee: "104", Transaction: "4821-000042-01"}
	for order, want := range map[Order]string{
		PatronLast: "3720240501    1015300402EURBV2.50|CG104|BK4821-000042-01|AOCPL|AC|AD|AAP1001|\r",
		Canonical:  "3720240501    1015300402EURAOCPL|AAP1001|AC|AD|BV2.50|CG104|BK4821-000042-01|\r",
	} {
		f.Order = order
		m, err := f.Encode()
		if err != nil {
			t.Fatal(err)
		}
		b, err := wire.Format{}.Encode(m)
		if err != nil || string(b) != want {
			t.Errorf("%q %v, want %q", b, err, want)
		}
		back, err := ParseFeePaid(parse(t, b))
		if err != nil || back.Order != order || back.Amount != "2.50" || back.Patron != "P1001" {
			t.Errorf("%+v %v", back, err)
		}
	}
}

func parse(t *testing.T, b []byte) wire.Message {
	t.Helper()
	m, err := wire.Format{}.Parse(bytes.TrimSuffix(b, []byte("\r")))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// reader makes a parse function look like all others.
func reader[T any](f func(wire.Message) (T, error)) func(wire.Message) (any, error) {
	return func(m wire.Message) (any, error) { return f(m) }
}

func roundTrips() []struct {
	message encoder
	read    func(wire.Message) (any, error)
} {
	at := time.Date(2024, 5, 1, 10, 15, 30, 0, time.Local)
	return []struct {
		message encoder
		read    func(wire.Message) (any, error)
	}{
		{Login{User: "kiosk", Password: "x", Location: "main"}, reader(ParseLogin)},
		{LoginResponse{OK: true}, reader(ParseLoginResponse)},
		{SCStatus{Code: SCOutOfPaper, MaxPrintWidth: 40, Version: "2.00"}, reader(ParseSCStatus)},
		{ACSStatus{OnLine: true, CheckoutOK: true, Timeout: 100, Retries: Unknown, At: at, Version: "2.00", Institution: "CPL",
			LibraryName: "Central", Messages: "YYYYYYYYYY", Location: "desk", Screen: []string{"a", "b"}}, reader(ParseACSStatus)},
		{PatronStatusRequest{Language: LanguageGerman, At: at, Institution: "CPL", Patron: "P1", PatronPassword: "1"}, reader(ParsePatronStatusRequest)},
		{PatronStatusResponse{Status: PatronStatus{ChargeDenied: true, TooManyBilled: true}, Language: LanguageEnglish, At: at, Institution: "CPL",
			Patron: "P1", Name: "Jo", Valid: AnswerYes, PasswordValid: AnswerNo, Currency: "EUR", Fees: "5"}, reader(ParsePatronStatusResponse)},
		{PatronInformation{Language: LanguageEnglish, At: at, List: FineItems, Institution: "CPL", Patron: "P1", Start: 1, End: 20}, reader(ParsePatronInformation)},
		{PatronInformation{Language: LanguageEnglish, At: at, List: NoList, Institution: "CPL", Patron: "P1"}, reader(ParsePatronInformation)},
		{EndPatronSession{At: at, Institution: "CPL", Patron: "P1"}, reader(ParseEndPatronSession)},
		{EndSessionResponse{Ended: true, At: at, Institution: "CPL", Patron: "P1", Print: []string{"bye"}}, reader(ParseEndSessionResponse)},
		{FeePaid{At: at, FeeType: FeeOther, PaymentType: PaidCash, Currency: "USD", Amount: "1.00", Institution: "CPL", Patron: "P1",
			Fee: "7", Transaction: "1-1-1"}, reader(ParseFeePaid)},
		{FeePaidResponse{Accepted: true, At: at, Institution: "CPL", Patron: "P1", Transaction: "1-1-1", Screen: []string{"thanks"}}, reader(ParseFeePaidResponse)},
		{RequestACSResend{}, reader(ParseRequestACSResend)},
		{RequestSCResend{}, reader(ParseRequestSCResend)},
	}
}

func TestMessagesReadBackAsTheyWereWritten(t *testing.T) {
	for _, c := range roundTrips() {
		m, err := c.message.Encode()
		if err != nil {
			t.Errorf("%T: %v", c.message, err)
			continue
		}
		m.Sequence, m.Checksum = 4, wire.OK
		b, err := wire.Format{}.Encode(m)
		if err != nil {
			t.Errorf("%T: %v", c.message, err)
			continue
		}
		got, err := c.read(parse(t, b))
		if err != nil || !reflect.DeepEqual(got, c.message) {
			t.Errorf("%q:\n got %+v %v\nwant %+v", b, got, err, c.message)
		}
		if _, err := c.read(wire.Message{Code: "00"}); !errors.Is(err, ErrUnreadable) {
			t.Errorf("%T from another message: %v", c.message, err)
		}
	}
}

func TestPatronInformationResponseKeepsEveryField(t *testing.T) {
	m := parse(t, []byte("64          YY  00120240501    101530000000010002000200040000AAP1|AEJo Doe|BLY|CQY|BV15.50|CC5|AV104 Lost 12.50|XXnew|AV105 Late 3.00|AFhello|AOCPL|\r"))
	r, err := ParsePatronInformationResponse(m)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Status[ExcessiveFines] || !r.Status[ExcessiveFees] || r.Status[ChargeDenied] || r.FineItems != 2 || r.HoldItems != 0 ||
		r.Fees != "15.50" || r.FeeLimit != "5" || len(r.Fines) != 2 || len(r.Fields) != 11 || r.Fields[7].ID != "XX" {
		t.Errorf("%+v", r)
	}
	back, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParsePatronInformationResponse(back)
	again.Fields = r.Fields
	if err != nil || !reflect.DeepEqual(again, r) {
		t.Errorf("read back: %+v %v", again, err)
	}
}

func TestBlankCountsAndUnreadableDatesAreNoErrors(t *testing.T) {
	r, err := ParsePatronInformationResponse(parse(t, []byte("64              001not a date at all     0001    000x        AAP1|\r")))
	if err != nil || r.HoldItems != Unknown || r.OverdueItems != 1 || r.FineItems != Unknown || !r.At.IsZero() {
		t.Errorf("%+v %v", r, err)
	}
	paid, err := ParseFeePaidResponse(parse(t, []byte("38Y2024-05-01 at nineAAP1|\r")))
	if err != nil || !paid.Accepted || !paid.At.IsZero() || paid.Patron != "P1" {
		t.Errorf("an accepted payment with an unreadable date: %+v %v", paid, err)
	}
	status, err := ParseACSStatus(parse(t, []byte("98YYYYYN999   "+strings.Repeat(" ", 18)+"2.00BXYYY|\r")))
	if err != nil || status.Timeout != Unknown || status.Retries != Unknown || status.Supports(BXFeePaid) != NotSaid || status.Supports(BXPatronStatus) != Supported {
		t.Errorf("%+v %v", status, err)
	}
}

func TestAFeePaidResponseThatSaysNeitherIsUnreadable(t *testing.T) {
	for _, line := range []string{"38?20240501    101530AAP1|", "38 20240501    101530AAP1|", "38", "38120240501    101530AAP1|", "381"} {
		if _, err := ParseFeePaidResponse(parse(t, []byte(line))); !errors.Is(err, ErrUnreadable) {
			t.Errorf("%q: %v", line, err)
		}
	}
}

func TestRedactedMessagesShowNoPersonAndNoSecret(t *testing.T) {
	for _, l := range wire.Layouts() {
		m := wire.Message{Code: l.Code, Fixed: strings.Repeat(" ", l.Width()), Sequence: 3, Checksum: wire.OK}
		for _, id := range strings.Fields("AA AB AC AD AE AF AG AH AJ AL AP AQ AS AT AU AV BD BE BF BG BM BN BU CD CF CH CN CO CR CS CT CY DA XX U1 FD PA") {
			m.Fields = append(m.Fields, wire.Field{ID: id, Value: "private"})
		}
		m.Fields = append(m.Fields, wire.Field{ID: "BK", Value: "4821-1-01"})
		if got := Redact(m); strings.Contains(got, "private") || !strings.Contains(got, "BK4821-1-01|AY3AZ(ok)") {
			t.Errorf("%s: %s", l.Code, got)
		}
	}
	if got := Redact(wire.Message{Code: "42", Fixed: "private"}); strings.Contains(got, "private") {
		t.Error(got)
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range roundTrips() {
		m, err := c.message.Encode()
		if err != nil {
			f.Fatal(err)
		}
		b, err := wire.Format{}.Encode(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.TrimSuffix(b, []byte("\r")))
	}
	f.Add([]byte("64              00120240501    101530000000010002    00040000AOCPL|AAP1|AV104 x 1.00|"))
	f.Fuzz(func(t *testing.T, line []byte) {
		m, err := wire.Format{}.Parse(line)
		if err != nil {
			return
		}
		for _, c := range roundTrips() {
			_, _ = c.read(m) // may refuse, must not panic
		}
		if r, err := ParseFeePaidResponse(m); err == nil && r.Accepted != strings.HasPrefix(m.Fixed, "Y") {
			t.Fatalf("%q was taken for accepted=%v", line, r.Accepted)
		}
		_, _ = ParsePatronInformationResponse(m) // may refuse, must not panic
		_ = Redact(m)
	})
}
