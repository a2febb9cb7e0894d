// Package config reads the kiosk's one file: one struct, unknown keys refused, secrets by reference. Every mistake is
// named with its line, its key and its mend.
package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"selfpay/device"
	"selfpay/device/money"
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
	Payment  Payment  `toml:"payment"`
	Privacy  Privacy  `toml:"privacy"`
	Web      Web      `toml:"web"`
	Health   Health   `toml:"health"`
}

// Kiosk is the station itself.
type Kiosk struct {
	ID        string         `toml:"id"`
	Library   string         `toml:"library"`
	Currency  money.Currency `toml:"currency"`
	Languages []string       `toml:"languages"`
	State     string         `toml:"state"`  // folder of ledger and keys
	Socket    string         `toml:"socket"` // kioskctl asks the daemon here
}

// ILS is the library system.
type ILS struct {
	Route       string   `toml:"route"`
	Address     Address  `toml:"address"`
	Profile     string   `toml:"profile"`
	TLS         bool     `toml:"tls"`
	CAFile      string   `toml:"ca_file"`     // PEM; empty: the system's
	ServerName  string   `toml:"server_name"` // empty: the host of the address
	CertFile    string   `toml:"cert_file"`   // PEM, the kiosk's own certificate where the library wants one
	KeyFile     string   `toml:"key_file"`    // PEM, its key
	Charset     string   `toml:"charset"`     // empty: UTF-8
	Login       string   `toml:"login"`
	Password    Secret   `toml:"password"`
	TelnetLogin bool     `toml:"telnet_login"` // login and password are typed at prompts, before any SIP2
	Institution string   `toml:"institution"`
	Location    string   `toml:"location"`
	Quiet       Duration `toml:"quiet"`       // a posting is applied within this time or never
	Answer      Duration `toml:"answer"`      // longest wait for the answer to a posting
	KeepAlive   Duration `toml:"keep_alive"`  // an idle connection is kept open after this; 0: it is not
	TestSystem  bool     `toml:"test_system"` // no real accounts: kioskctl ils raw may change them

	TerminalPassword Secret `toml:"terminal_password"` // AC in each message; not the login's
	PINInFeePaid     bool   `toml:"pin_in_fee_paid"`   // the library wants the patron's PIN with each posting
	ErrorDetection   string `toml:"error_detection"`   // "on", "strict": answers without a checksum prove nothing, "off"
	FeePaidOrder     string `toml:"fee_paid_order"`    // "patron-last": a cut message names no patron; "document"
}

// Terminal is the card terminal.
type Terminal struct {
	Driver     string   `toml:"driver"`
	Address    Address  `toml:"address"`
	Password   Secret   `toml:"password"`
	TerminalID string   `toml:"terminal_id"` // refuse another terminal; empty: any
	Answer     Duration `toml:"answer"`      // longest silence of the terminal in a dialogue
	EndOfDay   string   `toml:"end_of_day"`  // "23:10"; empty: the terminal or staff closes the day
}

// Printer is the receipt printer. No driver: no printer.
type Printer struct {
	Driver  string  `toml:"driver"`
	Address Address `toml:"address"`
	Profile string  `toml:"profile"`
}

// Receipt is what happens without paper: "ask" the patron, or "refuse" the payment.
type Receipt struct {
	WithoutPaper string `toml:"without_paper"`
}

// Scanner is the barcode scanner. No driver: card numbers are typed.
type Scanner struct {
	Driver  string   `toml:"driver"`
	Address Address  `toml:"address"`
	Accept  []string `toml:"accept"`
}

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

