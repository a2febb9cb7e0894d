// Package i2cdevtest has a bus that fails when a test wants it to.
package i2cdevtest

import (
	"sync"

	"periph.io/x/conn/v3/i2c"
)

// Failing is a bus of which one transaction, and every one behind it, fails.
type Failing struct {
	i2c.Bus
	At   int   // the first that fails, from 0
	With error // nil: none

	mu     sync.Mutex
	passed int
}

// Tx fails, or is that of the bus.
func (f *Failing) Tx(address uint16, w, r []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.passed++; f.With != nil && f.passed > f.At {
		return f.With
	}
	return f.Bus.Tx(address, w, r)
}

// Close leaves the bus as it is.
func (f *Failing) Close() error { return nil }
