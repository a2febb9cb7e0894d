package web

import (
	"fmt"
	"strconv"

	"selfpay/device/terminal"
	"selfpay/kiosk/html"
	"selfpay/kiosk/session"
)

// The screens of a payment and after it, and those on which there is none.

func (s scene) terminal() html.Part {
	return s.middle(html.Footer(html.If(s.CanCancel, button("cancel", html.Class("out"), s.text("terminal-cancel")))),
		progressSign(s.Progress),
		headline(s.say(s.progressKey()), html.Attribute("data-progress", string(s.Progress))),
		lead(s.text("terminal-amount"), html.Text(" "), bold(s.price(s.Chosen))),
		html.If(s.RedKey, html.P(announced, s.text("terminal-red-key"))))
}

func progressSign(p terminal.Progress) html.Part {
	switch p {
	case terminal.ProgressCard, terminal.ProgressRetry:
		return signCard
	case terminal.ProgressPIN:
		return signPin
	case terminal.ProgressRemove:
		return signRemove
	case terminal.ProgressReversing:
		return signBack
	}
	return signWorking
}

func (s scene) checking() html.Part { return s.waiting("checking", s.reference()) }

func (s scene) booking() html.Part { return s.waiting("booking", s.reference()) }

// reference is the patron's code, once there is one.
func (s scene) reference() html.Part {
	return html.If(s.Reference != "", html.P(html.Class("reference"), html.Attribute("data-reference", s.Reference),
		html.Span(s.text("outcome-reference")), html.Text(" "), bold(s.Reference)))
}

func (s scene) outcome() html.Part {
	return html.All(s.top(), html.Section(html.Class("middle outcome"),
		html.Attribute("data-outcome", string(s.Outcome)), html.Attribute("data-receipt", string(s.Receipt)),
		outcomeSign(s.Outcome),
		headline(s.say("outcome-"+string(s.Outcome))),
		lead(announced, html.Strong(html.Text(s.outcomeCharge())), html.Text(" "+s.say("outcome-"+string(s.Outcome)+"-next"))),
		s.partList(), s.reference(), s.receiptCode(), s.paper()), s.outcomeFooter())
}

func outcomeSign(o session.Outcome) html.Part {
	switch o {
	case session.OutcomeBooked, session.OutcomeFollows:
		return signDone
	case session.OutcomeReturned:
		return signBack
	case session.OutcomeStaff:
		return signDesk
	}
	return signNote
}

// partList tells the fees apart where they did not end the same way.
func (s scene) partList() html.Part {
	parts := s.parts()
	if len(parts) == 0 {
		return nil
	}
	return s.list(html.Each(parts, func(p part) html.Part {
		return html.Li(what(p.Name), html.Span(s.text(p.Key)), priceTag(s.price(p.Amount)))
	}))
}

// receiptCode is the receipt for a telephone, where the patron wanted that.
func (s scene) receiptCode() html.Part {
	if s.code == nil {
		return nil
	}
	return html.Element("svg", html.Class("code"), html.Attribute("viewBox", fmt.Sprintf("0 0 %d %[1]d", s.code.Size)), html.Attribute("role", "img"),
		label(s.say("paper-on-screen")), html.Element("path", html.Attribute("d", s.code.Path)))
}

// paper says what became of the printed receipt.
func (s scene) paper() html.Part {
	if s.Receipt == session.ReceiptNone {
		return nil
	}
	comes := s.Receipt == session.ReceiptPrinting || s.Receipt == session.ReceiptPrinted
	return html.P(html.Class("paper"), announced, html.If(comes, signReceipt), html.Span(s.text(s.paperKey())))
}

func (s scene) outcomeFooter() html.Part {
	return html.Footer(s.tools(), html.If(s.CanPrint(), button("print", s.text(s.printKey()))), s.done("go"))
}

func (s scene) message() html.Part {
	return s.because(html.Footer(s.tools(), s.earlier(), s.done("go")),
		signNote, headline(s.why()), lead(announced, html.Strong(html.Text(s.reasonCharge())), html.Text(" "+s.next())))
}

func (s scene) outOfService() html.Part {
	return s.because(html.Footer(), signDesk, headline(s.say("out-of-service-title")),
		lead(announced, html.Text(s.why()+s.stop()+s.next()+" "+s.beforeCharge())))
}

// because is a screen that tells a reason.
func (s scene) because(footer html.Part, parts ...html.Part) html.Part {
	return s.middle(footer, html.Attribute("data-reason", string(s.Reason)), html.All(parts...))
}

func (s scene) touch() html.Part {
	return html.All(s.top(), html.Section(html.Class("touching"), headline(s.say("touch-title")), html.P(announced, s.text("touch-lead")),
		html.Div(html.Class("fields"), html.Each(s.fields(), field.button))), html.Footer(s.done("out")))
}

func (f field) button() html.Part {
	return button("touch", value(strconv.Itoa(f.Key)), pressed(f.Touched), html.Text(strconv.Itoa(f.Number)))
}
