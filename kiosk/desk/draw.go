package desk

import (
	"net/url"

	"selfpay/kiosk/desk/chart"
	"selfpay/kiosk/html"
	"selfpay/kiosk/report"
	"selfpay/kiosk/text"
)

// document is a whole page.
func (p page) document(content ...html.Part) html.Part {
	return html.All(html.Doctype(), html.HTML(html.Attribute("lang", p.Language),
		html.Head(
			html.Basics(p.Say("title")+" – "+p.Kiosk),
			html.Stylesheet("/desk.css")),
		html.Body(
			html.If(p.Inside, html.A(html.Class("skip"), html.Attribute("href", "#main"), p.text("skip"))),
			html.Header(html.P(html.Class("station"), html.Text(p.Library+" · "+p.Kiosk)),
				html.If(p.Inside, html.Form(html.Attribute("method", "post"), html.Attribute("action", "/logout"), html.Button(p.text("logout"))))),
			html.Main(html.ID("main"), html.All(content...)))))
}

// text is a sentence of the page.
func (p page) text(key string) html.Part { return html.Text(p.Say(key)) }

// wrong says what was wrong with the last try.
func (p page) wrong() html.Part {
	if p.Wrong == "" {
		return nil
	}
	return html.P(html.Attribute("role", "alert"), html.Class("wrong"), p.text(p.Wrong))
}

func (p page) loginPage() html.Part {
	return p.document(html.H1(p.text("login-title")), p.wrong(),
		html.Form(html.Attribute("method", "post"), html.Attribute("action", "/login"),
			html.Input(html.Attribute("name", "user"), html.Attribute("value", "desk"), html.Attribute("autocomplete", "username"), html.Mark("hidden")),
			html.Label(html.Attribute("for", "password"), p.text("login-password")),
			html.Input(html.ID("password"), html.Attribute("name", "password"), html.Attribute("type", "password"), html.Attribute("maxlength", "512"),
				html.Attribute("autocomplete", "current-password"), html.Mark("required")),
			html.Button(p.text("login-enter"))))
}

// search looks for a payment by its code.
func (p page) search() html.Part {
	return html.Form(html.Class("search"), html.Attribute("role", "search"), html.Attribute("action", "/payment"),
		html.Label(html.Attribute("for", "code"), p.text("search")),
		html.Input(html.ID("code"), html.Attribute("name", "code"), html.Attribute("maxlength", "20"), html.Attribute("autocomplete", "off"), html.Mark("required")),
		html.Button(p.text("search-go")))
}

// section is a part of the page under its own heading, where the keyboard stops.
func (p page) section(name, title string, content ...html.Part) html.Part {
	return html.Section(html.Attribute("aria-labelledby", name), html.Attribute("tabindex", "0"),
		html.H2(html.ID(name), p.text(title)), html.All(content...))
}

// table has a head, and rows made by row.
func table[T any](heads html.Part, rows []T, row func(T) html.Part) html.Part {
	return html.Table(html.Thead(html.Tr(heads)), html.Tbody(html.Each(rows, row)))
}

func head(words string) html.Part { return html.Th(html.Attribute("scope", "col"), html.Text(words)) }

// numberHead is the head of a column of numbers.
func numberHead(words string) html.Part {
	return html.Th(html.Attribute("scope", "col"), html.Class("number"), html.Text(words))
}

func rowHead(content html.Part) html.Part { return html.Th(html.Attribute("scope", "row"), content) }

func cell(words string) html.Part { return html.Td(html.Text(words)) }

func numberCell(words string) html.Part { return html.Td(html.Class("number"), html.Text(words)) }

// link leads to the page of a payment.
func link(code string) html.Part {
	return html.A(html.Attribute("href", "/payment?"+url.Values{"code": {code}}.Encode()), html.Text(code))
}

func (o overview) draw() html.Part {
	state := "wrong"
	if o.Ready {
		state = "well"
	}
	return o.document(html.H1(o.text("title")),
		html.P(html.Class(state), html.Text(o.State)), html.P(html.Text(o.AsOf)), o.search(),
		o.section("todo", "todo-title", o.toDoTable()),
		o.section("waiting", "waiting-title", o.payments(o.Waiting, html.P(o.text("waiting-lead")), "waiting-none")),
		o.section("last", "last-title", o.payments(o.Last, nil, "last-none")),
		o.section("devices", "devices-title", o.deviceTable()),
		html.Each(o.Charts, o.chart))
}

