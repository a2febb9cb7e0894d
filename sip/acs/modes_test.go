package acs

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/sip/wire"
)

const (
	uuid1 = "0bab56e5-1ab6-4ac2-afdf-8b2df0434378"
	uuid2 = "1bab56e5-1ab6-4ac2-afdf-8b2df0434378"
)

// uuids gives the first patron fees that FOLIO can name.
func uuids(c *Config) {
	c.Patrons[0].Fees = []Fee{{ID: uuid1, Kind: "Lost", Description: "Momo", OutstandingMinor: 2460}, {ID: uuid2, Kind: "Overdue", Description: "Dune", OutstandingMinor: 123450}}
}

func paid(more string) string { return "37" + now + "0102EUR" + more }

// talks holds exchanges to what one mode is known to say.
func talks(t *testing.T, mode Mode, change func(*Config), exchanges [][2]string) *System {
	t.Helper()
	s := system(t, mode, change)
	c := dial(t, s)
	for _, e := range exchanges {
		if got := c.ask(e[0]); got != e[1] {
			t.Errorf("%s\n got %s\nwant %s", e[0], got, e[1])
		}
	}
	return s
}

func account(s *System, at int) string { return fmt.Sprint(s.Books().Patrons[at]) }

func TestKohaPaysTheOldestLineFirstAndTheRestBecomesCredit(t *testing.T) {
	s := talks(t, Koha, nil, [][2]string{{paid("BV25.00|AAP1001|BK1|"), "38Y" + now + "AAP1001|BK1|AOCPL|"}})
	if got := account(s, 0); got != "{P1001 [{104 1777 0} {105 223 0}]}" || s.patrons[0].CreditMinor != 500 {
		t.Error(got, s.patrons[0].CreditMinor)
	}
}

func TestKohaSpillsFromTheNamedLineToTheOthers(t *testing.T) {
	s := talks(t, Koha, nil, [][2]string{{paid("BV3.00|AAP1001|CG105|BK1|"), "38Y" + now + "AAP1001|BK1|AOCPL|"}})
	if got := account(s, 0); got != "{P1001 [{104 1777 1700} {105 223 0}]}" {
		t.Error(got)
	}
}

func TestKohaAcceptsTheFeeOfAnotherPatron(t *testing.T) {
	s := talks(t, Koha, nil, [][2]string{{paid("BV1.00|AAP1001|CG106|BK1|"), "38Y" + now + "AAP1001|BK1|AOCPL|"}})
	if got := account(s, 1); got != "{P1002 [{106 100 0}]}" {
		t.Error(got)
	}
}

func TestKohaTakesAnyAmountForANumber(t *testing.T) {
	for amount, want := range map[string]int64{"-1.00": -100, "0,10": 0, "EUR 0.10": 0, "": 0, "0.005": 0, "2.5": 250, "1.234": 123} {
		s := talks(t, Koha, nil, [][2]string{{paid("BV" + amount + "|AAP1001|BK1|"), "38Y" + now + "AAP1001|BK1|AOCPL|"}})
		if b := s.Books(); len(b.Postings) != 1 || b.Postings[0].AmountMinor != want {
			t.Errorf("%q was booked as %v", amount, b.Postings)
		}
		if debts := len(s.Books().Patrons[0].Fees); (debts == 3) != (want < 0) {
			t.Errorf("%q left %d fees", amount, debts)
		}
	}
}

func TestKohaTakesTheFirstOfTwoAmounts(t *testing.T) {
	s := talks(t, Koha, nil, [][2]string{{paid("BV1.00|BV9.00|AAP1001|BK1|"), "38Y" + now + "AAP1001|BK1|AOCPL|"}})
	if b := s.Books(); b.Postings[0].AmountMinor != 100 {
		t.Error(b.Postings)
	}
}

func TestKohaAnswersWithoutChecksumWhenAskedWithout(t *testing.T) {
	talks(t, Koha, nil, [][2]string{
		{summed("35" + now + "AOCPL|AAP1001|AY5AZ"), summed("36Y" + now + "AAP1001|AOCPL|AY5AZ")},
		{"35" + now + "AOCPL|AAP1001|", "36Y" + now + "AAP1001|AOCPL|"},
	})
}

