package cmd_test

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"selfpay/cmd/kiosksim/surround"
	"selfpay/device/money"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/web/browsertest"
)

var figures = flag.Bool("figures", false, "measure what a station costs, for some minutes")

// What a station should cost at the most.
const (
	mostStart  = 150 * time.Millisecond // to ready, with 10,000 payments in the ledger
	mostMemory = 40.0                   // MB resident, after 1,000 payments
	mostIdle   = 0.5                    // % of one core
	mostBinary = 20.0                   // MB
)

// TestFiguresOfAStation prints a table; make bench asks for it. Speed decides nothing here: it is told beside what it should be.
func TestFiguresOfAStation(t *testing.T) {
	if !*figures {
		t.Skip("make bench measures")
	}
	s := newStation(t, surround.Options{}, "partial = false", "partial = true")
	starts := s.startsWith(10_000)
	s.begin().ready()
	idle := s.idle(time.Minute)
	closePage := s.openPage()
	for i := range 1000 {
		s.patron([]string{"20017000010001", "20017000010002", "20017000010006", "20017000010008"}[i%4], "--part", "0.50")
	}
	resident := s.memory()
	closePage()
	for _, row := range []struct {
		what, is, most string
	}{
		{"start to ready, 10,000 payments in the ledger, median of 11", starts.Round(time.Millisecond / 10).String(), mostStart.String()},
		{"resident memory after 1,000 payments, the page open in a browser", fmt.Sprintf("%.1f MB", resident), fmt.Sprintf("%.0f MB", mostMemory)},
		{"processor when idle, of one core", fmt.Sprintf("%.2f %%", idle), fmt.Sprintf("%.1f %%", mostIdle)},
		{"kioskd as it is shipped, stripped", fmt.Sprintf("%.1f MB", shipped(t)), fmt.Sprintf("%.0f MB", mostBinary)},
	} {
		fmt.Printf("| %-64s | %-9s | at most %s |\n", row.what, row.is, row.most)
	}
}

// openPage lets Chromium show the page until close is called.
func (s *station) openPage() (close func()) {
	s.t.Helper()
	script := browsertest.Start(s.t, "watch.mjs", s.around.Screen())
	if said := (struct{ Open bool }{}); !script.Next(&said) || !said.Open {
		s.t.Fatal("the page does not open")
	}
	return script.End
}

// startsWith fills a ledger, and says how long kioskd takes from its start until it says that it is ready.
func (s *station) startsWith(payments int) time.Duration {
	s.t.Helper()
	memory, err := os.MkdirTemp("/dev/shm", "selfpay-figures-") // a disk that waits for nothing, only to fill it
	if err != nil {
		s.t.Fatal(err)
	}
	defer os.RemoveAll(memory)
	fill(s.t, memory, payments)
	state := filepath.Join(s.dir, "state")
	if err := errors.Join(os.RemoveAll(state), exec.Command("cp", "-r", memory, state).Run()); err != nil {
		s.t.Fatal(err)
	}
	var took []time.Duration
	for range 11 {
		took = append(took, s.untilReady())
		s.kioskd.Process.Signal(os.Interrupt)
		<-s.ended
	}
	slices.Sort(took)
	return took[len(took)/2]
}

// fill makes a ledger with payments that have ended.
func fill(t *testing.T, folder string, payments int) {
	t.Helper()
	key, err := ledger.LoadKey(filepath.Join(folder, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(folder, key)
	if err != nil {
		t.Fatal(err)
	}
	amount := money.Of(1250, "EUR")
	owed := payment.Reading{Total: amount, Fees: []payment.Balance{{Fee: "104", Minor: 1250}}}
	for i := range payments {
		head := payment.Head{At: payment.Stamp{Wall: time.Now(), Boot: "b", Mono: time.Duration(i+1) * time.Minute}}
		p, err := l.Intend(fmt.Sprintf("2001%010d", i), payment.Intended{Head: head, Amount: amount, Rules: payment.StandardRules(time.Minute, false),
			Legs: []payment.PlannedLeg{{Fee: "104", Amount: amount}}, Account: owed})
		for _, e := range []payment.Event{payment.Purchasing{Head: head}, payment.ApprovalSeen{Head: head, Approval: payment.Approval{Amount: amount}},
			payment.DialogueEnded{Head: head}, payment.AccountRead{Head: head, Leg: 1, Account: owed}, payment.Answered{Head: head, Leg: 1, Accepted: true}} {
			if err == nil {
				p, err = l.Append(p.ID, e)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// untilReady starts kioskd as systemd does and waits for its word.
func (s *station) untilReady() time.Duration {
	s.t.Helper()
	path := filepath.Join(s.dir, "notify")
	os.Remove(path)
	said, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		s.t.Fatal(err)
	}
	defer said.Close()
	said.SetReadDeadline(time.Now().Add(patience))
	begun := time.Now()
	s.begin("env", "NOTIFY_SOCKET="+path)
	for buffer := make([]byte, 4096); ; {
		n, err := said.Read(buffer)
		if err != nil {
			s.t.Fatal(err)
		}
		if strings.Contains(string(buffer[:n]), "READY=1") {
			return time.Since(begun)
		}
	}
}

// memory is what of kioskd is resident, in MB.
func (s *station) memory() float64 {
	s.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.kioskd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kB, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return kB * 1024 / 1e6
}

// idle is the share of one core that kioskd takes when nobody comes, in percent.
func (s *station) idle(during time.Duration) float64 {
	s.t.Helper()
	used := func() float64 {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.kioskd.Process.Pid))
		if err != nil {
			s.t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		user, _ := strconv.ParseFloat(fields[11], 64)
		system, _ := strconv.ParseFloat(fields[12], 64)
		return user + system // hundredths of a second, sysconf(_SC_CLK_TCK)
	}
	time.Sleep(5 * time.Second) // the start is over
	before := used()
	time.Sleep(during)
	return (used() - before) / 100 / during.Seconds() * 100
}

// shipped is the size of kioskd as packages for machines like this one have it, in MB.
func shipped(t *testing.T) float64 {
	t.Helper()
	arch := runtime.GOARCH
	if arch == "arm" {
		arch = "armhf"
	}
	if out, err := exec.Command("../packaging/build.sh", arch, "0.0", "0").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	info, err := os.Stat(filepath.Join("../bin", arch, "kioskd"))
	if err != nil {
		t.Fatal(err)
	}
	return float64(info.Size()) / 1e6
}
