package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"selfpay/kiosk/payment"
)

// Damage is what does not fit together, and where.
type Damage struct {
	Event   int64  // number of the event, 0 where it is not about one
	Payment string // code of the payment, empty where it is not about one
	What    string
}

func (d *Damage) Error() string {
	where := ""
	switch {
	case d.Event != 0 && d.Payment != "":
		where = fmt.Sprintf("event %d of payment %s: ", d.Event, d.Payment)
	case d.Event != 0:
		where = fmt.Sprintf("event %d: ", d.Event)
	case d.Payment != "":
		where = fmt.Sprintf("payment %s: ", d.Payment)
	}
	return fmt.Sprintf("ledger: %s: %s%s", ErrDamaged, where, d.What)
}

// Unwrap makes every damage an ErrDamaged.
func (d *Damage) Unwrap() error { return ErrDamaged }

// damage names an event and its payment; number 0 is a note of the ledger itself.
func (l *Ledger) damage(event, number int64, what string) *Damage {
	d := &Damage{Event: event, What: what}
	if number != 0 {
		d.Payment = payment.ID{Epoch: l.epoch, Number: number}.String()
	}
	return d
}

// How many rows are read at once while a whole ledger is checked; between them payments go on.
const (
	chainAtOnce    = 2000
	paymentsAtOnce = 200
)

// newestChecked is how many of the newest payments are folded again at each start, beside those that have not ended.
const newestChecked = 20

// checkTail checks what was written since the verified mark: that the event at the mark is still there, the chain behind
// it, and that the view of every payment in it, of those that have not ended and of the newest is what its events say.
func (l *Ledger) checkTail() error {
	from, head, err := l.readMark()
	if err != nil {
		return err
	}
	touched := map[int64]bool{}
	l.last, l.head, err = l.chain(from, head, -1, func(number int64) { touched[number] = true })
	if err != nil {
		return err
	}
	for number := range l.open {
		touched[number] = true
	}
	for number := max(1, l.newest-newestChecked+1); number <= l.newest; number++ {
		touched[number] = true
	}
	delete(touched, 0)
	for _, number := range slices.Sorted(maps.Keys(touched)) {
		if _, err := l.comparePayments(number, number, l.last, alike); err != nil {
			return l.cause(err)
		}
	}
	return nil
}

// cause is the first break of the chain, where there is one behind what was found; it says more.
func (l *Ledger) cause(found error) error {
	if _, _, err := l.chain(0, nil, -1, func(int64) {}); errors.Is(err, ErrDamaged) {
		return err
	}
	return found
}

// readMark finds the event up to which the chain was verified before.
func (l *Ledger) readMark() (from int64, head []byte, err error) {
	if err := l.db.QueryRow(`SELECT value FROM meta WHERE name = 'verified'`).Scan(&from); err != nil {
		return 0, nil, l.explain("read the verified mark", err)
	}
	if err := l.db.QueryRow(`SELECT value FROM meta WHERE name = 'verified hash'`).Scan(&head); err != nil {
		return 0, nil, l.explain("read the verified mark", err)
	}
	if from == 0 {
		return 0, head, nil
	}
	var saved []byte
	rows, err := l.db.Query(`SELECT hash FROM events WHERE seq = ?`, from)
	if err != nil {
		return 0, nil, l.explain("read the verified mark", err)
	}
	defer rows.Close()
	if !rows.Next() {
		rows.Close()
		return 0, nil, l.cause(l.damage(from, 0, "it is missing; it was there when the ledger was last checked"))
	}
	if err := rows.Scan(&saved); err != nil {
		return 0, nil, l.explain("read the verified mark", err)
	}
	if !bytes.Equal(saved, head) {
		rows.Close()
		return 0, nil, l.cause(l.damage(from, 0, "it is another than when the ledger was last checked"))
	}
	return from, head, l.explain("read the verified mark", rows.Err())
}