func TestKohaAnswers97OnANewConnectionWithTheLoginsAnswer(t *testing.T) {
	login := func(c *Config) { c.Login, c.Password = "term1", "term1" }
	s := talks(t, Koha, login, [][2]string{
		{"9300CNterm1|COterm1|", "941"},
		{summed(paid("BV1.00|AAP1001|BK1|AY1AZ")), summed("38Y" + now + "AAP1001|BK1|AOCPL|AY1AZ")},
		{"97AZFEF5", summed("38Y" + now + "AAP1001|BK1|AOCPL|AY0AZ")},
	})
	c := dial(t, s)
	for _, e := range [][2]string{{"9300CNterm1|COterm1|AY0AZ" + wire.Sum([]byte("9300CNterm1|COterm1|AY0AZ")), summed("941AY0AZ")}, {"97AZFEF5", summed("941AY0AZ")}} {
		if got := c.ask(e[0]); got != e[1] {
			t.Errorf("%s: %s", e[0], got)
		}
	}
}

func TestKohaEndsMessagesWithCRLFAndEscapesTheDelimiter(t *testing.T) {
	s := system(t, Koha, func(c *Config) { c.Patrons[0].Name = "Jo|Doe\rJr" })
	c := dial(t, s)
	c.say("23001" + now + "AAP1001|AC|AD|")
	line, err := c.r.ReadString('\n')
	if err != nil || !strings.HasSuffix(line, "\r\n") || !strings.Contains(line, "AEJo&#124;Doe Jr|") {
		t.Errorf("%q %v", line, err)
	}
}

func TestKohaExecutesTheSameFrameAgain(t *testing.T) {
	frame, answer := summed(paid("BV1.00|AAP1001|CG104|BK1|AY1AZ")), summed("38Y"+now+"AAP1001|BK1|AOCPL|AY1AZ")
	if s := talks(t, Koha, nil, [][2]string{{frame, answer}, {frame, answer}}); len(s.Books().Postings) != 2 {
		t.Error(s.Books().Postings)
	}
}

func TestKohaExecutesWhatWasWrittenBeforeAReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := system(t, Koha, nil)
		c := dial(t, s)
		c.say(paid("BV1.00|AAP1001|CG104|BK1|"))
		c.Close()
		synctest.Wait()
		if n := len(s.Books().Postings); n != 1 {
			t.Errorf("%d postings", n)
		}
	})
}

func TestKohaDoesNotExecuteAfter96(t *testing.T) {
	if s := talks(t, Koha, nil, [][2]string{{paid("BV1.00|AAP1001|CG104|BK1|AY1AZ0000"), "96AZFEF6"}}); len(s.Books().Postings) != 0 {
		t.Error(s.Books().Postings)
	}
}

// as gives a system the behaviour of a mode with one thing changed.
func as(mode Mode, change func(*Behaviour)) func(*Config) {
	is, _ := BehaviourOf(mode)
	change(&is)
	return func(c *Config) { c.Behaviour = &is }
}

func TestKohaWithDisallowOverpaymentComparesWithTheBalance(t *testing.T) {
	s := talks(t, Koha, as(Koha, func(b *Behaviour) { b.Over = Refused }), [][2]string{
		{paid("BV18.00|AAP1001|CG105|BK1|"), "38Y" + now + "AAP1001|BK1|AOCPL|"}, // more than the line, not than the balance
		{paid("BV2.01|AAP1001|CG105|BK2|"), "38N" + now + "AAP1001|BK2|AOCPL|"},
	})
	if got := account(s, 0); got != "{P1001 [{104 1777 200} {105 223 0}]}" {
		t.Error(got)
	}
}

