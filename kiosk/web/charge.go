package web

import "selfpay/kiosk/session"

// charge is the money status of a screen: what became of the patron's money. It is the key of the sentence that says so.
type charge string

const (
	chargeNone     charge = "charge-none"     // nothing was taken
	chargeNoneNow  charge = "charge-none-now" // nothing was taken this time; an earlier payment may be under way
	chargeMade     charge = "charge-made"     // the card was charged
	chargeReturned charge = "charge-returned" // the card was charged, and the money was given back
	chargeInDoubt  charge = "charge-in-doubt" // the card may have been charged
	chargeBefore   charge = "charge-before"   // nobody is paying; what became of a payment just before is not told here
)

// outcomeCharges say what became of the money, for every way a payment can end.
var outcomeCharges = map[session.Outcome]charge{
	session.OutcomeBooked:     chargeMade,
	session.OutcomeFollows:    chargeMade,
	session.OutcomeNotCharged: chargeNone,
	session.OutcomeReturned:   chargeReturned,
	session.OutcomeStaff:      chargeInDoubt,
}

// reasonCharges say it for every message in a visit: none of them follows a purchase. An out-of-service screen belongs to no visit:
// whoever stands before it may have paid a moment ago, and the station may have been started anew since, with a ledger that cannot
// be read. It always tells chargeBefore.
var reasonCharges = map[session.Reason]charge{
	session.ReasonNotACard:       chargeNone,
	session.ReasonUnknownPatron:  chargeNone,
	session.ReasonTooManyScans:   chargeNone,
	session.ReasonTooManyUnknown: chargeNone,
	session.ReasonWrongPIN:       chargeNone,
	session.ReasonNothingOwed:    chargeNone,
	session.ReasonBeingBooked:    chargeNoneNow,
	session.ReasonFeesUnreadable: chargeNone,
	session.ReasonOverMaximum:    chargeNone,
	session.ReasonUnderMinimum:   chargeNone,
	session.ReasonOverChosen:     chargeNone,
	session.ReasonNoPaper:        chargeNone,
	session.ReasonLibraryDown:    chargeNone,
	session.ReasonLibraryRefuses: chargeNone,
	session.ReasonTerminalDown:   chargeNone,
	session.ReasonSettling:       chargeNoneNow,
	session.ReasonStaffNeeded:    chargeNoneNow,
	session.ReasonStorage:        chargeNoneNow,
	session.ReasonTimedOut:       chargeNone,
	session.ReasonBadServiceCode: chargeNone,
	session.ReasonService:        chargeNoneNow,
	session.ReasonUpdate:         chargeNoneNow,
	session.ReasonEnclosure:      chargeNoneNow,
	session.ReasonPower:          chargeNoneNow,
}
