package desk

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"selfpay/device/money"
	"selfpay/kiosk/control"
	"selfpay/kiosk/desk/chart"
	"selfpay/kiosk/html"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/report"
	"selfpay/kiosk/supervisor"
	"selfpay/kiosk/text"
)

// overview is the first page.
type overview struct {
	page
	AsOf    string
	Ready   bool
	State   string
	ToDo    []row
	More    string // how many more there are
	Waiting []row
	Devices []device
	Last    []row
	Charts  []drawn // ages, wellness, days, hours
}

// row is one line of a list.
type row struct{ Code, Amount, At, What, Do, LookUp string }

type device struct {
	supervisor.State
	At string
}

// drawn is a picture with the table that says the same.
type drawn struct {
	Title, Note string
	Picture     html.Part
	First, Last string // heads of the table
	Points      []chart.Point
}

// looked is the page of one payment.
type looked struct {
	page
	Code, Amount, State string
	Told                []row
	Advice              []report.Advice
}

func (p page) moment(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return words.Moment(p.Language, at)
}

func (p page) amount(minor int64, currency string) string {
	return words.Amount(p.Language, money.Of(minor, money.Currency(currency)))
}

func (s *Server) view(p page, f *found) overview {
	p.Inside = true
	o := overview{page: p, AsOf: p.fill("as-of", text.Data{"At": p.moment(f.at)}), Ready: f.reason == "", State: p.Say("ready")}
	if !o.Ready {
		o.State = p.fill("not-ready", text.Data{"Why": patronWords.Say(p.Language, "reason-"+string(f.reason), nil)})
	}
	o.ToDo = p.toDo(f)
	if more := len(o.ToDo) - mostItems; more > 0 {
		o.ToDo, o.More = o.ToDo[:mostItems], p.fill("todo-more", text.Data{"Count": more})
	}
	for _, w := range f.waiting {
		o.Waiting = append(o.Waiting, row{Code: w.ID.String(), Amount: words.Amount(p.Language, w.Amount), At: p.moment(chargedAt(w)), What: p.Say(waitingKey(w))})
	}
	for _, d := range f.devices {
		o.Devices = append(o.Devices, device{d, p.moment(d.Since)})
	}
	for _, l := range f.last {
		o.Last = append(o.Last, row{Code: l.ID.String(), Amount: words.Amount(p.Language, l.Amount), At: p.moment(chargedAt(l)), What: p.Say(standing(l))})
	}
	o.Charts = []drawn{p.ages(f), p.wellness(f), p.days(f, s.Currency), p.hours(f, s.Currency)}
	return o
}

// chargedAt is when the card was charged; where that is not known, when the patron confirmed.
func chargedAt(p payment.Payment) time.Time {
	if p.ApprovedAt.Wall.IsZero() {
		return p.IntendedAt.Wall
	}
	return p.ApprovedAt.Wall
}

func (p page) toDo(f *found) (all []row) {
	for _, i := range f.items {
		key := "case-" + strings.ReplaceAll(i.State, " ", "-")
		all = append(all, row{Code: i.Payment, Amount: p.amount(i.AmountMinor, i.Currency), At: p.moment(i.Since), What: p.Say(key), Do: p.Say(key + "-do"), LookUp: i.LookUp})
	}
	for _, b := range f.byAcc {
		code, _, _ := strings.Cut(b.ID, "/")
		all = append(all, row{Code: code, Amount: p.amount(b.AmountMinor, b.Currency), At: b.Day, What: p.Say("case-by-account"), Do: p.Say("case-by-account-do"),
			LookUp: b.Reference})
	}
	return all
}

// ages draws how long open cases and refunds have been there.
func (p page) ages(f *found) drawn {
	points := []chart.Point{{Label: p.Say("age-hour")}, {Label: p.Say("age-day")}, {Label: p.Say("age-week")}, {Label: p.Say("age-older")}}
	for _, i := range f.items {
		points[ageOf(f.at, i)].Value++
	}
	for i := range points {
		points[i].Text = strconv.FormatInt(points[i].Value, 10)
	}
	c := chart.Chart{ID: "ages", Title: p.Say("ages-title"), Description: p.fill("ages-desc", text.Data{"Count": len(f.items)}), Points: points}
	return drawn{c.Title, c.Description, c.Rows(0), p.Say("column-age"), p.Say("column-number"), points}
}

func ageOf(now time.Time, i control.Item) int {
	for at, limit := range []time.Duration{time.Hour, 24 * time.Hour, 7 * 24 * time.Hour} {
		if now.Sub(i.Since) <= limit {
			return at
		}
	}
	return 3
}

// wellness draws for which share of the time each device was there, and a payment possible.
func (p page) wellness(f *found) drawn {
	c := chart.Chart{ID: "wellness", Title: p.Say("wellness-title"), Description: p.Say("wellness-none")}
	for _, s := range f.wellness {
		name := s.name
		if name == stationName {
			name = p.Say("wellness-station")
		}
		perMille := int64(s.yes) * 1000 / int64(s.looks)
		c.Points = append(c.Points, chart.Point{Label: name, Value: perMille, Text: p.percent(perMille)})
		c.Description = p.fill("wellness-desc", text.Data{"Since": p.moment(f.since)})
	}
	return drawn{c.Title, c.Description, c.Rows(1000), p.Say("column-device"), p.Say("column-share"), c.Points}
}

func (p page) percent(perMille int64) string {
	point := "."
	if p.Language == "de" {
		point = ","
	}
	return fmt.Sprintf("%d%s%d\u00a0%%", perMille/10, point, perMille%10)
}

func (p page) days(f *found, currency money.Currency) drawn {
	c := chart.Chart{ID: "days", Title: p.Say("days-title")}
	sum := int64(0)
	for _, d := range f.days {
		sum += d.minor
		c.Points = append(c.Points, chart.Point{Label: p.dayOf(d.day), Value: d.minor, Text: p.amount(d.minor, string(currency))})
	}
	c.Description = p.fill("days-desc", text.Data{"Amount": p.amount(sum, string(currency))})
	return drawn{c.Title, c.Description + " " + p.Say("takings-note"), c.Columns(p.scale(currency)), p.Say("column-day"), p.Say("column-amount"), c.Points}
}

func (p page) hours(f *found, currency money.Currency) drawn {
	c := chart.Chart{ID: "hours", Title: p.Say("hours-title"), Description: p.Say("hours-desc")}
	for h, minor := range f.hours {
		c.Points = append(c.Points, chart.Point{Label: strconv.Itoa(h), Value: minor, Text: p.amount(minor, string(currency))})
	}
	return drawn{c.Title, c.Description, c.Columns(p.scale(currency)), p.Say("column-hour"), p.Say("column-amount"), c.Points}
}

func (p page) scale(currency money.Currency) func(int64) string {
	return func(minor int64) string { return p.amount(minor, string(currency)) }
}

// dayOf is a day without its year.
func (p page) dayOf(at time.Time) string {
	if p.Language == "de" {
		return at.Format("02.01.")
	}
	return at.Format("2 Jan")
}

func (p page) looked(d control.Detail) looked {
	l := looked{page: p, Code: d.Payment.ID.String(), Amount: words.Amount(p.Language, d.Payment.Amount), State: p.Say(standing(d.Payment)), Advice: d.Story.Advice}
	for _, t := range d.Story.Told {
		l.Told = append(l.Told, row{At: p.moment(t.At), What: t.Text})
	}
	return l
}
