// Package surround composes the far ends of all cables into a whole surrounding for one kiosk: library system, card
// terminal, receipt printer and scanner, on free loopback ports and ptys, with real wire protocols. It takes orders on
// a socket and shows its books, which are what the simulators hold, not what the kiosk believes.
package surround

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"text/template"
	"time"

	"selfpay/drivers/escpos/escpostest"
	"selfpay/drivers/scanline/scanlinetest"
	"selfpay/sip/certtest"
)

// SocketName is the socket for orders in the surrounding's folder.
const SocketName = "sim.sock"

// ConfigName is the kiosk's configuration in the surrounding's folder.
const ConfigName = "kiosk.toml"

// Options say what the surrounding is like.
type Options struct {
	ILS       string        // the route to the library system, one of Routes; empty: sip2
	Mode      string        // of the library system, see Modes; empty: the route's usual one
	Terminal  string        // what the terminal speaks, one of Protocols; empty: zvt
	Serial    bool          // the terminal hangs on a serial line, a pty, instead of TCP
	CardWait  time.Duration // how long a patron takes to present the bank card
	Display   func(string)  // is shown what stands on the terminal's display; nil: nobody
	OpenPAN   string        // a card number that the terminal sends in full, as it never should; empty: masked
	Plain     bool          // a library system that wants https takes http too
	Approved  func()        // called when the terminal has charged a card; nil: nobody is told
	Voice     bool          // the kiosk has a keypad and a headset, on serial lines
	NeedPIN   bool          // the library system books nothing without the PIN of a patron who has one
	FeesTimes int64         // every fee is so many times as high as usual; 0: once
	Capture   string        // a file for Wireshark and tshark that gets what a ZVT terminal and the kiosk say over TCP; empty: none
}

func (o Options) filled() Options {
	if o.ILS == "" {
		o.ILS = "sip2"
	}
	if o.Mode == "" {
		o.Mode = routes[o.ILS].standard
	}
	if o.Terminal == "" {
		o.Terminal = "zvt"
	}
	if o.FeesTimes == 0 {
		o.FeesTimes = 1
	}
	return o
}

// Surround is one running surrounding.
type Surround struct {
	options  Options
	dir      string
	library  library
	terminal cardTerminal
	printer  *escpostest.Printer
	scanner  *scanlinetest.Scanner
	keypad   *os.File // the far ends of the lines; nil where there are none
	headset  *os.File
	orders   net.Listener
	closers  []io.Closer
	holdNext atomic.Bool // hold the account reading that follows the next approval
	serving  sync.WaitGroup

	places places
}

// places is where everything is, for the kiosk's configuration.
type places struct {
	Dir, ILS, Profile, Library, Protocol, Terminal, Printer, Scanner, Screen, Health string
	Keypad, Headset                                                                  string // empty: there are none
	NeedPIN                                                                          bool
}

// Start builds the surrounding in dir and writes the kiosk's configuration there.
func Start(dir string, o Options) (*Surround, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	o = o.filled()
	s := &Surround{options: o, dir: dir, places: places{Dir: dir, ILS: o.ILS, Protocol: o.Terminal, Profile: profileFor(o), NeedPIN: o.NeedPIN}}
	for _, part := range []func() error{s.openSocket, s.startLibrary, s.startTerminal, s.startPrinter, s.startScanner, s.startVoice, s.choosePorts, s.writeConfig} {
		if err := part(); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// Close ends everything.
func (s *Surround) Close() error {
	var all error
	for _, c := range s.closers {
		if err := c.Close(); !errors.Is(err, net.ErrClosed) {
			all = errors.Join(all, err)
		}
	}
	if s.printer != nil {
		s.printer.Unplug()
	}
	s.serving.Wait()
	return all
}

// listen opens a free loopback port that serve answers until Close.
func (s *Surround) listen(serve func(net.Listener) error) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	s.closers = append(s.closers, l)
	s.serving.Go(func() { serve(l) })
	return l.Addr().String(), nil
}

func (s *Surround) startPrinter() error {
	s.printer = escpostest.New()
	address, err := s.listen(s.printer.Serve)
	s.places.Printer = "tcp://" + address
	return err
}

func (s *Surround) startScanner() error {
	scanner, err := scanlinetest.Open(filepath.Join(s.dir, "scanner.tty"))
	if err != nil {
		return err
	}
	s.scanner = scanner
	s.closers = append(s.closers, scanner)
	s.places.Scanner = "serial://" + scanner.Path() + "?baud=9600"
	return nil
}

// startVoice lays the lines of the keypad and the headset's socket.
func (s *Surround) startVoice() error {
	if !s.options.Voice {
		return nil
	}
	for _, part := range []struct {
		name  string
		far   **os.File
		place *string
	}{{"keypad", &s.keypad, &s.places.Keypad}, {"headset", &s.headset, &s.places.Headset}} {
		path, far, err := openPTY(filepath.Join(s.dir, part.name+".tty"))
		if err != nil {
			return err
		}
		s.closers = append(s.closers, far)
		*part.far, *part.place = far, "serial://"+path+"?baud=9600"
	}
	return nil
}

// orderVoice sends a word on one of their lines.
func (s *Surround) orderVoice(line *os.File, word string) error {
	if line == nil {
		return errors.New("the kiosk has neither keypad nor headset: begin with kiosksim run --voice")
	}
	_, err := io.WriteString(line, word+"\n")
	return err
}

// choosePorts finds free ports for the kiosk's screen and health page.
func (s *Surround) choosePorts() error {
	for _, place := range []*string{&s.places.Screen, &s.places.Health} {
		port, err := freePort()
		if err != nil {
			return err
		}
		*place = fmt.Sprintf("127.0.0.1:%d", port)
	}
	return nil
}

// Ports for programs that are killed and started again. They lie below those that the system gives to whoever asks for any
// (ip_local_port_range of ip(7) begins at 32768), so nobody gets one while its program is down.
const (
	firstPort = 12000
	ports     = 20000
)

// given are the ports that were found before.
var given sync.Map

// freePort finds a port of loopback that nobody has, and gives each once.
func freePort() (int, error) {
	for range 1000 {
		port := firstPort + rand.IntN(ports)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue // somebody has it
		}
		if err := l.Close(); err != nil {
			return 0, err
		}
		if _, before := given.LoadOrStore(port, true); !before {
			return port, nil
		}
	}
	return 0, errors.New("no port of loopback is free")
}

