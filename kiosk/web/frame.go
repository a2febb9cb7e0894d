package web

import (
	"strconv"

	"selfpay/kiosk/html"
	"selfpay/kiosk/text"
)

// document is the whole page around a screen.
func (s scene) document(token string) html.Part {
	return html.All(html.Doctype(), html.HTML(in(s.Language),
		html.Attribute("data-theme", s.look.Theme), html.Attribute("data-aids", s.marks()),
		html.Head(
			html.Basics(s.libraryName()),
			html.Meta(html.Attribute("name", "token"), html.Attribute("content", token)),
			html.Link(html.Attribute("rel", "icon"), html.Attribute("href", "/static/icon.svg"), html.Attribute("type", "image/svg+xml")),
			html.Stylesheet("/library/colours.css"), html.Stylesheet("/static/page.css"), html.Stylesheet("/library/fonts.css"),
			html.Script("/static/page.js"),
		),
		html.Body(
			html.Main(html.Attribute("data-screen", strconv.FormatInt(s.Number, 10)), html.Attribute("data-name", nameOf(s.View)),
				html.Attribute("data-again", "false"), s.drawn()),
			html.Div(html.ID("said"), html.Class("unseen"), html.Attribute("role", "status"), html.Attribute("aria-live", "polite")),
			html.Div(html.ID("veil"), html.Mark("hidden"), html.Each(s.Languages, s.moment)),
		)))
}

// moment are the words of the veil in one language; it covers the screen while the station does not answer. Of many languages the page shows two.
func (s scene) moment(language string) html.Part {
	return html.P(in(language), html.Strong(html.Text(s.words.Say(language, "moment-title", nil))), html.Text(" "+s.words.Say(language, "moment-lead", nil)))
}

// in says that an element's words are of a language.
func in(language string) html.Part {
	return html.All(html.Attribute("lang", language), html.Attribute("dir", text.Direction(language)))
}

// announced marks what a voice says by itself when the screen comes.
var announced = html.Mark("data-spoken")

// text is the sentence of a key.
func (s scene) text(key string) html.Part { return html.Text(s.say(key)) }

// bold are words that stand out.
func bold(words string) html.Part { return html.B(html.Text(words)) }

// headline is the sentence that a screen begins with.
func headline(sentence string, marks ...html.Part) html.Part {
	return html.H1(html.Attribute("tabindex", "-1"), announced, html.All(marks...), html.Text(sentence))
}

// lead is what stands below the headline.
func lead(parts ...html.Part) html.Part { return html.P(html.Class("lead"), html.All(parts...)) }

// top is the head of every screen.
func (s scene) top() html.Part {
	return html.Header(
		html.Span(html.Class("library"),
			html.If(s.look.Logo.Shown(), html.Img(html.Class("logo"), html.Attribute("src", "/library/logo"), html.Attribute("alt", ""))),
			html.Bdi(html.Text(s.libraryName()))),
		html.If(s.Initials != "", html.Span(html.Class("initials"), html.Bdi(html.Text(s.Initials)))))
}

// middle is a screen that says one thing and asks at most one.
func (s scene) middle(footer html.Part, parts ...html.Part) html.Part {
	return html.All(s.top(), html.Section(html.Class("middle"), html.All(parts...)), footer)
}

// button is one that does an action of the session.
func button(action string, parts ...html.Part) html.Part {
	return html.Button(html.Attribute("type", "button"), html.Attribute("data-action", action), html.All(parts...))
}

func value(v string) html.Part { return html.Attribute("data-value", v) }

func label(words string) html.Part { return html.Attribute("aria-label", words) }

// pressed says whether what a button switches is on.
func pressed(on bool) html.Part { return html.Attribute("aria-pressed", strconv.FormatBool(on)) }

// group holds buttons that belong together.
func group(class string, named html.Part, parts ...html.Part) html.Part {
	return html.Div(html.Class(class), html.Attribute("role", "group"), named, html.All(parts...))
}

func (s scene) leave() html.Part { return button("leave", html.Class("out"), s.text("start-over")) }

func (s scene) back() html.Part { return button("back", s.text("confirm-back")) }

// done is the one way out of a screen that is over.
func (s scene) done(class string) html.Part {
	return button("leave", html.Class(class), s.text("done"))
}

// backOnly is the footer of what lies over a screen.
func (s scene) backOnly() html.Part {
	return html.Footer(button("back", html.Class("out"), s.text("confirm-back")))
}

// tools are languages and aids, where the session allows them.
func (s scene) tools() html.Part {
	if !s.Screen.Adjustable() {
		return nil
	}
	return html.Div(html.Class("tools"), s.languageBar(),
		button("aids", html.Class("tool"), label(s.say("aids")), signAids, html.Text(" "), html.Span(s.text("aids"))))
}

func (s scene) languageBar() html.Part {
	tongues := s.tongues()
	if len(tongues) == 0 {
		return nil
	}
	named := label(s.say("languages"))
	if s.manyTongues() {
		return group("tongues", named, button("languages", html.Class("tool"), label(s.say("languages")+": "+s.say("language-name")), signGlobe,
			html.Text(" "), html.Span(s.text("language-name"))))
	}
	return group("tongues", named, html.Each(tongues, tongue.button))
}

func (t tongue) button() html.Part {
	return button("language", value(t.Code), in(t.Code), pressed(t.Chosen), html.Text(t.Name))
}

func (s scene) languages() html.Part {
	return s.middle(s.backOnly(), signGlobe, headline(s.say("languages")), html.Div(html.Class("tongues all"), html.Each(s.tongues(), tongue.button)))
}

func (s scene) aids() html.Part {
	return s.middle(s.backOnly(), headline(s.say("aids-title")), group("switches", label(s.say("aids")), html.Each(s.switches(), s.aidSwitch)))
}

func (s scene) aidSwitch(a aidSwitch) html.Part {
	return button("aid", value(a.Name), pressed(a.On), box(a.On), html.Span(s.text(a.Key)))
}

// box is drawn beside what can be chosen.
func box(chosen bool) html.Part {
	if chosen {
		return signChosen
	}
	return signOpen
}

// keypad has the digits, and keys that do nothing before one was typed.
func (s scene) keypad() html.Part {
	waits := html.If(s.Typed == "", html.Mark("disabled"))
	return html.Div(html.Class("keypad"),
		html.Each([]string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}, digit),
		button("erase", label(s.say("key-erase")), waits, signErase),
		digit("0"),
		button("enter", html.Class("go"), waits, s.text("key-enter")))
}

func digit(d string) html.Part { return button("digit", value(d), html.Text(d)) }

// list is a list that may be longer than its room.
func (s scene) list(items ...html.Part) html.Part {
	return html.Div(html.Class("list"), html.Ul(html.Class("parts"), html.All(items...)), s.scroll())
}

// what names a thing in a list; the name may be of another script than the line.
func what(name string) html.Part { return html.Bdi(html.Class("what"), html.Text(name)) }

// priceTag is an amount at the end of a line of a list.
func priceTag(amount string) html.Part { return html.Span(html.Class("price"), html.Text(amount)) }

// scroll moves a list that is longer than its room. The page shows it then.
func (s scene) scroll() html.Part {
	way := func(to, key string, sign html.Part) html.Part {
		return html.Button(html.Attribute("type", "button"), html.Attribute("data-scroll", to), label(s.say(key)), sign)
	}
	return html.Div(html.Class("scroll"), html.Mark("hidden"), way("up", "list-up", signUp), way("down", "list-down", signDown))
}
