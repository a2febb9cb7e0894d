package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"selfpay/cmd/parts"
	"selfpay/device/money"
	"selfpay/kiosk/config"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ils/sip2"
	"selfpay/sip"
	"selfpay/sip/client"
	"selfpay/sip/wire"
)

// ilsCommand asks the library system itself, on a connection of its own: the daemon need not run.
type ilsCommand struct {
	Status ilsStatusCommand `cmd:"" help:"What the library system says about itself, and whether fees can be paid."`
	Login  ilsLoginCommand  `cmd:"" help:"Try the login."`
	Patron ilsPatronCommand `cmd:"" help:"What the library says about a card, without the name."`
	Fees   ilsFeesCommand   `cmd:"" help:"The fees of a card as the kiosk would offer them."`
	Raw    ilsRawCommand    `cmd:"" help:"SIP2: send one message and explain the answer."`
	Proxy  ilsProxyCommand  `cmd:"" help:"SIP2: stand between a client and the library system and explain what both say."`
	Probe  ilsProbeCommand  `cmd:"" help:"Find out on a test patron what no document says, and write the library's profile."`
}

// libraryStatus is what a library system says in ACS Status (98).
type libraryStatus struct {
	OnLine          bool             `json:"on_line"`
	FeePaid         string           `json:"fee_paid"` // see supportWords
	Institution     string           `json:"institution"`
	Library         string           `json:"library"`
	Version         string           `json:"version"`
	Messages        []libraryMessage `json:"messages"`
	TimeoutMS       *int             `json:"timeout_ms"` // null where it was not said
	Retries         *int             `json:"retries"`
	Date            *time.Time       `json:"date"`
	ClockDifference *int             `json:"clock_difference_s"` // the library's clock minus ours
}

// libraryMessage is one request of the document.
type libraryMessage struct {
	Code      string `json:"code"`
	Name      string `json:"name"`
	Supported string `json:"supported"`
}

var supportWords = map[sip.Support]string{sip.Supported: "yes", sip.NotSupported: "no", sip.NotSaid: "not said"}

func newLibraryStatus(s sip.ACSStatus, now time.Time) libraryStatus {
	d := libraryStatus{OnLine: s.OnLine, FeePaid: supportWords[s.Supports(sip.BXFeePaid)], Institution: s.Institution,
		Library: s.LibraryName, Version: s.Version, Messages: []libraryMessage{}}
	for _, layout := range wire.Layouts() {
		if at, request := sip.PositionOf(layout.Code); request {
			d.Messages = append(d.Messages, libraryMessage{layout.Code, layout.Name, supportWords[s.Supports(at)]})
		}
	}
	if s.Timeout != sip.Unknown {
		ms := s.Timeout * 100
		d.TimeoutMS = &ms
	}
	if s.Retries != sip.Unknown {
		d.Retries = &s.Retries
	}
	if !s.At.IsZero() {
		difference := int(s.At.Sub(now).Round(time.Second) / time.Second)
		d.Date, d.ClockDifference = &s.At, &difference
	}
	return d
}

