// Package drivers is the table from configured names to hardware drivers. A new driver adds one line.
package drivers

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/spi"

	"selfpay/device"
	"selfpay/device/display"
	"selfpay/device/gpio"
	"selfpay/device/keypad"
	"selfpay/device/money"
	"selfpay/device/power"
	"selfpay/device/printer"
	"selfpay/device/ring"
	"selfpay/device/scanner"
	"selfpay/device/speech"
	"selfpay/device/tap"
	"selfpay/device/terminal"
	"selfpay/drivers/battery"
	"selfpay/drivers/caisseap"
	"selfpay/drivers/concert"
	"selfpay/drivers/ecr17"
	"selfpay/drivers/escpos"
	"selfpay/drivers/escpos/usbprinter"
	"selfpay/drivers/espeak"
	"selfpay/drivers/gpiochar"
	"selfpay/drivers/handset"
	"selfpay/drivers/i2cdev"
	"selfpay/drivers/ledring"
	"selfpay/drivers/mdb"
	"selfpay/drivers/oled"
	"selfpay/drivers/scanline"
	"selfpay/drivers/serialport"
	"selfpay/drivers/spidev"
	"selfpay/drivers/tcpport"
	"selfpay/drivers/zvt"
	"selfpay/drivers/zvt/accept"
)

// Settings are what the configuration says of one device.
type Settings struct {
	Driver     string
	Address    url.URL
	Password   string
	Profile    string
	Layout     string   // of a scanner that types
	Fonts      []string // files, for the characters that a printer has not
	Logo       string   // a file, for the receipts; empty: none
	TerminalID string
	Register   string // number of this register at the terminal
	LRC        string // how a terminal builds check sums
	// Application is the identification that a terminal's maker gives to who integrates it.
	Application string
	Answer      time.Duration // longest silence of a terminal in a dialogue
	Currency    money.Currency
	Tap         *tap.Tap // lets a terminal's line be listened to; nil: nobody can
}

var terminals = map[string]func(Settings, device.Dial, *slog.Logger) (terminal.Terminal, error){
	"zvt": zvtTerminal,
	"caisse-ap": func(s Settings, dial device.Dial, _ *slog.Logger) (terminal.Terminal, error) {
		return caisseap.New(dial, caisseap.Config{Currency: s.Currency, Register: s.Register, Application: s.Application, Answer: s.Answer}), nil
	},
	"concert": func(s Settings, dial device.Dial, _ *slog.Logger) (terminal.Terminal, error) {
		return concert.New(dial, concert.Config{Currency: s.Currency, Register: s.Register, Answer: s.Answer}), nil
	},
	"ecr17": func(s Settings, dial device.Dial, _ *slog.Logger) (terminal.Terminal, error) {
		lrc, err := ecr17.ParseLRC(s.LRC)
		return ecr17.New(dial, ecr17.Config{Currency: s.Currency, TerminalID: s.TerminalID, Register: s.Register, LRC: lrc, Answer: s.Answer}), err
	},
	"mdb": func(s Settings, dial device.Dial, _ *slog.Logger) (terminal.Terminal, error) {
		return mdb.New(dial, mdb.Config{Currency: s.Currency, Answer: s.Answer}), nil
	},
}

func zvtTerminal(s Settings, dial device.Dial, log *slog.Logger) (terminal.Terminal, error) {
	_, c, err := zvtConfig(s)
	if err != nil {
		return nil, err
	}
	return zvt.New(dial, c, log), nil
}

// zvtConfig is that of the terminal's family. The station's own settings go before it.
func zvtConfig(s Settings) (zvt.Profile, zvt.Config, error) {
	p, err := zvt.FindProfile(s.Profile)
	if err != nil {
		return p, zvt.Config{}, err
	}
	c, err := p.Config()
	if s.Address.Scheme == "serial" {
		c.Transport = zvt.Serial
	}
	c.Password, c.Currency, c.TerminalID, c.T4 = s.Password, s.Currency, s.TerminalID, cmp.Or(s.Answer, c.T4)
	return p, c, err
}

