package cmd_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"selfpay/cmd/kiosksim/surround"
)

var (
	tortureTaps = flag.Int("torture", 1000, "taps and keys of the torture run")
	tortureSeed = flag.Uint64("torture-seed", uint64(time.Now().UnixNano()), "the seed of the torture run")
)

// tab is a page in a browser, which follows the station and knows no more than it is sent.
type tab struct {
	t       *testing.T
	address string
	token   string
	body    io.Closer
	ended   chan struct{}

	mu    sync.Mutex
	shown shownScreen
}

type shownScreen struct {
	Number     int64
	Name, HTML string
}

var (
	tokenMark  = regexp.MustCompile(`name="token" content="([^"]+)"`)
	numberMark = regexp.MustCompile(`<main data-screen="(\d+)" data-name="([^"]*)"`)
	buttonMark = regexp.MustCompile(`<button[^>]* data-action="([^"]+)"(?: data-value="([^"]*)")?[^>]*>`)
)

// load loads the page, as at first or anew.
func (b *tab) load() {
	b.t.Helper()
	b.close()
	answer, err := http.Get(b.address)
	if err != nil {
		b.t.Fatal(err)
	}
	page, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	token := tokenMark.FindSubmatch(page)
	if err != nil || token == nil {
		b.t.Fatalf("no page: %v %s", err, page)
	}
	b.token = string(token[1])
	stream, err := http.Get(b.address + "/events?token=" + b.token)
	if err != nil || stream.StatusCode != http.StatusOK {
		b.t.Fatalf("no event stream: %v %v", err, stream)
	}
	b.body, b.ended = stream.Body, make(chan struct{})
	b.mu.Lock()
	b.shown = shownScreen{}
	b.mu.Unlock()
	go b.follow(stream.Body, b.ended)
}

func (b *tab) follow(stream io.Reader, ended chan struct{}) {
	defer close(ended)
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, isData := strings.CutPrefix(lines.Text(), "data: ")
		var next shownScreen
		if !isData || json.Unmarshal([]byte(data), &next) != nil || next.Name == "" {
			continue
		}
		b.mu.Lock()
		if next.Number < b.shown.Number {
			b.t.Errorf("the page went back from screen %d to %d", b.shown.Number, next.Number)
		}
		b.shown = next
		b.mu.Unlock()
	}
}

func (b *tab) close() {
	if b.body != nil {
		b.body.Close()
		<-b.ended
	}
}

func (b *tab) screen() shownScreen {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.shown
}

// act sends a tap; a station that is asked for nonsense says so and goes on.
func (b *tab) act(number int64, name, value string) {
	b.t.Helper()
	tap, err := json.Marshal(map[string]any{"screen": number, "name": name, "value": value})
	if err != nil {
		b.t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPost, b.address+"/act", bytes.NewReader(tap))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("X-Token", b.token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusNoContent, http.StatusConflict, http.StatusBadRequest:
	default:
		b.t.Errorf("tap %s: %s", tap, answer.Status)
	}
}

