package main

import (
	"bytes"
	"encoding/hex"
	"io"
	"os"
	"strings"

	zvtdecode "selfpay/drivers/zvt/decode"
	sipdecode "selfpay/sip/decode"
	"selfpay/sip/wire"
)

type decodeCommand struct {
	SIP2 decodeSIP2 `cmd:"" name:"sip2" help:"Messages to and from a library system."`
	ZVT  decodeZVT  `cmd:"" name:"zvt" help:"Messages to and from a card terminal."`
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
			return err
		}
	}
	input, err := given(c.Bytes, true)
	if err != nil {
		return err
	}
	var failed error
	err = sipdecode.DecodeStream(input, charset, func(d sipdecode.Document) {
		if err := t.document(d); failed == nil {
			failed = err
		}
	})
	if err != nil {
		return err
	}
	return failed
}

type decodeZVT struct {
	Serial bool     `help:"The bytes are serial blocks, 10 02 to the check sum, not bare messages."`
	Bytes  []string `arg:"" optional:"" help:"The bytes in hex; standard input, as they are, where there are none."`
}

func (c *decodeZVT) Run(t *tool) error {
	input, err := given(c.Bytes, false)
	if err != nil {
		return err
	}
	var failed error
	err = zvtdecode.Stream(input, c.Serial, func(d zvtdecode.Document) {
		if err := t.document(d); failed == nil {
			failed = err
		}
	})
	if err != nil {
		return err
	}
	return failed
}

// given are the bytes to decode: hex from the arguments, or standard input as it is. Where text is allowed, what is no
// hex is taken as it stands.
func given(arguments []string, text bool) (io.Reader, error) {
	if len(arguments) == 0 {
		return os.Stdin, nil
	}
	squeezed := strings.NewReplacer(" ", "", "\t", "", "\n", "", "\r", "", ":", "").Replace(strings.Join(arguments, ""))
	decoded, err := hex.DecodeString(squeezed)
	switch {
	case err == nil:
		return bytes.NewReader(decoded), nil
	case text:
		return strings.NewReader(strings.Join(arguments, " ")), nil
	}
	return nil, errUsage("the arguments are no hex: write two digits for each byte, such as 80 00 00")
}
