package sip

import "selfpay/sip/wire"

// RequestACSResend is message 97: the unit asks for the last answer once more. It executes nothing. It means something
// only on the connection on which that answer was lost: on a new one Koha 19.06 answers with its login response
// (measured).
type RequestACSResend struct{}

// Encode writes message 97, which has never a sequence number.
func (RequestACSResend) Encode() (wire.Message, error) {
	return wire.Message{Code: "97", Sequence: wire.NoSequence}, nil
}

// ParseRequestACSResend reads message 97.
func ParseRequestACSResend(m wire.Message) (RequestACSResend, error) {
	return RequestACSResend{}, is(m, "97")
}

// RequestSCResend is message 96: the library system could not read the request, and did not execute it. Believe it
// only when its own checksum is good and nothing else is outstanding.
type RequestSCResend struct{}

// Encode writes message 96, which has never a sequence number.
func (RequestSCResend) Encode() (wire.Message, error) {
	return wire.Message{Code: "96", Sequence: wire.NoSequence}, nil
}

// ParseRequestSCResend reads message 96.
func ParseRequestSCResend(m wire.Message) (RequestSCResend, error) {
	return RequestSCResend{}, is(m, "96")
}
