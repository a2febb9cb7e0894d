// Package heartbeat sends signs of life: the health document to a hub that watches many stations, and a ping to a service
// that raises the alarm when it falls silent. Money never waits for either.
//
// The hub gets a POST of JSON (Beat, monitoring/heartbeat.schema.json) once a minute or so. While it is away nothing piles up:
// only the newest state is sent, with the last changes of the whole. The pings are those of Healthchecks and what is
// compatible with it (https://healthchecks.io/docs/http_api/, read in November 2026): the address itself when well, /fail
// with the reasons, /start when the program begins.
package heartbeat

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"selfpay/kiosk/health"
	"selfpay/kiosk/health/keypair"
	"selfpay/kiosk/runner"
	"selfpay/kiosk/session"
)

// Schema names the form of a beat.
const Schema = "kiosk-heartbeat-1"

// HubConfig is how a hub is told.
type HubConfig struct {
	URL    string
	Token  string        // sent as "Authorization: Bearer …"; empty: none
	Every  time.Duration // 0: Every
	Client *http.Client
	Own    *keypair.Pair // which Client shows; nil: none

	Boot   string // of the machine
	Config string // tells configurations apart, and nothing of them

	State   func() (health.Document, session.Reason, runner.Summary)
	Measure func(check string, status health.Status, value int64, unit, output string)
	Watch   func(part string, expires func() time.Time) // told of Own's; needed with it
	Log     *slog.Logger
}

// Every is the pause between two beats, in the middle: it is up to a fifth shorter or longer, so that stations that were
// switched on together do not stay together.
const Every = time.Minute

// Longest is the longest pause while the hub is away.
const Longest = 15 * time.Minute

// most is how many changes are kept for a hub that is away.
const most = 20

// Beat is what the hub gets.
type Beat struct {
	Schema string `json:"schema"`
	health.Document
	Reason   session.Reason `json:"reason,omitempty"` // why no payment can be taken
	Boot     string         `json:"boot"`             // of the machine: two that take turns are one station's card twice
	Uptime   int64          `json:"uptimeSeconds"`    // of the program
	Sequence int64          `json:"sequence"`         // of this beat since the program began, from 1
	Config   string         `json:"configHash"`
	Queue    Queue          `json:"queue"`
	Changes  []Change       `json:"changes"`        // not told yet, oldest first
	Dropped  int64          `json:"changesDropped"` // since the program began, because there were too many
}

// Queue counts what has not ended.
type Queue struct {
	Waiting    int   `json:"waiting"` // payments that wait for the library
	InDoubt    int   `json:"inDoubt"`
	OpenCases  int   `json:"openCases"`
	RefundsDue int   `json:"refundsDue"`
	Oldest     int64 `json:"oldestSeconds"` // how long the oldest has waited; 0: none does
}

// Change is that the station as a whole became another.
type Change struct {
	Number int64          `json:"number"` // since the program began, from 1
	Time   time.Time      `json:"time"`
	Status health.Status  `json:"status"`
	Ready  bool           `json:"ready"`
	Reason session.Reason `json:"reason,omitempty"`
}

// Hub tells a hub. Make it with NewHub, then let Run turn.
type Hub struct {
	HubConfig
	link     link
	began    time.Time
	sequence int64
	newest   Change
	changes  []Change // not told yet
	dropped  int64
	failures int // in a row
}

// NewHub makes a hub. It calls nobody before Run.
func NewHub(c HubConfig) *Hub {
	if c.Every == 0 {
		c.Every = Every
	}
	return &Hub{HubConfig: c, link: link{check: health.CheckHub, measure: c.Measure, log: c.Log}}
}

// Run sends until ctx ends.
func (h *Hub) Run(ctx context.Context) error {
	defer h.Client.CloseIdleConnections()
	h.began, h.link.reached = time.Now(), time.Now()
	looks := time.NewTicker(time.Second)
	defer looks.Stop()
	due := time.NewTimer(rand.N(h.Every / 6))
	defer due.Stop()
	ended := make(chan error, 1)
	sent := int64(0) // the newest change in the beat under way
	for {
		select {
		case <-looks.C:
			h.look()
		case <-due.C:
			h.look()
			sent = h.newest.Number
			r, err := h.request(ctx)
			if err != nil {
				ended <- err
				continue
			}
			go func() { ended <- call(h.Client, r) }()
		case err := <-ended:
			if ctx.Err() == nil {
				h.told(err, sent)
				due.Reset(h.pause())
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// look notes whether the whole became another.
func (h *Hub) look() {
	h.link.tell()
	if h.Own != nil {
		h.Watch("hub", h.Own.Expires)
	}
	document, why, _ := h.State()
	now := Change{Number: h.newest.Number + 1, Time: time.Now(), Status: document.Status, Ready: why == "", Reason: why}
	if same := now.Status == h.newest.Status && now.Reason == h.newest.Reason; same {
		return
	}
	h.newest = now
	if h.changes = append(h.changes, now); len(h.changes) > most {
		h.changes = h.changes[1:]
		h.dropped++
	}
}

func (h *Hub) request(ctx context.Context) (*http.Request, error) {
	h.sequence++
	document, why, s := h.State()
	b := Beat{Schema: Schema, Document: document, Reason: why, Boot: h.Boot, Uptime: int64(time.Since(h.began).Seconds()), Sequence: h.sequence, Config: h.Config,
		Queue: Queue{Waiting: s.Waiting, InDoubt: s.InDoubt, OpenCases: s.OpenCases, RefundsDue: s.RefundsDue}, Changes: h.changes, Dropped: h.dropped}
	if !s.Oldest.Wall.IsZero() {
		b.Queue.Oldest = int64(time.Since(s.Oldest.Wall).Seconds())
	}
	if b.Changes == nil {
		b.Changes = []Change{}
	}
	text, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	if h.Token != "" {
		r.Header.Set("Authorization", "Bearer "+h.Token)
	}
	return r, nil
}

// told notes how a beat went. What was in it is told; what came meanwhile is not.
func (h *Hub) told(err error, sent int64) {
	h.link.note(err)
	if err != nil {
		h.failures++
		return
	}
	h.failures = 0
	for len(h.changes) > 0 && h.changes[0].Number <= sent {
		h.changes = h.changes[1:]
	}
}

// pause is until the next beat. After failures it is drawn from all of a time that doubles, so that stations do not come
// back at once when the hub does.
func (h *Hub) pause() time.Duration {
	if h.failures == 0 {
		return h.Every*4/5 + rand.N(h.Every*2/5)
	}
	return h.Every/60 + rand.N(min(Longest, h.Every<<min(h.failures-1, 10)))
}
