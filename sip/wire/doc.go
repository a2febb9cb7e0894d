// Package wire turns bytes into SIP2 messages and back: framing, fields, sequence number, checksum and character
// set. It does no I/O, has no clock and starts no goroutine, so the same code serves a client, a server and a
// decoder of recordings.
//
// Reading is lenient and says what was wrong (Message.Problems): a last delimiter left out, a delimiter inside a
// value, checksum digits in lower case, a date without its blanks. Writing is strict: what cannot be said exactly is
// refused before a byte leaves.
//
// Two ways lead from bytes to fields. Parse makes a Message whose texts last. ParseInto takes a line apart into a View that
// points into the line; into the same View again it allocates nothing, and neither does AppendTo when it writes into a
// buffer that is large enough. Sizes are bounded both ways: bytes of a message, characters of a value, number of fields.
//
// The rules come from the 3M SIP2 document (version 2.12) and from what servers do: Koha 19.06 ends messages with
// CR LF and turns a delimiter inside a value into "&#124;" (measured); FOLIO edge-sip2 may answer with plain text
// (read in its MainVerticle.java); fsip2 looked for the first "AZ" instead of the last and so rejected good
// messages (measured).
package wire
