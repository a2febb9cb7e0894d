package evnode

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A tree as Linux shows it: a hub with a scanner of three nodes, and a touch screen beside it.
func TestTheOtherNodesOfADeviceAreFound(t *testing.T) {
	sys := t.TempDir()
	folder := func(path string) string {
		path = filepath.Join(sys, path)
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	class, dev := folder("class/input"), folder("dev")
	const hub = "devices/pci0000:00/usb1/1-1"
	for name, at := range map[string]string{
		"event9":  hub + "/1-1.2/1-1.2:1.0/0003:0C2E:0B61.0004/input/input9",
		"event10": hub + "/1-1.2/1-1.2:1.1/0003:0C2E:0B61.0005/input/input10",
		"event11": hub + "/1-1.2/1-1.2:1.1/0003:0C2E:0B61.0005/input/input11",
		"event3":  hub + "/1-1.20/1-1.20:1.0/0003:04E7:0020.0002/input/input3",
		"event0":  "devices/platform/i8042/serio0/input/input0",
	} {
		if err := os.Symlink(folder(at+"/"+name), filepath.Join(class, name)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dev, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, device := range []string{"devices/pci0000:00/usb1", hub, hub + "/1-1.2", hub + "/1-1.20"} {
		if err := os.WriteFile(filepath.Join(sys, device, "idVendor"), []byte("0c2e\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(dev, "usb-Scanner-event-if01")
	if err := os.Symlink("event10", link); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]string{
		link:                                 {link, "/dev/input/event9", "/dev/input/event11"},
		filepath.Join(dev, "event9"):         {filepath.Join(dev, "event9"), "/dev/input/event10", "/dev/input/event11"},
		filepath.Join(dev, "event3"):         {filepath.Join(dev, "event3")},
		filepath.Join(dev, "event0"):         {filepath.Join(dev, "event0")},
		filepath.Join(dev, "not-plugged-in"): {filepath.Join(dev, "not-plugged-in")},
	} {
		if got := All(sys, path); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
