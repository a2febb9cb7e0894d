// Package escpos drives receipt printers that speak ESC/POS, over any byte pipe: TCP port 9100, a serial line, USB.
//
// # What becomes of a receipt
//
// Printed: the printer has answered a GS r 1 that was sent behind the cut; it has then worked through everything before
// it. Where the profile says that the printer knows process ids (GS ( H function 48), its word that printing is complete
// is waited for as well, and where it has a presenter, whether the receipt is held out. That a write went well says
// nothing; kernel, network and printer buffer take bytes with the cover open. Not printed: nothing was sent, or the
// printer said beforehand why it cannot. In doubt: everything else. After that the printer's buffer is cleared before
// anything else is printed, because printers keep a half job and bring it out after the paper was changed; a printer
// that cannot clear has to work through what it holds, and that is cut off first. So no half receipt hangs on the next
// one, and no receipt comes out twice without the word COPY.
//
// Process ids ascend and are not the same after a restart, so that a late answer confirms no receipt but its own. A
// printer that never answers one, though its profile says so, is believed on the GS r 1, with a warning.
//
// # Profiles
//
// What models can do stands in the folder profiles, one file for each; nothing in the code asks for a model. Each
// statement names its source, and many of them are "unknown": the values there are those that spoil no receipt. Quirks
// are for technicians to read.
//
// # Characters
//
// Text is printed with the printer's own characters, on the code pages that the profile names, changed within a row
// where need be. A line with a character that no page has is drawn with a font, if one is configured that has it:
// letters joined and ordered as their script wants. Without one the character is replaced, by other letters or by ?,
// and the outcome says so.
//
// The package never decides about money, never repeats a receipt by itself, and writes nothing into the printer's
// permanent memory.
//
// # What a printer says
//
// Every bit of every answer: answer, byte, mask, meaning -> what staff read [the health check that warns].
//
//	DLE EOT 1  byte 1  04  drawer pin 3 is high -> - [-]
//	DLE EOT 1  byte 1  08  offline -> offline [printer:link]
//	DLE EOT 1  byte 1  20  waits for recovery -> - [-]
//	DLE EOT 1  byte 1  40  feed button is pressed -> - [-]
//	DLE EOT 2  byte 1  04  cover open -> cover open [printer:link]
//	DLE EOT 2  byte 1  08  paper is fed by the button -> - [-]
//	DLE EOT 2  byte 1  20  stopped by paper end -> no paper [printer:paper]
//	DLE EOT 2  byte 1  40  error -> printer error [printer:link]
//	DLE EOT 3  byte 1  04  mechanical error -> mechanical error [printer:link]
//	DLE EOT 3  byte 1  08  cutter error -> cutter error: look for jammed paper [printer:link]
//	DLE EOT 3  byte 1  20  unrecoverable error -> unrecoverable printer error: switch it off and on, then call service [printer:link]
//	DLE EOT 3  byte 1  40  error that ends by itself: head too hot -> print head too hot [printer:link]
//	DLE EOT 4  byte 1  0C  near end -> paper nearly at its end [printer:paper]
//	DLE EOT 4  byte 1  60  paper end -> no paper [printer:paper]
//	GS a       byte 1  04  drawer pin 3 is high -> - [-]
//	GS a       byte 1  08  offline -> offline [printer:link]
//	GS a       byte 1  20  cover open -> cover open [printer:link]
//	GS a       byte 1  40  feed button is pressed -> - [-]
//	GS a       byte 2  04  mechanical error -> mechanical error [printer:link]
//	GS a       byte 2  08  cutter error -> cutter error: look for jammed paper [printer:link]
//	GS a       byte 2  20  unrecoverable error -> unrecoverable printer error: switch it off and on, then call service [printer:link]
//	GS a       byte 2  40  error that ends by itself: head too hot -> print head too hot [printer:link]
//	GS a       byte 3  03  near end -> paper nearly at its end [printer:paper]
//	GS a       byte 3  0C  paper end -> no paper [printer:paper]
//	GS r 1     byte 1  03  near end -> paper nearly at its end [printer:paper]
//	GS r 1     byte 1  0C  paper end -> no paper [printer:paper]
//	DLE EOT 20 byte 3  01  no paper -> no paper [printer:paper]
//	DLE EOT 20 byte 3  04  near end -> paper nearly at its end [printer:paper]
//	DLE EOT 20 byte 3  20  ticket in the output -> - [-]
//	DLE EOT 20 byte 3  40  virtual paper end -> paper nearly at its end [printer:paper]
//	DLE EOT 20 byte 3  80  notch in front of its sensor -> - [-]
//	DLE EOT 20 byte 4  01  print head is up -> cover open [printer:link]
//	DLE EOT 20 byte 4  02  cover open -> cover open [printer:link]
//	DLE EOT 20 byte 4  04  spooling -> - [-]
//	DLE EOT 20 byte 4  08  paper motor is on -> - [-]
//	DLE EOT 20 byte 4  20  line feed key is pressed -> - [-]
//	DLE EOT 20 byte 4  40  form feed key is pressed -> - [-]
//	DLE EOT 20 byte 5  01  head temperature -> print head too hot [printer:link]
//	DLE EOT 20 byte 5  02  line error -> printer received garbled data: check cable and line settings [printer:link]
//	DLE EOT 20 byte 5  08  supply voltage -> supply voltage is wrong: check the power supply [printer:link]
//	DLE EOT 20 byte 5  F4  jam or unknown command, differs by model -> printer error [printer:link]
//	DLE EOT 20 byte 6  01  cutter error -> cutter error: look for jammed paper [printer:link]
//	DLE EOT 20 byte 6  04  RAM error -> printer memory error: call service [printer:link]
//	DLE EOT 20 byte 6  08  EEPROM error -> printer memory error: call service [printer:link]
//	DLE EOT 20 byte 6  F2  not documented -> printer error [printer:link]
//
// Bits of GS a only make the driver ask at once; what staff read comes from the answers to DLE EOT. Near-end bits count
// where the profile says that there is a sensor. Of several faults the worst is told. Messages that are no bits: 37 22 id
// 00 everything up to the process id is printed; 37 23 cause 00 cause of being offline; 37 25 00 buffers cleared; 37 36
// size of a QR code; 5F text 00 answer to GS I. XON and XOFF may stand inside any of them. Everything else is noise: it is
// counted, and logged when the link ends.
//
// # Facts
//
// Epson ESC/POS command reference (commands DLE EOT, DLE ENQ, DLE DC4, ESC, FS, GS); Epson TM-U220 technical
// reference, page 55, for asking one status at a time; Epson TM-T88III programming guide for GS r while offline;
// "transmission status identification" in the Epson and Citizen command references for telling answers apart; Custom
// command references KPM150-H and KPM210/216 for the full status and the presenter. Code page numbers, widths and columns:
// receipt-print-hq/escpos-printer-db (CC BY 4.0), NielsLeenheer/ReceiptPrinterEncoder. Nothing was tried on a bench
// yet: the tests run against the simulated printer in escpostest.
package escpos