// Acceptance is the script for a new model of the configured ZVT terminal, without whom it asks and where it keeps its steps. It opens
// nothing.
func Acceptance(s Settings, log *slog.Logger) (accept.Script, error) {
	if s.Driver != "zvt" {
		return accept.Script{}, fmt.Errorf("there is an acceptance for ZVT terminals only, not for %s", s.Driver)
	}
	p, c, err := zvtConfig(s)
	if err != nil {
		return accept.Script{}, err
	}
	dial, err := dialer(s.Address, zvtLine)
	return accept.Script{Dial: dial, Config: c, Profile: p, Log: log}, err
}

// zvtLine is how a serial line of ZVT is set: 8 data bits, no parity, 2 stop bits (PA00P016).
const zvtLine = "?baud=9600&stop=2"

var printers = map[string]func(Settings, device.Dial, *slog.Logger) (printer.Printer, error){
	"escpos": func(s Settings, dial device.Dial, log *slog.Logger) (printer.Printer, error) {
		cfg, err := escpos.Configure(s.Profile, s.Fonts, s.Logo)
		if err != nil {
			return nil, err
		}
		return escpos.New(dial, cfg, log), nil
	},
}

// Terminal makes the configured card terminal. It opens nothing.
func Terminal(s Settings, log *slog.Logger) (terminal.Terminal, error) {
	make, known := terminals[s.Driver]
	if !known {
		return nil, fmt.Errorf("there is no terminal driver %q", s.Driver)
	}
	standard := cmp.Or(map[string]string{"zvt": zvtLine, "mdb": "?baud=115200"}[s.Driver], "?baud=9600")
	dial, err := dialer(s.Address, standard)
	if err != nil {
		return nil, err
	}
	if s.Tap != nil {
		dial = s.Tap.Dial(dial)
	}
	return make(s, dial, log)
}

// Printer makes the configured receipt printer; nil where none is configured. It opens nothing.
func Printer(s Settings, log *slog.Logger) (printer.Printer, error) {
	if s.Driver == "" {
		return nil, nil
	}
	make, known := printers[s.Driver]
	if !known {
		return nil, fmt.Errorf("there is no printer driver %q", s.Driver)
	}
	dial, err := dialer(s.Address, "?baud=9600")
	if s.Address.Scheme == "tcp" {
		dial, err = tcpport.DialAlone(s.Address.Host), nil
	}
	if err != nil {
		return nil, err
	}
	return make(s, dial, log)
}

// Scanner makes the configured barcode scanner; nil where none is configured. It opens nothing.
func Scanner(s Settings, log *slog.Logger) (scanner.Scanner, error) {
	switch s.Driver {
	case "":
		return nil, nil
	case "evdev":
		layout, err := scanline.ParseLayout(s.Layout)
		if err != nil {
			return nil, err
		}
		return scanline.NewEvdev(s.Address.Path, scanline.Config{Layout: layout}, log), nil
	case "hidpos":
		return scanline.NewHIDPOS(s.Address.Path, scanline.Config{}, log), nil
	case "serial":
		dial, err := dialer(s.Address, "?baud=9600")
		if err != nil {
			return nil, err
		}
		return scanline.NewSerial(dial, scanline.Config{}, log), nil
	}
	return nil, fmt.Errorf("there is no scanner driver %q", s.Driver)
}

// Keypad makes the configured keypad; nil where none is configured. It opens nothing.
func Keypad(address url.URL) (keypad.Keypad, error) {
	switch address.Scheme {
	case "":
		return nil, nil
	case "evdev":
		return handset.NewKeypad(address.Path), nil
	}
	dial, err := dialer(address, "?baud=9600")
	if err != nil {
		return nil, err
	}
	return handset.NewSerialKeypad(dial), nil
}

// Headset makes the configured socket of a headset; nil where none is configured. It opens nothing.
func Headset(address url.URL) (speech.Headset, error) {
	switch address.Scheme {
	case "":
		return nil, nil
	case "evdev":
		return handset.NewSwitch(address.Path), nil
	case "card":
		return handset.NewCard(address.Host), nil
	}
	dial, err := dialer(address, "?baud=9600")
	if err != nil {
		return nil, err
	}
	return handset.NewSerialHeadset(dial), nil
}

