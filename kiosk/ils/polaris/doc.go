// Package polaris is the route to a Polaris over its own interface, PAPI: PatronAccountGet for the account,
// PatronAccountPay for a leg or PatronAccountPayAll for the whole account. It turns the words of PAPI into those of the
// kiosk's contract, and reads charges exactly or not at all. It sends a payment once and never repeats it; readings it may
// repeat. It keeps no connection, and token, secret, PIN and card in memory only.
//
// Facts, with where they come from. D: documented, in the vendor's PAPI guide for Polaris 8.0. C: read in public clients
// (clcdpc/polaris-api-csharp, Aspen-Discovery, openlibraryenvironment/dcb-service, RCPL/polaris-api). I: inferred. U: not
// known, so the careful reading is taken, and the commissioning probe asks where it can.
//
//   - Signature: Base64 of a keyed hash, SHA-1 or SHA-256 by a setting of the server, over method, absolute address, date
//     and secret with nothing between them; in the header Authorization as "PWS id:signature", the date as PolarisDate. D,
//     and that the address is the whole one with its query: C. A port in it: U.
//   - Date and server clock may differ by 30 minutes. D. Ready calls staff at 25.
//   - HTTP 401: key, signature or date are wrong, the token has ended, or the key may not make this call. D. That nothing
//     was carried out then: I, so a payment that is answered with it is in doubt.
//   - A staff session lives 24 hours. D. Whether a login ends the session before it: U. It is renewed after 12 hours, and
//     once where a reading is answered with 401; AuthExpDate is local time without a zone (D) and is not read.
//   - Three refused logins in five minutes lock the user. D. What a locked login is answered with: U. After a refusal the
//     next login is five minutes away, after a login without an answer two and a half.
//   - Public methods may be called for a patron by staff: header X-PAPI-AccessToken, signed with the session's secret. D.
//   - PatronValidate takes a user name too, and names the barcode as PatronBarcode or, in the guide's example, as Barcode
//     only. D. An unknown patron is -3000: I. The guide shows HTTP 401 for a failure; what it means with a staff session: U.
//     See Library.stranger.
//   - PAPIErrorCode below zero is an error, zero and above success; the pages speak of a count of rows and show 0. D.
//   - What can be paid: rows of type 1 with something outstanding. I.
//   - Elements of a body are in the order of the guide, D, and Content-Length is needed, D.
//   - TxnAmount is "not greater than balance owed". D. That more, or the same again, is refused by PatronAccountPay, and with
//     which code: U. By PatronAccountPayAll: -3610, D.
//   - PayTxnID of PatronAccountPay is the payment's id; 0 is what a failed one shows. D. That PatronAccountVoid takes it: I.
//   - A payment is listed as a row of type 2 with our note, among the reconciled: I. When, for a charge paid in part, and how
//     long a note may be: U.
//   - A lump is likely to stand in several rows of type 2. I.
//   - What a code means for the money: read from its words, I; see meanings. -1 is also shown for a wrong workstation, D.
//   - Blocks 1024, collection agency, and 4096, registration fee, count as blocks that paying may lift. D for the numbers.
//     A patron with 1024 may pay; the block stays until the library lifts it.
//   - A patron whose record is secured (-3621, -3637) cannot be paid for here.
//   - How often one may call: U. The kiosk asks at human speed.
//   - Only XML is spoken. The guide has JSON as well; a server that takes JSON only is not known.
package polaris
