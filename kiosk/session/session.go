// Package session is the patron's path through the screens. It owns everything the page shows; the page is a view
// that may be killed and reloaded at any moment and comes back to the right place. It moves no money by itself: it
// asks the runner, and what it shows of a payment is what the ledger holds.
package session

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"selfpay/device/money"
	"selfpay/device/printer"
	"selfpay/device/scanner"
	"selfpay/device/terminal"
	"selfpay/kiosk/ils"
	"selfpay/kiosk/ledger"
	"selfpay/kiosk/payment"
	"selfpay/kiosk/posting"
	"selfpay/kiosk/runner"
)

// Config is what a session works with.
type Config struct {
	Runner   *runner.Runner
	Ledger   *ledger.Ledger // nil while it cannot be opened; then Obstacle must say so
	Library  ils.Library
	Printer  printer.Printer            // nil where there is none
	Obstacle func() Reason              // why no payment can be offered just now, empty if one can
	Compose  func(Slip) printer.Receipt // writes a receipt
	Cards    scanner.CardRules
	Now      func() payment.Stamp
	Log      *slog.Logger

	LibraryName   string
	Languages     []string // the first is the one the screen starts with
	Rules         payment.Rules
	Min, Max      money.Amount
	Partial       bool // less than whole fees may be paid, where the library takes it
	HideDetails   bool // what fees are for is shown only when the patron asks
	RefuseNoPaper bool // no payment without a printed receipt
	NoCancel      bool // only the terminal's own keys stop a purchase
	Waits         Waits
	Upkeep        Upkeep // nil: there is no service menu
}

// Slip is what a receipt is written from.
type Slip struct {
	Payment  payment.Payment
	Language string
	Outcome  Outcome
	Copy     bool
}

// Waits are the times a screen stands.
type Waits struct {
	Idle     time.Duration // a screen that waits for the patron
	Message  time.Duration // a plain message
	Result   time.Duration // an outcome
	Booking  time.Duration // before "booking follows" is shown
	Checking time.Duration // before staff is named for a purchase in doubt
	Printer  time.Duration // for the printer's status
}

// StandardWaits hold where nothing else is configured.
var StandardWaits = Waits{Idle: 90 * time.Second, Message: 20 * time.Second, Result: 30 * time.Second,
	Booking: 8 * time.Second, Checking: 2 * time.Minute, Printer: 5 * time.Second}

// shownAgainFor is how long after its beginning a payment is shown again: when the program was restarted, and to the patron who
// comes back with the card.
const shownAgainFor = 10 * time.Minute

// ErrStale means that a tap was made on a screen that is no longer shown, or that the screen has no such action.
var ErrStale = errors.New("the screen has changed")

// Session is the one patron session of a kiosk.
type Session struct {
	Config
	inbox chan func()
	ended chan struct{}
	hub   hub

	// owned by the loop
	context    context.Context
	view       View
	round      int // counts up whenever the session begins anew; late answers of an older round are dropped
	patron     ils.Patron
	account    ils.Account
	choices    []choice
	payment    payment.Payment
	earlier    payment.Payment // of this patron, to be shown once more
	printed    bool            // the receipt for this payment was given, or asked for
	timer      *time.Timer
	touched    chan<- []int // told when the test of the touch panel ends
	turned     bool         // the key switch, when it was last looked at
	menuWanted bool         // the key was turned, and the menu not left since
	limits     limits       // outlast the patron
}

// New makes a session. It does nothing before Run.
func New(c Config) *Session {
	s := &Session{Config: c, inbox: make(chan func()), ended: make(chan struct{}), hub: newHub(), limits: newLimits()}
	s.clear()
	s.view.Screen, s.view.Reason = ScreenOutOfService, ReasonSettling
	s.view.Number = 1
	s.hub.publish(s.view)
	return s
}

