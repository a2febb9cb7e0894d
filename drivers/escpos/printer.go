package escpos

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"selfpay/device"
	"selfpay/device/printer"
)

// Config says what the printer is and how long to wait for it. The zero value is an Epson TM-T88V.
type Config struct {
	Profile Profile       // the zero value means DefaultProfile
	Quiet   time.Duration // longest wait for a status byte, and how often a silent printer is asked while it prints; 0 means 3 s
	Work    time.Duration // longest time for a receipt without length; 1 s is added for each 100 mm; 0 means 5 s
}

// Printer is one ESC/POS printer.
type Printer struct {
	dial device.Dial
	cfg  Config
	log  *slog.Logger

	turn chan struct{} // holds one while a method runs
	link *link         // nil when there is none
	// leftovers: the printer may hold a job of which nobody knows how it ended. True at first, for a job of the
	// process before this one.
	leftovers bool
	// torn: such a job of ours may have begun on paper, so that the next receipt would hang on it.
	torn bool
}

var _ printer.Printer = (*Printer)(nil)

// New makes a printer that is reached by dial. It opens nothing; the first method call does, and again after the
// link was lost.
func New(dial device.Dial, cfg Config, log *slog.Logger) *Printer {
	if cfg.Profile.Name == "" && len(cfg.Profile.Pages) == 0 {
		cfg.Profile = profiles[DefaultProfile]
	}
	if cfg.Quiet == 0 {
		cfg.Quiet = 3 * time.Second
	}
	if cfg.Work == 0 {
		cfg.Work = 5 * time.Second
	}
	return &Printer{dial: dial, cfg: cfg, log: log, turn: make(chan struct{}, 1), leftovers: true}
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
	return statusOf(answers, p.cfg.Profile), nil
}

// Print puts one receipt on paper. What its errors mean stands at the contract, printer.Printer. It waits for the
// printer's word that the receipt was worked through, cut included; when ctx ends before that, the receipt is in
// doubt and the printer's buffer is cleared.
func (p *Printer) Print(ctx context.Context, r printer.Receipt) error {
	if err := p.take(ctx); err != nil {
		return fmt.Errorf("escpos: print: %w: %w", device.ErrNotSent, err)
	}
	defer p.release()
	began := time.Now()
	job := encode(r, p.cfg.Profile)
	if job.lost > 0 {
		p.log.Warn("receipt holds characters the printer does not have", "device", "printer", "characters", job.lost)
	}
	err := p.print(ctx, job)
	p.log.Info("receipt", "device", "printer", "rows", job.rows, "duration", time.Since(began), "err", err)
	return err
}

func (p *Printer) print(ctx context.Context, j job) error {
	answers, err := p.open(ctx)
	if err != nil {
		return fmt.Errorf("escpos: print: %w: %w", device.ErrNotSent, err)
	}
	if recoverable(answers) {
		if answers, err = p.recover(ctx); err != nil {
			return fmt.Errorf("escpos: print: %w: %w", device.ErrNotSent, err)
		}
	}
	if s := statusOf(answers, p.cfg.Profile); !s.Ready() {
		return fmt.Errorf("escpos: print: %w: %s", device.ErrAttention, s.Problem())
	}

	// From the first byte on something may come out.
	rows := time.Duration(j.rows)
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Work+rows*rowTime)
	defer cancel()
	pieces := j.portions(max(p.cfg.Profile.Chunk, 1))
	if p.torn {
		pieces = slices.Insert(pieces, 0, slices.Concat(cmdInitialise, cmdCut))
	}
	select {
	case <-p.link.trouble: // of an earlier time
	default:
	}
	p.leftovers, p.torn = true, true
	if err := p.send(ctx, pieces); err != nil {
		if !p.link.dead() {
			if err := p.clear(context.WithoutCancel(ctx)); err != nil {
				p.log.Warn("the rest of a receipt may still be in the printer", "device", "printer", "err", err)
			}
		}
		return fmt.Errorf("escpos: print: %w: %w", device.ErrDoubt, err)
	}
	p.leftovers, p.torn = false, false
	return nil
}

// rowTime is the printer's time for a row of 4.2 mm, at the 100 mm a second that the slowest model reaches.
const rowTime = 42 * time.Millisecond

