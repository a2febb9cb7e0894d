package aleph

import "sync"

// mostIDs is how many patrons' ids are kept in memory.
const mostIDs = 256

// memory keeps the ids of patrons by their cards, the newest ones only. A payment goes to the patron whose account was read.
type memory struct {
	mu    sync.Mutex
	of    map[string]string
	order []string // cards, oldest first
}

func (m *memory) keep(card, id string, most int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.of == nil {
		m.of = map[string]string{}
	}
	if _, known := m.of[card]; !known {
		m.order = append(m.order, card)
	}
	m.of[card] = id
	if len(m.order) > most {
		delete(m.of, m.order[0])
		m.order = m.order[1:]
	}
}

func (m *memory) find(card string) (id string, known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id, known = m.of[card]
	return id, known
}
