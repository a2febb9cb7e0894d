package web

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"selfpay/device/money"
	"selfpay/kiosk/session"
	"selfpay/kiosk/text"
)

// Reading is a screen for the ear. It is taken from the very tree that is shown, so the two cannot say different things.
type Reading struct {
	Number    int64    // session.View.Number
	Name      string   // of what is drawn
	Language  string   // of the sentences
	Curtain   bool     // nothing is to be seen
	Sentences []string // what stands on the screen beside the choices, in reading order
	Typed     *Typed   // nil where nothing is typed
	Items     []Item   // what can be done, in reading order; the page knows them by their places here
}

// Typed is what the patron types.
type Typed struct {
	Label  string // what it is
	Digits string // as they are shown: dots for a PIN
	Amount string // what the digits stand for, where they are an amount
}

// Item is one thing that can be done: a tap on it is session.Action.
type Item struct {
	Action, Value string
	Label         string
	Language      string // of the label
	Choice        Choice
	Disabled      bool // it is shown and cannot be done now
	Anywhere      bool // it is what a touch beside everything else means
}

// Choice says whether something is chosen.
type Choice int

// The three ways in which a thing is chosen.
const (
	NoChoice  Choice = iota // there is nothing to choose about it
	Chosen                  // it is
	NotChosen               // it is not
)

// aloud gives the words of a screen as a voice says them.
type aloud struct{ *text.Texts }

// Amount is an amount as it is said.
func (a aloud) Amount(lang string, m money.Amount) string { return a.Spoken(lang, m) }

// Read is what a voice says of a view.
func Read(v session.View, texts *text.Texts) (Reading, error) {
	s, err := sceneOf(v, aloud{texts}, Look{})
	if err != nil {
		return Reading{}, err
	}
	r := Reading{Number: v.Number, Name: nameOf(v), Language: v.Language, Curtain: v.Aids.Curtain}
	for n := range s.drawn().ChildNodes() {
		r.take(n)
	}
	return r, nil
}

// take reads an element with all that is in it.
func (r *Reading) take(n *html.Node) {
	switch {
	case silent(n) || n.DataAtom == atom.Header: // the library's name and the patron's initials stand on every screen
	case n.DataAtom == atom.Button:
		r.takeButton(n)
	case has(n, "data-typed"):
		r.takeTyped(n)
	case oneSentence(n):
		if said := words(n); said != "" {
			r.Sentences = append(r.Sentences, said)
		}
	default:
		for c := range n.ChildNodes() {
			r.take(c)
		}
	}
}

func (r *Reading) takeButton(n *html.Node) {
	if !has(n, "data-action") {
		return // it moves what is seen
	}
	i := Item{Action: attribute(n, "data-action"), Value: attribute(n, "data-value"), Label: words(n), Language: r.Language,
		Disabled: has(n, "disabled"), Anywhere: has(n, "data-anywhere")}
	if label := attribute(n, "aria-label"); label != "" {
		i.Label = label
	}
	if lang := attribute(n, "lang"); lang != "" {
		i.Language = lang
	}
	switch attribute(n, "aria-checked") + attribute(n, "aria-pressed") {
	case "true":
		i.Choice = Chosen
	case "false":
		i.Choice = NotChosen
	}
	r.Items = append(r.Items, i)
}

func (r *Reading) takeTyped(n *html.Node) {
	r.Typed = &Typed{Digits: attribute(n, "data-typed")}
	for c := range n.ChildNodes() {
		switch said := words(c); {
		case c.DataAtom != atom.Output:
			r.Typed.Label = strings.TrimSpace(r.Typed.Label + " " + said)
		case said != r.Typed.Digits:
			r.Typed.Amount = said
		}
	}
}

// silent says whether nobody sees the words of a node, or it is a drawing.
func silent(n *html.Node) bool {
	return n.Type == html.RawNode || n.DataAtom == atom.Svg || has(n, "hidden") || attribute(n, "aria-hidden") == "true"
}

// inline are the elements that stand inside of a sentence.
var inline = map[atom.Atom]bool{atom.A: true, atom.B: true, atom.Bdi: true, atom.Em: true, atom.I: true, atom.Output: true,
	atom.Small: true, atom.Span: true, atom.Strong: true, atom.Time: true}

// oneSentence says whether an element holds words, and nothing that is a sentence or a button of its own.
func oneSentence(n *html.Node) bool {
	if n.Type == html.TextNode {
		return true
	}
	for c := range n.ChildNodes() {
		if !silent(c) && !(c.Type == html.TextNode || inline[c.DataAtom] && !has(c, "data-spoken") && oneSentence(c)) {
			return false
		}
	}
	return true
}

// words are what an element says, in one line; the patron's reference is spelled.
func words(n *html.Node) string {
	var said strings.Builder
	var collect func(n *html.Node, reference string)
	collect = func(n *html.Node, reference string) {
		if silent(n) {
			return
		}
		if own := attribute(n, "data-reference"); own != "" {
			reference = own
		}
		if n.Type == html.TextNode {
			part := n.Data
			if reference != "" && strings.TrimSpace(part) == reference {
				part = Spell(reference)
			}
			said.WriteString(part)
		}
		for c := range n.ChildNodes() {
			collect(c, reference)
		}
		if n.Type == html.ElementNode {
			said.WriteByte(' ')
		}
	}
	collect(n, "")
	return strings.Join(strings.Fields(said.String()), " ")
}

// Spell is a number to be said digit by digit, with a pause where it has a line: "4 8 2 1, 1 2 3".
func Spell(number string) string {
	groups := strings.Split(number, "-")
	for i, g := range groups {
		groups[i] = strings.Join(strings.Split(g, ""), " ")
	}
	return strings.Join(groups, ", ")
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}
