package zvt

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"selfpay/device"
	"selfpay/device/money"
)

// Transport is how the bytes travel.
type Transport int

const (
	// TCP carries bare APDUs. The connection is opened for each call and closed after it, for terminals close idle
	// ones without a word.
	TCP Transport = iota
	// Serial frames each APDU with a check sum, confirms blocks and repeats them. The line stays open.
	Serial
)

// Printing is who puts the card slip on paper.
type Printing int

const (
	// PrintBlocks: the terminal sends its slips as text blocks and lines, the kiosk prints them (config byte BE).
	PrintBlocks Printing = iota
	// PrintOwn: the kiosk writes slips of its own from the approval (3E).
	PrintOwn
	// PrintTerminal: the terminal has a printer (38).
	PrintTerminal
)

// Config says what a terminal expects. The zero value of a field chooses the default in its comment.
type Config struct {
	Transport   Transport
	Password    string         // six digits; "000000"
	Currency    money.Currency // EUR
	TerminalID  string         // eight digits; where set, another terminal takes no payment. Empty: any
	Printing    Printing
	ConfigByte  byte     // of the registration; 0: what Printing needs, with intermediate status and both keyboards locked
	Charset     string   // of texts without tag 14, see ParseCharset; cp437
	Charsets    []string // offered at registration, the best first; what the terminal takes goes before Charset. Empty: no offer
	LineWidth   int      // characters in a printed line, told to the terminal; 0: not told
	PaymentType byte     // BMP 19 of an authorisation; 40: the terminal decides
	// MessageNumbers offers at registration that each message carries a number (tag 1F73).
	MessageNumbers bool

	OmitReference bool          // do not send Purchase.Ref in tag E9
	ReferenceType string        // two letters in front of the reference, tag 1F62; "AC"
	T3            time.Duration // command to first answer; 5 s
	T4            time.Duration // between messages of a running command unless 04 FF says otherwise; 180 s
	Longest       time.Duration // a whole command; 20 minutes
	CardWait      time.Duration // how long the terminal waits for a card, whole seconds up to 255; 60 s
	IdleWait      time.Duration // how long recovery waits for a busy terminal; 3 minutes
	IdlePoll      time.Duration // pause between status enquiries while waiting; 2.5 s

	// LastResultProven: at installation this terminal was seen to send 04 0F upon 06 20. Only then does its silence there
	// mean that it remembers no transaction.
	LastResultProven bool
	// NoLastResult: it was seen not to. A lost answer is never known then, and a person decides at once.
	NoLastResult bool
}

// settings is a Config with its defaults, ready for use.
type settings struct {
	Config
	password []byte
	currency []byte
	charset  Charset
	charsets []Charset

	configByte byte
}

// configBytes are registrations with intermediate status, where amounts and administration cannot be entered at the terminal.
var configBytes = map[Printing]byte{PrintBlocks: 0xBE, PrintOwn: 0x3E, PrintTerminal: 0x38}

func (c Config) settings() (settings, error) {
	c.T3 = cmp.Or(c.T3, 5*time.Second)
	c.T4 = cmp.Or(c.T4, 180*time.Second)
	c.Longest = cmp.Or(c.Longest, 20*time.Minute)
	c.CardWait = cmp.Or(c.CardWait, 60*time.Second)
	c.IdleWait = cmp.Or(c.IdleWait, 3*time.Minute)
	c.IdlePoll = cmp.Or(c.IdlePoll, 2500*time.Millisecond)
	c.Password = cmp.Or(c.Password, "000000")
	c.Currency = cmp.Or(c.Currency, "EUR")
	c.PaymentType = cmp.Or(c.PaymentType, 0x40)
	c.ReferenceType = cmp.Or(c.ReferenceType, "AC")
	s := settings{Config: c, configByte: cmp.Or(c.ConfigByte, configBytes[c.Printing])}
	for _, name := range c.Charsets {
		offered, err := ParseCharset(name)
		if err != nil {
			return s, err
		}
		s.charsets = append(s.charsets, offered)
	}
	var err error
	if s.charset, err = ParseCharset(c.Charset); err != nil {
		return s, err
	}
	if s.password, err = packDigits(c.Password, 6); err != nil {
		return s, fmt.Errorf("zvt: the password must have six digits")
	}
	if !c.Currency.Known() {
		return s, fmt.Errorf("zvt: currency %q is not known", c.Currency)
	}
	if s.currency, err = packDigits("0"+c.Currency.Numeric(), 4); err != nil {
		return s, fmt.Errorf("zvt: currency %q: %w", c.Currency, err)
	}
	if _, err = packDigits(c.TerminalID, 8); c.TerminalID != "" && err != nil {
		return s, fmt.Errorf("zvt: terminal id %q must have eight digits", c.TerminalID)
	}
	if min(c.T3, c.T4, c.Longest, c.IdleWait, c.IdlePoll) < 0 {
		return s, fmt.Errorf("zvt: no time may be negative")
	}
	if c.LineWidth < 0 || c.LineWidth > 99 {
		return s, fmt.Errorf("zvt: line width %d must be 0 to 99", c.LineWidth)
	}
	if c.CardWait < time.Second || c.CardWait > 255*time.Second {
		return s, fmt.Errorf("zvt: card wait %s must be 1 to 255 seconds", c.CardWait)
	}
	return s, nil
}

// Check says what is wrong with a configuration. The methods of a Terminal made with a wrong one answer
// device.ErrAttention.
func (c Config) Check() error {
	_, err := c.settings()
	return err
}

func packDigits(digits string, n int) ([]byte, error) {
	if len(digits) != n {
		return nil, fmt.Errorf("%d digits are wanted", n)
	}
	b := make([]byte, n/2)
	for i := range n {
		d := digits[i]
		if d < '0' || d > '9' {
			return nil, fmt.Errorf("only digits are wanted")
		}
		b[i/2] = b[i/2]<<4 | (d - '0')
	}
	return b, nil
}

// DialTCP reaches a terminal at host:port (usually port 20007). Keep-alive notices a pulled cable within 40 seconds.
func DialTCP(address string) device.Dial {
	dialer := net.Dialer{
		Timeout:         5 * time.Second,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 10 * time.Second, Count: 3},
	}
	return func(ctx context.Context) (io.ReadWriteCloser, error) {
		return dialer.DialContext(ctx, "tcp", address)
	}
}
