package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/sip"
	"selfpay/sip/acs"
	"selfpay/sip/client"
	"selfpay/sip/wire"
)

// library is a far end with one patron who owes 12.50 and 3.00.
func library(t *testing.T, change func(*acs.Config)) *acs.System {
	t.Helper()
	cfg := acs.Config{Mode: acs.Koha, Institution: "CPL", Currency: "EUR", Decimals: 2, Login: "kiosk", Password: "secret-word",
		Patrons: []acs.Patron{{Card: "P1001", PIN: "1234", Name: "Anna Müller", Fees: []acs.Fee{
			{ID: "104", Description: "Lost Item", OutstandingMinor: 1250}, {ID: "105", Description: "Overdue", OutstandingMinor: 300}}}}}
	if change != nil {
		change(&cfg)
	}
	s, err := acs.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func unit(t *testing.T, s *acs.System, change func(*client.Config)) *client.Client {
	t.Helper()
	cfg := client.Config{Dial: s.Dial, Login: &sip.Login{User: "kiosk", Password: "secret-word"}}
	if change != nil {
		change(&cfg)
	}
	c := client.New(cfg)
	t.Cleanup(func() { c.Close() })
	return c
}

func feePaid(reference string) sip.FeePaid {
	return sip.FeePaid{FeeType: sip.FeeOther, PaymentType: sip.PaidCreditCard, Currency: "EUR", Amount: "12.50",
		Patron: "P1001", Fee: "104", Transaction: reference}
}

func sent37(s *acs.System) int {
	n := 0
	for _, code := range s.Requests() {
		if code == "37" {
			n++
		}
	}
	return n
}

func TestFeePaidOutcomes(t *testing.T) {
	for _, c := range []struct {
		name     string
		faults   []acs.Fault
		library  func(*acs.Config)
		unit     func(*client.Config)
		want     error // nil: accepted
		booked   int
		sent     int
		atMost   time.Duration
		resetted bool // a new connection is needed afterwards
	}{
		{name: "accepted", booked: 1, sent: 1},
		{name: "refused", faults: []acs.Fault{acs.Refuse}, want: sip.ErrRefused, sent: 1},
		{name: "silent", faults: []acs.Fault{acs.Silent}, want: sip.ErrDoubt, sent: 1, atMost: 55 * time.Second, resetted: true},
		{name: "applied but silent", faults: []acs.Fault{acs.ApplySilent}, want: sip.ErrDoubt, booked: 1, sent: 1, resetted: true},
		{name: "cut in the answer", faults: []acs.Fault{acs.Drop}, want: sip.ErrDoubt, booked: 1, sent: 1, resetted: true},
		{name: "answered twice", faults: []acs.Fault{acs.Duplicate}, booked: 1, sent: 1},
		{name: "answer for another patron", faults: []acs.Fault{acs.Foreign}, want: sip.ErrDoubt, sent: 1, resetted: true},
		{name: "answer lost, brought by 97", faults: []acs.Fault{acs.Lost}, booked: 1, sent: 1},
		{name: "answer garbled, brought by 97", faults: []acs.Fault{acs.Garble}, booked: 1, sent: 1},
		{name: "answer lost, and 97 is of no use", faults: []acs.Fault{acs.Lost}, unit: func(c *client.Config) { c.NoResend = true }, want: sip.ErrDoubt, booked: 1, sent: 1, atMost: 45 * time.Second, resetted: true},
		{name: "answer garbled, and 97 is of no use", faults: []acs.Fault{acs.Garble}, unit: func(c *client.Config) { c.NoResend = true }, want: sip.ErrDoubt, booked: 1, sent: 1, atMost: time.Second, resetted: true},
		{name: "late", faults: []acs.Fault{acs.Late}, booked: 1, sent: 1},
		{name: "later than the unit waits", faults: []acs.Fault{acs.Late}, library: func(c *acs.Config) { c.Late = time.Hour }, want: sip.ErrDoubt, sent: 1, resetted: true},
		{name: "late, seen by 97", faults: []acs.Fault{acs.Late}, library: func(c *acs.Config) { c.Late = 50 * time.Second }, booked: 1, sent: 1, resetted: true},
		{name: "96, then accepted", faults: []acs.Fault{acs.Again}, booked: 1, sent: 2},
		{name: "96 for ever", faults: []acs.Fault{acs.Again, acs.Again, acs.Again}, want: sip.ErrNotSent, sent: 3, resetted: true},
		{name: "96, no repeats allowed", faults: []acs.Fault{acs.Again}, unit: func(c *client.Config) { c.Retries = -1 }, want: sip.ErrNotSent, sent: 1, resetted: true},
		{name: "no echo, none needed", library: func(c *acs.Config) { c.NoEcho = true }, booked: 1, sent: 1},
		{name: "no echo where it is required", library: func(c *acs.Config) { c.NoEcho = true }, unit: func(c *client.Config) { c.Echo = client.EchoRequired }, want: sip.ErrDoubt, booked: 1, sent: 1, resetted: true},
		{name: "no error detection", unit: func(c *client.Config) { c.ErrorDetection = client.NoDetection }, booked: 1, sent: 1},
		{name: "login refused", unit: func(c *client.Config) { c.Login.Password = "wrong" }, want: sip.ErrNotSent},
		{name: "off line", library: func(c *acs.Config) { c.OffLine = true }, want: sip.ErrNotSent},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := library(t, c.library)
				u := unit(t, s, c.unit)
				if err := s.Next(c.faults...); err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				_, err := u.FeePaid(t.Context(), feePaid("4821-000123-01"))
				if !errors.Is(err, c.want) {
					t.Errorf("FeePaid = %v, want %v", err, c.want)
				}
				for _, class := range []error{sip.ErrRefused, sip.ErrNotSent, sip.ErrDoubt} {
					if !errors.Is(c.want, class) && errors.Is(err, class) {
						t.Errorf("FeePaid = %v carries %v too", err, class)
					}
				}
				if got := len(s.Books().Postings); got != c.booked {
					t.Errorf("booked %d times, want %d", got, c.booked)
				}
				if got := sent37(s); got != c.sent {
					t.Errorf("37 was sent %d times, want %d", got, c.sent)
				}
				if took := time.Since(began); c.atMost > 0 && took > c.atMost {
					t.Errorf("took %v", took)
				}
				if c.resetted && !u.Since().IsZero() && c.want != nil {
					t.Error("the connection was kept after doubt")
				}
			})
		})
	}
}

