package pretend

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// gadgets is where the kernel is told of USB devices to be (Linux, Documentation/ABI/testing/configfs-usb-gadget).
const gadgets = "/sys/kernel/config/usb_gadget"

// Gadget is a USB device that the guest makes, and its cable.
type Gadget struct {
	folder   string
	function string // printer.0, hid.0, acm.0
	Serial   string // its serial number, by which its links below /dev are known
}

// about is what a USB device says of itself.
type about struct {
	vendor, product, name string
	function              string
	settings              map[string]string // of the function
}

// made makes a device of that serial number and plugs it in.
func made(a about, serial string) (*Gadget, error) {
	g := &Gadget{folder: filepath.Join(gadgets, serial), function: a.function + "." + serial, Serial: serial}
	if _, err := os.Stat(g.folder); err == nil { // of a process that did not end well
		if err := g.Close(); err != nil {
			return nil, err
		}
	}
	set := [][2]string{
		{"idVendor", a.vendor}, {"idProduct", a.product}, {"bcdUSB", "0x0200"},
		{"strings/0x409/serialnumber", serial}, {"strings/0x409/manufacturer", "Pretended"}, {"strings/0x409/product", a.name},
	}
	for name, value := range a.settings {
		set = append(set, [2]string{"functions/" + g.function + "/" + name, value})
	}
	err := errors.Join(
		os.Mkdir(g.folder, 0o755),
		os.Mkdir(g.in("strings/0x409"), 0o755),
		os.Mkdir(g.in("functions/"+g.function), 0o755),
		os.Mkdir(g.in("configs/c.1"), 0o755),
	)
	for _, s := range set {
		err = errors.Join(err, os.WriteFile(g.in(s[0]), []byte(s[1]), 0o644))
	}
	if err == nil {
		err = os.Symlink(g.in("functions/"+g.function), g.in("configs/c.1/"+g.function))
	}
	if err == nil {
		err = g.Plug()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("pretend: make the USB device %s: %w", serial, err), g.Close())
	}
	return g, nil
}

func (g *Gadget) in(name string) string { return filepath.Join(g.folder, name) }

// Plug puts the cable in, at the first port that is free.
func (g *Gadget) Plug() error {
	ports, err := os.ReadDir("/sys/class/udc")
	if err != nil {
		return err
	}
	holders, err := filepath.Glob(filepath.Join(gadgets, "*/UDC"))
	if err != nil {
		return err
	}
	taken := map[string]bool{}
	for _, h := range holders {
		taken[attribute(h)] = true
	}
	for _, p := range ports {
		if !taken[p.Name()] {
			return os.WriteFile(g.in("UDC"), []byte(p.Name()), 0o644)
		}
	}
	return errors.New("pretend: no USB port is free")
}

// Pull pulls the cable out, if it is plugged in.
func (g *Gadget) Pull() error {
	if attribute(g.in("UDC")) == "" {
		return nil
	}
	return os.WriteFile(g.in("UDC"), []byte("\n"), 0o644)
}

// Close pulls the cable and takes the device apart. Its far ends must be closed.
func (g *Gadget) Close() error {
	if err := g.Pull(); err != nil {
		return err
	}
	var all error
	for _, name := range []string{"configs/c.1/" + g.function, "configs/c.1", "functions/" + g.function, "strings/0x409", ""} {
		if err := os.Remove(g.in(name)); !errors.Is(err, fs.ErrNotExist) {
			all = errors.Join(all, err)
		}
	}
	return all
}

// attribute reads a file of the kernel's; what cannot be read is empty.
func attribute(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
