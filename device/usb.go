package device

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// ErrNoUSB: an address names no vendor and product.
var ErrNoUSB = errors.New("no USB address such as usb://04b8:0202")

// USB is the vendor and product number in the path of a usb address, "/04b8:0202", and the serial number if one is given.
func USB(address url.URL) (vendor, product uint16, serial string, err error) {
	v, p, _ := strings.Cut(strings.Trim(address.Path, "/"), ":")
	vendorNumber, err1 := strconv.ParseUint(v, 16, 16)
	productNumber, err2 := strconv.ParseUint(p, 16, 16)
	if err1 != nil || err2 != nil {
		return 0, 0, "", ErrNoUSB
	}
	return uint16(vendorNumber), uint16(productNumber), address.Query().Get("serial"), nil
}
