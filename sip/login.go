package sip

import (
	"fmt"

	"selfpay/sip/wire"
)

// Login is message 93: the unit names itself to the library system. Nothing but plain text is in use, so keep the line
// inside TLS.
type Login struct {
	UserAlgorithm     Algorithm // empty means PlainText
	PasswordAlgorithm Algorithm // empty means PlainText
	User              string    // CN
	Password          string    // CO
	Location          string    // CP: in FOLIO the service point's UUID that payments are booked to; ignored by Koha
	Received
}

func (m *Login) walk(f *form) {
	coded(f, "uid_algorithm", &m.UserAlgorithm, 1, PlainText)
	coded(f, "pwd_algorithm", &m.PasswordAlgorithm, 1, PlainText)
	text(f, "CN", &m.User, true)
	text(f, "CO", &m.Password, true)
	text(f, "CP", &m.Location, false)
}

// Encode writes message 93. ErrInvalid means that a value may not be sent.
func (m Login) Encode() (wire.Message, error) {
	if m.User == "" && m.Fixed == "" {
		return wire.Message{}, fmt.Errorf("message 93: no user: %w", ErrInvalid)
	}
	f := writing("93", m.Received)
	m.walk(&f)
	return f.message()
}

// ParseLogin reads message 93. ErrUnreadable means that it is another message.
func ParseLogin(r wire.Message) (Login, error) {
	f, err := reading("93", r)
	if err != nil {
		return Login{}, err
	}
	m := Login{Received: f.received()}
	m.walk(&f)
	return m, nil
}

// LoginResponse is message 94.
type LoginResponse struct {
	OK bool
	Received
}

func (m *LoginResponse) walk(f *form) {
	f.bit("ok", &m.OK)
}

// Encode writes message 94. ErrInvalid means that a value may not be sent.
func (m LoginResponse) Encode() (wire.Message, error) {
	f := writing("94", m.Received)
	m.walk(&f)
	return f.message()
}

// ParseLoginResponse reads message 94. ErrUnreadable means that it is another message. ErrUnreadable means also that it says neither 1 nor 0.
func ParseLoginResponse(r wire.Message) (LoginResponse, error) {
	f, err := reading("94", r)
	if err != nil {
		return LoginResponse{}, err
	}
	if readAnswer(r.FixedValue("ok")) == AnswerNone {
		return LoginResponse{}, fmt.Errorf("login response says neither 1 nor 0: %w", ErrUnreadable)
	}
	m := LoginResponse{Received: f.received()}
	m.walk(&f)
	return m, nil
}