func TestFeePaidIsNeverSentTwiceWithoutEvidence(t *testing.T) {
	for _, fault := range []acs.Fault{acs.Silent, acs.ApplySilent, acs.Drop, acs.Foreign, acs.Lost, acs.Garble, acs.Late, acs.Duplicate, acs.Refuse} {
		synctest.Test(t, func(t *testing.T) {
			s := library(t, nil)
			u := unit(t, s, nil)
			if err := s.Next(fault); err != nil {
				t.Fatal(err)
			}
			_, _ = u.FeePaid(t.Context(), feePaid("4821-000123-01")) // whatever the outcome
			if _, err := u.Status(t.Context()); err != nil {
				t.Errorf("after %s: %v", fault, err)
			}
			if n := sent37(s); n != 1 {
				t.Errorf("after %s: 37 was sent %d times", fault, n)
			}
		})
	}
}

func TestAfterADuplicateAnswerTheNextPaymentIsNotConfused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := library(t, nil)
		u := unit(t, s, nil)
		if err := s.Next(acs.Duplicate); err != nil {
			t.Fatal(err)
		}
		for _, reference := range []string{"4821-1-01", "4821-2-01"} {
			r, err := u.FeePaid(t.Context(), feePaid(reference))
			if err != nil || r.Transaction != reference {
				t.Errorf("%s: %+v %v", reference, r, err)
			}
		}
		if n := len(s.Books().Postings); n != 2 {
			t.Errorf("%d postings", n)
		}
	})
}

