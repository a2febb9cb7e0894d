package escpos

import (
	"testing"

	"selfpay/device/printer"
)

func BenchmarkReceipt(b *testing.B) {
	r := printer.Receipt{Lines: []printer.Line{
		{Text: "Zentralbibliothek", Align: printer.Centre, Bold: true}, {},
		{Text: "Vorgang", Right: "4821-123", Bold: true}, {Text: "Datum", Right: "21.11.2026 14:05"}, {},
		{Text: "Gebühr 104", Right: "2,50 €"}, {Text: "  gebucht"}, {Text: "Gebühr 105", Right: "10,00 €"}, {Text: "  Buchung folgt"},
		{Text: "Summe", Right: "12,50 €", Bold: true}, {},
		{Text: "Bitte zeigen Sie diesen Beleg an der Theke. Bitte zahlen Sie nicht noch einmal.", Bold: true},
		{Text: "Kartenzahlung", Right: "girocard"}, {Text: "************1234", Right: "384211"},
	}}
	b.ReportAllocs()
	for b.Loop() {
		encode(r, epson, nil, nil)
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
