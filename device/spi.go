package device

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// ErrNoSPI: an address names no bus and chip select.
var ErrNoSPI = errors.New("no SPI address such as spi://0.0")

// SPI is the number of the bus and of the chip select in an spi address, spi://0.0.
func SPI(address url.URL) (bus, chip int, err error) {
	first, second, _ := strings.Cut(address.Host, ".")
	b, err1 := strconv.ParseUint(first, 10, 8)
	c, err2 := strconv.ParseUint(second, 10, 8)
	rest := address.Path + address.RawQuery + address.Fragment
	if err1 != nil || err2 != nil || address.Scheme != "spi" || address.User != nil || rest != "" {
		return 0, 0, ErrNoSPI
	}
	return int(b), int(c), nil
}