func (o overview) toDoTable() html.Part {
	if len(o.ToDo) == 0 {
		return html.P(o.text("todo-none"))
	}
	heads := html.All(head(o.Say("column-code")), numberHead(o.Say("column-amount")), head(o.Say("column-since")), head(o.Say("column-what")), head(o.Say("column-do")))
	return html.All(table(heads, o.ToDo, toDoRow), html.If(o.More != "", html.P(html.Text(o.More))))
}

func toDoRow(r row) html.Part {
	return html.Tr(rowHead(link(r.Code)), numberCell(r.Amount), cell(r.At), cell(r.What),
		html.Td(html.Text(r.Do), html.If(r.LookUp != "", html.Text(" "), html.Span(html.Class("look"), english, html.Text(r.LookUp)))))
}

// english are words that we have in no other language: those for technicians.
var english = html.Attribute("lang", "en")

// payments are a table of payments, or the sentence that there are none.
func (p page) payments(rows []row, lead html.Part, none string) html.Part {
	if len(rows) == 0 {
		return html.P(p.text(none))
	}
	heads := html.All(head(p.Say("column-code")), numberHead(p.Say("column-amount")), head(p.Say("column-when")), head(p.Say("column-state")))
	return html.All(lead, table(heads, rows, func(r row) html.Part {
		return html.Tr(rowHead(link(r.Code)), numberCell(r.Amount), cell(r.At), cell(r.What))
	}))
}

func (o overview) deviceTable() html.Part {
	heads := html.All(head(o.Say("column-device")), head(o.Say("column-state")), head(o.Say("column-since")), head(o.Say("devices-why")))
	return table(heads, o.Devices, func(d device) html.Part {
		state := "devices-away"
		if d.There {
			state = "devices-there"
		}
		return html.Tr(rowHead(html.Text(d.Name)), cell(o.Say(state)), cell(d.At), html.Td(english, html.Text(d.Why)))
	})
}

// chart is a picture with a table that says the same.
func (p page) chart(d drawn) html.Part {
	return html.Section(html.Class("chart"), html.H2(html.Text(d.Title)), html.P(html.Text(d.Note)), d.Picture,
		html.Details(html.Summary(p.text("table-of")), table(html.All(head(d.First), numberHead(d.Last)), d.Points, func(c chart.Point) html.Part {
			return html.Tr(rowHead(html.Text(c.Label)), numberCell(c.Text))
		})))
}

func (l looked) draw() html.Part {
	back := html.P(html.A(html.Attribute("href", "/"), l.text("back")))
	if l.Wrong != "" {
		return l.document(html.H1(l.text("title")), l.wrong(), l.search(), back)
	}
	return l.document(html.H1(html.Text(l.fill("payment-title", text.Data{"Code": l.Code}))),
		html.P(html.Strong(html.Text(l.Amount)), html.Text(": "+l.State)),
		html.If(len(l.Advice) > 0, html.Section(html.Attribute("aria-labelledby", "advice"), html.H2(html.ID("advice"), l.text("payment-advice")),
			html.Div(english, html.Each(l.Advice, advice)))),
		html.Section(html.Attribute("aria-labelledby", "story"), html.H2(html.ID("story"), l.text("payment-story")),
			html.Ol(english, html.Each(l.Told, func(r row) html.Part {
				return html.Li(html.Span(html.Class("at"), html.Text(r.At)), html.Text(" "+r.What))
			}))),
		back)
}

func advice(a report.Advice) html.Part {
	return html.All(html.H3(html.Text(a.ID)), html.P(html.Text(a.Means)), html.If(a.Check != "", html.P(html.Text(a.Check))),
		html.If(len(a.Do) > 0, html.Dl(html.Each(a.Do, func(s report.Choice) html.Part {
			return html.All(html.Dt(html.Text(s.If)), html.Dd(html.Code(html.Text(s.Command))))
		}))))
}
