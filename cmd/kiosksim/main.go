// Command kiosksim is everything around a self-pay station: library system, card terminal, receipt printer, scanner
// and patrons, each speaking its real wire protocol, with faults on order. It serves demonstration, training and
// tests; no money exists in it.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/willabides/kongplete"

	"selfpay/cmd/kiosksim/surround"
	"selfpay/cmd/manual"
	"selfpay/kiosk/release"
)

// Exit statuses.
const (
	exitNotWell = 1
	exitUsage   = 2
)

// errNotWell ends the program with status 1; what is wrong was printed already.
var errNotWell = errors.New("not well")

// errUsage is a call whose words are off.
type errUsage string

func (e errUsage) Error() string { return string(e) }

//go:embed manual.1
var more string

type arguments struct {
	Run     runCommand     `cmd:"" help:"Start a whole surrounding and stay."`
	Serve   serveCommand   `cmd:"" help:"Run one part alone."`
	ACS     acsCommand     `cmd:"" name:"acs" help:"Run a library system with SIP2 alone; the same as serve acs."`
	Polaris polarisCommand `cmd:"" help:"Run a Polaris alone; the same as serve polaris."`
	Aleph   alephCommand   `cmd:"" help:"Run an Aleph alone; the same as serve aleph."`
	Patron  patronCommand  `cmd:"" help:"Behave as a patron at the screen."`
	Demo    demoCommand    `cmd:"" help:"Show the main job, end to end, and compare all books."`
	Books   booksCommand   `cmd:"" help:"What the simulators hold."`
	Scan    scanCommand    `cmd:"" help:"Hold a label to the scanner."`
	Tell    orderCommand   `cmd:"" name:"terminal" help:"next approve|decline|cancel|silent|silent-charged|late|busy|drop-after BYTES; unacknowledged keep|reverse|decline."`
	ILS     ilsCommand     `cmd:"" name:"ils" help:"next refuse|silent|apply-silent|drop|foreign|duplicate|late|apply-late|booked-no|hold, with SIP2 also lost|garble|again, with HTTP error|redirect|sign-in, with Polaris expired|expired-at-payment|slow-database, with Aleph barred|let-in|portal|portal-gone; release; wait-held."`
	Link    linkCommand    `cmd:"" help:"ils|terminal cut|restore."`
	Paper   paperCommand   `cmd:"" help:"out|in."`
	Printer printerCommand `cmd:"" help:"unplug|plug."`
	Scanner scannerCommand `cmd:"" help:"unplug|plug."`
	Key     keyCommand     `cmd:"" help:"up|down|left|right|ok|erase|help|louder|quieter|curtain, or a digit; with run --voice."`
	Headset headsetCommand `cmd:"" help:"in|out; with run --voice."`

	Manual manual.Flag `hidden:"" help:"Print the manual page."`
}

func main() {
	var a arguments
	parser := kong.Must(&a, kong.Name("kiosksim"), kong.Description("Everything around a self-pay station, simulated."),
		kong.Vars{"modes": surround.Modes(), "routes": surround.Routes, "protocols": surround.Protocols},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Bind(manual.Page{Section: 1, Version: release.Text(), More: more}))
	kongplete.Complete(parser) // a shell that asks how a line may go on gets its answer, and the program ends
	parsed, err := parser.Parse(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "kiosksim: %v; see kiosksim --help\n", err)
		os.Exit(exitUsage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	parsed.BindTo(ctx, (*context.Context)(nil))
	err = parsed.Run()
	var usage errUsage
	switch {
	case err == nil:
		return
	case errors.As(err, &usage):
		fmt.Fprintln(os.Stderr, "kiosksim:", err)
		os.Exit(exitUsage)
	case !errors.Is(err, errNotWell):
		fmt.Fprintln(os.Stderr, "kiosksim:", err)
	}
	os.Exit(exitNotWell)
}

// place names a running surrounding.
type place struct {
	Dir string `required:"" type:"path" help:"The folder of the surrounding."`
}

// orderCommand sends its words as an order.
type orderCommand struct {
	place
	Words []string `arg:"" help:"The order."`
}

func (c *orderCommand) Run() error { return c.send("terminal") }

func (c *orderCommand) send(to string) error {
	_, err := surround.Send(c.Dir, append([]string{to}, c.Words...)...)
	return err
}

type ilsCommand struct{ orderCommand }

func (c *ilsCommand) Run() error { return c.send("ils") }

type linkCommand struct{ orderCommand }

func (c *linkCommand) Run() error { return c.send("link") }

type paperCommand struct{ orderCommand }

func (c *paperCommand) Run() error { return c.send("paper") }

type printerCommand struct{ orderCommand }

func (c *printerCommand) Run() error { return c.send("printer") }

type scannerCommand struct{ orderCommand }

func (c *scannerCommand) Run() error { return c.send("scanner") }

type keyCommand struct{ orderCommand }

func (c *keyCommand) Run() error { return c.send("key") }

type headsetCommand struct{ orderCommand }

func (c *headsetCommand) Run() error { return c.send("headset") }

type scanCommand struct {
	place
	Code string `arg:"" help:"The label."`
}

func (c *scanCommand) Run() error {
	_, err := surround.Send(c.Dir, "scan", c.Code)
	return err
}

type booksCommand struct {
	place
	JSON bool `name:"json" help:"Print one JSON document."`
}

func (c *booksCommand) Run() error {
	b, err := surround.Send(c.Dir, "books")
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(b)
	}
	printBooks(b)
	return nil
}

