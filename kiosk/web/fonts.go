package web

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// font is one of the files that packaging/fonts.sh makes.
type font struct {
	name    string
	weight  int
	letters string // as CSS says which; a page loads a font only where it shows one of them
}

const (
	latinLetters  = "U+0000-024F, U+0259, U+02B0-02FF, U+0300-036F, U+0400-052F, U+1E00-1EFF, U+2000-200B, U+2010-206F, U+20A0-20CF, U+2100-214F, U+2190-2193, U+2212"
	arabicLetters = "U+0600-06FF, U+0750-077F, U+08A0-08FF, U+200C-200F, U+FB50-FDFF, U+FE70-FEFF"
	hanLetters    = "U+3000-303F, U+4E00-9FFF, U+FF00-FFEF"
)

var fonts = []font{
	{"NotoSans-Regular.woff2", 400, latinLetters}, {"NotoSans-Bold.woff2", 700, latinLetters},
	{"NotoSansArabic-Regular.woff2", 400, arabicLetters}, {"NotoSansArabic-Bold.woff2", 700, arabicLetters},
	{"NotoSansSC-Regular.woff2", 400, hanLetters}, {"NotoSansSC-Bold.woff2", 700, hanLetters},
}

// Faces are the style rules of the package's fonts as far as they are there, where folder is their address.
func Faces(folder string, there func(name string) bool) string {
	var rules strings.Builder
	for _, f := range fonts {
		if there(f.name) {
			rules.WriteString(f.face(folder))
		}
	}
	return rules.String()
}

// face is the style rule of a font. Its lines are as high as those of the fonts that stand in for it.
func (f font) face(folder string) string {
	return fmt.Sprintf("@font-face { font-family: \"Station\"; font-weight: %d; font-display: block; src: url(%s/%s) format(\"woff2\");\n"+
		"  ascent-override: 92%%; descent-override: 23%%; line-gap-override: 0%%; unicode-range: %s; }\n", f.weight, folder, f.name, f.letters)
}

// faces serves the rules for the fonts that are there. Without any the page takes those of the system.
func (s *Server) faces(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	fmt.Fprint(w, Faces("/fonts", func(name string) bool {
		info, err := os.Stat(filepath.Join(s.look.Fonts, name))
		return s.look.Fonts != "" && err == nil && info.Mode().IsRegular()
	}))
}

// font serves one font of the package, and no other file.
func (s *Server) font(w http.ResponseWriter, r *http.Request) {
	for _, f := range fonts {
		if s.look.Fonts == "" || f.name != r.PathValue("name") {
			continue
		}
		content, err := os.ReadFile(filepath.Join(s.look.Fonts, f.name))
		if err != nil {
			break
		}
		w.Header().Set("Content-Type", "font/woff2")
		w.Header().Set("Cache-Control", "max-age=86400") // the page is loaded again and again, and these are its heaviest part
		w.Write(content)
		return
	}
	http.NotFound(w, r)
}
