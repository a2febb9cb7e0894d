package health

import (
	"encoding/json"
	"net/http"
)

// Handler serves /livez (the program turns), /readyz (it can take a payment now), /healthz (everything, as
// health+json) and /metrics (the same for Prometheus).
func (m *Monitor) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("alive\n")) })
	mux.HandleFunc("GET /readyz", m.readyz)
	mux.HandleFunc("GET /healthz", m.healthz)
	mux.HandleFunc("GET /metrics", m.metrics)
	return mux
}

func (m *Monitor) readyz(w http.ResponseWriter, r *http.Request) {
	if why := m.Obstacle(); why != "" {
		http.Error(w, "no payment can be taken: "+string(why), http.StatusServiceUnavailable)
		return
	}
	w.Write([]byte("ready\n"))
}

func (m *Monitor) healthz(w http.ResponseWriter, r *http.Request) {
	d := m.Document()
	w.Header().Set("Content-Type", "application/health+json")
	w.Header().Set("Cache-Control", "no-store")
	if d.Status == Fail {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	json.NewEncoder(w).Encode(d)
}
