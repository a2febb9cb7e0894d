package desk

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/BurntSushi/toml"

	"selfpay/device/money"
	"selfpay/kiosk/control"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
)

// enters logs somebody in, and gives the request with which they go on.
func enters(t *testing.T, v *visits) *http.Request {
	t.Helper()
	w := httptest.NewRecorder()
	v.begin(w)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.TLS = &tls.ConnectionState{}
	for _, c := range w.Result().Cookies() {
		r.AddCookie(c)
	}
	if v.of(r) == nil {
		t.Fatal("a visit that has just begun is over")
	}
	return r
}

func TestAVisitEndsWhenNobodyLooksAndAfterADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVisits()
		idle := enters(t, v)
		time.Sleep(idleVisit + time.Second)
		if v.of(idle) != nil || len(v.here) != 0 {
			t.Error("an idle visit goes on")
		}
		busy, begun := enters(t, v), time.Now()
		for time.Since(begun) < longestVisit-time.Minute {
			time.Sleep(time.Minute)
			if v.of(busy) == nil {
				t.Fatalf("a busy visit is over after %s", time.Since(begun))
			}
		}
		time.Sleep(2 * time.Minute)
		if v.of(busy) != nil {
			t.Error("a visit goes on for longer than a day's work")
		}
	})
}

func TestVisitsAreFewAndTheIdlestGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVisits()
		var all []*http.Request
		for range mostVisits + 1 {
			all = append(all, enters(t, v))
			time.Sleep(time.Second)
			v.of(all[0]) // stays busy
		}
		if len(v.here) != mostVisits || v.of(all[0]) == nil || v.of(all[1]) != nil || v.of(all[2]) == nil {
			t.Errorf("%d visits; the busy one is there: %v", len(v.here), v.of(all[0]) != nil)
		}
	})
}

func TestGuessingFromManyAddressesIsBoundedInSum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVisits()
		looked := 0
		for i := range 3 * mostHomes {
			if v.mayTry(fmt.Sprintf("10.%d.%d.%d:1234", i>>16, i>>8&255, i&255)) {
				looked++
			}
		}
		if looked != firstTriesOfAll || len(v.homes) > mostHomes {
			t.Errorf("%d passwords were looked at, %d addresses are kept", looked, len(v.homes))
		}
		time.Sleep(time.Hour)
		if !v.mayTry("10.0.0.1:1234") {
			t.Error("an address that was quiet for an hour may not try")
		}
	})
}

func TestSharesAreOfTheLastSevenDays(t *testing.T) {
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	w := newWellness(start)
	for i := range 10 * 24 { // ten days; on the first three the printer was away, and then half of the time
		at := start.Add(time.Duration(i) * time.Hour)
		w.note(at, map[string]bool{"printer": i >= 3*24 && i%2 == 0, "terminal": true})
	}
	all, since := w.shares(start.Add(10*24*time.Hour - time.Minute))
	want := []share{{"printer", 7 * 24, 7 * 12}, {"terminal", 7 * 24, 7 * 24}}
	if !slices.Equal(all, want) || !since.Equal(start.Add(3*24*time.Hour)) {
		t.Errorf("%v since %s, want %v", all, since, want)
	}
	if all, _ := w.shares(start.Add(12*24*time.Hour - time.Minute)); len(all) != 2 || all[1].looks != 5*24 {
		t.Errorf("two days later: %v", all)
	}
	for i := range 3 * mostParts {
		w.note(start, map[string]bool{fmt.Sprint(i): true})
	}
	if len(w.parts) > mostParts {
		t.Errorf("%d parts are kept", len(w.parts))
	}
}

