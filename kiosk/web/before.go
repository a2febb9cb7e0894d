package web

import (
	"strconv"

	"selfpay/kiosk/html"
	"selfpay/kiosk/session"
)

// The screens before a payment, in the order of a visit.

func (s scene) ready() html.Part {
	return s.middle(html.Footer(s.tools(), button("number", html.Class("go"), s.text("ready-number"))),
		signScan, headline(s.say("ready-title")), lead(announced, s.text("ready-lead")))
}

// typing is a screen with the keypad: what it is for, what was typed, and the footer.
func (s scene) typing(footer html.Part, ask ...html.Part) html.Part {
	return html.All(s.top(), html.Section(html.Class("typing"), html.Div(html.Class("ask"), html.All(ask...)), s.keypad()), footer)
}

// typed is what was typed, as it is to be shown.
func (s scene) typed(key, shown string) html.Part {
	return html.P(html.Class("typed"), html.Attribute("data-typed", s.Typed), html.Span(s.text(key)), html.Output(html.Text(shown)))
}

// notice is the reason why the same is asked again, or else what the screen is for.
func (s scene) notice(otherwise string) html.Part {
	if s.Reason == "" {
		return lead(html.Text(otherwise))
	}
	return html.P(html.Class("lead notice"), announced, html.Attribute("data-reason", string(s.Reason)), html.Text(s.why()+s.stop()+s.next()+" "+s.reasonCharge()))
}

func (s scene) number() html.Part {
	return s.typing(html.Footer(s.leave(), s.tools()),
		headline(s.say("number-title")), lead(s.text("number-lead")), s.typed("number-typed", s.Typed))
}

func (s scene) pin() html.Part {
	return s.typing(html.Footer(s.leave(), s.tools()),
		headline(s.say("pin-title")), s.notice(s.say("pin-lead")), s.typed("pin-typed", s.Typed))
}

func (s scene) amount() html.Part {
	return s.typing(html.Footer(s.leave(), s.tools(), s.back()),
		headline(s.say("amount-title")), s.notice(s.sayAmount("amount-lead", s.Chosen)), s.typed("amount-typed", s.price(s.Part)))
}

func (s scene) loading() html.Part { return s.waiting("loading", nil) }

// waiting is a screen on which the patron waits for us.
func (s scene) waiting(name string, more html.Part) html.Part {
	return s.middle(html.Footer(), signWait, headline(s.say(name+"-title")), lead(announced, s.text(name+"-lead")), more)
}

func (s scene) fees() html.Part {
	about := "fees-lead"
	if s.WholeOnly {
		about = "fees-lead-whole"
	}
	return html.All(s.top(), html.Section(html.Class("choosing"),
		headline(s.say("fees-title")), lead(s.text(about)),
		html.Div(html.Class("list"), html.Ul(html.Class("fees"), html.Each(s.lines(), s.fee)), s.scroll()),
		s.sums()), s.feesFooter())
}

// fee is one line of the list: a button where it can be chosen, else the reason why not.
func (s scene) fee(l line) html.Part {
	state := func(choosable string) html.Part {
		return html.All(html.Attribute("data-fee", l.Key), html.Attribute("data-chosen", strconv.FormatBool(l.Chosen)), html.Attribute("data-choosable", choosable))
	}
	price := priceTag(s.price(l.Amount))
	if l.Choosable {
		return html.Li(button("choose", html.Class("fee"), html.Attribute("role", "checkbox"), html.Attribute("aria-checked", strconv.FormatBool(l.Chosen)),
			value(l.Key), state("true"), box(l.Chosen), what(l.Name), price))
	}
	class, why := "fee", html.Part(nil)
	if l.Why != "" {
		class, why = "fee closed", html.All(html.Text(" "), html.Em(s.text(l.Why)))
	}
	return html.Li(html.Div(html.Class(class), state("false"), html.Span(html.Class("what"), html.Bdi(html.Text(l.Name)), why), price))
}

func (s scene) sums() html.Part {
	hide := "fees-hide"
	if s.Hidden {
		hide = "fees-show"
	}
	return html.Div(html.Class("sums"),
		html.P(html.Span(s.text("fees-total"), html.Text(" "), bold(s.price(s.Total))),
			html.If(!s.WholeOnly, html.Text(" "), html.Span(announced, s.text("fees-chosen"), html.Text(" "), bold(s.price(s.Chosen))))),
		html.If(s.Unlock.Positive(), button("unlock", html.Text(s.sayAmount("fees-unlock", s.Unlock)))),
		s.earlier(), button("hide", s.text(hide)))
}

// earlier leads to the patron's payment of the last minutes.
func (s scene) earlier() html.Part {
	return html.If(s.Earlier != "", button("earlier", s.text("earlier")))
}

func (s scene) feesFooter() html.Part {
	pay := html.All(html.Mark("disabled"), s.text("fees-pay-nothing"))
	if s.canPay() {
		pay = html.Text(s.sayAmount("fees-pay", s.Chosen))
	}
	return html.Footer(s.leave(), s.tools(),
		html.If(s.canChooseMore(), button("all", s.text("fees-all"))),
		html.If(s.CanPart && s.canPay(), button("part", s.text("fees-part"))),
		button("pay", html.Class("go"), pay))
}

func (s scene) confirm() html.Part {
	about := s.sayCount("confirm-fees", s.chosenFees())
	switch {
	case s.Part.Positive():
		about = s.sayAmount("confirm-part", s.Chosen)
	case s.WholeOnly:
		about = s.say("confirm-whole")
	}
	return s.middle(html.Footer(s.leave(), s.tools(), s.back(), button("confirm", html.Class("go"), s.text("confirm-pay"))),
		headline(s.sayAmount("confirm-title", s.ToPay())),
		lead(announced, html.Text(about+" "+s.say("confirm-lead"))),
		html.If(s.NoPaper, html.P(html.Class("lead notice"), announced, s.text("confirm-no-paper"))),
		html.If(len(s.Wishes) > 0, group("wishes", html.Attribute("aria-labelledby", "receipts"),
			html.Span(html.ID("receipts"), s.text("confirm-receipt")), html.Each(s.Wishes, s.wish))))
}

func (s scene) wish(w session.Wish) html.Part {
	return button("receipt", value(string(w)), pressed(w == s.Wish), s.text("confirm-receipt-"+string(w)))
}

func (s scene) leaving() html.Part {
	return s.middle(html.Footer(s.leave(), button("stay", html.Class("go"), html.Mark("data-anywhere"), s.text("leaving-stay"))),
		signWait, headline(s.say("leaving-title")), lead(announced, s.text("leaving-lead")), html.P(html.Class("countdown"), html.Attribute("aria-hidden", "true")))
}
