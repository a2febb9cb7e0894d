package acs

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"selfpay/sip/wire"
)

// sip2mediator is Evergreen's second server, kcls its third.
func sip2mediator(c *Config) {
	c.NoEcho = true
	as(Evergreen, func(b *Behaviour) { b.Over, b.SilentOwner = Refused, true })(c)
}

func kcls(c *Config) {
	c.NoEcho = true
	as(Evergreen, func(b *Behaviour) {
		b.Over, b.SilentOwner, b.PaymentTypes = Refused, true, []string{"00", "01", "02", "05"}
	})(c)
}

// carlx is CARL.X from 9.6 on.
func carlx(c *Config) {
	c.Patrons[0].Fees[0].ID = "#104" // a manual fee
}

// bulk is fsip2 with acceptBulkPayment.
func bulk(c *Config) {
	fsip2(c)
	c.Behaviour.NamedFeesOnly, c.Behaviour.ElseAll, c.Behaviour.Evenly = false, true, true
}

// makes are those of which it is known what they do with a Fee Paid for one fee.
var makes = []struct {
	name   string
	mode   Mode
	change func(*Config)
	fee    string
}{
	{"Koha", Koha, nil, "104"},
	{"Evergreen SIPServer", Evergreen, nil, "104"},
	{"Evergreen SIP2Mediator", Evergreen, sip2mediator, "104"},
	{"Evergreen KCLS", Evergreen, kcls, "104"},
	{"FOLIO edge-sip2", FOLIO, uuids, uuid1},
	{"FOLIO fsip2", Generic, fsip2, uuid1},
	{"CARL.X", CARLX, carlx, "#104"},
}

func TestEveryMakeTakesPartOfAFeeAndBooksASecondPayment(t *testing.T) {
	for _, m := range makes {
		t.Run(m.name, func(t *testing.T) {
			s := system(t, m.mode, m.change)
			c := dial(t, s)
			before := s.Books().Patrons[0].Fees
			for i := range 2 {
				if got := c.ask(paid("BV1.00|AAP1001|CG" + m.fee + "|BK1|")); !strings.HasPrefix(got, "38Y") {
					t.Fatal(got)
				}
				after := s.Books().Patrons[0].Fees
				if want := before[0].OutstandingMinor - int64(i+1)*100; after[0].OutstandingMinor != want || after[1] != before[1] || len(s.Books().Postings) != i+1 {
					t.Errorf("%d times paid 1.00: %v", i+1, after)
				}
			}
		})
	}
}

func TestAPaymentOfMoreThanIsOwed(t *testing.T) {
	for _, c := range []struct {
		name, fee, amount string
		mode              Mode
		change            func(*Config)
		want              string // of the answer, without its date; empty: none comes
		left              int64  // of the patron's account
	}{
		{"is credit at Koha", "104", "25.00", Koha, nil, "38YAAP1001|BK1|AOCPL|", 0},
		{"is refused by Evergreen's SIPServer", "", "25.00", Evergreen, nil, "38NAOCPL|AAP1001|BK1|AFAmount is more than is owed|", 2000},
		{"ends Evergreen's SIPServer where the fee is named", "105", "2.24", Evergreen, nil, "", 2000},
		{"is refused by SIP2Mediator", "105", "2.24", Evergreen, sip2mediator, "38NAOCPL|AAP1001|AFAmount is more than is owed|", 2000},
		{"is refused by KCLS", "105", "2.24", Evergreen, kcls, "38NAOCPL|AAP1001|AFAmount is more than is owed|", 2000},
		{"is refused by edge-sip2", uuid1, "30.00", FOLIO, uuids, "38NAOCPL|AAP1001|BK1|AFAmount is more than is owed|", 125910},
		{"is capped by fsip2, which says yes", uuid1, "30.00", Generic, fsip2, "38YAOCPL|AAP1001|BK1|CG" + uuid1 + "|FA0.00|FC01.05.2024|FEfe" + uuid1 + "|FG24.60|", 123450},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := system(t, c.mode, c.change)
			named := ""
			if c.fee != "" {
				named = "CG" + c.fee + "|"
			}
			want := io.EOF.Error()
			if c.want != "" {
				want = c.want[:3] + now + c.want[3:]
			}
			if got := dial(t, s).ask(paid("BV" + c.amount + "|AAP1001|" + named + "BK1|")); got != want {
				t.Errorf("%s, want %s", got, want)
			}
			if left := s.patrons[0].owed(); left != c.left {
				t.Errorf("%d are left, want %d", left, c.left)
			}
		})
	}
}

