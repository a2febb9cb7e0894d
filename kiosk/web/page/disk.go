package main

import (
	_ "embed"
	"slices"
	"strings"

	"selfpay/kiosk/html"
	"selfpay/kiosk/text"
	"selfpay/kiosk/web"
)

//go:embed out-of-order.html
var diskPageWithBlanks string

// firstOnDisk are the languages shown before the others: nobody has waited for them yet.
var firstOnDisk = []string{"en", "de"}

// diskPage makes the page that a station shows from its disk, in every language. The fonts lie beside it.
func diskPage() ([]byte, error) {
	texts, err := text.New(text.Known)
	if err != nil {
		return nil, err
	}
	wait, err := sections(texts, "moment-title", "disk-wait")
	if err != nil {
		return nil, err
	}
	down, err := sections(texts, "out-of-service-title", "reason-storage-next", "disk-out-of-order")
	if err != nil {
		return nil, err
	}
	return []byte(strings.NewReplacer(
		"{{made}}", "<!-- Made from kiosk/web/page/out-of-order.html by go run ./kiosk/web/page -->",
		"{{faces}}", web.Faces("fonts", func(string) bool { return true }),
		"{{wait}}", wait,
		"{{down}}", down).Replace(diskPageWithBlanks)), nil
}

// sections say the same in every language, each on a line: a title, and what stands below.
func sections(texts *text.Texts, title string, below ...string) (string, error) {
	var lines strings.Builder
	for _, l := range languages() {
		section, err := html.Write(html.Section(html.Attribute("lang", l), html.Attribute("dir", text.Direction(l)),
			html.H1(html.Text(texts.Say(l, title, nil))),
			html.Each(below, func(key string) html.Part { return html.P(html.Text(texts.Say(l, key, nil))) })))
		if err != nil {
			return "", err
		}
		lines.WriteString("\n  " + section)
	}
	return lines.String(), nil
}

func languages() []string {
	others := slices.DeleteFunc(slices.Clone(text.Known), func(l string) bool { return slices.Contains(firstOnDisk, l) })
	return slices.Concat(firstOnDisk, others)
}
