package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"selfpay/cmd/kiosksim/surround"
	"selfpay/kiosk/payment"
)

// cardWait is how long a simulated patron takes to present the bank card.
const cardWait = 700 * time.Millisecond

// demoCommand shows three patrons: all well; the library link cut after the approval; kioskd killed between approval
// and posting. It ends well only if terminal, ledger and library agree to the cent and nothing waits.
type demoCommand struct {
	Kioskd   string `required:"" type:"path" help:"The program kioskd."`
	Kioskctl string `required:"" type:"path" help:"The program kioskctl."`
	ILS      string `default:"sip2" enum:"${routes}" help:"The route to the library system: ${enum}."`
	Mode     string `help:"The make of the library system. ${modes}."`
	Serial   bool   `help:"The terminal hangs on a serial line at 9600 baud instead of TCP."`
	Capture  string `type:"path" help:"Write what the terminal and the kiosk say over TCP into this file, for Wireshark: tshark -d tcp.port==20007,zvt."`
	Keep     string `type:"path" help:"Leave everything in this folder; else a temporary one is used and removed."`
}

// demo is one showing.
type demo struct {
	demoCommand
	dir      string
	around   *surround.Surround
	daemon   *daemon
	log      *os.File
	receipts int
}

func (c *demoCommand) Run(ctx context.Context) error {
	d := &demo{demoCommand: *c, dir: c.Keep}
	if d.dir == "" {
		dir, err := os.MkdirTemp("", "selfpay-demo-")
		if err != nil {
			return err
		}
		d.dir = dir
		defer os.RemoveAll(dir)
	}
	if err := d.show(ctx); err != nil {
		d.showLog()
		return err
	}
	return nil
}

func (d *demo) show(ctx context.Context) (err error) {
	d.around, err = surround.Start(d.dir, surround.Options{ILS: d.ILS, Mode: d.Mode, Serial: d.Serial, CardWait: cardWait, Capture: d.Capture})
	if err != nil {
		return err
	}
	defer d.around.Close()
	serving, stop := context.WithCancel(ctx)
	defer stop()
	go d.around.Serve(serving)
	if d.log, err = os.Create(filepath.Join(d.dir, "kioskd.log")); err != nil {
		return err
	}
	defer d.log.Close()
	if err := d.startDaemon(ctx); err != nil {
		return err
	}
	defer func() { d.daemon.stop() }()
	for _, step := range []func(context.Context) error{d.allWell, d.linkCut, d.killed, d.settle, d.compare} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) startDaemon(ctx context.Context) (err error) {
	if d.daemon, err = startDaemon(d.Kioskd, d.around.ConfigPath(), d.log); err != nil {
		return err
	}
	return d.daemon.waitReady(ctx, d.around.Health())
}

func title(text string) { fmt.Printf("\n== %s\n\n", text) }

func (d *demo) allWell(ctx context.Context) error {
	title("First patron: all is well")
	return d.patron(ctx, "20017000010001", "booked")
}

// linkCut cuts the line while the account reading that comes before the posting is held: after the approval.
func (d *demo) linkCut(ctx context.Context) error {
	title("Second patron: the line to the library is cut after the approval")
	if err := d.whenHeld(d.cut); err != nil {
		return err
	}
	if err := d.patron(ctx, "20017000010002", "follows"); err != nil {
		return err
	}
	fmt.Println("  -- waiting in the queue:")
	if _, err := d.ctl(ctx, "queue", "list"); err != nil {
		return err
	}
	if err := d.order("link", "ils", "restore"); err != nil {
		return err
	}
	fmt.Println("  -- the line is restored")
	return d.daemon.waitReady(ctx, d.around.Health())
}

func (d *demo) cut() {
	if err := d.order("link", "ils", "cut"); err != nil {
		fmt.Println("  --", err)
		return
	}
	fmt.Println("  -- the card is charged, and the line to the library is cut")
}

// killed holds the account reading that comes before the posting, and kills kioskd there: the card is charged, the
// library not told.
func (d *demo) killed(ctx context.Context) error {
	title("Third patron: kioskd is killed between the approval and the posting")
	if err := d.whenHeld(func() { d.killAndRestart(ctx) }); err != nil {
		return err
	}
	return d.patron(ctx, "20017000010003", "")
}

// whenHeld lets the library system hold the account reading that follows the next approval, and does something as soon
// as it does.
func (d *demo) whenHeld(do func()) error {
	if err := d.order("ils", "next", "hold"); err != nil {
		return err
	}
	go func() {
		if err := d.order("ils", "wait-held"); err != nil {
			fmt.Println("  --", err)
			return
		}
		do()
	}()
	return nil
}

func (d *demo) killAndRestart(ctx context.Context) {
	d.daemon.kill()
	fmt.Println("  -- kioskd is killed with SIGKILL; the card is charged, the library does not know")
	if err := d.startDaemon(ctx); err != nil {
		fmt.Println("  --", err)
		return
	}
	fmt.Println("  -- kioskd is started again")
}

