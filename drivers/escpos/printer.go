package escpos

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"slices"
	"sync"
	"time"

	"selfpay/device"
	"selfpay/device/printer"
)

// Config says what the printer is and how long to wait for it. The zero value is an Epson TM-T88V.
type Config struct {
	Profile Profile       // the zero value means DefaultProfile
	Fonts   *Fonts        // draw the characters that no code page has; nil: such characters are replaced
	Logo    image.Image   // at the top of each receipt; nil for none
	Quiet   time.Duration // longest wait for a status byte, and how often a silent printer is asked while it prints; 0 means 3 s
	Work    time.Duration // longest time for a receipt without length; its length by the profile's speed is added; 0 means 5 s
}

// Configure reads the files that a configuration names: a profile by its name or path, fonts, and a logo. fonts and logo may
// be empty. The error is a sentence with the mend.
func Configure(profile string, fonts []string, logo string) (cfg Config, err error) {
	if cfg.Profile, err = FindProfile(profile); err != nil {
		return Config{}, err
	}
	if len(fonts) > 0 {
		if cfg.Fonts, err = OpenFonts(fonts...); err != nil {
			return Config{}, err
		}
	}
	if logo != "" {
		if cfg.Logo, err = OpenLogo(logo); err != nil {
			return Config{}, err
		}
	}
	return cfg, nil
}

// Printer is one ESC/POS printer.
type Printer struct {
	dial device.Dial
	cfg  Config
	logo *bitmap
	log  *slog.Logger

	turn chan struct{} // holds one while a method runs
	link *link         // nil when there is none
	// leftovers: the printer may hold a job of which nobody knows how it ended. True at first, for a job of the
	// process before this one.
	leftovers bool
	// torn: such a job of ours may have begun on paper, so that the next receipt would hang on it.
	torn bool
	// ids: process ids of the last receipt. confirms: the printer has answered one; mute: it has not, though its
	// profile says that it does.
	ids            int
	confirms, mute bool
	noFull         bool // the printer does not answer DLE EOT 20, though its profile says that it does
	unclear        bool // the printer has not confirmed that it cleared its buffer, and its profile does not say that it can

	mu   sync.Mutex
	last printer.Outcome
}

var (
	_ printer.Printer = (*Printer)(nil)
	_ printer.Teller  = (*Printer)(nil)
	_ printer.Prover  = (*Printer)(nil)
)

// New makes a printer that is reached by dial. It opens nothing; the first method call does, and again after the
// link was lost.
func New(dial device.Dial, cfg Config, log *slog.Logger) *Printer {
	cfg, logo := cfg.ready()
	return &Printer{dial: dial, cfg: cfg, logo: logo, log: log, turn: make(chan struct{}, 1), leftovers: true}
}

// ready fills in what was left open and makes dots of the logo.
func (c Config) ready() (Config, *bitmap) {
	if c.Profile.Name == "" && len(c.Profile.Pages) == 0 {
		c.Profile = mustProfile(DefaultProfile)
	}
	if c.Quiet == 0 {
		c.Quiet = 3 * time.Second
	}
	if c.Work == 0 {
		c.Work = 5 * time.Second
	}
	if c.Logo == nil {
		return c, nil
	}
	return c, dither(c.Logo, c.Profile.Paper.Dots)
}

// Status asks the printer with DLE EOT 1 to 4, which it answers also without paper and with the cover open. It
// changes nothing and may be repeated. The error is of class device.ErrNotSent: the printer could not be asked.
func (p *Printer) Status(ctx context.Context) (printer.Status, error) {
	if err := p.take(ctx); err != nil {
		return printer.Status{}, fmt.Errorf("escpos: status: %w: %w", device.ErrNotSent, err)
	}
	defer p.release()
	answers, err := p.open(ctx)
	if err != nil {
		return printer.Status{}, fmt.Errorf("escpos: status: %w: %w", device.ErrNotSent, err)
	}
	return answers.status(p.cfg.Profile), nil
}

