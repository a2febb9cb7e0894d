package web

import (
	"strconv"

	"selfpay/kiosk/html"
	"selfpay/kiosk/session"
	"selfpay/kiosk/text"
)

// serviceTitle is the key of the title of a page of the service menu.
func (s scene) serviceTitle() string {
	if s.Screen == session.ScreenService {
		return "service-title"
	}
	return string(s.Screen)
}

// serviceBy says who has opened the menu.
func (s scene) serviceBy() string {
	if s.Service.Staff == "" {
		return s.say("service-by-key") + text.Stop(s.Language)
	}
	return s.words.Say(s.Language, "service-by", text.Data{"Name": clean(s.Service.Staff, 30)}) + text.Stop(s.Language)
}

// devices are the devices, with reasons fit for a line.
func (s scene) devices() []session.ServiceDevice {
	var all []session.ServiceDevice
	for _, d := range s.Service.Devices {
		d.Name, d.Why = clean(d.Name, 40), clean(d.Why, 120)
		all = append(all, d)
	}
	return all
}

// check is one look at a part of the station as the menu lists it.
type check struct{ Name, Why, State string }

// checks are what the looks at the station have found, those that are well or the others, in words fit for a line.
func (s scene) checks(well bool) []check {
	words := map[session.CheckState]string{session.CheckFails: "service-fails", session.CheckWarns: "service-warns", session.CheckWell: "service-well"}
	var all []check
	for _, c := range s.Service.Checks {
		if (c.State == session.CheckWell) == well {
			all = append(all, check{clean(c.Name, 40), clean(c.Why, 120), s.say(words[c.State])})
		}
	}
	return all
}

// labelWords says what of a label was read, or how to try it.
func (s scene) labelWords() string {
	label := s.Service.Label
	if label == nil {
		return s.say("service-label")
	}
	words := s.say("service-label-other")
	if label.Card {
		words = s.say("service-label-card")
	}
	about := strconv.Itoa(label.Characters)
	if label.Symbology != "" {
		about = label.Symbology + ", " + about
	}
	return words + " (" + about + ")"
}

// paid is one payment as the menu lists it.
type paid struct {
	Reference, At, Key, Price string
	Printable                 bool
}

// payments are the newest payments.
func (s scene) payments() []paid {
	var all []paid
	for _, p := range s.Service.Payments {
		one := paid{Reference: p.Reference, At: s.say("receipt-undated"), Key: "receipt-leg-" + string(p.Outcome), Price: s.price(p.Amount), Printable: true}
		if !p.At.IsZero() {
			one.At = s.words.Moment(s.Language, p.At)
		}
		if p.Outcome == session.OutcomeNotCharged {
			one.Key, one.Printable = "service-not-charged", false
		}
		all = append(all, one)
	}
	return all
}

// serving is a page of the service menu.
func (s scene) serving(footer html.Part, parts ...html.Part) html.Part {
	return html.All(s.top(), html.Section(html.Class("serving"), headline(s.say(s.serviceTitle())), lead(announced, html.Text(s.serviceBy()+" "), s.note()),
		html.All(parts...)), footer)
}

// note says what became of the last deed.
func (s scene) note() html.Part {
	note := string(s.Service.Note)
	if note == "" {
		return nil
	}
	return html.Strong(html.Attribute("data-note", note), s.text("service-note-"+note))
}

func (s scene) service() html.Part {
	rest := "service-rest"
	if s.Service.Resting {
		rest = "service-resume"
	}
	return s.serving(html.Footer(button("leave", html.Class("out"), s.text("service-leave"))), html.Div(html.Class("menu"),
		button("devices", s.text("service-devices")),
		button("payments", s.text("service-payments")),
		button("paper", s.text("service-paper")),
		button("update", s.text("service-update")),
		button("slip", s.text("service-slip")),
		button("self-test", s.text("service-test")),
		button("rest", pressed(s.Service.Resting), s.text(rest))))
}

// withReason is a name with the reason for its state, if there is one.
func withReason(name, why string) string {
	if why == "" {
		return name
	}
	return name + ": " + why
}

func (s scene) serviceDevices() html.Part {
	return s.serving(s.backOnly(), s.list(html.Each(s.devices(), s.serviceDevice)))
}

func (s scene) serviceDevice(d session.ServiceDevice) html.Part {
	state := "service-absent"
	if d.There {
		state = "service-well"
	}
	return html.Li(html.Attribute("data-there", strconv.FormatBool(d.There)), what(withReason(d.Name, d.Why)), bold(s.say(state)))
}

func (s scene) serviceTest() html.Part {
	return s.serving(s.backOnly(), s.list(
		html.Each(s.checks(false), check.item),
		html.Li(html.Span(html.Class("what"), html.Mark("data-label"), html.Text(s.labelWords()))),
		html.Li(html.Span(html.Class("what"), s.text("service-touch")), s.try(s.say("service-touch"), "try-touch")),
		html.Each(s.Service.Signals, func(signal string) html.Part { return html.Li(what(signal), s.try(signal, "signal", value(signal))) }),
		html.Each(s.checks(true), check.item)))
}

func (c check) item() html.Part {
	return html.Li(what(withReason(c.Name, c.Why)), bold(c.State))
}

// try is the button that tries a part of the station.
func (s scene) try(name, action string, more ...html.Part) html.Part {
	return button(action, html.All(more...), label(s.say("service-try")+": "+name), s.text("service-try"))
}

func (s scene) servicePayments() html.Part {
	payments := s.payments()
	if len(payments) == 0 {
		return s.serving(s.backOnly(), lead(s.text("service-no-payments")))
	}
	return s.serving(s.backOnly(), s.list(html.Each(payments, s.servicePayment)))
}

func (s scene) servicePayment(p paid) html.Part {
	return html.Li(html.Span(html.Class("reference"), bold(p.Reference)), html.Span(html.Text(p.At)), html.Span(s.text(p.Key)),
		priceTag(p.Price),
		html.If(p.Printable, button("reprint", value(p.Reference), label(s.say("service-reprint")+": "+p.Reference), s.text("service-reprint"))))
}

func (s scene) servicePaper() html.Part {
	step := func(sign html.Part, key string) html.Part { return html.Li(sign, html.Span(s.text(key))) }
	return s.serving(s.backOnly(), html.Ol(html.Class("steps"),
		step(signCover, "service-paper-open"), step(signRoll, "service-paper-clear"), step(signDone, "service-paper-close")))
}

func (s scene) serviceUpdate() html.Part {
	return s.serving(s.backOnly(), lead(s.text("service-update-lead")),
		lead(s.text("service-version"), html.Text(" "), html.Bdi(html.Text(s.Service.Version))),
		html.If(s.Service.Waits, html.P(html.Class("lead notice"), s.text("service-update-waits"))))
}
