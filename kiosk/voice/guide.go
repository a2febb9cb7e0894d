package voice

import (
	"slices"
	"strings"

	"selfpay/device/keypad"
	"selfpay/device/speech"
	"selfpay/kiosk/session"
	"selfpay/kiosk/text"
	"selfpay/kiosk/web"
)

// Guide leads a patron through the screens by keys and by ear. It has no clock and no I/O: it is told what is shown and what is
// pressed, and tells what is to be said and done.
type Guide struct {
	Texts *text.Texts

	Volume int  // of the voice, 1 to speech.MostVolume
	Keys   bool // a key was pressed in this visit: the page shows where the patron is

	shown   web.Reading
	at      int // the place in shown.Items; before is the beginning of the screen
	covered place
}

// before is the place of a patron who has not gone to a choice yet.
const before = -1

// usualVolume is that of every visit's beginning.
const usualVolume = 6

// place is where a patron was on a screen that something was laid over.
type place struct {
	reading web.Reading
	at      int
}

// Saying is what is to be said, part by part: a part may be in a language of its own.
type Saying struct {
	Parts []Part
	Whole bool // a new screen waits until it was said, since it says what became of the money
	After bool // it waits until what is being said was said: little has changed
}

// Part is one piece of it.
type Part struct{ Language, Text string }

// Empty says whether there is nothing to say.
func (s Saying) Empty() bool { return len(s.Parts) == 0 }

func (s *Saying) add(language string, sentences ...string) {
	for _, said := range sentences {
		if said == "" {
			continue
		}
		if last := len(s.Parts) - 1; last >= 0 && s.Parts[last].Language == language {
			s.Parts[last].Text += "\n" + closed(said, language)
		} else {
			s.Parts = append(s.Parts, Part{language, closed(said, language)})
		}
	}
}

// closed ends a sentence, so that the voice rests behind it.
func closed(sentence, language string) string {
	if strings.ContainsRune(".!?…。！？؟:", []rune(sentence)[len([]rune(sentence))-1]) {
		return sentence
	}
	return sentence + strings.TrimSpace(text.Stop(language))
}

// Number is that of the screen that is shown.
func (g *Guide) Number() int64 { return g.shown.Number }

// Place is the place of the choice at which the patron is, before the first one -1.
func (g *Guide) Place() int { return g.at }

// Show takes the next view and tells what is new.
func (g *Guide) Show(r web.Reading) Saying {
	last, at := g.shown, g.at
	g.shown, g.at = r, before
	if r.Name == string(session.ScreenReady) && last.Name != r.Name { // the next patron's
		g.Volume, g.Keys, g.covered = usualVolume, false, place{}
	}
	switch {
	case r.Name == last.Name && r.Language == last.Language:
		return g.changed(last, at)
	case layer(r) && !layer(last):
		g.covered = place{last, at}
	case r.Name == g.covered.reading.Name && r.Language == g.covered.reading.Language:
		back := g.covered
		g.covered = place{}
		said := g.changed(back.reading, back.at)
		said.After = false
		if g.at == before {
			said.add(r.Language, first(r.Sentences))
		} else {
			g.addItem(&said)
		}
		return said
	}
	return g.All()
}

// layer says whether something lies over the screen.
func layer(r web.Reading) bool {
	switch session.Layer(r.Name) {
	case session.LayerLanguages, session.LayerAids, session.LayerLeaving:
		return true
	}
	return false
}

func first(sentences []string) string {
	if len(sentences) == 0 {
		return ""
	}
	return sentences[0]
}

// changed tells in what the screen differs from the same one before, and keeps the place.
func (g *Guide) changed(last web.Reading, at int) Saying {
	said := Saying{After: g.shown.Name != string(session.ScreenTerminal)} // there it is what the patron must do now
	said.add(g.shown.Language, g.curtain(last.Curtain))
	said.add(g.shown.Language, g.typed(last.Typed)...)
	if at == before || at >= len(last.Items) {
		g.addNews(&said, last)
		return said
	}
	was := last.Items[at]
	g.at = slices.IndexFunc(g.shown.Items, func(i web.Item) bool { return i.Action == was.Action && i.Value == was.Value })
	if g.at != before && g.shown.Items[g.at] != was {
		said.add(g.shown.Items[g.at].Language, g.shown.Items[g.at].Label)
		said.add(g.shown.Language, g.state(g.shown.Items[g.at]))
	}
	g.addNews(&said, last)
	return said
}

// curtain tells that the screen went dark, or can be seen again.
func (g *Guide) curtain(last bool) string {
	switch {
	case g.shown.Curtain == last:
		return ""
	case last:
		return g.say("voice-curtain-off", nil)
	}
	return g.say("voice-curtain-on", nil)
}

// addNews adds the sentences that were not there before.
func (g *Guide) addNews(said *Saying, last web.Reading) {
	for _, s := range g.shown.Sentences {
		if !slices.Contains(last.Sentences, s) {
			said.add(g.shown.Language, s)
		}
	}
}

// typed tells what was typed since. Of a PIN only how much.
func (g *Guide) typed(last *web.Typed) []string {
	now := g.shown.Typed
	switch {
	case now == nil || last == nil || now.Digits == last.Digits:
		return nil
	case now.Amount != "":
		return []string{now.Amount}
	case !secret(now.Digits) && strings.HasPrefix(now.Digits, last.Digits):
		return []string{web.Spell(now.Digits[len(last.Digits):])}
	}
	return []string{g.count("voice-typed", len([]rune(now.Digits)))}
}

