package mdb

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/terminal"
)

// script is an adapter that a test plays: to a line of the kiosk it says lines, the next ones each time. "-" stands for silence, "!" ends the
// link. What is not in it is answered as by an adapter at rest.
type script map[string][]string

var rest = script{
	"V": {"v,4.0.2.0,3a00"}, "D,STATUS": {"d,STATUS,IDLE,#,3,1978,1,2,30,8,2"}, "D,END": {"d,STATUS,IDLE"}, "D,END,-1": {"d,STATUS,IDLE"},
	"D,READER,0": {"-"}, "D,READER,1": {"d,STATUS,IDLE"}, "D,2": {"d,STATUS,INIT,1"},
}

// heard is what an adapter was told, but for what every link begins with.
type heard struct{ lines []string }

// play answers at one link until it ends.
func (s script) play(far net.Conn, h *heard) {
	defer far.Close()
	times := map[string]int{}
	for in := bufio.NewScanner(far); in.Scan(); {
		line := in.Text()
		h.lines = append(h.lines, line)
		answers, own := s[line]
		if !own {
			answers = rest[line]
		}
		if len(answers) == 0 {
			continue
		}
		answer := answers[min(times[line], len(answers)-1)]
		times[line]++
		for _, said := range strings.Split(answer, " ") {
			switch said {
			case "-":
			case "!":
				return
			default:
				far.Write([]byte(said + "\r\n"))
			}
		}
	}
	io.Copy(io.Discard, far)
}

const ask = "D,REQ,12.50,1"

// outcome is how a purchase of 12.50 ended at an adapter that is played.
type outcome struct {
	err  error
	seen int
	told []string // from the request on
}

func pay(t *testing.T, s script, saved error) (o outcome) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var h heard
		term, ended := played(s, &h)
		_, o.err = term.Purchase(context.Background(), terminal.Purchase{Ref: "4821-123", Amount: money.Of(1250, "EUR")},
			terminal.Watch{Seen: func(terminal.Approval) error { o.seen++; return saved }})
		<-ended
		if at := slices.Index(h.lines, ask); at >= 0 {
			o.told = h.lines[at+1:]
		}
	})
	return o
}

// played is a terminal at an adapter that is played; ended is told of each link that has ended.
func played(s script, h *heard) (term *Terminal, ended chan struct{}) {
	ended = make(chan struct{}, 10)
	return New(func(context.Context) (io.ReadWriteCloser, error) {
		near, far := net.Pipe()
		go func() { s.play(far, h); ended <- struct{}{} }()
		return near, nil
	}, Config{Currency: "EUR"}), ended
}

const (
	yes  = "d,STATUS,RESULT,1,12.50"
	no   = "d,STATUS,RESULT,-1"
	vend = "d,STATUS,VEND"
	idle = "d,STATUS,IDLE"
	bad  = `d,ERR,"-1"`
)

