package device

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// ErrNoI2C: an address names no bus and chip.
var ErrNoI2C = errors.New("no I2C address such as i2c://1/0x36")

// I2C is the number of the bus and the chip's address in an i2c address, i2c://1/0x36.
func I2C(address url.URL) (bus int, chip uint16, err error) {
	number, err1 := strconv.ParseUint(address.Host, 10, 8)
	at, err2 := strconv.ParseUint(strings.TrimPrefix(address.Path, "/"), 0, 16)
	rest := address.RawQuery + address.Fragment
	if err1 != nil || err2 != nil || address.Scheme != "i2c" || address.User != nil || rest != "" || at < 0x08 || at > 0x77 {
		return 0, 0, ErrNoI2C
	}
	return int(number), uint16(at), nil
}