func TestKohaAnswersALongRequestAndOneByteAtATime(t *testing.T) {
	c := dial(t, system(t, Koha, nil))
	request := "35" + now + "AOCPL|AAP1001|AF" + strings.Repeat("x", 200_000) + "|"
	if got := c.ask(request); got != "36Y"+now+"AAP1001|AOCPL|" {
		t.Error(got)
	}
	for _, b := range []byte("35" + now + "AOCPL|AAP1001|\r") {
		if _, err := c.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	if got := c.hear(); got != "36Y"+now+"AAP1001|AOCPL|" {
		t.Error(got)
	}
}

// fsip2 is FOLIO's other SIP server.
func fsip2(c *Config) {
	as(Generic, func(b *Behaviour) {
		b.Fees, b.TakesFeeIDs, b.NamedFeesOnly, b.Over, b.FirstAZ = FeesFSIP2, true, true, Capped, true
	})(c)
	uuids(c)
}

func TestFSIP2CapsThePaymentAndSaysHowMuchItApplied(t *testing.T) {
	s := talks(t, Generic, fsip2, [][2]string{
		{"63001" + now + "   Y      AAP1001|AD1234|", "64              001" + now + "000000000000000200000000AOCPL|AAP1001|AEJo Doe|BLY|CQY|BHEUR|BV1259.10|" +
			"AV" + uuid1 + ` 24.60 "Lost" Momo|AV` + uuid2 + ` 1234.50 "Overdue" Dune|`},
		{paid("BV30.00|AAP1001|CG" + uuid1 + "|BK1|"), "38Y" + now + "AOCPL|AAP1001|BK1|CG" + uuid1 + "|FA0.00|FC01.05.2024|FEfe" + uuid1 + "|FG24.60|"},
		{paid("BV30.00|AAP1001|BK1|"), "38N" + now + "AOCPL|AAP1001|BK1|AFNo fee is named|"},
	})
	if got := account(s, 0); got != "{P1001 [{"+uuid1+" 2460 0} {"+uuid2+" 123450 123450}]}" {
		t.Error(got)
	}
}

func TestFSIP2RejectsDataThatHoldsAZ(t *testing.T) {
	talks(t, Generic, fsip2, [][2]string{{summed(paid("BV1.00|AAP1001|CG" + uuid1 + "|BKGAYAZ-0001|AY1AZ")), "96AZFEF6"}})
}

func TestCARLXPutsItsOwnReceiptNumberIntoTheReference(t *testing.T) {
	talks(t, CARLX, nil, [][2]string{
		{paid("BV1.00|AAP1001|CG104|BK4821-1|"), "38Y" + now + "AOCPL|AAP1001|BKR1|"}, {paid("BV1.00|AAP9|BK4821-2|"), "38N" + now + "AOCPL|AAP9|BKR1|AFInvalid patron|"}})
}

func TestDatesCarryTheZoneOfTheirMake(t *testing.T) {
	for _, zone := range []string{"0000", "UTC "} {
		talks(t, Generic, as(Generic, func(b *Behaviour) { b.Zone = zone }), [][2]string{
			{"35" + now + "AAP1001|", "36Y20240501" + zone + "101530AOCPL|AAP1001|"}})
	}
	talks(t, Sierra, nil, [][2]string{{"35" + now + "AAP1001|", "36Y202405010000101530AOCPL|AAP1001|"}})
}

func TestEvergreenRefusesTheWholePaymentWhenItIsTooMuch(t *testing.T) {
	s := talks(t, Evergreen, nil, [][2]string{
		{paid("BV20.01|AAP1001|BK1|"), "38N" + now + "AOCPL|AAP1001|BK1|AFAmount is more than is owed|"},
		{paid("BV20.00|AAP1001|BK2|"), "38Y" + now + "AOCPL|AAP1001|BK2|"},
		{paid("BV1.00|AAP1001|BK2|"), "38N" + now + "AOCPL|AAP1001|BK2|AFAmount is more than is owed|"},
	})
	if got := account(s, 0); got != "{P1001 [{104 1777 0} {105 223 0}]}" || s.patrons[0].CreditMinor != 0 {
		t.Error(got)
	}
}

func TestEvergreenDiesWithoutAnswerWhenANamedFeeIsOverpaid(t *testing.T) {
	s := system(t, Evergreen, nil)
	c := dial(t, s)
	if got := c.ask(paid("BV2.24|AAP1001|CG105|BK1|")); got != io.EOF.Error() || len(s.Books().Postings) != 0 {
		t.Errorf("%s, %v", got, s.Books().Postings)
	}
}

func TestEvergreenChecksTheOwnerOfAFee(t *testing.T) {
	talks(t, Evergreen, nil, [][2]string{{paid("BV1.00|AAP1001|CG106|BK1|"), "38N" + now + "AOCPL|AAP1001|BK1|AFFee not found|"}})
}

func TestEvergreenKeepsTheReferenceAsApprovalCodeOfCardsOnly(t *testing.T) {
	s := system(t, Evergreen, nil)
	c := dial(t, s)
	for kind, want := range map[string]string{"00": "", "01": "4821-1", "02": "4821-1", "05": ""} {
		if got := c.ask("37" + now + "01" + kind + "EURBV0.10|AAP1001|BK4821-1|"); !strings.HasPrefix(got, "38Y") {
			t.Fatal(got)
		}
		if b := s.Books().Postings; b[len(b)-1].Approval != want {
			t.Errorf("type %s: %+v", kind, b[len(b)-1])
		}
	}
}

func TestEvergreenListsFeesInFourForms(t *testing.T) {
	for form, want := range map[FeeForm]string{
		FeesEGLegacy: "AV17.77 L Lost Item|AV2.23 Late|",
		Fees3M:       `AV104 $17.77 "FEE" Lost Item|AV105 $2.23 "FEE" Late|`,
		FeesSwyerA:   `AV104 $17.77 "FEE" Lost Item|AV105 $2.23 "FEE" Late|`,
		FeesSwyerB:   "AVCharge-Number: 104, Amount-Due: 17.77, Fine-Type: FEE, Title: Lost Item|AVCharge-Number: 105, Amount-Due: 2.23, Fine-Type: FEE, Title: Late|",
	} {
		is, _ := BehaviourOf(Evergreen)
		is.Fees = form
		talks(t, Evergreen, func(c *Config) { c.Behaviour = &is }, [][2]string{{"63001" + now + "   Y      AAP1001|AD1234|",
			"64              001" + now + "000000000000000200000000AOCPL|AAP1001|AEJo Doe|BLY|CQY|BHEUR|BV20.00|" + want}})
	}
}

func TestFOLIODropsEverythingBeforeALoginWithoutAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := system(t, FOLIO, func(c *Config) { c.Login, c.Password = "tenant", "x" })
		c := dial(t, s)
		c.say("9900302.00")
		synctest.Wait()
		c.say(paid("BV1.00|AAP1001|"))
		synctest.Wait()
		if got := c.ask("9300CNtenant|COx|"); got != "941" || len(s.Books().Postings) != 0 {
			t.Errorf("%s: something was answered or done before", got)
		}
	})
}

