package aleph

import (
	"bytes"
	"encoding/xml"
	"errors"
	"strings"
	"unicode"

	"selfpay/kiosk/ils/rest"
)

// element is one element of an answer. Answers are kept whole, because their roots and some of their wrappers are known by
// inference only: what is read is looked for by its own name, and what stands in an unexpected place is seen.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []element  `xml:",any"`
}

// mostSigns bounds the signs < and = of an answer: an element or an attribute takes much more memory than bytes. A list of
// mostRows rows with all that may stand in them has fewer.
const mostSigns = 400_000

// parse reads a whole document of any root but that of a web page.
func parse(body []byte) (element, error) {
	var root element
	if bytes.Count(body, []byte("<"))+bytes.Count(body, []byte("=")) > mostSigns {
		return element{}, errors.New("the answer has too many elements")
	}
	if err := rest.ParseXML(body, "", &root); err != nil {
		return element{}, err
	}
	if strings.EqualFold(root.XMLName.Local, "html") {
		return element{}, errors.New("the answer is a web page")
	}
	return root, nil
}

func (e element) name() string { return e.XMLName.Local }

func (e element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

// all are the direct children of a name.
func (e element) all(name string) []element {
	var found []element
	for _, c := range e.Children {
		if c.name() == name {
			found = append(found, c)
		}
	}
	return found
}

// text is the text of the only direct child of a name. once is false where there are several.
func (e element) text(name string) (text string, once bool) {
	found := e.all(name)
	if len(found) == 0 {
		return "", true
	}
	return strings.TrimSpace(found[0].Text), len(found) == 1
}

// said is a text for people, empty where there is none.
func (e element) said(name string) string {
	text, _ := e.text(name)
	return text
}

// clean makes one printable line of at most so many characters.
func clean(text string, longest int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > longest {
		return strings.TrimSpace(string(runes[:longest-1])) + "…"
	}
	return string(runes)
}

// words is a text of Aleph's for logs and errors. A word is hidden that holds a digit, since a card, an id or a sum might
// stand there, or one of the secrets.
func words(text string, secrets ...string) string {
	text = clean(text, 200)
	for _, secret := range secrets { // one of several words stands in none of them
		if secret = clean(secret, 200); strings.Contains(secret, " ") && holds(text, []string{secret}) {
			return "…"
		}
	}
	var kept []string
	for _, word := range strings.Fields(text) {
		if strings.ContainsFunc(word, unicode.IsDigit) || holds(word, secrets) {
			word = "…"
		}
		kept = append(kept, word)
	}
	return clean(strings.Join(kept, " "), 80)
}

func holds(word string, secrets []string) bool {
	for _, secret := range secrets {
		if secret != "" && strings.Contains(strings.ToLower(word), strings.ToLower(secret)) {
			return true
		}
	}
	return false
}
