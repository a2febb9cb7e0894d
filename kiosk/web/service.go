package web

import (
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
