// Package config reads the kiosk's one file: one struct, unknown keys refused, secrets by reference. Every mistake is
// named with its line, its key and its mend.
package config

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"selfpay/device"
	"selfpay/device/money"
	"selfpay/device/scanner"
	"selfpay/kiosk/text"
)

// Config is /etc/kiosk/kiosk.toml.
type Config struct {
	Kiosk    Kiosk    `toml:"kiosk"`
	ILS      ILS      `toml:"ils"`
	Terminal Terminal `toml:"terminal"`
	Printer  Printer  `toml:"printer"`
	Receipt  Receipt  `toml:"receipt"`
	Scanner  Scanner  `toml:"scanner"`
	GPIO     GPIO     `toml:"gpio"`
	Ring     Ring     `toml:"ring"`
	Power    Power    `toml:"power"`
	Display  Display  `toml:"display"`
	Voice    Voice    `toml:"voice"`
	Payment  Payment  `toml:"payment"`
	Privacy  Privacy  `toml:"privacy"`
	Web      Web      `toml:"web"`
	Screen   Screen   `toml:"screen"`
	Health   Health   `toml:"health"`
	Desk     Desk     `toml:"desk"`
	Service  Service  `toml:"service"`
	Update   Update   `toml:"update"`
	Storage  Storage  `toml:"storage"`
}

// Kiosk is the station itself.
type Kiosk struct {
	ID        string         `toml:"id"`
	Library   string         `toml:"library"`
	Currency  money.Currency `toml:"currency"`
	Languages []string       `toml:"languages"`
	Texts     string         `toml:"texts"`  // folder of sentences in the library's own words; empty: none
	State     string         `toml:"state"`  // folder of ledger and keys
	Socket    string         `toml:"socket"` // kioskctl asks the daemon here
}

// Terminal is the card terminal.
type Terminal struct {
	Driver      string   `toml:"driver"`
	Address     Address  `toml:"address"`
	Password    Secret   `toml:"password"`
	Profile     string   `toml:"profile"`     // zvt: built in, or the whole path of the site's own file; empty: "standard"
	TerminalID  string   `toml:"terminal_id"` // refuse another terminal; empty: any
	Register    string   `toml:"register"`    // caisse-ap, concert: number of this register at the terminal, two digits; ecr17: up to eight
	LRC         string   `toml:"lrc"`         // ecr17: how check sums are built; empty: "stx-message-etx"
	Application string   `toml:"application"` // caisse-ap: identification of the application, as the terminal's maker gives it
	Answer      Duration `toml:"answer"`      // longest silence of the terminal in a dialogue
	EndOfDay    string   `toml:"end_of_day"`  // "23:10"; empty: the terminal or staff closes the day
}

// Printer is the receipt printer. No driver: no printer.
type Printer struct {
	Driver  string   `toml:"driver"`
	Address Address  `toml:"address"`
	Profile string   `toml:"profile"` // built in, or the whole path of the site's own file
	Fonts   []string `toml:"fonts"`   // files, for characters that the printer has not
	Logo    string   `toml:"logo"`    // a PNG file at the top of each receipt; empty: none
}

// Receipt is what happens without paper: "ask" the patron, or "refuse" the payment.
type Receipt struct {
	WithoutPaper string `toml:"without_paper"`
}

// Scanner is the barcode scanner. No driver: card numbers are typed.
type Scanner struct {
	Driver  string   `toml:"driver"`
	Address Address  `toml:"address"`
	Layout  string   `toml:"layout"` // evdev: the country that the scanner is set to
	Accept  []string `toml:"accept"`

	Min            int      `toml:"min"` // characters of a card number
	Max            int      `toml:"max"`
	Patterns       []string `toml:"patterns"`        // which labels are cards, and where the number stands in them
	CheckDigit     string   `toml:"check_digit"`     // "off", "warn", "require"
	CheckCharacter string   `toml:"check_character"` // the same for Code 39
}

