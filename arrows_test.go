package selfpay_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// arrows say which top-level packages a package may import, beside the standard library. Tests may import more.
var arrows = map[string]struct {
	ours   []string // prefixes of our own packages
	others []string // prefixes of modules; nil: none, "*": any
}{
	"selfpay/device":        {ours: []string{"selfpay/device"}},
	"selfpay/sip":           {ours: []string{"selfpay/sip"}, others: []string{"golang.org/x/text"}},
	"selfpay/profile":       {others: []string{"github.com/BurntSushi/toml"}},
	"selfpay/drivers":       {ours: []string{"selfpay/device", "selfpay/drivers", "selfpay/profile"}, others: []string{"*"}},
	"selfpay/kiosk/payment": {ours: []string{"selfpay/device/money"}},
	"selfpay/kiosk":         {ours: []string{"selfpay/device", "selfpay/sip", "selfpay/kiosk"}, others: []string{"*"}},
	"selfpay/systemd":       {},
	"selfpay/monitoring":    {},
	"selfpay/systemd/vm":    {ours: []string{"selfpay/systemd/vm"}, others: []string{"golang.org/x/sys"}},
	"selfpay/cmd":           {ours: []string{"selfpay"}, others: []string{"*"}},
	"selfpay/packaging":     {ours: []string{"selfpay/kiosk/update"}, others: []string{"*"}},
	"selfpay/drivers/zvt":   {ours: []string{"selfpay/device", "selfpay/drivers/wire", "selfpay/drivers/zvt", "selfpay/profile"}, others: []string{"github.com/BurntSushi/toml", "golang.org/x/text"}},
	"selfpay/kiosk/ils": {ours: []string{"selfpay/device", "selfpay/profile", "selfpay/sip", "selfpay/kiosk/ils"},
		others: []string{"github.com/BurntSushi/toml", "golang.org/x/text"}},
	"selfpay/kiosk/ils/ilstest": {ours: []string{"selfpay/device", "selfpay/kiosk/ils", "selfpay/kiosk/payment", "selfpay/kiosk/posting"}},
	"selfpay/kiosk/ledger":      {ours: []string{"selfpay/kiosk/payment"}, others: []string{"modernc.org/sqlite"}},

	"selfpay/kiosk/ledger/disktest": {others: []string{"github.com/ncruces/go-sqlite3"}},

	"selfpay/kiosk/posting": {ours: []string{"selfpay/device", "selfpay/kiosk/ils", "selfpay/kiosk/payment"}},
	"selfpay/kiosk/runner":  {ours: []string{"selfpay/device", "selfpay/kiosk/ils", "selfpay/kiosk/ledger", "selfpay/kiosk/payment", "selfpay/kiosk/posting"}},
}

type goPackage struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Standard     bool
}

func packages(t *testing.T, arguments ...string) []goPackage {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,TestImports,XTestImports,Standard"}, arguments...)...)
	var failed bytes.Buffer
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v: %s", err, failed.String())
	}
	var all []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func under(path, prefix string) bool { return path == prefix || strings.HasPrefix(path, prefix+"/") }

// narrowest is the longest rule that covers a package.
func narrowest(path string) string {
	best := ""
	for prefix := range arrows {
		if under(path, prefix) && len(prefix) > len(best) {
			best = prefix
		}
	}
	return best
}

// wrongArrows lists the imports of a package that no rule allows.
func wrongArrows(p goPackage) []string {
	rule, known := arrows[narrowest(p.ImportPath)]
	if !known {
		return []string{"(the package stands in no known folder)"}
	}
	var wrong []string
	for _, i := range p.Imports {
		if !strings.Contains(strings.Split(i, "/")[0], ".") && !under(i, "selfpay") {
			continue // the standard library, and cgo's C
		}
		allowed := rule.others
		if under(i, "selfpay") {
			allowed = rule.ours
		}
		fits := func(prefix string) bool { return prefix == "*" || under(i, prefix) }
		if !slices.ContainsFunc(allowed, fits) {
			wrong = append(wrong, i)
		}
	}
	return wrong
}

func TestImportsGoOneWay(t *testing.T) {
	for _, p := range packages(t, "./...") {
		if p.ImportPath == "selfpay" {
			continue
		}
		for _, w := range wrongArrows(p) {
			t.Errorf("%s imports %s: a word sits in the wrong package", p.ImportPath, w)
		}
	}
}

func TestWrongArrowIsFound(t *testing.T) {
	for from, to := range map[string]string{
		"selfpay/device/money":    "selfpay/kiosk/payment",
		"selfpay/kiosk/session":   "selfpay/drivers/zvt",
		"selfpay/sip/wire":        "selfpay/device",
		"selfpay/kiosk/payment":   "selfpay/device/terminal",
		"selfpay/drivers/escpos":  "selfpay/kiosk/config",
		"selfpay/device/terminal": "golang.org/x/text/language",
		"selfpay/somewhere/else":  "fmt",
	} {
		if len(wrongArrows(goPackage{ImportPath: from, Imports: []string{to}})) == 0 {
			t.Errorf("%s may import %s", from, to)
		}
	}
}

func TestSimulatorsAreNotInTheDaemon(t *testing.T) {
	for _, p := range packages(t, "-deps", "./cmd/kioskd", "./cmd/kioskctl") {
		if strings.HasSuffix(p.ImportPath, "test") && strings.HasPrefix(p.ImportPath, "selfpay") || p.ImportPath == "selfpay/sip/acs" || p.ImportPath == "selfpay/kiosk/simulation" {
			t.Errorf("%s is linked into a program that is shipped", p.ImportPath)
		}
		if strings.HasPrefix(p.ImportPath, "github.com/evanw/esbuild") || strings.HasPrefix(p.ImportPath, "github.com/ncruces/go-sqlite3") {
			t.Errorf("%s is linked into a program that is shipped", p.ImportPath)
		}
	}
}

// TestNothingInTheDaemonFindsMethodsByTheirNames keeps out what makes the linker keep every exported method, 2 MB of them.
func TestNothingInTheDaemonFindsMethodsByTheirNames(t *testing.T) {
	for _, p := range packages(t, "-deps", "./cmd/kioskd") {
		if slices.Contains([]string{"text/template", "html/template", "github.com/alecthomas/kong"}, p.ImportPath) {
			t.Errorf("%s is linked into kioskd", p.ImportPath)
		}
	}
}