var configText = template.Must(template.New("").Parse(`# Written by kiosksim for the simulated surrounding in this folder.
[kiosk]
id = "demo-01"
library = "Central Library"
currency = "EUR"
languages = ["en", "de"]
state = "{{.Dir}}/state"
socket = "{{.Dir}}/ctl.sock"

[ils]
route = "{{.ILS}}"
profile = "{{.Profile}}"
quiet = "2s"
answer = "4s"
{{- if eq .ILS "sip2"}}
address = "tcp://{{.Library}}"
tls = false
login = "` + login + `"
password = "` + password + `"
institution = "CPL"
test_system = true
pin_in_fee_paid = {{.NeedPIN}}
{{- else if eq .ILS "polaris"}}
address = "https://{{.Library}}"
ca_file = "{{.Dir}}/` + certtest.FileName + `"
login = "` + login + `"
password = "` + password + `"

[ils.polaris]
access_id = "` + accessID + `"
access_key = "` + accessKey + `"
domain = "` + domain + `"
workstation = {{.Workstation}}
{{- else}}
address = "http://{{.Library}}"

[ils.aleph]
x_server = "http://{{.Library}}"
x_user = "` + xUser + `"
x_password = "` + xPassword + `"
library = "` + mainBranch + `"
{{- end}}

[terminal]
driver = "{{.Protocol}}"
address = "{{.Terminal}}"
{{- if eq .Protocol "zvt"}}
password = "000000"
{{- end}}
answer = "15s"

[printer]
driver = "escpos"
address = "{{.Printer}}"
profile = "epson-tm-t88v"

[receipt]
without_paper = "ask"

[scanner]
driver = "serial"
address = "{{.Scanner}}"
accept = ["codabar", "code39", "qr"]

{{- if .Keypad}}

[voice]
keypad = "{{.Keypad}}"
headset = "{{.Headset}}"
{{- end}}

[payment]
partial = false
min = "0.50"
max = "250.00"

[web]
listen = "{{.Screen}}"

[health]
listen = "{{.Health}}"
`))

// Workstation is the kiosk's in the simulated Polaris.
func (places) Workstation() int { return workstation }

func (s *Surround) writeConfig() error {
	f, err := os.OpenFile(filepath.Join(s.dir, ConfigName), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(configText.Execute(f, s.places), f.Close())
}

// ConfigPath is the kiosk's configuration.
func (s *Surround) ConfigPath() string { return filepath.Join(s.dir, ConfigName) }

// Screen is the address of the kiosk's screen, Health of its health page.
func (s *Surround) Screen() string { return "http://" + s.places.Screen }

// Health is the address of the kiosk's health page.
func (s *Surround) Health() string { return "http://" + s.places.Health }

// openSocket opens the folder's socket for orders.
func (s *Surround) openSocket() (err error) {
	path := filepath.Join(s.dir, SocketName)
	if c, err := net.Dial("unix", path); err == nil {
		c.Close()
		return fmt.Errorf("a surrounding runs in %s already", s.dir)
	}
	os.Remove(path)
	if s.orders, err = net.Listen("unix", path); err != nil {
		return fmt.Errorf("the socket for orders cannot be opened: %w", err)
	}
	s.closers = append(s.closers, s.orders)
	return nil
}

// Serve takes orders on the folder's socket until ctx ends.
func (s *Surround) Serve(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { s.orders.Close() })
	defer stop()
	for {
		c, err := s.orders.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		go s.attend(ctx, c)
	}
}
