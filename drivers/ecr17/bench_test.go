package ecr17

import "testing"

// BenchmarkReadResult is the whole answer to a payment, from the wire to its fields.
func BenchmarkReadResult(b *testing.B) {
	raw := LRCWhole.Frame(good.Bytes())
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		p, _, err := Split(raw)
		if err != nil {
			b.Fatal(err)
		}
		if fits, _ := p.LRC(); fits != LRCWhole {
			b.Fatal(fits)
		}
		if _, err := ParseResult(p.Text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriteResult(b *testing.B) {
	b.SetBytes(int64(len(LRCWhole.Frame(good.Bytes()))))
	b.ReportAllocs()
	for b.Loop() {
		LRCWhole.Frame(good.Bytes())
	}
}

func BenchmarkWritePayment(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		message, err := Payment{TerminalID: "30350039", Register: "00000001", Extended: true, Minor: 1250, Contract: "4821-123"}.Bytes()
		if err != nil {
			b.Fatal(err)
		}
		LRCWhole.Frame(message)
	}
}
