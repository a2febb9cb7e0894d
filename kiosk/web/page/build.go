// Command page writes kiosk/web/static/page.js from page.ts, and systemd/share/out-of-order.html, the page that a station shows from its
// disk, from out-of-order.html and the texts. It is run in the top folder of the module after each change of these, and its output is
// kept with the source, so that building the kiosk needs nothing but Go:
//
//	go run ./kiosk/web/page
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	if err := write(); err != nil {
		fmt.Fprintln(os.Stderr, "page:", err)
		os.Exit(1)
	}
}

func write() error {
	source, err := os.ReadFile("kiosk/web/page/page.ts")
	if err != nil {
		return err
	}
	script, err := build(source)
	if err != nil {
		return err
	}
	disk, err := diskPage()
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile("kiosk/web/static/page.js", script, 0o644), os.WriteFile("systemd/share/out-of-order.html", disk, 0o644))
}

// build turns TypeScript into the script that the browser loads; types are checked by tsc, not here.
func build(source []byte) ([]byte, error) {
	built := api.Transform(string(source), api.TransformOptions{
		Loader: api.LoaderTS, Sourcefile: "page.ts", Target: api.ES2022, Format: api.FormatIIFE, Charset: api.CharsetUTF8,
		MinifyWhitespace: true, MinifySyntax: true, LegalComments: api.LegalCommentsNone,
		Banner: "// Made from kiosk/web/page/page.ts by go run ./kiosk/web/page",
	})
	if len(built.Errors) > 0 {
		e := built.Errors[0]
		return nil, fmt.Errorf("page.ts:%d: %s", e.Location.Line, e.Text)
	}
	return built.Code, nil
}