// Speaker makes the voice on a device of ALSA. It starts nothing.
func Speaker(output string) speech.Speaker { return espeak.New(output) }

// Ring makes the configured ring of lights; nil where none is configured. It opens nothing.
func Ring(driver string, address url.URL, lights int, intensity uint8) (ring.Ring, error) {
	switch driver {
	case "":
		return nil, nil
	case "apa102":
		bus, chip, err := device.SPI(address)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", address.String(), err)
		}
		return ledring.New(func() (spi.PortCloser, error) { return spidev.Open(bus, chip) }, lights, intensity), nil
	}
	return nil, fmt.Errorf("there is no ring driver %q", driver)
}

// Display makes the configured display for staff; nil where none is configured. It opens nothing.
func Display(driver string, address url.URL) (display.Display, error) {
	switch driver {
	case "":
		return nil, nil
	case "ssd1306":
		number, chip, err := device.I2C(address)
		if err == nil && chip != oled.Address {
			err = fmt.Errorf("the driver knows %#x only", oled.Address)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", address.String(), err)
		}
		return oled.New(func() (i2c.BusCloser, error) { return i2cdev.Open(number) }), nil
	}
	return nil, fmt.Errorf("there is no display driver %q", driver)
}

// Supply makes the part that watches the station's battery; nil where none is configured. It opens nothing.
func Supply(driver string, address url.URL, shuntMilliOhm int) (power.Supply, error) {
	if driver == "" {
		return nil, nil
	}
	number, chip, err := device.I2C(address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address.String(), err)
	}
	open := func() (i2c.BusCloser, error) { return i2cdev.Open(number) }
	switch driver {
	case "max17048":
		return battery.NewMAX17048(open), nil
	case "ina219":
		return battery.NewINA219(open, chip, shuntMilliOhm), nil
	}
	return nil, fmt.Errorf("there is no power driver %q", driver)
}

// Lines makes the configured GPIO lines, one gpio.Chip for each chip that an address names. It opens nothing.
func Lines(inputs, outputs map[string]url.URL, log *slog.Logger) ([]gpio.Chip, error) {
	in, err := byChip(inputs, gpio.ParseInput)
	if err != nil {
		return nil, err
	}
	out, err := byChip(outputs, gpio.ParseOutput)
	if err != nil {
		return nil, err
	}
	labels := slices.Sorted(maps.Keys(in))
	for _, label := range slices.Sorted(maps.Keys(out)) {
		if in[label] == nil {
			labels = append(labels, label)
		}
	}
	var chips []gpio.Chip
	for _, label := range labels {
		chips = append(chips, gpiochar.New(label, in[label], out[label], gpiochar.Config{}, log))
	}
	return chips, nil
}

// byChip sorts lines by the label of their chip.
func byChip(addresses map[string]url.URL, parse func(url.URL) (gpio.Line, error)) (map[string]map[string]gpio.Line, error) {
	chips := map[string]map[string]gpio.Line{}
	for name, address := range addresses {
		line, err := parse(address)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", name, address.String(), err)
		}
		if chips[line.Chip] == nil {
			chips[line.Chip] = map[string]gpio.Line{}
		}
		chips[line.Chip][name] = line
	}
	return chips, nil
}

// dialer reaches a device by its address; standard is the query of a serial line that says nothing of its speed.
func dialer(address url.URL, standard string) (device.Dial, error) {
	switch address.Scheme {
	case "tcp":
		return tcpport.Dial(address.Host), nil
	case "serial":
		text := address.String()
		if address.RawQuery == "" {
			text += standard
		}
		line, err := serialport.ParseAddress(text)
		if err != nil {
			return nil, err
		}
		return serialport.Dial(line), nil
	case "usb":
		return usbDial(address)
	}
	return nil, fmt.Errorf("%s: devices cannot be reached that way", address.String())
}

func usbDial(address url.URL) (device.Dial, error) {
	vendor, product, serial, err := device.USB(address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address.String(), err)
	}
	return usbprinter.Dial(vendor, product, serial), nil
}