// mark notes the newest event as verified. Its hash was read or written by this run of the program.
func (l *Ledger) mark() error {
	if l.last == 0 {
		return nil
	}
	_, err := l.db.Exec(`INSERT INTO meta VALUES ('verified', ?), ('verified hash', ?)
		ON CONFLICT DO UPDATE SET value = excluded.value WHERE value <> excluded.value`, l.last, l.head)
	return l.explain("write the verified mark", err)
}

// link is one row of the chain.
type link struct {
	record
	seq  int64
	hash []byte
}

func (l *Ledger) links(after int64, limit int) ([]link, error) {
	rows, err := l.db.Query(`SELECT seq, payment, kind, data, sealed, hash FROM events WHERE seq > ? ORDER BY seq LIMIT ?`, after, limit)
	if err != nil {
		return nil, l.explain("read events", err)
	}
	defer rows.Close()
	var found []link
	for rows.Next() {
		var k link
		if err := rows.Scan(&k.seq, &k.payment, &k.kind, &k.data, &k.sealed, &k.hash); err != nil {
			return nil, l.explain("read events", err)
		}
		found = append(found, k)
	}
	return found, l.explain("read events", rows.Err())
}

// chain follows the chain behind event from, whose hash is head, up to event to (-1: the newest), and tells visit the
// payment of each event.
func (l *Ledger) chain(from int64, head []byte, to int64, visit func(number int64)) (int64, []byte, error) {
	last := from
	for to < 0 || last < to {
		found, err := l.links(last, chainAtOnce)
		if err != nil {
			return 0, nil, err
		}
		for i, k := range found {
			if to >= 0 && k.seq > to {
				break
			}
			if head, err = l.follow(last, head, k, found[i+1:]); err != nil {
				return 0, nil, err
			}
			last = k.seq
			visit(k.payment)
		}
		if len(found) < chainAtOnce {
			break
		}
	}
	return last, head, nil
}

// follow checks one link behind another and says what is wrong with it.
func (l *Ledger) follow(last int64, head []byte, k link, next []link) ([]byte, error) {
	if k.seq != last+1 {
		return nil, l.damage(last+1, 0, fmt.Sprintf("it is missing; event %d is followed by event %d", last, k.seq))
	}
	hash := k.chain(head)
	if bytes.Equal(hash, k.hash) {
		return hash, nil
	}
	if len(next) > 0 && bytes.Equal(next[0].chain(hash), next[0].hash) {
		return nil, l.damage(k.seq, k.payment, "its checksum was changed")
	}
	return nil, l.damage(k.seq, k.payment, "it is not what was saved there: it was changed or exchanged, or the event before was taken out")
}

// Verified is what a check of the whole ledger found.
type Verified struct {
	Events   int64 `json:"events"`
	Payments int   `json:"payments"`
}

// Verify checks the whole ledger as it is at the call: the chain from the first event, every payment folded again, the
// view tables against that, and that no card's key is missing. It changes nothing and may be repeated; payments go on
// meanwhile. A *Damage names the first thing that does not fit.
func (l *Ledger) Verify(ctx context.Context) (Verified, error) {
	l.mu.Lock()
	last, head, newest := l.last, l.head, l.newest
	days, err := l.readDays()
	l.mu.Unlock()
	if err != nil {
		return Verified{}, err
	}
	if err := l.verifyChain(ctx, last, head); err != nil {
		return Verified{}, err
	}
	found, err := l.verifyPayments(ctx, newest, last)
	if err != nil {
		return Verified{}, err
	}
	return Verified{Events: last, Payments: found.payments}, compareDays(days, found.sums)
}

func (l *Ledger) verifyChain(ctx context.Context, last int64, head []byte) error {
	var at int64
	var hash []byte
	for at < last {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("ledger: verify: %w", err)
		}
		before := at
		var err error
		l.mu.Lock()
		at, hash, err = l.chain(at, hash, min(last, at+chainAtOnce), func(int64) {})
		l.mu.Unlock()
		if err != nil {
			return err
		}
		if at == before {
			return l.damage(at+1, 0, fmt.Sprintf("it is missing, and all after it up to event %d", last))
		}
	}
	if !bytes.Equal(hash, head) && last > 0 {
		return l.damage(last, 0, "it is another than the one this program wrote or read before")
	}
	return nil
}

