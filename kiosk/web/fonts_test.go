package web

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOnlyTheFontsOfThePackageAreServed(t *testing.T) {
	look := plain
	look.Fonts = t.TempDir()
	for name, content := range map[string]string{fonts[0].name: "letters", "passwords": "secret"} {
		if err := os.WriteFile(filepath.Join(look.Fonts, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := serveLook(t, look)
	if got := s.ask("GET", "/fonts/"+fonts[0].name, "", nil); got.status != 200 || got.body != "letters" || got.header.Get("Content-Type") != "font/woff2" {
		t.Errorf("GET the font = %d, %s", got.status, got.header.Get("Content-Type"))
	}
	for _, path := range []string{"/fonts/passwords", "/fonts/" + fonts[1].name, "/fonts/", "/fonts/%2e%2e%2fpasswords"} {
		if got := s.ask("GET", path, "", nil); got.status == 200 || strings.Contains(got.body, "secret") {
			t.Errorf("GET %s = %d %q", path, got.status, got.body)
		}
	}
	rules := s.ask("GET", "/library/fonts.css", "", nil).body
	if strings.Count(rules, "@font-face") != 1 || !strings.Contains(rules, "/fonts/"+fonts[0].name) {
		t.Errorf("one font is there, and the page is told of %s", rules)
	}
}

func TestWithoutFontsThePageTakesThoseOfTheSystem(t *testing.T) {
	for _, folder := range []string{"", filepath.Join(t.TempDir(), "none")} {
		look := plain
		look.Fonts = folder
		if got := serveLook(t, look).ask("GET", "/library/fonts.css", "", nil); got.status != 200 || got.body != "" {
			t.Errorf("fonts = %q: %d %q", folder, got.status, got.body)
		}
	}
}

// What the package is built with and what the page asks for are the same files.
func TestTheNamesOfTheFontsAreThoseThatThePackageMakes(t *testing.T) {
	script, err := os.ReadFile("../../packaging/fonts.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fonts {
		made := strings.TrimSuffix(f.name, ".woff2")
		family, _, _ := strings.Cut(made, "-")
		if !strings.Contains(string(script), "subset "+made+" ") && !strings.Contains(string(script), "subset "+family+"-$weight ") {
			t.Errorf("packaging/fonts.sh makes no %s", f.name)
		}
	}
}
