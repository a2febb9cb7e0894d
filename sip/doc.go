// Package sip holds the messages and coded values of SIP2 2.00 (3M Standard Interchange Protocol) in the words of its
// document, one type per message with the field code beside each field. It does no I/O and knows nothing of any kiosk;
// it imports the standard library and golang.org/x/text only. Below it: wire (bytes and fields), client (one connection
// to a library system), acs (a library system in memory), decode (a line explained).
//
// Each type has Encode, which is strict and refuses what could be misread, and a Parse function, which is lenient:
// counts may be blank, dates may have any zone or none, fields may be missing. Only what decides about money is never
// guessed: a Fee Paid Response that says neither Y nor N is an error.
//
// # What library systems do beyond the document
//
// Koha 19.06, C4::SIP (measured):
//   - executes a message that was cut when the stream ends, so a prefix of Fee Paid may be booked. FeePaid is written
//     with the patron last: a prefix then names nobody.
//   - a repeated Fee Paid with the same sequence number and checksum is executed again and booked twice.
//   - Request ACS Resend on the same connection gives the last answer again with AY0; on a new connection it gives the
//     login's answer.
//   - BK is echoed and not stored. BV is absent when nothing is owed, and has no decimals when whole ("5").
//   - AO comes last in 24 and 38; 38 without AF when a fee is unknown.
//   - a failed login answers 940 and closes; any message before the login closes without an answer.
//   - accepts a negative, an empty and an unreadable BV: the checks are the client's. FeePaid.Encode makes them.
//
// Sierra writes "0000" as zone of a date; others "UTC" and a blank, or no blanks at all (NYPL-Simplified/circulation,
// tests/sip/test_authentication_provider.py). FOLIO edge-sip2 wants four blanks or three and a letter
// (DateTimeMapper.java); blanks are what Encode writes by default.
package sip