// folded is what payments add up to at one moment.
type folded struct {
	payments int
	sums     map[dayKey]payment.Books
}

func (f *folded) add(other folded) {
	f.payments += other.payments
	for key, books := range other.sums {
		f.sums[key] = f.sums[key].Add(books)
	}
}

func (l *Ledger) verifyPayments(ctx context.Context, newest, last int64) (folded, error) {
	all := folded{sums: map[dayKey]payment.Books{}}
	for from := int64(1); from <= newest; from += paymentsAtOnce {
		if err := ctx.Err(); err != nil {
			return folded{}, fmt.Errorf("ledger: verify: %w", err)
		}
		l.mu.Lock()
		found, err := l.comparePayments(from, min(newest, from+paymentsAtOnce-1), last, equal)
		l.mu.Unlock()
		if err != nil {
			return folded{}, err
		}
		all.add(found)
	}
	return all, nil
}

// comparePayments folds some payments again and compares them with the view. What it returns counts the events up to
// number last only.
func (l *Ledger) comparePayments(from, to, last int64, same comparison) (folded, error) {
	events, err := l.events(from, to)
	if err != nil {
		return folded{}, err
	}
	now, then := map[int64]payment.Payment{}, map[int64]payment.Payment{}
	for _, e := range events {
		p, err := payment.Step(now[e.payment], e.Event)
		if err != nil {
			return folded{}, l.damage(e.Sequence, e.payment, "it is not possible there: "+err.Error())
		}
		if now[e.payment] = p; e.Sequence <= last {
			then[e.payment] = p
		}
	}
	if err := l.compareViews(from, to, now, same); err != nil {
		return folded{}, err
	}
	found := folded{payments: len(then), sums: map[dayKey]payment.Books{}}
	for _, p := range then {
		found.sums[keyOf(p)] = found.sums[keyOf(p)].Add(p.Books())
	}
	return found, nil
}

// compareViews holds the rows of the view against payments that were folded again.
func (l *Ledger) compareViews(from, to int64, folded map[int64]payment.Payment, same comparison) error {
	left := maps.Clone(folded)
	views, err := l.views(from, to)
	if err != nil {
		return err
	}
	for _, v := range views {
		p, known := folded[v.number]
		if !known {
			return l.damage(0, v.number, "the view has it, and all its events are missing")
		}
		wrong := v.against(p, same)
		if p.ID != (payment.ID{Epoch: l.epoch, Number: v.number}) {
			wrong = "its events say that it is payment " + p.ID.String()
		}
		if wrong == "" {
			if wrong, err = l.cardAgainst(v); err != nil {
				return err
			}
		}
		if wrong != "" {
			return l.damage(0, v.number, wrong)
		}
		delete(left, v.number)
	}
	for _, number := range slices.Sorted(maps.Keys(left)) {
		return l.damage(0, number, "its events are there, and the view has lost it")
	}
	return nil
}

// view is one row of the view of payments, and what is kept of its card.
type view struct {
	number                  int64
	ended                   bool
	day                     string
	fold                    []byte
	patron, sealed, wrapped []byte
}

func (l *Ledger) views(from, to int64) ([]view, error) {
	rows, err := l.db.Query(`SELECT p.number, p.ended, p.day, p.fold, p.patron, k.wrapped,
		(SELECT sealed FROM events e WHERE e.payment = p.number AND sealed IS NOT NULL)
		FROM payments p LEFT JOIN patron_keys k ON k.payment = p.number WHERE p.number BETWEEN ? AND ? ORDER BY p.number`, from, to)
	if err != nil {
		return nil, l.explain("read payments", err)
	}
	defer rows.Close()
	var found []view
	for rows.Next() {
		var v view
		if err := rows.Scan(&v.number, &v.ended, &v.day, &v.fold, &v.patron, &v.wrapped, &v.sealed); err != nil {
			return nil, l.explain("read payments", err)
		}
		found = append(found, v)
	}
	return found, l.explain("read payments", rows.Err())
}