func TestASecondPaymentOfWhatIsPaid(t *testing.T) {
	for _, c := range []struct {
		name, fee, amount string
		mode              Mode
		change            func(*Config)
		want              string
		postings          int
	}{
		{"is booked by Koha", "CG104|", "17.77", Koha, nil, "38Y", 2},
		{"is refused by Evergreen", "", "20.00", Evergreen, nil, "38N", 1},
		{"is refused by SIP2Mediator", "CG104|", "17.77", Evergreen, sip2mediator, "38N", 1},
		{"is refused by KCLS", "CG104|", "17.77", Evergreen, kcls, "38N", 1},
		{"is refused by edge-sip2", "CG" + uuid1 + "|", "24.60", FOLIO, uuids, "38N", 1},
		{"is refused by fsip2", "CG" + uuid1 + "|", "24.60", Generic, fsip2, "38N" + now + "AOCPL|AAP1001|BK1|AFFee not found|", 1},
		{"pays other fees at fsip2 where it accepts bulk payments", "CG" + uuid1 + "|", "24.60", Generic, bulk, "38Y" + now + "AOCPL|AAP1001|BK1|", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := system(t, c.mode, c.change)
			line := dial(t, s)
			request := paid("BV" + c.amount + "|AAP1001|" + c.fee + "BK1|")
			if got := line.ask(request); !strings.HasPrefix(got, "38Y") {
				t.Fatal(got)
			}
			if got := line.ask(request); !strings.HasPrefix(got, c.want) || len(s.Books().Postings) != c.postings {
				t.Errorf("%s, booked %v", got, s.Books().Postings)
			}
		})
	}
}

func TestTheFeeOfAnotherPatron(t *testing.T) {
	others := func(change func(*Config)) func(*Config) {
		return func(c *Config) {
			change(c)
			c.Patrons[1].Fees[0].ID = "2bab56e5-1ab6-4ac2-afdf-8b2df0434378"
		}
	}
	const uuid3 = "2bab56e5-1ab6-4ac2-afdf-8b2df0434378"
	for _, c := range []struct {
		name, fee string
		mode      Mode
		change    func(*Config)
		want      string
		left      int64
	}{
		{"is paid by Koha", "106", Koha, nil, "38YAAP1001|BK1|AOCPL|", 0},
		{"is refused by Evergreen", "106", Evergreen, nil, "38NAOCPL|AAP1001|BK1|AFFee not found|", 100},
		{"is refused by SIP2Mediator without a word", "106", Evergreen, sip2mediator, "38NAOCPL|AAP1001|", 100},
		{"is refused by KCLS without a word", "106", Evergreen, kcls, "38NAOCPL|AAP1001|", 100},
		{"is refused by edge-sip2", uuid3, FOLIO, others(uuids), "38NAOCPL|AAP1001|BK1|AFFee not found|", 100},
		{"is paid by fsip2", uuid3, Generic, others(fsip2), "38YAOCPL|AAP1001|BK1|CG" + uuid3 + "|FA0.00|FC01.05.2024|FEfe" + uuid3 + "|FG1.00|", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := talks(t, c.mode, c.change, [][2]string{{paid("BV1.00|AAP1001|CG" + c.fee + "|BK1|"), c.want[:3] + now + c.want[3:]}})
			if left := s.patrons[1].owed(); left != c.left {
				t.Errorf("%d are left of it", left)
			}
		})
	}
}

