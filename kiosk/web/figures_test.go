package web

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"selfpay/kiosk/session"
	"selfpay/kiosk/web/browsertest"
)

var figures = flag.Bool("figures", false, "measure what the page costs, for some minutes")

// What the page should cost at the most.
const (
	mostWeight = 40  // kB of HTML, CSS and JavaScript, gzipped, without fonts
	mostPaint  = 300 // ms to the first paint, with the processor slowed six times
	mostDelay  = 50  // ms from an event of the station to what the screen shows, 99 of 100
)

// aDay is how many screens a day of patrons brings: one patron in two minutes, eight screens each.
const aDay = 24 * 30 * 8

// TestFiguresOfThePage prints a table; make bench asks for it. Speed decides nothing here: it is told beside what it should be.
func TestFiguresOfThePage(t *testing.T) {
	if !*figures {
		t.Skip("make bench measures")
	}
	b := newBench(t)
	b.serve()
	defer func() { b.stop() }()
	control := httptest.NewServer(b.handler())
	defer control.Close()
	weight := b.weight("/", "/static/page.css", "/static/page.js", "/library/colours.css", "/library/fonts.css")
	before := heap()
	script := browsertest.Start(t, "figures.mjs", "http://"+b.address, control.URL, fmt.Sprint(aDay))
	var found struct{ Paint, EmptyPaint, Median, P99, HeapBefore, HeapAfter float64 }
	script.Next(&found)
	script.End()
	for _, row := range []struct{ what, is, most string }{
		{"page: HTML, CSS and JavaScript, gzipped", fmt.Sprintf("%.1f kB", weight/1000), fmt.Sprintf("at most %d kB", mostWeight)},
		{"first paint, processor slowed six times, median of 7", fmt.Sprintf("%.0f ms", found.Paint), fmt.Sprintf("at most %d ms", mostPaint)},
		{"the same of a page of one line, in turn with it", fmt.Sprintf("%.0f ms", found.EmptyPaint), ""},
		{"event to screen, 99 of 100 (median)", fmt.Sprintf("%.0f ms (%.0f ms)", found.P99, found.Median), fmt.Sprintf("at most %d ms", mostDelay)},
		{fmt.Sprintf("heap of the page, %d and %d screens into 24 hours of its clock", aDay/10, aDay), fmt.Sprintf("%.2f, %.2f MB", found.HeapBefore/1e6, found.HeapAfter/1e6), "no growth"},
		{fmt.Sprintf("heap of the server, before and after %d screens", aDay), fmt.Sprintf("%.2f, %.2f MB", before/1e6, heap()/1e6), "no growth"},
	} {
		fmt.Printf("| %-60s | %-15s | %s |\n", row.what, row.is, row.most)
	}
}

// weight is what the parts of the page take on a line that packs them.
func (b *bench) weight(paths ...string) (bytesPacked float64) {
	for _, path := range paths {
		answer, err := http.Get("http://" + b.address + path)
		if err != nil {
			b.t.Fatal(err)
		}
		content, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK {
			b.t.Fatalf("%s: %s, %v", path, answer.Status, err)
		}
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		z.Write(content)
		z.Close()
		bytesPacked += float64(packed.Len())
	}
	return bytesPacked
}

// heap is what this program holds after it has cleared away.
func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// newBench is a station in its usual looks, with every example.
func newBench(t *testing.T) *bench {
	b := &bench{t: t, station: newScripted(base(session.ScreenReady)), look: plain, address: "127.0.0.1:0", named: map[string]example{}, words: &spoken{Texts: catalogues(t)}}
	for _, e := range examples() {
		b.named[e.name] = e
	}
	b.named["fees-hostile"] = example{"fees-hostile", with(session.ScreenFees, hostileFees)}
	return b
}
