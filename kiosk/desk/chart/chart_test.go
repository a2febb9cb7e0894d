package chart_test

import (
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"selfpay/kiosk/desk/chart"
	"selfpay/kiosk/html"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the pictures in testdata")

func euros(minor int64) string { return fmt.Sprintf("%d,%02d €", minor/100, minor%100) }

// columns are bars for days with values that grow.
func columns(n int, step int64, label func(int) string) chart.Chart {
	c := chart.Chart{ID: "days", Title: "Takings by day", Description: "The last days."}
	for i := range n {
		c.Points = append(c.Points, chart.Point{Label: label(i), Value: int64(i) * step, Text: euros(int64(i) * step)})
	}
	return c
}

func date(i int) string { return fmt.Sprintf("%02d.11.", i+1) }

// pictures are the charts that are tried, by name.
func pictures() map[string]html.Part {
	parts := chart.Chart{ID: "parts", Title: "Well", Description: "How much of the time.", Points: []chart.Point{
		{Label: "terminal", Value: 998, Text: "99.8 %"}, {Label: "printer", Value: 0, Text: "0.0 %"},
		{Label: strings.Repeat("a very long name ", 8), Value: 1000, Text: "100.0 %"}, {Label: "شاشة 屏幕", Value: 5000, Text: "500 %"}}}
	return map[string]html.Part{
		"days":         columns(31, 12345, date).Columns(euros),
		"hours":        columns(24, 100, strconv.Itoa).Columns(euros),
		"nothing":      columns(31, 0, date).Columns(euros),
		"none":         chart.Chart{ID: "x"}.Columns(euros),
		"one":          columns(1, 0, date).Columns(euros),
		"much":         columns(31, 99_999_999_999, func(i int) string { return "Wednesday, " + date(i) + "2026" }).Columns(euros),
		"parts":        parts.Rows(1000),
		"ages":         columns(5, 1, date).Rows(0),
		"ages-nothing": columns(5, 0, date).Rows(0),
		"rows-none":    chart.Chart{ID: "x"}.Rows(0),
		"hostile": chart.Chart{ID: "x", Title: "</title><script>alert(1)</script>", Description: `" onload="alert(1)`,
			Points: []chart.Point{{Label: "<b>&", Value: 1, Text: "<i>"}}}.Rows(0),
	}
}

// write writes a picture, each element on a line of its own.
func write(t *testing.T, picture html.Part) string {
	t.Helper()
	drawn, err := html.Write(picture)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(drawn, "><", ">\n<") + "\n"
}

func TestPicturesAreAsReviewed(t *testing.T) {
	for name, picture := range pictures() {
		drawn := write(t, picture)
		path := "testdata/" + name + ".svg"
		if *rewrite {
			if err := os.WriteFile(path, []byte(drawn), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		reviewed, err := os.ReadFile(path)
		if err != nil || string(reviewed) != drawn {
			t.Errorf("%s is not as reviewed (%v); run go test ./kiosk/desk/chart -rewrite and look at the difference", path, err)
		}
	}
}

// area is what an element takes up.
type area struct {
	what                     string
	left, top, right, bottom float64
}

func (a area) meets(b area) bool {
	return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}

// areas takes a picture apart, as strict XML.
func areas(t *testing.T, svg string) (view area, texts, bars []area, names map[string]bool) {
	t.Helper()
	names = map[string]bool{}
	number := func(e xml.StartElement, name string) float64 {
		for _, a := range e.Attr {
			if a.Name.Local == name {
				n, err := strconv.ParseFloat(a.Value, 64)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				return n
			}
		}
		return 0
	}
	in := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			return view, texts, bars, names
		}
		if err != nil {
			t.Fatal(err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		names[e.Name.Local] = true
		for _, a := range e.Attr {
			switch {
			case a.Name.Local == "viewBox":
				fmt.Sscan(a.Value, &view.left, &view.top, &view.right, &view.bottom)
			case strings.HasPrefix(a.Name.Local, "on"), a.Name.Local == "style":
				t.Errorf("<%s> has %s", e.Name.Local, a.Name.Local)
			}
		}
		switch e.Name.Local {
		case "text":
			texts = append(texts, textArea(t, in, e, number))
		case "rect":
			x, y := number(e, "x"), number(e, "y")
			bars = append(bars, area{"a bar", x, y, x + number(e, "width"), y + number(e, "height")})
		}
	}
}

func textArea(t *testing.T, in *xml.Decoder, e xml.StartElement, number func(xml.StartElement, string) float64) area {
	t.Helper()
	var said struct {
		Text   string `xml:",chardata"`
		Anchor string `xml:"text-anchor,attr"`
	}
	if err := in.DecodeElement(&said, &e); err != nil {
		t.Fatal(err)
	}
	wide := 0.62 * 14 * float64(utf8.RuneCountInString(said.Text)) // the digits of common fonts are 0.5 to 0.6 em wide
	x, y := number(e, "x"), number(e, "y")
	left := map[string]float64{"start": x, "middle": x - wide/2, "end": x - wide}[said.Anchor]
	return area{said.Text, left, y - 11, left + wide, y + 3}
}

func TestTextsMeetNoOtherAndStayInThePicture(t *testing.T) {
	for name, picture := range pictures() {
		drawn := write(t, picture)
		view, texts, bars, _ := areas(t, drawn)
		for i, a := range texts {
			if a.left < view.left || a.right > view.right || a.top < view.top || a.bottom > view.bottom {
				t.Errorf("%s: %q leaves the picture: %+v", name, a.what, a)
			}
			for _, b := range texts[i+1:] {
				if a.meets(b) {
					t.Errorf("%s: %q and %q lie over each other", name, a.what, b.what)
				}
			}
			for _, b := range bars {
				if b.bottom-b.top > 1 && a.meets(b) { // not a line of the grid
					t.Errorf("%s: %q lies over a bar", name, a.what)
				}
			}
		}
		for _, b := range bars {
			if b.left < view.left || b.right > view.right || b.top < view.top || b.bottom > view.bottom {
				t.Errorf("%s: a bar leaves the picture: %+v", name, b)
			}
		}
	}
}

func TestForeignTextStaysTextInAPicture(t *testing.T) {
	_, texts, _, names := areas(t, write(t, pictures()["hostile"]))
	if names["script"] || names["b"] || len(texts) != 2 || texts[0].what != "<b>&" {
		t.Errorf("elements %v, texts %v", names, texts)
	}
}

func TestTheHighestBarHasTheLargestValue(t *testing.T) {
	_, _, bars, _ := areas(t, write(t, pictures()["days"]))
	bars = bars[3:] // behind the lines
	for i, b := range bars[1:] {
		if b.top >= bars[i].top {
			t.Errorf("bar %d is not higher than the one before", i+1)
		}
	}
}
