package ecr17

import (
	"slices"
	"strings"
	"testing"
)

func TestAReceiptIsPrintedAsTheTerminalWantsIt(t *testing.T) {
	wide := strings.Repeat("ABCDEFGHIJKL", 2)
	for _, c := range []struct {
		what, text string
		want       []string
	}{
		{"lines and an empty one", "BIBLIOTECA}}EUR 12,50}", []string{"BIBLIOTECA", "", "EUR 12,50"}},
		{"24 characters end a line", wide + "X}", []string{wide, "X"}},
		{"and a sign after them is an empty line", wide + "}X}", []string{wide, "", "X"}},
		{"high letters", "\x7FIMPORTO}X}", []string{"IMPORTO", "X"}},
		{"wide letters end a line after 12", "\x7C" + wide + "}", []string{"ABCDEFGHIJKL", "ABCDEFGHIJKL"}},
		{"small letters end a line after 42", "\x5E" + strings.Repeat("x", 43) + "}", []string{strings.Repeat("x", 42), "x"}},
		{"the end", "X}}}}}}}\x1BY", []string{"X"}},
		{"nothing", "}}}\x1B", nil},
		{"a card number", "PAN 4012888888881881}", []string{"PAN 401288******1881"}},
		{"a card number over two lines", "CARTA NUMERO       4012888888881881}", []string{"CARTA NUMERO       40128", "8******1881"}},
		{"a card number with a sign within", "PAN 40128888\x7E88881881}", []string{"PAN 401288******1881"}},
	} {
		if got := lines([]byte(c.text)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}