func TestFOLIOListsFeesInGroups(t *testing.T) {
	talks(t, FOLIO, uuids, [][2]string{{"63001" + now + "   Y      AAP1001|AD1234|",
		"64              001" + now + "000000000000000200000000AOCPL|AAP1001|AEJo Doe|BLY|CQY|BHEUR|BV1,259.10|AVB0bab56e5|AVB1bab56e5|" +
			"CG" + uuid1 + "|FA24.60|FBB0bab56e5|FC01.05.2024|FDMomo|FEfe" + uuid1 + "|FFLost|" +
			"CG" + uuid2 + "|FA1,234.50|FBB1bab56e5|FC01.05.2024|FDDune|FEfe" + uuid2 + "|FFOverdue|"}})
}

func TestFOLIOGivesEveryFeeAUUID(t *testing.T) {
	s := system(t, FOLIO, nil)
	if err := s.SetOutstanding("P1001", "104", 50); err != nil {
		t.Fatal(err)
	}
	if got := account(s, 0); got != "{P1001 [{00000000-0000-4000-8000-000000000104 1777 50} {00000000-0000-4000-8000-000000000105 223 223}]}" {
		t.Error(got)
	}
}

func TestFOLIOComparesTwoDigitsAndLeavesTheRestToItsBackend(t *testing.T) {
	s := talks(t, FOLIO, uuids, [][2]string{
		{paid("BV25.60|AAP1001|CG" + uuid1 + "|BK1|"), "38N" + now + "AOCPL|AAP1001|BK1|AFAmount is more than is owed|"},
		{paid("BV24.95|AAP1001|CG" + uuid1 + "|BK1|"), "38N" + now + "AOCPL|AAP1001|BK1|"},
		{paid("BV24.60|AAP1001|CG" + uuid1 + "|BK1|"), "38Y" + now + "AOCPL|AAP1001|BK1|CG" + uuid1 + "|FA0.00|FC01.05.2024|FEfe" + uuid1 + "|FG24.60|"},
	})
	if n := len(s.Books().Postings); n != 1 {
		t.Errorf("%d postings", n)
	}
}

