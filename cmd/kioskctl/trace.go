package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"selfpay/kiosk/control"
)

type traceCommand struct {
	Terminal traceTerminal `cmd:"" help:"What kiosk and card terminal say to each other, as they say it; no card number and no password is shown."`
}

type traceTerminal struct {
	Minutes int `default:"5" placeholder:"N" help:"How long, 1 to 60; Ctrl-C ends it before."`
}

func (c traceTerminal) Run(ctx context.Context, t *tool) error {
	if err := control.TraceMinutes(c.Minutes); err != nil {
		return errUsage(err.Error() + ": --minutes 5")
	}
	client, err := t.client()
	if err != nil {
		return err
	}
	begun := func() {
		fmt.Fprintf(os.Stderr, "the terminal's line is listened to for %d min; Ctrl-C ends it\n", c.Minutes)
	}
	err = client.Trace(ctx, c.Minutes, begun, func(document json.RawMessage) error { return t.traced(document) })
	switch {
	case ctx.Err() != nil:
		return nil // whoever asked has seen enough
	case errors.Is(err, control.ErrDaemonDown):
		return fmt.Errorf("%w; the terminal belongs to the running daemon: start it with systemctl start kioskd", err)
	}
	return err
}

// traced prints one message.
func (t *tool) traced(document json.RawMessage) error {
	if t.json {
		return t.document(document)
	}
	var m tracedMessage
	if err := json.Unmarshal(document, &m); err != nil {
		return fmt.Errorf("kioskd says what this kioskctl does not understand: %w", err)
	}
	_, err := fmt.Fprintln(t.out, m.line())
	return err
}

// tracedMessage is what all protocols have, and what some have.
type tracedMessage struct {
	At      time.Time
	From    string
	Lost    int
	Message struct {
		Control, Name, Text string
		Fields              json.RawMessage // an object, or a list of spokenField
		Packets             []struct {
			Name   string
			Fields []spokenField
		}
		Problems []string
	}
}

type spokenField struct{ Tag, Name, Value, Means string }

// line is a message as people read it: when, who, what, and what is wrong.
func (m tracedMessage) line() string {
	words := []string{m.At.Local().Format("15:04:05.000"), fmt.Sprintf("%8s >", m.From)}
	for _, w := range []string{m.Message.Control, m.Message.Name, printable(m.Message.Text)} {
		if w != "" {
			words = append(words, w)
		}
	}
	words = append(words, spoken(m.Message.Fields)...)
	for _, p := range m.Message.Packets {
		words = append(append(words, "["+p.Name+"]"), spokenFields(p.Fields)...)
	}
	if len(m.Message.Problems) > 0 {
		words = append(words, "- "+printable(strings.Join(m.Message.Problems, "; ")))
	}
	if m.Lost > 0 {
		words = append(words, fmt.Sprintf("- %d pieces before it were not heard", m.Lost))
	}
	return strings.Join(words, " ")
}

// spoken are the fields of a message as key=value.
func spoken(fields json.RawMessage) []string {
	var list []spokenField
	if json.Unmarshal(fields, &list) == nil {
		return spokenFields(list)
	}
	var named map[string]any
	in := json.NewDecoder(bytes.NewReader(fields))
	in.UseNumber() // an amount stays as it was written
	if in.Decode(&named) != nil {
		return nil
	}
	var words []string
	for _, key := range slices.Sorted(maps.Keys(named)) {
		words = append(words, key+"="+quoted(fmt.Sprint(named[key])))
	}
	return words
}

func spokenFields(list []spokenField) []string {
	var words []string
	for _, f := range list {
		key := f.Name
		if key == "" {
			key = f.Tag
		}
		word := strings.ReplaceAll(key, " ", "_") + "=" + quoted(f.Value)
		if f.Means != "" {
			word += " (" + printable(f.Means) + ")"
		}
		words = append(words, word)
	}
	return words
}

// quoted puts a value that is more than one word between quotation marks.
func quoted(value string) string {
	if value == "" || strings.ContainsAny(value, " \"") || printable(value) != value {
		return strconv.Quote(value)
	}
	return value
}

// printable keeps signs that would move the cursor off the screen.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, text)
}
