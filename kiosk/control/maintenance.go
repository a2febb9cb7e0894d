package control

import (
	"encoding/json"
	"net/http"
)

// Maintenance is the wish to begin it, or to end it.
type Maintenance struct {
	On    bool   `json:"on"`
	Staff string `json:"staff"`
	Note  string `json:"note"`
}

// maintain begins or ends maintenance.
func (s *Server) maintain(r *http.Request) (any, error) {
	var m Maintenance
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		return nil, err
	}
	return struct{}{}, s.Maintain(m.On, m.Staff, m.Note)
}
