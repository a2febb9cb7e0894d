package escpos

import (
	"embed"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"selfpay/profile"
)

//go:embed profiles/*.toml
var profileFiles embed.FS

var profiles = profile.Set{Kind: "printer", BuiltIn: profileFiles}

// Profile is what one model can do. Differences between models stand here and nowhere else. Profiles are data: one
// file for each model in the folder profiles, and a site may have its own.
type Profile struct {
	Name    string            `toml:"-"` // the file's name without its end
	Model   string            `toml:"model"`
	Quirks  []string          `toml:"quirks"` // for technicians
	Paper   Paper             `toml:"paper"`
	Fonts   map[string]Cell   `toml:"fonts"` // "a", "b": what ESC M 0 and 1 choose; font a is used
	Cutter  Cutter            `toml:"cutter"`
	Present Presenter         `toml:"presenter"`
	Tables  PageTables        `toml:"pages"`
	Raster  Graphics          `toml:"graphics"`
	Codes   Codes             `toml:"codes"`
	Status  Abilities         `toml:"status"`
	Sensors Sensors           `toml:"sensors"`
	Flow    Flow              `toml:"flow"`
	Source  map[string]string `toml:"source"` // where a statement comes from, by section or by section.key; may begin with "unknown"

	Columns int    `toml:"-"` // characters on a line in font a
	Pages   []Page `toml:"-"` // of Tables, the ones to use first at the front; never empty
}

// Paper is what can be printed on.
type Paper struct {
	WidthMM int `toml:"width_mm"`
	Dots    int `toml:"dots"` // printable in a row
	DPI     int `toml:"dpi"`
}

// Cell is one font: how many characters stand on a line, and the dots of one.
type Cell struct {
	Columns int `toml:"columns"`
	Width   int `toml:"width"`
	Height  int `toml:"height"`
}

// Cutter is how the receipt comes off: kind full, partial or none; command feed (GS V with feed to the knife), here
// (GS V at the spot) or old (ESC i, ESC m). FeedLines are fed before a cut that does not feed by itself.
type Cutter struct {
	Kind      string `toml:"kind"`
	Command   string `toml:"command"`
	FeedLines int    `toml:"feed_lines"`
}

// Presenter is what holds a receipt out to the patron: dialect none, unknown (left to the printer itself),
// custom-kpm or custom-tptcm, which have the same command with different meanings.
type Presenter struct {
	Dialect string `toml:"dialect"`
}

// PageTables are the code pages as NUMBER=NAME.
type PageTables struct {
	Tables []string `toml:"tables"`
}

// Graphics is how a picture is sent: raster gs-v-0, gs-l or none, in bands of BandRows rows at most.
type Graphics struct {
	Command  string `toml:"raster"`
	BandRows int    `toml:"band_rows"`
}

// Answer is what is known of an ability. Unknown is used like No wherever a wrong guess would spoil a receipt.
type Answer string

const (
	Yes     Answer = "yes"
	No      Answer = "no"
	Unknown Answer = "unknown"
)

// Codes are what the printer draws by itself; what it does not is sent as a picture.
type Codes struct {
	QR      Answer `toml:"qr"`
	Code128 Answer `toml:"code128"`
	Code39  Answer `toml:"code39"`
	EAN     Answer `toml:"ean"`
}

// Abilities are the ways a printer tells how it is.
type Abilities struct {
	RealTime  Answer `toml:"real_time"`  // DLE EOT 1 to 4
	InOrder   Answer `toml:"in_order"`   // GS r 1
	Automatic Answer `toml:"automatic"`  // GS a
	ProcessID Answer `toml:"process_id"` // GS ( H function 48
	Clear     Answer `toml:"clear"`      // DLE DC4 8
	Identity  Answer `toml:"identity"`   // GS I
	Full      string `toml:"full"`       // none, or custom: DLE EOT 20 with six bytes
}

