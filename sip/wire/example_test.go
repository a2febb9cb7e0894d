package wire_test

import (
	"fmt"

	"selfpay/sip/wire"
)

func Example() {
	var decoder wire.Decoder
	for _, piece := range []string{"98YYYYYN600003", "20240501    1015302.00AOCPL|BXYYYYYYYYYY|\r", "\n94"} {
		decoder.Feed([]byte(piece))
		for {
			line, more, err := decoder.Next()
			if err != nil || !more {
				break
			}
			m, err := wire.Format{}.Parse(line)
			if err != nil {
				panic(err)
			}
			fmt.Println(m.Code, m.FixedValue("on_line_status"), m.Value("AO"), m.Checksum)
		}
	}
	// Output: 98 Y CPL absent
}
