// Package acs is a library system in memory: patrons with fees, items with loans and holds, a login, SIP2 on a real
// listener or on a pipe, and faults on order. It is the far end for tests, demonstrations and training, and keeps its
// own books, so that a kiosk's can be compared with them.
//
// It shares nothing with package client but the wire codec, and that is checked by bytes from documents.
//
// Which make of library system it behaves like is data: a Behaviour, named by a Mode. What each does:
//
//   - Koha 19.06 (measured): any message before the login closes the connection, a refused login is answered 940 and
//     then closed; AV is "<id> <description> <amount>", padded with blanks up to BQ; BV is absent when nothing is owed
//     and has no decimals when whole; CG pays that line whoever owns it, and what is too much goes to the other lines
//     and then to credit; a BV that is no amount counts as the number it begins with, and a negative one makes a debt;
//     BK is echoed and not stored by Koha, though these books keep it as proof; a repeated 37 is executed again; AO comes
//     last; 97 gives the last answer again with AY0, which on a new connection is the login's; what was cut when the
//     stream ends is executed; an answer has AZ if the request had one.
//   - Evergreen (read): the whole payment is refused when it is too much, and where CG names the fee the process dies
//     before it has answered; a fee must be the patron's own; BK is kept as approval code for payment types 01 and 02;
//     AV has one of four forms.
//   - FOLIO edge-sip2 (read): drops everything before the login without an answer; writes plain text when it fails;
//     fees are groups of CG FA FB FC FD FE FF with grouped thousands; a CG that does not begin with a UUID is ignored and
//     the whole account paid; amounts are compared on two significant digits, and then by the backend; with error
//     detection on (Config.NeedAZ) the stored answer is replayed for the same AY and AZ; values are cut at 255 characters.
//   - CARL.X (read in one client): AV is cut into pieces, each behind a letter; a fee must be named by CG; BK of 38 is a number
//     of its own.
//   - Aleph takes the whole account and nothing less (AlephStd), or one pair of BZ and EK for each fee that is paid
//     (AlephTPL; what the fields mean is inferred).
//   - Polaris has FA and PA with a meaning of its own in 64, Sierra writes "0000" as zone of its dates (read).
//   - Generic names no fees: AV is free text, a 37 lowers the total beginning with the oldest fee, and more than is owed is
//     refused with a text. Totals, Pool, LateApply, IdleClose, LF, Split and Joined are Generic with one thing made
//     difficult.
//
// The fields of Behaviour that no mode sets are the ways of further servers, each with its source: fsip2, and the other
// servers of Koha and Evergreen. What is unknown of a make is as in Generic.
package acs
