package update

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Standing is what kioskd may know of an update, and what it heeds.
type Standing struct {
	Held  bool     // an update is about to restart it: no patron may begin
	Trial bool     // this release is on trial: no patron may begin before it is confirmed
	Last  *Outcome // how the newest update ended; nil: there was none
}

// Look reads how a station stands, for a program of the release that it was built as. A station without the folder was
// never updated.
func Look(folder string, release int) (Standing, error) {
	st, err := Store{Folder: folder}.State()
	return Standing{
		Held:  held(filepath.Join(folder, holdFile)),
		Trial: st.Trial != nil && st.Trial.Release == release,
		Last:  st.Last,
	}, err
}

// held says whether somebody holds the lock. A lock that dies with its holder needs no clock and no clearing up.
func held(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB), unix.EWOULDBLOCK)
}
