package client_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"selfpay/sip"
	"selfpay/sip/acs"
	"selfpay/sip/client"
	"selfpay/sip/wire"
)

// answering is a far end that says to each line what say makes of it; "" is silence. It reads on while it writes, as
// the buffers of a real connection let it.
func answering(say func(line string) string) client.Dial {
	return func(context.Context) (net.Conn, error) {
		near, far := net.Pipe()
		answers := make(chan string, 64)
		go func() {
			for answer := range answers {
				if answer != "" {
					_, _ = far.Write([]byte(answer)) // the unit may have gone
				}
			}
		}()
		go func() {
			defer close(answers)
			defer far.Close()
			var d wire.Decoder
			buffer := make([]byte, 512)
			for {
				n, err := far.Read(buffer)
				if err != nil {
					return
				}
				d.Feed(buffer[:n])
				for line, more, _ := d.Next(); more; line, more, _ = d.Next() {
					answers <- say(string(line))
				}
			}
		}()
		return near, nil
	}
}

// status98 is an ACS Status that answers a 99.
func status98(line string) string {
	number := line[strings.LastIndex(line, "AY")+2:][:1]
	return summed("98YYYYYN010003"+strings.Repeat(" ", 18)+"2.00AOCPL|BXYYYYYYYYYYYYYYYY|AY"+number+"AZ") + "\r"
}

// A library system that takes the LF of CR LF for a message answers it with a 96 of its own. It says nothing about the 37
// that was sent in the meantime, and executed.
func TestA96ThatAnswersAnEarlierLineIsNoEvidence(t *testing.T) {
	deeds := map[string]func(context.Context, *client.Client) error{
		"37": func(ctx context.Context, u *client.Client) error {
			_, err := u.FeePaid(ctx, feePaid("4821-1-01"))
			return err
		},
		"15": func(ctx context.Context, u *client.Client) error {
			_, err := u.Hold(ctx, sip.Hold{Mode: sip.HoldAdd, Patron: "P1001", Item: "I1"})
			return err
		},
	}
	for code, do := range deeds {
		for _, retries := range []int{2, -1} {
			synctest.Test(t, func(t *testing.T) {
				executed := 0
				u := client.New(client.Config{Retries: retries, Dial: answering(func(line string) string {
					switch line[:2] {
					case "99":
						return status98(line) + "96AZFEF6\r"
					case "37":
						executed++
						return summed("38"+at+"AAP1001|BK4821-1-01|AY1AZ") + "\r"
					}
					executed++
					return summed("161N20240501    101530AOCPL|AAP1001|AY1AZ") + "\r"
				})})
				defer u.Close()
				err := do(t.Context(), u)
				synctest.Wait()
				if !errors.Is(err, sip.ErrDoubt) || errors.Is(err, sip.ErrNotSent) {
					t.Errorf("%s, %d retries: %v", code, retries, err)
				}
				if executed != 1 {
					t.Errorf("%s, %d retries: executed %d times", code, retries, executed)
				}
			})
		}
	}
}

func TestAfter96TheSameFrameIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var frames []string
		u := client.New(client.Config{Dial: answering(func(line string) string {
			if line[:2] == "99" {
				return status98(line)
			}
			if frames = append(frames, line); len(frames) < 3 {
				return "96AZFEF6\r"
			}
			return summed("38"+at+"AAP1001|BK4821-1-01|AY1AZ") + "\r"
		})})
		defer u.Close()
		if _, err := u.FeePaid(t.Context(), feePaid("4821-1-01")); err != nil {
			t.Error(err)
		}
		if len(frames) != 3 || frames[0] != frames[1] || frames[1] != frames[2] || !strings.Contains(frames[0], "|AY1AZ") {
			t.Errorf("%q", frames)
		}
	})
}

