// Package mdb drives cashless readers that have no interface for registers but sit on the bus of vending machines (MDB/ICP), through an
// adapter that speaks lines of text on a USB modem: Qibixx MDB-USB and MDB Pi Hat. The adapter is the bus's master in the place of a
// vending machine, the kiosk tells it what to do.
//
// # Lines
//
// A line is ASCII: fields with commas between them, and a line feed. The letter in front is a capital where the kiosk speaks and small where
// the adapter does, except in some errors (D,ERR). The adapter says a line when the state of the reader changes, and tells the state when
// it is asked (D,STATUS), with the reader's own setup behind a sign #. What the driver does not know is noise and decides nothing.
//
// # A purchase
//
// The price is fixed before a card is shown, so the adapter is master in its mode always idle (D,2); the other mode (D,1) waits for a card
// first, which may be one that somebody left. A reader that can not work so is not used. Each link begins with the adapter's version and
// state. What the adapter has forgotten is set again; a bus is never reset while a purchase may be open. The reader takes cards only during
// a purchase: D,READER,1, then D,REQ with price and product, the reader's result, D,END, and D,READER,0.
//
// # Money
//
// Some readers charge when they approve, others only when they hear of the goods (D,END, vend success). The driver is right for both: it
// says that a purchase succeeded only after the approval was saved, D,END was sent, and the reader was idle after it.
//
//	before D,REQ has left                       not sent
//	D,REQ is an error, and the reader is idle   not sent: the adapter did not take it
//	RESULT,-1                                   refused
//	link or answer lost after D,REQ             in doubt
//	RESULT that cannot be read                  in doubt, after D,END,-1
//	RESULT,1 with another amount                in doubt, after D,END,-1
//	RESULT,1, and it could not be saved         in doubt, after D,END,-1
//	RESULT,1, saved, D,END not confirmed        in doubt
//	RESULT,1, saved, idle after D,END           done
//
// After D,END,-1 (vend failed) a reader should give the money back, and mostly does, but no line says that it did: that stays in doubt.
// A reset that follows a confirmed D,END changes nothing any more.
//
// A pending request is withdrawn (D,REQ,-1) when its context ends or nothing was heard for too long. The reader must answer that with a
// denial; only the denial proves that nothing is charged. A reader that had approved meanwhile is believed, and the purchase succeeds.
//
// Nobody can ask for a purchase that has ended. But while the adapter still has it open, RecoverPurchase ends it: an approval that was saved
// with D,END, which proves Charged; a request that is pending by withdrawing it, which proves NotCharged once it is denied; any other
// approval with D,END,-1. Everything else is NeverKnown, also where the approval was saved: a reader that did not hear D,END may have given
// the money back. A session that was left open and belongs to nobody is ended so by the next purchase.
//
// Reverse is refused and there is no end of day. More than one request in a session (multi-vend) is not used.
//
// # Amounts
//
// D,REQ has decimal text. On the bus an amount counts steps of the reader's scale factor with its decimals, in 16 bits: an amount that is no
// whole number of steps is not asked for, nor one of more than 65,534 steps, nor one in another currency than the reader's.
//
// # Facts
//
// Nothing was tried on a bench yet. What stands here is from:
//
//   - Qibixx, docs.qibixx.com/mdb-products: pages General (115,200 baud, 8N1), Cashless Master, Vending Sessions Examples (the lines of a
//     session, INIT,1: the reader is capable of always idle), Cashless Device - Accept a Vend Request in Always Idle
//   - the text of page Cashless Master as it stands in public clients, bezumnui/pyMDBTerminal among them: D,REQ,-1 withdraws a pending
//     request; D,STATUS and its fields, the last of which is 1 where D,2 was asked for and the reader cannot; D,END may name the product
//     since version 3.8; settings are lost with power
//   - public clients for a Nayax reader: D,ERR,"cashless master is off"; d,STATUS,OFF after D,0; d,ERR,"-1" in place of VEND
//   - MDB/ICP 4.2, section 7: a reset ends a transaction "with an appropriate credit adjustment"; VEND CANCEL is answered with VEND DENIED;
//     amounts of 16 bits; a currency code that begins with 1 is ISO 4217; a refund may fail (malfunction 12)
//   - when a reader charges: devzone.nayax.com, payment flows: authorised when the card is shown, settled after vend success; RASPIVEND's
//     manual, MDBCashlessVendSuccess: vend success takes the money from the medium; pyMDBTerminal: the amount "has been deducted" with
//     RESULT,1
//
// For a bench remain: which lines follow D,REQ,-1 and D,READER,0, how long a reader waits for D,END, what it does then, and whether an
// adapter without a host keeps half a line.
package mdb
