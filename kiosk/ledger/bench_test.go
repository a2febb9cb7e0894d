package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"selfpay/kiosk/payment"
)

// plainLog is the least that a durable record can cost: its bytes appended to a file, and one sync.
type plainLog struct{ file *os.File }

func newPlainLog(b *testing.B, folder string) plainLog {
	b.Helper()
	f, err := os.OpenFile(filepath.Join(folder, "plain.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	return plainLog{f}
}

func (l plainLog) append(record []byte) error {
	if _, err := l.file.Write(record); err != nil {
		return err
	}
	return unix.Fdatasync(int(l.file.Fd()))
}

// times are what one thing cost, again and again.
type times []time.Duration

func (t *times) of(b *testing.B, do func() error) {
	began := time.Now()
	if err := do(); err != nil {
		b.Fatal(err)
	}
	*t = append(*t, time.Since(began))
}

// quantile is the time that q of 100 stay below.
func (t times) quantile(q int) time.Duration {
	slices.Sort(t)
	return t[min(len(t)-1, len(t)*q/100)]
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// measure saves one payment, and after each event as many bytes in a plain log on the same disk.
func measure(b *testing.B, l *Ledger, plain plainLog, number int, events, records *times) {
	story := stories()[0]
	var p payment.Payment
	for i, e := range append([]payment.Event{story.intent()}, story.events...) {
		events.of(b, func() (err error) {
			if i == 0 {
				p, err = l.Intend(fmt.Sprintf("2001%010d", number), e.(payment.Intended))
			} else {
				p, err = l.Append(p.ID, e)
			}
			return err
		})
		data, err := json.Marshal(e)
		if err != nil {
			b.Fatal(err)
		}
		record := append(data, l.head...)
		records.of(b, func() error { return plain.append(record) })
	}
}

// BenchmarkAppend tells what an event costs in plain appends: ratio-p50.
func BenchmarkAppend(b *testing.B) {
	folder := b.TempDir()
	l, err := Open(folder, key)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	plain := newPlainLog(b, folder)
	var events, records times
	for number := 0; b.Loop(); number++ {
		measure(b, l, plain, number, &events, &records)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(events.quantile(50))/float64(records.quantile(50)), "ratio-p50")
	b.ReportMetric(micros(events.quantile(50)), "event-p50-µs")
	b.ReportMetric(micros(events.quantile(99)), "event-p99-µs")
	b.ReportMetric(micros(records.quantile(50)), "plain-p50-µs")
	b.ReportMetric(micros(records.quantile(99)), "plain-p99-µs")
}

// fill puts payments into a ledger up to a number, many in one transaction, by the same code but for that.
func fill(b *testing.B, l *Ledger, upTo int64) {
	b.Helper()
	var ended []story
	for l.newest < upTo {
		to := min(upTo, l.newest+1000)
		err := l.transaction(func() error {
			for l.newest < to {
				if l.newest%300 == 0 || ended == nil { // 300 payments a day
					ended = slices.DeleteFunc(storiesFrom(int(l.newest/300)*86400), func(s story) bool {
						return strings.Contains(s.name, "waits") || strings.Contains(s.name, "power cut")
					})
				}
				if err := fillOne(l, ended[int(l.newest)%len(ended)]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		l.tidy()
	}
	l.logged = l.engine.log
	l.tidy()
}

func fillOne(l *Ledger, s story) error {
	card := fmt.Sprintf("2001%010d", l.newest)
	sealed, wrapped, err := l.seal.seal(card)
	if err != nil {
		return err
	}
	who := &patron{sealed: sealed, wrapped: wrapped, hash: l.seal.hash(card)}
	intent := s.intent()
	intent.ID = payment.ID{Epoch: l.epoch, Number: l.newest + 1}
	var p payment.Payment
	for _, e := range append([]payment.Event{intent}, s.events...) {
		after, err := payment.Step(p, e)
		if err != nil {
			return err
		}
		c, err := l.change(p, after, e, who)
		if err == nil {
			err = l.saveRows(c)
		}
		if err != nil {
			return err
		}
		l.saved(c)
		p, who = after, nil
	}
	l.newest = p.ID.Number
	return nil
}

// BenchmarkPayment tells what an event costs in ledgers of some sizes, in plain appends, and what else grows.
func BenchmarkPayment(b *testing.B) {
	for _, size := range []int64{100, 10_000, 100_000} {
		b.Run(fmt.Sprintf("after=%d", size), func(b *testing.B) {
			folder := b.TempDir()
			l, err := Open(folder, key)
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			fill(b, l, size)
			plain := newPlainLog(b, folder)
			var events, records, lists times
			for b.Loop() {
				for range 50 {
					measure(b, l, plain, int(l.newest), &events, &records)
				}
			}
			for range 100 {
				lists.of(b, func() error { _, err := l.Unfinished(); return err })
				lists.of(b, func() error { _, err := l.OfPatron("20010000000007"); return err })
				lists.of(b, func() error { _, err := l.All(20); return err })
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(events.quantile(50))/float64(records.quantile(50)), "ratio-p50")
			b.ReportMetric(micros(events.quantile(50)), "event-p50-µs")
			b.ReportMetric(micros(lists.quantile(99)), "list-p99-µs")
		})
	}
}

// folderVariable tells a child process which ledger to open.
const folderVariable = "LEDGER_TEST_FOLDER"

// BenchmarkStart opens a ledger of many payments in a process of its own, and checks the whole of it there. After a kill
// a start reads some events more, at most as many as come between two moves of the log into the file.
func BenchmarkStart(b *testing.B) {
	for _, size := range []int64{100, 100_000} {
		folder := b.TempDir()
		l, err := Open(folder, key)
		if err != nil {
			b.Fatal(err)
		}
		fill(b, l, size)
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
		for _, deed := range []string{"open", "verify"} {
			b.Run(fmt.Sprintf("%s/payments=%d", deed, size), func(b *testing.B) {
				var opened, verified, resident, peak float64
				for b.Loop() {
					opened, verified, resident, peak = child(b, folder, deed)
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(opened, "open-ms")
				b.ReportMetric(resident/1024, "resident-MB")
				b.ReportMetric(peak/1024, "peak-MB")
				if deed == "verify" {
					b.ReportMetric(verified, "verify-ms")
				}
			})
		}
	}
}

func child(b *testing.B, folder, deed string) (opened, verified, resident, peak float64) {
	b.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestOfAChildProcess$", "-test.v")
	c.Env = append(os.Environ(), folderVariable+"="+folder, "LEDGER_TEST_DEED="+deed)
	out, err := c.CombinedOutput()
	if err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	_, line, _ := bytes.Cut(out, []byte("child:"))
	if n, err := fmt.Sscan(string(line), &opened, &verified, &resident, &peak); n != 4 {
		b.Fatalf("%v: %s", err, out)
	}
	return opened, verified, resident, peak
}

// TestOfAChildProcess is what other tests and BenchmarkStart run in a process of their own.
func TestOfAChildProcess(t *testing.T) {
	folder := os.Getenv(folderVariable)
	if folder == "" {
		t.Skip("only of use in a process of its own")
	}
	if os.Getenv("LEDGER_TEST_DEED") == "work" {
		work(t, folder)
	}
	if os.Getenv("LEDGER_TEST_DEED") == "try" {
		l, err := Open(folder, key)
		if err != nil {
			fmt.Println("child:", err)
			return
		}
		fmt.Println("child: opened")
		l.Close()
		return
	}
	began := time.Now()
	l := mustOpen(t, folder)
	opened, verified := time.Since(began), time.Duration(0)
	if os.Getenv("LEDGER_TEST_DEED") == "verify" {
		began := time.Now()
		if _, err := l.Verify(context.Background()); err != nil {
			t.Fatal(err)
		}
		verified = time.Since(began)
	}
	fmt.Printf("child: %f %f %d %d\n", micros(opened)/1000, micros(verified)/1000, processKB(t, "VmRSS:"), processKB(t, "VmHWM:"))
}

// processKB reads a figure of this process.
func processKB(t *testing.T, name string) (kb int) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), name)
	if _, err := fmt.Sscan(rest, &kb); err != nil {
		t.Fatal(err)
	}
	return kb
}