// Sensors say which bits mean anything.
type Sensors struct {
	PaperEnd Answer `toml:"paper_end"`
	NearEnd  Answer `toml:"near_end"`
}

// Flow is how much is sent at once.
type Flow struct {
	Chunk  int `toml:"chunk"`    // bytes that are sent before the printer has to answer that it is through with them
	Buffer int `toml:"buffer"`   // bytes of its receive buffer
	Speed  int `toml:"mm_per_s"` // paper that comes out in a second
}

// Page is one code page of a printer: its number for ESC t, which differs from make to make, and its characters.
type Page struct {
	Number byte
	*Charset
}

// DefaultProfile is the profile of a Config that names none.
const DefaultProfile = "epson-tm-t88v"

// Profiles lists the built-in profiles in alphabetical order.
func Profiles() []string { return profiles.Names() }

// FindProfile is the built-in profile of that name, DefaultProfile for an empty one, or a site's own from a file
// given by its absolute path. The error is a sentence, or several, with the key and the mend.
func FindProfile(name string) (Profile, error) {
	if name == "" {
		name = DefaultProfile
	}
	text, err := profiles.Read(name)
	if err != nil {
		return Profile{}, fmt.Errorf("printer %w; set printer.profile to the name of a built-in one, or to the absolute path of a file of your own", err)
	}
	return ParseProfile(name, []byte(text))
}

func mustProfile(name string) Profile {
	p, err := FindProfile(name)
	if err != nil {
		panic(err)
	}
	return p
}

// ParseProfile reads the text of a profile. name is what mistakes are told with.
func ParseProfile(name string, text []byte) (Profile, error) {
	p := Profile{Name: strings.TrimSuffix(filepath.Base(name), ".toml")}
	known, err := toml.Decode(string(text), &p)
	if err != nil {
		return Profile{}, fmt.Errorf("printer profile %s: %w; look at the line that is named there", name, err)
	}
	c := checker{name: name, known: known}
	for _, key := range known.Undecoded() {
		c.say(key.String(), "is not known", "remove it, or spell it as in a built-in profile")
	}
	c.check(&p)
	if len(c.mistakes) > 0 {
		return Profile{}, errors.Join(c.mistakes...)
	}
	return p, nil
}

type checker struct {
	name     string
	known    toml.MetaData
	mistakes []error
}

func (c *checker) say(key, what, mend string) {
	c.mistakes = append(c.mistakes, fmt.Errorf("printer profile %s: %s %s; %s", c.name, key, what, mend))
}

func (c *checker) between(key string, n, low, high int) {
	if n < low || n > high {
		c.say(key, fmt.Sprintf("is %d", n), fmt.Sprintf("set it to something from %d to %d", low, high))
	}
}

func (c *checker) oneOf(key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		c.say(key, fmt.Sprintf("is %q", value), "set it to one of: "+strings.Join(allowed, ", "))
	}
}

func (c *checker) answer(key string, a Answer) { c.oneOf(key, string(a), "yes", "no", "unknown") }

