// Package escpos drives receipt printers that speak ESC/POS, over any byte pipe: TCP port 9100, a serial line, USB.
//
// A receipt counts as printed when the printer has answered a GS r 1 that was sent behind the cut: the printer has
// then worked through everything before it. That a write went well says nothing; kernel, network and printer buffer
// take bytes with the cover open. When a receipt ends in doubt, the printer's buffer is cleared before anything else
// is printed, because printers keep a half job and bring it out after the paper was changed.
//
// The package never decides about money, never repeats a receipt by itself, and writes nothing into the printer's
// permanent memory. It prints no graphics; a character outside the code pages of the profile is written with letters
// of the code pages (ł as l), and as ? when there is no such way.
//
// Facts: Epson ESC/POS command reference (commands DLE EOT, DLE ENQ, DLE DC4, ESC, FS, GS); Epson TM-U220 technical
// reference, page 55, for asking one status at a time; Epson TM-T88III programming guide for GS r while offline;
// "transmission status identification" in the Epson and Citizen command references for telling answers apart.
// Code page numbers: receipt-print-hq/escpos-printer-db, profile TM-T88V (CC BY 4.0). Nothing was tried on a bench
// yet: the tests run against the simulated printer in escpostest.
package escpos
