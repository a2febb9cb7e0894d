// Package scanline drives barcode scanners that send a label as a line of characters: on a serial line (RS-232 or
// USB serial), and as a keyboard through the kernel's input events.
//
// A label ends with a terminator (CR or LF; Enter or Tab on a keyboard). A scanner may also send none: then silence
// ends the label, until the first terminator is seen on the link. From then on only terminators count, so that a
// pause in the middle of a label does not make two of it. What arrives while nobody reads is dropped, and an AIM
// identifier in front is taken off and tells the symbology.
//
// A keyboard scanner is taken for the kiosk alone: nothing it sends reaches the screen. It sends key positions, so the
// layout it is set to must be known; characters that it types by their numbers, with Alt on the keypad, are the same in
// all layouts. Slow typing is no scan, and a label with a pause in it is none either. The package logs no labels.
//
// Facts: AIM code identifiers as in the Zebra DS457 and Datalogic QD2400 manuals; Linux
// Documentation/input/event-codes.rst; layouts of xkeyboard-config. Nothing was tried on a bench yet.
package scanline
