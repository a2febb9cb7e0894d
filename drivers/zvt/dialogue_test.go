package zvt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/terminal"
)

// script is a far end that plays recorded frames: it answers registration and status enquiry by itself, and every
// other command of the kiosk with the frames of its dialogue.
type script struct {
	t       *testing.T
	play    map[Control][]step // per first command: what follows
	mu      sync.Mutex
	answers []string // frames of the kiosk after the first command
	status  string   // completion of a status enquiry; "060F0100"
	numbers bool     // agrees to numbers of messages
}

// played says whether a command has come.
func (s *script) played(command Control) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, waiting := s.play[command]
	return !waiting
}

func (s *script) heard() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.answers...)
}

type step struct {
	fromKiosk bool
	hex       string
}

func (s *script) dial(context.Context) (io.ReadWriteCloser, error) {
	near, far := net.Pipe()
	go s.serve(far)
	return near, nil
}

func (s *script) serve(far net.Conn) {
	defer far.Close()
	put := func(frame string) bool {
		_, err := far.Write(unhex(s.t, frame))
		return err == nil
	}
	for {
		a, err := ReadAPDU(far)
		if err != nil {
			return
		}
		switch a.Control {
		case Registration:
			completion := "060F0A19002952500295490978"
			if s.numbers {
				completion = "060F1219002952500295490978" + number(0)
			}
			put("800000" + completion)
			continue
		case StatusEnquiry:
			completion := s.status
			if completion == "" {
				completion = "060F0100"
			}
			put("800000" + completion)
			continue
		case Ack:
			continue
		}
		s.mu.Lock()
		steps, known := s.play[a.Control]
		delete(s.play, a.Control)
		s.mu.Unlock()
		if !known {
			put("848300")
			continue
		}
		for _, step := range steps {
			if !step.fromKiosk {
				if !put(step.hex) {
					return
				}
				continue
			}
			answer, err := ReadAPDU(far)
			if err != nil {
				return
			}
			s.mu.Lock()
			s.answers = append(s.answers, fmt.Sprintf("%X", answer.Bytes()))
			s.mu.Unlock()
			if want := strings.ToUpper(step.hex); fmt.Sprintf("%X", answer.Bytes()) != want {
				s.t.Errorf("kiosk answers %X, want %s", answer.Bytes(), want)
			}
		}
		if len(steps) > 0 && (steps[len(steps)-1].fromKiosk || strings.HasPrefix(steps[len(steps)-1].hex, "84")) {
			continue
		}
		return // the recording ends here: the link is lost
	}
}

// steps are the frames of a recorded dialogue after its first command.
func (e exchange) steps() (Control, []step) {
	var first Control
	var steps []step
	for i, f := range e.Frames {
		if i == 0 {
			var b [2]byte
			fmt.Sscanf(f.Hex[:4], "%02X%02X", &b[0], &b[1])
			first = Control(b[0])<<8 | Control(b[1])
			continue
		}
		steps = append(steps, step{f.Dir == "ecr>pt", f.Hex})
	}
	return first, steps
}

func euros(minor int64) money.Amount { return money.Of(minor, "EUR") }

var (
	order = terminal.Purchase{Ref: "4821-123", Amount: euros(1250)}
	quiet = slog.New(slog.DiscardHandler)
)