// TestOnlyWhatTheReaderSaidIsBelieved: every window of a purchase, and what the reader is told in it.
func TestOnlyWhatTheReaderSaidIsBelieved(t *testing.T) {
	full := errors.New("disk full")
	for _, c := range []struct {
		what  string
		s     script
		saved error
		class error
		seen  int
		told  string
	}{
		{"approved", script{ask: {vend + " " + yes}}, nil, nil, 1, vendSuccess + " D,READER,0"},
		{"approved, with the setup", script{ask: {vend + " " + yes + ",#,3,1978,1,2,30,8,2"}}, nil, nil, 1, vendSuccess + " D,READER,0"},
		{"approved, without the state before", script{ask: {yes}}, nil, nil, 1, vendSuccess + " D,READER,0"},
		{"approved, in other digits", script{ask: {vend + " d,STATUS,RESULT,1,12.5"}}, nil, nil, 1, vendSuccess + " D,READER,0"},
		{"noise", script{ask: {"d,STATUS,PAUSE r,ACK " + strings.Repeat("9", 500) + " " + idle + " " + vend + " d,STATUS,CREDIT,99.00 c,STATUS,RESULT,-1 " + yes}}, nil, nil, 1, vendSuccess + " D,READER,0"},
		{"approved, long ago", script{askVersion: {vend + " " + yes + " v,4.0.2.0,3a00"}, ask: {vend + " " + no + " " + idle}}, nil, device.ErrRefused, 0, "D,READER,0"},
		{"denied", script{ask: {vend + " " + no + " " + idle}}, nil, device.ErrRefused, 0, "D,READER,0"},
		{"denied, and the link ends", script{ask: {vend + " " + no + " !"}}, nil, device.ErrRefused, 0, ""},
		{"another amount", script{ask: {vend + " d,STATUS,RESULT,1,1.25"}}, nil, device.ErrDoubt, 0, vendFailed + " D,READER,0"},
		{"a negative amount", script{ask: {vend + " d,STATUS,RESULT,1,-12.50"}}, nil, device.ErrDoubt, 0, vendFailed + " D,READER,0"},
		{"an amount with too many digits", script{ask: {vend + " d,STATUS,RESULT,1,12.500"}}, nil, device.ErrDoubt, 0, vendFailed + " D,READER,0"},
		{"no amount", script{ask: {vend + " d,STATUS,RESULT,1"}}, nil, device.ErrDoubt, 0, vendFailed + " D,READER,0"},
		{"an amount and more", script{ask: {vend + " " + yes + ",5"}}, nil, device.ErrDoubt, 0, vendFailed + " D,READER,0"},
		{"a result that nobody knows", script{ask: {vend + " d,STATUS,RESULT,0"}}, nil, device.ErrDoubt, 0, vendFailed + " D,READER,0"},
		{"a damaged result", script{ask: {vend + " d,STATUS,RESULT,1,12.5\x00"}}, nil, device.ErrDoubt, 0, vendFailed + " D,READER,0"},
		{"a damaged denial", script{ask: {vend + " d,STATUS,RESULT,-\x01"}}, nil, device.ErrDoubt, 0, vendFailed + " D,READER,0"},
		{"not saved", script{ask: {vend + " " + yes}}, full, device.ErrDoubt, 1, vendFailed + " D,READER,0"},
		{"not saved, and the link ends", script{ask: {vend + " " + yes}, vendFailed: {"!"}}, full, device.ErrDoubt, 1, vendFailed},
		{"the link ends after the request", script{ask: {"!"}}, nil, device.ErrDoubt, 0, ""},
		{"the link ends while it is pending", script{ask: {vend + " !"}}, nil, device.ErrDoubt, 0, ""},
		{"the link ends after the end", script{ask: {vend + " " + yes}, vendSuccess: {"!"}}, nil, device.ErrDoubt, 1, vendSuccess},
		{"idle without a result", script{ask: {vend + " " + idle}}, nil, device.ErrDoubt, 0, ""},
		{"a reset while it is pending", script{ask: {vend + " d,STATUS,RESET"}}, nil, device.ErrDoubt, 0, ""},
		{"a reset before it is pending", script{ask: {"d,STATUS,RESET"}}, nil, device.ErrDoubt, 0, ""},
		{"a reset in place of the end", script{ask: {vend + " " + yes}, vendSuccess: {"d,STATUS,RESET"}}, nil, device.ErrDoubt, 1, vendSuccess},
		{"a reset after the end", script{ask: {vend + " " + yes}, vendSuccess: {idle + " d,STATUS,RESET"}}, nil, nil, 1, vendSuccess + " D,READER,0"},
		{"the end is not understood once", script{ask: {vend + " " + yes}, vendSuccess: {"-", idle}, askState: {idle + ",#,3,1978,1,2,30,8,2", yes}}, nil, nil, 1,
			vendSuccess + " D,STATUS " + vendSuccess + " D,READER,0"},
		{"the end is not told, but the state", script{ask: {vend + " " + yes}, vendSuccess: {"-"}}, nil, nil, 1, vendSuccess + " D,STATUS D,READER,0"},
		{"the end is never understood", script{ask: {vend + " " + yes}, vendSuccess: {"-"}, askState: {idle + ",#,3,1978,1,2,30,8,2", yes}}, nil, device.ErrDoubt, 1,
			vendSuccess + " D,STATUS " + vendSuccess + " D,STATUS " + vendSuccess + " D,STATUS"},
		{"the request is an error", script{ask: {bad}}, nil, device.ErrNotSent, 0, "D,STATUS D,READER,0 D,STATUS"},
		{"the request is an error, and begins after all", script{ask: {bad}, askState: {idle + ",#,3,1978,1,2,30,8,2", idle, vend}}, nil, device.ErrDoubt, 0,
			"D,STATUS D,READER,0 D,STATUS"},
		{"an error, and it is pending", script{ask: {bad}, askState: {idle + ",#,3,1978,1,2,30,8,2", vend + " " + yes}}, nil, nil, 1,
			"D,STATUS " + vendSuccess + " D,READER,0"},
		{"an error while it is pending", script{ask: {vend + " " + bad}, askState: {idle + ",#,3,1978,1,2,30,8,2", vend + " " + yes}}, nil, nil, 1,
			"D,STATUS " + vendSuccess + " D,READER,0"},
		{"an error while it is pending, and idle", script{ask: {vend + " " + bad}}, nil, device.ErrDoubt, 0, "D,STATUS"},
		{"silence", script{ask: {"-"}}, nil, device.ErrDoubt, 0, withdraw},
		{"silence while it is pending", script{ask: {vend}}, nil, device.ErrDoubt, 0, withdraw},
		{"silence, and denied when withdrawn", script{ask: {vend}, withdraw: {no + " " + idle}}, nil, device.ErrRefused, 0, withdraw + " D,READER,0"},
		{"silence, and idle when withdrawn", script{ask: {vend}, withdraw: {idle}}, nil, device.ErrDoubt, 0, withdraw},
		{"silence, and approved when withdrawn", script{ask: {vend}, withdraw: {yes}}, nil, nil, 1, withdraw + " " + vendSuccess + " D,READER,0"},
		{"an adapter that babbles", script{ask: {strings.Repeat("r,ACK ", 2*mostLines) + yes}}, nil, device.ErrDoubt, 0, ""},
	} {
		o := pay(t, c.s, c.saved)
		if device.Class(o.err) != c.class || o.seen != c.seen || strings.Join(o.told, " ") != c.told || c.saved != nil && !errors.Is(o.err, c.saved) {
			t.Errorf("%s: %v, seen %d, told %q, want %q", c.what, o.err, o.seen, o.told, c.told)
		}
	}
}

