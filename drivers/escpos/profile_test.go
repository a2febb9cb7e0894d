package escpos

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestBuiltInProfilesAreRight(t *testing.T) {
	names := Profiles()
	if len(names) < 12 || !slices.Contains(names, DefaultProfile) {
		t.Fatalf("profiles = %q", names)
	}
	for _, name := range names {
		p, err := FindProfile(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p.Name != name || p.Columns == 0 || len(p.Pages) == 0 {
			t.Errorf("%s: %+v", name, p)
		}
		// every receipt needs these
		if text, replaced := printable("ÄÖÜäöüß éèêàçñ € 12,50", p.Pages); len(replaced) > 0 {
			t.Errorf("%s prints %q", name, text)
		}
	}
}

func TestEpsonProfileHasTheNumbersOfItsManual(t *testing.T) {
	// escpos-printer-db, TM-T88V
	want := map[string]byte{"cp437": 0, "cp850": 2, "cp858": 19, "cp852": 18, "cp866": 17, "windows-1252": 16, "cp857": 13,
		"windows-1250": 45, "windows-1251": 46, "windows-1253": 47, "windows-1254": 48, "windows-1257": 51, "iso-8859-15": 40}
	p := mustProfile(DefaultProfile)
	for _, page := range p.Pages {
		if want[page.Name] != page.Number {
			t.Errorf("%s = %d, want %d", page.Name, page.Number, want[page.Name])
		}
	}
	if p.Paper.Dots != 512 || p.Columns != 42 || p.Status.ProcessID != Yes {
		t.Errorf("profile = %+v", p)
	}
	if c := mustProfile("citizen-ct-s310"); c.Pages[0].Number != 2 || c.Pages[0].Name != "cp858" {
		t.Errorf("Citizen has CP858 at %d %s, want 2", c.Pages[0].Number, c.Pages[0].Name)
	}
}

// whole is a site's own file without mistakes.
func whole(t *testing.T) string {
	t.Helper()
	text, err := profileFiles.ReadFile("profiles/epson-tm-t88v.toml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestOwnProfileIsReadByItsPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ours.toml")
	if err := os.WriteFile(path, []byte(whole(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := FindProfile(path)
	if err != nil || p.Name != "ours" || p.Columns != 42 {
		t.Errorf("FindProfile = %+v, %v", p, err)
	}
}

func TestMistakesInAProfileNameKeyAndMend(t *testing.T) {
	for _, c := range []struct{ old, new, key, mend string }{
		{"dots = 512", "dotz = 512", "paper.dotz is not known", "remove it"},
		{"dots = 512", "dots = 5", "paper.dots is 5", "set it to something from 100 to 2400"},
		{"columns = 42", "columns = 48", "fonts.a.columns is 48", "lower the columns"},
		{`kind = "partial"`, `kind = "half"`, `cutter.kind is "half"`, "full, partial, none"},
		{`process_id = "yes"`, `process_id = "maybe"`, `status.process_id is "maybe"`, "yes, no, unknown"},
		{`real_time = "yes"`, `real_time = "no"`, `status.real_time is "no"`, "use a printer that answers"},
		{`"19=cp858"`, `"19=cp8588"`, `pages.tables holds "19=cp8588"`, "name one of: cp1125"},
		{`"19=cp858"`, `"x=cp858"`, `pages.tables holds "x=cp858"`, "write NUMBER=NAME"},
		{`"16=windows-1252"`, `"19=windows-1252"`, "pages.tables has the number 19 twice", "keep one"},
		{"\nflow = ", "\n# flow = ", "source.flow is missing", "write where"},
		{"\nflow = ", "\n\"flow.jump\" = \"x\"\nflow = ", "source.flow.jump names a key", "correct or remove"},
		{`model = "Epson TM-T88V"`, "", "model is missing", "type plate"},
		{"[fonts.a]", "[fonts.c]", "fonts.a is missing", "give its columns"},
		{"dots = 512", "dots = ", "line", "look at the line"},
	} {
		text := strings.Replace(whole(t), c.old, c.new, 1)
		if text == whole(t) {
			t.Fatalf("%q is not in the profile", c.old)
		}
		_, err := ParseProfile("ours.toml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), c.key) || !strings.Contains(err.Error(), c.mend) || !strings.Contains(err.Error(), "ours.toml") {
			t.Errorf("%q for %q: error = %v, want %q and %q in it", c.new, c.old, err, c.key, c.mend)
		}
	}
	for name, part := range map[string]string{"tm-88": "epson-tm-t88v", "relative/file.toml": "absolute path", "/nowhere/x.toml": "cannot be read"} {
		if _, err := FindProfile(name); err == nil || !strings.Contains(err.Error(), part) || !strings.Contains(err.Error(), "printer.profile") {
			t.Errorf("FindProfile(%q) = %v", name, err)
		}
	}
}