func TestARequestForTheLastAnswerHasNoSequenceNumber(t *testing.T) {
	for detection, want := range map[client.ErrorDetection]string{client.Detect: "97AZFEF5", client.Strict: "97AZFEF5", client.NoDetection: "97"} {
		synctest.Test(t, func(t *testing.T) {
			asked := ""
			u := client.New(client.Config{ErrorDetection: detection, Dial: answering(func(line string) string {
				switch {
				case line[:2] == "97":
					asked = line
				case line[:2] == "99" && detection == client.NoDetection:
					return "98YYYYYN010003" + strings.Repeat(" ", 18) + "2.00AOCPL|BXYYYYYYYYYYYYYYYY|\r"
				case line[:2] == "99":
					return status98(line)
				}
				return ""
			})})
			defer u.Close()
			_, err := u.FeePaid(t.Context(), feePaid("4821-1-01"))
			synctest.Wait()
			if !errors.Is(err, sip.ErrDoubt) || asked != want {
				t.Errorf("asked by %q, want %q: %v", asked, want, err)
			}
		})
	}
}

func TestOneRequestIsOutstandingAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var outstanding, most atomic.Int32
		u := client.New(client.Config{Dial: func(context.Context) (net.Conn, error) {
			near, far := net.Pipe()
			go func() {
				defer far.Close()
				for lines := bufio.NewReader(far); ; {
					line, err := lines.ReadString('\r')
					if err != nil {
						return
					}
					most.Store(max(most.Load(), outstanding.Add(1)))
					time.AfterFunc(time.Second, func() { // whoever does not wait is heard in the meantime
						answer := status98(line)
						if line[:2] == "35" {
							answer = summed("36Y20240501    101530AOCPL|AAP1001|"+line[len(line)-10:len(line)-5]) + "\r"
						}
						outstanding.Add(-1)
						_, _ = far.Write([]byte(answer)) // the unit may have gone
					})
				}
			}()
			return near, nil
		}})
		defer u.Close()
		var units sync.WaitGroup
		for range 5 {
			units.Go(func() {
				if _, err := u.EndPatronSession(t.Context(), sip.EndPatronSession{Patron: "P1001"}); err != nil {
					t.Error(err)
				}
			})
		}
		units.Wait()
		if most.Load() != 1 {
			t.Errorf("%d requests were outstanding at a time", most.Load())
		}
	})
}

func TestAnswersMayComeInAnyPieces(t *testing.T) {
	for name, change := range map[string]func(*acs.Config){
		"CR LF":                         func(c *acs.Config) { c.Format.Terminator = "\r\n" },
		"CR alone":                      func(c *acs.Config) { c.Format.Terminator = "\r" },
		"empty lines between":           func(c *acs.Config) { c.Format.Terminator = "\r\n\r\n\r" },
		"the LF with the next answer":   func(c *acs.Config) { c.Mode = acs.LF },
		"one byte per segment":          func(c *acs.Config) { c.Mode = acs.Split },
		"one byte per segment, CR LF":   func(c *acs.Config) { c.Mode, c.Format.Terminator = acs.Split, "\r\n" },
		"several answers in one":        func(c *acs.Config) { c.Mode = acs.Joined },
		"an answer of the longest list": func(c *acs.Config) { c.Patrons[0].Name = strings.Repeat("x", 100_000) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := library(t, change)
				u := unit(t, s, nil)
				for i := range 3 {
					if r, err := u.PatronInformation(t.Context(), sip.PatronInformation{Patron: "P1001", List: sip.FineItems}); err != nil || r.Valid != sip.AnswerYes {
						t.Fatal(err)
					}
					p := feePaid(fmt.Sprintf("4821-%d-01", i))
					p.Amount, p.Fee = "1.00", ""
					if _, err := u.FeePaid(t.Context(), p); err != nil {
						t.Fatal(err)
					}
				}
				if got := strings.Join(s.Requests(), " "); got != "93 99 63 99 37 63 99 37 63 99 37" {
					t.Errorf("requests: %s", got)
				}
			})
		})
	}
}

