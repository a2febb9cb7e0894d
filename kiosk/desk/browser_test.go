package desk_test

import (
	"testing"
	"time"

	"selfpay/kiosk/web/browsertest"
)

// TestThePageIsForEverybodyAtTheDesk has axe look at every page in Chromium, in both languages, light, dark and as narrow as a phone.
func TestThePageIsForEverybodyAtTheDesk(t *testing.T) {
	s := begin(t)
	s.posted(1250, time.Now())
	s.waits(300, time.Now())
	due := s.refundDue(450, time.Now())
	s.serve()
	script := browsertest.Start(t, "desk.mjs", "https://"+s.address, password, due.ID.String())
	var found struct {
		Problems []string
		Looked   int
	}
	script.Next(&found)
	script.End()
	for _, p := range found.Problems {
		t.Error(p)
	}
	if found.Looked != 25 {
		t.Errorf("%d pages were looked at", found.Looked)
	}
}
