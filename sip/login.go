package sip

import (
	"fmt"

	"selfpay/sip/wire"
)

// Login is message 93: the unit names itself to the library system. Both algorithms are 0, plain text; no other is
// in use, so keep the line inside TLS.
type Login struct {
	User     string // CN
	Password string // CO
	Location string // CP: in FOLIO the service point's UUID that payments are booked to; ignored by Koha
}

// Encode writes message 93.
func (l Login) Encode() (wire.Message, error) {
	m := wire.Message{Code: "93", Fixed: "00", Sequence: wire.NoSequence,
		Fields: []wire.Field{{ID: "CN", Value: l.User}, {ID: "CO", Value: l.Password}}}
	if l.User == "" {
		return m, fmt.Errorf("login: no user: %w", ErrInvalid)
	}
	if l.Location != "" {
		m.Fields = append(m.Fields, wire.Field{ID: "CP", Value: l.Location})
	}
	return m, nil
}

// ParseLogin reads message 93.
func ParseLogin(m wire.Message) (Login, error) {
	if err := is(m, "93"); err != nil {
		return Login{}, err
	}
	return Login{User: m.Value("CN"), Password: m.Value("CO"), Location: m.Value("CP")}, nil
}

// LoginResponse is message 94.
type LoginResponse struct{ OK bool }

// Encode writes message 94.
func (r LoginResponse) Encode() (wire.Message, error) {
	return wire.Message{Code: "94", Fixed: bit(r.OK), Sequence: wire.NoSequence}, nil
}

// ParseLoginResponse reads message 94. ErrUnreadable means that it says neither 1 nor 0.
func ParseLoginResponse(m wire.Message) (LoginResponse, error) {
	if err := is(m, "94"); err != nil {
		return LoginResponse{}, err
	}
	answer := readAnswer(m.FixedValue("ok"))
	if answer == AnswerNone {
		return LoginResponse{}, fmt.Errorf("login response says neither 1 nor 0: %w", ErrUnreadable)
	}
	return LoginResponse{OK: answer == AnswerYes}, nil
}
