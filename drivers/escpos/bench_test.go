package escpos

import (
	"context"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"selfpay/device/printer"
	"selfpay/drivers/escpos/escpostest"
)

// usual is a patron's receipt.
var usual = printer.Receipt{Lines: []printer.Line{
	{Text: "Zentralbibliothek", Align: printer.Centre, Bold: true}, {},
	{Text: "Vorgang", Right: "4821-123", Bold: true}, {Text: "Datum", Right: "21.11.2026 14:05"}, {},
	{Text: "Gebühr 104", Right: "2,50 €"}, {Text: "  gebucht"}, {Text: "Gebühr 105", Right: "10,00 €"}, {Text: "  Buchung folgt"},
	{Text: "Summe", Right: "12,50 €", Bold: true}, {},
	{Text: "Bitte zeigen Sie diesen Beleg an der Theke. Bitte zahlen Sie nicht noch einmal.", Bold: true},
	{Text: "Kartenzahlung", Right: "girocard"}, {Text: "************1234", Right: "384211"},
}}

func BenchmarkReceipt(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		encode(usual, epson, nil, nil)
	}
}

// BenchmarkPrint is a whole receipt with all questions and answers, over a line and a printer that take no time of their
// own, beside the time that the paper takes in a printer of the profile's speed.
func BenchmarkPrint(b *testing.B) {
	logo := ramp(576, 300)
	for name, cfg := range map[string]Config{"text": {Profile: epson}, "logo": {Profile: epson, Logo: logo}} {
		b.Run(name, func(b *testing.B) {
			near, far := net.Pipe()
			machine := escpostest.New()
			go machine.ServeConn(far)
			p := New(func(context.Context) (io.ReadWriteCloser, error) { return near, nil }, cfg, slog.New(slog.DiscardHandler))
			defer p.Close()
			for b.Loop() {
				if err := p.Print(b.Context(), usual); err != nil {
					b.Fatal(err)
				}
			}
			rows := encode(usual, epson, nil, p.logo).rows
			paper := time.Duration(rows) * rowTime(epson)
			ours := b.Elapsed() / time.Duration(b.N)
			b.ReportMetric(float64(paper)/float64(time.Millisecond), "paper-ms")
			b.ReportMetric(100*float64(ours)/float64(paper), "%of-paper")
		})
	}
}

func BenchmarkDrawnReceipt(b *testing.B) {
	r := printer.Receipt{Lines: []printer.Line{{Text: "Плата за прострочення", Right: "12,50 €"}, {Text: "Opłata", Right: "2,50 €"}}}
	p, fonts := mustProfile("custom-vkp80ii"), goFont(b)
	b.ReportAllocs()
	for b.Loop() {
		encode(r, p, fonts, nil)
	}
}

// BenchmarkLogo dithers a picture of 576 x 300 and makes its commands.
func BenchmarkLogo(b *testing.B) {
	logo, p := ramp(576, 300), mustProfile("epson-tm-t20iii")
	b.ReportAllocs()
	for b.Loop() {
		dither(logo, p.Paper.Dots).bands(p.Raster, p.Flow.Buffer/2)
	}
}

// BenchmarkLogoOfEachReceipt is what is done for each receipt: the dots are there already.
func BenchmarkLogoOfEachReceipt(b *testing.B) {
	p := mustProfile("epson-tm-t20iii")
	logo := dither(ramp(576, 300), p.Paper.Dots)
	b.ReportAllocs()
	for b.Loop() {
		encode(printer.Receipt{}, p, nil, logo)
	}
}
