package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"selfpay/kiosk/config"
	"selfpay/sip"
	"selfpay/sip/client"
	"selfpay/sip/wire"
)

// harmless are the messages that change nothing at the library. Every other one is refused, also those that nobody
// has thought of yet.
var harmless = map[string]bool{
	"99": true, // SC Status
	"97": true, // Request ACS Resend
	"23": true, // Patron Status Request
	"63": true, // Patron Information
	"35": true, // End Patron Session
	"17": true, // Item Information
}

type ilsRawCommand struct {
	Message     string `arg:"" help:"The message as the SIP2 document writes it, without AY and AZ; - reads it from standard input."`
	YesThisPays bool   `name:"yes-this-pays" help:"Send it though it changes an account; for a library system with ils.test_system only."`
}

func (r *ilsRawCommand) Run(ctx context.Context, t *tool) error {
	c, cfg, err := t.library()
	if err != nil {
		return err
	}
	text := r.Message
	if text == "-" {
		if text, err = readSecretLine(os.Stdin, "message: "); err != nil {
			return err
		}
	}
	m, err := wire.Format{}.Parse([]byte(text))
	if err != nil {
		return errUsage("a message begins with its code, two digits, such as 9900402.00")
	}
	if err := r.allowed(c, m.Code); err != nil {
		return err
	}
	if err := whole(m); err != nil {
		return err
	}
	library := client.New(cfg)
	defer library.Close()
	answer, err := library.Raw(ctx, m)
	switch {
	case errors.Is(err, sip.ErrDoubt) && !harmless[m.Code]:
		return fmt.Errorf("message %s was sent and has no answer, so it may have been carried out: look at the account before sending it again; %w", m.Code, cannotAsk(c, err))
	case errors.Is(err, wire.ErrUnwritable):
		return errUsage("the message cannot be sent: " + err.Error())
	case err != nil:
		return cannotAsk(c, err)
	}
	d := (&veil{cards: true}).lift(answer.Raw, cfg.Format.Charset)
	if t.json {
		err = t.document(d)
	} else {
		t.say("%s", strings.Join(append([]string{headline(d)}, explainMessage(d)...), "\n"))
	}
	if answer.Code == "96" && m.Code != "97" || d.Name == "" || answer.Checksum == wire.Bad {
		err = errors.Join(err, errNotWell)
	}
	return err
}

// allowed refuses what changes an account, unless it is a test system and the caller says so.
func (r *ilsRawCommand) allowed(c config.Config, code string) error {
	layout, known := wire.LayoutOf(code)
	_, request := sip.PositionOf(code)
	switch {
	case harmless[code]:
		return nil
	case !known:
		return errUsage(fmt.Sprintf("message %s is not in the SIP2 document and was not sent", code))
	case !request:
		return errUsage(fmt.Sprintf("message %s (%s) is no request: it is what a library system says", code, layout.Name))
	case code == "93":
		return errUsage("the login is done for you; try it with kioskctl ils login")
	case !c.ILS.TestSystem:
		return errUsage(fmt.Sprintf("message %s (%s) changes what the library has on its books and was not sent; it can be sent to a library system with ils.test_system = true only", code, layout.Name))
	case !r.YesThisPays:
		return errUsage(fmt.Sprintf("message %s (%s) changes what the library has on its books and was not sent; if you mean it, add --yes-this-pays", code, layout.Name))
	}
	return nil
}

// written are the problems of a message that do not matter when it is written anew.
var written = []string{
	wire.Problem{Kind: wire.NoLastDelimiter}.String(),
	wire.Problem{Kind: wire.WrongChecksum}.String(),
	wire.Problem{Kind: wire.LowerCaseChecksum}.String(),
	wire.Problem{Kind: wire.SequenceWithoutChecksum}.String(),
	wire.Problem{Kind: wire.ChecksumWithoutSequence}.String(),
}

// whole refuses a message that a person has not typed in full.
func whole(m wire.Message) error {
	layout, _ := wire.LayoutOf(m.Code)
	if len(m.Fixed) != layout.Width() {
		var form []string
		for _, f := range layout.Fixed {
			form = append(form, fmt.Sprintf("%s (%d)", strings.ReplaceAll(f.Name, "_", " "), f.Width))
		}
		return errUsage(fmt.Sprintf("the code %s (%s) is followed by %d characters: %s; %d were given", m.Code, layout.Name,
			layout.Width(), strings.Join(form, ", "), len(m.Fixed)))
	}
	problems := slices.DeleteFunc(m.Problems, func(p string) bool { return slices.Contains(written, p) })
	if len(problems) > 0 {
		return errUsage("the message cannot be sent as it is: " + strings.Join(problems, " "))
	}
	return nil
}
