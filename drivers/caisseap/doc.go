// Package caisseap drives card terminals that speak Caisse-AP over IP, protocol Concert version 3, as Ingenico and Verifone
// terminals in France do: the kiosk opens a connection to port 8888, sends one request and gets one answer.
//
// # Messages
//
// A message is a row of fields, each a tag of two characters, three decimal digits of length, and the value. CZ, the version of the
// protocol, comes first. There is no length of the whole and no end mark: an answer is whole when its last field is, it says how it
// ended (AE), and nothing more has come for a moment.
//
// # Money
//
// The terminal is never told that its answer was understood, and it can be asked nothing: neither whether it is ready nor what became
// of its last transaction. So a lost answer stays in doubt (device.ErrDoubt), RecoverPurchase says NeverKnown, and a person decides by
// the terminal's own reports. An answer that came is the last word: it counts as approved only when AE is 10, nothing contradicts it,
// and amount, currency, register and action are those that were asked for. A purchase cannot be stopped by the kiosk, only by
// the patron at the terminal, and cannot be taken back without the card, which has gone by then: Reverse is refused, the desk gives the
// money back.
//
// # Facts
//
// The protocol's document is given to integrators only. What stands here is from public code and its issues:
//
//   - akretion/caisse-ap-ip, caisse_ap_ip_server.py: tags, lengths, codes of AE and AF; its simulator answers AE 10 together with
//     AF 09 where a field is missing
//   - OCA/pos, module l10n_fr_pos_caisse_ap_ip and its tests: the terminal pads CB with zeros
//   - OCA/pos issue 550: the terminal goes on waiting for a card after the register has given up, and refuses the next request
//     meanwhile; 645: newer Ingenico terminals refuse messages with BF; 669: after an abort CB is missing in the answer; 701: a
//     Desk/5000 on USB sleeps after about eight hours
package caisseap
