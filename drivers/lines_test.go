package drivers

import (
	"log/slog"
	"net/url"
	"slices"
	"testing"
)

func TestEachChipHasItsLines(t *testing.T) {
	address := func(text string) url.URL {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return *u
	}
	in := map[string]url.URL{"tamper": address("gpio://pinctrl-rp1/17?pull=up"), "paper_low": address("gpio://mcp2221_gpio/0")}
	out := map[string]url.URL{"green": address("gpio://pinctrl-rp1/5"), "red": address("gpio://pca9536/1"), "amber": address("gpio://pinctrl-rp1/6")}
	chips, err := Lines(in, out, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		chip    string
		in, out []string
	}{
		{"GPIO chip mcp2221_gpio", []string{"paper_low"}, nil},
		{"GPIO chip pinctrl-rp1", []string{"tamper"}, []string{"amber", "green"}},
		{"GPIO chip pca9536", nil, []string{"red"}},
	} {
		if c := chips[i]; c.String() != want.chip || !slices.Equal(c.Inputs(), want.in) || !slices.Equal(c.Outputs(), want.out) {
			t.Errorf("chip %d is %s, %q, %q; want %v", i, c, c.Inputs(), c.Outputs(), want)
		}
	}
	if none, err := Lines(nil, nil, nil); err != nil || len(none) != 0 {
		t.Errorf("without lines: %v, %v", none, err)
	}
	if _, err := Lines(map[string]url.URL{"tamper": address("gpio://pinctrl-rp1/17?pull=left")}, nil, nil); err == nil {
		t.Error("a wrong address passes")
	}
}
