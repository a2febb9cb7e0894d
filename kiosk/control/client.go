package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// ErrDaemonDown means that no daemon answers on the socket.
var ErrDaemonDown = errors.New("kioskd does not answer")

// Client asks the daemon.
type Client struct {
	socket string
	http   http.Client
}

// NewClient makes a client of the daemon's socket.
func NewClient(socket string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		c, err := d.DialContext(ctx, "unix", socket)
		if err != nil {
			return nil, fmt.Errorf("%w on %s: %w", ErrDaemonDown, socket, err)
		}
		return c, nil
	}
	return newClient(socket, dial)
}

func newClient(socket string, dial func(ctx context.Context, network, address string) (net.Conn, error)) *Client {
	return &Client{socket: socket, http: http.Client{Timeout: 2 * time.Minute, Transport: &http.Transport{DialContext: dial}}}
}

// Get asks and reads the answer into found.
func (c *Client) Get(ctx context.Context, path string, found any) error {
	return c.do(ctx, http.MethodGet, path, nil, func() {}, found)
}

// Payment asks for one payment.
func (c *Client) Payment(ctx context.Context, id string) (Detail, error) {
	var raw rawDetail
	if err := c.Get(ctx, "/payment?id="+url.QueryEscape(id), &raw); err != nil {
		return Detail{}, err
	}
	return raw.decode()
}

// Post sends an order and reads the answer into found.
func (c *Client) Post(ctx context.Context, path string, order, found any) error {
	text, err := json.Marshal(order)
	if err != nil {
		return err
	}
	return c.do(ctx, http.MethodPost, path, bytes.NewReader(text), func() {}, found)
}

// Label waits for the next label of the scanner; it calls waiting once that label will be the one.
func (c *Client) Label(ctx context.Context, waiting func()) (Scanned, error) {
	var s Scanned
	err := c.do(ctx, http.MethodPost, "/scanner/label", http.NoBody, waiting, &s)
	if err == nil && s.Error != "" {
		err = errors.New(s.Error)
	}
	return s, err
}

// do asks. It calls begun when the answer has begun, and is no refusal.
func (c *Client) do(ctx context.Context, method, path string, body io.Reader, begun func(), found any) error {
	r, err := http.NewRequestWithContext(ctx, method, "http://kioskd"+path, body)
	if err != nil {
		return err
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return refusal(answer)
	}
	begun()
	if found == nil {
		return nil
	}
	return json.NewDecoder(answer.Body).Decode(found)
}

// refusal is why the daemon did not do it.
func refusal(answer *http.Response) error {
	var p problem
	if err := json.NewDecoder(answer.Body).Decode(&p); err != nil || p.Error == "" {
		return fmt.Errorf("kioskd answered %s", answer.Status)
	}
	return errors.New(p.Error)
}
