package sip

import "selfpay/sip/wire"

// RequestACSResend is message 97: the unit asks for the last answer once more. It executes nothing. It means something
// only on the connection on which that answer was lost: on a new one Koha 19.06 answers with its login response
// (measured).
type RequestACSResend struct{ Received }

// Encode writes message 97, which has never a sequence number.
func (m RequestACSResend) Encode() (wire.Message, error) {
	f := writing("97", m.Received)
	return f.message()
}

// ParseRequestACSResend reads message 97.
func ParseRequestACSResend(r wire.Message) (RequestACSResend, error) {
	f, err := reading("97", r)
	if err != nil {
		return RequestACSResend{}, err
	}
	return RequestACSResend{f.received()}, nil
}

// RequestSCResend is message 96: the library system could not read the request, and did not execute it. Believe it
// only when its own checksum is good and nothing else is outstanding.
type RequestSCResend struct{ Received }

// Encode writes message 96, which has never a sequence number.
func (m RequestSCResend) Encode() (wire.Message, error) {
	f := writing("96", m.Received)
	return f.message()
}

// ParseRequestSCResend reads message 96.
func ParseRequestSCResend(r wire.Message) (RequestSCResend, error) {
	f, err := reading("96", r)
	if err != nil {
		return RequestSCResend{}, err
	}
	return RequestSCResend{f.received()}, nil
}
