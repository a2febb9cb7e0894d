package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// patronCommand behaves as a patron at the screen, over the same HTTP as the page.
type patronCommand struct {
	URL     string        `required:"" help:"The kiosk's screen, such as http://127.0.0.1:8080."`
	Card    string        `required:"" help:"The library card's number; it is typed."`
	Scanned bool          `help:"Somebody holds the card to the scanner instead; the patron goes on from there."`
	PIN     string        `help:"- reads the PIN from standard input."`
	Pay     []string      `default:"all" help:"all, or the ids of the fees to pay."`
	Part    string        `placeholder:"4.00" help:"Pay this much of it only."`
	Wait    time.Duration `default:"3m" help:"The longest time for the whole visit."`
	JSON    bool          `name:"json" help:"Print one JSON document."`
}

// visit is what the patron saw.
type visit struct {
	Card      string `json:"card"`
	Outcome   string `json:"outcome"` // booked, follows, not-charged, returned, staff; or the reason of a message
	Paid      bool   `json:"paid"`
	Reference string `json:"reference,omitempty"`
	Said      string `json:"said"` // the last screen's words
	Screens   []seen `json:"screens"`
}

type seen struct {
	Name  string `json:"name"`
	Words string `json:"words"`
}

func (c *patronCommand) Run() error {
	if c.PIN == "-" {
		line, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if err != nil && line == "" {
			return fmt.Errorf("no PIN on standard input: %w", err)
		}
		c.PIN = strings.TrimSpace(line)
	} else if c.PIN != "" {
		return errUsage("a PIN is read from standard input only: write --pin - and send it there")
	}
	ctx, stop := context.WithTimeout(context.Background(), c.Wait)
	defer stop()
	p := &patron{command: c, visit: visit{Card: c.Card}}
	if err := p.visitKiosk(ctx); err != nil {
		return err
	}
	if c.JSON {
		if err := json.NewEncoder(os.Stdout).Encode(p.visit); err != nil {
			return err
		}
	}
	if !p.visit.Paid {
		return errNotWell
	}
	return nil
}

// tell prints the screen that the patron has just left, for whoever looks on.
func (p *patron) tell() {
	if n := len(p.visit.Screens); n > 0 && !p.command.JSON {
		fmt.Printf("  %-10s %s\n", p.visit.Screens[n-1].Name, p.visit.Screens[n-1].Words)
	}
}

// patron is one visit at one screen.
type patron struct {
	command *patronCommand
	visit   visit
	token   string
	began   bool // this patron's own visit is shown
	pinned  bool // the PIN was entered
}

// screen is one view as the event stream sends it.
type screen struct {
	Number   int64  `json:"number"`
	Name     string `json:"name"`
	Language string `json:"language"`
	HTML     string `json:"html"`
}

var errDone = errors.New("the visit is over")

// startWithin is how long a screen may be away before the visit has begun, as while the kiosk is being started.
const startWithin = 5 * time.Second

// visitKiosk follows the screens to the end; when the kiosk goes away in the middle, the page is loaded again.
func (p *patron) visitKiosk(ctx context.Context) error {
	defer p.tell()
	begun := time.Now()
	for {
		err := p.watch(ctx)
		switch {
		case errors.Is(err, errDone):
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("the visit took longer than %s; the last screen was %q", p.command.Wait, p.visit.Said)
		case !p.began && err != nil && time.Since(begun) > startWithin:
			return fmt.Errorf("the screen at %s cannot be used: %w", p.command.URL, err)
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// watch loads the page and acts on every screen until the stream ends.
func (p *patron) watch(ctx context.Context) error {
	page, err := p.get(ctx, "/")
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(page.Body, 1<<20))
	page.Body.Close()
	if err != nil {
		return err
	}
	if p.token = tokenOf(string(text)); p.token == "" {
		return errors.New("the page carries no token: is this the screen of a kiosk?")
	}
	stream, err := p.get(ctx, "/events?token="+url.QueryEscape(p.token))
	if err != nil {
		return err
	}
	defer stream.Body.Close()
	lines := bufio.NewScanner(stream.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, isData := strings.CutPrefix(lines.Text(), "data: ")
		if !isData {
			continue
		}
		var s screen
		if err := json.Unmarshal([]byte(data), &s); err != nil || s.Name == "" {
			continue
		}
		if err := p.act(ctx, s); err != nil {
			return err
		}
	}
	return errors.Join(lines.Err(), io.ErrUnexpectedEOF)
}

func (p *patron) get(ctx context.Context, path string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(p.command.URL, "/")+path, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		return nil, fmt.Errorf("GET %s: %s", r.URL.Path, answer.Status)
	}
	return answer, nil
}

// tap sends an action made on screen number n; a screen that has changed meanwhile is looked at again.
func (p *patron) tap(ctx context.Context, n int64, name, value string) error {
	body, err := json.Marshal(map[string]any{"screen": n, "name": name, "value": value})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(p.command.URL, "/")+"/act", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Token", p.token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent && answer.StatusCode != http.StatusConflict {
		return fmt.Errorf("tap %q: %s", name, answer.Status)
	}
	return nil
}

// othersScreens are what somebody may have left behind; whoever comes next starts over.
var othersScreens = []string{"pin", "fees", "amount", "confirm", "message", "outcome"}

