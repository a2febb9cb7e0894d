package main

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"selfpay/drivers/caisseap"
	"selfpay/drivers/ecr17"
	"selfpay/drivers/escpos"
	escposdecode "selfpay/drivers/escpos/decode"
	"selfpay/drivers/mdb"
	zvtdecode "selfpay/drivers/zvt/decode"
	sipdecode "selfpay/sip/decode"
	"selfpay/sip/wire"
)

type decodeCommand struct {
	SIP2 decodeSIP2 `cmd:"" name:"sip2" help:"Messages to and from a library system."`
	ZVT  decodeZVT  `cmd:"" name:"zvt" help:"Messages to and from a card terminal."`

	Caisse decodeCaisse `cmd:"" name:"caisse" help:"A message to or from a card terminal that speaks Caisse-AP over IP."`

	ECR17 decodeECR17 `cmd:"" name:"ecr17" help:"What goes to and comes from a card terminal that speaks ECR17."`

	MDB decodeMDB `cmd:"" name:"mdb" help:"Lines to and from an adapter of an MDB bus."`

	ESCPOS decodeESCPOS `cmd:"" name:"escpos" help:"What is sent to a receipt printer."`
}

type decodeSIP2 struct {
	Charset string   `help:"utf-8, latin-1, cp850, cp437 or ascii; found out where it is left out."`
	Bytes   []string `arg:"" optional:"" help:"The message as text or as hex; standard input where there is none."`
}

func (c *decodeSIP2) Run(t *tool) error {
	charset := wire.Charset("")
	if c.Charset != "" {
		var err error
		if charset, err = wire.ParseCharset(c.Charset); err != nil {
			return errUsage(err.Error())
		}
	}
	return explain(t, c.input(), func(r io.Reader, emit func(sipdecode.Document)) error {
		return sipdecode.DecodeStream(r, charset, emit)
	})
}

// input is standard input, or the arguments: hex of something that begins like a message, else the text itself.
func (c *decodeSIP2) input() io.Reader {
	if len(c.Bytes) == 0 {
		return os.Stdin
	}
	text := strings.Join(c.Bytes, " ")
	if decoded, err := fromHex(c.Bytes); err == nil && len(decoded) > 1 && digit(decoded[0]) && digit(decoded[1]) {
		return bytes.NewReader(decoded)
	}
	return strings.NewReader(text)
}

func digit(b byte) bool { return b >= '0' && b <= '9' }

type decodeZVT struct {
	Serial bool     `help:"The bytes are serial blocks, 10 02 to the check sum, not bare messages."`
	Bytes  []string `arg:"" optional:"" help:"The bytes in hex; standard input, as they are, where there are none."`
}

func (c *decodeZVT) Run(t *tool) error {
	input := io.Reader(os.Stdin)
	if len(c.Bytes) > 0 {
		decoded, err := fromHex(c.Bytes)
		if err != nil {
			d := zvtdecode.APDU(nil)
			d.Problems = []string{"the arguments are no hex: write two digits for each byte, such as 80 00 00"}
			return errors.Join(t.document(d), errNotWell)
		}
		input = bytes.NewReader(decoded)
	}
	return explain(t, input, func(r io.Reader, emit func(zvtdecode.Document)) error {
		return zvtdecode.Stream(r, c.Serial, emit)
	})
}

type decodeCaisse struct {
	Bytes []string `arg:"" optional:"" help:"The message as text or as hex; standard input where there is none."`
}

func (c *decodeCaisse) Run(t *tool) error {
	return explainWhole(t, c.input(), func(b []byte) (caisseap.Document, bool) {
		b = bytes.TrimRight(b, "\r\n")
		return caisseap.Explain(b), len(b) > 0
	})
}

type decodeMDB struct {
	Lines []string `arg:"" optional:"" help:"One line for each argument; standard input where there are none."`
}

