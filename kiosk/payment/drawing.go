package payment

import (
	"fmt"
	"slices"
	"strings"
)

// Drawing is the table of moves for people, state by state.
func Drawing() string {
	var b strings.Builder
	of, from := "", ""
	for _, m := range Moves() {
		if title := m.title(); title != of {
			of, from = title, "none yet"
			fmt.Fprintln(&b, title)
		}
		if m.From != from {
			from = m.From
			fmt.Fprintln(&b, "  "+state(from))
		}
		fmt.Fprintf(&b, "    %-21s -> %s\n", event(m), strings.TrimSuffix(m.To+": "+m.If, ": "))
	}
	return b.String()
}

func (m Move) title() string {
	if m.While == "" {
		return "payment"
	}
	return "leg of a payment that is " + string(m.While)
}

func state(name string) string {
	if name == "" {
		return "no payment"
	}
	return name
}

func event(m Move) string {
	if m.Event == follows {
		return "(follows)"
	}
	return m.Event
}

// Dot is the table of moves for Graphviz: one picture for the payment, one for its legs.
func Dot() string {
	var b strings.Builder
	fmt.Fprintln(&b, "digraph moves {\n\trankdir=LR; node [shape=box]; edge [fontsize=10];")
	for _, of := range []string{"payment", "leg"} {
		fmt.Fprintf(&b, "\tsubgraph cluster_%s { label=%q;\n", of, of)
		for _, name := range statesOf(of) {
			fmt.Fprintf(&b, "\t\t%q [label=%q%s];\n", of+" "+name, state(name), bold(of, name))
		}
		for _, m := range Moves() {
			if m.Of == of {
				fmt.Fprintf(&b, "\t\t%q -> %q [label=%q];\n", of+" "+m.From, of+" "+m.To, strings.TrimSuffix(event(m)+"\n"+m.If, "\n"))
			}
		}
		fmt.Fprintln(&b, "\t}")
	}
	fmt.Fprintln(&b, "}")
	return b.String()
}

// statesOf lists the states in the order in which the table names them.
func statesOf(of string) []string {
	var names []string
	for _, m := range Moves() {
		for _, name := range []string{m.From, m.To} {
			if m.Of == of && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// bold marks an end.
func bold(of, name string) string {
	if of == "payment" && State(name).Ended() || of == "leg" && LegState(name).Ended() {
		return ", style=bold"
	}
	return ""
}
