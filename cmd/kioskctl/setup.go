package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"selfpay/cmd/parts"
	"selfpay/drivers/escpos"
	"selfpay/drivers/plugged"
	"selfpay/drivers/zvt"
	"selfpay/kiosk/config"
	"selfpay/kiosk/control"
	"selfpay/kiosk/ils/aleph"
	"selfpay/kiosk/ils/polaris"
	"selfpay/kiosk/ils/sip2"
	"selfpay/kiosk/receipt"
	"selfpay/kiosk/text"
)

// setupCommand asks a technician the few questions that a station needs answered, tries each answer, and writes the
// configuration.
type setupCommand struct {
	Credentials string `default:"/etc/credstore" type:"path" help:"Where passwords are kept for systemd."`
	Units       string `default:"/etc/systemd/system/kioskd.service.d" type:"path" help:"Where the unit's own settings of this station go."`
	Machine     string `hidden:"" default:"/" help:"Where devices are looked for."`
}

func (c *setupCommand) Run(ctx context.Context, t *tool) error {
	at, err := somebody()
	if err != nil {
		return errUsage(err.Error() + "; write the configuration by hand, or bring one along")
	}
	places := config.ReadPlaces(t.config)
	if err := control.NewClient(places.Kiosk.Socket).Get(ctx, "/status", &control.Status{}); err == nil {
		return errors.New("kioskd runs and has the devices: systemctl stop kioskd, then try again")
	}
	before, err := os.ReadFile(t.config)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	s := &setup{tool: t, setupCommand: c, at: at, before: string(before), content: string(before), secrets: map[string]string{}}
	for _, step := range []func(context.Context) error{s.station, s.library, s.terminal, s.printer, s.scanner, s.write} {
		err := step(ctx)
		if ctx.Err() != nil {
			err = errors.New("stopped")
		}
		if err != nil {
			return fmt.Errorf("%w: nothing is written", err)
		}
	}
	return s.closeNetwork(ctx)
}

// setup is one conversation.
type setup struct {
	*tool
	*setupCommand
	at      person
	before  string            // the file as it was
	content string            // as it is to be
	secrets map[string]string // passwords by the name of their credential
}

func (s *setup) set(key, value string) {
	s.content = config.Edit(s.content, []config.Entry{{Key: key, Value: value}})
}

// config is what the file says by now, with the passwords themselves.
func (s *setup) config() config.Config {
	c, _ := config.Parse(s.content)
	for _, secret := range []*config.Secret{&c.ILS.Password, &c.Terminal.Password, &c.ILS.Polaris.AccessKey, &c.ILS.Aleph.XPassword} {
		name, kept := strings.CutPrefix(string(*secret), "credential:")
		if !kept {
			continue // it stands in the file itself
		}
		if value, given := s.secrets[name]; given {
			*secret = config.Secret(value)
		} else if value, err := os.ReadFile(s.credentialFile(name)); err == nil {
			*secret = config.Secret(strings.TrimRight(string(value), "\n"))
		}
	}
	return c
}

// credentialFile is where a password stands that the unit is given.
func (s *setup) credentialFile(name string) string {
	return filepath.Join(s.Credentials, "kiosk."+filepath.Base(name))
}

// wrong is what is wrong with a key by now.
func (s *setup) wrong(key string) string {
	_, mistakes := config.Parse(s.content, parts.Checks...)
	for _, m := range mistakes {
		switch {
		case m.Key == key && m.Line == 0: // nothing was answered
			return m.Mend
		case m.Key == key:
			return m.What + "; " + m.Mend
		}
	}
	return ""
}

// settles takes answers for a key until one is right. quote makes it what the file says.
func (s *setup) settles(key string, quote func(string) string, answer func() (string, error)) error {
	for {
		text, err := answer()
		if err != nil {
			return err
		}
		s.set(key, quote(text))
		why := s.wrong(key)
		if why == "" {
			return nil
		}
		s.tell("  %s", why)
	}
}

// asks asks for the value of a key in a line of text.
func (s *setup) asks(ctx context.Context, key, question, offered string, quote func(string) string) error {
	return s.settles(key, quote, func() (string, error) { return s.at.says(ctx, question, offered) })
}

