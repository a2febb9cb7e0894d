package desk

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// stationName stands for the station as a whole in the record: a payment was possible.
const stationName = ""

// The record is looked at again after lookEvery, and holds so many hours of so many parts.
const (
	lookEvery = 10 * time.Second
	hoursKept = 7 * 24
	mostParts = 32
)

// wellness is how much of the time each part was well. It is in memory only, and begins anew with the program.
type wellness struct {
	mu    sync.Mutex
	since time.Time
	parts map[string]*[hoursKept]hour
}

// hour counts the looks of one hour.
type hour struct {
	number     int64 // since the epoch
	looks, yes int
}

// share is how often a part was well when it was looked at.
type share struct {
	name       string
	looks, yes int
}

func newWellness(now time.Time) *wellness {
	return &wellness{since: now, parts: map[string]*[hoursKept]hour{}}
}

func (w *wellness) run(ctx context.Context, look func() map[string]bool) {
	every := time.NewTicker(lookEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-every.C:
			w.note(now, look())
		}
	}
}

func (w *wellness) note(now time.Time, well map[string]bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	number := now.Unix() / 3600
	for name, yes := range well {
		hours := w.parts[name]
		if hours == nil {
			if len(w.parts) >= mostParts {
				continue
			}
			hours = &[hoursKept]hour{}
			w.parts[name] = hours
		}
		h := &hours[number%hoursKept]
		if h.number != number {
			*h = hour{number: number}
		}
		h.looks++
		if yes {
			h.yes++
		}
	}
}

// shares are the sums of the last hours, the station first, and since when they are counted.
func (w *wellness) shares(now time.Time) (all []share, since time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	oldest := now.Unix()/3600 - hoursKept + 1
	for _, name := range slices.Sorted(maps.Keys(w.parts)) {
		s := share{name: name}
		for _, h := range w.parts[name] {
			if h.number >= oldest {
				s.looks, s.yes = s.looks+h.looks, s.yes+h.yes
			}
		}
		if s.looks > 0 {
			all = append(all, s)
		}
	}
	since = w.since
	if begin := time.Unix(oldest*3600, 0); since.Before(begin) {
		since = begin
	}
	return all, since
}
