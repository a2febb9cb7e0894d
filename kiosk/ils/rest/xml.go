package rest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// ParseXML reads a whole document with the given root into v; an empty root stands for any. A document that was cut, has
// another root (as a sign-in page has) or goes on behind its end is an error. Character sets are UTF-8, ISO 8859-1 and
// Windows-1252; name spaces do not matter.
func ParseXML(body []byte, root string, v any) error {
	d := xml.NewDecoder(bytes.NewReader(body))
	d.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		switch strings.ToLower(charset) {
		case "utf-8", "us-ascii":
			return in, nil
		case "iso-8859-1", "latin1", "windows-1252":
			return charmap.Windows1252.NewDecoder().Reader(in), nil
		}
		return nil, fmt.Errorf("the character set %.20q is not known", charset)
	}
	start, err := firstElement(d)
	switch {
	case err != nil:
		return errors.New("the answer is no XML")
	case root == "":
		root = "a document"
	case start.Name.Local != root:
		return fmt.Errorf("the answer is another document than %s", root)
	}
	if err := d.DecodeElement(v, &start); err != nil {
		return fmt.Errorf("the answer cannot be read as %s", root) // the decoder's words may quote it
	}
	if _, err := firstElement(d); !errors.Is(err, io.EOF) {
		return fmt.Errorf("the answer goes on behind %s", root)
	}
	return nil
}

func firstElement(d *xml.Decoder) (xml.StartElement, error) {
	for {
		t, err := d.Token()
		if err != nil {
			return xml.StartElement{}, err
		}
		if start, ok := t.(xml.StartElement); ok {
			return start, nil
		}
	}
}