func TestFOLIOPaysAllAccountsWhereTheFeeIsNoUUID(t *testing.T) {
	s := talks(t, FOLIO, uuids, [][2]string{{paid("BV30.00|AAP1001|CG104|BK1|"), "38Y" + now + "AOCPL|AAP1001|BK1|"}})
	if got := account(s, 0); got != "{P1001 [{"+uuid1+" 2460 0} {"+uuid2+" 123450 122910}]}" {
		t.Error(got)
	}
}

func TestFOLIOReplaysTheStoredAnswerWhereErrorDetectionIsOn(t *testing.T) {
	frame := summed(paid("BV1.00|AAP1001|CG" + uuid1 + "|BK1|AY1AZ"))
	for on, want := range map[bool]int{true: 1, false: 2} {
		s := system(t, FOLIO, func(c *Config) { uuids(c); c.NeedAZ = on })
		c := dial(t, s)
		first := c.ask(frame)
		if second := c.ask(frame); !strings.HasPrefix(first, "38Y") || (on && second != first) {
			t.Errorf("%s, then %s", first, second)
		}
		if n := len(s.Books().Postings); n != want {
			t.Errorf("error detection %v: %d postings, want %d", on, n, want)
		}
	}
}

func TestFOLIOAnswers96WithoutChecksumOnlyWhereErrorDetectionIsOn(t *testing.T) {
	talks(t, FOLIO, func(c *Config) { c.NeedAZ = true }, [][2]string{{"35" + now + "AAP1001|", "96AZFEF6"}})
	talks(t, FOLIO, nil, [][2]string{{"35" + now + "AAP1001|AY1AZ0000", "36Y" + now + "AOCPL|AAP1001|AY1AZ" + wire.Sum([]byte("36Y"+now+"AOCPL|AAP1001|AY1AZ"))}})
}

func TestFOLIOWritesPlainTextOnFailure(t *testing.T) {
	talks(t, FOLIO, nil, [][2]string{{"hello", "Problems handling the request: no handler"}})
	s := system(t, FOLIO, uuids)
	if err := s.Next(PlainText, BookedNo); err != nil {
		t.Fatal(err)
	}
	c := dial(t, s)
	for _, want := range []string{"Problems handling", "38N"} {
		if got := c.ask(paid("BV1.00|AAP1001|CG" + uuid1 + "|BK1|")); !strings.HasPrefix(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if n := len(s.Books().Postings); n != 2 {
		t.Errorf("%d postings", n)
	}
}

func TestFOLIOCutsValuesAt255Characters(t *testing.T) {
	s := system(t, FOLIO, func(c *Config) { c.Patrons[0].Name = strings.Repeat("ü", 300) + "|" })
	if got := dial(t, s).ask("23001" + now + "AAP1001|"); !strings.Contains(got, "AE"+strings.Repeat("ü", 255)+"|") {
		t.Error(got)
	}
}

func TestAPoolThatIsFullAcceptsAndDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := system(t, Pool, func(c *Config) { c.Login, c.Password = "a", "b" })
		first := dial(t, s)
		synctest.Wait() // the first has its process
		second := dial(t, s)
		if got := first.ask("9300CNa|COb|"); got != "941" {
			t.Fatal(got)
		}
		second.say("9300CNa|COb|")
		heard := make(chan string, 1)
		go func() { heard <- second.hear() }()
		time.Sleep(time.Hour)
		select {
		case got := <-heard:
			t.Errorf("a full pool answered %s", got)
		default:
		}
		first.Close()
		if got := <-heard; got != "941" {
			t.Errorf("after a process was free: %s", got)
		}
	})
}

