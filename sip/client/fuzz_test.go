package client_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/sip"
	"selfpay/sip/client"
	"selfpay/sip/wire"
)

// hostile is a far end that answers the nth request with the nth piece, whatever was asked, and then closes. A piece may
// be empty, which is silence.
type hostile struct {
	pieces [][]byte
	mu     sync.Mutex
	heard  [][]byte // the requests that came
}

func (h *hostile) dial(context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	go func() {
		defer far.Close()
		buffer := make([]byte, 4096)
		for {
			n, err := far.Read(buffer)
			if err != nil {
				return
			}
			piece, more := h.answer(buffer[:n])
			if !more {
				return
			}
			if len(piece) > 0 {
				_, _ = far.Write(piece) // the unit may have gone
			}
		}
	}()
	return near, nil
}

func (h *hostile) answer(request []byte) (piece []byte, more bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.heard) == len(h.pieces) {
		return nil, false
	}
	h.heard = append(h.heard, bytes.Clone(request))
	return h.pieces[len(h.heard)-1], true
}

// saysYes looks for a good 38 among what a far end wrote, with nothing of the codec's.
func saysYes(piece []byte, strict bool) bool {
	for line := range bytes.SplitSeq(piece, []byte("\r")) {
		line = bytes.TrimLeft(line, "\n")
		sum, digits := 0, 0
		if at := len(line) - 4; at > 0 {
			for _, c := range line[:at] {
				sum += int(c)
			}
			for _, c := range bytes.ToUpper(line[at:]) {
				digits = digits*16 + strings.IndexByte("0123456789ABCDEF", c)
			}
		}
		if bytes.HasPrefix(line, []byte("38Y")) && bytes.Contains(line, []byte("AAP1001")) && (!strict || (sum+digits)%65536 == 0) {
			return true
		}
	}
	return false
}

// FuzzAnswers: whatever a library system writes, the unit ends with one class of error or with a yes that was said, and a
// second Fee Paid leaves only after a 96. Pieces stand between bytes of zero.
func FuzzAnswers(f *testing.F) {
	const hello = "98YYYYYN010003                  2.00AOCPL|BXYYYYYYYYYYYYYYYY|AY0AZ"
	yes := summed("38"+at+"AOCPL|AAP1001|BK4821-1-01|AY1AZ") + "\r"
	no := strings.Replace(yes, "38Y", "38N", 1)
	resync := summed(strings.Replace(hello, "AY0", "AY2", 1)) + "\r"
	for _, answers := range []string{
		yes, no, "", "\x00" + yes, yes + yes, yes[:30], yes[:len(yes)-7] + "\r", "\n\r\r\n" + yes, summed("38"+at+"AOCPL|AAP1002|BK4821-1-01|AY1AZ") + "\r",
		"96AZFEF6\r\x00" + resync + "\x00" + yes, "96AZFEF6\r96AZFEF6\r\x00" + yes + "\x00" + yes, "96AZ0000\r",
		"Problems handling the request\r", "38Y\r", "940\r", "login: \x00password: \x00Login OK\r", "\xff\xfb\x01login: ",
		summed("64              001"+strings.Repeat(" ", 18)+"000000000000000200000000AAP1001|AEJo|BLY|AV1 x 1.00|AY1AZ") + "\r",
		summed("161N20240501    101530AAP1001|AY1AZ") + "\r", strings.Repeat("x", 3000), strings.Repeat("\n", 3000), strings.Repeat("AF|", 1000)} {
		for what := range byte(5) {
			f.Add([]byte(summed(hello)+"\r\x00"+answers), what, byte(0x30))
			f.Add([]byte(summed(hello)+"\r\x00"+answers), what, byte(0x31))
			f.Add([]byte(answers), what, byte(0x07))
		}
	}
	f.Fuzz(func(t *testing.T, script []byte, what, set byte) {
		if len(script) > 1<<16 {
			t.Skip()
		}
		far := &hostile{pieces: bytes.Split(script, []byte{0})}
		strict := set&1 != 0
		cfg := client.Config{Dial: far.dial, Limit: 2000, Retries: int(set>>4&3) - 1, Echo: client.Echo(set >> 1 % 3), Trace: func(client.Direction, string) {}}
		if strict {
			cfg.ErrorDetection = client.Strict
		}
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			switch what % 5 {
			case 3:
				cfg.Telnet = &client.Telnet{User: "kiosk", Password: "x"}
			case 4:
				cfg.Login = &sip.Login{User: "kiosk", Password: "x"}
			}
			u := client.New(cfg)
			var err error
			accepted := false
			switch what % 5 {
			case 0:
				_, err = u.FeePaid(t.Context(), feePaid("4821-1-01"))
				accepted = err == nil
			case 1:
				_, err = u.PatronInformation(t.Context(), sip.PatronInformation{Patron: "P1001"})
			case 2:
				_, err = u.Hold(t.Context(), sip.Hold{Mode: sip.HoldAdd, Patron: "P1001", Item: "I1"})
			case 3:
				_, err = u.Status(t.Context())
			case 4:
				_, err = u.Raw(t.Context(), wire.Message{Code: "97", Sequence: wire.NoSequence})
			}
			u.Close()
			synctest.Wait()
			classes := 0
			for _, class := range []error{sip.ErrNotSent, sip.ErrDoubt, sip.ErrRefused} {
				if errors.Is(err, class) {
					classes++
				}
			}
			if (err == nil) != (classes == 0) || classes > 1 {
				t.Fatalf("%d classes in %v", classes, err)
			}
			if took := time.Since(began); took > time.Hour {
				t.Fatalf("took %v", took)
			}
			paid := 0
			for i, request := range far.heard {
				if !bytes.HasPrefix(request, []byte("37")) {
					continue
				}
				if paid++; paid > 1 && (!bytes.HasPrefix(far.heard[i-1], []byte("99")) || !bytes.Contains(script, []byte("96AZ"))) {
					t.Fatalf("37 was sent again after %q", far.heard[:i])
				}
			}
			if paid > 1+max(cfg.Retries, 0) && cfg.Retries != 0 {
				t.Fatalf("37 was sent %d times with %d retries", paid, cfg.Retries)
			}
			if accepted && !saysYes(bytes.ReplaceAll(script, []byte{0}, nil), strict) {
				t.Fatalf("%q was taken for a yes", script)
			}
		})
	})
}
