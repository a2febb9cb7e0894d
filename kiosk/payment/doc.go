// Package payment is the payment state machine: one card purchase, and one or more legs to tell the library about. It
// is pure: Step says what an event means, Due what is to be done next. It has no clock, no I/O and no goroutine, and
// imports nothing of the kiosk but amounts of money.
//
// The purchase comes first, because it can be reversed for a while and Fee Paid cannot:
//
//	intended ──> purchasing ──> approval seen ──> approved ──> closed
//	   │             │ │              │            │    ▲
//	   ▼             │ ▼              ▼            │    │ not reversed: refund due
//	abandoned <──────┘ purchase in doubt ──────────┤    │
//	                   │          ▲                ▼    │
//	declined <─────────┘          │            reversing ──> reversed
//	                       (open case:             │    ▲
//	                       staff decides)          ▼    │
//	                                       reversal in doubt
//
// Each leg, once the purchase is approved:
//
//	waiting ──> posting ──> posted (by answer)
//	   ▲           │
//	   │           ▼
//	   └── posting in doubt ──> posted (by account)
//	  not          │   │
//	applied        │   └──────> open case ──> posted, refund due, written off: by staff
//	               ▼
//	            refused ──> refund due ──> refunded
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
// The one assumption, which nothing on the wire can prove: a Fee Paid that was sent is applied within the quiet time
// or never. Where a library system breaks it, a repost may double a booking; each repost and each leg that is posted
// by account stands in the ledger, so that the double can be found.
package payment
