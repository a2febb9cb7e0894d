package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"selfpay/systemd/vm"
	"selfpay/systemd/vm/pretend"
)

// work is what tests on the host order beside the programs of Debian.
func work(what string, words []string) error {
	switch {
	case what == "devices" && len(words) == 1:
		return keepDevices(words[0])
	case what == "type" && len(words) == 1:
		k, err := pretend.FindKeyboard(scannerSerial)
		if err != nil {
			return err
		}
		return k.Type(words[0]+"\n", 0)
	case what == "plant":
		return plant()
	case what == "open":
		return openAll(words)
	case what == "late":
		return openLater(words)
	case what == "load" && len(words) == 1:
		return loadModule(words[0])
	case what == "unload" && len(words) == 1:
		return unloadModule(words[0])
	case what == "closed":
		return closedAll(words)
	}
	return fmt.Errorf("%q is no work", what)
}

const scannerSerial = "SCANNER"

// keepDevices makes a station's devices on USB and keeps them until it is told to end. The printer's cable leads to an
// address of the host. Their nodes stand in vm.NodesFile when all are there.
func keepDevices(printerAt string) (err error) {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	var made []io.Closer
	defer func() {
		for _, m := range made {
			err = errors.Join(err, m.Close())
		}
	}()
	printer, err := pretend.NewPrinter("PRINTER")
	if err != nil {
		return err
	}
	made = append(made, printer)
	keyboard, err := pretend.NewKeyboard(scannerSerial)
	if err != nil {
		return err
	}
	made = append(made, keyboard)
	pos, err := pretend.NewHIDPOS("POS")
	if err != nil {
		return err
	}
	made = append(made, pos)
	modem, err := pretend.NewModem("MODEM")
	if err != nil {
		return err
	}
	made = append(made, modem)
	ends, err := lead(printer, printerAt)
	if err != nil {
		return err
	}
	made = append(ends, made...) // closed first
	if err := writeNodes(keyboard, pos, modem); err != nil {
		return err
	}
	<-told
	return nil
}

// lead connects the printer's end of its cable with an address.
func lead(printer pretend.Printer, address string) ([]io.Closer, error) {
	near, err := printer.Far()
	if err != nil {
		return nil, err
	}
	far, err := net.Dial("tcp", address)
	if err != nil {
		return nil, errors.Join(err, near.Close())
	}
	go carry(near, far)
	go carry(far, near)
	return []io.Closer{near, far}, nil
}

// carry copies byte for byte. What the kernel has for copying between files and sockets does not work with devices.
func carry(to io.Writer, from io.Reader) {
	io.Copy(struct{ io.Writer }{to}, struct{ io.Reader }{from})
}

func writeNodes(keyboard pretend.Keyboard, pos pretend.HIDPOS, modem pretend.Modem) error {
	card, err := pretend.Card()
	if err != nil {
		return err
	}
	uart, err := pretend.UART()
	if err != nil {
		return err
	}
	hidraw, err := pos.Node()
	if err != nil {
		return err
	}
	bus, err := pretend.I2C()
	if err != nil {
		return err
	}
	printers, err := filepath.Glob("/dev/usb/lp*")
	if err != nil {
		return err
	}
	text, err := json.Marshal(vm.Nodes{Card: card.Path, UART: uart.Path, Modem: modem.Path, Scanner: keyboard.Path, HIDPOS: hidraw,
		Printer: printers[0], I2C: fmt.Sprintf("/dev/i2c-%d", bus.Number), SPI: pretend.SPIDevice})
	if err != nil {
		return err
	}
	if err := os.WriteFile(vm.NodesFile+".new", text, 0o644); err != nil {
		return err
	}
	return os.Rename(vm.NodesFile+".new", vm.NodesFile)
}

// openAll opens devices, and says of each that cannot be opened why.
func openAll(nodes []string) error {
	var all error
	for _, node := range nodes {
		all = errors.Join(all, open(node))
	}
	return all
}

// openLater opens devices that are plugged in while it waits.
func openLater(nodes []string) error {
	for _, node := range nodes {
		var err error
		if wait := pretend.Until(node, func() bool { err = open(node); return err == nil }); wait != nil {
			return errors.Join(wait, err)
		}
	}
	return nil
}

// loadModule loads one of the kernel modules that the bench brings, by its name, as modprobe does.
func loadModule(name string) error {
	plan, err := readPlan(filepath.Join(vm.BenchFolder, vm.PlanFile))
	if err != nil {
		return err
	}
	for _, m := range plan.Modules {
		if strings.ReplaceAll(strings.TrimSuffix(filepath.Base(m.File), ".ko"), "-", "_") != name {
			continue
		}
		m.File = filepath.Join(vm.BenchFolder, vm.ModulesFolder, filepath.Base(m.File))
		return loadModules([]vm.Module{m})
	}
	return fmt.Errorf("the bench has no kernel module %s", name)
}

// unloadModule lets the kernel forget one.
func unloadModule(name string) error {
	if err := unix.DeleteModule(name, 0); err != nil {
		return fmt.Errorf("unload kernel module %s: %w", name, err)
	}
	return nil
}

// closedAll says which devices can be opened, or are not there.
func closedAll(nodes []string) error {
	var all error
	for _, node := range nodes {
		if err := open(node); !errors.Is(err, fs.ErrPermission) {
			all = errors.Join(all, fmt.Errorf("open %s: %w", node, err))
		}
	}
	return all
}

// open opens a device as a driver does.
func open(node string) error {
	f, err := os.OpenFile(node, os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	return f.Close()
}
