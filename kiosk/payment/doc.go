// Package payment is the payment state machine: one card purchase, and one or more legs to tell the library about. It
// is pure: Step says what an event means, Due what is to be done next. It has no clock, no I/O and no goroutine, and
// imports nothing of the kiosk but amounts of money.
//
// The purchase comes first, because it can be reversed for a while and Fee Paid cannot. Step does what the table of moves
// permits and nothing else.
//
// The table of moves (moves.go), drawn by go test -rewrite:
//
//	payment
//	  no payment
//	    intended              -> intended
//	  intended
//	    purchasing            -> purchasing
//	    abandoned             -> abandoned
//	  purchasing
//	    approval seen         -> approval seen
//	    declined              -> declined
//	    abandoned             -> abandoned: not one byte left
//	    no answer             -> purchase in doubt
//	  approval seen
//	    dialogue ended        -> approved
//	    dialogue ended        -> purchase in doubt: another amount was approved: an open case
//	    no answer             -> purchase in doubt
//	  purchase in doubt
//	    purchase found        -> approved
//	    purchase found        -> purchase in doubt: another amount was charged: an open case
//	    purchase not found    -> declined
//	    terminal unclear      -> purchase in doubt: asked again; at the limit, or where it has no answer ever, an open case
//	    no answer             -> purchase in doubt: after a power cut: the waits begin anew
//	    doubt too old         -> purchase in doubt: an open case
//	    case resolved         -> approved: as charged, by staff
//	    case resolved         -> declined: as not charged, by staff
//	  approved
//	    reversal window ended -> approved: no reversal any more
//	    (follows)             -> reversing: every leg is refused, inside the window, and nothing ran since
//	    (follows)             -> closed: every leg has ended
//	  reversing
//	    reversed              -> reversed
//	    not reversed          -> approved
//	    reversal not sent     -> approved: reversed again while the window is open
//	    no answer             -> reversal in doubt
//	  reversal in doubt
//	    reversed              -> reversed
//	    not reversed          -> approved
//	    terminal unclear      -> reversal in doubt: asked again; at the limit, or where it has no answer ever, an open case
//	    no answer             -> reversal in doubt: after a power cut: the waits begin anew
//	    doubt too old         -> reversal in doubt: an open case
//	    case resolved         -> reversed: as reversed, by staff
//	    case resolved         -> approved: as refund due, by staff
//	  any state
//	    superseded            -> any state: no reversal any more
//	    pin gone              -> any state: no posting any more, where the library wants the PIN
//	    receipt printed       -> any state
//	leg of a payment that is approval seen
//	  waiting
//	    dialogue ended        -> open case: another amount was approved
//	leg of a payment that is purchase in doubt
//	  waiting
//	    purchase found        -> open case: another amount was charged
//	    terminal unclear      -> open case: at the limit
//	    doubt too old         -> open case
//	  open case
//	    case resolved         -> waiting: as charged, by staff
//	leg of a payment that is approved
//	  waiting
//	    account read          -> posting: the fee is as the patron confirmed it
//	    account read          -> refused: the fee is gone or changed
//	    account read          -> open case: the fee is gone or changed after a posting in doubt
//	    account read          -> posted: a posting in doubt was applied late: its reference is there
//	    account refused       -> refused
//	    account refused       -> open case: after a posting in doubt
//	    (follows)             -> refused: the PIN is needed and gone
//	  posting
//	    answered              -> posted: yes
//	    answered              -> posting in doubt: no: the account is read first
//	    not posted            -> waiting: not one byte left
//	    no answer             -> posting in doubt
//	  posting in doubt
//	    account read          -> posted: applied, after the quiet time
//	    account read          -> refused: not applied, after a no
//	    account read          -> posting in doubt: one reading that does not decide alone
//	    account read          -> waiting: not applied, twice: one more posting is allowed
//	    account read          -> open case: unclear, or no more posting is allowed
//	    account refused       -> open case
//	    no answer             -> posting in doubt: after a power cut: the waits begin anew
//	    doubt too old         -> open case
//	  refused
//	    (follows)             -> refund due: no reversal any more
//	  refund due
//	    refund done           -> refunded: by staff
//	  open case
//	    case resolved         -> posted: by staff
//	    case resolved         -> refund due: by staff
//	    case resolved         -> written off: by staff
//	  posted
//	    posting confirmed     -> posted: staff ticks off what was posted by account
//	leg of a payment that is closed
//	  posted
//	    posting confirmed     -> posted: staff ticks off what was posted by account
//	leg of a payment that is reversing
//	  refused
//	    not reversed          -> refund due
//	leg of a payment that is reversal in doubt
//	  refused
//	    not reversed          -> refund due
//	    terminal unclear      -> open case: at the limit
//	    doubt too old         -> open case
//	  open case
//	    case resolved         -> refund due: as refund due, by staff
//
// What stands beside a state in the world, and what a restart makes of it (Restart):
//
//	intended             nothing asked                 abandoned
//	purchasing           card charged or not           purchase in doubt: ask the terminal for its last result
//	approval seen        charged, may be taken back    purchase in doubt
//	approved             charged, library not told     its legs are posted
//	leg posting          library told or not           posting in doubt: compare the account
//	reversing            purchase undone or not        reversal in doubt: ask the terminal again
//
// Waits are counted by the monotonic clock, which knows nothing of the time before a power cut. So the first start after
// one tells each doubt again: its waits begin anew, a first reading counts no more, and its limit is halved, so that a
// station which is switched off every night does not keep a doubt for ever.
//
// Two assumptions, which nothing on the wire can prove: a Fee Paid that was sent is applied within the quiet time or
// never, and what is owed does not grow by just what was paid while the posting is in doubt, as an overdue fee of ten cents
// may at midnight. Where one breaks, a repost may double a booking; each repost, with the verdict that allowed it, and
// each leg that is posted by account stands in the ledger, so that the double can be found.
package payment
