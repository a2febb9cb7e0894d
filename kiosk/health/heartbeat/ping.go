package heartbeat

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"selfpay/kiosk/health"
)

// PingConfig is who is pinged, and what a ping says.
type PingConfig struct {
	URL    *url.URL // a secret: whoever knows it can ping too
	Every  time.Duration
	Client *http.Client

	Look    func(context.Context) error // at the loop that owns the money
	Reasons func() []string             // why no payment can be taken; empty: one can
	Measure func(check string, status health.Status, value int64, unit, output string)
	Log     *slog.Logger
}

// CheckPing is whether the service that is pinged is reached.
const CheckPing = "ping:link"

// longestLook bounds the look at the money loop. A loop that hangs longer is what the silence is for.
const longestLook = 10 * time.Second

// longestReasons is how many bytes of reasons are sent; Healthchecks keeps as many.
const longestReasons = 10_000

// Ping pings. Make it with NewPing, then let Run turn.
type Ping struct {
	PingConfig
	link link
}

// NewPing makes a ping. It calls nobody before Run.
func NewPing(c PingConfig) *Ping {
	return &Ping{PingConfig: c, link: link{check: CheckPing, measure: c.Measure, log: c.Log}}
}

// Run pings until ctx ends. It says that the program begins; then, after each pause, that the station is well or why it is
// not. When the money loop does not answer it says nothing.
func (p *Ping) Run(ctx context.Context) error {
	defer p.Client.CloseIdleConnections()
	p.link.reached = time.Now()
	p.send(ctx, http.MethodGet, "start", "")
	for waitFor(ctx, p.Every*9/10+rand.N(p.Every/5)) {
		p.once(ctx)
	}
	return nil
}

func (p *Ping) once(ctx context.Context) {
	looking, stop := context.WithTimeout(ctx, longestLook)
	err := p.Look(looking)
	stop()
	if err != nil {
		p.Log.Warn("no ping: the money loop does not answer", "error", err)
		return
	}
	reasons := p.Reasons()
	if len(reasons) == 0 {
		p.send(ctx, http.MethodGet, "", "")
		return
	}
	text := strings.Join(reasons, "\n")
	p.send(ctx, http.MethodPost, "fail", text[:min(len(text), longestReasons)])
}

func (p *Ping) send(ctx context.Context, method, what, body string) {
	at := p.URL.JoinPath(what)
	r, err := http.NewRequestWithContext(ctx, method, at.String(), strings.NewReader(body))
	if err == nil {
		err = call(p.Client, r)
	}
	if ctx.Err() == nil {
		p.link.note(err)
	}
}
