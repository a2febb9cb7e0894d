// Package aleph is the route to an Aleph over its RESTful API: the cash list for the account, Pay Cash (put-pat-cash, from
// Aleph 22.1 on, version 22 rep_change 2036) for a leg; and over its X-server, which tells the internal id of a card. It
// reads charges exactly or not at all. It sends a payment once and never repeats it; readings it may repeat. It keeps no
// connection, and PIN, card and id in memory only.
//
// Pay Cash names no charge: it takes a sum for one institution (ADM library). So an institution with all that is open there
// counts as one fee, whose id is the institution's code, and it is paid by exactly that sum.
//
// Facts, with where they come from. D: documented by Ex Libris (developer network, pages "Cash", "Circulation Actions",
// "bor_by_key"; knowledge articles, by title). C: read in public clients (rvk-utd/ding2, modules/aleph; the registration
// tool of the Czech Academy's library; VuFind's driver Aleph.php; median; moravianlibrary/xcncip2toolkit). I: inferred. U:
// not known, so the careful reading is taken, and the commissioning probe asks where it can. The vendor's page "Pay Cash"
// was not to be had.
//
//   - Neither server asks for credentials of the patron or, over REST, of anybody: an address is let in or not, by two
//     lists, $alephe_tab/server_ip_allowed (lines X) for the X-server and the REST server's own. D "Making X-server more
//     secure". A refused address is told by the X-server's web server on a page that says 403, with status 200. D "Can I
//     customize 403 error message returned by Aleph Web server?". The REST server's way: 403, I.
//   - The X-server has a user and a password; without them it takes its default user. D. They stand in the question, as card
//     and PIN do. That it takes POST as well: C (three of them).
//   - bor-by-key tells the internal id (Z303) of any key of a patron (Z308), at most 20 characters; it needs no PIN. D. Its
//     errors: "Bor_Id must be filled", "Error in Verification", "Error retrieving Global Patron Record". D. Whatever is wrong
//     with card or PIN reads "Error in Verification". D "WWW-X Error in Verification". So the card is looked up without a
//     PIN: what is refused then is the card, and what bor-auth refuses after it is the PIN.
//   - An error stands in the root of the service asked for. D "file-20 causes bor-auth X-Service Error in Verification".
//   - z303-name, and blocks z303-delinq-1 to 3 and z305-delinq-1 to 3, 00 where there is none: seen in a recorded answer of
//     bor-info (project Solvberget). Where the name is not told, the screen shows a dot, and nothing fails for it.
//   - Answers of the RESTful API have reply-code and reply-text; 0000 is yes, whatever else is no, with status 200 too. C.
//     A list of codes: U. The roots get-pat-cash and put-pat-cash: I, so any root will do that is no web page;
//     for a payment, none that begins with get-.
//   - The cash list: charges, institution (code, inst-name), cash (type, transferred, href), and z31 in the full view. C; by
//     institution: D. In the brief view the fields stand in cash itself. C (median). Rows are looked for in every place (C,
//     VuFind), since one that was passed over would look like one that was paid.
//   - A debt stands in parentheses (C) or behind a minus (D "Circulation Actions"). Decimal sign and grouping: U, so both
//     countries' ways are read. Aleph keeps hundredths of every currency (Z31-SUM), so that 700.00 ISK are 700.
//   - Paying sets a debit's status to C, fills in the date of payment, leaves its sum as it was, and takes it out of the
//     active list; no credit is added. D "Credit/Debit Accounting in Aleph". So open is: a debit, not transferred, without a
//     date of payment (empty or 00000000).
//   - Texts are translated, so none counts, but for the type of rows that are payments (C, ding2: Payment), which stands in
//     the profile.
//   - transferred="Y" is handed to the bursar: neither paid nor payable here. I (ding2 takes it for paid).
//   - Whether Pay Cash takes the debits or what is left of them after open credits: U. A patron with an open credit is sent
//     to the desk.
//   - The body: post_xml=, then pay-cash-parameters with sum and pay-reference, not encoded as a form. C (two). With an XML
//     declaration (ding2) or without (the other), and no content type. The sum in major units with a point and two digits.
//     C. The longest pay-reference: U; at most 20 characters are sent, digits and dashes.
//   - Which charges a sum closes, parts of what is open, more than is open: U. What is paid is what was read right before.
//   - Where the reference is kept: z31-payment-identifier, I; whether it can be read again: U.
//   - No number of the booking is told, and nothing takes a payment back. C.
//   - Fines that run up and are not charged yet are no rows of the list, and not offered.
//
// What is believed: status 200 with a whole document and exactly one reply-code 0000 is a yes; the same with another code is
// a no. All else is doubt, also a refused address, a redirect, and a page of something in between.
//
// In doubt the list is read again. Where the profile says that references can be read, what is booked is what stands under
// ours, in closed charges or in a row of the payment itself. Where it does not, the balance decides, with the account's mark,
// a digest of the charges that are open: a charge of the same sum that comes up at the same institution meanwhile would else
// hide what was booked.
package aleph
