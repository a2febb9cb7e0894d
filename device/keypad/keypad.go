// Package keypad is the contract of the tactile keypad, with which a patron who cannot see or touch the screen pays.
package keypad

import "context"

// Keypad is one keypad.
type Keypad interface {
	// Read returns the next key. It opens the device when needed and waits until a key is pressed or ctx ends. An error
	// means that the device is not there or was lost; call again to reopen it.
	Read(ctx context.Context) (Key, error)

	// Close releases the device. The keypad may be used again afterwards.
	Close() error
}

// Key is one key. The digits are "0" to "9".
type Key string

// The keys that are no digits.
const (
	Up      Key = "up"      // the choice before
	Down    Key = "down"    // the next choice
	Left    Key = "left"    // the beginning of the screen
	Right   Key = "right"   // the last choice
	OK      Key = "ok"      // take the choice
	Erase   Key = "erase"   // the last digit
	Help    Key = "help"    // how the keys work
	Louder  Key = "louder"  // the headset
	Quieter Key = "quieter" // the headset
	Curtain Key = "curtain" // make the screen dark, or show it again
)

// Digit says whether a key is one of the digits.
func (k Key) Digit() bool { return len(k) == 1 && k[0] >= '0' && k[0] <= '9' }

// Known says whether there is such a key.
func (k Key) Known() bool {
	switch k {
	case Up, Down, Left, Right, OK, Erase, Help, Louder, Quieter, Curtain:
		return true
	}
	return k.Digit()
}
