package text_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"selfpay/kiosk/text"
)

// folderOf has files of a library's own texts.
func folderOf(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestALibrarySaysItInItsOwnWords(t *testing.T) {
	folder := folderOf(t, map[string]string{
		"de.toml": "reason-storage-next = \"Bitte zahlen Sie an der Theke im Erdgeschoss.\"\n",
		"pl.toml": `confirm-fees = {one = "Za {{.Count}} opłatę.", few = "Za {{.Count}} opłaty.", many = "Za {{.Count}} opłat.", other = "Za {{.Count}} opłaty."}`,
		"zh.toml": "", // says nothing otherwise
	})
	texts, err := text.Load([]string{"de", "en", "pl"}, folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		lang, key string
		data      text.Data
		want      string
	}{
		{"de", "reason-storage-next", nil, "Bitte zahlen Sie an der Theke im Erdgeschoss."},
		{"de", "reason-service-next", nil, "Bitte zahlen Sie an der Theke."},
		{"en", "reason-storage-next", nil, "Please pay at the desk."},
		{"pl", "confirm-fees", text.Data{"Count": 5}, "Za 5 opłat."},
	} {
		if got := texts.Say(c.lang, c.key, c.data); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.lang, c.key, got, c.want)
		}
	}
}

func TestWhatALibraryCannotSayIsNamed(t *testing.T) {
	for _, c := range []struct{ file, content, key, what string }{
		{"de.toml", `reason-storrage = "Bitte zur Theke."`, "reason-storrage", "no such sentence"},
		{"de.toml", `other = "Bitte zur Theke."`, "other", "no such sentence"},
		{"de.toml", `charge-none = "Alles gut."`, "charge-none", "happened to a patron's money"},
		{"de.toml", `receipt-status-follows = "Alles gut."`, "receipt-status-follows", "happened to a patron's money"},
		{"de.toml", `fees-pay = "Jetzt zahlen"`, "fees-pay", "blanks"},
		{"de.toml", `fees-pay = "{{.Amount}} oder {{.Count}} zahlen"`, "fees-pay", "blanks"},
		{"de.toml", `fees-pay = "{{.Amount}} {{if .Amount}}zahlen{{end}}"`, "fees-pay", "blanks"},
		{"de.toml", `fees-pay = "{{.Amount}} zahlen }}"`, "fees-pay", "blanks"},
		{"de.toml", `done = "{{.Amount}}"`, "done", "blanks"},
		{"pl.toml", `confirm-fees = {one = "Za {{.Count}} opłatę.", other = "Za {{.Count}} opłaty."}`, "confirm-fees", "few"},
		{"de.toml", `confirm-fees = "Für {{.Count}} Gebühren."`, "confirm-fees", "one"},
		{"de.toml", `done = {one = "Fertig", other = "Fertig"}`, "done", "one sentence"},
		{"de.toml", `done = 7`, "done", "one sentence"},
		{"de.toml", `done = ["Fertig"]`, "done", "one sentence"},
		{"de.toml", `done = "` + strings.Repeat("Fertig ", 5) + `"`, "done", "long"},
		{"zh.toml", `done = "` + strings.Repeat("完", 12) + `"`, "done", "long"},
		{"de.toml", `reason-storage-next = "` + strings.Repeat("ä", 201) + `"`, "reason-storage-next", "long"},
		{"de.toml", `done = "Fer\u0007tig"`, "done", "cannot be seen"},
		{"de.toml", `done = "Fer\ntig"`, "done", "cannot be seen"},
		{"de.toml", `done = "Fer\u202Etig"`, "done", "cannot be seen"},
		{"de.toml", `done = " "`, "done", "empty"},
		{"de.toml", `done = Fertig`, "", "done"},
		{"de.toml", "done = \"Fertig\"\ndone = \"Fertig\"", "", "done"},
		{"de.toml", strings.Repeat("#", 64<<10) + "\ndone = \"Fertig\"", "", "too large"},
		{"tlh.toml", `done = "taH"`, "", "no file of texts"},
		{"de.toml.bak", `done = "Fertig"`, "", "no file of texts"},
		{"de", `done = "Fertig"`, "", "no file of texts"},
	} {
		folder := folderOf(t, map[string]string{c.file: c.content})
		mistakes := text.CheckOwn(folder)
		if len(mistakes) != 1 {
			t.Errorf("%s: %.80s: %d mistakes: %v", c.file, c.content, len(mistakes), mistakes)
			continue
		}
		m := mistakes[0]
		if m.Key != c.key || m.File != filepath.Join(folder, c.file) || !strings.Contains(m.What+m.Mend, c.what) || m.Mend == "" {
			t.Errorf("%s: %.80s: %+v", c.file, c.content, m)
		}
		if _, err := text.Load([]string{"de"}, folder); err == nil {
			t.Errorf("%s: %.80s: was loaded", c.file, c.content)
		}
	}
}

func TestAFolderOfTextsThatIsNotThereIsNamed(t *testing.T) {
	folder := folderOf(t, nil)
	if err := os.Mkdir(filepath.Join(folder, "de.toml"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{folder, folder + "/none"} {
		if m := text.CheckOwn(f); len(m) != 1 || !strings.HasPrefix(m[0].File, f) {
			t.Errorf("%s: %v", f, m)
		}
	}
}
