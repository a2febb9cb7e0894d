package surround

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"selfpay/drivers/escpos/escpostest"
	"selfpay/drivers/scanline/scanlinetest"
)

// Part is one simulator that runs alone.
type Part struct {
	Name     string // acs, polaris, aleph, terminal, printer, scanner
	Address  string // host:port; a path for the scanner's serial line
	Protocol string // of a terminal, one of Protocols; empty: zvt
	Mode     string // of a library system, see Modes; empty: the usual one
	HTTPS    string // the folder that gets the certificate of a library system with https; empty: no https
}

// Needed is what a kiosk's configuration says to be let in, one key on a line; empty where it needs nothing.
func (p Part) Needed() string {
	switch p.Name {
	case "acs":
		return fmt.Sprintf("login = %q\npassword = %q\ninstitution = \"CPL\"", login, password)
	case "polaris":
		return fmt.Sprintf("login = %q\npassword = %q\npolaris.access_id = %q\npolaris.access_key = %q\npolaris.domain = %q\npolaris.workstation = %d",
			login, password, accessID, accessKey, domain, workstation)
	case "aleph":
		return fmt.Sprintf("aleph.x_user = %q\naleph.x_password = %q\naleph.library = %q", xUser, xPassword, mainBranch)
	}
	return ""
}

// Serve runs the simulator until ctx ends. The scanner sends each line of standard input as a label.
func (p Part) Serve(ctx context.Context) error {
	if p.Name == "scanner" {
		return serveScanner(ctx, p.Address)
	}
	serve, err := p.server()
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", p.Address)
	if err != nil {
		return fmt.Errorf("the %s cannot listen: %w", p.Name, err)
	}
	if p.HTTPS != "" {
		cert, err := newAuthority(p.HTTPS)
		if err != nil {
			return err
		}
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	}
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	if err := serve(l); ctx.Err() == nil {
		return err
	}
	return nil
}

func (p Part) server() (func(net.Listener) error, error) {
	switch p.Name {
	case "acs", "polaris", "aleph":
		route := p.Name
		if route == "acs" {
			route = "sip2"
		}
		library, err := newLibrary(Options{ILS: route, Mode: p.Mode, Plain: p.HTTPS == ""}.filled())
		if err != nil {
			return nil, err
		}
		return library.Serve, nil
	case "terminal":
		return protocols[cmp.Or(p.Protocol, "zvt")](Options{CardWait: time.Second}).Serve, nil
	case "printer":
		return escpostest.New().Serve, nil
	}
	return nil, fmt.Errorf("there is no part %q", p.Name)
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
