package sip

import "errors"

// The classes of an error, named for what happened in the world. An error without a class counts as ErrDoubt.
var (
	// ErrRefused: the library system said no.
	ErrRefused = errors.New("sip: refused by the library system")
	// ErrNotSent: nothing can have happened, so it may be asked again.
	ErrNotSent = errors.New("sip: not sent")
	// ErrDoubt: it may have happened. Look first, never just repeat.
	ErrDoubt = errors.New("sip: in doubt")
)

var (
	// ErrInvalid: a value of ours may not be sent. Nothing was written.
	ErrInvalid = errors.New("sip: not a valid value")
	// ErrUnreadable: a message is not what its code promises.
	ErrUnreadable = errors.New("sip: unreadable message")
)
