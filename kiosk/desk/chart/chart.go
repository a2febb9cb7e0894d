// Package chart draws data as SVG that stands in a page: a pure function without script, styles or colours, which the page's
// style sheet gives by the classes bar, grid and axis. What a chart shows stands in a table beside it, for who cannot see it.
package chart

import (
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"selfpay/kiosk/html"
)

// Point is one bar.
type Point struct {
	Label string
	Value int64  // not below 0
	Text  string // the value as people read it
}

// Chart is a picture of points in their order.
type Chart struct {
	ID          string // unique in the page: a word
	Title       string
	Description string // what there is to see, in a sentence
	Points      []Point
}

// The measures of a picture, in its own units. A character is taken for as wide as the widest that is common.
const (
	width      = 720
	fontSize   = 14
	charWidth  = 9
	gap        = 8 // between two texts
	plotHeight = 160
	rowHeight  = 28
)

func textWidth(s string) int { return utf8.RuneCountInString(s) * charWidth }

// mark is a text in the picture.
type mark struct {
	X, Y   int
	Anchor string // "start", "middle", "end"
	Text   string
}

// box is a bar in the picture.
type box struct{ X, Y, Width, Height int }

// picture is a chart laid out.
type picture struct {
	Chart
	Width, Height int
	Font          int
	Grid          []box // lines
	Bars          []box
	Marks         []mark
}

func (p picture) draw() html.Part {
	return html.Element("svg", html.Attribute("viewBox", fmt.Sprintf("0 0 %d %d", p.Width, p.Height)), html.Attribute("role", "img"),
		html.Attribute("aria-labelledby", p.ID+"-title "+p.ID+"-desc"), number("font-size", p.Font),
		html.Element("title", html.ID(p.ID+"-title"), html.Text(p.Title)),
		html.Element("desc", html.ID(p.ID+"-desc"), html.Text(p.Description)),
		html.Each(p.Grid, func(b box) html.Part { return b.draw("grid") }),
		html.Each(p.Bars, func(b box) html.Part { return b.draw("bar") }),
		html.Each(p.Marks, mark.draw))
}

func (b box) draw(class string) html.Part {
	return html.Element("rect", html.Class(class), number("x", b.X), number("y", b.Y), number("width", b.Width), number("height", b.Height))
}

func (m mark) draw() html.Part {
	return html.Element("text", html.Class("axis"), number("x", m.X), number("y", m.Y), html.Attribute("text-anchor", m.Anchor), html.Text(m.Text))
}

func number(name string, n int) html.Part { return html.Attribute(name, strconv.Itoa(n)) }

// Columns draws the points as upright bars over a scale, for a course of time. scale writes a value of the scale. Where the labels
// have no room each second is left out, or more.
func (c Chart) Columns(scale func(int64) string) html.Part {
	top := roundUp(c.most())
	steps := []int64{0, top / 2, top}
	left := 0
	for _, s := range steps {
		left = max(left, textWidth(scale(s)))
	}
	left += gap
	const above, below = fontSize, 24
	p := picture{Chart: c, Width: width, Height: above + plotHeight + below, Font: fontSize}
	height := func(v int64) int { return int(v * plotHeight / top) }
	widest := c.widestLabel()
	right := width - widest/2 - 1
	for _, s := range steps {
		y := above + plotHeight - height(s)
		p.Grid = append(p.Grid, box{left, y, width - left, 1})
		p.Marks = append(p.Marks, mark{left - gap, y + fontSize/3, "end", scale(s)})
	}
	for i, one := range c.Points {
		from, to := left+gap+i*(right-left-gap)/len(c.Points), left+gap+(i+1)*(right-left-gap)/len(c.Points)
		h := height(one.Value)
		p.Bars = append(p.Bars, box{from, above + plotHeight - h, max(1, to-from-2), h})
		if i%c.stride(right-left-gap) == 0 {
			p.Marks = append(p.Marks, mark{max((from+to)/2, widest/2+1), above + plotHeight + below - 6, "middle", one.Label})
		}
	}
	return p.draw()
}

// stride is every how manieth label there is room for.
func (c Chart) stride(room int) int {
	each := room / max(1, len(c.Points))
	return 1 + (c.widestLabel()+gap)/max(1, each)
}

// longestLabel is how many characters of a label stand beside a bar.
const longestLabel = 28

// Rows draws the points as bars that lie, each with its label before and its text behind. most is the value of a whole bar; 0: the
// largest of the points.
func (c Chart) Rows(most int64) html.Part {
	if most <= 0 {
		most = max(1, c.most())
	}
	p := picture{Chart: c, Width: width, Height: max(1, len(c.Points)) * rowHeight, Font: fontSize}
	before, behind := 0, 0
	for _, one := range c.Points {
		before, behind = max(before, textWidth(shortened(one.Label))), max(behind, textWidth(one.Text))
	}
	left, right := before+gap, width-behind-gap
	for i, one := range c.Points {
		y := i * rowHeight
		long := int(min(one.Value, most) * int64(right-left) / most)
		p.Grid = append(p.Grid, box{left, y + 6, right - left, rowHeight - 12})
		p.Bars = append(p.Bars, box{left, y + 6, long, rowHeight - 12})
		p.Marks = append(p.Marks, mark{0, y + rowHeight/2 + fontSize/3, "start", shortened(one.Label)}, mark{width, y + rowHeight/2 + fontSize/3, "end", one.Text})
	}
	return p.draw()
}

func shortened(label string) string {
	runes := []rune(label)
	if len(runes) <= longestLabel {
		return label
	}
	return string(runes[:longestLabel-1]) + "…"
}

func (c Chart) most() (most int64) {
	for _, p := range c.Points {
		most = max(most, p.Value)
	}
	return most
}

func (c Chart) widestLabel() (widest int) {
	for _, p := range c.Points {
		widest = max(widest, textWidth(p.Label))
	}
	return widest
}

// roundUp is the next value of which the half is a whole one and people read well: 2, 4, 10, 20, 40, 100 and so on.
func roundUp(v int64) int64 {
	for scale := int64(1); ; scale *= 10 {
		steps := []int64{2 * scale, 4 * scale, 10 * scale}
		if i := slices.IndexFunc(steps, func(s int64) bool { return s >= v }); i >= 0 {
			return steps[i]
		}
	}
}
