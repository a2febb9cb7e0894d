package zvt_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/creack/pty"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/terminal"
	"selfpay/drivers/serialport"
	"selfpay/drivers/zvt"
	"selfpay/drivers/zvt/zvttest"
)

var fine = terminal.Purchase{Ref: "4821-123", Amount: money.Of(1250, "EUR")}

// wholePurchase pays, looks the payment up, and takes it back.
func wholePurchase(t *testing.T, dial device.Dial, cfg zvt.Config, far *zvttest.Terminal) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	term := zvt.New(dial, cfg, slog.New(slog.DiscardHandler))
	defer term.Close()
	var approval terminal.Approval
	var shown []terminal.Progress
	slip, err := term.Purchase(ctx, fine, terminal.Watch{
		Seen:     func(a terminal.Approval) error { approval = a; return nil },
		Progress: func(p terminal.Progress) { shown = append(shown, p) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []zvttest.Capture{{Reference: "4821-123", AmountMinor: 1250, Receipt: approval.Receipt}}; len(far.Books().Captures) != 1 ||
		far.Books().Captures[0].Reference != want[0].Reference || far.Books().Captures[0].Receipt != want[0].Receipt {
		t.Fatalf("books %+v, want %+v", far.Books(), want)
	}
	if approval.MaskedPAN != "************4771" || approval.CardName != "girocard" || approval.AuthorisationCode != "611804" {
		t.Fatalf("approval %+v", approval)
	}
	if len(shown) == 0 || shown[0] != terminal.ProgressCard {
		t.Fatalf("progress %v", shown)
	}
	if len(slip.Customer) != 5 || slip.Customer[0] != "** KUNDENBELEG **" || len(slip.Merchant) != 5 || slip.Merchant[0] != "** HÄNDLERBELEG **" {
		t.Fatalf("slip %+v", slip)
	}
	if found, err := term.Last(ctx); err != nil || found.Approval.Receipt != approval.Receipt {
		t.Fatalf("Last = %+v, %v", found, err)
	}
	if err := term.Reverse(ctx, approval); err != nil {
		t.Fatal(err)
	}
	if b := far.Books(); len(b.Captures) != 0 || len(b.Reversals) != 1 {
		t.Fatalf("books %+v", b)
	}
}

func TestWholePurchaseOverTCP(t *testing.T) {
	far := zvttest.New(zvttest.Config{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- far.Serve(listener) }()
	wholePurchase(t, zvt.DialTCP(listener.Addr().String()), zvt.Config{}, far)
	far.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestWholePurchaseOverASerialLine(t *testing.T) {
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	far := zvttest.New(zvttest.Config{PrintLines: true})
	done := make(chan error, 1)
	go func() { done <- far.ServeSerial(master) }()
	address, err := serialport.ParseAddress("serial://" + slave.Name() + "?baud=9600&data=8&parity=none&stop=2")
	if err != nil {
		t.Fatal(err)
	}
	wholePurchase(t, serialport.Dial(address), zvt.Config{Transport: zvt.Serial}, far)
	far.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestCutLinkIsNotSentAndComesBack(t *testing.T) {
	for _, transport := range []zvt.Transport{zvt.TCP, zvt.Serial} {
		synctest.Test(t, func(t *testing.T) {
			far := zvttest.New(zvttest.Config{})
			defer far.Close()
			b := bench(far, zvt.Config{Transport: transport})
			term := b.New(b.Dial)
			defer term.Close()
			if _, err := term.Last(t.Context()); err != nil {
				t.Fatal(err)
			}
			far.Cut()
			_, err := term.Purchase(t.Context(), fine, terminal.Watch{Seen: func(terminal.Approval) error { return nil }})
			if device.Class(err) != device.ErrNotSent {
				t.Fatalf("Purchase over a cut link = %v", err)
			}
			far.Restore()
			if _, err := term.Purchase(t.Context(), fine, terminal.Watch{Seen: func(terminal.Approval) error { return nil }}); err != nil {
				t.Fatalf("Purchase after it = %v", err)
			}
			if n := len(far.Books().Captures); n != 1 {
				t.Fatalf("%d captures", n)
			}
		})
	}
}

func TestDropAfterAnyByteOfTheTerminalAgreesWithItsBooks(t *testing.T) {
	for _, transport := range []zvt.Transport{zvt.TCP, zvt.Serial} {
		for _, dialect := range []zvttest.Dialect{zvttest.Keep, zvttest.Reverse, zvttest.Undo} {
			for n := range 120 {
				synctest.Test(t, func(t *testing.T) {
					far := zvttest.New(zvttest.Config{NoSlip: true})
					defer far.Close()
					far.Unacknowledged(dialect)
					far.Next(zvttest.Order{Kind: zvttest.DropAfter, Bytes: n})
					b := bench(far, zvt.Config{Transport: transport})
					term := b.New(b.Dial)
					defer term.Close()
					baseline, err := term.Last(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					attempt := terminal.Attempt{Purchase: fine, Baseline: &baseline}
					_, err = term.Purchase(t.Context(), fine, terminal.Watch{Seen: func(a terminal.Approval) error { attempt.Seen = &a; return nil }})
					time.Sleep(5 * time.Minute)
					charged := len(far.Books().Captures) == 1
					switch class := device.Class(err); {
					case class == nil && !charged, class == device.ErrNotSent && charged, class == device.ErrRefused && charged:
						t.Fatalf("%v %s byte %d: %v, charged %t", transport, dialect, n, err, charged)
					case class == device.ErrDoubt:
						r, err := term.RecoverPurchase(t.Context(), attempt)
						if err != nil || (r.Verdict == terminal.Charged) != charged || r.Verdict == terminal.StillUnknown {
							t.Fatalf("%v %s byte %d: %+v, %v, charged %t", transport, dialect, n, r, err, charged)
						}
					}
				})
			}
		}
	}
}

// tamper is a serial line that a test disturbs: change sees every piece the driver receives, and may alter it.
type tamper struct {
	io.ReadWriteCloser
	mu     sync.Mutex
	sent   bytes.Buffer
	change func([]byte) []byte
	buffer []byte
}

func (l *tamper) Write(b []byte) (int, error) {
	l.mu.Lock()
	l.sent.Write(b)
	l.mu.Unlock()
	return l.ReadWriteCloser.Write(b)
}

func (l *tamper) Read(b []byte) (int, error) {
	for len(l.buffer) == 0 {
		piece := make([]byte, 4096)
		n, err := l.ReadWriteCloser.Read(piece)
		if err != nil {
			return 0, err
		}
		l.buffer = l.change(piece[:n])
	}
	n := copy(b, l.buffer)
	l.buffer = l.buffer[n:]
	return n, nil
}

// TestDisturbedSerialLineStillPays: noise before blocks, a confirmation that is lost, a block that arrives damaged or
// twice are all healed by the framing, and the card is charged once.
func TestDisturbedSerialLineStillPays(t *testing.T) {
	for name, disturb := range map[string]func() func([]byte) []byte{
		"noise": func() func([]byte) []byte {
			return func(b []byte) []byte { return append([]byte("~AT"), b...) }
		},
		"every third confirmation lost": func() func([]byte) []byte {
			n := 0
			return func(b []byte) []byte {
				if len(b) == 1 && b[0] == zvt.BlockAck {
					if n++; n%3 == 0 {
						return nil
					}
				}
				return b
			}
		},
		"every third block damaged": func() func([]byte) []byte {
			n := 0
			return func(b []byte) []byte {
				if len(b) > 1 {
					if n++; n%3 == 0 {
						b[len(b)-1] ^= 1
					}
				}
				return b
			}
		},
		"every block cut short once": func() func([]byte) []byte {
			n := 0
			return func(b []byte) []byte {
				if len(b) > 1 {
					if n++; n%2 == 1 {
						return b[:len(b)-3]
					}
				}
				return b
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				far := zvttest.New(zvttest.Config{})
				defer far.Close()
				line := &tamper{change: disturb()}
				term := zvt.New(func(ctx context.Context) (io.ReadWriteCloser, error) {
					near, err := far.DialSerial(ctx)
					line.ReadWriteCloser = near
					return line, err
				}, zvt.Config{Transport: zvt.Serial}, slog.New(slog.DiscardHandler))
				defer term.Close()
				seen := 0
				slip, err := term.Purchase(t.Context(), fine, terminal.Watch{Seen: func(terminal.Approval) error { seen++; return nil }})
				if err != nil || seen != 1 || len(far.Books().Captures) != 1 || len(slip.Customer) != 5 || len(slip.Merchant) != 5 {
					t.Fatalf("Purchase = %v, seen %d, books %+v, slip %+v", err, seen, far.Books(), slip)
				}
			})
		})
	}
}

func TestBlockIsSentThreeTimesAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		line := &tamper{ReadWriteCloser: near, change: func(b []byte) []byte { return b }}
		go io.Copy(io.Discard, far)
		term := zvt.New(func(context.Context) (io.ReadWriteCloser, error) { return line, nil }, zvt.Config{Transport: zvt.Serial}, slog.New(slog.DiscardHandler))
		start := time.Now()
		if _, err := term.Last(t.Context()); device.Class(err) != device.ErrNotSent {
			t.Fatalf("Last = %v", err)
		}
		term.Close()
		if n := bytes.Count(line.sent.Bytes(), []byte{0x10, 0x02, 0x06, 0x00}); n != 3 || time.Since(start) != 15*time.Second {
			t.Fatalf("%d transmissions in %s", n, time.Since(start))
		}
	})
}

func TestNoCardNumberReachesTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		far := zvttest.New(zvttest.Config{})
		defer far.Close()
		term := zvt.New(far.Dial, zvt.Config{Password: "000000"}, slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
		defer term.Close()
		far.Next(zvttest.Order{Kind: zvttest.Decline})
		for range 2 {
			_, err := term.Purchase(t.Context(), fine, terminal.Watch{Seen: func(terminal.Approval) error { return nil }})
			if err != nil && !errors.Is(err, device.ErrRefused) {
				t.Fatal(err)
			}
		}
		if strings.Contains(out.String(), "4771") || !strings.Contains(out.String(), "4821-123") {
			t.Fatal(out.String())
		}
	})
}
