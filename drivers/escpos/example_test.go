package escpos_test

import (
	"fmt"

	"selfpay/device/printer"
	"selfpay/drivers/escpos"
)

func ExampleEncode() {
	profile, err := escpos.FindProfile("custom-vkp80ii")
	if err != nil {
		fmt.Println(err)
		return
	}
	r := printer.Receipt{Lines: []printer.Line{{Text: "Opłata", Right: "2,50"}}}
	bytes, notes := escpos.Encode(r, escpos.Config{Profile: profile})
	fmt.Printf("%q\n", bytes)
	fmt.Println(notes[0])
	// Output:
	// "\x1b@\x1c.\x1bR\x00\x1bt\x13Oplata                      2,50\n\x1bd\x04\x1dV\x00\x1de\x03\f"
	// characters were replaced: ł (U+0142); the printer's code pages do not have them, and no font is configured to draw them
}

func ExampleFindProfile() {
	_, err := escpos.FindProfile("tm-t88")
	fmt.Println(err)
	// Output:
	// printer profile "tm-t88" is none of bixolon-srp-350iii, citizen-ct-e351, citizen-ct-s310, custom-kpm180, custom-vkp80ii, epson-tm-m30ii, epson-tm-t20ii, epson-tm-t20iii, epson-tm-t70ii, epson-tm-t88v, epson-tm-t88vi, generic-58mm, generic-80mm, star-mc-print3, star-tsp100, star-tsp650; set printer.profile to the name of a built-in one, or to the absolute path of a file of your own
}
