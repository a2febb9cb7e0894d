// Package zvt drives a card terminal by the ZVT protocol (German ECR interface, PA00P015 revision 13 for commands,
// PA00P016 for the transport) over TCP or a serial line, and holds the codec of its messages, which does no I/O.
//
// The driver does what a till needs: registration, status enquiry, authorisation, reversal by receipt number, repeat receipt as the way to
// the last result, end of day; and reservations, refunds, totals, diagnosis and the other commands of service for whoever wants them. It never
// sees more of a card than the masked digits that the terminal sends, never repeats a command that moves money, and never decides by a
// timer whether a card was charged.
//
// What an error means for the money is decided here. Until the first byte of 06 01 has left, nothing can have
// happened (device.ErrNotSent). From then on only three things end the doubt: a refusal as first answer, 06 1E
// without an approved status information before it, or an approved status information that was saved, acknowledged
// and followed by the completion. An abort after an acknowledged approval does not cancel it (PA00P015 2.2.9); it is
// confirmed by repeat receipt at once and stays in doubt where that proves nothing.
//
// The public documents contradict each other on what a terminal does when the answer to its 04 0F is lost: it may keep
// the payment, reverse it or turn it into a decline. So only the last result (06 20 with service byte 03) counts.
//
// An approval that differs from what was asked (amount, currency, terminal id, or a signature demanded) is handed to
// Watch.Seen, acknowledged, and reported as in doubt: the money moved and is on record, and RecoverPurchase answers
// "still unknown" because the difference stays, so that a person decides. Refusing it would leave the outcome to the
// dialect of the terminal.
//
// An approval that comes while no command that moves money runs belongs to nobody: it is handed to Stray.Seen, refused (84 66), upon which the
// terminal takes it back, and looked for afterwards. Without a watcher it is not answered.
//
// What differs between families of terminals is a Profile: config byte, character set, times, what the terminal remembers. Package accept
// finds it out at a new model. A terminal may agree to numbered messages (tag 1F73): then an answer that comes late is told from the one that
// is awaited, and a message that comes twice is answered twice and carried out once.
//
// A serial block is confirmed before its content is looked at. A repeated block is one that equals the block before
// it while our answer to that one was not confirmed; two equal messages otherwise are two messages, and an approval
// that comes twice is recognised by receipt, trace and amount.
//
// Sources of what goes beyond the documents: the ZVT guides of card complete (receipt type behind print lines, 24 or 48
// columns), recorded frames of Feig cVEND and Worldline Valina, and the test data of the projects Portalum.Zvt,
// ecrterm, EVerest and others; testdata/frames.json names the origin of each frame. Not tried on a bench of our own.
package zvt
