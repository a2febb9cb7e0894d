package health

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Handler serves /livez (the program turns), /readyz (it can take a payment now), /healthz (everything, as
// health+json) and /metrics (the same for Prometheus).
func (m *Monitor) Handler() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector{m}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("alive\n")) })
	mux.HandleFunc("GET /readyz", m.readyz)
	mux.HandleFunc("GET /healthz", m.healthz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
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

// collector turns the document into metrics at each scrape.
type collector struct{ m *Monitor }

var (
	checkMetric = prometheus.NewDesc("kiosk_check", "How well something is: 1 pass, 0.5 warn, 0 fail.", []string{"check"}, nil)
	valueMetric = prometheus.NewDesc("kiosk_check_value", "What a check observed, in the unit of the label.", []string{"check", "unit"}, nil)
	sinceMetric = prometheus.NewDesc("kiosk_check_since_seconds", "Since when a check is as it is, in Unix time.", []string{"check"}, nil)
	readyMetric = prometheus.NewDesc("kiosk_ready", "1 if a payment can be taken now.", nil, nil)
	infoMetric  = prometheus.NewDesc("kiosk_info", "Name and version of the station; always 1.", []string{"kiosk", "version"}, nil)
	startMetric = prometheus.NewDesc("kiosk_start_time_seconds", "When the program began, in Unix time.", nil, nil)

	expiryMetric = prometheus.NewDesc("kiosk_certificate_expiry_seconds", "Until when a certificate is valid, in Unix time.", []string{"certificate"}, nil)
)

func (c collector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, ch) }

func (c collector) Collect(ch chan<- prometheus.Metric) {
	d := c.m.Document()
	for name, checks := range d.Checks {
		well := map[Status]float64{Pass: 1, Warn: 0.5}[checks[0].Status]
		ch <- prometheus.MustNewConstMetric(checkMetric, prometheus.GaugeValue, well, name)
		ch <- prometheus.MustNewConstMetric(sinceMetric, prometheus.GaugeValue, unix(checks[0].Time), name)
		if v := checks[0].Value; v != nil {
			ch <- prometheus.MustNewConstMetric(valueMetric, prometheus.GaugeValue, float64(*v), name, checks[0].Unit)
		}
	}
	ready := 0.0
	if d.Ready {
		ready = 1
	}
	ch <- prometheus.MustNewConstMetric(readyMetric, prometheus.GaugeValue, ready)
	ch <- prometheus.MustNewConstMetric(infoMetric, prometheus.GaugeValue, 1, d.ServiceID, d.Version)
	ch <- prometheus.MustNewConstMetric(startMetric, prometheus.GaugeValue, unix(d.Since))
	for name, until := range c.m.certificates() {
		ch <- prometheus.MustNewConstMetric(expiryMetric, prometheus.GaugeValue, unix(until), name)
	}
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
