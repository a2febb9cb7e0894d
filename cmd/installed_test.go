package cmd_test

import (
	"os"
	"path/filepath"
	"testing"

	"selfpay/cmd/kiosksim/surround"
)

// An installed station has a folder for versions from the beginning.
func TestAStationThatCanBeUpdatedTakesPayments(t *testing.T) {
	t.Parallel()
	s := newStation(t, surround.Options{})
	if err := os.MkdirAll(filepath.Join(s.dir, "state/versions"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.begin().ready().patron(cardTwoFees).said(t, "booked")
	s.booksAgree(twoFees)
}
