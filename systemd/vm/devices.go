package vm

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"selfpay/systemd/vm/pretend"
)

// DebianModules are the drivers of the devices that a guest with Debian has or makes for itself. All are loaded before
// Debian starts, so that no test waits for one.
var DebianModules = []string{
	"xhci_pci", "usbhid", "hid_generic", "evdev", "uinput", "ftdi_sio", "cdc_acm", "usblp", // as in the library
	"i2c_dev", "i6300esb heartbeat=4",
	"dummy_hcd num=4", "libcomposite", "usb_f_printer", "usb_f_hid", "usb_f_acm", // USB devices made by the guest
	"gpio_sim", "pretend_i2c", "pretend_spi",
	"snd_aloop",                                               // a sound card that gives back what it is to play
	"usb_storage", "sd_mod", "vfat", "nls_cp437", "nls_ascii", // a stick
}

// GiveDevices finds a port for each far end that a guest with Debian reaches on the host.
func (i *Image) GiveDevices() error {
	i.Modules = append(i.Modules, DebianModules...)
	for _, place := range []*string{&i.Plan.Places.Card, &i.Plan.Places.UART, &i.Plan.Places.Errands} {
		port, err := FreePort()
		if err != nil {
			return err
		}
		*place = fmt.Sprintf("%s:%d", HostAddress, port)
	}
	return nil
}

// onLoopback is where the host listens at what is one of its places for the guest.
func onLoopback(place string) string {
	_, port, err := net.SplitHostPort(place)
	if err != nil {
		return place
	}
	return net.JoinHostPort("127.0.0.1", port)
}

// CardLine is where the far end of the guest's USB serial adapter is reached on this machine.
func (m *Machine) CardLine() string { return onLoopback(m.Image.Plan.Places.Card) }

// debian is the disk with Debian, of which every power-on forgets what was written to it, and the devices.
func (m *Machine) debian() []string {
	line := func(id, place string) string {
		_, port, _ := net.SplitHostPort(place)
		return "socket,id=" + id + ",host=127.0.0.1,port=" + port + ",server=on,wait=off"
	}
	places := m.Image.Plan.Places
	return []string{
		"-drive", "if=none,id=debian,format=raw,snapshot=" + map[bool]string{true: "off", false: "on"}[m.Lasting] + ",file=" + m.Image.Debian, "-device", "virtio-blk-pci,drive=debian",
		"-chardev", "socket,id=orders,server=on,wait=off,path=" + m.monitor(), "-mon", "chardev=orders,mode=control",
		"-chardev", line("card", places.Card), "-chardev", line("uart", places.UART), "-chardev", "null,id=other",
		"-device", "qemu-xhci,id=usb", "-device", "usb-serial,id=card,bus=usb.0,chardev=card,serial=CARD,always-plugged=on",
		"-device", "pci-serial,chardev=uart",
		"-device", "i6300esb", "-action", "watchdog=reset",
	}
}

func (m *Machine) monitor() string { return filepath.Join(m.Folder, "qemu") }

// pluggable are the devices with a cable, as QEMU is told of them. The one named other takes the card terminal's
// number while that is away.
var pluggable = map[string]map[string]any{
	pretend.CardAdapter:  {"driver": "usb-serial", "bus": "usb.0", "chardev": "card", "serial": "CARD", "always-plugged": true},
	pretend.OtherAdapter: {"driver": "usb-serial", "bus": "usb.0", "chardev": "other", "serial": "OTHER", "always-plugged": true},
}

// Plug puts the cable of a device in.
func (m *Machine) Plug(device string) error {
	about, known := pluggable[device]
	if !known {
		return fmt.Errorf("vm: there is no device %q", device)
	}
	all := map[string]any{"id": device}
	for key, value := range about {
		all[key] = value
	}
	return m.tell("device_add", all, "")
}

// Pull pulls it out, and returns when the machine has no such device any more.
func (m *Machine) Pull(device string) error {
	if _, known := pluggable[device]; !known {
		return fmt.Errorf("vm: there is no device %q", device)
	}
	return m.tell("device_del", map[string]any{"id": device}, "DEVICE_DELETED")
}

// Network plugs the network cable in, or pulls it.
func (m *Machine) Network(plugged bool) error {
	return m.tell("set_link", map[string]any{"name": "net", "up": plugged}, "")
}

// tell gives QEMU an order (QMP, docs/interop/qmp-spec.txt in its sources) and waits for its answer, and for an event where one
// is named.
func (m *Machine) tell(order string, arguments map[string]any, event string) error {
	wrong := func(err error) error { return fmt.Errorf("vm: QEMU: %s: %w", order, err) }
	conn, err := net.Dial("unix", m.monitor())
	if err != nil {
		return wrong(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	to, from := json.NewEncoder(conn), json.NewDecoder(bufio.NewReader(conn))
	type said struct {
		QMP, Return json.RawMessage
		Event       string
		Error       *struct{ Desc string }
	}
	hears := func(what func(said) bool) error {
		for {
			var s said
			if err := from.Decode(&s); err != nil {
				return wrong(err)
			}
			if s.Error != nil {
				return wrong(errors.New(s.Error.Desc))
			}
			if what(s) {
				return nil
			}
		}
	}
	answered := func(s said) bool { return s.Return != nil }
	if err := hears(func(s said) bool { return s.QMP != nil }); err != nil {
		return err
	}
	for _, o := range []map[string]any{{"execute": "qmp_capabilities"}, {"execute": order, "arguments": arguments}} {
		if err := to.Encode(o); err != nil {
			return wrong(err)
		}
		if o["execute"] == order && event != "" {
			break
		}
		if err := hears(answered); err != nil {
			return err
		}
	}
	if event == "" {
		return nil
	}
	return hears(func(s said) bool { return s.Event == event })
}

// runErrands lets tests in the guest pull the cables of their own machine.
func (m *Machine) runErrands() error {
	if m.Image.Debian == "" {
		return nil
	}
	var err error
	if m.errands, err = net.Listen("tcp", onLoopback(m.Image.Plan.Places.Errands)); err != nil {
		return fmt.Errorf("vm: errands: %w", err)
	}
	do := map[string]func(string) error{"plug": m.Plug, "pull": m.Pull}
	go http.Serve(m.errands, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		errand, known := do[r.FormValue("do")]
		if !known {
			http.Error(w, "an errand is plug or pull, and a device", http.StatusBadRequest)
			return
		}
		if err := errand(r.FormValue("device")); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
		}
	}))
	return nil
}