// charge has a payment charged at a moment.
func charge(t *testing.T, l *ledger.Ledger, a money.Amount, at time.Time) payment.ID {
	t.Helper()
	head := payment.Head{At: payment.Stamp{Wall: at, Boot: "one", Mono: time.Duration(at.Unix()) * time.Second}}
	p, err := l.Intend("20017000042317", payment.Intended{Head: head, Amount: a, Rules: payment.StandardRules(time.Minute, false),
		Legs: []payment.PlannedLeg{{Fee: "1", Amount: a}}, Account: payment.Reading{Total: a, Fees: []payment.Balance{{Fee: "1", Minor: a.Minor}}}})
	for _, e := range []payment.Event{payment.Purchasing{Head: head}, payment.ApprovalSeen{Head: head, Approval: payment.Approval{Amount: a}}, payment.DialogueEnded{Head: head}} {
		if err == nil {
			p, err = l.Append(p.ID, e)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return p.ID
}

func TestTakingsAreThoseOfTheBooks(t *testing.T) {
	l, err := ledger.Open(t.TempDir(), bytes.Repeat([]byte{7}, ledger.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	now := time.Date(2026, 11, 21, 18, 0, 0, 0, time.Local)
	euro := func(minor int64) money.Amount { return money.Of(minor, "EUR") }
	charge(t, l, euro(100), now.AddDate(0, 0, -31)) // too long ago
	charge(t, l, euro(200), now.AddDate(0, 0, -30))
	charge(t, l, euro(400), now.Add(-9*time.Hour))
	charge(t, l, money.Of(5000, "CHF"), now)
	takings := newTakings(l, "EUR")
	for _, more := range []int64{0, 800} { // the second time a payment came in since
		if more > 0 {
			charge(t, l, euro(more), now)
		}
		days, hours, err := takings.read(now)
		if err != nil || len(days) != daysShown || days[0].minor != 200 || days[daysShown-1].minor != 400+more {
			t.Fatalf("%v, %v", days, err)
		}
		if want := [24]int64{9: 400, 18: 200 + more}; hours != want {
			t.Errorf("hours %v, want %v", hours, want)
		}
	}
}

// TestThePageHasEveryWordInBothLanguages finds words that are missing in one, and those that nothing says.
func TestThePageHasEveryWordInBothLanguages(t *testing.T) {
	said := map[string]map[string]any{}
	for _, l := range languages {
		if _, err := toml.DecodeFile("words/"+l+".toml", new(map[string]any)); err != nil {
			t.Fatal(err)
		}
		words := map[string]any{}
		toml.DecodeFile("words/"+l+".toml", &words)
		said[l] = words
	}
	var sources strings.Builder
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if content, err := os.ReadFile(f); err == nil && !strings.HasSuffix(f, "_test.go") {
			sources.Write(content)
		}
	}
	named := map[string]bool{}
	for _, m := range regexp.MustCompile(`"([a-z]+(?:-[a-z]+)*-?)"`).FindAllStringSubmatch(sources.String(), -1) {
		named[m[1]] = true
	}
	for _, state := range []string{string(payment.StatePurchaseInDoubt), string(payment.StateReversalInDoubt), string(payment.LegOpenCase), string(payment.LegRefundDue)} {
		key := "case-" + strings.ReplaceAll(state, " ", "-")
		if said["en"][key] == nil || said["en"][key+"-do"] == nil {
			t.Errorf("nothing is said of %q", state)
		}
		named[key], named[key+"-do"] = true, true
	}
	for _, o := range []string{"booked", "follows", "not-charged", "returned", "staff"} {
		named["outcome-"+o] = true
	}
	for key := range said["en"] {
		if said["de"][key] == nil {
			t.Errorf("%q is not said in German", key)
		}
		if !named[key] {
			t.Errorf("nothing says %q", key)
		}
	}
	for key := range said["de"] {
		if said["en"][key] == nil {
			t.Errorf("%q is not said in English", key)
		}
	}
}

func TestALongListIsCutAndSaysSo(t *testing.T) {
	f := &found{at: time.Now()}
	for range mostItems + 50 {
		f.items = append(f.items, control.Item{Payment: "4821-123", State: string(payment.LegRefundDue), AmountMinor: 100, Currency: "EUR", Since: f.at})
	}
	s := &Server{Config: Config{Currency: "EUR"}}
	o := s.view(page{Language: "en"}, f)
	if len(o.ToDo) != mostItems || !strings.HasPrefix(o.More, "50 more are not shown") {
		t.Errorf("%d are shown, %q", len(o.ToDo), o.More)
	}
	if ages := o.Charts[0].Points[0]; ages.Value != mostItems+50 { // but all are counted
		t.Errorf("%d are counted", ages.Value)
	}
}
