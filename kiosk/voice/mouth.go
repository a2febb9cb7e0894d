package voice

import (
	"context"
	"sync"
	"time"

	"selfpay/device/speech"
)

// mouth says one thing after the other. A key interrupts what is being said; a new screen does too, unless that tells for the first
// time what became of the money.
type mouth struct {
	speaker speech.Speaker
	heard   func(error) // told whether something could be said
	wake    chan struct{}

	mu      sync.Mutex
	waiting []utterance
	whole   bool   // what is being said is to be heard to its end
	stop    func() // ends what is being said; nil: nothing is
}

type utterance struct {
	speech.Utterance
	whole bool
}

func newMouth(speaker speech.Speaker, heard func(error)) *mouth {
	return &mouth{speaker: speaker, heard: heard, wake: make(chan struct{}, 1)}
}

// answer says something in place of everything else.
func (m *mouth) answer(s Saying, volume int) { m.put(s, volume, true) }

// tell says what is new on the screen.
func (m *mouth) tell(s Saying, volume int) { m.put(s, volume, false) }

func (m *mouth) put(s Saying, volume int, key bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := m.whole || s.After
	for _, u := range m.waiting {
		kept = kept || u.whole
	}
	if key || !kept {
		m.silence()
	}
	for _, p := range s.Parts {
		m.waiting = append(m.waiting, utterance{speech.Utterance{Language: p.Language, Text: p.Text, Volume: volume}, s.Whole})
	}
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// hush ends what is being said and forgets what was to be.
func (m *mouth) hush() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.silence()
}

// silence is hush for whoever holds the lock.
func (m *mouth) silence() {
	m.waiting, m.whole = nil, false
	if m.stop != nil {
		m.stop()
	}
}

// lookAgain is the pause before the speaker is looked at again, where something was missing.
const lookAgain = time.Minute

// run speaks until ctx ends.
func (m *mouth) run(ctx context.Context, languages []string) {
	if m.speaker == nil {
		return
	}
	look := time.NewTicker(lookAgain)
	defer look.Stop()
	missing := m.speaker.Look(ctx, languages)
	m.heard(missing)
	for {
		for m.speakNext(ctx, &missing) {
		}
		select {
		case <-m.wake:
		case <-look.C:
			if missing != nil {
				missing = m.speaker.Look(ctx, languages)
				m.heard(missing)
			}
		case <-ctx.Done():
			return
		}
	}
}

// speakNext says the next thing, and whether there was one.
func (m *mouth) speakNext(ctx context.Context, missing *error) bool {
	m.mu.Lock()
	if len(m.waiting) == 0 {
		m.mu.Unlock()
		return false
	}
	next := m.waiting[0]
	m.waiting, m.whole = m.waiting[1:], next.whole
	speaking, stop := context.WithCancel(ctx)
	defer stop()
	m.stop = stop
	m.mu.Unlock()

	err := m.speaker.Speak(speaking, next.Utterance)
	interrupted := speaking.Err() != nil
	m.mu.Lock()
	m.whole, m.stop = false, nil
	m.mu.Unlock()
	if !interrupted {
		*missing = err
		m.heard(err)
	}
	return true
}