// picks lets a person choose the value of a key, or write another one.
func (s *setup) picks(ctx context.Context, key, question, offered string, choices []choice) error {
	return s.settles(key, config.Quoted, func() (string, error) { return s.at.chooses(ctx, question, offered, choices, true) })
}

func (s *setup) tell(format string, a ...any) { fmt.Fprintf(os.Stderr, format+"\n", a...) }

// password asks for one, and keeps it as a credential. An empty answer keeps the one that is there.
func (s *setup) password(key, credential, question string) error {
	value, err := s.at.keeps(question)
	if err != nil {
		return err
	}
	if value != "" {
		s.secrets[credential] = value
		s.set(key, config.Quoted("credential:"+credential))
	}
	return nil
}

// tried does a trial, and says whether the answers stand: because it went well, or because a person wants them so.
func (s *setup) tried(ctx context.Context, what string, try func(context.Context) error) (bool, error) {
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	s.tell("trying %s …", what)
	err := try(ctx)
	if err == nil {
		s.tell("  %s is well", what)
		return true, nil
	}
	s.tell("  %s: %v", what, err)
	keep, err := s.at.answer(ctx, "  Write it down all the same? [y/N] ")
	return strings.EqualFold(keep, "y"), err
}

// until repeats questions until their trial went well, or the station has no such thing.
func (s *setup) until(ctx context.Context, what string, ask func(context.Context) (there bool, err error), try func(context.Context) error) error {
	for {
		if there, err := ask(ctx); err != nil || !there {
			return err
		}
		if stands, err := s.tried(ctx, what, try); err != nil || stands {
			return err
		}
	}
}

// always asks for what every station has.
func always(ask func(context.Context) error) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) { return true, ask(ctx) }
}

