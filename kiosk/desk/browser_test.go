package desk_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestThePageIsForEverybodyAtTheDesk has axe look at every page in Chromium, in both languages, light, dark and as narrow as a phone.
func TestThePageIsForEverybodyAtTheDesk(t *testing.T) {
	if testing.Short() || racing {
		t.Skip("needs a browser, and finds no races")
	}
	s := begin(t)
	s.posted(1250, time.Now())
	s.waits(300, time.Now())
	due := s.refundDue(450, time.Now())
	s.serve()
	script := exec.CommandContext(t.Context(), "node", "desk.mjs", "https://"+s.address, "/usr/bin/chromium", password, due.ID.String())
	script.Dir, script.Stderr = "../web/browsertest", os.Stderr
	said, err := script.Output()
	if err != nil {
		t.Fatalf("%v; what it needs is installed by: make deps", err)
	}
	var found struct {
		Problems []string
		Looked   int
	}
	if err := json.Unmarshal(said, &found); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	for _, p := range found.Problems {
		t.Error(p)
	}
	if found.Looked != 25 {
		t.Errorf("%d pages were looked at", found.Looked)
	}
}
