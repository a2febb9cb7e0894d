package session

import (
	"hash/maphash"
	"time"
)

// Limits of what a scanner, or somebody who guesses, may send.
const (
	sameScan     = 2 * time.Second // the same label within this is one scan: a card that lies under the scanner
	mostScans    = 6               // within scanSpan
	scanSpan     = 10 * time.Second
	scanPause    = 10 * time.Second // after one too many
	mostUnknown  = 5                // answers "unknown card" within unknownSpan, for the whole station
	unknownSpan  = time.Minute
	unknownPause = time.Minute
)

// limits keep floods of labels and guessing of card numbers from the library system. Times are those of the monotonic
// clock.
type limits struct {
	seed    maphash.Seed
	label   uint64 // a hash of the label that was scanned last, which nobody can turn back
	labelAt time.Duration
	scans   budget
	unknown budget
}

func newLimits() limits {
	return limits{seed: maphash.MakeSeed(), labelAt: -sameScan,
		scans: budget{most: mostScans, span: scanSpan, pause: scanPause}, unknown: budget{most: mostUnknown, span: unknownSpan, pause: unknownPause}}
}

// repeated says whether a label is the same scan as the one before.
func (l *limits) repeated(label string, at time.Duration) bool {
	hash := maphash.String(l.seed, label)
	same := hash == l.label && at-l.labelAt < sameScan
	l.label, l.labelAt = hash, at
	return same
}

// budget allows most things within span. One more, and there is a pause.
type budget struct {
	most        int
	span, pause time.Duration
	spent       []time.Duration // when
	until       time.Duration   // the end of the pause
}

// left says whether there is something left; if not, the pause begins or goes on.
func (b *budget) left(at time.Duration) bool {
	if at < b.until {
		return false
	}
	for len(b.spent) > 0 && at-b.spent[0] >= b.span {
		b.spent = b.spent[1:]
	}
	if len(b.spent) < b.most {
		return true
	}
	b.spent, b.until = nil, at+b.pause
	return false
}

func (b *budget) spend(at time.Duration) { b.spent = append(b.spent, at) }
