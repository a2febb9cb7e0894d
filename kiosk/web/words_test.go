package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"selfpay/device/money"
	"selfpay/kiosk/session"
	"selfpay/kiosk/text"
)

// listening notes every key that a screen asks for.
type listening struct {
	*text.Texts
	asked map[string]bool
}

func (l listening) Say(lang, key string, data text.Data) string {
	l.asked[key] = true
	return l.Texts.Say(lang, key, data)
}

// keys of a language's catalogue with what they say.
func keys(t *testing.T, lang string) map[string]any {
	t.Helper()
	all := map[string]any{}
	if _, err := toml.DecodeFile("../text/catalogue/"+lang+".toml", &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// drawAll draws every example in a language, whole pages, with the words of texts.
func drawAll(t *testing.T, lang string, words speaker) map[string]string {
	t.Helper()
	drawn := map[string]string{}
	for _, e := range examples() {
		page, err := drawPage(e.in(lang), words, plain, "token")
		if err != nil {
			t.Fatal(err)
		}
		drawn[e.name] = string(page)
	}
	return drawn
}

func TestEveryScreenHasItsTextInEveryLanguage(t *testing.T) {
	for _, lang := range text.Known {
		words := listening{catalogues(t), map[string]bool{}}
		for name, page := range drawAll(t, lang, words) {
			if strings.Contains(page, "{{") {
				t.Errorf("%s in %s has a blank that nothing fills", name, lang)
			}
		}
		catalogue := keys(t, lang)
		for key := range words.asked {
			if catalogue[key] == nil {
				t.Errorf("the catalogue %s has no %q", lang, key)
			}
		}
	}
}

// TestCataloguesHoldNothingStale finds sentences that no screen and no receipt says.
func TestCataloguesHoldNothingStale(t *testing.T) {
	words := listening{catalogues(t), receiptKeys(t)}
	for file, prefix := range map[string]string{"../voice/guide.go": "voice-", "../text/spoken.go": "spoken-"} {
		keysOf(t, file, prefix, words.asked)
	}
	words.asked["disk-wait"], words.asked["disk-out-of-order"] = true, true // package page says them
	for _, lang := range text.Known {
		drawAll(t, lang, words)
	}
	for _, lang := range text.Known {
		for key := range keys(t, lang) {
			if !words.asked[key] {
				t.Errorf("nothing says %q of the catalogue %s", key, lang)
			}
		}
	}
}

// receiptKeys are the keys that kiosk/receipt names in its source; a name with an open end is followed by an outcome.
func receiptKeys(t *testing.T) map[string]bool {
	t.Helper()
	named := map[string]bool{}
	for _, file := range []string{"receipt.go", "books.go", "testslip.go"} {
		keysOf(t, "../receipt/"+file, "receipt-", named)
	}
	if len(named) == 0 {
		t.Fatal("the receipt names no keys")
	}
	return named
}

// keysOf notes the keys with a prefix that a file names.
func keysOf(t *testing.T, file, prefix string, named map[string]bool) {
	t.Helper()
	source, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(source, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		key, err := strconv.Unquote(literal.Value)
		if err != nil || !strings.HasPrefix(key, prefix) {
			return true
		}
		if !strings.HasSuffix(key, "-") {
			named[key] = true
			return true
		}
		for _, o := range allOutcomes {
			named[key+string(o)] = true
		}
		return true
	})
}

// tells fails the test unless words tell the status c of the money and no other.
func tells(t *testing.T, what, lang, words string, c charge) {
	t.Helper()
	if c == chargeNoneNow {
		c = chargeNone
	}
	for other, phrases := range phrasesOf[lang].said {
		switch {
		case other == c && !phrases.MatchString(words):
			t.Errorf("%s in %s does not tell %s: %q", what, lang, c, words)
		case other != c && phrases.MatchString(words):
			t.Errorf("%s in %s tells %s, but %s holds: %q", what, lang, other, c, words)
		}
	}
}

// shownWords are the words of the middle of a screen.
func shownWords(t *testing.T, v session.View) string {
	t.Helper()
	fragment, err := draw(v, catalogues(t), plain)
	if err != nil {
		t.Fatal(err)
	}
	return wordsOf(fragment)
}

func TestEveryOutcomeTellsItsMoneyStatus(t *testing.T) {
	for _, lang := range text.Known {
		for _, o := range allOutcomes {
			v := with(session.ScreenOutcome, ended(o, session.ReceiptNone))
			v.Language = lang
			tells(t, string(o), lang, shownWords(t, v), outcomeCharges[o])
		}
	}
}

func TestEveryReasonTellsItsMoneyStatus(t *testing.T) {
	for _, lang := range text.Known {
		for _, r := range allReasons {
			for screen, c := range map[session.Screen]charge{session.ScreenMessage: reasonCharges[r], session.ScreenOutOfService: chargeBefore} {
				v := with(screen, func(v *session.View) { v.Reason, v.Limit, v.Language = r, euro(500), lang })
				tells(t, string(screen)+" "+string(r), lang, shownWords(t, v), c)
			}
		}
	}
}

func TestWhoIsAskedWhetherToStayReadsThatNothingWasTaken(t *testing.T) {
	for _, lang := range text.Known {
		v := with(session.ScreenConfirm, func(v *session.View) { threeFees(v); v.Over, v.Language = session.LayerLeaving, lang })
		tells(t, "leaving", lang, shownWords(t, v), chargeNone)
	}
}

func TestReceiptTellsTheMoneyStatusOfItsOutcome(t *testing.T) {
	for _, lang := range text.Known {
		for _, o := range allOutcomes {
			if o == session.OutcomeNotCharged {
				continue // prints none
			}
			words := catalogues(t).Say(lang, "receipt-status-"+string(o), nil)
			if c := outcomeCharges[o]; c != chargeInDoubt {
				tells(t, "receipt "+string(o), lang, words, c)
			} else if !phrasesOf[lang].again.MatchString(words) {
				t.Errorf("the receipt for %s in %s does not ask not to pay again: %q", o, lang, words)
			}
		}
	}
}

// TestWhoMayHavePaidIsAskedNotToPayAgain holds for every screen on which money is on its way or in doubt.
func TestWhoMayHavePaidIsAskedNotToPayAgain(t *testing.T) {
	for _, lang := range text.Known {
		views := []session.View{base(session.ScreenChecking), base(session.ScreenBooking)}
		for _, o := range []session.Outcome{session.OutcomeFollows, session.OutcomeStaff} {
			views = append(views, with(session.ScreenOutcome, ended(o, session.ReceiptNone)))
		}
		for _, r := range []session.Reason{session.ReasonBeingBooked, session.ReasonSettling} {
			views = append(views, with(session.ScreenMessage, func(v *session.View) { v.Reason = r }))
		}
		for _, r := range allReasons {
			views = append(views, with(session.ScreenOutOfService, func(v *session.View) { v.Reason, v.Limit = r, euro(500) }))
		}
		for _, v := range views {
			v.Language = lang
			if words := shownWords(t, v); !phrasesOf[lang].again.MatchString(words) {
				t.Errorf("%s %s%s in %s does not ask not to pay again: %q", v.Screen, v.Outcome, v.Reason, lang, words)
			}
		}
		for _, key := range []string{"moment-lead", "disk-wait", "disk-out-of-order"} { // the veil, and the page of the disk
			if words := catalogues(t).Say(lang, key, nil); !phrasesOf[lang].again.MatchString(words) {
				t.Errorf("%s in %s does not ask not to pay again: %q", key, lang, words)
			}
		}
	}
}

// TestNothingIsSaidInTheWordsOfMachines keeps words off the screen that frighten and explain nothing.
func TestNothingIsSaidInTheWordsOfMachines(t *testing.T) {
	for _, lang := range text.Known {
		for key, sentence := range keys(t, lang) {
			if said, ok := sentence.(string); ok && phrasesOf[lang].machine.MatchString(said) {
				t.Errorf("%s in %s: %q", key, lang, said)
			}
		}
	}
}

// TestExamplesCoverTheContract finds a screen, reason, outcome, receipt or progress that the lists of the tests lack.
func TestExamplesCoverTheContract(t *testing.T) {
	listed := map[string][]string{"Screen": {}, "Reason": {}, "Outcome": {}, "Receipt": {}, "Progress": {}}
	for _, v := range allScreens {
		listed["Screen"] = append(listed["Screen"], string(v))
	}
	for _, v := range allReasons {
		listed["Reason"] = append(listed["Reason"], string(v))
	}
	for _, v := range allOutcomes {
		listed["Outcome"] = append(listed["Outcome"], string(v))
	}
	for _, v := range allReceipts {
		listed["Receipt"] = append(listed["Receipt"], string(v))
	}
	for _, v := range allProgress {
		listed["Progress"] = append(listed["Progress"], string(v))
	}
	for _, path := range []string{"../session/view.go", "../../device/terminal/terminal.go"} {
		for kind, values := range constants(t, path) {
			for _, value := range values {
				if lists, ours := listed[kind]; ours && !slices.Contains(lists, value) {
					t.Errorf("%s %q has no example", kind, value)
				}
			}
		}
	}
	for _, s := range allScreens {
		if screens[string(s)] == nil {
			t.Errorf("nothing is drawn for screen %q", s)
		}
		if !slices.ContainsFunc(examples(), func(e example) bool { return e.view.Screen == s }) {
			t.Errorf("screen %q has no example", s)
		}
	}
	for _, o := range allOutcomes {
		if outcomeCharges[o] == "" {
			t.Errorf("outcome %q has no money status", o)
		}
	}
	for _, r := range allReasons {
		if reasonCharges[r] == "" {
			t.Errorf("reason %q has no money status", r)
		}
	}
}

// constants are the string constants of a source file by their type.
func constants(t *testing.T, path string) map[string][]string {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, m := range regexp.MustCompile(`(?m)^\t\w+ +(\w+) += "([^"]*)"`).FindAllStringSubmatch(string(source), -1) {
		found[m[1]] = append(found[m[1]], m[2])
	}
	if len(found) == 0 {
		t.Fatalf("%s has no constants", path)
	}
	return found
}

// TestMarksSayWhatTheSessionSays holds the marks that programs read, beside the words for people.
func TestMarksSayWhatTheSessionSays(t *testing.T) {
	for _, c := range []struct {
		example string
		wanted  map[string]string
	}{
		{"number", map[string]string{"data-typed": "20017004211"}},
		{"pin", map[string]string{"data-typed": "••••"}},
		{"pin-wrong", map[string]string{"data-reason": "wrong-pin", "data-typed": ""}},
		{"message-nothing-owed", map[string]string{"data-reason": "nothing-owed"}},
		{"out-of-service-settling", map[string]string{"data-reason": "settling"}},
		{"outcome-follows", map[string]string{"data-outcome": "follows", "data-receipt": "printed", "data-reference": "4821-123"}},
	} {
		marks := map[string]string{}
		for _, e := range elements(drawn(t, c.example)) {
			for name, value := range e.marks {
				marks[name] = value
			}
		}
		for name, value := range c.wanted {
			if got, ok := marks[name]; !ok || got != value {
				t.Errorf("%s: %s = %q, %v; want %q", c.example, name, got, ok, value)
			}
		}
	}
}

func TestEveryFeeSaysWhetherItIsChosenAndCanBe(t *testing.T) {
	read := func(example string) (fees []string) {
		for _, e := range elements(drawn(t, example)) {
			if key, ok := e.marks["data-fee"]; ok {
				fees = append(fees, key+" "+e.marks["data-chosen"]+" "+e.marks["data-choosable"])
			}
		}
		return fees
	}
	if got, want := read("fees"), []string{"4711 true true", "4712 false true", "4713 false false"}; !slices.Equal(got, want) {
		t.Errorf("fees: %q, want %q", got, want)
	}
	if got := read("fees-whole"); !slices.Equal(got, []string{"4711 true false", "c false false"}) {
		t.Errorf("whole account: %q", got)
	}
	if got := read("fees-many"); got[3] != `"><script>alert(1)</script> true true` {
		t.Errorf("hostile key: %q", got[3])
	}
}

// drawn is an example in English.
func drawn(t *testing.T, name string) string {
	t.Helper()
	for _, e := range examples() {
		if e.name == name {
			fragment, err := draw(e.view, catalogues(t), plain)
			if err != nil {
				t.Fatal(err)
			}
			return fragment
		}
	}
	t.Fatalf("no example %q", name)
	return ""
}

// TestButtonsAreTheActionsOfTheScreen holds every button to the list of actions in the contract.
func TestButtonsAreTheActionsOfTheScreen(t *testing.T) {
	allowed := map[session.Screen][]string{
		session.ScreenReady: {"number"}, session.ScreenNumber: {"digit", "erase", "enter", "leave"},
		session.ScreenPIN: {"digit", "erase", "enter", "leave"}, session.ScreenAmount: {"digit", "erase", "enter", "back", "leave"},
		session.ScreenFees:    {"choose", "all", "part", "pay", "unlock", "hide", "earlier", "leave"},
		session.ScreenConfirm: {"confirm", "receipt", "back", "leave"}, session.ScreenTerminal: {"cancel"},
		session.ScreenOutcome: {"leave", "print"}, session.ScreenMessage: {"leave", "earlier"},
		session.ScreenTouch:   {"touch", "leave"},
		session.ScreenService: {"devices", "payments", "paper", "update", "slip", "self-test", "rest", "leave"}, session.ScreenServiceDevices: {"back"},
		session.ScreenServiceTest:     {"try-touch", "signal", "back"},
		session.ScreenServicePayments: {"reprint", "back"}, session.ScreenServicePaper: {"back"}, session.ScreenServiceUpdate: {"back"},
	}
	over := map[session.Layer][]string{
		session.LayerLeaving: {"stay", "leave"}, session.LayerLanguages: {"language", "back"}, session.LayerAids: {"aid", "back"},
	}
	for _, e := range examples() {
		fragment, err := draw(e.view, catalogues(t), plain)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		may := allowed[e.view.Screen]
		switch {
		case e.view.Over != session.LayerNone:
			may, e.view.Screen = over[e.view.Over], ""
		case e.view.Screen.Adjustable():
			may = append(slices.Clone(may), "language", "languages", "aids")
		}
		for _, el := range elements(fragment) {
			if action := el.marks["data-action"]; action != "" {
				got[action] = true
				if !slices.Contains(may, action) {
					t.Errorf("%s has a button %q", e.name, action)
				}
			}
		}
		if e.view.Screen == session.ScreenTerminal && got["cancel"] != e.view.CanCancel {
			t.Errorf("%s: cancel is %v, want %v", e.name, got["cancel"], e.view.CanCancel)
		}
		if e.view.Screen == session.ScreenFees && got["part"] != (e.view.CanPart && e.view.Chosen.Positive()) {
			t.Errorf("%s: part is %v", e.name, got["part"])
		}
		if e.view.Screen == session.ScreenOutcome && got["print"] != e.view.CanPrint() {
			t.Errorf("%s: print is %v", e.name, got["print"])
		}
		got["language"] = got["language"] || got["languages"]
		for _, must := range []string{"leave", "language", "aids"} {
			if slices.Contains(may, must) && !got[must] {
				t.Errorf("%s has no button %q", e.name, must)
			}
		}
	}
}

func TestAmountsAreWrittenForTheLanguage(t *testing.T) {
	texts := catalogues(t)
	for lang, want := range map[string]string{"de": "1.234,50 €", "en": "€1,234.50"} {
		got := strings.ReplaceAll(texts.Amount(lang, money.Of(123450, "EUR")), "\u00a0", " ")
		if got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
}

// TestNoLibrarySaysInItsOwnWordsWhatHappenedToTheMoney finds sentences that tell a money status, or ask not to pay again, and could
// be said otherwise.
func TestNoLibrarySaysInItsOwnWordsWhatHappenedToTheMoney(t *testing.T) {
	for _, lang := range text.Known {
		for key, sentence := range text.Changeable(lang) {
			said, ok := sentence.(string)
			if !ok {
				continue
			}
			for c, phrases := range phrasesOf[lang].said {
				if phrases.MatchString(said) {
					t.Errorf("%s in %s tells %s and is not fixed: %q", key, lang, c, said)
				}
			}
			if phrasesOf[lang].again.MatchString(said) {
				t.Errorf("%s in %s asks not to pay again and is not fixed: %q", key, lang, said)
			}
		}
	}
}