func TestPublishedDialogues(t *testing.T) {
	_, dialogues := golden(t)
	lastIsOurs := dialogue620(dialogues, "recovery: repeat receipt returns the pending payment")
	outcomes := map[string]struct {
		class error
		seen  int
		last  bool // the terminal is asked for its last result and gives our payment
	}{
		"approved, no printing by ECR":                     {nil, 1, false},
		"approved, line printing, every line acknowledged": {nil, 1, false},
		"declined by customer key":                         {device.ErrRefused, 0, false},
		"refused at once, terminal busy":                   {device.ErrNotSent, 0, false},
		"refused at once, wrong password or other error":   {device.ErrRefused, 0, false},
		"link lost before 80 00":                           {device.ErrDoubt, 0, false},
		"link lost after 80 00":                            {device.ErrDoubt, 0, false},
		"link lost after approved 04 0F was received, acknowledgement maybe not delivered": {device.ErrDoubt, 1, false},
		"abort after approved and acknowledged status":                                     {nil, 1, true},
		"same status information twice (acknowledgement lost, repeat within the session)":  {nil, 1, false},
		"amount differs from the request":                                                  {device.ErrDoubt, 1, false},
		"status result 00 but no amount field":                                             {device.ErrDoubt, 1, false},
		"completion without any 04 0F":                                                     {device.ErrDoubt, 0, false},
	}
	played := 0
	for _, e := range dialogues {
		want, ok := outcomes[e.Name]
		if !ok {
			continue
		}
		played++
		t.Run(e.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				control, steps := e.steps()
				far := &script{t: t, play: map[Control][]step{control: steps}}
				if want.last {
					far.play[RepeatReceipt] = lastIsOurs
				}
				term := New(far.dial, Config{}, quiet)
				defer term.Close()
				seen := 0
				_, err := term.Purchase(t.Context(), order, terminal.Watch{Seen: func(terminal.Approval) error { seen++; return nil }})
				if device.Class(err) != want.class {
					t.Errorf("Purchase = %v, want %v", err, want.class)
				}
				if seen != want.seen {
					t.Errorf("seen %d times, want %d", seen, want.seen)
				}
			})
		})
	}
	// The two that are not played hold answers that this driver never gives: 84 CC to a print line, 84 66 to an approval.
	if played != 13 {
		t.Errorf("%d dialogues were played", played)
	}
}

func dialogue620(dialogues []exchange, name string) []step {
	for _, e := range dialogues {
		if e.Name == name {
			_, steps := e.steps()
			return steps
		}
	}
	return nil
}

func TestPublishedRecoveries(t *testing.T) {
	_, dialogues := golden(t)
	baseline := &terminal.Transaction{Kind: terminal.KindPurchase, Approved: true, ResultCode: "00",
		Approval: terminal.Approval{Amount: euros(1250), Receipt: 122, Trace: 123}}
	older := *baseline
	older.Approval.Trace = 122
	for name, c := range map[string]struct {
		baseline *terminal.Transaction
		want     terminal.Verdict
	}{
		"recovery: repeat receipt returns the pending payment": {&older, terminal.Charged},
		"recovery: repeat receipt returns an older payment":    {baseline, terminal.NotCharged},
	} {
		synctest.Test(t, func(t *testing.T) {
			far := &script{t: t, play: map[Control][]step{RepeatReceipt: dialogue620(dialogues, name)}}
			term := New(far.dial, Config{}, quiet)
			defer term.Close()
			r, err := term.RecoverPurchase(t.Context(), terminal.Attempt{Purchase: order, Baseline: c.baseline})
			if err != nil || r.Verdict != c.want {
				t.Errorf("%s: %+v, %v", name, r, err)
			}
		})
	}
}

// play runs one purchase against frames after 06 01.
func play(t *testing.T, cfg Config, seen func(terminal.Approval) error, steps ...step) (*script, *Terminal, error) {
	t.Helper()
	far := &script{t: t, play: map[Control][]step{Authorisation: steps}}
	term := New(far.dial, cfg, quiet)
	if seen == nil {
		seen = func(terminal.Approval) error { return nil }
	}
	_, err := term.Purchase(t.Context(), order, terminal.Watch{Seen: seen})
	return far, term, err
}

const (
	approval  = "040F1A2700040000000012504909780B00012329525002958701231970"
	yes       = "800000"
	completed = "060F00"
)

func says(hex string) step  { return step{false, hex} }
func hears(hex string) step { return step{true, hex} }

func TestApprovalIsSavedBeforeItIsAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far := &script{t: t, play: map[Control][]step{
			Authorisation: {says(yes), says(approval), hears(yes), says(completed), hears(yes)}}}
		term := New(far.dial, Config{}, quiet)
		defer term.Close()
		saved := 0
		_, err := term.Purchase(t.Context(), order, terminal.Watch{Seen: func(a terminal.Approval) error {
			synctest.Wait() // whatever the driver has sent so far has arrived now
			if len(far.heard()) != 0 {
				t.Errorf("answered with %q before it was saved", far.heard())
			}
			if a.Receipt != 123 || a.Trace != 123 || a.TerminalID != "52500295" || a.Amount != euros(1250) {
				t.Errorf("approval %+v", a)
			}
			saved++
			return nil
		}})
		synctest.Wait()
		if err != nil || saved != 1 || len(far.heard()) != 2 {
			t.Fatalf("Purchase = %v, saved %d, heard %q", err, saved, far.heard())
		}
	})
}

func TestApprovalThatIsNotSavedIsNotAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("disk full")
		far, term, err := play(t, Config{}, func(terminal.Approval) error { return full },
			says(yes), says(approval), hears(yes), says(completed), hears(yes))
		defer term.Close()
		if device.Class(err) != device.ErrDoubt || !errors.Is(err, full) || len(far.heard()) != 0 {
			t.Fatalf("Purchase = %v, heard %q", err, far.heard())
		}
	})
}

func TestApprovalThatDiffersIsSeenAndInDoubt(t *testing.T) {
	for name, c := range map[string]struct {
		frame string
		text  string
	}{
		"amount":    {"040F1A2700040000000010004909780B00012329525002958701231970", "amount"},
		"currency":  {"040F1A2700040000000012504907560B00012329525002958701231970", "currency"},
		"terminal":  {"040F1A2700040000000012504909780B00012329999999998701231970", "terminal"},
		"signature": {"040F202700040000000012504909780B000123295250029587012319700604" + "1F100101", "signature"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				seen := 0
				_, term, err := play(t, Config{TerminalID: "52500295"}, func(terminal.Approval) error { seen++; return nil },
					says(yes), says(c.frame), hears(yes), says(completed), hears(yes))
				defer term.Close()
				if device.Class(err) != device.ErrDoubt || seen != 1 || !strings.Contains(err.Error(), c.text) {
					t.Fatalf("Purchase = %v, seen %d", err, seen)
				}
			})
		})
	}
}

func TestApprovalWithUnreadableRestIsStillTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, term, err := play(t, Config{}, nil, says(yes),
			says("040F1D2700040000000012504909780B000123295250029587012319705F0102"), hears(yes), says(completed), hears(yes))
		defer term.Close()
		if err != nil {
			t.Fatalf("Purchase = %v", err)
		}
	})
}

func TestStatusInformationWithoutResultIsNotAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, term, err := play(t, Config{}, nil, says(yes), says("040F0704000000001250"), hears(yes))
		defer term.Close()
		if device.Class(err) != device.ErrDoubt || len(far.heard()) != 0 {
			t.Fatalf("Purchase = %v, heard %q", err, far.heard())
		}
	})
}

func TestSecondDifferentApprovalIsInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := 0
		_, term, err := play(t, Config{}, func(terminal.Approval) error { seen++; return nil }, says(yes), says(approval), hears(yes),
			says("040F1A2700040000000012504909780B00012429525002958701241970"), hears(yes))
		defer term.Close()
		if device.Class(err) != device.ErrDoubt || seen != 1 {
			t.Fatalf("Purchase = %v, seen %d", err, seen)
		}
	})
}

func TestDeclineAfterApprovalIsInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, term, err := play(t, Config{}, nil, says(yes), says(approval), hears(yes), says("040F02276C"), hears(yes), says(completed), hears(yes))
		defer term.Close()
		if device.Class(err) != device.ErrDoubt {
			t.Fatalf("Purchase = %v", err)
		}
	})
}

func TestUnknownCommandIsRefusedAndThePurchaseGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, term, err := play(t, Config{}, nil, says(yes), says("06D800"), hears("848300"), says("040D00"), hears("848300"),
			says(approval), hears(yes), says(completed), hears(yes))
		defer term.Close()
		if err != nil {
			t.Fatalf("Purchase = %v", err)
		}
	})
}

func TestAnswerWithDataAndTheNextMessageInOnePiece(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, term, err := play(t, Config{}, nil, says("8000080606"+"1F7303000001"+"04FF020A01"), hears(yes), says(approval), hears(yes), says(completed), hears(yes))
		defer term.Close()
		if err != nil {
			t.Fatalf("Purchase = %v", err)
		}
	})
}

func TestEndOfDayThatSlipsInIsNoReversal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		totals := "040F3B2700" + "60F0F5F3" + "00010002" + strings.Repeat("00", 49)
		far := &script{t: t, play: map[Control][]step{Reversal: {says(yes), says(totals), hears(yes), says(completed), hears(yes)}}}
		term := New(far.dial, Config{}, quiet)
		defer term.Close()
		if err := term.Reverse(t.Context(), terminal.Approval{Receipt: 123, Trace: 123, Amount: euros(1250)}); device.Class(err) != device.ErrDoubt {
			t.Errorf("Reverse = %v", err)
		}
	})
}

