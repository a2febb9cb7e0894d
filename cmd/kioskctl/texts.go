package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"selfpay/kiosk/text"
)

type configTexts struct {
	Language string `arg:"" help:"Such as de."`
}

func (c *configTexts) Run(t *tool) error {
	if !slices.Contains(text.Known, c.Language) {
		return errUsage(fmt.Sprintf("there is no language %q; use one of %v", c.Language, text.Known))
	}
	sentences := text.Changeable(c.Language)
	if t.json {
		return t.document(sentences)
	}
	for _, key := range slices.Sorted(maps.Keys(sentences)) {
		line, err := catalogueLine(key, sentences[key])
		if err != nil {
			return err
		}
		t.say("%s", line)
	}
	return nil
}

// catalogueLine is a sentence, with all its plural forms, in one line of a file that can be edited.
func catalogueLine(key string, sentence any) (string, error) {
	forms, counts := sentence.(map[string]any)
	if !counts {
		forms = map[string]any{key: sentence}
	}
	written, err := toml.Marshal(forms)
	line := strings.TrimSuffix(string(written), "\n")
	if counts {
		line = key + " = {" + strings.ReplaceAll(line, "\n", ", ") + "}"
	}
	return line, err
}