func TestTotalsListsNoFees(t *testing.T) {
	talks(t, Totals, nil, [][2]string{{"63001" + now + "   Y      AAP1001|AD1234|",
		"64              001" + now + "000000000000000200000000AOCPL|AAP1001|AEJo Doe|BLY|CQY|BHEUR|BV20.00|"}})
}

func TestALateApplicationComesAfterTheUnitHasGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := system(t, LateApply, nil)
		c := dial(t, s)
		c.say(paid("BV1.00|AAP1001|BK1|"))
		time.Sleep(19 * time.Second)
		c.Close()
		synctest.Wait()
		if n := len(s.Books().Postings); n != 0 {
			t.Errorf("%d postings before", n)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := len(s.Books().Postings); n != 1 {
			t.Errorf("%d postings after", n)
		}
	})
}

func TestAFaultMayBookLongAfterTheUnitHasGone(t *testing.T) {
	for delay, want := range map[time.Duration]time.Duration{0: 90 * time.Second, 3 * time.Second: 3 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := system(t, Koha, func(c *Config) { c.ApplyLate = delay })
			if err := s.Next(ApplyLate); err != nil {
				t.Fatal(err)
			}
			c := dial(t, s)
			c.say(paid("BV1.00|AAP1001|BK1|"))
			c.say("97AZFEF5")
			time.Sleep(want - time.Millisecond)
			if err := c.SetReadDeadline(time.Now()); err != nil {
				t.Fatal(err)
			}
			if got := c.hear(); !strings.Contains(got, "timeout") {
				t.Errorf("the connection still answers: %s", got)
			}
			c.Close()
			synctest.Wait()
			before := len(s.Books().Postings)
			time.Sleep(time.Millisecond)
			synctest.Wait()
			if after := len(s.Books().Postings); before != 0 || after != 1 {
				t.Errorf("%v: %d postings before, %d after", want, before, after)
			}
			c = dial(t, s) // the next one is well again
			if got := c.ask(paid("BV1.00|AAP1001|BK2|")); !strings.HasPrefix(got, "38Y") {
				t.Error(got)
			}
		})
	}
}

func TestFeesStandAsTheirMakeHasThem(t *testing.T) {
	for mode, want := range map[Mode]string{
		CARLX:    "AVI104^TLost Item^F17.77^SL|AVI105^TLate^F2.23^S|",
		AlephTPL: "EK104|EI1|EA17.77|ETL Lost Item|EFN|EK105|EI1|EA2.23|ETLate|EFN|",
		Polaris:  "CC9.99|AVL Lost Item: 17.77 EUR|AVLate: 2.23 EUR|FA0.00|PA1|U1Main|",
		Sierra:   "CC15.00|AVL Lost Item: 17.77 EUR|AVLate: 2.23 EUR|",
	} {
		if got := dial(t, system(t, mode, nil)).ask("63001" + now + "   Y      AOCPL|AAP1001|AC|AD1234|"); !strings.HasSuffix(got, "BV20.00|"+want) {
			t.Errorf("%s: %s", mode, got)
		}
	}
}

func TestAnIdleConnectionIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, system(t, IdleClose, nil))
		for range 3 { // what is said in time keeps it
			time.Sleep(599 * time.Second)
			if got := c.ask("9900302.00"); !strings.HasPrefix(got, "98") {
				t.Fatal(got)
			}
		}
		began := time.Now()
		if got := c.hear(); got != io.EOF.Error() || time.Since(began) != 600*time.Second {
			t.Errorf("%s after %v", got, time.Since(began))
		}
	})
}

// segments are what single reads bring while answers are awaited.
func segments(t *testing.T, mode Mode, requests string, answers int) []string {
	t.Helper()
	c := dial(t, system(t, mode, nil))
	go func() { _, _ = c.Write([]byte(requests)) }()
	var all []string
	buffer := make([]byte, 4096)
	for strings.Count(strings.Join(all, ""), "\r") < answers {
		n, err := c.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(buffer[:n]))
	}
	return all
}