// send writes the pieces and lets the printer work through each before the next, the cut at the end included.
func (p *Printer) send(ctx context.Context, pieces [][]byte) error {
	for _, piece := range pieces {
		if err := p.link.write(ctx, piece); err != nil {
			return err
		}
		mark, err := p.link.mark(ctx)
		if err != nil {
			return err
		}
		if err := p.worked(ctx, mark); err != nil {
			return err
		}
	}
	return nil
}

// worked waits for a mark's answer. While the printer is silent it is asked for the cause: a printer without paper
// keeps the mark in its buffer.
func (p *Printer) worked(ctx context.Context, mark *query) error {
	for {
		look := time.NewTimer(p.cfg.Quiet)
		select {
		case <-mark.answer:
			look.Stop()
			return nil
		case <-p.link.done:
			look.Stop()
			_, err := p.link.wait(ctx, mark) // the answer may have been the last thing that came
			return err
		case <-ctx.Done():
			look.Stop()
			return fmt.Errorf("printer did not work through the receipt: %w", ctx.Err())
		case <-p.link.trouble:
			look.Stop()
		case <-look.C:
		}
		answers, err := p.ask(ctx)
		if err != nil {
			return err
		}
		if s := statusOf(answers, p.cfg.Profile); !s.Ready() {
			select {
			case <-mark.answer: // the trouble came behind the cut
				return nil
			default:
				return errors.New(s.Problem())
			}
		}
	}
}

// open makes sure of a link that answers, and of a printer that holds nothing old. It returns the printer's status.
// A link that was lost while nobody used it is opened anew, and so is one that still owes an answer: whether the
// answer is late or lost cannot be told, and it must not be taken for another.
func (p *Printer) open(ctx context.Context) ([4]byte, error) {
	if p.link != nil && (p.link.dead() || p.link.stale()) {
		p.drop()
	}
	if p.link != nil {
		answers, err := p.ask(ctx)
		if err == nil {
			return answers, p.empty(ctx)
		}
		if !errors.Is(err, errLinkLost) {
			return answers, err
		}
		p.drop()
	}
	conn, err := p.dial(ctx)
	if err != nil {
		return [4]byte{}, err
	}
	p.link = newLink(conn, p.log)
	settling, cancel := context.WithTimeout(ctx, p.cfg.Quiet)
	defer cancel()
	if err := p.link.settle(settling); err != nil {
		return [4]byte{}, err
	}
	answers, err := p.ask(ctx)
	if err != nil {
		return answers, err
	}
	return answers, p.empty(ctx)
}

// empty clears what the printer may hold of an earlier job. After a receipt of ours that ended in doubt nothing is
// printed until the printer has confirmed it.
func (p *Printer) empty(ctx context.Context) error {
	if !p.leftovers {
		return nil
	}
	err := p.clear(ctx)
	if err != nil && (p.torn || p.link.dead() || ctx.Err() != nil) {
		return err
	}
	if err != nil {
		p.log.Warn("printer may hold a receipt of an earlier run", "device", "printer", "err", err)
		p.leftovers = false
	}
	return nil
}

// clear throws away what the printer holds.
func (p *Printer) clear(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Quiet)
	defer cancel()
	if err := p.link.clear(ctx); err != nil {
		return err
	}
	p.leftovers = false
	return nil
}

// recover brings back a printer whose cutter was stuck and is free again.
func (p *Printer) recover(ctx context.Context) ([4]byte, error) {
	writing, cancel := context.WithTimeout(ctx, p.cfg.Quiet)
	defer cancel()
	if err := p.link.write(writing, cmdRecover); err != nil {
		return [4]byte{}, err
	}
	return p.ask(ctx)
}

// ask sends DLE EOT 1 to 4, one after the other, each with its own deadline.
func (p *Printer) ask(ctx context.Context) ([4]byte, error) {
	var answers [4]byte
	for i := range answers {
		asking, cancel := context.WithTimeout(ctx, p.cfg.Quiet)
		b, err := p.link.askRealTime(asking, byte(i+1))
		cancel()
		if err != nil {
			return answers, err
		}
		answers[i] = b
	}
	return answers, nil
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