// number is a container with the number of a message.
func number(n int) string { return fmt.Sprintf("06061F7303%06d", n) }

func TestMessageThatComesTwiceIsAnsweredTwiceAndSavedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// 1 is the status enquiry before the purchase, 2 the purchase; the document counts both sides together.
		answer := func(n int) string { return "800008" + number(n) }
		numbered, line := "040F22"+approval[6:]+number(3), "06D31006"+"0E"+"2506"+"09010007014A"+"1F7303000004"
		far := &script{t: t, numbers: true, play: map[Control][]step{Authorisation: {
			says("849C08" + number(1)), // an answer to the enquiry that comes too late
			says(answer(2)), says(numbered), hears(answer(3)), says(numbered), hears(answer(3)),
			says(line), hears(answer(4)), says(line), hears(answer(4)), says("060F08" + number(5)), hears(answer(5))}}}
		term := New(far.dial, Config{MessageNumbers: true}, quiet)
		defer term.Close()
		saved := 0
		slip, err := term.Purchase(t.Context(), order, terminal.Watch{Seen: func(terminal.Approval) error { saved++; return nil }})
		synctest.Wait()
		if err != nil || saved != 1 || len(far.heard()) != 5 || len(slip.Customer) != 1 {
			t.Fatalf("Purchase = %v, saved %d, printed %q, heard %q", err, saved, slip.Customer, far.heard())
		}
	})
}

func TestTerminalMayAskForMoreTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		go func() {
			defer far.Close()
			for {
				a, err := ReadAPDU(far)
				if err != nil {
					return
				}
				switch a.Control {
				case Registration, StatusEnquiry:
					far.Write(unhex(t, yes+completed))
				case Authorisation:
					far.Write(unhex(t, yes+"04FF021710")) // ten minutes
					ReadAPDU(far)
					time.Sleep(9 * time.Minute)
					far.Write(unhex(t, approval))
					ReadAPDU(far)
					far.Write(unhex(t, completed))
				}
			}
		}()
		term := New(func(context.Context) (io.ReadWriteCloser, error) { return near, nil }, Config{}, quiet)
		defer term.Close()
		if _, err := term.Purchase(t.Context(), order, terminal.Watch{Seen: func(terminal.Approval) error { return nil }}); err != nil {
			t.Fatalf("Purchase = %v", err)
		}
	})
}

func TestSilentTerminalIsInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		var got bytes.Buffer
		go func() {
			for {
				a, err := ReadAPDU(far)
				if err != nil {
					return
				}
				got.Write(a.Bytes()[:2])
				switch a.Control {
				case Registration, StatusEnquiry:
					far.Write(unhex(t, yes+completed))
				}
			}
		}()
		term := New(func(context.Context) (io.ReadWriteCloser, error) { return near, nil }, Config{}, quiet)
		_, err := term.Purchase(t.Context(), order, terminal.Watch{Seen: func(terminal.Approval) error { return nil }})
		term.Close()
		if device.Class(err) != device.ErrDoubt {
			t.Fatalf("Purchase = %v", err)
		}
		synctest.Wait()
		if n := bytes.Count(got.Bytes(), []byte{0x06, 0x01}); n != 1 {
			t.Fatalf("06 01 was sent %d times", n)
		}
	})
}

func TestTerminalThatIsNotReadyGetsNoAuthorisation(t *testing.T) {
	for completion, class := range map[string]error{
		"060F01F0": device.ErrAttention, "060F019C": device.ErrNotSent, "060F0151": device.ErrAttention, "060F01DC": nil,
	} {
		synctest.Test(t, func(t *testing.T) {
			far := &script{t: t, status: completion, play: map[Control][]step{
				Authorisation: {says(yes), says(approval), hears(yes), says(completed), hears(yes)}}}
			term := New(far.dial, Config{}, quiet)
			defer term.Close()
			_, err := term.Purchase(t.Context(), order, terminal.Watch{Seen: func(terminal.Approval) error { return nil }})
			if device.Class(err) != class || (class != nil && far.played(Authorisation)) {
				t.Errorf("status %s: Purchase = %v, want %v", completion, err, class)
			}
		})
	}
}

