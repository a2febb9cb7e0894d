// Package concert drives card terminals that speak Concert E+ (version 2) on a serial line or as a USB modem, as older Ingenico Telium
// terminals in France do.
//
// # Line
//
// Whoever has something to say asks with ENQ, and the other answers ACK. Then comes one frame, STX message ETX LRC, answered with ACK or
// NAK, and EOT ends the turn. The kiosk's turn carries the request, the terminal's turn, up to some minutes later, the answer. LRC is the
// exclusive or of all bytes after STX, ETX included.
//
// # Money
//
// An ENQ begins nothing and may be repeated. A frame that was answered with NAK was not understood and may be repeated. Everything else
// is never repeated: when no answer comes to the frame or to the EOT behind it, the purchase is in doubt (device.ErrDoubt). The terminal
// can be asked nothing afterwards, so RecoverPurchase says NeverKnown and a person decides. An answer counts only when register, amount,
// currency and our code in the private field are those of the request. It is acknowledged only after it was saved; a terminal that gets no
// acknowledgement repeats it, and keeps the money.
//
// The request asks for the short answer, which has no card data, and for an answer after the transaction (A010): one at once (A011) says
// nothing about the money. Reverse is refused: a cancellation needs the card, which has gone by then.
//
// # Facts
//
// The protocol's document is given to integrators only. What stands here is from public code:
//
//   - Ousret/pyTeliumManager, telium/payment.py, telium/constant.py and test/: the layout of request and answer, the codes
//   - akretion/pypostelium: the turns on the line
//
// Guides name 7 data bits with even parity, working programs open 8 data bits without: parity and data bits stand in the address.
package concert