func TestAPaymentThatNamesNoFee(t *testing.T) {
	for _, c := range []struct {
		name   string
		mode   Mode
		change func(*Config)
		amount string
		want   string
		left   string
	}{
		{"pays Koha's oldest line first", Koha, nil, "18.00", "38Y", "{P1001 [{104 1777 0} {105 223 200}]}"},
		{"is spread by Evergreen in the order of its list", Evergreen, nil, "18.00", "38Y", "{P1001 [{104 1777 0} {105 223 200}]}"},
		{"pays all accounts at edge-sip2", FOLIO, uuids, "30.00", "38Y", "{P1001 [{" + uuid1 + " 2460 0} {" + uuid2 + " 123450 122910}]}"},
		{"is refused by fsip2", Generic, fsip2, "30.00", "38N", "{P1001 [{" + uuid1 + " 2460 2460} {" + uuid2 + " 123450 123450}]}"},
		{"is split evenly by fsip2 where it accepts bulk payments", Generic, bulk, "30.01", "38Y", "{P1001 [{" + uuid1 + " 2460 960} {" + uuid2 + " 123450 121949}]}"},
		{"is booked in part by fsip2 where a share is above its fee", Generic, bulk, "60.00", "38Y", "{P1001 [{" + uuid1 + " 2460 2460} {" + uuid2 + " 123450 120450}]}"},
		{"is refused by CARL.X", CARLX, nil, "20.00", "38N", "{P1001 [{104 1777 1777} {105 223 223}]}"},
		{"is refused by Aleph with its extensions", AlephTPL, nil, "20.00", "38N", "{P1001 [{104 1777 1777} {105 223 223}]}"},
		{"must be the whole account at Aleph without its extensions", AlephStd, nil, "19.99", "38N", "{P1001 [{104 1777 1777} {105 223 223}]}"},
		{"is the whole account at Aleph without its extensions", AlephStd, nil, "20.00", "38Y", "{P1001 [{104 1777 0} {105 223 0}]}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := system(t, c.mode, c.change)
			if got := dial(t, s).ask(paid("BV" + c.amount + "|AAP1001|BK1|")); !strings.HasPrefix(got, c.want) || account(s, 0) != c.left {
				t.Errorf("%s, %s", got, account(s, 0))
			}
		})
	}
}

func TestStaffSeeTheReferenceAtEvergreenOnly(t *testing.T) {
	for _, m := range makes {
		t.Run(m.name, func(t *testing.T) {
			s := system(t, m.mode, m.change)
			if got := dial(t, s).ask(paid("BV1.00|AAP1001|CG" + m.fee + "|BK4821-1|")); !strings.HasPrefix(got, "38Y") {
				t.Fatal(got)
			}
			if seen := s.Books().Postings[0].Approval; (seen == "4821-1") != (m.mode == Evergreen) {
				t.Errorf("staff see %q", seen)
			}
		})
	}
}

func TestPaymentTypes(t *testing.T) {
	for _, c := range []struct {
		name   string
		mode   Mode
		change func(*Config)
		types  string
		want   string
	}{
		{"any two characters are taken by Koha", Koha, nil, "00 01 02 06 99 XX", "38Y"},
		{"any are taken by Evergreen", Evergreen, nil, "00 01 02 05 99", "38Y"},
		{"any are taken by edge-sip2", FOLIO, uuids, "00 02 99 XX", "38Y"},
		{"four are taken by KCLS", Evergreen, kcls, "00 01 02 05", "38Y"},
		{"another ends KCLS without an answer", Evergreen, kcls, "03 99 XX", io.EOF.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, kind := range strings.Fields(c.types) {
				s := system(t, c.mode, c.change)
				got := dial(t, s).ask("37" + now + "01" + kind + "EURBV0.10|AAP1001|BK1|")
				if !strings.HasPrefix(got, c.want) || (len(s.Books().Postings) == 1) != (c.want == "38Y") {
					t.Errorf("%s: %s, booked %v", kind, got, s.Books().Postings)
				}
			}
		})
	}
}

func TestKohaSaysYesTo(t *testing.T) {
	for _, c := range []struct{ name, request, answer, account string }{
		{"no amount at all", paid("AAP1001|BK1|"), "AAP1001|BK1|AOCPL|", "{P1001 [{104 1777 1777} {105 223 223}]}"},
		{"the wrong PIN", paid("BV1.00|AAP1001|AD9999|BK1|"), "AAP1001|BK1|AOCPL|", "{P1001 [{104 1777 1677} {105 223 223}]}"},
		{"another institution", paid("BV1.00|AOXYZ|AAP1001|BK1|"), "AAP1001|BK1|AOCPL|", "{P1001 [{104 1777 1677} {105 223 223}]}"},
		{"a foreign currency", "37" + now + "0102JPYBV1.00|AAP1001|BK1|", "AAP1001|BK1|AOCPL|", "{P1001 [{104 1777 1677} {105 223 223}]}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if s := talks(t, Koha, nil, [][2]string{{c.request, "38Y" + now + c.answer}}); account(s, 0) != c.account {
				t.Error(account(s, 0))
			}
		})
	}
	t.Run("a patron who owes nothing", func(t *testing.T) {
		s := talks(t, Koha, nil, [][2]string{{paid("BV1.00|AAP1003|BK1|"), "38Y" + now + "AAP1003|BK1|AOCPL|"}})
		if s.patrons[2].CreditMinor != 100 {
			t.Errorf("credit of %d", s.patrons[2].CreditMinor)
		}
	})
}