// Last says what became of the last receipt. It asks nobody.
func (p *Printer) Last() printer.Outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// Print puts one receipt on paper. What its errors mean stands at the contract, printer.Printer. It waits for the
// printer's word that the receipt was worked through, cut included; when ctx ends before that, the receipt is in
// doubt and the printer's buffer is cleared.
func (p *Printer) Print(ctx context.Context, r printer.Receipt) error {
	if err := p.take(ctx); err != nil {
		return fmt.Errorf("escpos: print: %w: %w", device.ErrNotSent, err)
	}
	defer p.release()
	return p.run(ctx, encode(r, p.cfg.Profile, p.cfg.Fonts, p.logo))
}

// PrintProofSheet prints what the profile claims: the code pages by number with letters of each, a picture, and every
// code that the printer may be able to draw, also those of which it is not known. Somebody has to look at it. Errors are
// those of Print.
func (p *Printer) PrintProofSheet(ctx context.Context) error {
	if err := p.take(ctx); err != nil {
		return fmt.Errorf("escpos: print: %w: %w", device.ErrNotSent, err)
	}
	defer p.release()
	return p.run(ctx, proofSheet(p.cfg.Profile))
}

// run prints a job and keeps what became of it.
func (p *Printer) run(ctx context.Context, job job) error {
	began := time.Now()
	for _, note := range job.notes {
		p.log.Warn("receipt cannot be printed as it is", "note", note)
	}
	proof, err := p.print(ctx, job)
	p.mu.Lock()
	p.last = printer.Outcome{Result: printer.ResultOf(err), Proof: proof, Notes: job.notes}
	p.mu.Unlock()
	p.log.Info("receipt", "rows", job.rows, "proof", proof, "duration", time.Since(began), "err", err)
	return err
}

func (p *Printer) print(ctx context.Context, j job) (printer.Proof, error) {
	answers, err := p.open(ctx)
	if err != nil {
		return printer.ProofNone, fmt.Errorf("escpos: print: %w: %w", device.ErrNotSent, err)
	}
	if answers.recoverable() {
		if answers, err = p.recover(ctx); err != nil {
			return printer.ProofNone, fmt.Errorf("escpos: print: %w: %w", device.ErrNotSent, err)
		}
	}
	if s := answers.status(p.cfg.Profile); !s.Ready() {
		return printer.ProofNone, fmt.Errorf("escpos: print: %w: %s", device.ErrAttention, s.Problem())
	}
	if p.leftovers { // open could not clear it while the printer was not ready
		if err := p.empty(ctx, answers); err != nil {
			return printer.ProofNone, fmt.Errorf("escpos: print: %w: %w", device.ErrNotSent, err)
		}
	}

	// From the first byte on something may come out.
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Work+time.Duration(j.rows)*rowTime(p.cfg.Profile))
	defer cancel()
	pieces := j.portions(max(p.cfg.Profile.Flow.Chunk, 1))
	if p.torn {
		pieces = slices.Insert(pieces, 0, cutOff(p.cfg.Profile))
	}
	select {
	case <-p.link.trouble: // of an earlier time
	default:
	}
	p.leftovers, p.torn = true, true
	proof, err := p.send(ctx, pieces)
	if err != nil {
		if !p.link.dead() {
			if err := p.clear(context.WithoutCancel(ctx)); err != nil {
				p.log.Warn("the rest of a receipt may still be in the printer", "err", err)
			}
		}
		return proof, fmt.Errorf("escpos: print: %w: %w", device.ErrDoubt, err)
	}
	p.leftovers, p.torn = false, false
	return p.presented(ctx, proof), nil
}

// rowTime is the printer's time for a row of 4.2 mm.
func rowTime(p Profile) time.Duration { return 4200 * time.Millisecond / time.Duration(p.Flow.Speed) }

// send writes the pieces and lets the printer work through each before the next, the cut at the end included. Where
// the printer can, it is asked in the same breath to say when printing is complete.
func (p *Printer) send(ctx context.Context, pieces [][]byte) (printer.Proof, error) {
	for i, piece := range pieces {
		if err := p.link.write(ctx, piece); err != nil {
			return printer.ProofNone, err
		}
		mark, err := p.link.mark(ctx)
		if err != nil {
			return printer.ProofNone, err
		}
		var complete *query
		if p.mute && p.link.cameLate() {
			p.mute, p.confirms = false, true // it was slow that time, not mute
		}
		if i == len(pieces)-1 && p.cfg.Profile.Status.ProcessID == Yes && !p.mute {
			if complete, err = p.link.process(ctx, p.nextID()); err != nil {
				return printer.ProofNone, err
			}
		}
		if err := p.worked(ctx, mark); err != nil {
			return printer.ProofNone, err
		}
		if complete != nil {
			return p.completed(ctx, complete)
		}
	}
	return printer.ProofWorked, nil
}