func TestStaleConnectionIsFoundBeforeFeePaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := library(t, nil)
		u := unit(t, s, nil)
		if _, err := u.Status(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.Cut()
		s.Restore()
		if _, err := u.FeePaid(t.Context(), feePaid("4821-000123-01")); err != nil {
			t.Fatalf("FeePaid over a stale connection = %v", err)
		}
		requests := strings.Join(s.Requests(), " ")
		if !strings.HasSuffix(requests, "93 99 37") {
			t.Errorf("requests: %s", requests)
		}
	})
}

func TestEachFeePaidFollowsA99(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := library(t, nil)
		u := unit(t, s, nil)
		for range 3 {
			if _, err := u.FeePaid(t.Context(), feePaid("4821-000123-01")); err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Join(s.Requests(), " "); got != "93 99 37 99 37 99 37" {
			t.Errorf("requests: %s", got)
		}
	})
}

func TestLinkDownMeansNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := library(t, nil)
		u := unit(t, s, nil)
		s.Cut()
		if _, err := u.FeePaid(t.Context(), feePaid("4821-000123-01")); !errors.Is(err, sip.ErrNotSent) || errors.Is(err, sip.ErrDoubt) {
			t.Errorf("FeePaid = %v", err)
		}
		if _, err := u.PatronInformation(t.Context(), sip.PatronInformation{Patron: "P1001"}); !errors.Is(err, sip.ErrNotSent) {
			t.Errorf("PatronInformation = %v", err)
		}
		s.Restore()
		if _, err := u.FeePaid(t.Context(), feePaid("4821-000123-01")); err != nil {
			t.Errorf("FeePaid after Restore = %v", err)
		}
	})
}

func TestSequenceWrapsFromNineToZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := library(t, nil)
		var numbers []string
		u := unit(t, s, func(c *client.Config) {
			c.Trace = func(d client.Direction, line string) {
				if at := strings.LastIndex(line, "AY"); d == client.Sent && at >= 0 {
					numbers = append(numbers, line[at+2:at+3])
				}
			}
		})
		for range 12 {
			if _, err := u.Status(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Join(numbers, ""); got != "01234567890123" {
			t.Errorf("sequence numbers %s", got)
		}
	})
}

func TestLoginRefusedIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := library(t, nil)
		u := unit(t, s, func(c *client.Config) { c.Login = &sip.Login{User: "kiosk", Password: "wrong-word"} })
		_, err := u.Status(t.Context())
		if !errors.Is(err, client.ErrLogin) || strings.Contains(err.Error(), "wrong-word") {
			t.Errorf("Status = %v", err)
		}
	})
}

func TestAServerThatAcceptsAndDoesNotServeIsTimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := client.New(client.Config{Login: &sip.Login{User: "kiosk"}, Dial: func(context.Context) (net.Conn, error) {
			near, far := net.Pipe()
			go func() { _, _ = io.Copy(io.Discard, far) }()
			return near, nil
		}, Timeouts: client.Timeouts{Login: 3 * time.Second}})
		defer u.Close()
		began := time.Now()
		_, err := u.FeePaid(t.Context(), feePaid("4821-000123-01"))
		if !errors.Is(err, sip.ErrNotSent) || time.Since(began) != 3*time.Second {
			t.Errorf("FeePaid = %v after %v", err, time.Since(began))
		}
	})
}

