package aleph

import (
	"slices"
	"sync"
)

// Bounds of what is kept in memory.
const (
	mostIDs      = 256
	mostPostings = 1024
)

// memory keeps things by their names, the newest ones only.
type memory[T any] struct {
	mu    sync.Mutex
	of    map[string]T
	order []string // oldest first
}

func (m *memory[T]) keep(name string, thing T, most int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.of == nil {
		m.of = map[string]T{}
	}
	if _, known := m.of[name]; !known {
		m.order = append(m.order, name)
	}
	m.of[name] = thing
	if len(m.order) > most {
		delete(m.of, m.order[0])
		m.order = m.order[1:]
	}
}

func (m *memory[T]) find(name string) (T, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	thing, known := m.of[name]
	return thing, known
}

// seen is what was open when a posting went out.
type seen struct {
	institution string
	keys        []string // of the charges
}

// newcomers is the sign behind an institution under which charges stand that came up while a posting was in doubt.
const newcomers = "+"

// since sets charges apart that came up after a posting which closed others: without that, a charge of the same sum
// would look as if nothing had been booked. As long as all charges of the posting are open nothing is set apart, so that a
// posting is never repeated over less than what is open.
func (l cashList) since(s seen) cashList {
	now := l.keys(s.institution)
	gone := slices.ContainsFunc(s.keys, func(key string) bool { return !slices.Contains(now, key) })
	if !gone || slices.Contains(s.keys, "") || slices.Contains(now, "") {
		return l
	}
	apart := s.institution + newcomers
	l.rows = slices.Clone(l.rows)
	for i, r := range l.rows {
		if r.institution == s.institution && r.kind == open && !slices.Contains(s.keys, r.key) {
			l.rows[i].institution = apart
		}
	}
	l.order = append(slices.Clone(l.order), apart)
	return l
}