func TestAUnitMayEndItsMessagesWithCRLF(t *testing.T) {
	for _, mode := range []acs.Mode{acs.Koha, acs.Generic, acs.Split} {
		synctest.Test(t, func(t *testing.T) {
			s := library(t, func(c *acs.Config) { c.Mode = mode })
			u := unit(t, s, func(c *client.Config) { c.Format.Terminator = "\r\n" })
			p := feePaid("4821-1-01")
			p.Fee = ""
			if _, err := u.FeePaid(t.Context(), p); err != nil {
				t.Errorf("%s: %v", mode, err)
			}
			if got := strings.Join(s.Requests(), " "); got != "93 99 37" {
				t.Errorf("%s: requests: %s", mode, got)
			}
		})
	}
}

func TestEveryQuestionIsRepeatedOnANewConnection(t *testing.T) {
	for code, ask := range map[string]func(context.Context, *client.Client) error{
		"99": func(ctx context.Context, u *client.Client) error { _, err := u.Status(ctx); return err },
		"63": func(ctx context.Context, u *client.Client) error {
			_, err := u.PatronInformation(ctx, sip.PatronInformation{Patron: "P1001"})
			return err
		},
		"23": func(ctx context.Context, u *client.Client) error {
			_, err := u.PatronStatus(ctx, sip.PatronStatusRequest{Patron: "P1001"})
			return err
		},
		"17": func(ctx context.Context, u *client.Client) error {
			_, err := u.ItemInformation(ctx, sip.ItemInformation{Item: "I1"})
			return err
		},
		"35": func(ctx context.Context, u *client.Client) error {
			_, err := u.EndPatronSession(ctx, sip.EndPatronSession{Patron: "P1001"})
			return err
		},
	} {
		t.Run(code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := library(t, func(c *acs.Config) { c.Items = []acs.Item{{ID: "I1"}} })
				u := unit(t, s, nil)
				if _, err := u.Status(t.Context()); err != nil {
					t.Fatal(err)
				}
				s.Cut()
				s.Restore()
				if err := ask(t.Context(), u); err != nil {
					t.Error(err)
				}
				if got := strings.Join(s.Requests(), " "); got != "93 99 99 93 99 "+code {
					t.Errorf("requests: %s", got)
				}
			})
		})
	}
}

// What was cut and then closed in good order might be executed.
func TestAPartlyWrittenRequestIsResetAndNotClosed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			ended <- err
			return
		}
		defer conn.Close()
		buffer := make([]byte, 4096)
		n, err := conn.Read(buffer)
		if err == nil {
			_, err = conn.Write([]byte(status98(string(buffer[:n]))))
		}
		if err == nil {
			_, err = conn.Read(buffer[:20]) // the beginning of a 37 that is longer than what lies between us
		}
		cancel()
		for err == nil {
			n, err = conn.Read(buffer)
			if n > 0 && buffer[n-1] == '\r' {
				err = errors.New("the message came whole")
			}
		}
		ended <- err
	}()
	u := client.New(client.Config{Dial: func(ctx context.Context) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
		if err == nil {
			err = conn.(*net.TCPConn).SetWriteBuffer(4096)
		}
		return conn, err
	}, Format: wire.Format{Limit: 64 << 20}})
	defer u.Close()
	p := feePaid("4821-1-01")
	p.Fields = []wire.Field{{ID: "ZZ", Value: strings.Repeat("x", 32<<20)}}
	if _, err := u.FeePaid(ctx, p); !errors.Is(err, sip.ErrDoubt) {
		t.Errorf("FeePaid = %v", err)
	}
	if err := <-ended; !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the library saw %v", err)
	}
}

func TestAnInstitutionThatCannotBeWrittenIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := library(t, func(c *acs.Config) { c.Institution, c.Format.Charset = "Bücherei", wire.Latin1 })
		for charset, want := range map[wire.Charset]error{wire.Latin1: nil, wire.UTF8: client.ErrInstitution, wire.ASCII: client.ErrInstitution} {
			u := unit(t, s, func(c *client.Config) { c.Format.Charset = charset })
			_, err := u.PatronInformation(t.Context(), sip.PatronInformation{Patron: "P1001"})
			if !errors.Is(err, want) || err != nil && !errors.Is(err, sip.ErrNotSent) {
				t.Errorf("%s: %v", charset, err)
			}
		}
		u := unit(t, s, func(c *client.Config) { c.Format.Charset, c.Institution = wire.ASCII, "CPL" })
		if _, err := u.PatronInformation(t.Context(), sip.PatronInformation{Patron: "P1001"}); err != nil {
			t.Errorf("with one of the site's own: %v", err)
		}
	})
}

func TestAnAnswerWithoutAnEndIsGivenUpAtTheLimit(t *testing.T) {
	for _, piece := range []string{"x", "AF|", "\n"} {
		synctest.Test(t, func(t *testing.T) {
			taken := 0
			u := client.New(client.Config{Limit: 10_000, Dial: func(context.Context) (net.Conn, error) {
				near, far := net.Pipe()
				go func() {
					defer far.Close()
					buffer := make([]byte, 512)
					n, err := far.Read(buffer)
					if err == nil {
						_, err = far.Write([]byte(status98(string(buffer[:n-1]))))
					}
					if err == nil {
						_, err = far.Read(buffer)
					}
					for err == nil && taken < 1<<20 {
						n, err = far.Write([]byte(strings.Repeat(piece, 100)))
						taken += n
					}
				}()
				return near, nil
			}})
			defer u.Close()
			if _, err := u.FeePaid(t.Context(), feePaid("4821-1-01")); !errors.Is(err, sip.ErrDoubt) {
				t.Errorf("%q: %v", piece, err)
			}
			synctest.Wait()
			if nothing := piece == "\n"; taken > 20_000 && !nothing {
				t.Errorf("%q: %d bytes were taken with a limit of 10000", piece, taken)
			}
		})
	}
}

// On a new connection the last answer is that to the login, and says nothing about a payment.
func TestTheLastAnswerIsAskedForOnTheSameConnectionOnly(t *testing.T) {
	for fault, want := range map[acs.Fault]string{acs.Lost: "93 99 37 97 93 99 99", acs.Drop: "93 99 37 93 99 99"} {
		synctest.Test(t, func(t *testing.T) {
			s := library(t, nil)
			u := unit(t, s, nil)
			if err := s.Next(fault); err != nil {
				t.Fatal(err)
			}
			_, _ = u.FeePaid(t.Context(), feePaid("4821-1-01")) // accepted or in doubt
			if _, err := u.Status(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(s.Requests(), " "); got != want {
				t.Errorf("%s: requests %s, want %s", fault, got, want)
			}
		})
	}
}

func TestTheLastAnswerIsNotAskedForWhereThatIsOfNoUse(t *testing.T) {
	for _, fault := range []acs.Fault{acs.Lost, acs.Garble} {
		synctest.Test(t, func(t *testing.T) {
			s := library(t, nil)
			u := unit(t, s, func(c *client.Config) { c.NoResend = true })
			if err := s.Next(fault); err != nil {
				t.Fatal(err)
			}
			if _, err := u.FeePaid(t.Context(), feePaid("4821-1-01")); !errors.Is(err, sip.ErrDoubt) {
				t.Errorf("%s: FeePaid = %v", fault, err)
			}
			if got := strings.Join(s.Requests(), " "); got != "93 99 37" {
				t.Errorf("%s: requests %s", fault, got)
			}
		})
	}
}

func TestALibraryThatKeepsSilentIsNotAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u, requests := scripted(t, nil)
		began := time.Now()
		if _, err := u.PatronStatus(t.Context(), sip.PatronStatusRequest{Patron: "P1001"}); !errors.Is(err, sip.ErrNotSent) || !errors.Is(err, client.ErrSilent) {
			t.Errorf("PatronStatus = %v", err)
		}
		if got := strings.Join(requests(), " "); got != "99 23" || time.Since(began) != 15*time.Second {
			t.Errorf("requests %s in %v", got, time.Since(began))
		}
	})
}
