package control

import (
	"encoding/json"
	"net/http"
)

// clearTamper notes that a person has looked at the station after its enclosure was opened.
func (s *Server) clearTamper(r *http.Request) (any, error) {
	var d Decision
	if err := json.NewDecoder(r.Body).Decode(&d); err != nil {
		return nil, err
	}
	return struct{}{}, s.Panel.ClearEnclosure(r.Context(), d.Staff, d.Note)
}