// TestNothingIsAskedOfAReaderThatIsNotReady: and it is said why.
func TestNothingIsAskedOfAReaderThatIsNotReady(t *testing.T) {
	for what, s := range map[string]script{
		"no version":              {askVersion: {"-"}},
		"the link ends":           {askVersion: {"!"}},
		"no state":                {askState: {"-"}},
		"a damaged setup":         {askState: {idle + ",#,3"}},
		"off for ever":            {askState: {"d,STATUS,OFF"}},
		"no reader":               {askState: {"d,STATUS,RESET"}},
		"not always idle":         {askState: {"d,STATUS,INIT,0"}},
		"fell back to mode 1":     {askState: {idle + ",#,3,1978,1,2,30,8,1"}},
		"another currency":        {askState: {idle + ",#,3,1756,1,2,30,8,2"}},
		"steps of a euro":         {askState: {idle + ",#,3,1978,100,2,30,8,2"}},
		"somebody's card":         {askState: {"d,STATUS,CREDIT,5.00"}},
		"cannot be enabled":       {askState: {"d,STATUS,INIT,1"}},
		"pending for ever":        {askState: {vend}},
		"approved for ever":       {askState: {yes}},
		"an adapter that babbles": {askState: {strings.Repeat("r,ACK ", 2*mostLines)}},
	} {
		o := pay(t, s, nil)
		if device.Class(o.err) != device.ErrNotSent || o.seen != 0 || o.told != nil {
			t.Errorf("%s: %v, told %q", what, o.err, o.told)
		}
	}
}

