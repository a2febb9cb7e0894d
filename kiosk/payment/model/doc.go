// Package model holds a model of one payment in Promela, payment.pml, which the model checker Spin goes through in full:
// whatever the terminal, the library system, the desk, the power and the lines do, in every order. Its test runs Spin, and
// compares the moves of the model with the table of moves of package payment, so that the two cannot drift apart.
//
// What is in it:
//
//   - The station, whose ledger survives a crash and whose memory does not. It saves or does one thing at a time, and may
//     be killed between any two; a power cut also makes it count its waits anew.
//   - A card terminal that remembers its last result only. It approves or declines, keeps or takes back an approval that
//     nobody acknowledged, and reverses or refuses to.
//   - A library system that books or refuses, says no after booking, answers or not, and may apply a request after the
//     connection was given up, or never. It takes money for a fee that is paid already, or refuses it (OVERPAY).
//   - A desk, where either fee may be paid at any moment.
//   - Messages that are lost on the way, and links that cannot be had.
//
// What it shows, for at most three crashes and three losses (CRASHES, LOSSES; with eight of each, which takes 2,070,668 states
// and was tried by hand, no other answer):
//
//   - The card is charged at most once, and a fee is booked at most once by us.
//   - Nothing is posted before the approval stands, and nothing posted again without the verdict "not applied".
//   - No money goes back for a fee that is booked.
//   - When nothing can happen any more, the payment has ended or waits for a person, and the money is where the ledger
//     says: reversed or not charged at all, or every leg posted, due as a refund, or an open case.
//   - That point is always reached: there are no cycles, so no doubt goes on for ever.
//
// The quiet time is modelled as: an old request is dead, applied or lost, before the account is read. LATE takes this
// assumption away, as a library system may. Then a fee may be booked twice, but only where a second posting, with its
// verdict, stands in the ledger; never in silence.
//
// A check that finds nothing proves little unless it finds what is there. So these are broken on purpose, and Spin must find
// each: NOQUIET reads without waiting, BLIND posts again without reading, POSTEARLY posts on an approval merely seen,
// REVERSEANY takes the purchase back though another leg is posted or in doubt, GIVEAWAY (with LATE) gives money back for a
// fee that went after a posting in doubt, FORGETFUL forgets the first of two readings, HASTY believes the terminal's last
// result while it is at work.
//
// What is left out: staff, for whom a refund due and an open case are the end here; amounts, so no approval over another
// amount; the patron's PIN; several payments; clocks, so every wait may end at any moment, and a limit at once. The terminal
// tells its last result only when it is at rest; a request to it that was not lost with its line arrives before that.
//
// To look at a run that Spin finds:
//
//	spin -DNOQUIET -a payment.pml && gcc -DSAFETY -o pan pan.c && ./pan -m200000; spin -DNOQUIET -t -p -g payment.pml
package model
