package decode_test

import (
	"encoding/json"
	"os"
	"strings"

	"selfpay/sip/decode"
)

func ExampleDecodeStream() {
	out := json.NewEncoder(os.Stdout)
	err := decode.DecodeStream(strings.NewReader("941AY0AZFDFD\r96AZFEF6\r"), decode.Auto, func(d decode.Document) {
		if err := out.Encode(d); err != nil {
			panic(err)
		}
	})
	if err != nil {
		panic(err)
	}
	// Output:
	// {"message":"94","name":"Login Response","fixed":{"ok":"1"},"fields":[],"sequence":0,"checksum":"ok","problems":[]}
	// {"message":"96","name":"Request SC Resend","fixed":{},"fields":[],"sequence":null,"checksum":"ok","problems":[]}
}
