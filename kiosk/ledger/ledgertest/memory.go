// Package ledgertest has a place for ledgers in tests of what is saved and when, which do not try the disk.
package ledgertest

import (
	"os"
	"testing"
)

// Folder is a folder in memory, where the system has one, until the test ends.
func Folder(t testing.TB) string {
	t.Helper()
	parent := "/dev/shm"
	if _, err := os.Stat(parent); err != nil {
		parent = ""
	}
	folder, err := os.MkdirTemp(parent, "selfpay-ledger-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}