// Health is what others may watch.
type Health struct {
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
		dir := os.Getenv("CREDENTIALS_DIRECTORY")
		if dir == "" {
			return "", fmt.Errorf("credential %q cannot be read: systemd has given this program none; add LoadCredential=%s to the unit", name, name)
		}
		return readSecret(filepath.Join(dir, filepath.Base(name)))
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
// evdev:///dev/input/….
type Address struct{ url.URL }

// UnmarshalText reads an address.
func (a *Address) UnmarshalText(text []byte) error {
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

// Text is the configuration as a file would say it, secrets hidden.
func (c Config) Text() (string, error) {
	text, err := toml.Marshal(c)
	return string(text), err
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

// Load reads and checks the file. Its error lists every mistake found.
func Load(path string) (Config, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return Config{}, &Mistakes{Path: path, List: []Mistake{{What: err.Error(), Mend: "name the right file with --config, and let the kiosk's user read it"}}}
	}
	c, mistakes := Parse(string(content))
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
		ILS:      ILS{Route: "sip2", Profile: "generic", Quiet: Duration(120 * time.Second), Answer: Duration(45 * time.Second), ErrorDetection: "on", FeePaidOrder: "patron-last"},
		Terminal: Terminal{Driver: "zvt", Answer: Duration(180 * time.Second)},
		Printer:  Printer{Profile: "epson-tm-t88v"},
		Receipt:  Receipt{WithoutPaper: "ask"},
		Scanner:  Scanner{Accept: []string{"codabar", "code39", "qr"}},
		Payment: Payment{Min: "0.01", Max: "250.00", OpenCases: 5, Waiting: 50, WaitingSum: "1000.00",
			TellStaffAfter: Duration(15 * time.Minute), OnRefusal: "reverse"},
		Privacy: Privacy{Retention: Duration(30 * 24 * time.Hour)},
		Web:     Web{Listen: "127.0.0.1:8080"},
		Health:  Health{Listen: "127.0.0.1:9100"},
	}
}

// Parse reads the text of a configuration and lists what is wrong with it.
func Parse(content string) (Config, []Mistake) {
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
	check := checker{c: c, at: at, mistakes: mistakes, tlsSaid: meta.IsDefined("ils", "tls")}
	check.all()
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
	table, name, _ := strings.Cut(key, ".")
	field, known := fieldOf(reflect.TypeFor[Config](), table)
	if !known {
		return `write tables as [kiosk] and keys as id = "main-01"`
	}
	if name == "" {
		return "write it as a table: [" + table + "]"
	}
	if field, known = fieldOf(field.Type, name); !known {
		return `write keys as id = "main-01"`
	}
	switch {
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

func fieldOf(table reflect.Type, name string) (reflect.StructField, bool) {
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
func knownKeys() []string {
	var all []string
	tables := reflect.TypeFor[Config]()
	for i := range tables.NumField() {
		table := tables.Field(i)
		for j := range table.Type.NumField() {
			all = append(all, table.Tag.Get("toml")+"."+table.Type.Field(j).Tag.Get("toml"))
		}
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
	tlsSaid  bool // the file says whether TLS is wanted
}

func (k *checker) say(key, what, mend string) {
	line := k.at[key]
	if line == 0 {
		table, _, _ := strings.Cut(key, ".")
		line = k.at[table]
	}
	k.mistakes = append(k.mistakes, Mistake{line, key, what, mend})
}

func (k *checker) all() {
	k.kiosk()
	k.ils()
	k.devices()
	k.payment()
	if kept := time.Duration(k.c.Privacy.Retention); kept < 24*time.Hour || kept > 366*24*time.Hour {
		k.say("privacy.retention", fmt.Sprintf("%s is no time to keep library cards", kept), `use a time between 24h and 8784h; "720h" is thirty days`)
	}
	k.loopback("web.listen", k.c.Web.Listen)
	k.loopback("health.listen", k.c.Health.Listen)
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
}

func (k *checker) ils() {
	c := k.c.ILS
	k.oneOf("ils.route", c.Route, "sip2")
	k.oneOf("ils.profile", c.Profile, "evergreen", "evergreen-legacy", "folio", "generic", "koha")
	k.address("ils.address", c.Address, "tcp")
	k.oneOf("ils.charset", c.Charset, "", "utf-8", "latin-1", "cp850", "cp437", "ascii")
	if time.Duration(c.Quiet) <= 0 || time.Duration(c.Quiet) > time.Hour {
		k.say("ils.quiet", fmt.Sprintf("%s is no quiet time", time.Duration(c.Quiet)), `use a time between 1s and 1h; "120s" is right for most library systems`)
	}
	if time.Duration(c.Answer) < time.Second || time.Duration(c.Answer) > 10*time.Minute {
		k.say("ils.answer", fmt.Sprintf("%s is no waiting time", time.Duration(c.Answer)), `use a time between 1s and 10m; "45s" is right for most library systems`)
	}
	if alive := time.Duration(c.KeepAlive); alive != 0 && (alive < time.Second || alive > time.Hour) {
		k.say("ils.keep_alive", fmt.Sprintf("%s is no time to keep a connection open", alive), `use a time between 1s and 1h, such as "5m", or leave it out`)
	}
	k.oneOf("ils.error_detection", c.ErrorDetection, "on", "strict", "off")
	k.oneOf("ils.fee_paid_order", c.FeePaidOrder, "patron-last", "document")
	if c.TelnetLogin && c.Login == "" {
		k.say("ils.telnet_login", "there is no login to type at the prompts", "set login and password, or remove telnet_login")
	}
	k.tls()
}

// tls wants patrons and passwords to go in clear only where the file says so in so many words.
func (k *checker) tls() {
	c := k.c.ILS
	ip := net.ParseIP(c.Address.Hostname())
	loopback := c.Address.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	switch {
	case !c.TLS && (c.CAFile != "" || c.ServerName != "" || c.CertFile != ""):
		k.say("ils.tls", "a certificate is named but TLS is off", "set tls = true or remove ca_file, server_name and cert_file")
	case !c.TLS && !k.tlsSaid && !loopback && c.Address.Scheme == "tcp":
		k.say("ils.tls", "patrons' numbers and the password would go over the network in clear",
			"set tls = true, or write tls = false if a tunnel or a network of its own protects the line")
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		k.say("ils.cert_file", "a certificate and its key belong together", "set both cert_file and key_file, or neither")
	}
}

func (k *checker) devices() {
	k.oneOf("terminal.driver", k.c.Terminal.Driver, "zvt")
	k.address("terminal.address", k.c.Terminal.Address, "tcp", "serial")
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
		k.oneOf("printer.profile", k.c.Printer.Profile, "epson-tm-t88v")
	}
	k.oneOf("receipt.without_paper", k.c.Receipt.WithoutPaper, "ask", "refuse")
	if k.c.Scanner.Driver != "" {
		k.oneOf("scanner.driver", k.c.Scanner.Driver, "evdev", "serial")
		k.address("scanner.address", k.c.Scanner.Address, k.c.Scanner.Driver)
	}
	for _, a := range k.c.Scanner.Accept {
		k.oneOf("scanner.accept", a, "codabar", "code39", "code128", "itf", "qr")
	}
}

func (k *checker) payment() {
	c := k.c.Payment
	if profile := k.c.ILS.Profile; c.Partial && profile == "generic" {
		k.say("payment.partial", fmt.Sprintf("with the profile %q whole accounts only can be paid", profile), "set partial = false")
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
		"serial": "serial:///dev/serial/by-id/NAME?baud=9600",
		"usb":    "usb://04b8:0202",
		"evdev":  "evdev:///dev/input/by-id/NAME",
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
