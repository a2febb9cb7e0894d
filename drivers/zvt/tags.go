package zvt

// tagNames are the tags that documents and recorded traffic have (PA00P015 chapter 9, guides of card complete, CCV and Feig).
var tagNames = map[Tag]string{
	0x07: "text line", 0x08: "receipt number", 0x09: "line attribute", 0x0A: "permitted command", 0x0B: "info field", 0x0C: "info field",
	0x10: "columns of the merchant's display", 0x11: "lines of the merchant's display", 0x12: "characters in a printed line",
	0x13: "extra result code", 0x14: "character set", 0x15: "language", 0x1A: "longest message", 0x1B: "diagnosis",
	0x23: "open reservations", 0x24: "display texts", 0x25: "print texts", 0x26: "permitted commands", 0x27: "character sets", 0x28: "languages",
	0x2E: "time stamp", 0x2F: "payment type", 0x30: "card acceptance", 0x31: "amounts", 0x32: "input request", 0x34: "terminal's date and time",
	0x35: "next restart", 0x40: "EMV print data wanted", 0x41: "card type", 0x42: "application label", 0x43: "application id",
	0x44: "preferred name of the application", 0x45: "receipts to print", 0x46: "EMV print data for the customer", 0x47: "EMV print data for the merchant",
	0x49: "card type of the network operator", 0x4A: "product name", 0x4C: "card's UID", 0x60: "application", 0x61: "list for magnetic stripes",
	0x62: "list for chips", 0x64: "receipt header", 0x65: "advertising text", 0x66: "customer receipt", 0x67: "merchant receipt", 0x68: "outcome text",
	0x69: "reference transaction", 0x6A: "invalid application", 0xE2: "currency conversion", 0xE3: "barcode", 0xE4: "device", 0xE9: "reference number",

	0x1F00: "file transfer", 0x1F01: "which receipt", 0x1F02: "from transaction", 0x1F03: "to transaction", 0x1F04: "receipts wanted",
	0x1F05: "transaction control", 0x1F07: "receipt type", 0x1F0E: "date", 0x1F0F: "time", 0x1F10: "cardholder check", 0x1F11: "online",
	0x1F12: "card technology", 0x1F13: "service wanted", 0x1F15: "card reading", 0x1F16: "extended error code", 0x1F17: "extended error text",
	0x1F1F: "receipt number for synchronisation", 0x1F25: "cashback", 0x1F26: "end of day mode", 0x1F2B: "long trace number", 0x1F35: "register",
	0x1F36: "tip", 0x1F37: "receipt control", 0x1F3B: "tip possible", 0x1F40: "device name", 0x1F41: "device version", 0x1F42: "device serial number",
	0x1F43: "device state", 0x1F44: "terminal id", 0x1F45: "card's answer", 0x1F55: "locks", 0x1F5B: "card wait", 0x1F60: "card technologies allowed",
	0x1F62: "reference type", 0x1F63: "reference", 0x1F6A: "balance", 0x1F70: "partial approval", 0x1F71: "tags understood",
	0x1F73: "message number", 0x1F74: "long password",
}

// Name is the tag in words; empty where it is not known. What is not known is kept all the same.
func (t Tag) Name() string { return tagNames[t] }
