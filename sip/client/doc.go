// Package client is one connection to a library system over SIP2: login, one request at a time, and what may be
// concluded when an answer is missing.
//
// Questions (99, 63, 23, 17, 35) change nothing and are repeated on a new connection when the old one turns out dead. Fee
// Paid (37) and everything else that changes the library's books is sent once. A second 37 leaves only after Request SC
// Resend (96) with a good checksum has answered this very request, which means that it was not executed; a 99 right after
// it proves that, because the answer to a request that was executed comes before the 98. Everything else that is not a
// clear answer is in doubt: the connection is reset, and only the account can tell what happened.
//
// Before each 37 the connection is tried with 99. So a dead connection is found before anything is at stake, and the
// answer before a 38 is always a 98: when Request ACS Resend (97) brings a 38, it is not that of an earlier payment.
// Config.NoResend leaves 97 out.
//
// What the library system says about itself in 98 is kept to: its timeout lengthens our waits and never shortens them,
// fewer retries than ours are ours, and a message that it does not support is not sent (ErrUnsupported). An idle
// connection is kept open by 99 where Config.KeepAlive asks for it.
//
// The login is message 93, or prompts as in a terminal (Telnet), or none. It is timed apart from connecting, because a
// library system may accept connections that it does not serve. A connection that cannot be made safe says in a sentence
// what is to be mended (ErrTLS).
//
// What libraries do, and what this is built for: Koha 19.06 executes a repeated 37 a second time, and answers 97 with
// its last answer and AY0; it executes a message that was cut and then closed in good order, so each message is one
// write and a failed connection is reset (measured). FOLIO edge-sip2 writes plain text when its backend fails (read).
// Inside TLS a message cannot be cut at all: a record comes whole or not.
package client