// CardRules say which labels are library cards.
func (s Scanner) CardRules() scanner.CardRules {
	rules := scanner.CardRules{Min: s.Min, Max: s.Max, CheckDigit: strictness[s.CheckDigit], CheckCharacter: strictness[s.CheckCharacter]}
	for _, a := range s.Accept {
		rules.Accept = append(rules.Accept, scanner.Symbology(a))
	}
	for _, text := range s.Patterns {
		if p, err := scanner.ParsePattern(text); err == nil { // Parse has read it before
			rules.Patterns = append(rules.Patterns, p)
		}
	}
	return rules
}

var strictness = map[string]scanner.Strictness{"off": scanner.Off, "warn": scanner.Warn, "require": scanner.Require}

// Payment is what may be paid.
type Payment struct {
	Partial   bool   `toml:"partial"`
	Min       string `toml:"min"`
	Max       string `toml:"max"`
	OpenCases int    `toml:"open_cases"` // at this many open cases no payment is taken

	Waiting        int      `toml:"waiting"`          // at this many payments waiting for the library none is taken
	WaitingSum     string   `toml:"waiting_sum"`      // nor at this sum of them; empty: no limit
	TellStaffAfter Duration `toml:"tell_staff_after"` // a payment that waits longer for the library is a warning
	OnRefusal      string   `toml:"on_refusal"`       // "reverse" at the terminal while that is possible, or "refund" at the desk
}

// MinAmount is the smallest payment.
func (c Config) MinAmount() money.Amount { return c.amount(c.Payment.Min) }

// MaxAmount is the largest payment.
func (c Config) MaxAmount() money.Amount { return c.amount(c.Payment.Max) }

// WaitingAmount is the sum of waiting payments at which none is taken; zero: no limit.
func (c Config) WaitingAmount() money.Amount { return c.amount(c.Payment.WaitingSum) }

func (c Config) amount(text string) money.Amount {
	a, _ := money.Parse(text, c.Kiosk.Currency) // Check has read it before
	return a
}

// Privacy is how long patrons are known.
type Privacy struct {
	Retention Duration `toml:"retention"` // library cards are erased so long after their payments have ended
}

// Web is the patron's screen.
type Web struct {
	Listen string `toml:"listen"`
}

// Duration is a time such as "120s".
type Duration time.Duration

// UnmarshalText reads "120s".
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is no duration such as \"120s\"", text)
	}
	*d = Duration(parsed)
	return nil
}

// MarshalText writes "2m0s".
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// Secret refers to a password: credential:NAME, file:PATH, or the password itself in a demo. It never prints itself.
type Secret string

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	kind, _, referred := strings.Cut(string(s), ":")
	if referred && (kind == "credential" || kind == "file") {
		return string(s)
	}
	return "(hidden)"
}

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides the secret from JSON and TOML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Read fetches the password.
func (s Secret) Read() (string, error) {
	kind, name, referred := strings.Cut(string(s), ":")
	switch {
	case referred && kind == "credential":
		path, err := credentialPath(name)
		if err != nil {
			return "", err
		}
		return readSecret(path)
	case referred && kind == "file":
		return readSecret(name)
	}
	return string(s), nil
}

func readSecret(path string) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("a password cannot be read: %w", err)
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}

// Address names one device or server: tcp://host:port, serial:///dev/…?baud=9600, usb://04b8:0202?serial=…,
// evdev:///dev/input/…, hidraw:///dev/…, gpio://pinctrl-rp1/17?…, i2c://1/0x36, spi://0.0.
type Address struct{ url.URL }

// UnmarshalText reads an address.
func (a *Address) UnmarshalText(text []byte) error {
	if len(text) == 0 { // as a key that is left out
		*a = Address{}
		return nil
	}
	parsed, err := url.Parse(strings.Replace(string(text), "usb://", "usb:///", 1)) // VID:PID is no host and port
	if err != nil || parsed.Scheme == "" {
		return fmt.Errorf("%q is no address such as tcp://192.0.2.20:20007 or serial:///dev/serial/by-id/NAME", text)
	}
	a.URL = *parsed
	return nil
}

// MarshalText writes the address as it was written.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// String is the address as it was written.
func (a Address) String() string { return strings.Replace(a.URL.String(), "usb:///", "usb://", 1) }

