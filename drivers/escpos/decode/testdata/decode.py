#!/usr/bin/env python3
"""A second reader of ESC/POS, written from the command tables and from nothing else, to judge the first one.

Standard input: the bytes. First argument: the code pages as NUMBER=NAME, comma between them.
Output, one JSON object: rows of text, cuts, codes, pictures (width, height, SHA-256 of the dots), count of bytes that
belong to no command.

Sources: Epson ESC/POS command reference; character sets are those of Python.
"""
import hashlib
import json
import sys

# parameters behind lead and letter, commands of fixed length
FIXED = {
    0x1B: {b"@": 0, b"2": 0, b"3": 1, b" ": 1, b"M": 1, b"E": 1, b"G": 1, b"-": 1, b"!": 1, b"a": 1, b"t": 1, b"R": 1,
           b"{": 1, b"V": 1, b"d": 1, b"J": 1, b"v": 0, b"i": 0, b"m": 0, b"p": 3, b"$": 2, b"\\": 2, b"c": 2},
    0x1C: {b".": 0, b"&": 0, b"!": 1, b"-": 1, b"S": 2, b"W": 1, b"p": 2},
    0x1D: {b"!": 1, b"B": 1, b"h": 1, b"w": 1, b"H": 1, b"f": 1, b"L": 2, b"W": 2, b"P": 2, b"a": 1, b"r": 1, b"I": 1},
}


def codec(name):
    return {"windows": "cp"}.get(name.split("-")[0], "") + name.split("-")[1] if name.startswith("windows-") else name


class Reader:
    def __init__(self, data, pages):
        self.data, self.pages, self.at = data, pages, 0
        self.page, self.row, self.stored = 0, "", b""
        self.result = {"rows": [], "cuts": 0, "codes": [], "pictures": [], "stray": 0, "ids": []}

    def bytes(self, n):
        piece = self.data[self.at:self.at + n]
        if len(piece) < n:
            raise EOFError("the input ends inside a command")
        self.at += n
        return piece

    def number(self, n):
        return int.from_bytes(self.bytes(n), "little")

    def feed(self):
        self.result["rows"].append(self.row)
        self.row = ""

    def run(self):
        while self.at < len(self.data):
            lead = self.bytes(1)[0]
            if lead == 0x0A:
                self.feed()
            elif lead == 0x10:
                self.real_time()
            elif lead in FIXED:
                self.command(lead)
            elif lead < 0x20 or lead == 0x7F:
                self.result["stray"] += 1
            else:
                name = self.pages.get(self.page)
                character = bytes([lead]).decode(codec(name) if name else "ascii", "replace")
                self.row += "\ufffd" if "\x80" <= character <= "\x9f" else character
        if self.row:
            self.feed()
        return self.result

    def real_time(self):
        kind = self.bytes(1)[0]
        if kind in (0x04, 0x05):
            self.bytes(1)
        elif kind == 0x14:
            self.bytes({8: 8, 1: 3, 2: 3}[self.data[self.at]])
        else:
            self.result["stray"] += 2

    def command(self, lead):
        letter = self.bytes(1)
        if letter in FIXED[lead]:
            value = self.bytes(FIXED[lead][letter])
            if lead == 0x1B and letter == b"@":
                self.page, self.row = 0, ""
            elif lead == 0x1B and letter == b"t":
                self.page = value[0]
            elif lead == 0x1B and letter in b"im":
                self.result["cuts"] += 1
        elif lead == 0x1D and letter == b"V":
            if self.bytes(1)[0] in b"ABgh":
                self.bytes(1)
            self.result["cuts"] += 1
        elif lead == 0x1D and letter == b"e":
            if self.bytes(1)[0] == 3:
                self.bytes(1)
        elif lead == 0x1D and letter == b"k":
            self.barcode()
        elif lead == 0x1D and letter == b"v":
            self.bytes(2)
            stride, rows = self.number(2), self.number(2)
            self.picture(stride * 8, rows, self.bytes(stride * rows))
        elif letter in (b"(", b"8"):
            group = self.bytes(1)
            self.group(lead, group, self.bytes(self.number(4 if letter == b"8" else 2)))
        else:
            self.result["stray"] += 2

    def barcode(self):
        kind = self.bytes(1)[0]
        if kind < 65:
            end = self.data.index(b"\0", self.at)
            data, self.at = self.data[self.at:end], end + 1
        else:
            data = self.bytes(self.number(1))
        names = {67: "ean13", 68: "ean8", 69: "code39", 73: "code128"}
        text = data.decode("ascii")
        if kind == 73:
            text = text[2:].replace("{{", "{")
        self.result["codes"].append([names.get(kind, str(kind)), text])

    def group(self, lead, group, data):
        if lead == 0x1D and group == b"k" and data[:1] == b"1":
            if data[1] == 0x50:
                self.stored = data[3:]
            elif data[1] == 0x51:
                self.result["codes"].append(["qr", self.stored.decode("utf-8")])
        elif lead == 0x1D and group == b"L" and data[1] == 0x70:
            self.picture(int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little"), data[10:])
        elif lead == 0x1D and group == b"H" and data[0] == 0x30:
            self.result["ids"].append(data[2:].decode("ascii"))

    def picture(self, width, height, dots):
        if len(dots) != (width + 7) // 8 * height:
            raise ValueError("a picture of %d x %d dots has %d bytes" % (width, height, len(dots)))
        self.result["pictures"].append([width, height, hashlib.sha256(dots).hexdigest()])


if __name__ == "__main__":
    tables = dict(entry.split("=") for entry in sys.argv[1].split(",") if entry)
    reader = Reader(sys.stdin.buffer.read(), {int(n): name for n, name in tables.items()})
    json.dump(reader.run(), sys.stdout, ensure_ascii=True)
