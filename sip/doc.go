// Package sip holds the messages and coded values of SIP2 2.00 (3M Standard Interchange Protocol, document version 2.12)
// in the words of its document: one type for each of its 31 messages, with the field code beside each field. It does no
// I/O and knows nothing of any kiosk; it imports the standard library and golang.org/x/text only. Below it: wire (bytes
// and fields), client (one connection to a library system), acs (a library system in memory), decode (a line explained).
//
// Each type has Encode, which is strict and refuses with ErrInvalid what could be misread, and a Parse function, which is
// lenient: counts may be blank, dates may have any zone or none, fields may be missing. Only what decides about money or a
// login is never guessed: a Fee Paid Response that says neither Y nor N is an error. Parse reads any message into its
// type, for servers and proxies.
//
// What is read and written again has the same bytes: Received, a part of every type, keeps unknown and repeated fields,
// their order, and the spelling of each value that was not changed. So a value can be changed on its way through a proxy
// and everything else stays, and a field of a site's own is sent by putting it into Received.Fields. The exception is Fee
// Paid, which is not written when a field that decides about money stands twice.
//
// # What a request may do when it is sent twice
//
// Questions change nothing and may be repeated: SCStatus, PatronStatusRequest, PatronInformation, ItemInformation, and
// EndPatronSession. A second Checkin, PatronEnable, BlockPatron or ItemStatusUpdate finds done what the first did. A
// second Checkout, Renew, RenewAll or Hold may do it again. FeePaid is booked again by every system that is known, save
// by FOLIO edge-sip2 on the same connection with error detection on.
//
// # What library systems do beyond the document
//
// Koha 19.06, C4::SIP (measured):
//   - executes a message that was cut when the stream ends, so a prefix of Fee Paid may be booked. FeePaid is written
//     with the patron last: a prefix then names nobody, or, where another patron's number is the beginning of ours, that
//     patron with the whole amount; never part of an amount. See package client for how the end of a stream is avoided.
//   - a repeated Fee Paid with the same sequence number and checksum is executed again and booked twice.
//   - Request ACS Resend on the same connection gives the last answer again with AY0; on a new connection it gives the
//     login's answer.
//   - BK is echoed and not stored. BV is absent when nothing is owed, and has no decimals when whole ("5").
//   - AO comes last in 24 and 38; 38 without AF when a fee is unknown.
//   - a failed login answers 940 and closes; any message before the login closes without an answer.
//   - accepts a negative, an empty and an unreadable BV: the checks are the client's. FeePaid.Encode makes them.
//
// Evergreen (OpenILS/SIP and Application/SIP2, read) refuses a payment of more than is owed; where CG names the fee, one
// of its servers dies before it has answered. FOLIO edge-sip2 (FeeFinesRepository.java, read) ignores a CG that does not
// begin with a UUID and pays all accounts; it says N also when its own backend does not answer in time.
//
// CARL.X (Aspen-Discovery Nashville.php, read) puts a receipt number of its own into BK of 38 from 9.6 on, and cuts AV into
// pieces behind letters. Aleph takes the whole account only, or with tpl_extensions=Y a pair of BZ and EK for each fee (vendor).
// Polaris has FA and PA with a meaning of its own in 64, so fields beyond the document are read by make or not at all.
//
// Sierra writes "0000" as zone of a date; others "UTC" and a blank, or no blanks at all (NYPL-Simplified/circulation,
// tests/sip/test_authentication_provider.py). FOLIO edge-sip2 wants four blanks or three and a letter
// (DateTimeMapper.java); blanks are what Encode writes by default.
//
// # Speed
//
// On two cores of an AMD EPYC: a 64 of 330 bytes with four fees is taken apart in about 0.2 µs and a 38 in 0.08 µs without
// an allocation (wire.Format.ParseInto), and becomes the typed message in about 1.6 µs and 0.4 µs; a 37 is written into a
// buffer in 0.06 µs (wire.Format.AppendTo), from its type in about 0.5 µs. A byte costs 0.3 ns from 1 kB to 1 MB.
package sip