// cardAgainst says what is wrong with what is kept of a payment's card: its key is missing or another, or the payment
// would not be found by it.
func (l *Ledger) cardAgainst(v view) (string, error) {
	erased, err := l.erasedCards()
	switch {
	case err != nil:
		return "", err
	case v.wrapped == nil && !erased[v.number]:
		return "the key of its card is missing, and no note says that it was erased", nil
	case v.wrapped != nil && erased[v.number]:
		return "its card was erased, and a key for it is there again", nil
	case v.wrapped == nil || l.seal.wrap == nil:
		return "", nil
	}
	card, err := l.seal.open(v.sealed, v.wrapped)
	switch {
	case err != nil:
		return "the key of its card was changed", nil
	case !bytes.Equal(l.seal.hash(card), v.patron):
		return "the view has it under another card", nil
	}
	return "", nil
}

// comparison says whether a payment in the view is the one that was folded again.
type comparison func(saved, again payment.Payment) bool

func equal(saved, again payment.Payment) bool { return reflect.DeepEqual(saved, again) }

// alike compares what money hangs on, and the moment of the last event. A start is content with that, so that a release
// that notes more of a payment than the one before still opens the ledger.
func alike(saved, again payment.Payment) bool {
	legs := func(a, b payment.Leg) bool { return a.State == b.State && a.Amount == b.Amount && a.Fee == b.Fee }
	return reflect.DeepEqual(saved.Approval, again.Approval) && saved.State == again.State && saved.Amount == again.Amount && saved.OpenCase == again.OpenCase &&
		saved.Receipts == again.Receipts && slices.EqualFunc(saved.Legs, again.Legs, legs) && saved.ChangedAt.Wall.Equal(again.ChangedAt.Wall)
}

// against says what in the view is not as the payment's events say.
func (v view) against(p payment.Payment, same comparison) string {
	var saved payment.Payment
	if err := json.Unmarshal(v.fold, &saved); err != nil {
		return "the view of it cannot be read: " + err.Error()
	}
	again, err := reread(p)
	if err != nil {
		return err.Error()
	}
	switch {
	case saved.State != again.State:
		return fmt.Sprintf("the view says %q, its events say %q: the view was changed, or its last events are missing", saved.State, again.State)
	case !same(saved, again):
		return "the view is not what its events say: the view was changed, or its last events are missing"
	case v.ended != p.State.Ended() || v.day != BusinessDay(again):
		return "the view has it in the wrong list or day"
	}
	return ""
}

// reread is p as it comes back from the disk.
func reread(p payment.Payment) (again payment.Payment, err error) {
	text, err := json.Marshal(p)
	if err != nil {
		return again, fmt.Errorf("ledger: fold of payment %s: %w", p.ID, err)
	}
	return again, json.Unmarshal(text, &again)
}

func compareDays(days []Day, sums map[dayKey]payment.Books) error {
	left := maps.Clone(sums)
	for _, d := range days {
		key := dayKey{d.Day, d.Currency}
		if d.Books != sums[key] {
			return &Damage{What: fmt.Sprintf("the sums of %s in %s are not what the events say", d.Day, d.Currency)}
		}
		if !d.Books.Agree() {
			return &Damage{What: fmt.Sprintf("the books of %s in %s do not agree", d.Day, d.Currency)}
		}
		delete(left, key)
	}
	for key, books := range left {
		if books != (payment.Books{}) {
			return &Damage{What: fmt.Sprintf("the sums of %s in %s are missing", key.day, key.currency)}
		}
	}
	return nil
}
