package surround

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"selfpay/drivers/escpos/escpostest"
	"selfpay/drivers/scanline/scanlinetest"
)

// ServePart runs one simulator alone until ctx ends. The scanner sends each line of standard input as a label.
func ServePart(ctx context.Context, part, address, mode string) error {
	if part == "scanner" {
		return serveScanner(ctx, address)
	}
	serve, err := servePart(part, mode)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("the %s cannot listen: %w", part, err)
	}
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	if err := serve(l); ctx.Err() == nil {
		return err
	}
	return nil
}

func servePart(part, mode string) (func(net.Listener) error, error) {
	switch part {
	case "acs":
		library, err := newLibrary(Options{Mode: mode})
		if err != nil {
			return nil, err
		}
		return library.Serve, nil
	case "terminal":
		return newTerminal(time.Second, "", nil).Serve, nil
	case "printer":
		return escpostest.New().Serve, nil
	}
	return nil, fmt.Errorf("there is no part %q", part)
}

func serveScanner(ctx context.Context, path string) error {
	scanner, err := scanlinetest.Open(path)
	if err != nil {
		return err
	}
	defer scanner.Close()
	labels := make(chan string)
	go func() {
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			labels <- lines.Text()
		}
	}()
	for {
		select {
		case label := <-labels:
			if err := scanner.Scan(label); err != nil && !errors.Is(err, os.ErrClosed) {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}
