package vm

import "fmt"

// stick is what QEMU calls a USB stick.
const stick = "stick"

// NewStick makes an image of a USB stick with FAT, a label and some files: name on it to path here.
func NewStick(image, label string, files map[string]string) error {
	if err := call("truncate", "-s", "96M", image); err != nil {
		return err
	}
	if err := call("mkfs.vfat", "-n", label, image); err != nil {
		return err
	}
	for name, path := range files {
		if err := call("mcopy", "-i", image, path, "::"+name); err != nil {
			return err
		}
	}
	return nil
}

// PlugStick puts a USB stick into a machine with Debian.
func (m *Machine) PlugStick(image string) error {
	about := map[string]any{"driver": "raw", "node-name": stick, "file": map[string]any{"driver": "file", "filename": image}}
	if err := m.tell("blockdev-add", about, ""); err != nil {
		return err
	}
	return m.tell("device_add", map[string]any{"driver": "usb-storage", "id": stick, "drive": stick, "bus": "usb.0", "removable": true}, "")
}

// PullStick pulls it out, whatever is being read from it.
func (m *Machine) PullStick() error {
	if err := m.tell("device_del", map[string]any{"id": stick}, "DEVICE_DELETED"); err != nil {
		return err
	}
	if err := m.tell("blockdev-del", map[string]any{"node-name": stick}, ""); err != nil {
		return fmt.Errorf("the stick is out, but QEMU still has its image: %w", err)
	}
	return nil
}
