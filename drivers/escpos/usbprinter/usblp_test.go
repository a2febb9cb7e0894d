//go:build !cgo || nousb

package usbprinter

import (
	"os"
	"path/filepath"
	"testing"
)

func TestNodeIsFoundByIdsAndSerial(t *testing.T) {
	root := t.TempDir()
	class := filepath.Join(root, "class")
	for node, usb := range map[string][3]string{"lp0": {"0519", "0003", ""}, "lp1": {"04b8", "0202", "A"}, "lp2": {"04b8", "0202", "B"}} {
		intf := filepath.Join(root, "devices", node, node+":1.0")
		for _, dir := range []string{intf, filepath.Join(class, node)} {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Symlink(intf, filepath.Join(class, node, "device")); err != nil {
			t.Fatal(err)
		}
		for i, attribute := range []string{"idVendor", "idProduct", "serial"} {
			if err := os.WriteFile(filepath.Join(filepath.Dir(intf), attribute), []byte(usb[i]+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		vid, pid     uint16
		serial, want string
	}{
		{0x0519, 3, "", "lp0"}, {0x04b8, 0x0202, "", "lp1"}, {0x04b8, 0x0202, "B", "lp2"}, {0x04b8, 0x0202, "C", ""}, {1, 1, "", ""},
	} {
		got, err := find(class, c.vid, c.pid, c.serial)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("find(%04x:%04x %q) = %q, %v; want %q", c.vid, c.pid, c.serial, got, err, c.want)
		}
	}
}