func TestSegmentsAreSplitJoinedOrBeginWithALF(t *testing.T) {
	const two = "9900302.00\r9900302.00\r"
	answer := "98YYYYYN010003" + now + "2.00AOCPL|AM|BXYYYYYYYYYYYYYYYY|\r"
	if got := segments(t, Split, two, 2); len(got) != 2*len(answer) {
		t.Errorf("split: %d segments", len(got))
	}
	for mode, want := range map[Mode][]string{Joined: {answer + answer}, LF: {answer, "\n" + answer}, Generic: {answer, answer}} {
		if got := segments(t, mode, two, 2); !slices.Equal(got, want) {
			t.Errorf("%s: %q", mode, got)
		}
	}
}

func TestTelnetAsksThreeTimes(t *testing.T) {
	s := system(t, Koha, func(c *Config) { c.Login, c.Password, c.Telnet = "a", "b", true })
	read := func(c talk, want string) {
		t.Helper()
		got := make([]byte, len(want))
		if _, err := io.ReadFull(c.r, got); err != nil || string(got) != want {
			t.Errorf("%q %v, want %q", got, err, want)
		}
	}
	c := dial(t, s)
	for _, password := range []string{"x", "y", "b"} {
		read(c, "login: ")
		c.say("a\r\n")
		read(c, "password: ")
		c.say(password + "\r\n")
		if password != "b" {
			read(c, "Invalid login\r\n")
		}
	}
	read(c, "Login OK.  Initiating SIP\r\n")
	if got := c.ask("9900302.00"); !strings.HasPrefix(got, "98Y") {
		t.Error(got)
	}
	c = dial(t, s)
	for range 3 {
		read(c, "login: ")
		c.say("a")
		read(c, "password: ")
		c.say("no")
		read(c, "Invalid login\r\n")
	}
	if got := c.hear(); got != io.EOF.Error() {
		t.Errorf("after three tries: %q", got)
	}
}