// secret says whether digits are shown as dots. Where there are none yet nobody knows.
func secret(digits string) bool { return strings.Trim(digits, "•") == "" }

// All is the whole screen from its beginning.
func (g *Guide) All() Saying {
	r := g.shown
	said := Saying{Whole: r.Name == string(session.ScreenOutcome)}
	said.add(r.Language, r.Sentences...)
	if t := r.Typed; t != nil && t.Digits != "" {
		switch {
		case t.Amount != "":
			said.add(r.Language, t.Label+": "+t.Amount)
		case secret(t.Digits):
			said.add(r.Language, g.count("voice-typed", len([]rune(t.Digits))))
		default:
			said.add(r.Language, t.Label+": "+web.Spell(t.Digits))
		}
	}
	if n := len(g.choices()); n > 0 {
		said.add(r.Language, g.count("voice-choices", n))
	}
	return said
}

// Welcome tells somebody who has plugged in a headset how it goes.
func (g *Guide) Welcome() Saying {
	said := Saying{}
	said.add(g.shown.Language, g.say("voice-welcome", nil), g.say("voice-keys", nil))
	return said.followed(g.All())
}

func (s Saying) followed(by Saying) Saying {
	for _, p := range by.Parts {
		s.add(p.Language, p.Text)
	}
	s.Whole = s.Whole || by.Whole
	return s
}

// Press takes a key. It tells what is to be said, or which tap is to be made, or nothing at all.
func (g *Guide) Press(k keypad.Key) (Saying, *session.Action) {
	g.Keys = true
	if i := slices.IndexFunc(g.shown.Items, func(i web.Item) bool { return i.Anywhere }); i >= 0 { // whatever is touched means this
		return Saying{}, g.tap(g.shown.Items[i])
	}
	switch {
	case k.Digit():
		return Saying{}, g.typing("digit", string(k))
	case k == keypad.Erase:
		return Saying{}, g.typing("erase", "")
	case k == keypad.OK:
		return g.take()
	case k == keypad.Curtain:
		return Saying{}, &session.Action{Screen: g.shown.Number, Name: "aid", Value: "curtain"}
	}
	return g.lead(k), nil
}

// lead is a key that moves or explains.
func (g *Guide) lead(k keypad.Key) Saying {
	var said Saying
	switch k {
	case keypad.Louder, keypad.Quieter:
		g.Volume += map[keypad.Key]int{keypad.Louder: 1, keypad.Quieter: -1}[k]
		g.Volume = min(max(g.Volume, 1), speech.MostVolume)
		said.add(g.shown.Language, g.say("voice-volume", text.Data{"Number": g.Volume}))
	case keypad.Help:
		said.add(g.shown.Language, g.say("voice-keys", nil))
		return said.followed(g.All())
	case keypad.Left:
		g.at = before
		return g.All()
	case keypad.Up, keypad.Down, keypad.Right:
		g.move(k)
		g.addItem(&said)
	}
	return said
}

// choices are the places of what can be done now.
func (g *Guide) choices() []int {
	var places []int
	for i, item := range g.shown.Items {
		if !item.Disabled {
			places = append(places, i)
		}
	}
	return places
}

func (g *Guide) move(k keypad.Key) {
	places := g.choices()
	if len(places) == 0 {
		return
	}
	next, _ := slices.BinarySearch(places, g.at) // where it would stand
	switch k {
	case keypad.Up:
		next--
	case keypad.Down:
		if next < len(places) && places[next] == g.at {
			next++
		}
	case keypad.Right:
		next = len(places) - 1
	}
	g.at = places[min(max(next, 0), len(places)-1)]
}

// addItem adds the choice at which the patron is, and how many there are.
func (g *Guide) addItem(said *Saying) {
	places := g.choices()
	number := slices.Index(places, g.at)
	if number < 0 {
		said.add(g.shown.Language, g.say("voice-no-choices", nil))
		return
	}
	item := g.shown.Items[g.at]
	said.add(item.Language, item.Label)
	said.add(g.shown.Language, g.state(item), g.say("voice-place", text.Data{"Number": number + 1, "Count": len(places)}))
}

func (g *Guide) state(i web.Item) string {
	switch i.Choice {
	case web.Chosen:
		return g.say("voice-chosen", nil)
	case web.NotChosen:
		return g.say("voice-not-chosen", nil)
	}
	return ""
}

// take is the key OK. Whoever types is done with it; else nothing is done that the patron has not gone to.
func (g *Guide) take() (Saying, *session.Action) {
	if g.at == before {
		if enter := g.typing("enter", ""); enter != nil {
			return Saying{}, enter
		}
		return g.All(), nil
	}
	if g.shown.Items[g.at].Disabled {
		var said Saying
		said.add(g.shown.Items[g.at].Language, g.shown.Items[g.at].Label)
		return said, nil
	}
	return Saying{}, g.tap(g.shown.Items[g.at])
}

// typing is a tap on a key of the screen's own keypad, nil where it has none or it can do nothing now. Whoever types with keys is
// nowhere else.
func (g *Guide) typing(action, value string) *session.Action {
	for _, i := range g.shown.Items {
		if i.Action == action && i.Value == value && !i.Disabled {
			g.at = before
			return g.tap(i)
		}
	}
	return nil
}

func (g *Guide) tap(i web.Item) *session.Action {
	return &session.Action{Screen: g.shown.Number, Name: i.Action, Value: i.Value}
}

func (g *Guide) say(key string, data text.Data) string {
	return g.Texts.Say(g.shown.Language, key, data)
}

func (g *Guide) count(key string, n int) string { return g.say(key, text.Data{"Count": n}) }
