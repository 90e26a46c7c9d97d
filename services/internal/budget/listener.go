package budget

import (
	"net"
	"net/netip"
	"sync"
)

// spareShare of the connections that may be served may be open besides, so that
// whoever comes too many can be told so.
const spareShare = 4

// Door counts the connections of all its listeners, in all and by address. One
// too many is let in as crowded, to be told; many too many are closed.
type Door struct {
	served, spare *Slots
	mu            sync.Mutex
	crowded       map[string]*Conn // by remote address
}

// NewDoor serves so many connections, and of one address so many.
func NewDoor(all, one int) *Door {
	return &Door{served: NewSlots(all, one), spare: NewSlots(max(all/spareShare, 1), max(one/spareShare, 1)), crowded: map[string]*Conn{}}
}

// Listen counts the connections of a listener.
func (d *Door) Listen(l net.Listener) net.Listener { return &listener{Listener: l, door: d} }

type listener struct {
	net.Listener
	door *Door
}

// Accept gives the next connection that may come in.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if counted := l.door.enter(c); counted != nil {
			return counted, nil
		}
		_ = c.Close() // it was never let in
	}
}

// Conn is a connection that is counted while it is open.
type Conn struct {
	net.Conn
	door  *Door
	host  string
	mu    sync.Mutex
	leave func()
}

// Close closes it, and gives its place to another.
func (c *Conn) Close() error {
	c.door.forget(c)
	c.mu.Lock()
	c.leave()
	c.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite ends what is sent, so that the other side reads it to its end.
func (c *Conn) CloseWrite() error {
	if half, is := c.Conn.(interface{ CloseWrite() error }); is {
		return half.CloseWrite()
	}
	return nil
}

func (d *Door) enter(c net.Conn) *Conn {
	counted := &Conn{Conn: c, door: d, host: Host(c.RemoteAddr())}
	if leave, ok := d.served.Enter(counted.host); ok {
		counted.leave = leave
		return counted
	}
	leave, ok := d.spare.Enter(counted.host)
	if !ok {
		return nil
	}
	counted.leave = leave
	d.mu.Lock()
	defer d.mu.Unlock()
	d.crowded[c.RemoteAddr().String()] = counted
	return counted
}

func (d *Door) forget(c *Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if key := c.RemoteAddr().String(); d.crowded[key] == c {
		delete(d.crowded, key)
	}
}

// Crowded tells whether the connection of a remote address is one too many. It
// is not any more when there is a place for it.
func (d *Door) Crowded(remote string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.crowded[remote]
	if c == nil {
		return false
	}
	leave, ok := d.served.Enter(c.host)
	if !ok {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leave()
	c.leave = leave
	delete(d.crowded, remote)
	return false
}

// Host is what counts as one address: of IPv6 the network, of which a host has
// any number of addresses.
func Host(a net.Addr) string {
	at, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return a.String()
	}
	ip := at.Addr().Unmap()
	if ip.Is6() {
		if network, err := ip.WithZone("").Prefix(64); err == nil {
			return network.String()
		}
	}
	return ip.String()
}
