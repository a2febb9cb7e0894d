// Package alephtest is an Aleph as the kiosk sees it, for tests, demonstrations and training: the cash list and Pay Cash of
// its RESTful API (/rest-dlf), and three services of its X-server (/X), with accounts, faults on order, and a link that can
// be cut.
//
// It follows, and shares no code with the route that it faces:
//
//   - the Ex Libris developer network, pages "Cash" (paths, institution, view, lists by institution), "Circulation Actions"
//     (reply-text, reply-code, institution with code and inst-name, -27.62 as a debt) and "bor_by_key" (internal-id,
//     session-id, the texts of errors);
//   - the knowledge articles "Credit/Debit Accounting in Aleph" (paying sets the charge's status to C with the date of
//     payment, leaves its sum, and takes it out of the list), "WWW-X Error in Verification" (whatever is wrong with card or
//     PIN has that text), "X-server: Error in Verification" and "file-20 causes bor-auth …" (an error stands in the
//     service's own root), "Can I customize 403 error message …" (a refused address is told with status 200);
//   - the clients rvk-utd/ding2 (charges/institution/cash with type, transferred and z31; parentheses; post_xml=) and
//     median (in the brief view the fields stand in cash itself);
//   - a recorded answer of bor-info in the project Solvberget (z303, z305, z31).
//
// Inferred are the roots get-pat-cash and put-pat-cash, the place of z31-payment-identifier for the reference, and that a
// wrong sum is refused. No list of reply codes was to be had: those here, other than 0000, are invented, as is the text for a
// user who may not ask.
package alephtest
