package client_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"

	"selfpay/sip"
	"selfpay/sip/acs"
	"selfpay/sip/client"
	"selfpay/sip/wire"
)

// typed is a message as a person types it.
func typed(t *testing.T, text string) wire.Message {
	t.Helper()
	m, err := wire.Format{}.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const rawFeePaid = "3720261121    1405500102EURBV12.50|CG104|BK1-1|AOCPL|AAP1001|"

func TestARawMessageIsSentAsItIsAndOnceOnly(t *testing.T) {
	for _, c := range []struct {
		name   string
		fault  acs.Fault
		code   string // of the answer; empty: none came
		sum    wire.Checksum
		booked int
	}{
		{"well", "", "38", wire.OK, 1},
		{"refused", acs.Refuse, "38", wire.OK, 0},
		{"asked to send again", acs.Again, "96", wire.OK, 0},
		{"with a wrong checksum", acs.Garble, "38", wire.Bad, 1},
		{"without an answer", acs.ApplySilent, "", wire.Absent, 1},
		{"cut", acs.Drop, "", wire.Absent, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := library(t, nil)
				if c.fault != "" {
					if err := s.Next(c.fault); err != nil {
						t.Fatal(err)
					}
				}
				answer, err := unit(t, s, nil).Raw(t.Context(), typed(t, rawFeePaid))
				if answer.Code != c.code || answer.Checksum != c.sum || (c.code == "") != errors.Is(err, sip.ErrDoubt) {
					t.Errorf("Raw = %q %v, %v", answer.Code, answer.Checksum, err)
				}
				if sent37(s) != 1 || len(s.Books().Postings) != c.booked {
					t.Errorf("sent %d times, booked %d", sent37(s), len(s.Books().Postings))
				}
			})
		})
	}
}

func TestARawMessageThatCannotBeWrittenIsNotSent(t *testing.T) {
	s := library(t, nil)
	m := typed(t, rawFeePaid)
	m.Fixed = m.Fixed[1:]
	if _, err := unit(t, s, nil).Raw(t.Context(), m); !errors.Is(err, sip.ErrNotSent) || !errors.Is(err, wire.ErrUnwritable) || sent37(s) != 0 {
		t.Errorf("Raw = %v, sent %d", err, sent37(s))
	}
}

func TestOpenSendsNothing(t *testing.T) {
	near, far := net.Pipe()
	conn, err := client.Config{Dial: func(context.Context) (net.Conn, error) { return near, nil }, Login: &sip.Login{User: "kiosk"}}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if got, err := io.ReadAll(far); err != nil || len(got) != 0 {
		t.Errorf("%q, %v", got, err)
	}
}

func TestOpenTakesOnlyASafeConnection(t *testing.T) {
	near, far := net.Pipe()
	go io.Copy(io.Discard, far)
	go far.Write([]byte("login: what is this?"))
	cfg := client.Config{Dial: func(context.Context) (net.Conn, error) { return near, nil }, TLS: &client.TLS{ServerName: "ils.example.org"}}
	if conn, err := cfg.Open(t.Context()); err == nil {
		t.Errorf("Open = %v", conn)
	}
	if _, err := near.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the connection stands: %v", err)
	}
}