// scripted is a far end that logs nobody in, answers 99, and then says to each 37 and 97 what the test wants.
func scripted(t *testing.T, change func(*client.Config), answers ...string) (u *client.Client, requests func() []string) {
	t.Helper()
	var mu sync.Mutex
	var got []string
	serve := func(far net.Conn) {
		var d wire.Decoder
		buffer := make([]byte, 512)
		next := 0
		for {
			n, err := far.Read(buffer)
			if err != nil {
				return
			}
			d.Feed(buffer[:n])
			line, more, _ := d.Next()
			if !more {
				continue
			}
			m, _ := wire.Format{}.Parse(line)
			mu.Lock()
			got = append(got, m.Code)
			mu.Unlock()
			if m.Code == "99" {
				b, _ := wire.Format{}.Encode(wire.Message{Code: "98", Fixed: "YNNNNN" + "010" + "003" + strings.Repeat(" ", 18) + "2.00",
					Fields: []wire.Field{{ID: "AO", Value: "CPL"}, {ID: "BX", Value: "YYYYYYYYYY"}}, Sequence: m.Sequence, Checksum: wire.OK})
				_, _ = far.Write(b)
				continue
			}
			if next < len(answers) {
				answer := answers[next]
				next++
				if answer == "close" {
					far.Close()
					return
				}
				if answer != "" {
					_, _ = far.Write([]byte(answer + "\r"))
				}
			}
		}
	}
	cfg := client.Config{Dial: func(context.Context) (net.Conn, error) {
		near, far := net.Pipe()
		go serve(far)
		return near, nil
	}}
	if change != nil {
		change(&cfg)
	}
	u = client.New(cfg)
	t.Cleanup(func() { u.Close() })
	return u, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(got)
	}
}

func summed(line string) string { return line + wire.Sum([]byte(line)) }

// lowerSum writes the four digits at the end in lower case.
func lowerSum(line string) string { return line[:len(line)-4] + strings.ToLower(line[len(line)-4:]) }

const at = "Y20240501    101530"

