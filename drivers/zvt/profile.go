package zvt

import (
	"embed"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"selfpay/profile"
)

//go:embed profiles/*.toml
var profileFiles embed.FS

var profiles = profile.Set{Kind: "zvt", BuiltIn: profileFiles}

// DefaultProfile is that of a terminal of which nothing is known.
const DefaultProfile = "standard"

// Profile is what one family of terminals does beyond the protocol. It is data: one file for each in the folder profiles, and a site may
// have its own, as kioskctl terminal accept writes it.
type Profile struct {
	Name         string            `toml:"-"` // the file's name without its end
	Family       string            `toml:"family"`
	Models       []string          `toml:"models"`
	Quirks       []string          `toml:"quirks"` // for technicians
	Registration RegistrationTable `toml:"registration"`
	Payment      PaymentTable      `toml:"payment"`
	Times        TimesTable        `toml:"times"`
	Memory       MemoryTable       `toml:"memory"`
	Source       map[string]string `toml:"source"` // where a statement comes from, by section or by section.key; may begin with "unknown"
}

// RegistrationTable is what 06 00 says.
type RegistrationTable struct {
	Printing       string   `toml:"printing"` // blocks: the kiosk prints what the terminal sends; own: the kiosk words it; terminal: the terminal prints
	Config         string   `toml:"config"`   // the config byte in hex; empty: what printing needs
	Charset        string   `toml:"charset"`  // of texts that name none
	Charsets       []string `toml:"charsets"` // offered, the best first
	Width          int      `toml:"width"`    // characters in a printed line; 0: not told
	MessageNumbers bool     `toml:"message_numbers"`
}

// PaymentTable is what 06 01 says.
type PaymentTable struct {
	Type      string `toml:"type"`      // BMP 19 in hex; empty: 40, the terminal decides
	Reference string `toml:"reference"` // two letters in front of the payment's code in tag E9; "none": the code is not sent
}

// TimesTable are waits, as Go writes them: "60s". Empty: the protocol's.
type TimesTable struct {
	Card     string `toml:"card"`   // the terminal waits for a card, up to 255s
	Answer   string `toml:"answer"` // T3: command to first answer
	Dialogue string `toml:"dialogue"`
	Idle     string `toml:"idle"` // recovery waits for a busy terminal
}

// MemoryTable is what the terminal tells of a payment whose answer was lost. The driver decides by what it tells, never by its dialect.
type MemoryTable struct {
	LastResult string `toml:"last_result"` // 06 20 gives 04 0F: "yes" (seen at installation), "no" (seen), or "unknown"
	Unanswered string `toml:"unanswered"`  // of an approval without an answer: "keep", "reverse", "decline", "unknown"; for people
	Reverses   string `toml:"reverses"`    // 06 30: "any" purchase of the day, the "last" only, "unknown"; for people
}

// Profiles are the names of the built-in ones, and of those that an update brought.
func Profiles() []string { return profiles.Names() }

// FindProfile is the built-in profile of that name, DefaultProfile for an empty one, or a site's own from a file given by its absolute path.
// The error is a sentence with the key and the mend.
func FindProfile(name string) (Profile, error) {
	if name == "" {
		name = DefaultProfile
	}
	text, err := profiles.Read(name)
	if err != nil {
		return Profile{}, fmt.Errorf("terminal %w; set terminal.profile to the name of a built-in one, or to the absolute path of a file of your own", err)
	}
	return ParseProfile(name, []byte(text))
}

// ParseProfile reads the text of a profile. name is what mistakes are told with.
func ParseProfile(name string, text []byte) (Profile, error) {
	p := Profile{Name: strings.TrimSuffix(filepath.Base(name), ".toml")}
	known, err := toml.Decode(string(text), &p)
	if err != nil {
		return Profile{}, fmt.Errorf("terminal profile %s: %w; look at the line that is named there", name, err)
	}
	if unknown := known.Undecoded(); len(unknown) > 0 {
		return Profile{}, fmt.Errorf("terminal profile %s: the key %s is not known; leave it out", name, unknown[0])
	}
	if _, err := p.Config(); err != nil {
		return Profile{}, fmt.Errorf("terminal profile %s: %w", name, err)
	}
	return p, nil
}

// Config is what the profile says to the driver. Password, currency, terminal id and transport are the station's own.
func (p Profile) Config() (Config, error) {
	r := reading{}
	c := Config{
		Printing: map[string]Printing{"": PrintBlocks, "blocks": PrintBlocks, "own": PrintOwn, "terminal": PrintTerminal}[r.oneOf("registration.printing", p.Registration.Printing,
			"blocks", "own", "terminal")],
		ConfigByte:       r.hex("registration.config", p.Registration.Config),
		Charset:          p.Registration.Charset,
		Charsets:         p.Registration.Charsets,
		LineWidth:        p.Registration.Width,
		MessageNumbers:   p.Registration.MessageNumbers,
		PaymentType:      r.hex("payment.type", p.Payment.Type),
		CardWait:         r.time("times.card", p.Times.Card),
		T3:               r.time("times.answer", p.Times.Answer),
		T4:               r.time("times.dialogue", p.Times.Dialogue),
		IdleWait:         r.time("times.idle", p.Times.Idle),
		LastResultProven: r.oneOf("memory.last_result", p.Memory.LastResult, "yes", "no", "unknown") == "yes",
		NoLastResult:     p.Memory.LastResult == "no",
	}
	r.oneOf("memory.unanswered", p.Memory.Unanswered, "keep", "reverse", "decline", "unknown")
	r.oneOf("memory.reverses", p.Memory.Reverses, "any", "last", "unknown")
	switch reference := p.Payment.Reference; {
	case reference == "none":
		c.OmitReference = true
	case reference != "" && len(reference) != 2:
		r.say(`payment.reference is %q; write two letters, or "none"`, reference)
	default:
		c.ReferenceType = reference
	}
	if r.wrong == nil {
		r.wrong = c.Check()
	}
	return c, r.wrong
}

// reading keeps the first mistake of a profile.
type reading struct{ wrong error }

func (r *reading) say(format string, args ...any) {
	if r.wrong == nil {
		r.wrong = fmt.Errorf(format, args...)
	}
}

func (r *reading) oneOf(key, value string, allowed ...string) string {
	for _, a := range allowed {
		if value == a || value == "" {
			return value
		}
	}
	r.say("%s is %q; use one of %s", key, value, strings.Join(allowed, ", "))
	return ""
}

func (r *reading) hex(key, value string) byte {
	if value == "" {
		return 0
	}
	n, err := strconv.ParseUint(value, 16, 8)
	if err != nil || len(value) != 2 || n == 0 {
		r.say(`%s is %q; write one byte in hex, "BE"`, key, value)
	}
	return byte(n)
}

func (r *reading) time(key, value string) time.Duration {
	if value == "" {
		return 0
	}
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		r.say(`%s is %q; write a time, "60s"`, key, value)
	}
	return d
}
