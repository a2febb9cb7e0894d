package sip

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestSIPImportsTheStandardLibraryAndTextOnly(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		files++
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if !allowed(name) {
				t.Errorf("%s imports %s", path, name)
			}
			if strings.HasPrefix(path, "acs/") && strings.HasPrefix(name, "selfpay/sip") && name != "selfpay/sip/wire" && !strings.HasSuffix(path, "_test.go") {
				t.Errorf("%s imports %s: the far end shares only the codec", path, name)
			}
		}
		return nil
	})
	if err != nil || files < 10 {
		t.Fatalf("%d files, %v", files, err)
	}
}

func allowed(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return name == "selfpay/sip" || strings.HasPrefix(name, "selfpay/sip/") ||
		strings.HasPrefix(name, "golang.org/x/text/") || (!strings.Contains(first, ".") && first != "selfpay")
}

func TestTheImportRuleRefusesTheKiosk(t *testing.T) {
	for name, want := range map[string]bool{"net": true, "crypto/tls": true, "golang.org/x/text/encoding": true, "selfpay/sip/wire": true,
		"selfpay/device": false, "selfpay/kiosk/ils": false, "golang.org/x/net": false, "github.com/x/y": false, "selfpay/sipx": false} {
		if allowed(name) != want {
			t.Errorf("allowed(%q) = %v", name, !want)
		}
	}
}
