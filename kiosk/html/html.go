// Package html builds pages as trees. A page is a function in Go from what is to be shown to a Part, so the compiler checks it; the tree is
// written as HTML, or read as it is, as the voice of the screen does. Text and values of attributes come out escaped, whatever they hold:
// only a Drawing is taken as it is, and that is never foreign.
//
// The templates of the standard library find methods by their names while they run, so that the linker must keep every exported method of
// a program that uses them.
package html

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Part is a piece of a page: an element, a text, a drawing, or a fragment, whose attributes and children become those of the element that it
// is put into. nil is nothing. A part with children or text has one place; attributes and drawings may be put into several.
type Part = *html.Node

// fragment is the type of a part that is taken apart where it is put into another.
const fragment = html.DocumentNode

// Write writes a part as HTML. It fails where a void element, a br for one, has something in it.
func Write(part Part) (string, error) {
	var written strings.Builder
	if err := html.Render(&written, part); err != nil {
		return "", err
	}
	return written.String(), nil
}

// Element is an element with its attributes and children in their order.
func Element(name string, parts ...Part) Part {
	return fill(&html.Node{Type: html.ElementNode, Data: name, DataAtom: atom.Lookup([]byte(name))}, parts)
}

// All are several parts, one after the other.
func All(parts ...Part) Part { return fill(&html.Node{Type: fragment}, parts) }

func fill(parent Part, parts []Part) Part {
	for _, p := range parts {
		put(parent, p)
	}
	return parent
}

func put(parent, part Part) {
	switch {
	case part == nil:
	case part.Type == fragment:
		parent.Attr = append(parent.Attr, part.Attr...)
		for child := part.FirstChild; child != nil; child = part.FirstChild {
			part.RemoveChild(child)
			parent.AppendChild(child)
		}
	case part.Type == html.RawNode:
		parent.AppendChild(Drawing(part.Data))
	default:
		parent.AppendChild(part)
	}
}

// Doctype begins a whole page.
func Doctype() Part { return &html.Node{Type: html.DoctypeNode, Data: "html"} }

// Text is a text, whatever stands in it.
func Text(text string) Part { return &html.Node{Type: html.TextNode, Data: text} }

// Drawing is SVG of our own, which is written as it is.
func Drawing(svg string) Part { return &html.Node{Type: html.RawNode, Data: svg} }

// Attribute is an attribute with its value.
func Attribute(name, value string) Part {
	return &html.Node{Type: fragment, Attr: []html.Attribute{{Key: name, Val: value}}}
}

// Mark is an attribute that says all by being there: hidden, disabled.
func Mark(name string) Part { return Attribute(name, "") }

// If is the parts where something holds, else nothing.
func If(holds bool, parts ...Part) Part {
	if !holds {
		return nil
	}
	return All(parts...)
}

// Each is one part for each of several things.
func Each[T any](things []T, part func(T) Part) Part {
	parts := All()
	for _, thing := range things {
		put(parts, part(thing))
	}
	return parts
}