// USB is the vendor and product number of a usb address, and the serial number if one is given.
func (a Address) USB() (vendor, product uint16, serial string, err error) {
	if vendor, product, serial, err = device.USB(a.URL); err != nil {
		err = fmt.Errorf("%s is %w", a, err)
	}
	return vendor, product, serial, err
}

// Text is the configuration as a file would say it, secrets hidden, without the tables of other routes.
func (c Config) Text() (string, error) {
	marshalled, err := toml.Marshal(c)
	text := string(marshalled)
	for _, table := range routeTables {
		if table != c.ILS.Route {
			text = withoutTable(text, "ils."+table)
		}
	}
	return text, err
}

// withoutTable takes a table out of a file, up to the next one.
func withoutTable(text, name string) string {
	var kept []string
	inside := false
	for _, line := range strings.Split(text, "\n") {
		if header := strings.TrimSpace(line); strings.HasPrefix(header, "[") {
			inside = header == "["+name+"]"
		}
		if !inside {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// MarshalJSON writes the configuration with the keys of the file, secrets hidden.
func (c Config) MarshalJSON() ([]byte, error) {
	text, err := c.Text()
	if err != nil {
		return nil, err
	}
	var tables map[string]any
	if err := toml.Unmarshal([]byte(text), &tables); err != nil {
		return nil, err
	}
	return json.Marshal(tables)
}

// Check looks at what package config cannot know of, and says what is wrong: a device's profile, a file.
type Check func(c Config, say func(key, what, mend string))

// Load reads and checks the file. Its error lists every mistake found.
func Load(path string, more ...Check) (Config, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return Config{}, &Mistakes{Path: path, List: []Mistake{{What: err.Error(), Mend: "name the right file with --config, and let the kiosk's user read it"}}}
	}
	c, mistakes := Parse(string(content), more...)
	if len(mistakes) > 0 {
		return Config{}, &Mistakes{Path: path, List: mistakes}
	}
	return c, nil
}

// Mistake is one thing wrong in the file.
type Mistake struct {
	Line int    `json:"line"` // 0 where the key is missing
	Key  string `json:"key"`
	What string `json:"what"`
	Mend string `json:"mend"`
}

// Mistakes are all things wrong in a file.
type Mistakes struct {
	Path string
	List []Mistake
}

func (m *Mistakes) Error() string {
	var b strings.Builder
	for i, one := range m.List {
		if i > 0 {
			b.WriteString("\n")
		}
		if one.Line == 0 && one.Key == "" { // the file itself
			fmt.Fprintf(&b, "the configuration cannot be used: %s; %s", one.What, one.Mend)
			continue
		}
		fmt.Fprintf(&b, "%s:%d: %s: %s; %s", m.Path, one.Line, one.Key, one.What, one.Mend)
	}
	return b.String()
}

// Defaults are the values of keys that may be left out.
func Defaults() Config {
	return Config{
		Kiosk:    Kiosk{Currency: "EUR", Languages: []string{"en"}, State: "/var/lib/kiosk", Socket: "/run/kiosk/ctl.sock"},
		ILS:      defaultILS(),
		Terminal: Terminal{Driver: "zvt", Register: "01", Answer: Duration(180 * time.Second)},
		Printer:  Printer{Profile: "epson-tm-t88v"},
		Receipt:  Receipt{WithoutPaper: "ask"},
		Scanner:  Scanner{Layout: "us", Accept: []string{"codabar", "code39", "qr"}, Min: 4, Max: 32, CheckDigit: "off", CheckCharacter: "off"},
		GPIO:     defaultGPIO(),
		Ring:     defaultRing(),
		Power:    defaultPower(),
		Payment: Payment{Min: "0.01", Max: "250.00", OpenCases: 5, Waiting: 50, WaitingSum: "1000.00",
			TellStaffAfter: Duration(15 * time.Minute), OnRefusal: "reverse"},
		Privacy: Privacy{Retention: Duration(30 * 24 * time.Hour)},
		Web:     Web{Listen: "127.0.0.1:8080"},
		Screen:  defaultScreen(),
		Health:  defaultHealth(),
		Update:  defaultUpdate(),
		Storage: defaultStorage(),
	}
}

// Parse reads the text of a configuration and lists what is wrong with it.
func Parse(content string, more ...Check) (Config, []Mistake) {
	c := Defaults()
	meta, err := toml.Decode(content, &c)
	if err != nil {
		return c, []Mistake{syntaxMistake(err)}
	}
	at := lines(content)
	var mistakes []Mistake
	for _, key := range meta.Undecoded() {
		mistakes = append(mistakes, Mistake{at[key.String()], key.String(), "this key is not known", unknownMend(key)})
	}
	if c.ILS.Profile == "" {
		c.ILS.Profile = routes[c.ILS.Route].standard
	}
	check := checker{c: c, at: at, mistakes: mistakes, said: func(key string) bool { return meta.IsDefined(strings.Split(key, ".")...) }}
	check.all()
	for _, look := range more {
		look(c, check.say)
	}
	slices.SortStableFunc(check.mistakes, func(a, b Mistake) int { return a.Line - b.Line })
	return c, check.mistakes
}

func syntaxMistake(err error) Mistake {
	m := Mistake{What: strings.TrimPrefix(err.Error(), "toml: ")}
	var parse toml.ParseError
	if errors.As(err, &parse) {
		m.Line, m.Key = parse.Position.Line, parse.LastKey
		if parse.Message != "" {
			m.What = parse.Message
		}
	} else if n, _ := fmt.Sscanf(m.What, "line %d (last key %q):", &m.Line, &m.Key); n == 2 { // a wrong type is told in words only
		_, m.What, _ = strings.Cut(m.What, "): ")
	}
	m.Mend = formOf(m.Key)
	if strings.Contains(m.What, "already been defined") {
		m.Mend = "remove one of them"
	}
	return m
}

// formOf says how the value of a key is written.
func formOf(key string) string {
	field := reflect.StructField{Type: reflect.TypeFor[Config]()}
	for i, name := range strings.Split(key, ".") {
		known := false
		if field, known = fieldOf(field.Type, name); known {
			continue
		}
		if i == 0 {
			return `write tables as [kiosk] and keys as id = "main-01"`
		}
		return `write keys as id = "main-01"`
	}
	switch {
	case isTable(field.Type):
		return "write it as a table: [" + key + "]"
	case field.Type == reflect.TypeFor[Duration]():
		return `write it as "120s"`
	case field.Type == reflect.TypeFor[Address]():
		return `write it as "tcp://192.0.2.20:20007"`
	case field.Type.Kind() == reflect.Slice:
		return `write it as a list: ["one", "two"]`
	case field.Type.Kind() == reflect.Bool:
		return "write true or false, without quotes"
	case field.Type.Kind() == reflect.Int:
		return "write a whole number, without quotes"
	}
	return "write it in quotes"
}

// isTable says whether a key stands for a table: a structure that is not written as one word.
func isTable(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func fieldOf(table reflect.Type, name string) (reflect.StructField, bool) {
	if !isTable(table) {
		return reflect.StructField{}, false
	}
	return table.FieldByNameFunc(func(field string) bool {
		f, _ := table.FieldByName(field)
		return f.Tag.Get("toml") == name
	})
}

// lines finds the line of each key, for the mistakes' sake.
func lines(content string) map[string]int {
	at := map[string]int{}
	table := ""
	for i, line := range strings.Split(content, "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			table = strings.Trim(strings.SplitN(line, "#", 2)[0], "[] \t")
			at[table] = i + 1
			continue
		}
		if name, _, found := strings.Cut(line, "="); found && !strings.HasPrefix(line, "#") {
			key := strings.Trim(strings.TrimSpace(name), `"'`)
			if table != "" {
				key = table + "." + key
			}
			at[key] = i + 1
		}
	}
	return at
}

// knownKeys lists every key of the file, for the mend of a misspelt one.
func knownKeys() []string { return keysOf(reflect.TypeFor[Config](), "") }

func keysOf(table reflect.Type, prefix string) []string {
	var all []string
	for i := range table.NumField() {
		field := table.Field(i)
		key := prefix + field.Tag.Get("toml")
		if isTable(field.Type) {
			all = append(all, keysOf(field.Type, key+".")...)
			continue
		}
		all = append(all, key)
	}
	return all
}

func unknownMend(key toml.Key) string {
	best, distance := "", 3
	for _, known := range knownKeys() {
		if d := editDistance(key.String(), known); d < distance {
			best, distance = known, d
		}
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	return "remove it"
}

// editDistance counts the letters to change from a to b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// checker collects mistakes.
type checker struct {
	c        Config
	at       map[string]int
	mistakes []Mistake
	said     func(key string) bool // the file itself has the key
}

func (k *checker) say(key, what, mend string) {
	line := k.at[key]
	for table := key; line == 0 && strings.Contains(table, "."); {
		table = table[:strings.LastIndexByte(table, '.')]
		line = k.at[table]
	}
	k.mistakes = append(k.mistakes, Mistake{line, key, what, mend})
}

func (k *checker) all() {
	k.kiosk()
	k.ils()
	k.devices()
	k.gpio()
	k.ring()
	k.update()
	k.power()
	k.storage()
	k.display()
	k.voice()
	k.payment()
	if kept := time.Duration(k.c.Privacy.Retention); kept < 24*time.Hour || kept > 366*24*time.Hour {
		k.say("privacy.retention", fmt.Sprintf("%s is no time to keep library cards", kept), `use a time between 24h and 8784h; "720h" is thirty days`)
	}
	k.loopback("web.listen", k.c.Web.Listen)
	k.screen()
	k.health()
	k.desk()
	k.service()
}

func (k *checker) kiosk() {
	c := k.c.Kiosk
	k.needed("kiosk.id", c.ID, `give the station a name such as id = "main-01"`)
	k.needed("kiosk.library", c.Library, `write the library's name as patrons know it`)
	if !c.Currency.Known() {
		k.say("kiosk.currency", fmt.Sprintf("%q is no currency this program knows", c.Currency), `use an ISO 4217 code such as "EUR"`)
	}
	if len(c.Languages) == 0 {
		k.say("kiosk.languages", "no language is chosen", fmt.Sprintf("choose from %v", text.Known))
	}
	for _, l := range c.Languages {
		k.oneOf("kiosk.languages", l, text.Known...)
	}
	for key, path := range map[string]string{"kiosk.state": c.State, "kiosk.socket": c.Socket} {
		if !filepath.IsAbs(path) {
			k.say(key, fmt.Sprintf("%q is no absolute path", path), "write the whole path, beginning with /")
		}
	}
	if c.Texts != "" && !filepath.IsAbs(c.Texts) {
		k.say("kiosk.texts", fmt.Sprintf("%q is no absolute path", c.Texts), "write the whole path of the folder, beginning with /")
	}
}

// What terminals want to know of a register, and what they are known by.
var (
	registerNumber = regexp.MustCompile(`^[0-9]{2}$`)
	longRegister   = regexp.MustCompile(`^[0-9]{1,8}$`)
	terminalNumber = regexp.MustCompile(`^[0-9]{8}$`)
	applicationID  = regexp.MustCompile(`^([0-9A-Za-z]{12})?$`)
)

func (k *checker) terminal() {
	c := k.c.Terminal
	k.oneOf("terminal.driver", c.Driver, "zvt", "caisse-ap", "concert", "ecr17", "mdb")
	schemes := []string{"tcp", "serial"}
	switch c.Driver {
	case "caisse-ap":
		schemes = []string{"tcp"}
	case "mdb":
		schemes = []string{"serial"}
	}
	k.address("terminal.address", c.Address, schemes...)
	if c.Driver == "ecr17" {
		k.ecr17(c)
	} else if !registerNumber.MatchString(c.Register) {
		k.say("terminal.register", fmt.Sprintf("%q is no number of a register", c.Register), `write two digits, "01"`)
	}
	if !applicationID.MatchString(c.Application) {
		k.say("terminal.application", fmt.Sprintf("%q is no identification", c.Application), "write its 12 characters, or leave the key out")
	}
	if c.Profile != "" && c.Driver != "zvt" {
		k.say("terminal.profile", "only zvt knows profiles", "leave the key out")
	}
	if c.EndOfDay != "" && slices.Contains([]string{"caisse-ap", "concert", "mdb"}, c.Driver) {
		k.say("terminal.end_of_day", "this terminal ends its day by itself", "leave the key out")
	}
}

// ecr17 is what a terminal in Italy wants to know. The way of its check sums is looked at where the driver is.
func (k *checker) ecr17(c Terminal) {
	if !longRegister.MatchString(c.Register) {
		k.say("terminal.register", fmt.Sprintf("%q is no number of a register", c.Register), `write up to eight digits, "1"`)
	}
	if c.TerminalID != "" && !terminalNumber.MatchString(c.TerminalID) {
		k.say("terminal.terminal_id", fmt.Sprintf("%q is no TID", c.TerminalID), "write its eight digits, or leave the key out")
	}
	if k.c.Kiosk.Currency != "EUR" {
		k.say("terminal.driver", "an ecr17 terminal takes euro only", `set kiosk.currency = "EUR"`)
	}
}

func (k *checker) devices() {
	k.terminal()
	if a := time.Duration(k.c.Terminal.Answer); a < 5*time.Second || a > 10*time.Minute {
		k.say("terminal.answer", fmt.Sprintf("%s is no waiting time", a), `use a time between 5s and 10m; "180s" is what the protocol says`)
	}
	if e := k.c.Terminal.EndOfDay; e != "" {
		if _, err := time.Parse("15:04", e); err != nil {
			k.say("terminal.end_of_day", fmt.Sprintf("%q is no time of day", e), `write it as "23:10"`)
		}
	}
	if k.c.Printer.Driver != "" {
		k.oneOf("printer.driver", k.c.Printer.Driver, "escpos")
		k.address("printer.address", k.c.Printer.Address, "tcp", "serial", "usb")
	}
	k.oneOf("receipt.without_paper", k.c.Receipt.WithoutPaper, "ask", "refuse")
	if k.c.Scanner.Driver != "" {
		k.oneOf("scanner.driver", k.c.Scanner.Driver, "evdev", "serial", "hidpos")
		scheme := k.c.Scanner.Driver
		if scheme == "hidpos" {
			scheme = "hidraw"
		}
		k.address("scanner.address", k.c.Scanner.Address, scheme)
	}
	k.cards()
}

func (k *checker) cards() {
	c := k.c.Scanner
	for _, a := range c.Accept {
		k.oneOf("scanner.accept", a, "codabar", "code39", "code93", "code128", "itf", "qr", "pdf417", "datamatrix", "aztec")
	}
	if c.Min < 1 || c.Min > longestCard {
		k.say("scanner.min", fmt.Sprintf("no card number has %d characters at least", c.Min), fmt.Sprintf("use a number from 1 to %d", longestCard))
	}
	if c.Max < c.Min || c.Max > longestCard {
		k.say("scanner.max", fmt.Sprintf("no card number has %d characters at most", c.Max), fmt.Sprintf("use a number from scanner.min to %d", longestCard))
	}
	k.oneOf("scanner.check_digit", c.CheckDigit, "off", "warn", "require")
	k.oneOf("scanner.check_character", c.CheckCharacter, "off", "warn", "require")
	if len(c.Patterns) > scanner.MaxPatterns {
		k.say("scanner.patterns", fmt.Sprintf("there are %d patterns", len(c.Patterns)), fmt.Sprintf("join some with |; %d are possible", scanner.MaxPatterns))
		return
	}
	for i, text := range c.Patterns {
		if _, err := scanner.ParsePattern(text); err != nil {
			k.say("scanner.patterns", fmt.Sprintf("pattern %d cannot be used: %v", i+1, err), `write it as 'P-(\d{8})', with the number in parentheses and others as (?:…)`)
		}
	}
}

// longestCard bounds a card number: the longest field that library systems in use hold.
const longestCard = 64

func (k *checker) payment() {
	c := k.c.Payment
	if traits, err := k.c.ILS.traits(); c.Partial && err == nil && !traits.Partial {
		k.say("payment.partial", fmt.Sprintf("with the profile %q nothing can be paid in part", k.c.ILS.Profile), "set partial = false")
	}
	k.oneOf("payment.on_refusal", c.OnRefusal, "reverse", "refund")
	if after := time.Duration(c.TellStaffAfter); after < time.Minute || after > 24*time.Hour {
		k.say("payment.tell_staff_after", fmt.Sprintf("%s is no time to wait before staff is told", after), `use a time between 1m and 24h, such as "15m"`)
	}
	if !k.c.Kiosk.Currency.Known() {
		return
	}
	if sum, err := money.Parse(c.WaitingSum, k.c.Kiosk.Currency); c.WaitingSum != "" && (err != nil || !sum.Positive()) {
		k.say("payment.waiting_sum", fmt.Sprintf("%q is no amount in %s", c.WaitingSum, k.c.Kiosk.Currency), `write it as "1000.00", or "" for no limit`)
	}
	least, err1 := money.Parse(c.Min, k.c.Kiosk.Currency)
	most, err2 := money.Parse(c.Max, k.c.Kiosk.Currency)
	if err1 != nil || !least.Positive() {
		k.say("payment.min", fmt.Sprintf("%q is no amount in %s", c.Min, k.c.Kiosk.Currency), `write it as "1.00"`)
	}
	if err2 != nil || !most.Positive() {
		k.say("payment.max", fmt.Sprintf("%q is no amount in %s", c.Max, k.c.Kiosk.Currency), `write it as "250.00"`)
	}
	if err1 == nil && err2 == nil && most.Minor < least.Minor {
		k.say("payment.max", fmt.Sprintf("%s is less than the minimum %s", most, least), "raise max or lower min")
	}
	for key, limit := range map[string]int{"payment.open_cases": c.OpenCases, "payment.waiting": c.Waiting} {
		if limit < 0 {
			k.say(key, "a limit is below nothing", "use 0 for no limit")
		}
	}
}

func (k *checker) needed(key, value, mend string) {
	if strings.TrimSpace(value) == "" {
		k.say(key, "this key is missing", mend)
	}
}

func (k *checker) oneOf(key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		shown := slices.DeleteFunc(slices.Clone(allowed), func(s string) bool { return s == "" })
		k.say(key, fmt.Sprintf("%q is not possible here", value), "use one of: "+strings.Join(shown, ", "))
	}
}

func (k *checker) address(key string, a Address, schemes ...string) {
	if a.Scheme == "" {
		k.say(key, "this key is missing", "write where it is, as "+exampleOf(schemes[0]))
		return
	}
	if !slices.Contains(schemes, a.Scheme) {
		k.say(key, fmt.Sprintf("%q cannot be used here", a.Scheme+"://"), "use "+strings.Join(schemes, ":// or ")+"://")
		return
	}
	wrong := ""
	switch a.Scheme {
	case "tcp":
		if _, err := strconv.ParseUint(a.Port(), 10, 16); err != nil || a.Hostname() == "" {
			wrong = "host and port are needed"
		}
	case "http", "https":
		if a.Hostname() == "" || a.RawQuery != "" || a.Fragment != "" || a.User != nil {
			wrong = "a host is needed, and nothing behind the path"
		}
	case "usb":
		if _, _, _, err := a.USB(); err != nil {
			wrong = "vendor and product number are needed"
		}
	default:
		if !filepath.IsAbs(a.Path) {
			wrong = "the path of the device is needed"
		}
	}
	if wrong != "" {
		k.say(key, fmt.Sprintf("%s: %s", a, wrong), "write it as "+exampleOf(a.Scheme))
	}
}

func exampleOf(scheme string) string {
	return map[string]string{
		"tcp":    "tcp://192.0.2.20:20007",
		"https":  "https://ils.example.org",
		"http":   "http://192.0.2.10:1892",
		"serial": "serial:///dev/serial/by-id/NAME?baud=9600",
		"usb":    "usb://04b8:0202",
		"evdev":  "evdev:///dev/input/by-id/NAME",
		"hidraw": "hidraw:///dev/kiosk/scanner",
	}[scheme]
}

func (k *checker) loopback(key, listen string) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || port == "" {
		k.say(key, fmt.Sprintf("%q is no host and port", listen), `write it as "127.0.0.1:8080"`)
		return
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		k.say(key, fmt.Sprintf("%q can be reached from outside", listen), "listen on 127.0.0.1 or [::1] only")
	}
}