func TestKohaRefusesWithoutAWordSaveForAnUnknownPatron(t *testing.T) {
	talks(t, Koha, as(Koha, func(b *Behaviour) { b.Over = Refused }), [][2]string{
		{paid("BV1.00|AAP1001|CG999|BK1|"), "38N" + now + "AAP1001|BK1|AOCPL|"},
		{paid("BV99.00|AAP1001|BK1|"), "38N" + now + "AAP1001|BK1|AOCPL|"},
		{paid("BV1.00|AAP9|BK1|"), "38N" + now + "AAP9|BK1|AFInvalid patron|AOCPL|"},
	})
}

func TestSomeKohasDieOnAnUnknownPatron(t *testing.T) {
	s := system(t, Koha, as(Koha, func(b *Behaviour) { b.StrangerDies = true }))
	if got := dial(t, s).ask(paid("BV1.00|AAP9|BK1|")); got != io.EOF.Error() || len(s.Books().Postings) != 0 {
		t.Errorf("%s, booked %v", got, s.Books().Postings)
	}
}

func TestKohaSaysYesToFourAtOnceOnOneLine(t *testing.T) {
	s := system(t, Koha, nil)
	var units sync.WaitGroup
	for i := range 4 {
		c := dial(t, s)
		units.Go(func() {
			if got := c.ask(paid(fmt.Sprintf("BV17.77|AAP1001|CG104|BK%d|", i))); !strings.HasPrefix(got, "38Y") {
				t.Error(got)
			}
		})
	}
	units.Wait()
	if b := s.Books(); len(b.Postings) != 4 || b.Patrons[0].Fees[0].OutstandingMinor != 0 || s.patrons[0].CreditMinor != 4*1777-2000 {
		t.Errorf("%v, credit of %d", b, s.patrons[0].CreditMinor)
	}
}

// The stream ends in the middle of a message, and the answer still comes: what was measured at Koha 19.06.
func TestKohaAnswersWhatAHalfCloseHasCut(t *testing.T) {
	s := system(t, Koha, nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := talk{t, conn, bufio.NewReader(conn)}
	if _, err := c.Write([]byte(paid("AOCPL|AAP1001|BV0.1"))); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got := c.hear(); got != "38Y"+now+"AAP1001|AOCPL|" {
		t.Error(got)
	}
	if b := s.Books().Postings; len(b) != 1 || b[0].AmountMinor != 10 {
		t.Errorf("booked %v", b)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve = %v", err)
	}
}

func TestKohaAnswersTwoMessagesOfOneSegmentInOrder(t *testing.T) {
	c := dial(t, system(t, Koha, nil))
	c.say("35" + now + "AOCPL|AAP1001|\r35" + now + "AOCPL|AAP1002|")
	for _, card := range []string{"P1001", "P1002"} {
		if got := c.hear(); got != "36Y"+now+"AA"+card+"|AOCPL|" {
			t.Error(got)
		}
	}
}

func TestKohaPadsTheListToBQAndListsAllWithoutIt(t *testing.T) {
	c := dial(t, system(t, Koha, nil))
	for window, want := range map[string][]string{"": {"104 L Lost Item 17.77", "105 Late 2.23"}, "BP1|BQ1|": {"104 L Lost Item 17.77"}, "BP2|BQ2|": {"105 Late 2.23"},
		"BP1|BQ4|": {"104 L Lost Item 17.77", "105 Late 2.23", " ", " "}} {
		m, err := wire.Format{}.Parse([]byte(c.ask("63001" + now + "   Y      AOCPL|AAP1001|AC|AD1234|" + window)))
		if err != nil || !slices.Equal(m.Values("AV"), want) || m.FixedValue("fine_items_count") != "0002" {
			t.Errorf("%q: %q, count %s, %v", window, m.Values("AV"), m.FixedValue("fine_items_count"), err)
		}
	}
}

func TestFOLIOGivesTheStoredAnswerAfter97OnTheSameConnectionOnly(t *testing.T) {
	s := system(t, FOLIO, uuids)
	c := dial(t, s)
	answer := c.ask(paid("BV1.00|AAP1001|CG" + uuid1 + "|BK1|"))
	if got := c.ask("97"); got != answer || len(s.Books().Postings) != 1 {
		t.Errorf("%s, before %s", got, answer)
	}
	if got := dial(t, s).ask("97"); got != "Problems handling the request: no handler" {
		t.Errorf("on a new connection: %s", got)
	}
}

func TestFOLIOReplaysTheAnswerToThePreviousMessageOnly(t *testing.T) {
	s := system(t, FOLIO, func(c *Config) { uuids(c); c.NeedAZ = true })
	c := dial(t, s)
	for _, frame := range []string{paid("BV1.00|AAP1001|CG" + uuid1 + "|BK1|AY1AZ"), "9900302.00AY2AZ", paid("BV1.00|AAP1001|CG" + uuid1 + "|BK1|AY1AZ")} {
		if got := c.ask(summed(frame)); strings.HasPrefix(got, "96") {
			t.Fatal(got)
		}
	}
	if n := len(s.Books().Postings); n != 2 {
		t.Errorf("%d postings with another message between", n)
	}
}

func TestFOLIODoesNotExecuteAfter96(t *testing.T) {
	s := talks(t, FOLIO, func(c *Config) { uuids(c); c.NeedAZ = true }, [][2]string{{paid("BV1.00|AAP1001|CG" + uuid1 + "|BK1|AY1AZ0000"), "96AZFEF6"}})
	if n := len(s.Books().Postings); n != 0 {
		t.Errorf("%d postings", n)
	}
}

func TestFOLIOExecutesWhatWasWrittenBeforeAClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := system(t, FOLIO, uuids)
		c := dial(t, s)
		c.say(paid("BV1.00|AAP1001|CG" + uuid1 + "|BK1|"))
		c.Close()
		synctest.Wait()
		if n := len(s.Books().Postings); n != 1 {
			t.Errorf("%d postings", n)
		}
	})
}