func TestOtherTerminalTakesNoPayment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far := &script{t: t, play: map[Control][]step{Authorisation: {says(yes)}}}
		term := New(far.dial, Config{TerminalID: "11111111"}, quiet)
		defer term.Close()
		_, err := term.Purchase(t.Context(), order, terminal.Watch{Seen: func(terminal.Approval) error { return nil }})
		if device.Class(err) != device.ErrAttention || far.played(Authorisation) {
			t.Fatalf("Purchase = %v", err)
		}
	})
}

func TestStaleConnectionIsNoticedByReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		l := newLink(near, false, time.Second, quiet)
		defer l.close()
		if l.dead() {
			t.Fatal("a standing link is called dead")
		}
		far.Close() // a write by dead would block on the pipe for ever before this
		synctest.Wait()
		if !l.dead() {
			t.Fatal("a closed link is called alive")
		}
	})
}

func TestPurchaseOfWrongAmountOrCurrencyIsNotSent(t *testing.T) {
	term := New(func(context.Context) (io.ReadWriteCloser, error) {
		t.Error("the link was opened")
		return nil, io.EOF
	}, Config{}, quiet)
	for _, amount := range []money.Amount{euros(0), euros(-1), euros(1_000_000_000_000), money.Of(100, "CHF"), {}} {
		_, err := term.Purchase(t.Context(), terminal.Purchase{Amount: amount}, terminal.Watch{Seen: func(terminal.Approval) error { return nil }})
		if device.Class(err) != device.ErrNotSent {
			t.Errorf("%v: %v", amount, err)
		}
	}
}