func printBooks(b *surround.Books) {
	fmt.Println("terminal, what stays charged:")
	for _, c := range b.Captures {
		fmt.Printf("  %-14s receipt %04d %8s\n", c.Reference, c.Receipt, decimal(c.AmountMinor))
	}
	for _, c := range b.Reversals {
		fmt.Printf("  %-14s receipt %04d %8s taken back\n", c.Reference, c.Receipt, decimal(c.AmountMinor))
	}
	fmt.Println("library, what is booked:")
	for _, p := range b.Postings {
		fmt.Printf("  %-16s card %s fee %-5s %8s\n", p.Reference, p.Card, p.Fee, decimal(p.AmountMinor))
	}
}

// decimal writes cents with a point.
func decimal(minor int64) string { return fmt.Sprintf("%d.%02d", minor/100, minor%100) }

// runCommand starts a surrounding.
type runCommand struct {
	place
	ILS      string `default:"sip2" enum:"${routes}" help:"The route to the library system: ${enum}."`
	Mode     string `help:"The make of the library system, or its bad manners. ${modes}."`
	Terminal string `default:"zvt" enum:"${protocols}" help:"What the card terminal speaks: ${enum}."`
	Serial   bool   `help:"The terminal hangs on a serial line, a pty, instead of TCP."`
	Voice    bool   `help:"The kiosk has a keypad and a headset; the orders key and headset press and plug them."`
	NeedPIN  bool   `name:"need-pin" help:"The library system books nothing without the PIN of a patron who has one."`
	Capture  string `type:"path" help:"Write what a ZVT terminal and the kiosk say over TCP into this file, for Wireshark: tshark -d tcp.port==20007,zvt. Card numbers in it are masked."`
	Kioskd   string `type:"path" help:"Also start this kioskd with the configuration written."`
}

func (c *runCommand) Run(ctx context.Context) error {
	s, err := surround.Start(c.Dir, surround.Options{ILS: c.ILS, Mode: c.Mode, Terminal: c.Terminal, Serial: c.Serial, Voice: c.Voice, CardWait: cardWait, NeedPIN: c.NeedPIN, Capture: c.Capture,
		Display: func(text string) { fmt.Println("terminal       ", text) }})
	if err != nil {
		return err
	}
	defer s.Close()
	fmt.Printf("configuration  %s\nscreen         %s\nhealth         %s\norders         kiosksim ORDER --dir %s\n",
		s.ConfigPath(), s.Screen(), s.Health(), c.Dir)
	fmt.Println("cards          20017000010001 to 20017000010008 owe fees; kiosksim scan 20017000010001 --dir", c.Dir)
	if c.Kioskd != "" {
		daemon, err := startDaemon(c.Kioskd, s.ConfigPath(), os.Stderr)
		if err != nil {
			return err
		}
		defer daemon.stop()
	}
	return s.Serve(ctx)
}

// serveCommand is a simulator alone.
type serveCommand struct {
	Part     string `arg:"" enum:"acs,polaris,aleph,terminal,printer,scanner" help:"The part: ${enum}."`
	Listen   string `required:"" help:"Where: host:port; a path for the scanner's serial line."`
	Terminal string `default:"zvt" enum:"${protocols}" help:"What a card terminal speaks: ${enum}."`
	manners
}

func (c *serveCommand) Run(ctx context.Context) error {
	return c.serve(ctx, surround.Part{Name: c.Part, Address: c.Listen, Protocol: c.Terminal})
}

// manners are what a library system alone is like.
type manners struct {
	Mode  string `help:"The make of the library system, or its bad manners. ${modes}."`
	HTTPS string `name:"https" type:"existingdir" placeholder:"DIR" help:"Answer https, and write the certificate to DIR/ca.pem."`
}

func (m manners) serve(ctx context.Context, p surround.Part) error {
	p.Mode, p.HTTPS = m.Mode, m.HTTPS
	fmt.Println(p.Name, "on", p.Address)
	if needed := p.Needed(); needed != "" {
		fmt.Printf("a kiosk needs in [ils]:\n%s\n", needed)
	}
	return p.Serve(ctx)
}

type acsCommand struct {
	Listen string `default:"127.0.0.1:6001" help:"Where: host:port."`
	manners
}

func (c *acsCommand) Run(ctx context.Context) error {
	return c.serve(ctx, surround.Part{Name: "acs", Address: c.Listen})
}

type polarisCommand struct {
	Listen string `default:"127.0.0.1:8443" help:"Where: host:port."`
	manners
}

func (c *polarisCommand) Run(ctx context.Context) error {
	return c.serve(ctx, surround.Part{Name: "polaris", Address: c.Listen})
}

type alephCommand struct {
	Listen string `default:"127.0.0.1:1892" help:"Where: host:port."`
	manners
}

func (c *alephCommand) Run(ctx context.Context) error {
	return c.serve(ctx, surround.Part{Name: "aleph", Address: c.Listen})
}
