// Package secondcopy keeps a copy of the ledger's events in a plain file on another medium. It never holds up a payment: it
// reads what the ledger has saved, from a goroutine of its own, and catches up by number when the medium was away. The ledger
// is never written to, and a copy that does not fit is set aside, never written over.
//
// The file begins with the eight bytes "KIOSKEV1" and the ledger's epoch (4 bytes). Then one record for each event, in order and
// without gaps; all numbers are unsigned and big endian:
//
//	4   length of what follows the checksums, in bytes
//	4   CRC-32C (Castagnoli) of what follows them
//	4   CRC-32C of the eight bytes before, so that a damaged length is not taken for a record that is torn
//	8   number of the event in the ledger, from 1
//	32  hash of the event before; zeros before the first
//	    JSON: {"payment":17,"kind":"approval seen","data":{…},"sealed":"…","hash":"…"}
//
// "payment" is the payment's number, 0 for a note of the station; "data" is the event as the ledger has it; "sealed" (base64) is
// the card's ciphertext, whose key is not in the copy; "hash" (base64) is the event's own. So a record can be checked alone, the file
// by its chain, and both against the ledger. Each batch is synced; a record that a power cut has torn is cut off.
package secondcopy
