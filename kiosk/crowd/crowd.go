// Package crowd keeps those who look at a page of the station from pushing each other out.
package crowd

import (
	"net"
	"net/netip"
	"sync"
)

// crowd is a listener with a limit.
type crowd struct {
	net.Listener
	most, mostOfOne int

	mu     sync.Mutex
	inside int
	from   map[netip.Prefix]int
}

// Limit is a listener that lets in only so many at once, in all and from one address. Who is one too many is sent away at
// once, so that the others need not wait behind those who never ask anything.
func Limit(l net.Listener, most, mostOfOne int) net.Listener {
	return &crowd{Listener: l, most: most, mostOfOne: mostOfOne, from: map[netip.Prefix]int{}}
}

func (c *crowd) Accept() (net.Conn, error) {
	for {
		guest, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		home := Home(guest.RemoteAddr().String())
		if c.enter(home) {
			return &inside{Conn: guest, leave: sync.OnceFunc(func() { c.leave(home) })}, nil
		}
		if tcp, ok := guest.(*net.TCPConn); ok {
			tcp.SetLinger(0) // nothing of it is kept
		}
		guest.Close()
	}
}

func (c *crowd) enter(home netip.Prefix) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inside >= c.most || c.from[home] >= c.mostOfOne {
		return false
	}
	c.inside++
	c.from[home]++
	return true
}

func (c *crowd) leave(home netip.Prefix) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inside--
	if c.from[home]--; c.from[home] == 0 {
		delete(c.from, home)
	}
}

// Home is who counts as one at an address with a port: an IPv4 address, or a network of IPv6, in which one machine has as many
// as it likes.
func Home(address string) netip.Prefix {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return netip.Prefix{}
	}
	ip, bits := at.Addr().Unmap().WithZone(""), 32
	if ip.Is6() {
		bits = 64
	}
	home, _ := ip.Prefix(bits) // no other length is asked for
	return home
}

// inside is a guest's connection, which makes room when it is closed.
type inside struct {
	net.Conn
	leave func()
}

func (i *inside) Close() error {
	defer i.leave()
	return i.Conn.Close()
}
