package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Limits of a download. What a bundle may hold is checked where it is unpacked.
const (
	connectWithin  = 30 * time.Second
	downloadWithin = time.Hour
)

// download opens a bundle on a server. A redirection is not followed: the address in the configuration is the one that counts.
func download(ctx context.Context, url string) (io.ReadCloser, error) {
	ctx, stop := context.WithTimeout(ctx, downloadWithin)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		stop()
		return nil, err
	}
	client := http.Client{
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: connectWithin, ResponseHeaderTimeout: connectWithin,
			DialContext: (&net.Dialer{Timeout: connectWithin}).DialContext, MaxResponseHeaderBytes: 16 << 10, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Do(r)
	if err != nil {
		stop()
		return nil, fmt.Errorf("no bundle can be fetched: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		stop()
		return nil, errors.Join(fmt.Errorf("no bundle can be fetched: %s answers %s", url, answer.Status), answer.Body.Close())
	}
	return body{answer.Body, stop}, nil
}

// body ends its connection when it is closed, though nobody has read it to its end.
type body struct {
	io.ReadCloser
	stop func()
}

func (b body) Close() error {
	b.stop()
	return b.ReadCloser.Close()
}