// patron lets one patron pay. An empty outcome takes booked and follows.
func (d *demo) patron(ctx context.Context, card, outcome string) error {
	ctx, stop := context.WithTimeout(ctx, 2*time.Minute)
	defer stop()
	p := &patron{command: &patronCommand{URL: d.around.Screen(), Card: card, Pay: []string{"all"}, Wait: 2 * time.Minute},
		visit: visit{Card: card}}
	if err := p.visitKiosk(ctx); err != nil {
		return err
	}
	if p.visit.Outcome != outcome && (outcome != "" || !p.visit.Paid) {
		return fmt.Errorf("the visit ended as %q, not %q: %s", p.visit.Outcome, outcome, p.visit.Said)
	}
	return d.printReceipts()
}

// printReceipts shows the receipts that came out since the last time.
func (d *demo) printReceipts() error {
	receipts := d.around.Books().Receipts
	if len(receipts) == d.receipts {
		return errors.New("no receipt came out of the printer")
	}
	for _, r := range receipts[d.receipts:] {
		fmt.Println()
		lines := bufio.NewScanner(strings.NewReader(r))
		for lines.Scan() {
			fmt.Printf("    | %-42s |\n", lines.Text())
		}
	}
	d.receipts = len(receipts)
	return nil
}

func (d *demo) order(words ...string) error {
	_, err := surround.Send(d.dir, words...)
	return err
}

// ctl lets kioskctl print; it is part of what is shown.
func (d *demo) ctl(ctx context.Context, words ...string) (string, error) {
	cmd := exec.CommandContext(ctx, d.Kioskctl, append([]string{"--config", d.around.ConfigPath()}, words...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if len(words) > 0 && words[len(words)-1] != "--json" {
		for _, line := range strings.Split(strings.TrimRight(out.String(), "\n"), "\n") {
			fmt.Println("  ", line)
		}
	}
	return out.String(), err
}

// settle waits until nothing waits any more.
func (d *demo) settle(ctx context.Context) error {
	title("The queue")
	ctx, stop := context.WithTimeout(ctx, 2*time.Minute)
	defer stop()
	for {
		left, err := d.ctl(ctx, "queue", "list", "--json")
		if err != nil {
			return fmt.Errorf("kioskctl queue list: %w: %s", err, left)
		}
		if left == "" {
			_, err := d.ctl(ctx, "queue", "list")
			return err
		}
		select {
		case <-time.After(300 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("the queue does not become empty: %s", left)
		}
	}
}

// compare puts the three books side by side.
func (d *demo) compare(ctx context.Context) error {
	title("The three books")
	b := d.around.Books()
	printBooks(&b)
	fmt.Println("ledger:")
	if _, err := d.ctl(ctx, "report", "day", "--date", "all"); err != nil {
		return err
	}
	if _, err := d.ctl(ctx, "ledger", "verify"); err != nil {
		return err
	}
	text, err := d.ctl(ctx, "report", "day", "--date", "all", "--json")
	if err != nil {
		return err
	}
	var ledger payment.Books
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		var day struct {
			Books payment.Books `json:"books"`
		}
		if err := json.Unmarshal([]byte(line), &day); err != nil {
			return fmt.Errorf("kioskctl report day --json: %w", err)
		}
		ledger = ledger.Add(day.Books)
	}
	return agree(b, ledger)
}

// agree says whether terminal, ledger and library hold the same, payment by payment and to the cent.
func agree(b surround.Books, ledger payment.Books) error {
	charged, booked, byPayment := int64(0), int64(0), map[string]int64{}
	for _, c := range b.Captures {
		charged += c.AmountMinor
		byPayment[c.Reference] += c.AmountMinor
	}
	for _, p := range b.Postings {
		booked += p.AmountMinor
		byPayment[codeOf(p.Reference)] -= p.AmountMinor
	}
	for code, left := range byPayment {
		if left != 0 {
			return fmt.Errorf("payment %s: charged and booked differ by %s", code, decimal(left))
		}
	}
	if charged != booked || ledger.Captured != charged || ledger.Posted != booked || charged == 0 {
		return fmt.Errorf("the books differ: terminal %s, ledger captured %s and posted %s, library %s",
			decimal(charged), decimal(ledger.Captured), decimal(ledger.Posted), decimal(booked))
	}
	fmt.Printf("\nAll books agree: terminal %s = ledger %s = library %s\n", decimal(charged), decimal(ledger.Posted), decimal(booked))
	return nil
}

// codeOf turns the reference of a leg into the patron's code: 4821-000123-01 is of 4821-123.
func codeOf(reference string) string {
	var epoch, leg int
	var number int64
	if n, _ := fmt.Sscanf(reference, "%d-%d-%d", &epoch, &number, &leg); n != 3 {
		return reference
	}
	return payment.ID{Epoch: epoch, Number: number}.String()
}

func (d *demo) showLog() {
	text, err := os.ReadFile(filepath.Join(d.dir, "kioskd.log"))
	if err == nil && len(text) > 0 {
		fmt.Fprintf(os.Stderr, "\nThe daemon's log:\n%s\n", text[max(0, len(text)-8000):])
	}
}
