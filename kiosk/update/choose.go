package update

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Choose decides what kioskd runs from, and turns the link there. It is called before each start of kioskd. A start of a
// release on trial is counted before it is allowed. The error is told and does not keep kioskd from starting: what the link
// points to then is the best that is known.
func (s Store) Choose() (State, error) {
	st, err := s.State()
	if err != nil { // the state is lost: the package's programs are there
		st = State{Last: &Outcome{Result: ResultDamaged, Why: err.Error(), At: s.Now()}}
		aside := filepath.Join(s.Folder, stateFile)
		if err := errors.Join(os.Rename(aside, aside+".damaged"), s.save(st)); err != nil {
			return st, errors.Join(err, s.point(Package))
		}
	}
	st, err = s.decide(st)
	return st, errors.Join(err, s.point(st.Runs()))
}

// decide changes the state until what it says can run, and saves it where that changes it.
func (s Store) decide(st State) (State, error) {
	changed := true
	switch {
	case st.Trial != nil:
		again := *st.Trial
		again.Starts++
		st.Trial = &again
		if again.Starts > MostStarts {
			st.leave(ResultBack, fmt.Sprintf("it was started %d times and never confirmed", MostStarts), s.Now)
		}
	case st.Confirmed != Package && s.Release > st.Floor:
		st.Last = &Outcome{Release: s.Release, Result: ResultReplaced, At: s.Now()}
		st.Previous, st.Confirmed, st.Floor = st.Confirmed, Package, s.Release
	default:
		changed = false
	}
	for st.Runs() != Package {
		n := st.Runs()
		_, err := inspect(s.Path(n), st.Manifests[strconv.Itoa(n)])
		if err == nil {
			break
		}
		changed = true
		st.leave(ResultDamaged, err.Error(), s.Now)
	}
	if !changed {
		return st, nil
	}
	return st, s.save(st)
}

// leave goes on to the next release that may run, and ends at the package's. One that was damaged may be installed anew.
func (st *State) leave(result, why string, now func() time.Time) {
	n := st.Runs()
	if result == ResultBack {
		st.reject(n)
	}
	st.Last = &Outcome{Release: n, Result: result, Why: why, At: now()}
	if st.Trial != nil {
		st.Trial = nil
		return
	}
	st.Confirmed, st.Previous = st.Previous, Package
}
