package web

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"selfpay/device/money"
	"selfpay/kiosk/html"
	"selfpay/kiosk/session"
	"selfpay/kiosk/text"
)

// screens has what is drawn for each session.Screen and for what lies over one.
var screens = map[string]func(scene) html.Part{
	string(session.ScreenReady):           scene.ready,
	string(session.ScreenNumber):          scene.number,
	string(session.ScreenPIN):             scene.pin,
	string(session.ScreenLoading):         scene.loading,
	string(session.ScreenFees):            scene.fees,
	string(session.ScreenAmount):          scene.amount,
	string(session.ScreenConfirm):         scene.confirm,
	string(session.ScreenTerminal):        scene.terminal,
	string(session.ScreenChecking):        scene.checking,
	string(session.ScreenBooking):         scene.booking,
	string(session.ScreenOutcome):         scene.outcome,
	string(session.ScreenMessage):         scene.message,
	string(session.ScreenOutOfService):    scene.outOfService,
	string(session.ScreenTouch):           scene.touch,
	string(session.ScreenService):         scene.service,
	string(session.ScreenServiceDevices):  scene.serviceDevices,
	string(session.ScreenServiceTest):     scene.serviceTest,
	string(session.ScreenServicePayments): scene.servicePayments,
	string(session.ScreenServicePaper):    scene.servicePaper,
	string(session.ScreenServiceUpdate):   scene.serviceUpdate,
	string(session.LayerLanguages):        scene.languages,
	string(session.LayerAids):             scene.aids,
	string(session.LayerLeaving):          scene.leaving,
}

// speaker gives the words of a screen: *text.Texts.
type speaker interface {
	Say(lang, key string, data text.Data) string
	Amount(lang string, a money.Amount) string
	Moment(lang string, at time.Time) string
}

// scene is what is drawn: a view with the words for it.
type scene struct {
	session.View
	words speaker
	look  Look
	code  *code // the receipt as a code; nil: none
}

// sceneOf is the scene of a view. It fails where there is nothing to draw for it.
func sceneOf(v session.View, words speaker, look Look) (scene, error) {
	s := scene{View: v, words: words, look: look}
	if screens[nameOf(v)] == nil {
		return s, fmt.Errorf("web: there is no screen %q", nameOf(v))
	}
	var err error
	s.code, err = codeOf(s)
	return s, err
}

// drawn is what stands in <main>: a pure function of the view, the texts and the look.
func (s scene) drawn() html.Part { return screens[nameOf(s.View)](s) }

// draw writes the content of <main>.
func draw(v session.View, words speaker, look Look) (string, error) {
	s, err := sceneOf(v, words, look)
	if err != nil {
		return "", err
	}
	return html.Write(s.drawn())
}

// drawPage writes the document around a view.
func drawPage(v session.View, words speaker, look Look, token string) (string, error) {
	s, err := sceneOf(v, words, look)
	if err != nil {
		return "", err
	}
	return html.Write(s.document(token))
}

// nameOf is the name of what is drawn: the screen's, or that of what lies over it.
func nameOf(v session.View) string {
	if v.Over != session.LayerNone {
		return string(v.Over)
	}
	return string(v.Screen)
}

// say is the sentence of a key.
func (s scene) say(key string) string { return s.words.Say(s.Language, key, nil) }

// sayAmount is the sentence of a key with an amount in it.
func (s scene) sayAmount(key string, a money.Amount) string {
	return s.words.Say(s.Language, key, text.Data{"Amount": s.price(a)})
}

// sayCount is the sentence of a key for n things.
func (s scene) sayCount(key string, n int) string {
	return s.words.Say(s.Language, key, text.Data{"Count": n})
}

// price is an amount as people read it.
func (s scene) price(a money.Amount) string { return s.words.Amount(s.Language, a) }

// marks are the names of the aids that are on, for the page's styles.
func (s scene) marks() string { return strings.Join(s.Aids.Chosen(), " ") }

// libraryName is the library's name, fit for one line.
func (s scene) libraryName() string { return clean(s.Library, 60) }

// tongue is one button of the language bar.
type tongue struct {
	Code, Name string
	Chosen     bool
}

// mostTongues is how many languages have a button on every screen; where there are more, one button leads to all.
const mostTongues = 2

// manyTongues says whether the bar has that one button: for many languages, and where letters or other buttons need the room.
func (s scene) manyTongues() bool {
	return len(s.Languages) > mostTongues || s.Aids.LargeText || s.CanPart
}

// tongues are the languages to choose from, each in its own words; none where the session allows no choice.
func (s scene) tongues() []tongue {
	if !s.Screen.Adjustable() || len(s.Languages) < 2 {
		return nil
	}
	var tongues []tongue
	for _, l := range s.Languages {
		tongues = append(tongues, tongue{Code: l, Name: s.words.Say(l, "language-name", nil), Chosen: l == s.Language})
	}
	return tongues
}

// aidSwitch is one aid as the patron turns it on and off.
type aidSwitch struct {
	Name, Key string
	On        bool
}

// switches are the aids to choose from. The curtain is one for who listens.
func (s scene) switches() []aidSwitch {
	var all []aidSwitch
	for _, name := range session.AidNames {
		if name != "curtain" || s.Listening {
			all = append(all, aidSwitch{name, "aid-" + name, slices.Contains(s.Aids.Chosen(), name)})
		}
	}
	return all
}

