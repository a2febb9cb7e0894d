package web

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"selfpay/kiosk/colour"
)

// pictureOf is a logo read from a file with this content.
func pictureOf(t *testing.T, content []byte) Logo {
	t.Helper()
	path := filepath.Join(t.TempDir(), "logo")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	logo, err := ReadLogo(path)
	if err != nil {
		t.Fatal(err)
	}
	return logo
}

func TestTheLogoIsServedAsAPictureOnly(t *testing.T) {
	var dots bytes.Buffer
	if err := png.Encode(&dots, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	drawing := []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><script>alert(1)</script><path d="M0 0h9"/></svg>`)
	for form, content := range map[string][]byte{"image/svg+xml": drawing, "image/png": dots.Bytes()} {
		look := plain
		look.Logo = pictureOf(t, content)
		s := serveLook(t, look)
		got := s.ask("GET", "/library/logo", "", nil)
		if got.status != 200 || got.body != string(content) || got.header.Get("Content-Type") != form {
			t.Errorf("GET /library/logo = %d, %s, %d bytes", got.status, got.header.Get("Content-Type"), len(got.body))
		}
		if got.header.Get("X-Content-Type-Options") != "nosniff" || got.header.Get("Content-Security-Policy") != contentPolicy {
			t.Errorf("the logo comes with %v", got.header)
		}
		var shown int
		for _, e := range elements(s.ask("GET", "/", "", nil).body) {
			if e.marks["src"] == "/library/logo" {
				shown++
				if e.tag != "img" {
					t.Errorf("the logo is in <%s>, where it could run", e.tag)
				}
			}
		}
		if shown != 1 {
			t.Errorf("the page shows the logo %d times", shown)
		}
	}
}

func TestWithoutALogoThePageAsksForNone(t *testing.T) {
	s := serve(t)
	if got := s.ask("GET", "/library/logo", "", nil); got.status != 404 {
		t.Errorf("GET /library/logo = %d", got.status)
	}
	if page := s.ask("GET", "/", "", nil).body; strings.Contains(page, "/library/logo") {
		t.Error("the page asks for a logo")
	}
}

func TestThePageHasTheLibrarysThemeAndColours(t *testing.T) {
	red := colour.Colour{R: 0x6b, G: 0x0f, B: 0x1a}
	for theme, palette := range map[string]colour.Palette{"light": colour.Light(red), "dark": colour.Dark(red)} {
		s := serveLook(t, Look{Theme: theme, Colour: red})
		if got := s.ask("GET", "/library/colours.css", "", nil); !strings.HasPrefix(got.header.Get("Content-Type"), "text/css") ||
			!strings.Contains(got.body, "--library: "+palette.Main.String()+";") {
			t.Errorf("%s: %s", theme, got.body)
		}
		if page := s.ask("GET", "/", "", nil).body; !strings.Contains(page, `data-theme="`+theme+`"`) {
			t.Errorf("the page does not say that it is %s", theme)
		}
	}
}