func (c *checker) check(p *Profile) {
	if p.Model == "" {
		c.say("model", "is missing", "write the make and the model as on the type plate")
	}
	c.between("paper.width_mm", p.Paper.WidthMM, 20, 250)
	c.between("paper.dots", p.Paper.Dots, 100, 2400)
	c.between("paper.dpi", p.Paper.DPI, 100, 600)
	if _, given := p.Fonts["a"]; !given {
		c.say("fonts.a", "is missing", "give its columns, width and height")
	}
	for name, cell := range p.Fonts {
		c.oneOf("fonts."+name, name, "a", "b", "c")
		c.between("fonts."+name+".columns", cell.Columns, 10, 240)
		c.between("fonts."+name+".width", cell.Width, 5, 48)
		c.between("fonts."+name+".height", cell.Height, 7, 96)
		if cell.Columns*cell.Width > p.Paper.Dots {
			c.say("fonts."+name+".columns", fmt.Sprintf("is %d: %d characters of %d dots are wider than paper.dots = %d", cell.Columns, cell.Columns, cell.Width, p.Paper.Dots), "lower the columns or correct the dots")
		}
	}
	c.oneOf("cutter.kind", p.Cutter.Kind, "full", "partial", "none")
	c.oneOf("cutter.command", p.Cutter.Command, "feed", "here", "old")
	c.between("cutter.feed_lines", p.Cutter.FeedLines, 0, 20)
	c.oneOf("presenter.dialect", p.Present.Dialect, "none", "unknown", "custom-kpm", "custom-tptcm")
	c.oneOf("graphics.raster", p.Raster.Command, "gs-v-0", "gs-l", "none")
	c.between("graphics.band_rows", p.Raster.BandRows, 8, 2000)
	c.answer("codes.qr", p.Codes.QR)
	c.answer("codes.code128", p.Codes.Code128)
	c.answer("codes.code39", p.Codes.Code39)
	c.answer("codes.ean", p.Codes.EAN)
	c.answer("status.automatic", p.Status.Automatic)
	c.answer("status.process_id", p.Status.ProcessID)
	c.answer("status.clear", p.Status.Clear)
	c.answer("status.identity", p.Status.Identity)
	c.oneOf("status.full", p.Status.Full, "none", "custom")
	// Without these two nothing is known of a receipt.
	for key, a := range map[string]Answer{"status.real_time": p.Status.RealTime, "status.in_order": p.Status.InOrder} {
		if a == No {
			c.say(key, `is "no"`, "use a printer that answers: without an answer every receipt would be in doubt")
			continue
		}
		c.answer(key, a)
	}
	c.answer("sensors.paper_end", p.Sensors.PaperEnd)
	c.answer("sensors.near_end", p.Sensors.NearEnd)
	c.between("flow.chunk", p.Flow.Chunk, 64, 1<<16)
	c.between("flow.buffer", p.Flow.Buffer, 2*p.Flow.Chunk, 1<<24)
	c.between("flow.mm_per_s", p.Flow.Speed, 10, 1000)
	c.pages(p)
	c.sources(p)
	p.Columns = p.Fonts["a"].Columns
}

func (c *checker) pages(p *Profile) {
	if len(p.Tables.Tables) == 0 {
		c.say("pages.tables", "is empty", `name one code page at least, "0=cp437" for nearly every printer`)
	}
	seen := map[int]bool{}
	for _, entry := range p.Tables.Tables {
		number, name, _ := strings.Cut(entry, "=")
		n, err := strconv.Atoi(number)
		charset := charsets[name]
		switch {
		case err != nil || n < 0 || n > 255:
			c.say("pages.tables", fmt.Sprintf("holds %q", entry), `write NUMBER=NAME with the number for ESC t, "19=cp858"`)
		case charset == nil:
			c.say("pages.tables", fmt.Sprintf("holds %q", entry), "name one of: "+strings.Join(charsetNames(), ", "))
		case seen[n]:
			c.say("pages.tables", fmt.Sprintf("has the number %d twice", n), "keep one of them")
		default:
			p.Pages, seen[n] = append(p.Pages, Page{byte(n), charset}), true
		}
	}
}

// sources holds the file to this: each statement says where it comes from.
func (c *checker) sources(p *Profile) {
	for _, section := range []string{"paper", "fonts", "cutter", "presenter", "pages", "graphics", "codes", "status", "sensors", "flow"} {
		if strings.TrimSpace(p.Source[section]) == "" {
			c.say("source."+section, "is missing", `write where the section's values come from, or "unknown"`)
		}
	}
	for key := range p.Source {
		if parts := strings.Split(key, "."); !c.known.IsDefined(parts...) {
			c.say("source."+key, "names a key that the profile does not have", "correct or remove it")
		}
	}
}
