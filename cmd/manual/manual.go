// Package manual writes a program's manual page from its own command line, so that the two cannot differ. A program prints
// its page by a flag that its help does not show:
//
//	kioskctl --manual | man -l -
package manual

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// Page is what a manual page says beside the command line.
type Page struct {
	Section int    // of the manual: 1 for what everybody uses, 8 for what runs a system
	Version string // of the program
	More    string // sections after the commands, in the language of man(7)
}

// Flag prints the page and ends the program; kong.Bind gives it the Page.
type Flag bool

// BeforeReset is called by kong when the flag is given, before anything that is missing is asked for.
func (Flag) BeforeReset(app *kong.Kong, page Page) error {
	if err := Write(app.Stdout, app.Model, page); err != nil {
		return err
	}
	app.Exit(0)
	return nil
}

// Write writes the page of a command line.
func Write(to io.Writer, app *kong.Application, page Page) error {
	w := &writer{name: app.Name}
	w.line(`.TH %s %d %s "%s %s"`, strings.ToUpper(app.Name), page.Section, today().Format(time.DateOnly), app.Name, escaped(page.Version))
	w.line(`.SH NAME`)
	w.line(`%s \- %s`, app.Name, escaped(strings.TrimSuffix(lower(app.Help), ".")))
	w.line(`.SH SYNOPSIS`)
	w.line(`\fB%s\fR [\fIoptions\fR]%s`, app.Name, map[bool]string{true: ` \fIcommand\fR ...`}[len(app.Children) > 0])
	w.line(`.SH DESCRIPTION`)
	w.text(app.Help)
	w.line(`.SH OPTIONS`)
	w.flags(app.Flags)
	if len(app.Children) > 0 {
		w.line(`.SH COMMANDS`)
		for _, command := range app.Leaves(true) {
			w.command(command)
		}
	}
	w.line("%s", strings.TrimSpace(page.More))
	_, err := io.WriteString(to, w.page.String())
	return err
}

// today is the date on the page: that of the sources where a package is made.
func today() time.Time {
	if seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC()
	}
	return time.Now()
}

type writer struct {
	name string
	page strings.Builder
}

func (w *writer) line(format string, a ...any) { fmt.Fprintf(&w.page, format+"\n", a...) }

// text writes what people read: a line that would begin with an order of man's language does not.
func (w *writer) text(text string) {
	for _, line := range strings.Split(text, "\n") {
		w.line(`\&%s`, escaped(strings.TrimSpace(line)))
	}
}

// command tells of one command, as it is typed.
func (w *writer) command(command *kong.Node) {
	heading := command.Path()
	for _, p := range command.Positional {
		heading += " " + argument(p)
	}
	w.line(`.SS %s`, escaped(heading))
	w.text(command.Help)
	if command.Detail != "" {
		w.line(`.PP`)
		w.text(command.Detail)
	}
	for _, p := range command.Positional {
		w.line(`.TP`)
		w.line(`\fI%s\fR`, escaped(argument(p)))
		w.text(p.Help)
	}
	var flags []*kong.Flag
	for node := command; node.Type != kong.ApplicationNode; node = node.Parent {
		flags = append(flags, node.Flags...)
	}
	w.flags(flags)
}

func (w *writer) flags(flags []*kong.Flag) {
	for _, f := range flags {
		if f.Hidden {
			continue
		}
		w.line(`.TP`)
		w.line("%s", asTyped(f))
		w.text(f.Help)
		if f.HasDefault && !f.IsBool() && f.Default != "" {
			w.text("When left out: " + f.Default + ".")
		}
	}
}

// argument is what a word without a flag is called: ID, [ID] where it may be left out, and dots where there may be more.
func argument(p *kong.Positional) string {
	name := strings.ToUpper(p.Name)
	if p.IsCumulative() {
		name += "..."
	}
	if !p.Required {
		name = "[" + name + "]"
	}
	return name
}

// asTyped is a flag with what follows it: -v, --config=FILE.
func asTyped(f *kong.Flag) string {
	typed := `\fB\-\-` + escaped(f.Name) + `\fR`
	if f.Short != 0 {
		typed = `\fB\-` + string(f.Short) + `\fR, ` + typed
	}
	if !f.IsBool() && !f.IsCounter() {
		what := f.PlaceHolder
		if what == "" {
			what = strings.ToUpper(f.Name)
		}
		typed += `=\fI` + escaped(what) + `\fR`
	}
	if f.Required {
		typed += " (needed)"
	}
	return typed
}

func lower(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToLower(text[:1]) + text[1:]
}

// escaped keeps what man would take for an order, and hyphens that are typed.
func escaped(text string) string { return strings.NewReplacer(`\`, `\e`, `-`, `\-`).Replace(text) }
