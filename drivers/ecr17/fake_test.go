package ecr17

import (
	"io"

	"selfpay/drivers/wire"
)

// heardBytes counts what is written, and never says a word.
type heardBytes struct{ n int }

func (h *heardBytes) Write(b []byte) (int, error) { h.n += len(b); return len(b), nil }

func (h *heardBytes) Read([]byte) (int, error) { return 0, io.EOF }

func (h *heardBytes) Close() error { return nil }

func over(h *heardBytes) *wire.Wire { return wire.New(h) }

func nowhere() *wire.Wire { return over(&heardBytes{}) }