// nextID is the process id of a receipt: ascending, and another one after a restart, so that a late answer confirms
// no receipt but its own.
func (p *Printer) nextID() string {
	if p.ids == 0 {
		p.ids = int(time.Now().Unix() % 10000)
	}
	p.ids++
	return fmt.Sprintf("%04d", p.ids%10000)
}

// completed waits for the printer's word that printing is complete. A printer that has never given it, though its
// profile says so, and is well: then that it has worked through the receipt has to do.
func (p *Printer) completed(ctx context.Context, complete *query) (printer.Proof, error) {
	err := p.answered(ctx, complete, func() bool { return !p.confirms })
	switch {
	case err == nil:
		p.confirms = true
		return printer.ProofPrinted, nil
	case errors.Is(err, errGivenUp):
		p.mute = true
		p.log.Warn("printer does not confirm process ids: set status.process_id of its profile to \"no\"", "profile", p.cfg.Profile.Name)
		return printer.ProofWorked, nil
	}
	return printer.ProofWorked, err
}

var errGivenUp = errors.New("no answer")

// worked waits for a mark's answer.
func (p *Printer) worked(ctx context.Context, mark *query) error {
	return p.answered(ctx, mark, func() bool { return false })
}

// answered waits for the answer to a question that is answered in order. While the printer is silent it is asked for
// the cause: a printer without paper keeps the question in its buffer. When it is well and silent, giveUp decides.
func (p *Printer) answered(ctx context.Context, q *query, giveUp func() bool) error {
	for {
		look := time.NewTimer(p.cfg.Quiet)
		silent := false
		select {
		case <-q.answer:
			look.Stop()
			return nil
		case <-p.link.done:
			look.Stop()
			_, err := p.link.wait(ctx, q) // the answer may have been the last thing that came
			return err
		case <-ctx.Done():
			look.Stop()
			return fmt.Errorf("printer did not work through the receipt: %w", ctx.Err())
		case <-p.link.trouble:
			look.Stop()
		case <-look.C:
			silent = true
		}
		answers, err := p.ask(ctx)
		if err != nil {
			return err
		}
		s := answers.status(p.cfg.Profile)
		if s.Ready() && !(silent && giveUp()) {
			continue
		}
		select {
		case <-q.answer: // the trouble came behind the cut
			return nil
		default:
		}
		if s.Ready() {
			p.link.forget(q)
			return errGivenUp
		}
		return errors.New(s.Problem())
	}
}

// presented raises the proof where the printer says that a receipt is held out. It changes nothing about the result.
func (p *Printer) presented(ctx context.Context, proof printer.Proof) printer.Proof {
	if d := p.cfg.Profile.Present.Dialect; p.cfg.Profile.Status.Full != "custom" || d == "none" || d == "unknown" {
		return proof
	}
	if answers, err := p.ask(ctx); err == nil && answers.presented() {
		return printer.ProofPresented
	}
	return proof
}

// open makes sure of a link that answers, and of a printer that holds nothing old. It returns the printer's status.
// A link that was lost while nobody used it is opened anew, and so is one that still owes an answer: whether the
// answer is late or lost cannot be told, and it must not be taken for another.
func (p *Printer) open(ctx context.Context) (answers, error) {
	if p.link != nil && (p.link.dead() || p.link.stale()) {
		p.drop()
	}
	if p.link != nil {
		a, err := p.ask(ctx)
		if err == nil {
			return a, p.empty(ctx, a)
		}
		if !errors.Is(err, errLinkLost) {
			return a, err
		}
		p.drop()
	}
	conn, err := p.dial(ctx)
	if err != nil {
		return answers{}, err
	}
	p.link = newLink(conn, p.cfg.Profile.Status.Full == "custom", p.log)
	settling, cancel := context.WithTimeout(ctx, p.cfg.Quiet)
	defer cancel()
	if err := p.link.settle(settling); err != nil {
		return answers{}, err
	}
	a, err := p.ask(ctx)
	if err != nil {
		return a, err
	}
	return a, p.empty(ctx, a)
}

