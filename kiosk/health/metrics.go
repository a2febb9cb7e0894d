package health

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// metrics tells the document in the text format 0.0.4 of Prometheus, and what the program uses of the machine. Its library is the one
// that tells of the program: Prometheus' own makes the station's program 2 MB longer, for a format in bytes that no scraper asks for.
func (m *Monitor) metrics(w http.ResponseWriter, r *http.Request) {
	var page bytes.Buffer
	for _, f := range m.families() {
		f.write(&page)
	}
	metrics.WriteGoMetrics(&page)
	metrics.WriteProcMetrics(&page)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Write(page.Bytes())
}

// family is one gauge, once for each set of labels.
type family struct {
	name, help string
	samples    []sample
}

type sample struct {
	labels []string // name and value in turn
	value  float64
}

func (f *family) add(value float64, labels ...string) {
	f.samples = append(f.samples, sample{labels, value})
}

func (m *Monitor) families() []*family {
	check := &family{name: "kiosk_check", help: "How well something is: 1 pass, 0.5 warn, 0 fail."}
	value := &family{name: "kiosk_check_value", help: "What a check observed, in the unit of the label."}
	since := &family{name: "kiosk_check_since_seconds", help: "Since when a check is as it is, in Unix time."}
	ready := &family{name: "kiosk_ready", help: "1 if a payment can be taken now."}
	info := &family{name: "kiosk_info", help: "Name and version of the station; always 1."}
	start := &family{name: "kiosk_start_time_seconds", help: "When the program began, in Unix time."}
	expiry := &family{name: "kiosk_certificate_expiry_seconds", help: "Until when a certificate is valid, in Unix time."}

	d := m.Document()
	for _, name := range slices.Sorted(maps.Keys(d.Checks)) {
		c := d.Checks[name][0]
		check.add(map[Status]float64{Pass: 1, Warn: 0.5}[c.Status], "check", name)
		since.add(unix(c.Time), "check", name)
		if c.Value != nil {
			value.add(float64(*c.Value), "check", name, "unit", c.Unit)
		}
	}
	ready.add(map[bool]float64{true: 1}[d.Ready])
	info.add(1, "kiosk", d.ServiceID, "version", d.Version)
	start.add(unix(d.Since))
	certificates := m.certificates()
	for _, name := range slices.Sorted(maps.Keys(certificates)) {
		expiry.add(unix(certificates[name]), "certificate", name)
	}
	return []*family{check, value, since, ready, info, start, expiry}
}

// quoted is how the format writes the value of a label.
var quoted = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

func (f *family) write(page *bytes.Buffer) {
	if len(f.samples) == 0 {
		return
	}
	fmt.Fprintf(page, "# HELP %s %s\n# TYPE %s gauge\n", f.name, f.help, f.name)
	for _, s := range f.samples {
		var labels []string
		for pair := range slices.Chunk(s.labels, 2) {
			labels = append(labels, pair[0]+`="`+quoted.Replace(pair[1])+`"`)
		}
		name := f.name
		if len(labels) > 0 {
			name += "{" + strings.Join(labels, ",") + "}"
		}
		fmt.Fprintf(page, "%s %v\n", name, s.value)
	}
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