func TestWrongConfigurationNeedsAttention(t *testing.T) {
	for _, cfg := range []Config{{Password: "12"}, {Password: "12345x"}, {Currency: "XXX"}, {TerminalID: "7"}, {Charset: "x"}, {CardWait: time.Hour}, {LineWidth: 100}} {
		if cfg.Check() == nil {
			t.Errorf("%+v is taken", cfg)
		}
		_, err := New(nil, cfg, quiet).Status(t.Context())
		if device.Class(err) != device.ErrAttention {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}

// TestVerdicts holds the comparison of a last result with an attempt.
func TestVerdicts(t *testing.T) {
	term := New(nil, Config{TerminalID: "52500295"}, quiet)
	record := func(receipt, trace int, approved bool) *terminal.Transaction {
		code := "00"
		if !approved {
			code = "05"
		}
		return &terminal.Transaction{Kind: terminal.KindPurchase, Approved: approved, ResultCode: code,
			Approval: terminal.Approval{Amount: euros(1250), Receipt: receipt, Trace: trace}}
	}
	status := func(code byte, minor int64, receipt, trace int64, more ...byte) []byte {
		bcd := func(n int64, size int) []byte { b, _ := PutBCD(n, size); return b }
		data := AppendField(nil, BMPResultCode, code)
		data = AppendField(data, BMPAmount, bcd(minor, 6)...)
		data = AppendField(data, BMPReceipt, bcd(receipt, 2)...)
		data = AppendField(data, BMPTrace, bcd(trace, 3)...)
		return append(data, more...)
	}
	seen := &record(11, 101, true).Approval
	none := &terminal.Transaction{}
	for _, c := range []struct {
		name     string
		baseline *terminal.Transaction
		seen     *terminal.Approval
		data     []byte
		want     terminal.Verdict
	}{
		{"baseline still newest", record(10, 100, true), nil, status(0, 1250, 10, 100), terminal.NotCharged},
		{"new approval", record(10, 100, true), nil, status(0, 1250, 11, 101), terminal.Charged},
		{"new approval after none", none, nil, status(0, 1250, 11, 101), terminal.Charged},
		{"new approval after 9999", record(9999, 100, true), nil, status(0, 1250, 1, 101), terminal.Charged},
		{"smaller receipt", record(10, 100, true), nil, status(0, 1250, 9, 101), terminal.StillUnknown},
		{"same receipt, other trace", record(10, 100, true), nil, status(0, 1250, 10, 101), terminal.StillUnknown},
		{"same trace, other receipt", record(10, 100, true), nil, status(0, 1250, 11, 100), terminal.StillUnknown},
		{"other amount", record(10, 100, true), nil, status(0, 1000, 11, 101), terminal.StillUnknown},
		{"no amount", record(10, 100, true), nil, []byte{0x27, 0, 0x87, 0, 0x11, 0x0B, 0, 0x01, 0x01}, terminal.StillUnknown},
		{"no numbers", record(10, 100, true), nil, []byte{0x27, 0, 4, 0, 0, 0, 0, 0x12, 0x50}, terminal.StillUnknown},
		{"other currency", record(10, 100, true), nil, status(0, 1250, 11, 101, 0x49, 0x07, 0x56), terminal.StillUnknown},
		{"other terminal", record(10, 100, true), nil, status(0, 1250, 11, 101, 0x29, 1, 2, 3, 4), terminal.StillUnknown},
		{"declined", record(10, 100, true), nil, status(5, 1250, 11, 101), terminal.NotCharged},
		{"declined without numbers", record(10, 100, true), nil, []byte{0x27, 0x6C}, terminal.NotCharged},
		{"declined long ago", record(10, 100, true), nil, status(5, 1250, 9, 99), terminal.StillUnknown},
		{"no baseline", nil, nil, status(0, 1250, 11, 101), terminal.StillUnknown},
		{"no baseline, declined", nil, nil, status(5, 1250, 11, 101), terminal.StillUnknown},
		{"seen", record(10, 100, true), seen, status(0, 1250, 11, 101), terminal.Charged},
		{"seen, no baseline", nil, seen, status(0, 1250, 11, 101), terminal.Charged},
		{"seen, no amount now", nil, seen, []byte{0x27, 0, 0x87, 0, 0x11, 0x0B, 0, 0x01, 0x01}, terminal.Charged},
		{"seen another", record(10, 100, true), seen, status(0, 1250, 12, 102), terminal.StillUnknown},
		{"seen, made a decline", nil, seen, status(5, 1250, 11, 101), terminal.NotCharged},
		{"seen, gone", record(10, 100, true), seen, status(0, 1250, 10, 100), terminal.NotCharged},
		{"seen is the baseline", record(11, 101, true), seen, status(0, 1250, 11, 101), terminal.StillUnknown},
		{"reversal of seen", nil, seen, status(0, 1250, 12, 102, 0x37, 0, 0x01, 0x01), terminal.NotCharged},
		{"reversal of another", record(10, 100, true), seen, status(0, 1250, 12, 102, 0x37, 0, 0x01, 0x00), terminal.StillUnknown},
		{"reversal of a new payment", record(10, 100, true), nil, status(0, 1250, 12, 102, 0x37, 0, 0x01, 0x01), terminal.NotCharged},
		{"reversal of the baseline", record(10, 100, true), nil, status(0, 1250, 12, 102, 0x37, 0, 0x01, 0x00), terminal.StillUnknown},
		{"reversal declined", record(10, 100, true), nil, status(5, 1250, 12, 102, 0x37, 0, 0x01, 0x01), terminal.StillUnknown},
		{"end of day", record(10, 100, true), nil, status(0, 1250, 12, 102, 0x60, 0xF0, 0xF0, 0xF0), terminal.StillUnknown},
	} {
		m := ReadMessage(APDU{Control: StatusInformation, Data: c.data})
		if m.Err != nil {
			t.Fatal(m.Err)
		}
		got, evidence := term.judge(terminal.Attempt{Purchase: order, Baseline: c.baseline, Seen: c.seen}, term.transaction(m), m)
		if got != c.want {
			t.Errorf("%s: %s (%s), want %s", c.name, got, evidence, c.want)
		}
	}
}

func TestSilenceUponRepeatReceiptProvesNothing(t *testing.T) {
	attempt := terminal.Attempt{Purchase: order, Baseline: &terminal.Transaction{}}
	for _, proven := range []bool{false, true} {
		term := New(nil, Config{LastResultProven: proven}, quiet)
		want := terminal.StillUnknown
		if proven {
			want = terminal.NotCharged
		}
		if got, evidence := term.judge(attempt, terminal.Transaction{}, Message{}); got != want {
			t.Errorf("proven %t: %s (%s)", proven, got, evidence)
		}
	}
}
