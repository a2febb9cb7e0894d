package acs

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/sip/wire"
)

func system(t *testing.T, mode Mode, change func(*Config)) *System {
	t.Helper()
	cfg := Config{Mode: mode, Institution: "CPL", Currency: "EUR", Decimals: 2,
		Now: func() time.Time { return time.Date(2024, 5, 1, 10, 15, 30, 0, time.UTC) },
		Patrons: []Patron{
			{Card: "P1001", Name: "Jo Doe", PIN: "1234", Fees: []Fee{{ID: "104", Kind: "L", Description: "Lost Item", OutstandingMinor: 1777}, {ID: "105", Description: "Late", OutstandingMinor: 223}}},
			{Card: "P1002", Name: "Al Roe", Blocked: true, Fees: []Fee{{ID: "106", Description: "Late", OutstandingMinor: 100}}},
			{Card: "P1003", Name: "No Debt"}}}
	if change != nil {
		change(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// talk writes lines with their checksum and reads one answer to each.
type talk struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func dial(t *testing.T, s *System) talk {
	t.Helper()
	conn, err := s.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return talk{t, conn, bufio.NewReader(conn)}
}

func (c talk) say(line string) {
	c.t.Helper()
	if _, err := c.Write([]byte(line + "\r")); err != nil {
		c.t.Fatal(err)
	}
}

func (c talk) hear() string {
	c.t.Helper()
	line, err := c.r.ReadString('\r')
	if err != nil {
		return err.Error()
	}
	return strings.Trim(line, "\r\n")
}

func (c talk) ask(line string) string {
	c.t.Helper()
	c.say(line)
	return c.hear()
}

func summed(line string) string { return line + wire.Sum([]byte(line)) }

const now = "20240501    101530"

// The lines are those of the measured Koha 19.06, save names and dates.
func TestKohaSpeaksAsMeasured(t *testing.T) {
	s := system(t, Koha, func(c *Config) { c.Login, c.Password = "term1", "term1" })
	c := dial(t, s)
	for _, exchange := range [][2]string{
		{"9300CNterm1|COterm1|CPCPL|AY0AZF5F4", "941AY0AZFDFD"},
		{"9900302.00AY1AZFCA5", summed("98YYYYYN010003" + now + "2.00AOCPL|AM|BXYYYYYYYYYYYYYYYY|AY1AZ")},
		{"63001" + now + "   Y      AOCPL|AAP1001|AC|AD1234|", "64              001" + now + "000000000000000200000000AAP1001|AEJo Doe|BLY|CQY|BV20|CC5|AV104 L Lost Item 17.77|AV105 Late 2.23|AOCPL|"},
		{"63001" + now + "   Y      AOCPL|AAP1001|AC|ADno|BP2|BQ3|", "64              001" + now + "000000000000000200000000AAP1001|AEJo Doe|BLY|CQN|BV20|CC5|AV105 Late 2.23|AV |AOCPL|"},
		{"63001" + now + "          AOCPL|AAP1003|AC|AD|", "64              001" + now + "000000000000000000000000AAP1003|AENo Debt|BLY|CQY|CC5|AOCPL|"},
		{"23001" + now + "AOCPL|AAP9|AC|AD|", "24YYYY          001" + now + "AAP9|AE|BLN|AOCPL|"},
		{summed("37" + now + "0402EURBV2.50|AOCPL|AAP1001|AC|AD|CG104|BKK1-000042|AY3AZ"), summed("38Y" + now + "AAP1001|BKK1-000042|AOCPL|AY3AZ")},
		{"97AZFEF5", summed("38Y" + now + "AAP1001|BKK1-000042|AOCPL|AY0AZ")},
		{"37" + now + "0402EURBV2.50|AOCPL|AAP1001|CG999|BK1|", "38N" + now + "AAP1001|BK1|AOCPL|"},
		{"37" + now + "0402EURBV2.50|AOCPL|AAP9|BK1|", "38N" + now + "AAP9|BK1|AFInvalid patron|AOCPL|"},
		{"35" + now + "AOCPL|AAP1001|", "36Y" + now + "AAP1001|AOCPL|"},
		{"9900302.00AY1AZFCA6", "96AZFEF6"},
		{"hello", "96AZFEF6"},
		{"42" + now + "AOCPL|ABI1|", "96AZFEF6"},
	} {
		if got := c.ask(exchange[0]); got != exchange[1] {
			t.Errorf("%s\n got %s\nwant %s", exchange[0], got, exchange[1])
		}
	}
	if b, err := json.Marshal(s.Books().Postings); err != nil || string(b) != `[{"reference":"K1-000042","card":"P1001","fee":"104","amount_minor":250}]` {
		t.Errorf("postings %s %v", b, err)
	}
	if got := fmt.Sprint(s.Books().Patrons[0]); got != "{P1001 [{104 1777 1527} {105 223 223}]}" {
		t.Errorf("account %s", got)
	}
}

func TestKohaClosesOnARefusedLoginAndBeforeALogin(t *testing.T) {
	s := system(t, Koha, func(c *Config) { c.Login, c.Password = "term1", "term1" })
	c := dial(t, s)
	if got := c.ask("9300CNterm1|COwrong|"); got != "940" {
		t.Errorf("refused login: %s", got)
	}
	if got := c.hear(); got != io.EOF.Error() {
		t.Errorf("after a refused login: %s", got)
	}
	if got := dial(t, s).ask("9900302.00"); got != io.EOF.Error() {
		t.Errorf("before a login: %s", got)
	}
}

func TestKohaBooksARepeatedFeePaidAgainAndKeepsCredit(t *testing.T) {
	s := system(t, Koha, nil)
	c := dial(t, s)
	for range 2 {
		if got := c.ask("37" + now + "0102EURBV17.77|AAP1001|CG104|BK1|"); !strings.HasPrefix(got, "38Y") {
			t.Fatal(got)
		}
	}
	if got := fmt.Sprint(s.Books().Patrons[0], len(s.Books().Postings)); got != "{P1001 [{104 1777 0} {105 223 0}]} 2" {
		t.Errorf("books %s", got)
	}
	if got := c.ask("63001" + now + "   Y      AAP1001|AD1234|"); !strings.Contains(got, "AFPatron has credit of 15.54|") || strings.Contains(got, "BV") {
		t.Errorf("credit: %s", got)
	}
	if got := c.ask("37" + now + "0102EURBV1.00|AAP1001|CG106|BK2|"); !strings.HasPrefix(got, "38Y") || s.Books().Patrons[1].Fees[0].OutstandingMinor != 0 {
		t.Errorf("another patron's fee: %s %v", got, s.Books().Patrons[1])
	}
}

func TestKohaExecutesAMessageThatIsCutByAnOrderlyClose(t *testing.T) {
	for mode, want := range map[Mode]int{Koha: 1, Generic: 0} {
		synctest.Test(t, func(t *testing.T) {
			s := system(t, mode, nil)
			c := dial(t, s)
			if _, err := c.Write([]byte("37" + now + "0102EURAAP1001|BV0.1")); err != nil {
				t.Fatal(err)
			}
			c.Close()
			synctest.Wait()
			if n := len(s.Books().Postings); n != want {
				t.Errorf("%s: %d postings, want %d", mode, n, want)
			}
		})
	}
}

func TestGenericPaysTheOldestFeeFirstAndRefusesTooMuch(t *testing.T) {
	s := system(t, Generic, nil)
	c := dial(t, s)
	for _, exchange := range [][2]string{
		{"63001" + now + "   Y      AAP1001|AD1234|", "64              001" + now + "000000000000000200000000AOCPL|AAP1001|AEJo Doe|BLY|CQY|BHEUR|BV20.00|AVL Lost Item: 17.77 EUR|AVLate: 2.23 EUR|"},
		{"37" + now + "0102EURBV20.01|AAP1001|BK1|", "38N" + now + "AOCPL|AAP1001|BK1|AFAmount is more than is owed|"},
		{"37" + now + "0102EURBV1.00|AAP1001|CG104|BK1|", "38N" + now + "AOCPL|AAP1001|BK1|AFFee identifiers are not supported|"},
		{"37" + now + "0102EURBV-1.00|AAP1001|BK1|", "38N" + now + "AOCPL|AAP1001|BK1|AFInvalid amount|"},
		{"37" + now + "0102EURBV18.00|AAP1001|BK1|", "38Y" + now + "AOCPL|AAP1001|BK1|"},
	} {
		if got := c.ask(exchange[0]); got != exchange[1] {
			t.Errorf("%s\n got %s\nwant %s", exchange[0], got, exchange[1])
		}
	}
	if got := fmt.Sprint(s.Books().Patrons[0]); got != "{P1001 [{104 1777 0} {105 223 200}]}" {
		t.Errorf("account %s", got)
	}
}

func TestErrorDetectionCanBeRequired(t *testing.T) {
	c := dial(t, system(t, Generic, func(c *Config) { c.NeedAZ = true }))
	if got := c.ask("9900302.00"); got != "96AZFEF6" {
		t.Error(got)
	}
}

func TestHoldEndsByReleaseByCutAndByTheUnitsEnd(t *testing.T) {
	const question = "63001" + now + "   Y      AAP1002|"
	for name, end := range map[string]func(*System, talk){
		"release": func(s *System, _ talk) { s.Release() },
		"cut":     func(s *System, _ talk) { s.Cut() },
		"unit":    func(_ *System, c talk) { c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := system(t, Koha, nil)
				c := dial(t, s)
				if err := s.Next(Hold); err != nil || s.Holding() {
					t.Fatal(err)
				}
				c.say(question)
				if err := s.WaitHolding(t.Context()); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if !s.Holding() {
					t.Error("not holding")
				}
				other := dial(t, s)
				if got := other.ask(question); !strings.HasPrefix(got, "64") {
					t.Errorf("another connection: %s", got)
				}
				end(s, c)
				synctest.Wait()
				if s.Holding() {
					t.Error("still holding")
				}
				if got := c.hear(); strings.HasPrefix(got, "64") != (name == "release") {
					t.Errorf("the held request was answered %q", got)
				}
			})
		})
	}
}

func TestWaitHoldingEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := system(t, Koha, nil).WaitHolding(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("WaitHolding = %v", err)
		}
	})
}

func TestCutLinkOnARealListener(t *testing.T) {
	s := system(t, Koha, nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	open := func() talk {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return talk{t, conn, bufio.NewReader(conn)}
	}
	c := open()
	if got := c.ask("9900302.00AY1AZFCA5"); !strings.HasPrefix(got, "98Y") {
		t.Fatal(got)
	}
	s.Cut()
	if got := c.hear(); !s.IsCut() || strings.HasPrefix(got, "9") {
		t.Errorf("after the cut: %s", got)
	}
	// a reset that comes early enough fails the dial, a later one the write or the read
	if conn, err := net.Dial("tcp", l.Addr().String()); err == nil {
		defer conn.Close()
		late := talk{t, conn, bufio.NewReader(conn)}
		_, _ = late.Write([]byte("9900302.00\r")) // may fail: the far end has gone
		if got := late.hear(); strings.HasPrefix(got, "9") {
			t.Errorf("a cut link answered %s", got)
		}
	}
	s.Restore()
	if got := open().ask("9900302.00"); !strings.HasPrefix(got, "98Y") {
		t.Errorf("after restore: %s", got)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve = %v", err)
	}
	if _, err := s.Dial(t.Context()); err == nil {
		t.Error("a closed system was dialled")
	}
}

func TestBooksStayRightUnderManyUnits(t *testing.T) {
	s := system(t, Koha, nil)
	var units sync.WaitGroup
	for i := range 8 {
		c := dial(t, s)
		units.Go(func() {
			for j := range 10 {
				if got := c.ask(fmt.Sprintf("37"+now+"0102EURBV0.10|AAP1001|CG104|BK%d-%d|", i, j)); !strings.HasPrefix(got, "38Y") {
					t.Error(got)
				}
				s.Books()
			}
		})
	}
	units.Wait()
	if b := s.Books(); len(b.Postings) != 80 || b.Patrons[0].Fees[0].OutstandingMinor != 977 {
		t.Errorf("%d postings, %v", len(b.Postings), b.Patrons[0])
	}
}

func TestStaffChangesAndMistakes(t *testing.T) {
	s := system(t, Generic, nil)
	for name, err := range map[string]error{
		"fee":     s.AddFee("P1003", Fee{ID: "200", OutstandingMinor: 50}),
		"balance": s.SetOutstanding("P1003", "200", 20),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := fmt.Sprint(s.Books().Patrons[2]); got != "{P1003 [{200 50 20}]}" {
		t.Errorf("account %s", got)
	}
	for name, err := range map[string]error{
		"no patron": s.AddFee("P9", Fee{}), "no fee": s.SetOutstanding("P1003", "9", 1),
		"same card": s.AddPatron(Patron{Card: "P1001"}), "fault": s.Next("explode"),
	} {
		if err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := New(Config{Mode: "unheard-of"}); err == nil {
		t.Error("an unknown mode was accepted")
	}
	if f, err := ParseFault("apply-silent"); f != ApplySilent || err != nil {
		t.Error(f, err)
	}
}
