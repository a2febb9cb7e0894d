// Command kioskctl is the technician's and the desk's tool. It asks the daemon on its socket; when the daemon is down,
// what can be read is read from the ledger itself.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/willabides/kongplete"

	"selfpay/cmd/manual"
	"selfpay/cmd/parts"
	"selfpay/kiosk/config"
	"selfpay/kiosk/control"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/release"
)

// Exit statuses.
const (
	exitNotWell = 1
	exitUsage   = 2
	exitConfig  = 78
)

// These end the program with their status; what is wrong was printed already.
var (
	errNotWell = errors.New("not well")
	errConfig  = errors.New("wrong configuration")
)

// errUsage is a call whose words are off.
type errUsage string

func (e errUsage) Error() string { return string(e) }

//go:embed manual.8
var more string

type arguments struct {
	Config string `default:"/etc/kiosk/kiosk.toml" type:"path" help:"The kiosk's configuration."`
	JSON   bool   `name:"json" help:"Print one JSON document per line."`

	Manual manual.Flag `hidden:"" help:"Print the manual page."`

	Version kong.VersionFlag `help:"Print the version and end."`

	Status  statusCommand  `cmd:"" help:"How the station is now."`
	Queue   queueCommand   `cmd:"" help:"Payments and legs that have not ended."`
	Case    caseCommand    `cmd:"" help:"Open cases, which a person must decide."`
	Refund  refundCommand  `cmd:"" help:"Refunds that are due at the desk."`
	Report  reportCommand  `cmd:"" help:"The books of a day."`
	Ledger  ledgerCommand  `cmd:"" help:"The record of money."`
	Privacy privacyCommand `cmd:"" help:"What the station holds of a patron."`
	Conf    configCommand  `cmd:"" name:"config" help:"The configuration."`
	Doctor  doctorCommand  `cmd:"" help:"Look for what is wrong, and say how to mend it."`
	Decode  decodeCommand  `cmd:"" help:"Explain bytes of a protocol."`
	Trace   traceCommand   `cmd:"" help:"Show what is said on a device's line."`
	ILS     ilsCommand     `cmd:"" name:"ils" help:"Ask the library system itself, with or without a running kiosk."`

	Setup    setupCommand    `cmd:"" help:"Ask the few questions that a station needs answered, try each answer, and write the configuration."`
	Devices  devicesCommand  `cmd:"" help:"Which devices are there, since when, and why not."`
	Bundle   supportCommand  `cmd:"" help:"Pack logs, findings and the configuration without secrets, for whoever helps from afar."`
	SelfTest selfTestCommand `cmd:"" name:"self-test" help:"Try the devices; no payment is made."`
	Terminal terminalCommand `cmd:"" help:"The card terminal."`
	Printer  printerCommand  `cmd:"" help:"The receipt printer."`
	Receipt  receiptCommand  `cmd:"" help:"The patron's receipt."`
	Tamper   tamperCommand   `cmd:"" help:"The enclosure's switch."`
	Update   updateCommand   `cmd:"" help:"New releases of the software."`

	ServiceCode serviceCodeCommand `cmd:"" name:"service-code" help:"Codes by which technicians open the service menu on the screen."`

	Maintenance maintenanceCommand `cmd:"" help:"Take the station out of service while somebody works on it."`
}

func main() {
	var a arguments
	parser := kong.Must(&a, kong.Name("kioskctl"), kong.Description("The technician's and the desk's tool of a self-pay station."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}), kong.Vars{"version": release.Text()},
		kong.Bind(manual.Page{Section: 8, Version: release.Text(), More: more}))
	kongplete.Complete(parser) // a shell that asks how a line may go on gets its answer, and the program ends
	parsed, err := parser.Parse(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "kioskctl: %v; see kioskctl --help\n", err)
		os.Exit(exitUsage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	parsed.BindTo(ctx, (*context.Context)(nil))
	parsed.Bind(&a, &a.Update)
	err = parsed.Run(&tool{config: a.Config, json: a.JSON, out: os.Stdout})
	os.Exit(exitStatus(err))
}

func exitStatus(err error) int {
	var mistakes *config.Mistakes
	var usage errUsage
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errNotWell):
		return exitNotWell
	case errors.Is(err, errConfig):
		return exitConfig
	case errors.As(err, &usage):
		fmt.Fprintln(os.Stderr, "kioskctl:", err)
		return exitUsage
	case errors.As(err, &mistakes):
		fmt.Fprintln(os.Stderr, err)
		return exitConfig
	}
	fmt.Fprintln(os.Stderr, "kioskctl:", err)
	return exitNotWell
}

// tool is what all commands share.
type tool struct {
	config string
	json   bool
	out    io.Writer
}

// document prints one JSON document on a line.
func (t *tool) document(d any) error { return json.NewEncoder(t.out).Encode(d) }

func (t *tool) say(format string, a ...any) { fmt.Fprintf(t.out, format+"\n", a...) }

func (t *tool) load() (config.Config, error) {
	return config.Load(t.config, parts.Checks...)
}

func (t *tool) client() (*control.Client, error) {
	c, err := t.load()
	if err != nil {
		return nil, err
	}
	return control.NewClient(c.Kiosk.Socket), nil
}

// read asks the daemon; when it is down, offline reads from the ledger, whose lock is then taken.
func (t *tool) read(ctx context.Context, path string, found any, offline func(*ledger.Ledger) error) error {
	return t.ask(func(c *control.Client) error { return c.Get(ctx, path, found) }, offline)
}

// ask lets online ask the daemon, and offline read the ledger when the daemon is down.
func (t *tool) ask(online func(*control.Client) error, offline func(*ledger.Ledger) error) error {
	c, err := t.load()
	if err != nil {
		return err
	}
	err = online(control.NewClient(c.Kiosk.Socket))
	if !errors.Is(err, control.ErrDaemonDown) {
		return err
	}
	return t.offline(c, offline)
}

// offline opens the ledger without the daemon. It makes none where there is none.
func (t *tool) offline(c config.Config, do func(*ledger.Ledger) error) error {
	return t.offlineWith(c, nil, do)
}

func (t *tool) offlineWith(c config.Config, key []byte, do func(*ledger.Ledger) error) error {
	if _, err := os.Stat(filepath.Join(c.Kiosk.State, ledger.FileName)); err != nil {
		return fmt.Errorf("kioskd is down and its ledger cannot be read: %w", err)
	}
	l, err := ledger.Open(c.Kiosk.State, key)
	if err != nil {
		return err
	}
	return errors.Join(do(l), l.Close())
}
