package monitoring_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"selfpay/kiosk/health"
	"selfpay/kiosk/health/heartbeat"
	"selfpay/kiosk/runner"
	"selfpay/kiosk/session"
)

// schema compiles one of ours; formats count.
func schema(t *testing.T, file string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fits says whether a document fits a schema.
func fits(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(document)
}

// busy is a station with every check, some of them bad, and some that say what is wrong.
func busy(t *testing.T) *health.Monitor {
	t.Helper()
	s := &station{t: t, monitor: health.New(health.Config{Kiosk: "main-01", Version: "v1", Log: slog.New(slog.DiscardHandler)})}
	for i, check := range allChecks(t) {
		s.tell(check, []health.Status{health.Pass, health.Warn, health.Fail}[i%3], "")
	}
	s.monitor.Tell(health.CheckPaper, health.Warn, "no paper", "")
	s.monitor.LedgerLost(io.ErrUnexpectedEOF)
	return s.monitor
}

// document is what /healthz answers.
func document(t *testing.T, m *health.Monitor) []byte {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	return w.Body.Bytes()
}

// aBeat is one heartbeat as a hub gets it.
func aBeat(t *testing.T, m *health.Monitor) []byte {
	t.Helper()
	got := make(chan []byte, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		got <- text
	}))
	defer server.Close()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	h := heartbeat.NewHub(heartbeat.HubConfig{URL: server.URL, Every: 600e6, Client: heartbeat.Client(nil, nil), Boot: "boot-1", Config: "c0ffee",
		State: func() (health.Document, session.Reason, runner.Summary) {
			return m.Document(), m.Obstacle(), runner.Summary{Waiting: 2, WaitingMinor: 1250, InDoubt: 1}
		},
		Measure: func(string, health.Status, int64, string, string) {}, Log: slog.New(slog.DiscardHandler)})
	go func() { ended <- h.Run(ctx) }()
	text := <-got
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	return text
}

func TestWhatAStationTellsFitsTheSchema(t *testing.T) {
	m := busy(t)
	for file, text := range map[string][]byte{"health.schema.json": document(t, m), "heartbeat.schema.json": aBeat(t, m)} {
		s := schema(t, file)
		if err := fits(t, s, text); err != nil {
			t.Errorf("%s: %v\n%s", file, err, text)
		}
		for what, spoil := range map[string]func(map[string]any){
			"another status":         func(d map[string]any) { d["status"] = "unwell" },
			"no status":              func(d map[string]any) { delete(d, "status") },
			"no checks":              func(d map[string]any) { delete(d, "checks") },
			"another key":            func(d map[string]any) { d["patron"] = "20017" },
			"a date that is none":    func(d map[string]any) { d["since"] = "yesterday" },
			"another name":           func(d map[string]any) { d["checks"].(map[string]any)["Paper"] = []any{} },
			"a value without unit":   func(d map[string]any) { delete(aCheck(d, health.CheckQueue), "observedUnit") },
			"another key in a check": func(d map[string]any) { aCheck(d, health.CheckQueue)["amount"] = 1 },
		} {
			var d map[string]any
			if err := json.Unmarshal(text, &d); err != nil {
				t.Fatal(err)
			}
			spoil(d)
			spoiled, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			if fits(t, s, spoiled) == nil {
				t.Errorf("%s takes %s", file, what)
			}
		}
	}
}

func aCheck(d map[string]any, name string) map[string]any {
	return d["checks"].(map[string]any)[name].([]any)[0].(map[string]any)
}

// Whoever watches finds each check explained, and no other.
func TestEveryCheckIsExplained(t *testing.T) {
	_, table, found := strings.Cut(read(t, "../docs/monitoring.md"), "\n## The checks\n")
	table, _, ended := strings.Cut(table, "\n## ")
	if !found || !ended {
		t.Fatal("the table of checks is missing")
	}
	named := map[string]bool{"health:certificate": false, "hub:certificate": false, "desk:certificate": false} // named by what they are for
	for _, check := range allChecks(t) {
		named[check] = false
	}
	for _, row := range strings.Split(table, "\n") {
		_, cells, isRow := strings.Cut(row, "|")
		first, _, _ := strings.Cut(cells, "|")
		if !isRow {
			continue
		}
		for i, word := range strings.Split(first, "`") {
			if i%2 == 0 || !strings.Contains(word, ":") {
				continue
			}
			if twice, known := named[word]; twice || !known {
				t.Errorf("%s: known %v, twice %v", word, known, twice)
			}
			named[word] = true
		}
	}
	for check, is := range named {
		if !is {
			t.Errorf("%s is not explained", check)
		}
	}
}
