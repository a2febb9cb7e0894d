package web

import (
	"strconv"

	"selfpay/kiosk/session"
	"selfpay/kiosk/text"
)

// ServiceTitle is the key of the title of a page of the service menu.
func (s scene) ServiceTitle() string {
	if s.Screen == session.ScreenService {
		return "service-title"
	}
	return string(s.Screen)
}

// ServiceBy says who has opened the menu.
func (s scene) ServiceBy() string {
	if s.Service.Staff == "" {
		return s.Say("service-by-key") + text.Stop(s.Language)
	}
	return s.words.Say(s.Language, "service-by", text.Data{"Name": clean(s.Service.Staff, 30)}) + text.Stop(s.Language)
}

// ServiceDevices are the devices, with reasons fit for a line.
func (s scene) ServiceDevices() []session.ServiceDevice {
	var all []session.ServiceDevice
	for _, d := range s.Service.Devices {
		d.Name, d.Why = clean(d.Name, 40), clean(d.Why, 120)
		all = append(all, d)
	}
	return all
}

// check is one look at a part of the station as the menu lists it.
type check struct{ Name, Why, State string }

// ServiceChecks are what the looks at the station have found, those that are well or the others, in words fit for a line.
func (s scene) ServiceChecks(well bool) []check {
	words := map[session.CheckState]string{session.CheckFails: "service-fails", session.CheckWarns: "service-warns", session.CheckWell: "service-well"}
	var all []check
	for _, c := range s.Service.Checks {
		if (c.State == session.CheckWell) == well {
			all = append(all, check{clean(c.Name, 40), clean(c.Why, 120), s.Say(words[c.State])})
		}
	}
	return all
}

// ServiceLabel says what of a label was read, or how to try it.
func (s scene) ServiceLabel() string {
	label := s.Service.Label
	if label == nil {
		return s.Say("service-label")
	}
	words := s.Say("service-label-other")
	if label.Card {
		words = s.Say("service-label-card")
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

// ServicePayments are the newest payments.
func (s scene) ServicePayments() []paid {
	var all []paid
	for _, p := range s.Service.Payments {
		one := paid{Reference: p.Reference, At: s.Say("receipt-undated"), Key: "receipt-leg-" + string(p.Outcome), Price: s.Price(p.Amount), Printable: true}
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
