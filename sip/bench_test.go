package sip

import (
	"testing"
	"time"

	"selfpay/sip/wire"
)

var format = wire.Format{}

const line64 = "64              00120240501    101530000100020003000400000000AA20017000010001|AEMueller, Anna Maria|BLY|CQY|BHEUR|BV47.40|CC5|" +
	"AV104 L Lost Item: Die Vermessung der Welt 17.77|AV105 F Overdue: Momo 2.23|AV106 F Overdue: Der Zauberberg 12.40|" +
	"AV107 A Account management fee 15.00|AFGreetings from the library, have a nice day|AOCPL|"

// From bytes to the typed message; the text is copied once, so that it lasts.
func BenchmarkDecodePatronInformationResponse(b *testing.B) {
	b.ReportAllocs()
	line := []byte(line64)
	for b.Loop() {
		m, err := format.Parse(line)
		if err != nil {
			b.Fatal(err)
		}
		if r, err := ParsePatronInformationResponse(m); err != nil || len(r.Fines) != 4 {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeFeePaidResponse(b *testing.B) {
	b.ReportAllocs()
	line := []byte("38Y20240501    101530AOCPL|AAP1001|BKK1-000042|AY3AZF3C9")
	for b.Loop() {
		m, err := format.Parse(line)
		if err != nil {
			b.Fatal(err)
		}
		if r, err := ParseFeePaidResponse(m); err != nil || !r.Accepted {
			b.Fatal(err)
		}
	}
}

// From the typed message to bytes in a buffer.
func BenchmarkEncodeFeePaid(b *testing.B) {
	b.ReportAllocs()
	paid := FeePaid{At: time.Date(2024, 5, 1, 10, 15, 30, 0, time.UTC), FeeType: FeeOther, PaymentType: PaidCreditCard, Currency: "EUR",
		Amount: "12.50", Institution: "CPL", Patron: "20017000010001", Fee: "104", Transaction: "4821-000123-01"}
	buffer := make([]byte, 0, 256)
	for b.Loop() {
		m, err := paid.Encode()
		if err != nil {
			b.Fatal(err)
		}
		m.Sequence, m.Checksum = 3, wire.OK
		if buffer, err = format.AppendTo(buffer[:0], m); err != nil {
			b.Fatal(err)
		}
	}
}
