//go:build cgo && !nousb

package usbprinter

import (
	"testing"

	"github.com/google/gousb"
)

func setting(number, alternate int, class gousb.Class, protocol gousb.Protocol, both bool) gousb.InterfaceSetting {
	s := gousb.InterfaceSetting{Number: number, Alternate: alternate, Class: class, SubClass: 1, Protocol: protocol,
		Endpoints: map[gousb.EndpointAddress]gousb.EndpointDesc{
			0x01: {Address: 0x01, Number: 1, MaxPacketSize: 64, TransferType: gousb.TransferTypeBulk},
		}}
	if both {
		s.Endpoints[0x82] = gousb.EndpointDesc{Address: 0x82, Number: 2, MaxPacketSize: 64, Direction: gousb.EndpointDirectionIn, TransferType: gousb.TransferTypeBulk}
	}
	return s
}

func TestSettingThatAnswersIsChosen(t *testing.T) {
	for _, c := range []struct {
		name              string
		settings          []gousb.InterfaceSetting
		number, alternate int
		ok                bool
	}{
		{"unidirectional only", []gousb.InterfaceSetting{setting(0, 0, gousb.ClassPrinter, 1, false)}, 0, 0, false},
		{"bidirectional as alternate", []gousb.InterfaceSetting{setting(0, 0, gousb.ClassPrinter, 1, false), setting(0, 1, gousb.ClassPrinter, 2, true)}, 0, 1, true},
		{"framed is never chosen", []gousb.InterfaceSetting{setting(0, 0, gousb.ClassPrinter, 3, true)}, 0, 0, false},
		{"vendor class", []gousb.InterfaceSetting{setting(1, 0, gousb.ClassVendorSpec, 0, true)}, 1, 0, true},
		{"printer class before vendor class", []gousb.InterfaceSetting{setting(0, 0, gousb.ClassVendorSpec, 0, true), setting(0, 1, gousb.ClassPrinter, 2, true)}, 0, 1, true},
		{"keyboard", []gousb.InterfaceSetting{setting(0, 0, gousb.ClassHID, 1, true)}, 0, 0, false},
	} {
		got, ok := choose(gousb.ConfigDesc{Interfaces: []gousb.InterfaceDesc{{AltSettings: c.settings}}})
		if ok != c.ok || got.number != c.number || got.alternate != c.alternate {
			t.Errorf("%s: %+v, %v", c.name, got, ok)
		}
		if ok && (got.in.Number != 2 || got.out.Number != 1 || !got.alone) {
			t.Errorf("%s: endpoints %+v", c.name, got)
		}
	}
}