func TestFOLIOWritesABlankForTheDelimiter(t *testing.T) {
	talks(t, FOLIO, func(c *Config) { c.Patrons[2].Name = "Jo|Doe" }, [][2]string{
		{"23001" + now + "AAP1003|", "24              001" + now + "AOCPL|AAP1003|AEJo Doe|BLY|CQY|BHEUR|BV0.00|"}})
}

// What is known is that each fee that is paid needs one pair of BZ and EK. That BZ is its amount is inferred.
func TestAlephWithItsExtensionsPaysByPairs(t *testing.T) {
	for _, c := range []struct {
		name, fields, want, left string
	}{
		{"one pair", "BV17.77|BZ17.77|EK104|", "38Y", "{P1001 [{104 1777 0} {105 223 223}]}"},
		{"two pairs", "BV20.00|BZ17.77|EK104|BZ2.23|EK105|", "38Y", "{P1001 [{104 1777 0} {105 223 0}]}"},
		{"a part of one", "BV1.00|BZ1.00|EK105|", "38Y", "{P1001 [{104 1777 1777} {105 223 123}]}"},
		{"no pair", "BV17.77|", "38N", "{P1001 [{104 1777 1777} {105 223 223}]}"},
		{"half a pair", "BV17.77|EK104|", "38N", "{P1001 [{104 1777 1777} {105 223 223}]}"},
		{"one pair and half of another", "BV1.00|BZ1.00|EK104|EK105|", "38N", "{P1001 [{104 1777 1777} {105 223 223}]}"},
		{"another sum", "BV17.77|BZ17.76|EK104|", "38N", "{P1001 [{104 1777 1777} {105 223 223}]}"},
		{"more than is left", "BV2.24|BZ2.24|EK105|", "38N", "{P1001 [{104 1777 1777} {105 223 223}]}"},
		{"more than is left in two pairs", "BV4.00|BZ2.00|EK105|BZ2.00|EK105|", "38N", "{P1001 [{104 1777 1777} {105 223 223}]}"},
		{"the fee of another patron", "BV1.00|BZ1.00|EK106|", "38N", "{P1001 [{104 1777 1777} {105 223 223}]}"},
		{"no amount", "BV1.00|BZone|EK105|", "38N", "{P1001 [{104 1777 1777} {105 223 223}]}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := system(t, AlephTPL, nil)
			if got := dial(t, s).ask(paid(c.fields + "AAP1001|BK1|")); !strings.HasPrefix(got, c.want) || account(s, 0) != c.left || (len(s.Books().Postings) == 1) != (c.want == "38Y") {
				t.Errorf("%s, %s, booked %v", got, account(s, 0), s.Books().Postings)
			}
		})
	}
}