// empty clears what the printer may hold of an earlier job. After a receipt of ours that ended in doubt nothing is
// printed until the printer has confirmed it. A printer that cannot clear its buffer has to work through it instead,
// once it is ready: what comes out is cut off before the next receipt.
func (p *Printer) empty(ctx context.Context, a answers) error {
	if !p.leftovers {
		return nil
	}
	var err error
	if !p.cannotClear() {
		err = p.clear(ctx)
		p.unclear = err != nil && !p.link.dead() && ctx.Err() == nil
	}
	if p.leftovers && p.cfg.Profile.Status.Clear != Yes && ctx.Err() == nil && !p.link.dead() {
		if s := a.status(p.cfg.Profile); !s.Ready() {
			return nil // later; nothing is printed before
		}
		err = p.workOff(ctx)
	}
	if err != nil && (p.torn || p.link.dead() || ctx.Err() != nil) {
		return err
	}
	if err != nil {
		p.log.Warn("printer may hold a receipt of an earlier run", "err", err)
		p.leftovers = false
	}
	return nil
}

func (p *Printer) cannotClear() bool {
	clear := p.cfg.Profile.Status.Clear
	return clear == No || clear == Unknown && p.unclear
}

// clear throws away what the printer holds.
func (p *Printer) clear(ctx context.Context) error {
	if p.cannotClear() {
		return errors.New("the printer cannot clear its buffer")
	}
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Quiet)
	defer cancel()
	if err := p.link.clear(ctx); err != nil {
		return err
	}
	p.leftovers = false
	return nil
}

// workOff lets the printer finish what it holds. It asks twice, with a silence behind each answer: the first answer may
// be that to a question of the earlier job.
func (p *Printer) workOff(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Work)
	defer cancel()
	for range 2 {
		mark, err := p.link.mark(ctx)
		if err != nil {
			return err
		}
		if err := p.worked(ctx, mark); err != nil {
			return fmt.Errorf("printer does not finish what it holds: %w", err)
		}
		if err := p.link.settle(ctx); err != nil {
			return err
		}
	}
	p.leftovers, p.torn = false, true // what came out may hang from the printer: a cut comes first
	return nil
}

// recover brings back a printer whose cutter was stuck and is free again.
func (p *Printer) recover(ctx context.Context) (answers, error) {
	writing, cancel := context.WithTimeout(ctx, p.cfg.Quiet)
	defer cancel()
	if err := p.link.write(writing, cmdRecover); err != nil {
		return answers{}, err
	}
	return p.ask(ctx)
}

// ask sends DLE EOT 1 to 4, and 20 where the profile has it, one after the other, each with its own deadline.
func (p *Printer) ask(ctx context.Context) (answers, error) {
	var a answers
	for i := range a.realTime {
		asking, cancel := context.WithTimeout(ctx, p.cfg.Quiet)
		b, err := p.link.askRealTime(asking, byte(i+1))
		cancel()
		if err != nil {
			return a, err
		}
		a.realTime[i] = b
	}
	if p.cfg.Profile.Status.Full != "custom" || p.noFull {
		return a, nil
	}
	asking, cancel := context.WithTimeout(ctx, p.cfg.Quiet)
	defer cancel()
	full, err := p.link.askFull(asking)
	if err != nil && ctx.Err() == nil && !p.link.dead() {
		p.noFull = true
		p.link.forgetFull()
		p.log.Warn("printer does not tell its full status: set status.full of its profile to \"none\"", "profile", p.cfg.Profile.Name)
		return a, nil
	}
	a.full = full
	return a, err
}

func (p *Printer) drop() {
	if p.link == nil {
		return
	}
	p.link.cut()
	p.link = nil
}

// Close ends the link, after the method that runs. The printer may be used again; the next call opens a new link.
func (p *Printer) Close() error {
	p.turn <- struct{}{}
	defer p.release()
	if p.link == nil {
		return nil
	}
	err := p.link.close()
	p.link = nil
	if err != nil {
		return fmt.Errorf("escpos: close: %w", err)
	}
	return nil
}

func (p *Printer) take(ctx context.Context) error {
	select {
	case p.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("printer is busy: %w", ctx.Err())
	}
}

func (p *Printer) release() { <-p.turn }