// TestAPurchaseBeginsFromAnyStateThatWasLeft: what was forgotten is set again, what was left open is ended first.
func TestAPurchaseBeginsFromAnyStateThatWasLeft(t *testing.T) {
	ready := idle + ",#,3,1978,1,2,30,8,2"
	for what, c := range map[string]struct {
		states []string
		told   string
	}{
		"idle":                   {[]string{ready}, "V D,STATUS"},
		"an old version":         {[]string{idle}, "V D,STATUS"},
		"off":                    {[]string{"d,STATUS,OFF", "d,STATUS,RESET", "d,STATUS,INIT,1,#,3,1978,1,2,30,8,2", ready}, "V D,STATUS D,2 D,STATUS D,STATUS D,READER,1 D,STATUS"},
		"off, and says so aloud": {[]string{`D,ERR,"off"`, ready}, "V D,STATUS D,2 D,STATUS"},
		"pending":                {[]string{vend, ready}, "V D,STATUS D,REQ,-1 D,STATUS"},
		"approved":               {[]string{yes, ready}, "V D,STATUS D,END,-1 D,STATUS"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var h heard
			term, ended := played(script{askState: c.states, ask: {vend + " " + yes}}, &h)
			_, err := term.Purchase(context.Background(), terminal.Purchase{Ref: "4821-123", Amount: money.Of(1250, "EUR")},
				terminal.Watch{Seen: func(terminal.Approval) error { return nil }})
			<-ended
			if told := strings.Join(h.lines, " "); err != nil || told != c.told+" "+ask+" D,END D,READER,0" {
				t.Errorf("%s: %v, told %q", what, err, told)
			}
		})
	}
}

// TestAContextThatEndsBeforeTheRequestAsksForNothing: a reader may take long to become ready.
func TestAContextThatEndsBeforeTheRequestAsksForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		var h heard
		term, ended := played(script{askState: {"d,STATUS,INIT,1"}}, &h)
		_, err := term.Purchase(ctx, terminal.Purchase{Ref: "4821-123", Amount: money.Of(1250, "EUR")}, terminal.Watch{})
		<-ended
		if device.Class(err) != device.ErrNotSent || slices.Contains(h.lines, ask) || h.lines[len(h.lines)-1] != readerOff {
			t.Errorf("%v, told %q", err, h.lines)
		}
	})
}

// TestStatusBeginsNothing: it switches an adapter on that has just got power, and no more.
func TestStatusBeginsNothing(t *testing.T) {
	for _, c := range []struct {
		what   string
		states []string
		ready  bool
		told   string
	}{
		{"idle", []string{idle}, true, "V D,STATUS"},
		{"not enabled", []string{"d,STATUS,INIT,1"}, true, "V D,STATUS"},
		{"pending", []string{vend}, true, "V D,STATUS"},
		{"approved", []string{yes}, true, "V D,STATUS"},
		{"off", []string{"d,STATUS,OFF", "d,STATUS,INIT,1"}, true, "V D,STATUS D,2 D,STATUS"},
		{"card first", []string{"d,STATUS,INIT,0"}, false, "V D,STATUS"},
		{"another currency", []string{idle + ",#,3,1756,1,2,30,8,2"}, false, "V D,STATUS"},
		{"somebody's card", []string{"d,STATUS,CREDIT,5.00"}, false, "V D,STATUS"},
		{"no reader", []string{"d,STATUS,RESET"}, false, "V" + strings.Repeat(" D,STATUS", 8)},
	} {
		synctest.Test(t, func(t *testing.T) {
			var h heard
			term, ended := played(script{askState: c.states}, &h)
			s, err := term.Status(context.Background())
			<-ended
			if told := strings.Join(h.lines, " "); err != nil || s.Ready != c.ready || (s.Reason == "") != c.ready || s.TerminalID != "adapter 4.0.2.0 3a00" || told != c.told {
				t.Errorf("%s: %+v, %v, told %q", c.what, s, err, told)
			}
		})
	}
}