// act does what a patron would do on this screen.
func (p *patron) act(ctx context.Context, s screen) error {
	shown := read(s.HTML)
	p.began = p.began || p.command.Scanned && slices.Contains([]string{"pin", "fees"}, s.Name)
	if !p.began && slices.Contains(othersScreens, s.Name) {
		return p.tap(ctx, s.Number, "leave", "")
	}
	p.note(s.Name, shown.words)
	switch s.Name {
	case "ready":
		if p.began {
			return p.end("left", false)
		}
		if p.command.Scanned {
			return nil
		}
		return p.tap(ctx, s.Number, "number", "")
	case "leaving":
		return p.tap(ctx, s.Number, "stay", "")
	case "languages":
		return p.tap(ctx, s.Number, "back", "")
	case "number":
		p.began = true
		return p.typeDigits(ctx, s.Number, p.command.Card, shown.typed)
	case "pin":
		return p.typePIN(ctx, s, shown)
	case "fees":
		return p.chooseAndPay(ctx, s, shown)
	case "amount":
		if shown.reason != "" {
			return p.end(shown.reason, false)
		}
		return p.typeDigits(ctx, s.Number, strings.TrimLeft(strings.Replace(p.command.Part, ".", "", 1), "0"), shown.typed)
	case "confirm":
		return p.tap(ctx, s.Number, "confirm", "")
	case "message", "out-of-service":
		return p.end(shown.reason, false)
	case "outcome":
		return p.outcome(ctx, s, shown)
	}
	return nil
}

func (p *patron) outcome(ctx context.Context, s screen, shown content) error {
	if shown.receipt == "printing" {
		return nil
	}
	p.visit.Reference = shown.reference
	if err := p.tap(ctx, s.Number, "leave", ""); err != nil {
		return err
	}
	return p.end(shown.outcome, shown.outcome == "booked" || shown.outcome == "follows")
}

func (p *patron) end(outcome string, paid bool) error {
	p.visit.Outcome, p.visit.Paid = outcome, paid
	return errDone
}

// note remembers the words of a screen, once for each change.
func (p *patron) note(name, words string) {
	p.visit.Said = words
	if n := len(p.visit.Screens); n > 0 && p.visit.Screens[n-1].Name == name && (name == "number" || name == "pin" || name == "amount" || p.visit.Screens[n-1].Words == words) {
		p.visit.Screens[n-1].Words = words
		return
	}
	p.tell()
	p.visit.Screens = append(p.visit.Screens, seen{name, words})
}

// typeDigits types the next digit, or enters the number when it stands there.
func (p *patron) typeDigits(ctx context.Context, n int64, wanted, typed string) error {
	switch {
	case typed == wanted:
		return p.tap(ctx, n, "enter", "")
	case strings.HasPrefix(wanted, typed):
		return p.tap(ctx, n, "digit", wanted[len(typed):len(typed)+1])
	}
	return p.tap(ctx, n, "erase", "")
}

func (p *patron) typePIN(ctx context.Context, s screen, shown content) error {
	if p.command.PIN == "" || (p.pinned && shown.reason != "") {
		return p.end("pin-needed", false)
	}
	dots := strings.Repeat("•", len(p.command.PIN))
	if shown.typed == dots {
		p.pinned = true
		return p.tap(ctx, s.Number, "enter", "")
	}
	typed := strings.Count(shown.typed, "•")
	return p.tap(ctx, s.Number, "digit", p.command.PIN[typed:typed+1])
}

// chooseAndPay brings the marks of the list to what is wanted, one tap at a time, then pays.
func (p *patron) chooseAndPay(ctx context.Context, s screen, shown content) error {
	all := slices.Contains(p.command.Pay, "all")
	for _, f := range shown.fees {
		if (all || slices.Contains(p.command.Pay, f.key)) != f.chosen && f.choosable {
			return p.tap(ctx, s.Number, "choose", f.key)
		}
	}
	if !all {
		for _, wanted := range p.command.Pay {
			if !slices.ContainsFunc(shown.fees, func(f feeShown) bool { return f.key == wanted }) {
				return fmt.Errorf("there is no fee %q on the screen", wanted)
			}
		}
	}
	if p.command.Part != "" {
		return p.tap(ctx, s.Number, "part", "")
	}
	return p.tap(ctx, s.Number, "pay", "")
}

// content is what a patron finds on a screen.
type content struct {
	words     string
	typed     string
	reason    string
	outcome   string
	receipt   string
	reference string
	fees      []feeShown
}

type feeShown struct {
	key               string
	chosen, choosable bool
}

// read takes a screen's words and marks from its HTML.
func read(fragment string) content {
	var c content
	var words []string
	tokens := html.NewTokenizer(strings.NewReader(fragment))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			c.words = strings.Join(words, " ")
			return c
		case html.TextToken:
			words = append(words, strings.Fields(string(tokens.Text()))...)
		case html.StartTagToken, html.SelfClosingTagToken:
			c.mark(tokens.Token())
		}
	}
}

func (c *content) mark(t html.Token) {
	marks := map[string]string{}
	for _, a := range t.Attr {
		marks[a.Key] = a.Val
	}
	for name, place := range map[string]*string{"data-typed": &c.typed, "data-reason": &c.reason,
		"data-outcome": &c.outcome, "data-receipt": &c.receipt, "data-reference": &c.reference} {
		if v, ok := marks[name]; ok {
			*place = v
		}
	}
	if key, ok := marks["data-fee"]; ok {
		c.fees = append(c.fees, feeShown{key: key, chosen: marks["data-chosen"] == "true", choosable: marks["data-choosable"] == "true"})
	}
}

// tokenOf finds the page's token.
func tokenOf(page string) string {
	tokens := html.NewTokenizer(strings.NewReader(page))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken, html.SelfClosingTagToken:
			marks := map[string]string{}
			for _, a := range tokens.Token().Attr {
				marks[a.Key] = a.Val
			}
			if marks["name"] == "token" {
				return marks["content"]
			}
		}
	}
}