// supporting lists the messages of which the library system says the same.
func (d libraryStatus) supporting(word string) string {
	var names []string
	for _, m := range d.Messages {
		if m.Supported == word {
			names = append(names, m.Name+" ("+m.Code+")")
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// obstacle is why no fee can be paid; empty when nothing is in the way.
func (d libraryStatus) obstacle() string {
	switch {
	case !d.OnLine:
		return "no fee can be paid: the library system says that it is off line; ask the library when it is back"
	case d.FeePaid == supportWords[sip.NotSupported]:
		return "no fee can be paid: the library system does not offer Fee Paid to this login; ask the library to allow it"
	}
	return ""
}

type ilsStatusCommand struct{}

func (ilsStatusCommand) Run(ctx context.Context, t *tool) error {
	if done, err := t.overHTTP(ctx, t.routeStatus); done {
		return err
	}
	c, cfg, err := t.library()
	if err != nil {
		return err
	}
	s, err := askStatus(ctx, cfg)
	if err != nil {
		return cannotAsk(c, err)
	}
	d := newLibraryStatus(s, time.Now())
	if t.json {
		err = t.document(d)
	} else {
		t.libraryStatus(c, d)
	}
	if err == nil && d.obstacle() != "" {
		err = errNotWell
	}
	return err
}

// library is the configured library system in the words of SIP2.
func (t *tool) library() (config.Config, client.Config, error) {
	c, err := t.load()
	if err != nil {
		return c, client.Config{}, err
	}
	if c.ILS.Route != "sip2" {
		return c, client.Config{}, errUsage(fmt.Sprintf("this command speaks SIP2, and the kiosk's route to the library is %q", c.ILS.Route))
	}
	cfg, err := parts.Client(c)
	return c, cfg, keptBySystemd(err)
}

// askStatus opens a connection, logs in and asks for ACS Status.
func askStatus(ctx context.Context, cfg client.Config) (sip.ACSStatus, error) {
	library := client.New(cfg)
	defer library.Close()
	return library.Status(ctx)
}

func (t *tool) libraryStatus(c config.Config, d libraryStatus) {
	if d.OnLine {
		t.say("the library system at %s is on line", c.ILS.Address.Host)
	} else {
		t.say("the library system at %s says that it is off line", c.ILS.Address.Host)
	}
	t.say("institution    %s", strings.TrimSpace(d.Institution+" "+d.Library))
	t.say("version        %s", d.Version)
	t.say("Fee Paid (37)  supported: %s", d.FeePaid)
	t.say("supported      %s", d.supporting("yes"))
	t.say("not supported  %s", d.supporting("no"))
	t.say("not said       %s", d.supporting("not said"))
	t.say("timeout        %s", orNotSaid(d.TimeoutMS, func(ms int) string { return (time.Duration(ms) * time.Millisecond).String() }))
	t.say("retries        %s", orNotSaid(d.Retries, func(n int) string { return fmt.Sprint(n) }))
	if d.Date == nil {
		t.say("date           not said")
	} else {
		t.say("date           %s, %s", d.Date.Format(time.DateTime), clockWords(*d.ClockDifference))
	}
	if why := d.obstacle(); why != "" {
		t.say("%s", why)
	}
}

// orNotSaid is a number in words, also one that was not said.
func orNotSaid(n *int, words func(int) string) string {
	if n == nil {
		return "not said"
	}
	return words(*n)
}

func clockWords(seconds int) string {
	off := (time.Duration(seconds) * time.Second).Abs()
	switch {
	case off <= 2*time.Second: // it says whole seconds, and took a moment
		return "as the clock here"
	case seconds > 0:
		return fmt.Sprintf("%s ahead of the clock here", off)
	}
	return fmt.Sprintf("%s behind the clock here", off)
}

// libraryLogin is how a login ended.
type libraryLogin struct {
	Accepted bool   `json:"accepted"`
	Login    string `json:"login"` // empty: the library knows the station by its address
	Reason   string `json:"reason,omitempty"`
}

type ilsLoginCommand struct{}

func (ilsLoginCommand) Run(ctx context.Context, t *tool) error {
	if done, err := t.overHTTP(ctx, t.routeLogin); done {
		return err
	}
	c, cfg, err := t.library()
	if err != nil {
		return err
	}
	_, err = askStatus(ctx, cfg)
	d := libraryLogin{Accepted: err == nil, Login: c.ILS.Login}
	switch {
	case errors.Is(err, client.ErrLogin):
		d.Reason = cannotAsk(c, err).Error()
	case err != nil:
		return cannotAsk(c, err)
	}
	switch {
	case t.json:
		err = t.document(d)
	case !d.Accepted:
		t.say("%s", d.Reason)
	case d.Login == "":
		t.say("the library system at %s asks for no login: ils.login is empty, and it answers", c.ILS.Address.Host)
	default:
		t.say("the library system at %s accepts the login %q", c.ILS.Address.Host, d.Login)
	}
	if !d.Accepted {
		err = errors.Join(err, errNotWell)
	}
	return err
}

// pinFlag takes a PIN from standard input and from nowhere else: a command line can be read by others.
type pinFlag struct {
	PIN string `name:"pin" placeholder:"-" help:"Read the patron's PIN from standard input: --pin -"`
}

func (f pinFlag) read() (string, error) {
	switch f.PIN {
	case "":
		return "", nil
	case "-":
		return readSecretLine(os.Stdin, "PIN: ")
	}
	return "", errUsage("a PIN is read from standard input only: write --pin -")
}

// readSecretLine reads one line; on a terminal it asks for it and shows nothing of it.
func readSecretLine(in *os.File, prompt string) (string, error) {
	line, err := secretLine(in, bufio.NewReader(in), prompt)
	if err == nil && line == "" {
		err = errUsage("standard input is empty: nothing was given there")
	}
	return line, err
}

// secretLine reads one line from what reads in. It may be empty.
func secretLine(in *os.File, lines *bufio.Reader, prompt string) (string, error) {
	if before, err := unix.IoctlGetTermios(int(in.Fd()), unix.TCGETS); err == nil {
		silent := *before
		silent.Lflag &^= unix.ECHO
		if err := unix.IoctlSetTermios(int(in.Fd()), unix.TCSETS, &silent); err != nil {
			return "", fmt.Errorf("the terminal cannot be kept from showing what is typed: %w", err)
		}
		defer unix.IoctlSetTermios(int(in.Fd()), unix.TCSETS, before)
		fmt.Fprint(os.Stderr, prompt)
		defer fmt.Fprintln(os.Stderr)
	}
	line, err := lines.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("standard input cannot be read: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// reading is one reading of an account: what the kiosk makes of it, and what the library system said in it.
type reading struct {
	account  ils.Account
	answered bool                           // the library system answered
	wholly   bool                           // the library names no fees, so the whole account is paid at once
	answer   *sip.PatronInformationResponse // without what names a person; nil when there was none
	reason   string                         // why the kiosk would offer no payment; empty when it would
	refused  error                          // the reason's class
}

// readAccount reads an account as the kiosk does. The error is that of a library system that could not be asked. The
// patron is asked for once, so that a wrong PIN counts once; what the account leaves out is taken from the trace of
// that one exchange, in which names and numbers are masked.
func readAccount(ctx context.Context, c config.Config, p ils.Patron) (reading, error) {
	if c.ILS.Route != "sip2" {
		return readOverHTTP(ctx, c, p)
	}
	var r reading
	cfg, err := parts.SIP2(c)
	if err != nil {
		return r, keptBySystemd(err)
	}
	cfg.Trace = func(d client.Direction, line string) {
		m, err := wire.Format{}.Parse([]byte(line))
		if err != nil || d != client.Received || m.Code != "64" {
			return
		}
		if answer, err := sip.ParsePatronInformationResponse(m); err == nil {
			r.answer, r.answered = &answer, true
		}
	}
	library, err := sip2.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return r, err
	}
	defer library.Close()
	r.wholly = !library.Traits().FeeIDs
	r.account, r.refused = library.Account(ctx, p, ils.Doubt{})
	if r.refused != nil && !ils.IsRefusedAccount(r.refused) {
		return r, cannotAsk(c, r.refused)
	}
	r.reason = refusal(r.refused, p.PIN != "")
	return r, nil
}

// refusal says why the kiosk would offer no payment.
func refusal(err error, withPIN bool) string {
	switch {
	case errors.Is(err, ils.ErrUnknownPatron):
		return "the library does not know this card, or does not let it be used"
	case errors.Is(err, ils.ErrPINNeeded) && withPIN:
		return "the library says that the PIN is wrong"
	case errors.Is(err, ils.ErrPINNeeded):
		return "the library wants the patron's PIN; give it on standard input with --pin -"
	case errors.Is(err, ils.ErrFeesUnreadable):
		_, why, _ := strings.Cut(err.Error(), ils.ErrFeesUnreadable.Error()+": ")
		return "the fees cannot be read exactly, so the kiosk would offer none: " + why +
			"; is ils.profile right, and does the library list the fees for this login as the profile wants them?"
	}
	return ""
}

// libraryPatron is what the library says about a card.
type libraryPatron struct {
	Valid      bool          `json:"valid"`
	Blocked    bool          `json:"blocked"`
	Blocks     []string      `json:"blocks"`
	PIN        string        `json:"pin"` // accepted, wrong, needed, not needed, not said
	Initials   string        `json:"initials"`
	Counts     libraryCounts `json:"counts"`
	TotalMinor *int64        `json:"total_minor"` // null where it cannot be read exactly
	Currency   string        `json:"currency"`
	Reason     string        `json:"reason,omitempty"`
}

// libraryCounts are the counts in Patron Information; null where the library does not count.
type libraryCounts struct {
	Holds            *int `json:"holds"`
	Overdue          *int `json:"overdue"`
	Charged          *int `json:"charged"`
	Fines            *int `json:"fines"`
	Recalls          *int `json:"recalls"`
	UnavailableHolds *int `json:"unavailable_holds"`
}

// blockWords are the flags of a patron's status, in the document's order.
var blockWords = [...]string{"charge privileges denied", "renewal denied", "recall denied", "hold denied", "card reported lost",
	"too many items charged", "too many items overdue", "too many renewals", "too many claims of items returned", "too many items lost",
	"excessive fines", "excessive fees", "recall overdue", "too many items billed"}

func newLibraryPatron(r reading, withPIN bool, currency money.Currency) libraryPatron {
	d := libraryPatron{Valid: r.answered && !errors.Is(r.refused, ils.ErrUnknownPatron), Blocked: r.account.Blocked, Blocks: []string{}, PIN: "not said",
		Initials: r.account.Initials, Currency: string(currency), Reason: r.reason}
	if errors.Is(r.refused, ils.ErrPINNeeded) {
		d.PIN = pinWord(sip.AnswerNo, withPIN)
	}
	if a := r.answer; a != nil {
		for i, set := range a.Status {
			if set {
				d.Blocks = append(d.Blocks, blockWords[i])
			}
		}
		d.Blocked = len(d.Blocks) > 0
		d.PIN = pinWord(a.PasswordValid, withPIN)
		d.Counts = libraryCounts{counted(a.HoldItems), counted(a.OverdueItems), counted(a.ChargedItems), counted(a.FineItems),
			counted(a.RecallItems), counted(a.UnavailableHolds)}
	}
	if d.Valid && !errors.Is(r.refused, ils.ErrFeesUnreadable) {
		d.TotalMinor = &r.account.Total.Minor
	}
	return d
}

func counted(n int) *int {
	if n == sip.Unknown {
		return nil
	}
	return &n
}

func pinWord(valid sip.Answer, given bool) string {
	switch {
	case valid == sip.AnswerNo && given:
		return "wrong"
	case valid == sip.AnswerNo:
		return "needed"
	case valid == sip.AnswerYes && given:
		return "accepted"
	case valid == sip.AnswerYes:
		return "not needed"
	}
	return "not said"
}

type ilsPatronCommand struct {
	Card string `arg:"" help:"The library card number."`
	pinFlag
}

func (p *ilsPatronCommand) Run(ctx context.Context, t *tool) error {
	c, r, withPIN, err := t.account(ctx, p.Card, p.pinFlag)
	if err != nil {
		return err
	}
	d := newLibraryPatron(r, withPIN, c.Kiosk.Currency)
	if t.json {
		err = t.document(d)
	} else {
		t.libraryPatron(d, r.account.Total)
	}
	if r.refused != nil {
		err = errors.Join(err, errNotWell)
	}
	return err
}

// account reads the account of a card.
func (t *tool) account(ctx context.Context, card string, flag pinFlag) (config.Config, reading, bool, error) {
	c, err := t.load()
	if err != nil {
		return c, reading{}, false, err
	}
	pin, err := flag.read()
	if err != nil {
		return c, reading{}, false, err
	}
	r, err := readAccount(ctx, c, ils.Patron{Card: card, PIN: pin})
	return c, r, pin != "", err
}

func (t *tool) libraryPatron(d libraryPatron, total money.Amount) {
	if !d.Valid {
		t.say("%s", d.Reason)
		return
	}
	t.say("card      valid")
	blocks := "no"
	if d.Blocked {
		blocks = cmp.Or(strings.Join(d.Blocks, ", "), "yes")
	}
	t.say("blocked   %s", blocks)
	t.say("PIN       %s", d.PIN)
	t.say("initials  %s", d.Initials)
	number := func(n *int) string { return orNotSaid(n, func(n int) string { return fmt.Sprint(n) }) }
	n := d.Counts
	if n != (libraryCounts{}) {
		t.say("items     charged %s, overdue %s, holds %s, holds not available %s, recalls %s", number(n.Charged), number(n.Overdue), number(n.Holds), number(n.UnavailableHolds), number(n.Recalls))
	}
	owed := "cannot be read exactly"
	if d.TotalMinor != nil {
		owed = total.String()
	}
	if n.Fines != nil {
		owed += fmt.Sprintf(", fees listed %d", *n.Fines)
	}
	t.say("owed      %s", owed)
	if d.Reason != "" {
		t.say("%s", d.Reason)
	}
}

// libraryFee is one fee as the kiosk would offer it.
type libraryFee struct {
	ID           string `json:"id"` // empty: the whole account at once
	Description  string `json:"description"`
	BalanceMinor int64  `json:"balance_minor"`
	Currency     string `json:"currency"`
}

type ilsFeesCommand struct {
	Card string `arg:"" help:"The library card number."`
	pinFlag
}

func (p *ilsFeesCommand) Run(ctx context.Context, t *tool) error {
	_, r, _, err := t.account(ctx, p.Card, p.pinFlag)
	switch {
	case err != nil:
		return err
	case r.reason != "":
		return errors.New(r.reason)
	}
	offered := r.account.Fees
	if r.wholly && r.account.Total.Positive() {
		offered = []ils.Fee{{Balance: r.account.Total}}
	}
	for _, f := range offered {
		if t.json {
			if err := t.document(libraryFee{f.ID, f.Description, f.Balance.Minor, string(f.Balance.Currency)}); err != nil {
				return err
			}
			continue
		}
		if f.ID == "" {
			f.Description = "the whole account at once: the library names no fees"
		}
		t.say("%-10s %12s  %s", f.ID, f.Balance, f.Description)
	}
	if !t.json && len(offered) == 0 {
		t.say("nothing is owed")
	}
	return nil
}