func TestOnlyOurOwnAnswerCounts(t *testing.T) {
	ok := func(fields string) string { return summed("38" + at + fields + "AY1AZ") }
	for _, c := range []struct {
		name    string
		answers []string
		change  func(*client.Config)
		want    error
	}{
		{"ours", []string{ok("AOCPL|AAP1001|BK4821-1-01|")}, nil, nil},
		{"ours with another sequence number", []string{summed("38" + at + "AAP1001|BK4821-1-01|AY7AZ")}, nil, nil},
		{"ours with its fields in another order", []string{ok("BK4821-1-01|XXy|AAP1001|AOCPL|")}, nil, nil},
		{"ours with texts about what was renewed", []string{ok("AOCPL|AAP1001|AFMomo is renewed|AFDune is renewed|BK4821-1-01|")}, nil, nil},
		{"ours with a delimiter behind the fixed part, as fsip2 writes it", []string{ok("|AOCPL|AAP1001|BK4821-1-01|AFPayment accepted")}, nil, nil},
		{"ours without the last delimiter", []string{ok("AOCPL|BK4821-1-01|AAP1001")}, nil, nil},
		{"ours with a delimiter inside a text", []string{ok("AOCPL|AFpaid | thank you|AAP1001|BK4821-1-01|")}, nil, nil},
		{"ours with a checksum in lower case", []string{lowerSum(ok("AOCPL|AAP1001|BK4821-1-01|"))}, nil, nil},
		{"ours with a sequence number that has no digit", []string{summed("38" + at + "AAP1001|BK4821-1-01|AYAZ")}, nil, nil},
		{"another reference", []string{ok("AAP1001|BK4821-2-01|")}, nil, sip.ErrDoubt},
		{"another reference, ignored", []string{ok("AAP1001|BKR-77|")}, func(c *client.Config) { c.Echo = client.EchoIgnored }, nil},
		{"another patron", []string{ok("AAP1002|BK4821-1-01|")}, nil, sip.ErrDoubt},
		{"no patron", []string{ok("BK4821-1-01|")}, nil, sip.ErrDoubt},
		{"no reference and another sequence number", []string{summed("38" + at + "AAP1001|AY7AZ")}, nil, sip.ErrDoubt},
		{"no reference and another sequence number after 97", []string{"", summed("38" + at + "AAP1001|AY0AZ")}, nil, nil},
		{"neither yes nor no", []string{summed("38?20240501    101530AAP1001|BK4821-1-01|AY1AZ")}, nil, sip.ErrDoubt},
		{"unreadable date", []string{summed("38Y2024-05-01 at nineAAP1001|BK4821-1-01|AY1AZ")}, nil, nil},
		{"no checksum", []string{"38" + at + "AAP1001|BK4821-1-01|"}, nil, nil},
		{"no checksum, strict", []string{"38" + at + "AAP1001|BK4821-1-01|"}, func(c *client.Config) { c.ErrorDetection = client.Strict }, sip.ErrDoubt},
		{"wrong checksum, then the same by 97", []string{"38" + at + "AAP1001|BK4821-1-01|AY1AZ0000", ok("AAP1001|BK4821-1-01|")}, nil, nil},
		{"wrong checksum twice", []string{"38" + at + "AAP1001|BK4821-1-01|AY1AZ0000", "38" + at + "AAP1001|BK4821-1-01|AY1AZ0000"}, nil, sip.ErrDoubt},
		{"97 brings the answer before", []string{"", summed("98YNNNNN010003" + strings.Repeat(" ", 18) + "2.00AOCPL|BXY|AY0AZ")}, nil, sip.ErrDoubt},
		{"97 brings 96", []string{"", "96AZFEF6"}, nil, sip.ErrDoubt},
		{"96 without a good checksum, then silence", []string{"96AZ0000", ""}, nil, sip.ErrDoubt},
		{"96 without a checksum, then silence", []string{"96", ""}, nil, sip.ErrDoubt},
		{"plain text", []string{"Problems handling the request"}, nil, sip.ErrDoubt},
		{"plain text that begins with digits", []string{"500 Internal Server Error"}, nil, sip.ErrDoubt},
		{"another message", []string{summed("941AY1AZ")}, nil, sip.ErrDoubt},
		{"too long", []string{"38" + strings.Repeat("x", 2000)}, func(c *client.Config) { c.Limit = 1000 }, sip.ErrDoubt},
		{"closed", []string{"close"}, nil, sip.ErrDoubt},
		{"closed after 97", []string{"", "close"}, nil, sip.ErrDoubt},
		{"silence", []string{"", ""}, nil, sip.ErrDoubt},
		{"no", []string{summed("38N20240501    101530AAP1001|BK4821-1-01|AY1AZ")}, nil, sip.ErrRefused},
		{"no to another", []string{summed("38N20240501    101530AAP1002|BK4821-1-01|AY1AZ")}, nil, sip.ErrDoubt},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u, requests := scripted(t, c.change, c.answers...)
				_, err := u.FeePaid(t.Context(), feePaid("4821-1-01"))
				if !errors.Is(err, c.want) {
					t.Errorf("FeePaid = %v, want %v", err, c.want)
				}
				if n := strings.Count(strings.Join(requests(), " "), "37"); n != 1 {
					t.Errorf("37 was sent %d times: %v", n, requests())
				}
				if errors.Is(err, sip.ErrDoubt) && !u.Since().IsZero() {
					t.Error("the connection was kept after doubt")
				}
				if err != nil && strings.Contains(err.Error(), "P100") {
					t.Errorf("a card number stands in %v", err)
				}
			})
		})
	}
}

func TestCancelledWhileWaitingIsInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u, _ := scripted(t, nil, "", "")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := u.FeePaid(ctx, feePaid("4821-1-01")); !errors.Is(err, sip.ErrDoubt) {
			t.Errorf("FeePaid = %v", err)
		}
		gone, stop := context.WithCancel(t.Context())
		stop()
		if _, err := u.FeePaid(gone, feePaid("4821-1-01")); !errors.Is(err, sip.ErrNotSent) {
			t.Errorf("FeePaid with an ended context = %v", err)
		}
	})
}

func TestWhatMayNotBeWrittenIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := library(t, nil)
		u := unit(t, s, nil)
		for name, change := range map[string]func(*sip.FeePaid){
			"negative":           func(f *sip.FeePaid) { f.Amount = "-1.00" },
			"comma":              func(f *sip.FeePaid) { f.Amount = "0,10" },
			"currency in it":     func(f *sip.FeePaid) { f.Amount = "EUR 0.10" },
			"nothing":            func(f *sip.FeePaid) { f.Amount = "" },
			"zero":               func(f *sip.FeePaid) { f.Amount = "0.00" },
			"delimiter in fee":   func(f *sip.FeePaid) { f.Fee = "1|BV99.00" },
			"CR in the patron":   func(f *sip.FeePaid) { f.Patron = "P1\r37" },
			"no patron":          func(f *sip.FeePaid) { f.Patron = "" },
			"long currency":      func(f *sip.FeePaid) { f.Currency = "EURO" },
			"no type of payment": func(f *sip.FeePaid) { f.PaymentType = "" },
		} {
			p := feePaid("4821-1-01")
			change(&p)
			if _, err := u.FeePaid(t.Context(), p); !errors.Is(err, sip.ErrNotSent) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := sent37(s); n != 0 {
			t.Errorf("37 was sent %d times", n)
		}
	})
}

// counting notes how many writes a connection saw.
type counting struct {
	net.Conn
	writes *[][]byte
}

func (c counting) Write(b []byte) (int, error) {
	*c.writes = append(*c.writes, bytes.Clone(b))
	return c.Conn.Write(b)
}

func TestOneMessageIsOneWriteWithThePatronLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := library(t, nil)
		var writes [][]byte
		u := unit(t, s, func(c *client.Config) {
			c.Dial = func(ctx context.Context) (net.Conn, error) {
				conn, err := s.Dial(ctx)
				return counting{conn, &writes}, err
			}
		})
		if _, err := u.FeePaid(t.Context(), feePaid("4821-1-01")); err != nil {
			t.Fatal(err)
		}
		if len(writes) != 3 {
			t.Fatalf("%d writes for 93, 99, 37", len(writes))
		}
		last := string(writes[2])
		if !strings.Contains(last, "BV12.50|CG104|BK4821-1-01|AOCPL|AC|AD|AAP1001|AY2AZ") || !strings.HasSuffix(last, "\r") {
			t.Errorf("37 is %q", last)
		}
	})
}

func TestACutFeePaidBooksNothing(t *testing.T) {
	m, err := sip.FeePaid{At: time.Now(), FeeType: "01", PaymentType: "02", Currency: "EUR", Amount: "12.50", Patron: "P1001",
		Fee: "104", Transaction: "4821-1-01"}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	frame, err := wire.Format{}.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	cut := bytes.Index(frame, []byte("P1001|")) + len("P1001")
	for end := 2; end <= cut; end++ {
		synctest.Test(t, func(t *testing.T) {
			s := library(t, func(c *acs.Config) { c.Login = "" })
			conn, err := s.Dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Write(frame[:end]); err != nil {
				t.Fatal(err)
			}
			conn.Close()
			synctest.Wait()
			if n := sent37(s); n != 1 {
				t.Fatalf("the library saw %d messages cut to %d bytes", n, end)
			}
			// with the whole number there is a patron; the amount is whole by then too
			if n := len(s.Books().Postings); (n > 0) != (end == cut) {
				t.Errorf("a prefix of %d of %d bytes was booked %d times", end, len(frame), n)
			}
		})
	}
}

func TestTraceHidesPeopleAndSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := library(t, nil)
		var trace strings.Builder
		u := unit(t, s, func(c *client.Config) {
			c.TerminalPassword = "terminal-word"
			c.Trace = func(d client.Direction, line string) { trace.WriteString(string(d) + " " + line + "\n") }
		})
		if _, err := u.PatronInformation(t.Context(), sip.PatronInformation{Patron: "P1001", PatronPassword: "1234", List: sip.FineItems}); err != nil {
			t.Fatal(err)
		}
		if _, err := u.FeePaid(t.Context(), feePaid("4821-1-01")); err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"P1001", "1234|", "secret-word", "terminal-word", "kiosk", "Müller", "Lost Item"} {
			if strings.Contains(trace.String(), secret) {
				t.Errorf("%q stands in the trace:\n%s", secret, trace.String())
			}
		}
		for _, shown := range []string{"sent 37", "BV12.50|", "BK4821-1-01|", "received 38Y"} {
			if !strings.Contains(trace.String(), shown) {
				t.Errorf("%q is missing in the trace:\n%s", shown, trace.String())
			}
		}
	})
}

func TestRenewOpensANewConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := library(t, nil)
		u := unit(t, s, nil)
		if _, err := u.Status(t.Context()); err != nil {
			t.Fatal(err)
		}
		first := u.Since()
		time.Sleep(time.Minute)
		if err := u.Renew(t.Context(), first.Add(-time.Second)); err != nil || u.Since() != first {
			t.Errorf("a young connection was given up: %v", err)
		}
		if err := u.Renew(t.Context(), time.Now()); err != nil || !u.Since().IsZero() {
			t.Errorf("an old connection was kept: %v", err)
		}
	})
}

func TestQuestionsAreRepeatedOnANewConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := library(t, nil)
		u := unit(t, s, nil)
		ask := func() error {
			_, err := u.PatronInformation(t.Context(), sip.PatronInformation{Patron: "P1001", PatronPassword: "1234"})
			return err
		}
		for range 2 {
			if err := ask(); err != nil {
				t.Fatal(err)
			}
			s.Cut()
			s.Restore()
		}
		if r, err := u.PatronStatus(t.Context(), sip.PatronStatusRequest{Patron: "P1001"}); err != nil || r.Valid != sip.AnswerYes {
			t.Errorf("PatronStatus = %+v %v", r, err)
		}
		if r, err := u.EndPatronSession(t.Context(), sip.EndPatronSession{Patron: "P1001"}); err != nil || !r.Ended {
			t.Errorf("EndPatronSession = %+v %v", r, err)
		}
	})
}

func TestAfter97TheConnectionIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := library(t, func(c *acs.Config) { c.Late = 50 * time.Second })
		u := unit(t, s, nil)
		if err := s.Next(acs.Late); err != nil { // the late answer and the one that 97 asks for both come
			t.Fatal(err)
		}
		if _, err := u.FeePaid(t.Context(), feePaid("4821-1-01")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // the library reads the 97 before the connection goes
		if _, err := u.Status(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(s.Requests(), " "); got != "93 99 37 97 93 99 99" {
			t.Errorf("requests: %s", got)
		}
	})
}

func TestAnAnswerToAnotherQuestionIsNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u, requests := scripted(t, nil, summed("24              001"+strings.Repeat(" ", 18)+"AAP1001|AEJo|BLY|AY9AZ"))
		_, err := u.PatronStatus(t.Context(), sip.PatronStatusRequest{Patron: "P1001"})
		if !errors.Is(err, sip.ErrNotSent) {
			t.Errorf("PatronStatus = %v", err)
		}
		if got := strings.Join(requests(), " "); got != "99 23 99 23 99 23" {
			t.Errorf("requests: %s", got)
		}
	})
}

// breaking fails when the 37 is written, after so many bytes.
type breaking struct {
	net.Conn
	after int
}

func (b breaking) Write(p []byte) (int, error) {
	if !bytes.HasPrefix(p, []byte("37")) {
		return b.Conn.Write(p)
	}
	n, err := b.Conn.Write(p[:b.after])
	if err == nil {
		err = errors.New("broken pipe")
	}
	return n, err
}

func TestAWriteThatFailedHalfwayIsInDoubt(t *testing.T) {
	for after, want := range map[int]error{0: sip.ErrNotSent, 1: sip.ErrDoubt, 40: sip.ErrDoubt} {
		synctest.Test(t, func(t *testing.T) {
			s := library(t, nil)
			u := unit(t, s, func(c *client.Config) {
				c.Dial = func(ctx context.Context) (net.Conn, error) {
					conn, err := s.Dial(ctx)
					return breaking{conn, after}, err
				}
			})
			_, err := u.FeePaid(t.Context(), feePaid("4821-1-01"))
			if !errors.Is(err, want) || !u.Since().IsZero() {
				t.Errorf("after %d bytes: %v", after, err)
			}
		})
	}
}
