package profile

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

type tastes struct {
	Sweet bool   `toml:"sweet"`
	Kind  string `toml:"kind"`
	Parts struct {
		Size int `toml:"size"`
	} `toml:"parts"`
}

// files hold the profiles in a folder, as they are embedded.
var files = fstest.MapFS{
	"profiles/apple.toml":      {Data: []byte("sweet = true\nkind = \"fruit\"\n[parts]\nsize = 3\n")},
	"profiles/apple-wild.toml": {Data: []byte("kind = \"fruit\"\n")},
	"profiles/broken.toml":     {Data: []byte("sweet = \n")},
	"profiles/README.md":       {Data: []byte("no profile")},
	"profiles/more/pear.toml":  {Data: []byte("sweet = true\n")},
	"out.toml":                 {Data: []byte("sweet = true\n")},
}

var set = Set{Kind: "fruit", BuiltIn: files}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "own.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestABuiltInProfileIsFoundByItsName(t *testing.T) {
	if p, err := Find[tastes](set, "apple"); err != nil || !p.Sweet || p.Kind != "fruit" || p.Parts.Size != 3 {
		t.Errorf("%+v %v", p, err)
	}
}

func TestASitesOwnProfileIsReadFromItsFile(t *testing.T) {
	if p, err := Find[tastes](set, file(t, "kind = \"nut\"\n[parts]\nsize = 7\n")); err != nil || p.Sweet || p.Kind != "nut" || p.Parts.Size != 7 {
		t.Errorf("%+v %v", p, err)
	}
}

func TestNamesAreInOrder(t *testing.T) {
	if got := set.Names(); !slices.Equal(got, []string{"apple", "apple-wild", "broken"}) {
		t.Errorf("%q", got)
	}
}

func TestWhatIsNoProfileIsSaid(t *testing.T) {
	for name, c := range map[string]struct{ name, want string }{
		"another name":        {"cherry", `profile "cherry" is none of apple, apple-wild, broken`},
		"no name":             {"", `profile "" is none of apple`},
		"a way out":           {"../out", "is none of apple"},
		"a way round":         {"more/../apple", "is none of apple"},
		"a relative file":     {"./own.toml", "is none of apple"},
		"a name without end":  {strings.Repeat("a", 300), `profile "` + strings.Repeat("a", 40) + `" is none of`},
		"no such file":        {filepath.Join(t.TempDir(), "none.toml"), "profile cannot be read"},
		"a folder":            {t.TempDir(), "is a directory"},
		"a file of a film":    {file(t, strings.Repeat("# x\n", longest/4+1)), "is larger than 65536 bytes"},
		"no TOML":             {"broken", "profile broken: "},
		"an unknown key":      {file(t, "sour = true\n"), "the key sour is not known"},
		"an unknown key, far": {file(t, "[parts]\nsize = 1\nweight = 2\n"), "the key parts.weight is not known"},
		"a number for a word": {file(t, "kind = 7\n"), "kind"},
	} {
		t.Run(name, func(t *testing.T) {
			if p, err := Find[tastes](set, c.name); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%+v %v, want a word on %s", p, err, c.want)
			}
		})
	}
}

func TestAProfileAsLargeAsIsReadIsRead(t *testing.T) {
	text := "kind = \"nut\"\n"
	text += "#" + strings.Repeat("x", longest-len(text)-2) + "\n"
	if p, err := Find[tastes](set, file(t, text)); err != nil || p.Kind != "nut" {
		t.Errorf("%d bytes: %+v %v", len(text), p, err)
	}
}

// What an update brought lies beside the program that runs, and goes before the built-in profile of its name.
func TestAProfileBesideTheProgramGoesBeforeTheBuiltInOne(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(filepath.Dir(program), "profiles", "brought")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"apple": "kind = \"newer\"\n", "plum": "kind = \"new\"\n"} {
		if err := os.WriteFile(filepath.Join(folder, name+".toml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	brought := Set{Kind: "brought", BuiltIn: files}
	for name, kind := range map[string]string{"apple": "newer", "plum": "new", "apple-wild": "fruit"} {
		if p, err := Find[tastes](brought, name); err != nil || p.Kind != kind {
			t.Errorf("%s: %+v %v", name, p, err)
		}
	}
	if got := brought.Names(); !slices.Equal(got, []string{"apple", "apple-wild", "broken", "plum"}) {
		t.Errorf("%q", got)
	}
	if p, err := Find[tastes](set, "apple"); err != nil || p.Kind != "fruit" {
		t.Errorf("of another kind: %+v %v", p, err)
	}
}
