package payment

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// rewrite draws the table of moves anew: go test ./kiosk/payment -rewrite
var rewrite = flag.Bool("rewrite", false, "draw the table of moves anew in doc.go and docs/money-safety.md")

// drawings are the places where the table of moves is drawn, each between two lines.
func drawings() []struct{ path, begin, drawn, end string } {
	comment := "//\n//\t" + strings.ReplaceAll(strings.TrimSpace(Drawing()), "\n", "\n//\t") + "\n//\n"
	page := ""
	for _, of := range []string{"payment", "leg"} {
		page += "\n```mermaid\n" + mermaid(of) + "```\n"
	}
	return []struct{ path, begin, drawn, end string }{
		{"doc.go", "// The table of moves (moves.go), drawn by go test -rewrite:\n", comment, "// What stands beside"},
		{"../../docs/money-safety.md", "the moves that stay where they are left out.\n", page + "\n", "`kioskctl ledger states`"},
	}
}

func TestTheTableOfMovesIsDrawnAsItIs(t *testing.T) {
	for _, d := range drawings() {
		text, err := os.ReadFile(d.path)
		if err != nil {
			t.Fatal(err)
		}
		before, rest, begun := strings.Cut(string(text), d.begin)
		drawn, after, ended := strings.Cut(rest, d.end)
		switch {
		case !begun || !ended:
			t.Errorf("%s has no place for the drawing", d.path)
		case *rewrite:
			if err := os.WriteFile(d.path, []byte(before+d.begin+d.drawn+d.end+after), 0o644); err != nil {
				t.Fatal(err)
			}
		case drawn != d.drawn:
			t.Errorf("%s draws another table; run go test ./kiosk/payment -rewrite and look at the difference", d.path)
		}
	}
}

// mermaid is the table of moves of a payment or of a leg as a diagram that web pages draw: what changes a state, without
// the conditions.
func mermaid(of string) string {
	var b strings.Builder
	fmt.Fprintln(&b, "stateDiagram-v2")
	id := strings.NewReplacer(" ", "_")
	for _, name := range statesOf(of) {
		if strings.Contains(name, " ") && name != string(AnyState) {
			fmt.Fprintf(&b, "    state %q as %s\n", name, id.Replace(name))
		}
	}
	for _, a := range arrowsOf(of) {
		from := id.Replace(a.from)
		if from == "" {
			from = "[*]"
		}
		fmt.Fprintf(&b, "    %s --> %s: %s\n", from, id.Replace(a.to), strings.Join(a.events, ", "))
	}
	for _, name := range statesOf(of) {
		if bold(of, name) != "" {
			fmt.Fprintf(&b, "    %s --> [*]\n", id.Replace(name))
		}
	}
	return b.String()
}

type arrow struct {
	from, to string
	events   []string
}

// arrowsOf gathers the events that lead from one state to another.
func arrowsOf(of string) []arrow {
	var arrows []arrow
	for _, m := range Moves() {
		if m.Of != of || m.From == m.To {
			continue
		}
		i := slices.IndexFunc(arrows, func(a arrow) bool { return a.from == m.From && a.to == m.To })
		if i < 0 {
			i, arrows = len(arrows), append(arrows, arrow{from: m.From, to: m.To})
		}
		if !slices.Contains(arrows[i].events, event(m)) {
			arrows[i].events = append(arrows[i].events, event(m))
		}
	}
	return arrows
}