// Run turns until ctx ends. It first shows again the payment that a restart interrupted.
func (s *Session) Run(ctx context.Context) error {
	s.context = ctx
	defer close(s.ended)
	look := time.NewTicker(time.Second)
	defer look.Stop()
	s.resume()
	for {
		select {
		case do := <-s.inbox:
			do()
		case <-look.C:
			s.lookAround()
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *Session) send(do func()) {
	select {
	case s.inbox <- do:
	case <-s.ended:
	}
}

// View is what the screen shows now.
func (s *Session) View() View { return s.hub.newest() }

// Watch hands out every view from now on, the newest only where the reader is slow, until stop is called.
func (s *Session) Watch() (views <-chan View, stop func()) { return s.hub.watch() }

// show publishes the view as a new screen.
func (s *Session) show() {
	s.view.Number++
	s.hub.publish(s.view)
}

// clear forgets the patron.
func (s *Session) clear() {
	if id := s.payment.ID; id.Number != 0 {
		s.Runner.Leave(id)
	}
	s.round++
	s.patron, s.account, s.choices, s.printed = ils.Patron{}, ils.Account{}, nil, false
	s.payment, s.earlier = payment.Payment{}, payment.Payment{}
	number := s.view.Number
	s.view = View{Number: number, Screen: ScreenReady, Language: s.Languages[0], Library: s.LibraryName, Languages: s.Languages,
		Listening: s.view.Listening}
	s.stopTimer()
}

// reset forgets the patron and shows the ready screen, or why there is none.
func (s *Session) reset() {
	s.clear()
	if why := s.Obstacle(); why != "" {
		s.view.Screen, s.view.Reason = ScreenOutOfService, why
	}
	s.show()
}

// LookAround lets the idle screen follow what health says, at once.
func (s *Session) LookAround() { s.send(s.lookAround) }

// lookAround lets the idle screen follow what health says, and the key switch.
func (s *Session) lookAround() {
	s.watchKey()
	why := s.Obstacle()
	switch {
	case s.view.Screen == ScreenReady && why != "",
		s.view.Screen == ScreenOutOfService && why != s.view.Reason:
		s.reset()
	}
}

// resume shows the newest payment again if a restart interrupted it.
func (s *Session) resume() {
	if s.Ledger == nil {
		s.reset()
		return
	}
	newest, err := s.Ledger.All(1)
	if err == nil && len(newest) == 1 && s.interrupted(newest[0]) {
		s.clear()
		s.payment = newest[0]
		s.follow()
		return
	}
	s.reset()
}

// interrupted says whether a patron may still stand before a payment whose receipt they have not got.
func (s *Session) interrupted(p payment.Payment) bool {
	if since, known := s.Now().Since(p.ChangedAt); p.State == payment.StateClosed && (!known || since > s.Waits.Result) {
		return false // it had ended, and the receipt was not wanted
	}
	return p.Receipts == 0 && s.fresh(p)
}

// fresh says whether the card was charged, perhaps, within the last minutes.
func (s *Session) fresh(p payment.Payment) bool {
	passed, known := s.Now().Since(p.IntendedAt)
	charged := p.State.Captured() || p.State == payment.StateReversed || p.State.TerminalInDoubt()
	return known && passed < shownAgainFor && charged
}

func (s *Session) stopTimer() {
	if s.timer != nil {
		s.timer.Stop()
	}
}

// after does something in this round when the screen has stood for wait.
func (s *Session) after(wait time.Duration, do func()) {
	s.stopTimer()
	round := s.round
	s.timer = time.AfterFunc(wait, func() {
		s.send(func() {
			if s.round == round {
				do()
			}
		})
	})
}

// back brings the result of work beside the loop back to it, if the session is still the same.
func (s *Session) back(round int, do func()) {
	s.send(func() {
		if s.round == round {
			do()
		}
	})
}

func (s *Session) screen(name Screen, why Reason) {
	s.view.Screen, s.view.Reason = name, why
	s.stay()
}

func (s *Session) message(why Reason) {
	s.view.Typed = ""
	s.screen(ScreenMessage, why)
}

// Scan takes a label from the scanner. Before a payment it begins a session or switches to another card; a label that
// is no library card is told so, and changes nothing while a patron is choosing. Too many at a time are ignored for a
// while.
func (s *Session) Scan(scan scanner.Scan) {
	s.send(func() { s.scan(scan) })
}

func (s *Session) scan(scan scanner.Scan) {
	at := s.Now().Mono
	if s.limits.repeated(scan.Text, at) {
		return
	}
	switch s.view.Screen {
	case ScreenLoading, ScreenTerminal, ScreenChecking, ScreenBooking, ScreenTouch:
		return
	}
	if s.view.Screen == ScreenServiceTest {
		s.tryLabel(scan)
		return
	}
	if s.view.Screen.Service() || s.serviceCode(scan.Text) || s.view.Screen == ScreenOutOfService {
		return
	}
	idle := s.view.Screen == ScreenReady || s.view.Screen == ScreenMessage
	if !s.limits.scans.left(at) {
		if idle {
			s.message(ReasonTooManyScans)
		}
		return
	}
	s.limits.scans.spend(at)
	card, ok := s.card(scan)
	if !ok {
		if idle {
			s.message(ReasonNotACard)
		}
		return
	}
	if card == s.patron.Card && s.view.Screen != ScreenMessage && s.view.Screen != ScreenOutcome {
		return
	}
	s.begin(card)
}

// card reads a label or a typed number. The log never holds the number.
func (s *Session) card(scan scanner.Scan) (number string, ok bool) {
	card, err := s.Cards.Card(scan)
	switch {
	case err != nil:
		s.Log.Info("scan is no library card", "symbology", string(scan.Symbology), "length", len(scan.Text), "why", err)
	case card.Doubtful:
		s.Log.Warn("card with a wrong check digit", "symbology", string(scan.Symbology), "length", len(scan.Text))
	}
	return card.Number, err == nil
}

// begin opens a session for a card.
func (s *Session) begin(card string) {
	language, aids := s.view.Language, s.view.Aids
	if s.Obstacle() != "" {
		s.reset()
		return
	}
	s.clear()
	s.view.Language, s.view.Aids = language, aids
	if !s.limits.unknown.left(s.Now().Mono) { // the library is asked nothing
		s.Log.Warn("too many unknown cards in a row: no account is asked for a while")
		s.message(ReasonTooManyUnknown)
		return
	}
	s.patron = ils.Patron{Card: card}
	s.load()
}

// load reads the account.
func (s *Session) load() {
	s.view.Screen, s.view.Reason, s.view.Typed = ScreenLoading, "", ""
	s.stopTimer()
	s.show()
	round, who := s.round, s.patron
	go func() {
		r := s.read(who)
		s.back(round, func() { s.loaded(r) })
	}()
}

// reading is what library and ledger know of a patron.
type reading struct {
	account    ils.Account
	unfinished []payment.Payment
	earlier    payment.Payment // the newest that is fresh; the zero payment: none
	err        error
}

func (s *Session) read(who ils.Patron) (r reading) {
	if r.account, r.err = s.Library.Account(s.context, who, ils.Doubt{}); r.err != nil {
		return r
	}
	if r.unfinished, r.err = s.Ledger.OfPatron(who.Card); r.err != nil {
		return r
	}
	newest, found, err := s.Ledger.NewestOfPatron(who.Card)
	if found && s.fresh(newest) {
		r.earlier = newest
	}
	r.err = err
	return r
}

func (s *Session) loaded(r reading) {
	if s.earlier = r.earlier; r.earlier.ID.Number != 0 {
		s.view.Earlier = r.earlier.ID.String()
	}
	switch err := r.err; {
	case errors.Is(err, ils.ErrPINNeeded):
		why := Reason("")
		if s.patron.PIN != "" {
			why = ReasonWrongPIN
		}
		s.patron.PIN, s.view.Typed = "", ""
		s.screen(ScreenPIN, why)
	case errors.Is(err, ils.ErrUnknownPatron):
		s.limits.unknown.spend(s.Now().Mono)
		s.message(ReasonUnknownPatron)
	case errors.Is(err, ils.ErrFeesUnreadable):
		s.Log.Error("fees cannot be read exactly", "error", err)
		s.message(ReasonFeesUnreadable)
	case err != nil:
		s.Log.Warn("account cannot be read", "error", err)
		s.message(ReasonLibraryDown)
	case !r.account.Total.Positive():
		s.message(ReasonNothingOwed)
	default:
		s.open(r.account, r.unfinished)
	}
}

// open shows the fee list; what is already being booked cannot be chosen.
func (s *Session) open(account ils.Account, unfinished []payment.Payment) {
	s.account = account
	s.view.Hidden = s.HideDetails
	s.view.Initials, s.view.WholeOnly = account.Initials, !s.Library.Traits().FeeIDs
	taken, wholeTaken := map[string]bool{}, false
	for _, p := range unfinished {
		ids, whole := p.Fees()
		wholeTaken = wholeTaken || whole
		for _, id := range ids {
			taken[id] = true
		}
	}
	payable := false
	s.choices = nil
	for _, f := range account.Fees {
		c := choice{fee: f, beingBooked: wholeTaken || f.ID != "" && taken[f.ID]}
		c.chosen = c.payable()
		payable = payable || c.chosen
		s.choices = append(s.choices, c)
	}
	if s.view.WholeOnly {
		payable = !wholeTaken && len(taken) == 0
	}
	if !payable {
		s.message(ReasonBeingBooked)
		return
	}
	s.showFees()
}

// Act takes a tap. ErrStale: it was made on an older screen or does not belong to this one; nothing was done.
func (s *Session) Act(ctx context.Context, a Action) error {
	result := make(chan error, 1)
	select {
	case s.inbox <- func() { result <- s.act(a) }:
		return <-result
	case <-s.ended:
		return context.Canceled
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Session) act(a Action) error {
	if a.Screen != s.view.Number {
		return ErrStale
	}
	do := s.actions()[a.Name]
	if do == nil {
		return ErrStale
	}
	return do(a.Value)
}

// actions are the taps that the present screen knows, or what lies over it.
func (s *Session) actions() map[string]func(string) error {
	if s.view.Over != LayerNone {
		return s.layerActions()
	}
	actions := s.screenActions()
	if s.view.Screen.Adjustable() {
		actions["language"] = s.language
		actions["languages"] = always(func() { s.lay(LayerLanguages) })
		actions["aids"] = always(func() { s.lay(LayerAids) })
		if s.view.Listening { // the keypad has a key for the curtain
			actions["aid"] = s.aid
		}
	}
	return actions
}

// screenActions are those of the screen alone.
func (s *Session) screenActions() map[string]func(string) error {
	leave := always(s.reset)
	switch s.view.Screen {
	case ScreenReady:
		return map[string]func(string) error{"number": always(s.askNumber)}
	case ScreenNumber, ScreenPIN:
		return map[string]func(string) error{"digit": s.digit, "erase": always(s.erase), "enter": always(s.enter), "leave": leave}
	case ScreenAmount:
		return map[string]func(string) error{"digit": s.digit, "erase": always(s.erase), "enter": always(s.enterAmount),
			"back": always(s.showFees), "leave": leave}
	case ScreenFees:
		actions := map[string]func(string) error{"choose": s.choose, "all": always(s.chooseAll), "pay": always(s.pay),
			"hide": always(s.hide), "leave": leave}
		if s.view.CanPart && s.view.Chosen.Positive() {
			actions["part"] = always(s.askAmount)
		}
		if s.view.Unlock.Positive() {
			actions["unlock"] = always(s.chooseUnlocking)
		}
		return s.orEarlier(actions)
	case ScreenConfirm:
		return map[string]func(string) error{"confirm": always(s.confirm), "receipt": s.wish, "back": always(s.showFees), "leave": leave}
	case ScreenTerminal:
		if s.view.CanCancel {
			return map[string]func(string) error{"cancel": always(s.cancel)}
		}
	case ScreenOutcome:
		actions := map[string]func(string) error{"leave": leave}
		if s.view.CanPrint() {
			actions["print"] = always(s.print)
		}
		return actions
	case ScreenMessage:
		return s.orEarlier(map[string]func(string) error{"leave": leave})
	case ScreenService, ScreenServiceDevices, ScreenServiceTest, ScreenServicePayments, ScreenServicePaper, ScreenServiceUpdate:
		return s.serviceActions()
	case ScreenTouch:
		return map[string]func(string) error{"touch": s.touch, "leave": always(s.endTouch)}
	}
	return nil
}

// orEarlier adds that the patron may see the payment of the last minutes once more.
func (s *Session) orEarlier(actions map[string]func(string) error) map[string]func(string) error {
	if s.view.Earlier != "" {
		actions["earlier"] = always(s.showEarlier)
	}
	return actions
}

func always(do func()) func(string) error {
	return func(string) error { do(); return nil }
}

func (s *Session) askNumber() {
	s.view.Typed = ""
	s.screen(ScreenNumber, "")
}

// What can be typed has bounds.
const (
	longestTyped  = 32
	longestAmount = 9
)

func (s *Session) digit(value string) error {
	longest := longestTyped
	if s.view.Screen == ScreenAmount {
		longest = longestAmount
	}
	if len(value) != 1 || value[0] < '0' || value[0] > '9' || len(s.typed()) >= longest {
		return ErrStale
	}
	s.setTyped(s.typed() + value)
	return nil
}

func (s *Session) erase() {
	if t := s.typed(); t != "" {
		s.setTyped(t[:len(t)-1])
	}
}

// typed is what was typed so far; a PIN never reaches the view.
func (s *Session) typed() string {
	if s.view.Screen == ScreenPIN {
		return s.patron.PIN
	}
	return s.view.Typed
}

func (s *Session) setTyped(text string) {
	switch s.view.Screen {
	case ScreenPIN:
		s.patron.PIN, s.view.Typed = text, strings.Repeat("•", len(text))
	case ScreenAmount: // minor units fill in from the right, as at a card terminal
		s.view.Typed = strings.TrimLeft(text, "0")
		s.view.Part.Minor, _ = strconv.ParseInt("0"+text, 10, 64)
	default:
		s.view.Typed = text
	}
	s.screen(s.view.Screen, "")
}

// askAmount lets the patron type how much of what is chosen is to be paid.
func (s *Session) askAmount() {
	s.view.Typed, s.view.Part = "", money.Of(0, s.account.Total.Currency)
	s.screen(ScreenAmount, "")
}

// enterAmount takes the typed amount, which lies between the least payment and what is chosen.
func (s *Session) enterAmount() {
	part := s.view.Part
	switch {
	case !part.Positive():
		return
	case part.Minor > s.view.Chosen.Minor:
		s.view.Limit = s.view.Chosen
		s.screen(ScreenAmount, ReasonOverChosen)
		return
	case part.Minor < s.Min.Minor:
		s.view.Limit = s.Min
		s.screen(ScreenAmount, ReasonUnderMinimum)
		return
	}
	s.pay()
}

func (s *Session) enter() {
	if s.typed() == "" {
		return
	}
	if s.view.Screen == ScreenPIN {
		s.load()
		return
	}
	card, ok := s.card(scanner.Scan{Text: s.view.Typed})
	if !ok {
		s.message(ReasonNotACard)
		return
	}
	s.begin(card)
}

// pay looks at amount and devices before the purchase is offered.
func (s *Session) pay() {
	amount := s.view.ToPay()
	switch {
	case !amount.Positive():
		return
	case s.Max.Positive() && amount.Minor > s.Max.Minor:
		s.view.Limit = s.Max
		s.message(ReasonOverMaximum)
		return
	case amount.Minor < s.Min.Minor:
		s.view.Limit = s.Min
		s.message(ReasonUnderMinimum)
		return
	}
	if why := s.Obstacle(); why != "" {
		s.message(why)
		return
	}
	s.view.Screen = ScreenLoading
	s.stopTimer()
	s.show()
	round := s.round
	go func() {
		paper := s.paper()
		s.back(round, func() { s.askConfirm(paper) })
	}()
}

// confirm begins the payment. From here on the runner decides what is shown.
func (s *Session) confirm() {
	if why := s.Obstacle(); why != "" {
		s.message(why)
		return
	}
	legs, err := posting.Plan(s.account, s.Library.Traits(), s.chosen())
	if err == nil && s.view.Part.Positive() {
		legs, err = posting.Part(legs, s.Library.Traits(), s.view.Part)
	}
	if err != nil {
		s.Log.Error("payment cannot be planned", "error", err)
		s.message(ReasonFeesUnreadable)
		return
	}
	order := runner.Order{Patron: s.patron, Legs: legs, Amount: s.view.ToPay(), Rules: s.Rules, Seen: posting.Reading(s.account)}
	s.view.Chosen, s.view.Part = order.Amount, money.Amount{}
	s.view.Progress, s.view.CanCancel, s.view.RedKey = terminal.ProgressWait, false, false
	s.view.Screen = ScreenTerminal
	s.stopTimer()
	s.show()
	round := s.round
	go func() {
		id, err := s.Runner.Pay(s.context, order)
		s.back(round, func() { s.begun(id, err) })
	}()
}

func (s *Session) begun(id payment.ID, err error) {
	if err != nil {
		s.Log.Error("payment not begun", "error", err)
		s.message(Why(err))
		return
	}
	if s.payment.ID.Number == 0 {
		s.payment.ID = id
	}
	if p, err := s.Ledger.Payment(id); err == nil {
		s.changed(p)
	}
}

// Why names the reason of an error that keeps a payment from beginning.
func Why(err error) Reason {
	switch {
	case errors.Is(err, runner.ErrTerminalInDoubt), errors.Is(err, runner.ErrBusy):
		return ReasonSettling
	case errors.Is(err, runner.ErrTooManyCases), errors.Is(err, runner.ErrQueueFull):
		return ReasonStaffNeeded
	case errors.Is(err, runner.ErrDark):
		return ReasonTerminalDown
	case errors.Is(err, runner.ErrResting):
		return ReasonPower
	}
	return ReasonStorage
}

func (s *Session) cancel() {
	s.Runner.Cancel(s.payment.ID)
	s.view.CanCancel = false
	s.view.Progress = terminal.ProgressWait
	s.show()
}
