// Package device holds the words that hardware drivers and the kiosk share: how a device is reached, what an
// error means for the world, and how well a device is. It holds no hardware code and imports the standard
// library only, so that a driver can be used alone.
package device

import (
	"context"
	"errors"
	"io"
)

// Dial opens the link to a device. It may be called again after the link was lost; the caller closes what it
// returns. An error means that no byte left.
type Dial func(ctx context.Context) (io.ReadWriteCloser, error)

// The four classes of an error, named for what happened in the world. A driver wraps each error it returns in
// one of them; an error without a class counts as ErrDoubt.
var (
	// ErrRefused: the other side said no. Final; nothing was done.
	ErrRefused = errors.New("refused")
	// ErrNotSent: nothing can have happened. May be asked again.
	ErrNotSent = errors.New("not sent")
	// ErrDoubt: it may have happened. Look first, never just repeat.
	ErrDoubt = errors.New("in doubt")
	// ErrAttention: nothing happened, and a person must see to the device: paper, door, cable, login.
	ErrAttention = errors.New("needs attention")
)

// Class returns the one of the four classes that err carries: ErrDoubt if it carries several or none, nil if
// err is nil.
func Class(err error) error {
	if err == nil {
		return nil
	}
	var found error
	for _, class := range []error{ErrRefused, ErrNotSent, ErrAttention, ErrDoubt} {
		if !errors.Is(err, class) {
			continue
		}
		if found != nil {
			return ErrDoubt
		}
		found = class
	}
	if found == nil {
		return ErrDoubt
	}
	return found
}