// TestAnOpenSessionIsEndedByWhatTheLedgerHolds: of one that is not open nothing can be known.
func TestAnOpenSessionIsEndedByWhatTheLedgerHolds(t *testing.T) {
	seen := &terminal.Approval{Amount: money.Of(1250, "EUR")}
	open := func(state string) script { return script{askState: {state}} }
	withdrawn := func(answer string) script { return script{askState: {vend}, "D,REQ,-1": {answer}} }
	for _, c := range []struct {
		what    string
		s       script
		seen    *terminal.Approval
		verdict terminal.Verdict
		told    string
	}{
		{"saved and open", open(yes), seen, terminal.Charged, "D,END"},
		{"saved and open, and the link ends", script{askState: {yes}, "D,END": {"!"}}, seen, terminal.NeverKnown, "D,END"},
		{"saved, and another amount is open", open("d,STATUS,RESULT,1,1.00"), seen, terminal.NeverKnown, "D,END,-1"},
		{"saved, and the reader denies", open(no), seen, terminal.NeverKnown, "D,END,-1"},
		{"saved, and idle", open(idle), seen, terminal.NeverKnown, ""},
		{"saved, and off", open("d,STATUS,OFF"), seen, terminal.NeverKnown, ""},
		{"saved, and a request is pending that is approved", withdrawn(yes), seen, terminal.Charged, "D,REQ,-1 D,END"},
		{"not saved, and approved", open(yes), nil, terminal.NeverKnown, "D,END,-1"},
		{"not saved, and denied", open(no), nil, terminal.NotCharged, "D,END,-1"},
		{"not saved, and idle", open(idle), nil, terminal.NeverKnown, ""},
		{"not saved, and a damaged result", open("d,STATUS,RESULT,7"), nil, terminal.NeverKnown, "D,END,-1"},
		{"pending, and denied when withdrawn", withdrawn(no), nil, terminal.NotCharged, "D,REQ,-1 D,END,-1"},
		{"pending, and approved when withdrawn", withdrawn(yes), nil, terminal.NeverKnown, "D,REQ,-1 D,END,-1"},
		{"pending, and idle when withdrawn", withdrawn(idle), nil, terminal.NeverKnown, "D,REQ,-1"},
		{"pending, and silence when withdrawn", withdrawn("-"), nil, terminal.NeverKnown, "D,REQ,-1"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var h heard
			term, ended := played(c.s, &h)
			r, err := term.RecoverPurchase(context.Background(), terminal.Attempt{Purchase: terminal.Purchase{Amount: money.Of(1250, "EUR")}, Seen: c.seen})
			<-ended
			told := strings.TrimPrefix(strings.TrimPrefix(strings.Join(h.lines, " "), "V D,STATUS"), " ")
			if err != nil || r.Verdict != c.verdict || r.Evidence == "" || told != c.told || r.Verdict == terminal.Charged && r.Found.Approval != *seen {
				t.Errorf("%s: %+v, %v, told %q, want %q", c.what, r, err, told, c.told)
			}
		})
	}
}

// TestAnAdapterThatCannotBeAskedIsAskedAgainLater: that is no verdict.
func TestAnAdapterThatCannotBeAskedIsAskedAgainLater(t *testing.T) {
	for _, s := range []script{{askVersion: {"-"}}, {askVersion: {"!"}}, {askState: {"-"}}, {askState: {"!"}}} {
		synctest.Test(t, func(t *testing.T) {
			var h heard
			term, ended := played(s, &h)
			r, err := term.RecoverPurchase(context.Background(), terminal.Attempt{Purchase: terminal.Purchase{Amount: money.Of(1250, "EUR")}})
			<-ended
			if err == nil || r.Verdict != "" {
				t.Errorf("%v: %+v, %v", s, r, err)
			}
		})
	}
}

// TestAContextThatEndsWithdrawsTheRequest: the reader's answer is still the last word, within the time for an answer.
func TestAContextThatEndsWithdrawsTheRequest(t *testing.T) {
	for answer, class := range map[string]error{no + " " + idle: device.ErrRefused, yes: nil, bad: device.ErrDoubt, "-": device.ErrDoubt, "!": device.ErrDoubt} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var h heard
			term, ended := played(script{ask: {vend}, "D,REQ,-1": {answer}}, &h)
			begun := time.Now()
			_, err := term.Purchase(ctx, terminal.Purchase{Ref: "4821-123", Amount: money.Of(1250, "EUR")},
				terminal.Watch{Seen: func(terminal.Approval) error { return nil }, Progress: func(terminal.Progress) { cancel() }})
			<-ended
			if device.Class(err) != class || !slices.Contains(h.lines, "D,REQ,-1") || time.Since(begun) > 200*time.Second {
				t.Errorf("%s: %v after %s, told %q", answer, err, time.Since(begun), h.lines)
			}
		})
	}
}
