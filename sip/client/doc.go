// Package client is one connection to a library system over SIP2: login, one request at a time, and what may be
// concluded when an answer is missing.
//
// Questions (99, 63, 23, 35) change nothing and are repeated on a new connection when the old one turns out dead. Fee
// Paid (37) is sent once. A second 37 leaves only after Request SC Resend (96) with a good checksum has answered this
// very request, which means that it was not executed. Everything else that is not a clear answer is in doubt: the
// connection is reset, and only the account can tell what happened.
//
// Before each 37 the connection is tried with 99. So a dead connection is found before anything is at stake, and the
// answer before a 38 is always a 98: when Request ACS Resend (97) brings a 38, it is not that of an earlier payment.
//
// What libraries do, and what this is built for: Koha 19.06 executes a repeated 37 a second time, and answers 97 with
// its last answer and AY0; it executes a message that was cut and then closed in good order, so each message is one
// write and a failed connection is reset (measured). FOLIO edge-sip2 writes plain text when its backend fails (read).
package client
