package web

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"os"

	"selfpay/kiosk/colour"
)

// Look is how the library wants its screen to look.
type Look struct {
	Theme  string // "light" or "dark"
	Colour colour.Colour
	Logo   Logo
	Fonts  string // folder with the fonts of the package; empty, or without them: the page takes those of the system
}

// Logo is a picture beside the library's name. The zero value is none.
type Logo struct {
	content []byte
	form    string // as Content-Type says it
}

// Shown says whether there is one.
func (l Logo) Shown() bool { return len(l.content) > 0 }

const (
	mostLogo     = 256 << 10 // bytes
	mostLogoEdge = 4096      // pixels of a PNG
)

// ReadLogo reads the file of a logo, an SVG or a PNG; no path, no logo. Its error says what is wrong with the file.
func ReadLogo(path string) (Logo, error) {
	if path == "" {
		return Logo{}, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return Logo{}, fmt.Errorf("the logo cannot be read: %w", err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, mostLogo+1))
	if err != nil {
		return Logo{}, fmt.Errorf("the logo cannot be read: %w", err)
	}
	if len(content) > mostLogo {
		return Logo{}, fmt.Errorf("the logo %s has more than %d KiB", path, mostLogo>>10)
	}
	form, err := formOf(content)
	if err != nil {
		return Logo{}, fmt.Errorf("the logo %s cannot be shown: %w", path, err)
	}
	return Logo{content, form}, nil
}

func formOf(content []byte) (string, error) {
	if bytes.HasPrefix(content, []byte("\x89PNG")) {
		size, err := png.DecodeConfig(bytes.NewReader(content))
		switch {
		case err != nil:
			return "", err
		case size.Width > mostLogoEdge || size.Height > mostLogoEdge:
			return "", fmt.Errorf("its %d x %d pixels are too many", size.Width, size.Height)
		}
		if _, err := png.Decode(bytes.NewReader(content)); err != nil {
			return "", err
		}
		return "image/png", nil
	}
	if err := checkSVG(content); err != nil {
		return "", err
	}
	return "image/svg+xml", nil
}

// checkSVG wants well-formed XML that is a drawing. What else is in it does not matter: as a picture of a page it runs nothing and
// loads nothing.
func checkSVG(content []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(content))
	root := ""
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("it is neither a PNG nor a well-formed SVG: %w", err)
		}
		if start, ok := token.(xml.StartElement); ok && root == "" {
			root = start.Name.Space + " " + start.Name.Local
		}
	}
	if root != "http://www.w3.org/2000/svg svg" {
		return errors.New("it is neither a PNG nor an SVG")
	}
	return nil
}

// logo serves the library's logo.
func (s *Server) logo(w http.ResponseWriter, r *http.Request) {
	if !s.look.Logo.Shown() {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", s.look.Logo.form)
	w.Write(s.look.Logo.content)
}

// colours serves the library's colours as properties that page.css uses.
func (s *Server) colours(w http.ResponseWriter, _ *http.Request) {
	palette := colour.Light(s.look.Colour)
	if s.look.Theme == "dark" {
		palette = colour.Dark(s.look.Colour)
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	fmt.Fprintf(w, ":root { --library: %s; --library-pressed: %s; --library-tint: %s; }\n", palette.Main, palette.Pressed, palette.Tint)
}
