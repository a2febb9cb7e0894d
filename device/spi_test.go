package device

import (
	"net/url"
	"testing"
)

func TestAnSPIAddressNamesBusAndChip(t *testing.T) {
	for text, want := range map[string][3]int{
		"spi://0.0": {0, 0, 1}, "spi://10.1": {10, 1, 1},
		"spi://0": {}, "spi://0.": {}, "spi://.0": {}, "spi://0.0.0": {}, "spi://0.0/1": {}, "spi://0.0?x=1": {}, "spi://0.0#a": {},
		"spi://a.b": {}, "spi://300.0": {}, "spi://me@0.0": {}, "i2c://0.0": {},
	} {
		address, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if bus, chip, err := SPI(*address); (want[2] == 1) != (err == nil) || bus != want[0] || chip != want[1] {
			t.Errorf("SPI(%s) = %d, %d, %v; want %v", text, bus, chip, err, want)
		}
	}
}
