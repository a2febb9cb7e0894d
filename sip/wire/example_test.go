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

// Reading many messages into one View allocates nothing; its values point into the line.
func ExampleFormat_ParseInto() {
	var view wire.View
	for _, line := range []string{"38Y20240501    101530AOCPL|AAP1001|BKK1-000042|AY3AZF3C9", "941AY0AZFDFD"} {
		if err := (wire.Format{}).ParseInto([]byte(line), &view); err != nil {
			panic(err)
		}
		fmt.Printf("%s %q %s %d\n", view.Code, view.Value("BK"), view.Checksum, view.Sequence)
	}
	// Output:
	// 38 "K1-000042" ok 3
	// 94 "" ok 0
}