// line is one fee as the list shows it.
type line struct {
	session.FeeLine
	Name      string
	Choosable bool
	Why       string // the key of the reason why it cannot be chosen
}

// lines are the fees of the list. Where the whole account is paid nothing can be chosen.
func (s scene) lines() []line {
	var lines []line
	for i, f := range s.Fees {
		l := line{FeeLine: f, Name: clean(f.Description, 90)}
		switch {
		case s.Hidden:
			l.Name = s.words.Say(s.Language, "fees-hidden", text.Data{"Number": i + 1})
		case l.Name == "":
			l.Name = s.say("fees-no-description")
		}
		switch {
		case f.BeingBooked:
			l.Why = "fees-being-booked"
		case s.WholeOnly:
		case !f.Amount.Positive():
			l.Why = "fees-not-payable"
		default:
			l.Choosable = true
		}
		lines = append(lines, l)
	}
	return lines
}

// canChooseMore says whether a fee that can be chosen is not.
func (s scene) canChooseMore() bool {
	for _, l := range s.lines() {
		if l.Choosable && !l.Chosen {
			return true
		}
	}
	return false
}

// chosenFees counts what is to be paid.
func (s scene) chosenFees() int {
	n := 0
	for _, f := range s.Fees {
		if f.Chosen {
			n++
		}
	}
	return n
}

// canPay says whether anything is chosen.
func (s scene) canPay() bool { return s.Chosen.Positive() }

// field is one part of the screen that staff are to touch.
type field struct {
	Key, Number int
	Touched     bool
}

// fields are those of the test of the touch panel, which people count from 1.
func (s scene) fields() []field {
	var fields []field
	for i, was := range s.Touched {
		fields = append(fields, field{i, i + 1, was})
	}
	return fields
}

// progressKey is the key of what the terminal asks for.
func (s scene) progressKey() string {
	if s.Progress == "" {
		return "progress-wait"
	}
	return "progress-" + string(s.Progress)
}

// why is the sentence of the reason.
func (s scene) why() string { return s.sayAmount("reason-"+string(s.Reason), s.Limit) }

// Stop ends a sentence that the catalogue has without its end.
func (s scene) stop() string { return text.Stop(s.Language) }

// next is what to do about the reason.
func (s scene) next() string { return s.say("reason-" + string(s.Reason) + "-next") }

// reasonCharge says what became of the money where a message is shown.
func (s scene) reasonCharge() string { return s.say(string(reasonCharges[s.Reason])) }

// beforeCharge speaks to whoever has paid just before.
func (s scene) beforeCharge() string { return s.say(string(chargeBefore)) }

// outcomeCharge says what became of the money.
func (s scene) outcomeCharge() string {
	return s.sayAmount(string(outcomeCharges[s.Outcome]), s.Chosen)
}

// paperKey is the key of what became of the receipt.
func (s scene) paperKey() string { return "paper-" + string(s.Receipt) }

// printKey is the key of the button that prints.
func (s scene) printKey() string {
	if s.Receipt == session.ReceiptFailed {
		return "paper-again"
	}
	return "paper-print"
}

// part is what became of one fee.
type part struct {
	Name   string
	Amount money.Amount
	Key    string // of its state in words
}

// parts tell the fees apart where they did not end the same way.
func (s scene) parts() []part {
	differ := false
	var parts []part
	for _, l := range s.Legs {
		differ = differ || l.Outcome != s.Legs[0].Outcome
		parts = append(parts, part{s.feeName(l.Fee), l.Amount, "receipt-leg-" + string(l.Outcome)})
	}
	if !differ {
		return nil
	}
	return parts
}

func (s scene) feeName(id string) string {
	if id == "" {
		return s.say("receipt-account")
	}
	for _, l := range s.lines() {
		if l.Key == id {
			return l.Name
		}
	}
	return s.words.Say(s.Language, "receipt-fee", text.Data{"Fee": clean(id, 40)})
}

// clean makes foreign text fit to show: no control signs, nothing that turns the direction of what follows or hides,
// no towers of accents, single blanks, and at most the given number of signs, cut between words where it can be.
func clean(foreign string, most int) string {
	var kept []rune
	marks := 0
	for _, r := range strings.ToValidUTF8(foreign, "") {
		switch {
		case unicode.IsSpace(r):
			r = ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r >= 0x200B && r <= 0x200D, r == 0xFEFF,
			r >= 0x2060 && r <= 0x206F, unicode.Is(unicode.Co, r), r >= 0xE0000 && r <= 0xE007F:
			continue
		}
		if marks++; !unicode.Is(unicode.M, r) {
			marks = 0
		}
		if marks > 2 || r == ' ' && (len(kept) == 0 || kept[len(kept)-1] == ' ') {
			continue
		}
		kept = append(kept, r)
	}
	shown := strings.TrimSpace(string(kept))
	if len(kept) <= most {
		return shown
	}
	cut := string(kept[:most-1])
	if blank := strings.LastIndexByte(cut, ' '); blank > len(cut)/2 {
		cut = cut[:blank]
	}
	return strings.TrimSpace(cut) + "…"
}