func (s *setup) station(ctx context.Context) error {
	c := s.config()
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	list := func(text string) string {
		var quoted []string
		for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
			quoted = append(quoted, config.Quoted(word))
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	for _, q := range []struct {
		key, question, offered string
		quote                  func(string) string
	}{
		{"kiosk.id", "The station's name for staff, such as main-01", cmp.Or(c.Kiosk.ID, host), config.Quoted},
		{"kiosk.library", "The library's name on screen and receipt", c.Kiosk.Library, config.Quoted},
		{"kiosk.currency", "Currency", string(c.Kiosk.Currency), config.Quoted},
		{"kiosk.languages", "Languages of the screen, the first one first (" + strings.Join(text.Known, ", ") + ")", strings.Join(c.Kiosk.Languages, ","), list},
	} {
		if err := s.asks(ctx, q.key, q.question, q.offered, q.quote); err != nil {
			return err
		}
	}
	return nil
}

// profilesOf are the profiles of each route.
var profilesOf = map[string]func() []string{"sip2": sip2.Profiles, "polaris": polaris.Profiles, "aleph": aleph.Profiles}

func (s *setup) library(ctx context.Context) error {
	return s.until(ctx, "the library system", always(s.askLibrary), func(ctx context.Context) error {
		library, err := parts.Library(s.config(), quietly)
		if err != nil {
			return err
		}
		return errors.Join(library.Ready(ctx), library.Close())
	})
}

func (s *setup) askLibrary(ctx context.Context) error {
	c := s.config().ILS
	route, err := s.at.chooses(ctx, "How is the library system asked?", c.Route, []choice{{"sip2", "SIP2, which most of them speak"},
		{"polaris", "Polaris by its PAPI"}, {"aleph", "Aleph by its RESTful services"}}, false)
	if err != nil {
		return err
	}
	s.set("ils.route", config.Quoted(route))
	var makes []choice
	for _, p := range profilesOf[route]() {
		makes = append(makes, choice{p, p})
	}
	scheme := "https://"
	if route == "sip2" {
		scheme = "tcp://"
	}
	if err := s.asks(ctx, "ils.address", "Its address, such as "+scheme+"library.example.org", c.Address.String(), func(a string) string {
		if !strings.Contains(a, "://") {
			a = scheme + a
		}
		return config.Quoted(a)
	}); err != nil {
		return err
	}
	offered := c.Profile
	if route != c.Route {
		offered = ""
	}
	if err := s.picks(ctx, "ils.profile", "Which one is it?", offered, makes); err != nil {
		return err
	}
	if route == "sip2" {
		encrypted, err := s.at.says(ctx, "Is the line to it encrypted (TLS), y or n", map[bool]string{true: "y", false: "n"}[c.TLS])
		if err != nil {
			return err
		}
		s.set("ils.tls", fmt.Sprint(strings.EqualFold(encrypted, "y")))
	}
	return s.askLogin(ctx, route)
}

// askLogin asks for what proves to the library system that this is the kiosk.
func (s *setup) askLogin(ctx context.Context, route string) error {
	c := s.config().ILS
	if err := s.asks(ctx, "ils.login", "The kiosk's login there (empty: none)", c.Login, config.Quoted); err != nil {
		return err
	}
	if err := s.password("ils.password", route, "Its password (empty: as it is): "); err != nil {
		return err
	}
	ask := func(key, question, offered string) error { return s.asks(ctx, key, question, offered, config.Quoted) }
	number := func(key, question string, offered int) error {
		return s.asks(ctx, key, question, fmt.Sprint(offered), func(text string) string { return text })
	}
	switch route {
	case "polaris":
		return errors.Join(ask("ils.polaris.access_id", "PAPI access id", c.Polaris.AccessID),
			s.password("ils.polaris.access_key", "papi", "PAPI access key (empty: as it is): "),
			ask("ils.polaris.domain", "Domain of the login", c.Polaris.Domain),
			number("ils.polaris.workstation", "The kiosk's workstation in Polaris", c.Polaris.Workstation))
	case "aleph":
		return errors.Join(ask("ils.aleph.x_server", "Address of the X-server", c.Aleph.XServer.String()),
			ask("ils.aleph.x_user", "Its user", c.Aleph.XUser),
			s.password("ils.aleph.x_password", "x-server", "Its password (empty: as it is): "))
	}
	return ask("ils.institution", "Institution (AO; empty: none)", c.Institution)
}

// quietly is the log of devices that are tried: the person at the terminal reads what comes of it.
var quietly = slog.New(slog.DiscardHandler)

// pluggedAs lists devices of these kinds that are plugged in.
func (s *setup) pluggedAs(scheme string, kinds ...string) []choice {
	var found []choice
	for _, d := range plugged.Find(s.Machine) {
		if slices.Contains(kinds, d.Kind) || scheme != "" && strings.HasPrefix(d.Address, scheme) {
			found = append(found, choice{d.Address, strings.TrimSpace(d.Kind + " " + d.Name + "  " + d.Address)})
		}
	}
	return found
}

// terminalDrivers are what a card terminal may speak.
var terminalDrivers = []choice{
	{"zvt", "zvt: Germany, Austria, Switzerland and neighbours"}, {"caisse-ap", "caisse-ap: France, over IP"}, {"concert", "concert: France, older ones on a serial line"},
	{"ecr17", "ecr17: Italy"}, {"mdb", "mdb: a reader of vending machines behind an adapter"},
}

func (s *setup) terminal(ctx context.Context) error {
	ask := func(ctx context.Context) error {
		c := s.config().Terminal
		driver, err := s.at.chooses(ctx, "What the card terminal speaks", c.Driver, terminalDrivers, false)
		if err != nil {
			return err
		}
		s.set("terminal.driver", config.Quoted(driver))
		if err := s.picks(ctx, "terminal.address", "The card terminal: a number, or its address as tcp://192.0.2.20:20007", c.Address.String(),
			s.pluggedAs("serial://", plugged.SerialLine)); err != nil || driver != "zvt" {
			return err
		}
		var families []choice
		for _, name := range zvt.Profiles() {
			families = append(families, choice{name, name})
		}
		if err := s.picks(ctx, "terminal.profile", "Its family, or the path of what kioskctl terminal accept wrote", cmp.Or(c.Profile, zvt.DefaultProfile), families); err != nil {
			return err
		}
		return s.password("terminal.password", "terminal", "Its password (empty: as it is): ")
	}
	return s.until(ctx, "the card terminal", always(ask), func(ctx context.Context) error {
		t, err := parts.Terminal(s.config(), nil, quietly)
		if err != nil {
			return err
		}
		status, err := t.Status(ctx)
		if err == nil && !status.Ready {
			err = errors.New(status.Reason)
		}
		return errors.Join(err, t.Close())
	})
}

func (s *setup) printer(ctx context.Context) error {
	return s.until(ctx, "the printer", func(ctx context.Context) (bool, error) {
		c := s.config().Printer
		there, err := s.chooseDevice(ctx, "printer", "The receipt printer: a number, its address, or none", addressOrNone(c.Driver, c.Address),
			s.pluggedAs("usb://", plugged.SerialLine), func(config.Address) string { return "escpos" })
		if err != nil || !there {
			return false, err
		}
		var models []choice
		for _, p := range escpos.Profiles() {
			models = append(models, choice{p, p})
		}
		return true, s.picks(ctx, "printer.profile", "Which model?", c.Profile, models)
	}, s.tryPrinter)
}

// none is the answer where a station lacks a device.
const none = "none"

func addressOrNone(driver string, a config.Address) string {
	if driver == "" {
		return none
	}
	return a.String()
}

// chooseDevice asks for the address of a device that a station may lack. A device that is there is driven as driver says.
func (s *setup) chooseDevice(ctx context.Context, table, question, offered string, found []choice, driver func(config.Address) string) (there bool, err error) {
	found = append(found, choice{none, none})
	err = s.settles(table+".address", config.Quoted, func() (string, error) {
		address, err := s.at.chooses(ctx, question, offered, found, true)
		drivenBy := ""
		if there = address != none; there {
			var a config.Address
			_ = a.UnmarshalText([]byte(address)) // what is no address is told when it stands in its place
			drivenBy = driver(a)
		} else {
			address = ""
		}
		s.set(table+".driver", config.Quoted(drivenBy))
		return address, err
	})
	return there && err == nil, err
}

func (s *setup) tryPrinter(ctx context.Context) error {
	c := s.config()
	p, err := parts.Printer(c, quietly)
	if err != nil {
		return err
	}
	texts, err := text.Load(c.Kiosk.Languages, c.Kiosk.Texts)
	if err != nil {
		return err
	}
	err = p.Print(ctx, receipt.Writer{Library: c.Kiosk.Library, Texts: texts}.TestSlip(c.Kiosk.Languages, c.Kiosk.ID, time.Now()))
	if err == nil && !s.at.agrees(ctx, "  Did a slip come out, black and whole, and cut? [y/N] ") {
		err = errors.New("no good slip came out")
	}
	return errors.Join(err, p.Close())
}

// driverOf is the scanner's driver for each kind of address.
var driverOf = map[string]string{"serial": "serial", "evdev": "evdev", "hidraw": "hidpos", "tcp": "serial"}

func (s *setup) scanner(ctx context.Context) error {
	return s.until(ctx, "the scanner", func(ctx context.Context) (bool, error) {
		c := s.config().Scanner
		return s.chooseDevice(ctx, "scanner", "The scanner: a number, its address, or none", addressOrNone(c.Driver, c.Address),
			s.pluggedAs("", plugged.SerialLine, plugged.Keyboard, plugged.LabelReader),
			func(a config.Address) string { return cmp.Or(driverOf[a.Scheme], "serial") })
	}, s.tryScanner)
}

func (s *setup) tryScanner(ctx context.Context) error {
	c := s.config()
	reader, err := parts.Scanner(c, quietly)
	if err != nil {
		return err
	}
	s.tell("  hold a library card to the scanner")
	label, err := reader.Read(ctx)
	switch {
	case ctx.Err() != nil:
		err = errors.New("no label came")
	case err == nil:
		_, err = c.Scanner.CardRules().Card(label)
		s.tell("  it read %d characters of %s", len(label.Text), cmp.Or(string(label.Symbology), "a label of unknown kind"))
	}
	return errors.Join(err, reader.Close())
}

// write puts passwords, the unit's settings and the configuration in their places.
func (s *setup) write(ctx context.Context) error {
	if _, mistakes := config.Parse(s.content, parts.Checks...); len(mistakes) > 0 {
		s.tell("%s", &config.Mistakes{Path: s.tool.config, List: mistakes})
		if !s.at.agrees(ctx, "The configuration is not finished. Write it all the same? [y/N] ") {
			return errors.New("the configuration is not finished")
		}
	}
	if err := s.writeSecrets(); err != nil {
		return err
	}
	if s.before != "" && s.before != s.content {
		if err := writeFile(s.tool.config+".before", s.before, 0o640, s.tool.config); err != nil {
			return err
		}
	}
	if err := writeFile(s.tool.config, s.content, 0o640, s.tool.config); err != nil {
		return err
	}
	s.say("%s is written. Now: systemctl enable --now kioskd, then kioskctl doctor", s.tool.config)
	return nil
}

// unitsOwn are the credentials that the unit names itself.
var unitsOwn = []string{"sip2", "terminal", "ledger-key"}

func (s *setup) writeSecrets() error {
	var more []string
	for _, name := range slices.Sorted(maps.Keys(s.secrets)) {
		if err := os.MkdirAll(s.Credentials, 0o700); err != nil {
			return err
		}
		if err := writeFile(s.credentialFile(name), s.secrets[name], 0o600, ""); err != nil {
			return err
		}
		if !slices.Contains(unitsOwn, name) {
			more = append(more, "LoadCredential="+name+":kiosk."+name)
		}
	}
	if len(more) == 0 {
		return nil
	}
	return s.dropIn("route.conf", more)
}

// dropIn writes a file beside the unit. It counts after systemctl daemon-reload, which enable does.
func (s *setup) dropIn(name string, lines []string) error {
	if err := os.MkdirAll(s.Units, 0o755); err != nil {
		return err
	}
	return writeFile(filepath.Join(s.Units, name), "[Service]\n"+strings.Join(lines, "\n")+"\n", 0o644, "")
}

// writeFile writes beside and renames, so that a power cut leaves the old file or the new one. Where like names a file, the new
// one belongs to whom that does.
func writeFile(path, content string, mode fs.FileMode, like string) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	err = errors.Join(err, f.Chmod(mode), belongLike(f, like), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// closeNetwork offers to close the daemon to all addresses but those of its configuration.
func (s *setup) closeNetwork(ctx context.Context) error {
	allowed, err := s.addresses(ctx)
	if err != nil {
		s.tell("the daemon stays open to all addresses: %v", err)
		return nil
	}
	s.tell("The daemon needs only these addresses: %s", strings.Join(allowed, " "))
	if !s.at.agrees(ctx, "Close it to all others? When the library's address changes this must be done again. [y/N] ") {
		return nil
	}
	return s.dropIn("addresses.conf", []string{"IPAddressDeny=any", "IPAddressAllow=localhost", "IPAddressAllow=" + strings.Join(allowed, " ")})
}

// addresses are those of all servers that the configuration names, and of the name servers.
func (s *setup) addresses(ctx context.Context) ([]string, error) {
	c := s.config()
	hosts := []string{c.ILS.Address.Hostname(), c.ILS.Aleph.XServer.Hostname()}
	for _, a := range []config.Address{c.Terminal.Address, c.Printer.Address, c.Scanner.Address} {
		if a.Scheme == "tcp" {
			hosts = append(hosts, a.Hostname())
		}
	}
	ping, err := c.Health.Ping.Read()
	if err != nil {
		return nil, err
	}
	for _, text := range []string{c.Health.Heartbeat, ping} {
		if u, err := url.Parse(text); err == nil {
			hosts = append(hosts, u.Hostname())
		}
	}
	var found []string
	for _, h := range hosts {
		if h == "" {
			continue
		}
		ips, err := net.DefaultResolver.LookupHost(ctx, h)
		if err != nil {
			return nil, err
		}
		found = append(found, ips...)
	}
	names, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(names)) {
		if words := strings.Fields(line); len(words) == 2 && words[0] == "nameserver" {
			found = append(found, words[1])
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// belongLike gives a file to the owner and group of another, where that is there.
func belongLike(f *os.File, like string) error {
	var about unix.Stat_t
	if like == "" || unix.Stat(like, &about) != nil {
		return nil
	}
	return f.Chown(int(about.Uid), int(about.Gid))
}
