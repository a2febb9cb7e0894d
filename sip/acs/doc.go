// Package acs is a library system in memory: patrons with fees, a login, SIP2 on a real listener or on a pipe, and
// faults on order. It is the far end for tests, demonstrations and training, and keeps its own books, so that a kiosk's
// can be compared with them.
//
// It shares nothing with package client but the wire codec, and that is checked by bytes from documents.
//
// Mode Koha follows Koha 19.06 (measured): any message before the login closes the connection, a refused login is
// answered 940 and then closed; AV is "<id> <description> <amount>", one per fee; BV is absent when nothing is owed and
// has no decimals when whole; CG pays that line whoever owns it, and what is too much goes to the other lines and then
// to credit; BK is echoed and not stored by Koha, though these books keep it as proof; a repeated 37 is executed again;
// AO comes last; 97 gives the last answer again with AY0; what was cut when the stream ends is executed. Unlike Koha
// it refuses a BV that is no amount, instead of booking nothing or a debt.
//
// Mode Generic names no fees: AV is free text, a 37 lowers the total beginning with the oldest fee, and more than is
// owed is refused with a text.
package acs