func (c *decodeMDB) Run(t *tool) error {
	input := io.Reader(os.Stdin)
	if len(c.Lines) > 0 {
		input = strings.NewReader(strings.Join(c.Lines, "\n"))
	}
	return explainWhole(t, input, func(b []byte) (mdb.Document, bool) { return mdb.Explain(b), len(b) > 0 })
}

type decodeECR17 struct {
	Bytes []string `arg:"" optional:"" help:"The bytes in hex; standard input, as they are, where there are none."`
}

func (c *decodeECR17) Run(t *tool) error {
	input := io.Reader(os.Stdin)
	if len(c.Bytes) > 0 {
		decoded, err := fromHex(c.Bytes)
		if err != nil {
			return errUsage("the arguments are no hex: write two digits for each byte, such as 06 03 7A")
		}
		input = bytes.NewReader(decoded)
	}
	return explainWhole(t, input, func(b []byte) (ecr17.Document, bool) { return ecr17.Explain(b), len(b) > 0 })
}

// longestMessage bounds what is read of a message that has no end.
const longestMessage = 1 << 20

// explainWhole makes one document of all that there is; none where read says so.
func explainWhole[D any](t *tool, input io.Reader, read func([]byte) (D, bool)) error {
	return explain(t, input, func(r io.Reader, emit func(D)) error {
		all, err := io.ReadAll(io.LimitReader(r, longestMessage))
		if err != nil {
			return err
		}
		if d, any := read(all); any {
			emit(d)
		}
		return nil
	})
}

// input is standard input, or the arguments: hex of something that begins like a message, else the text itself.
func (c *decodeCaisse) input() io.Reader {
	if len(c.Bytes) == 0 {
		return os.Stdin
	}
	if decoded, err := fromHex(c.Bytes); err == nil && bytes.HasPrefix(decoded, []byte("CZ")) {
		return bytes.NewReader(decoded)
	}
	return strings.NewReader(strings.Join(c.Bytes, " "))
}

type decodeESCPOS struct {
	Profile string   `default:"epson-tm-t88v" help:"The printer, for its code pages: a profile's name or path."`
	Bytes   []string `arg:"" optional:"" help:"The bytes in hex; standard input, as they are, where there are none."`
}

// longestPrint bounds what is explained of a printer's bytes.
const longestPrint = 16 << 20

func (c *decodeESCPOS) Run(t *tool) error {
	profile, err := escpos.FindProfile(c.Profile)
	if err != nil {
		return errUsage(err.Error())
	}
	input := io.Reader(os.Stdin)
	if len(c.Bytes) > 0 {
		decoded, err := fromHex(c.Bytes)
		if err != nil {
			d := escposdecode.Event{Event: escposdecode.Unknown, Problems: []string{"the arguments are no hex: write two digits for each byte, such as 1B 40"}}
			return errors.Join(t.document(d), errNotWell)
		}
		input = bytes.NewReader(decoded)
	}
	return explain(t, input, func(r io.Reader, emit func(escposdecode.Event)) error {
		all, err := io.ReadAll(io.LimitReader(r, longestPrint+1))
		if err == nil && len(all) > longestPrint {
			err = fmt.Errorf("more than %d MB cannot be explained at once", longestPrint>>20)
		}
		if err != nil {
			return err
		}
		for _, e := range escposdecode.Decode(all, profile) {
			emit(e)
		}
		return nil
	})
}

// explain prints a document for each message of a stream.
func explain[D any](t *tool, input io.Reader, decode func(io.Reader, func(D)) error) error {
	var failed error
	found := 0
	err := decode(input, func(d D) {
		found++
		failed = errors.Join(failed, t.document(d))
	})
	if err == nil && found == 0 {
		return errors.New("there are no bytes to explain")
	}
	return errors.Join(err, failed)
}

// fromHex reads bytes that were written in hex, with blanks or colons between them.
func fromHex(words []string) ([]byte, error) {
	return hex.DecodeString(strings.NewReplacer(" ", "", "\t", "", "\n", "", "\r", "", ":", "").Replace(strings.Join(words, "")))
}
