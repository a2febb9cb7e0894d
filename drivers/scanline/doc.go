// Package scanline drives barcode scanners: those that send a label as a line of characters on a serial line (RS-232 or
// USB serial), those that type it as a keyboard, through the kernel's input events, and those in HID POS mode, through
// its hidraw nodes.
//
// A label ends with a terminator (CR or LF; Enter or Tab on a keyboard). A scanner may also send none: then silence
// ends the label, a longer one the first, until the first terminator is seen on the link. From then on only terminators count, so that a
// pause in the middle of a label does not make two of it. What arrives while nobody reads is dropped, and an AIM
// identifier in front is taken off and tells the symbology.
//
// A label that is under way when the scanner is opened is thrown away: its beginning may have been sent before.
//
// A keyboard scanner is taken for the kiosk alone: nothing it sends reaches the screen. It sends key positions, so the
// layout it is set to must be known; characters that it types by their numbers, with Alt on the keypad, are the same in
// all layouts. Slow typing is no scan, and a label with a pause in it is none either. The package logs no labels.
//
// A scanner in HID POS mode sends a label in one or more reports. Its report descriptor says where the parts stand; one
// that does not is read as the models of Honeywell, Zebra, Datalogic and Access-IS send.
//
// Facts: USB Device Class Definition for HID 1.11; HID Point of Sale Usage Tables 1.02, page 8C; the Access-IS LSR118
// product manual, appendix B; NielsLeenheer/WebHidBarcodeScanner, src/main.js (Honeywell's feature report FE); AIM code
// identifiers as in the Zebra DS457 and Datalogic QD2400 manuals; Linux Documentation/input/event-codes.rst and
// Documentation/hid/hidraw.rst; layouts of xkeyboard-config. Tried on Linux 6.1 with keyboards and HID devices on a
// pretended USB (kernel_test.go); with no real scanner yet.
package scanline
