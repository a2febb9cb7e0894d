package ledger

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"selfpay/kiosk/payment"
)

// The process that saves events is killed right after one of them was acknowledged, again and again in one ledger.
func TestAKilledProcessLosesNoAcknowledgedEvent(t *testing.T) {
	folder := t.TempDir()
	var acknowledged int64
	for _, after := range []int64{1, 40, 3, 230, 11} {
		acknowledged = workAndDie(t, folder, after)
		l := mustOpen(t, folder)
		if v, err := l.Verify(context.Background()); err != nil || v.Events < acknowledged {
			t.Fatalf("%d events acknowledged, %d found, %v", acknowledged, v.Events, err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if acknowledged < 200 {
		t.Errorf("only %d events were saved", acknowledged)
	}
}

// workAndDie lets another process save events and kills it after so many; it returns the number of the last that was
// acknowledged.
func workAndDie(t *testing.T, folder string, after int64) (last int64) {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestOfAChildProcess$", "-test.v")
	c.Env = append(os.Environ(), folderVariable+"="+folder, "LEDGER_TEST_DEED=work")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for count := int64(0); count < after && lines.Scan(); {
		if n, _ := fmt.Sscanf(lines.Text(), "child: saved %d", &last); n == 1 {
			count++
		}
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // what it still said before it died
		_, _ = fmt.Sscanf(lines.Text(), "child: saved %d", &last)
	}
	if err := c.Wait(); err == nil || last == 0 {
		t.Fatalf("%v, last event %d", err, last)
	}
	return last
}

// work saves payments until the process is killed.
func work(t *testing.T, folder string) {
	l := mustOpen(t, folder)
	for {
		for i, s := range stories() {
			if err := s.tell(l, fmt.Sprintf("2001%010d", i), func(payment.Payment) { fmt.Println("child: saved", l.last) }); err != nil {
				t.Fatal(err)
			}
		}
	}
}
