// Package ecr17 drives card terminals that speak ECR17 ("protocollo 17"), as those of Nexi and many others in Italy do, over TCP or on a
// serial line.
//
// # Line
//
// A message is sent as STX message ETX LRC and answered with ACK or NAK, each with ETX and a check sum of its own. Messages are ASCII with
// every field at a fixed place; the first ten characters are the terminal (TID), a zero and a code. While it is busy the terminal may send
// texts for a display, SOH, 20 characters, EOT, which nobody answers. The check sum is the exclusive or of 7F and the message; whether STX
// and ETX count differs between terminals, so it is configured (LRC). The four sums of a message differ in their lowest two bits only: a
// damaged message may look like one whose sum is built in another way, and is refused like any damaged one.
//
// Each method opens a link of its own and closes it: terminals close theirs between payments, which would be found out only after a
// payment was sent on it.
//
// # What is said again
//
// Either side says a message again after a NAK or silence, three times in all. The kiosk does so with questions only (state, last result).
// A payment and a close of the session are said once:
//
//   - After silence it may have been taken; two payments would be charged twice.
//   - A NAK does prove that its message was not taken: the terminal sends it where a message is damaged, is for another terminal or has a code
//     that it does not know. So a payment answered with NAK is device.ErrNotSent. But it is not said again at once: one damaged frame
//     may be heard as two and answered with two NAKs. The second one would be taken for the answer to the second try, which the terminal has
//     begun.
//
// For the same reason the line must be quiet for a moment before a payment: what comes until then is dropped, so that a NAK, an ACK or a
// result from before is never taken for the answer. A result that comes before the ACK is neither believed nor acknowledged, nor is an
// approval whose STAN the terminal told before.
//
// # Money
//
// The kiosk asks with X, the payment with extended result, and not with P: the answer to X names the amount, in the answer itself and in
// the last result. Without it nobody could tell our payment from another one of the same minute. It counts as approved only when the result
// is 00, the amount is what was asked, the STAN is not zero and the terminal is the one that is configured. 01 is a no. Anything else
// is in doubt, also 05 and 09. The approval is saved before it is acknowledged. Receipts follow the result, and nothing that
// goes wrong with them changes the outcome: then there is no text for the slip, and the terminal can print a copy.
//
// The kiosk cannot cancel: there is no message for it. Nor can it take a payment back: a reversal (S) reads the same card once more, and
// the patron has left with it. Reverse is refused; the desk gives the money back.
//
// # After a lost answer
//
// The terminal keeps the last result of what a register asked for, and tells it unchanged (G), also after totals or downloads. There is
// no way to ask for a certain one, and no code of ours in it. So the last result is read before each payment, and compared afterwards:
//
//   - The STAN is greater than the one from before, the terminal is the same, the amount is ours, result 00: charged. What else the
//     terminal did by hand or by itself may have drawn numbers between them, but is never the last result.
//   - The same with result 01, and with our amount or none because the host was not asked: not charged.
//   - It is the one from before, in all its fields: the payment has left no result, or not yet. Whether the terminal waits for a card can
//     be asked with no message: the state tells only whether it is operative, and it may tell its last result in the middle of a
//     payment. So this proves nothing until Rest has passed since the answer was lost, and then that nothing was charged. Rest holds
//     what the system may still try to deliver after the link was closed (Linux: less than 2 minutes) and the longest payment. A kiosk
//     that was started again does not know when the payment began, and counts from its own start.
//   - An approval was seen and perhaps not acknowledged: charged if it is the last result. If not, it is unknown, and never "not
//     charged": the terminal had said yes.
//   - Anything else is unknown: another amount or none, a STAN that is not greater (it begins anew after 999999), another terminal, a
//     reversal, nothing from before. Also a no without a STAN, or with the one from before: it may be an answer to the question, not to
//     the payment. A patron who cancels before the terminal has drawn a number, and whose answer is lost, is such a case.
//
// RecoverPurchase asks every two seconds until something is proven or Rest has passed. A terminal that answers the question with NAK, and
// says how it is, cannot be asked: NeverKnown.
//
// The answer to a question is acknowledged at once: it stays in the terminal's memory, and can be asked for again.
//
// Assumptions: one kiosk at one terminal, and no other register; a terminal that has confirmed a payment says no result from before any more; a result is kept before or when it is sent; a terminal that got no
// acknowledgement keeps the payment, since the document names the last result as the remedy and no reversal; one whose power was cut
// while the host had approved reverses by itself, as it has no result to tell. An installation must try the last two.
//
// # Facts
//
//   - developer.nexigroup.com/traditionalpos, "Traditional POS": Integration options, Communication Protocol, Terminal status, Payment, Payment
//     with extended result, Reversal, Close session, Terminal totals, Send last result, Enable and disable printing receipt, Send ticket; read in
//     2026. TID 00000000 is any terminal. The example of a date, 211 for July 29, fits leap years only, counted from 1.
//   - padosoft/react-native-ecr17-protocol, docs/LESSON.md and tests: four ways to build check sums; terminals close the socket between
//     payments. padosoft/rust-ecr17-protocol, padosoft/laravel-ecr17 and ITSWProj/ecr17-php-client agree, and begin with the whole
//     frame, as this package does
//   - lucasstudyabroad-art/Protocolo-17, docs/ecr17-coverage-matrix.md: the same protocol for PAX terminals; only the last four digits of a
//     card come, the others are zeros; the state must be asked first; a terminal that is not set up for a register does not answer at all
//   - Portalum/Portalum.Zvt issue 42: a terminal set up for ECR17 answers another protocol with NAK
//
// Nothing was tried on a bench yet. To be found out there: the way of the check sums, whether X is known, whether a payment that is
// cancelled draws a STAN, what G answers during a payment and before the first one, how long a card is waited for.
package ecr17
