package main

import (
	"bytes"
	_ "embed"
	"html/template"
	"slices"

	"selfpay/kiosk/text"
	"selfpay/kiosk/web"
)

//go:embed out-of-order.html
var diskTemplate string

// language is one of those in which the page of the disk says everything.
type language struct {
	Code  string
	texts *text.Texts
}

// Direction is the way in which it is written.
func (l language) Direction() string { return text.Direction(l.Code) }

// Say is a sentence in it.
func (l language) Say(key string) string { return l.texts.Say(l.Code, key, nil) }

// firstOnDisk are shown before the others: nobody has waited for them yet.
var firstOnDisk = []string{"en", "de"}

// diskPage makes the page that a station shows from its disk, in every language. The fonts lie beside it.
func diskPage() ([]byte, error) {
	texts, err := text.New(text.Known)
	if err != nil {
		return nil, err
	}
	var languages []language
	for _, code := range firstOnDisk {
		languages = append(languages, language{code, texts})
	}
	for _, code := range text.Known {
		if !slices.Contains(firstOnDisk, code) {
			languages = append(languages, language{code, texts})
		}
	}
	page, err := template.New("").Parse(diskTemplate)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = page.Execute(&out, struct {
		Made      template.HTML
		Faces     template.CSS
		Languages []language
	}{"<!-- Made from kiosk/web/page/out-of-order.html by go run ./kiosk/web/page -->", template.CSS(web.Faces("fonts", func(string) bool { return true })), languages})
	return out.Bytes(), err
}