// TestAThousandTapsAndKeysAtRandom lets hands that mean nothing play with the station, in two tabs that are loaded anew, with the
// keypad, the headset, scans and a terminal that declines, while patrons come and go. Whatever they do, the books agree, nobody is
// charged twice for a fee, and both pages show at the end what the daemon shows.
func TestAThousandTapsAndKeysAtRandom(t *testing.T) {
	t.Parallel()
	t.Logf("to repeat it: go test ./cmd -run AThousandTaps -torture %d -torture-seed %d", *tortureTaps, *tortureSeed)
	draw := rand.New(rand.NewPCG(*tortureSeed, 0))
	s := newStation(t, surround.Options{Voice: true, CardWait: 50 * time.Millisecond}, "partial = false", "partial = true").begin().ready().scannerThere()
	tabs := []*tab{{t: t, address: s.around.Screen()}, {t: t, address: s.around.Screen()}}
	for _, b := range tabs {
		b.load()
		defer b.close()
	}
	cards := []string{cardOneFee, cardTwoFees, cardThreeFees, cardWithPIN, cardNoFees, cardTooMuch, cardNobody, "20017000010004", "20017000010005", "20017000010006", "20017000010007", "20017000010008"}
	keys := []string{"up", "down", "down", "right", "right", "left", "ok", "ok", "ok", "erase", "help", "louder", "quieter", "curtain", "1", "5", "0", "nonsense"}
	names := []string{"confirm", "pay", "leave", "cancel", "print", "digit", "stay", "aid", "language", "touch", "nonsense", strings.Repeat("x", 40)}
	s.order("scan", cardThreeFees)
	s.eventually("a patron is there", func() (bool, string) { return tabs[0].screen().Name == "fees", tabs[0].screen().Name })
	seen := map[string]bool{}
	for range *tortureTaps {
		b := tabs[draw.IntN(len(tabs))]
		now := b.screen()
		seen[now.Name] = true
		switch n := draw.IntN(100); {
		case n < 3:
			b.load()
		case n < 5 && draw.IntN(5) == 0:
			s.order("scan", cards[draw.IntN(len(cards))])
		case now.Name == "number": // scans have a limit, and so have numbers that nobody has
			b.act(now.Number, "leave", "")
			for _, key := range append([]string{"right", "ok"}, strings.Split(cards[draw.IntN(3)], "")...) {
				s.order("key", key)
			}
			s.order("key", "ok")
		case n < 10:
			s.order("headset", []string{"in", "out"}[draw.IntN(2)])
		case n < 11 && draw.IntN(4) == 0: // they wait for the next purchases
			s.order("terminal", "next", []string{"decline", "cancel"}[draw.IntN(2)])
		case n < 40:
			s.order("key", keys[draw.IntN(len(keys))])
		case n < 50: // what no page would send
			b.act(now.Number-int64(draw.IntN(3)), names[draw.IntN(len(names))], []string{"", "0", "101", "large-text", "curtain", "de"}[draw.IntN(6)])
		default:
			tapSomething(b, now, draw)
		}
		time.Sleep(time.Duration(draw.IntN(12)) * time.Millisecond)
	}
	t.Logf("screens that were seen: %v", seen)
	s.order("headset", "out")
	s.queueEmpties()
	nobodyPaidTwice(s)
	s.booksAgree(charged(s))
	for _, b := range tabs {
		s.eventually("the page shows what the daemon shows", func() (bool, string) {
			answer, err := http.Get(b.address)
			if err != nil {
				return false, err.Error()
			}
			defer answer.Body.Close()
			page, err := io.ReadAll(answer.Body)
			mark := numberMark.FindSubmatch(page)
			if err != nil || mark == nil {
				return false, "no screen"
			}
			now := b.screen()
			return string(mark[2]) == now.Name && strings.Contains(string(page), now.HTML), now.Name
		})
	}
}

// tapSomething taps a button that is on the page, more often one that leads on.
func tapSomething(b *tab, now shownScreen, draw *rand.Rand) {
	buttons := buttonMark.FindAllStringSubmatch(now.HTML, -1)
	if len(buttons) == 0 {
		return
	}
	button := buttons[draw.IntN(len(buttons))]
	leadsOn := func(b []string) bool {
		return slices.Contains([]string{"pay", "confirm", "stay"}, b[1]) || b[1] == "leave" && now.Name == "outcome"
	}
	if i := slices.IndexFunc(buttons, leadsOn); i >= 0 && draw.IntN(2) == 0 {
		button = buttons[i]
	}
	paying := slices.Contains([]string{"fees", "confirm", "terminal"}, now.Name)
	if paying && slices.Contains([]string{"cancel", "leave"}, button[1]) && draw.IntN(8) > 0 { // else nobody ever pays
		return
	}
	for range 1 + draw.IntN(2) { // a finger that bounces
		b.act(now.Number, button[1], button[2])
	}
}

// charged is what the terminal holds.
func charged(s *station) int64 {
	sum := int64(0)
	for _, c := range s.around.Books().Captures {
		sum += c.AmountMinor
	}
	return sum
}

// nobodyPaidTwice: for no fee is more booked than was owed, and for no reference more than once captured.
func nobodyPaidTwice(s *station) {
	s.t.Helper()
	b := s.around.Books()
	captured := map[string]bool{}
	for _, c := range b.Captures {
		if captured[c.Reference] {
			s.t.Errorf("payment %s is charged twice", c.Reference)
		}
		captured[c.Reference] = true
	}
	booked := map[string]int64{}
	for _, p := range b.Postings {
		booked[p.Fee] += p.AmountMinor
	}
	for _, p := range b.Patrons {
		for _, f := range p.Fees {
			if booked[f.ID] > f.AmountMinor || f.AmountMinor-f.OutstandingMinor != booked[f.ID] {
				s.t.Errorf("fee %s: %d owed, %d booked, %d left", f.ID, f.AmountMinor, booked[f.ID], f.OutstandingMinor)
			}
		}
	}
	s.t.Logf("%d payments, %d postings, %d reversals", len(b.Captures), len(b.Postings), len(b.Reversals))
}