func TestItemsLoansAndHoldsAreKept(t *testing.T) {
	due := "20240529    101530"
	s := talks(t, Generic, func(c *Config) {
		c.Patrons = append(c.Patrons, Patron{Card: "P1004"})
		c.Items = []Item{{ID: "I1", Title: "Momo", Location: "shelf"}, {ID: "I2", Title: "Dune"}}
	}, [][2]string{
		{"17" + now + "AOCPL|ABI1|", "18030001" + now + "ABI1|AJMomo|CF0|CK001|AQshelf|"},
		{"17" + now + "AOCPL|ABI9|", "18010001" + now + "ABI9|AJ|"},
		{"11NN" + now + now + "AOCPL|AAP1003|ABI1|AC|", "121NNY" + now + "AOCPL|AAP1003|ABI1|AJMomo|AH" + due + "|CK001|"},
		{"17" + now + "AOCPL|ABI1|", "18040001" + now + "ABI1|AJMomo|CF0|CK001|AQshelf|AH" + due + "|"},
		{"11NN" + now + now + "AOCPL|AAP1001|ABI1|AC|", "120NNN" + now + "AOCPL|AAP1001|ABI1|AJMomo|AH|CK001|AFItem is checked out to another patron|"},
		{"11NN" + now + now + "AOCPL|AAP1002|ABI2|AC|", "120NNN" + now + "AOCPL|AAP1002|ABI2|AJDune|AH|CK001|AFPatron is blocked|"},
		{"29NN" + now + now + "AOCPL|AAP1003|ABI1|", "301YNN" + now + "AOCPL|AAP1003|ABI1|AJMomo|AH" + due + "|CK001|"},
		{"15+" + now + "AOCPL|AAP1004|ABI1|BSmain|", "161N" + now + "AOCPL|AAP1004|ABI1|BR1|BSmain|AJMomo|"},
		{"15+" + now + "AOCPL|AAP1004|ABI1|", "160N" + now + "AOCPL|AAP1004|ABI1|BR1|BSmain|AJMomo|AFHold not possible|"},
		{"29NN" + now + now + "AOCPL|AAP1003|ABI1|", "300NNN" + now + "AOCPL|AAP1003|ABI1|AJMomo|AH|CK001|AFItem is wanted by another patron|"},
		{"65" + now + "AOCPL|AAP1003|", "6610000" + "0001" + now + "AOCPL|BNI1|"},
		{"63001" + now + "  Y       AAP1003|", "64              001" + now + "000000000001000000000000AOCPL|AAP1003|AENo Debt|BLY|CQY|BHEUR|BV0.00|AUI1|"},
		{"63001" + now + "Y         AAP1004|", "64              001" + now + "000100000000000000000000AOCPL|AAP1004|AE|BLY|CQY|BHEUR|BV0.00|ASI1|"},
		{"09N" + now + now + "APdesk|AOCPL|ABI1|AC|", "101YNY" + now + "AOCPL|ABI1|AQshelf|AJMomo|CK001|CV01|CTmain|CYP1004|"},
		{"17" + now + "AOCPL|ABI1|", "18080001" + now + "ABI1|AJMomo|CF1|CK001|AQshelf|"},
		{"11NN" + now + now + "AOCPL|AAP1003|ABI1|AC|", "120NNN" + now + "AOCPL|AAP1003|ABI1|AJMomo|AH|CK001|AFItem is on hold for another patron|"},
		{"15-" + now + "AOCPL|AAP1004|ABI1|", "161N" + now + "AOCPL|AAP1004|ABI1|AJMomo|"},
		{"17" + now + "AOCPL|ABI1|", "18090001" + now + "ABI1|AJMomo|CF0|CK001|AQshelf|"},
		{"19" + now + "AOCPL|ABI1|CHtorn|", "201" + now + "ABI1|AJMomo|CHtorn|"},
		{"09N" + now + now + "APdesk|AOCPL|ABI9|AC|", "100NNN" + now + "AOCPL|ABI9|AQ|AFItem not in catalogue|"},
		{"01N" + now + "AOCPL|ALleft behind|AAP1003|AC|", "24Y             001" + now + "AOCPL|AAP1003|AENo Debt|BLY|CQY|BHEUR|BV0.00|"},
		{"11NN" + now + now + "AOCPL|AAP1003|ABI1|AC|", "120NNN" + now + "AOCPL|AAP1003|ABI1|AJMomo|AH|CK001|AFPatron is blocked|"},
		{"25" + now + "AOCPL|AAP1003|", "26              001" + now + "AOCPL|AAP1003|AENo Debt|BLY|CQY|BHEUR|BV0.00|"},
		{"11NN" + now + now + "AOCPL|AAP1003|ABI1|AC|", "121NNY" + now + "AOCPL|AAP1003|ABI1|AJMomo|AH" + due + "|CK001|"},
	})
	if got := fmt.Sprint(s.Loans()); got != "[{P1003 I1 2024-05-29 10:15:30 +0000 UTC 0}]" {
		t.Error(got)
	}
}

func TestEveryRequestOfTheDocumentIsAnswered(t *testing.T) {
	answers := map[string]string{"23": "24", "11": "12", "09": "10", "01": "24", "99": "98", "93": "94", "63": "64", "35": "36", "37": "38",
		"17": "18", "19": "20", "25": "26", "15": "16", "29": "30", "65": "66", "97": "66"}
	for _, mode := range Modes() {
		synctest.Test(t, func(t *testing.T) {
			is, _ := BehaviourOf(mode)
			is.LateApply = 0
			c := dial(t, system(t, mode, func(c *Config) { c.Behaviour = &is }))
			for _, l := range wire.Layouts() {
				if answers[l.Code] == "" || l.Code == "97" {
					continue
				}
				m := wire.Message{Code: l.Code, Fixed: strings.Repeat(" ", l.Width()), Sequence: 3, Checksum: wire.OK}
				b, err := wire.Format{}.Encode(m)
				if err != nil {
					t.Fatal(err)
				}
				got := c.ask(strings.TrimSuffix(string(b), "\r"))
				answer, err := wire.Format{}.Parse([]byte(strings.TrimLeft(got, "\n")))
				if err != nil || answer.Code != answers[l.Code] || len(answer.Problems) > 0 || answer.Sequence != 3 || answer.Checksum != wire.OK {
					t.Errorf("%s: %s answered by %s", mode, l.Code, got)
				}
			}
			if got := c.ask("97AZFEF5"); !strings.HasPrefix(got, "66") {
				t.Errorf("%s: 97 answered by %s", mode, got)
			}
		})
	}
}
