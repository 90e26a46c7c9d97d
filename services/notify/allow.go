package notify

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
)

// Allow says which receivers may be reached. The zero value allows all but
// link-local addresses, behind which clouds keep their credentials; receivers of
// an operator are mostly inside, so private addresses are no sin.
type Allow struct {
	hosts    []string
	prefixes []netip.Prefix
}

// ParseAllow reads host names, addresses and prefixes such as 10.20.0.0/16. With
// any, nothing else is reached.
func ParseAllow(all []string) (Allow, error) {
	var a Allow
	for _, one := range all {
		if prefix, err := netip.ParsePrefix(one); err == nil {
			a.prefixes = append(a.prefixes, prefix.Masked())
		} else if address, err := netip.ParseAddr(one); err == nil {
			a.prefixes = append(a.prefixes, netip.PrefixFrom(address, address.BitLen()))
		} else if one == "" || strings.ContainsAny(one, "/:@ *") {
			return Allow{}, fmt.Errorf("--webhook-allow %q is no host name, address or prefix like 10.20.0.0/16", one)
		} else {
			a.hosts = append(a.hosts, strings.ToLower(one))
		}
	}
	return a, nil
}

// URL reports why notifications cannot be posted to an address, as far as can be
// told without looking it up.
func (a Allow) URL(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return fmt.Errorf("it cannot be read: %w", err)
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("it has scheme %q; give http:// or https://", u.Scheme)
	case u.Hostname() == "":
		return fmt.Errorf("it has no host")
	case u.User != nil:
		return fmt.Errorf("it has a user or password in it; the signature proves who sends")
	case u.Fragment != "":
		return fmt.Errorf("it has a fragment (#…), which is never sent")
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		return a.address(ip)
	}
	if len(a.hosts) > 0 && len(a.prefixes) == 0 && !a.named(u.Hostname()) {
		return fmt.Errorf("host %s is not in --webhook-allow", u.Hostname())
	}
	return nil
}

func (a Allow) named(host string) bool { return slices.Contains(a.hosts, strings.ToLower(host)) }

// address reports why an address may not be reached.
func (a Allow) address(ip netip.Addr) error {
	ip = ip.Unmap().WithZone("")
	if slices.ContainsFunc(a.prefixes, func(p netip.Prefix) bool { return p.Contains(ip) }) {
		return nil
	}
	if len(a.hosts)+len(a.prefixes) > 0 {
		return fmt.Errorf("address %s is not in --webhook-allow", ip)
	}
	if ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() {
		return fmt.Errorf("address %s is link-local, multicast or none; name it in --webhook-allow if it is meant", ip)
	}
	return nil
}

// dial connects to where a receiver may be reached. What its name means is
// checked when it is dialled, so that it cannot mean something else by then.
func (a Allow) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	if host, _, err := net.SplitHostPort(address); err != nil || !a.named(host) {
		d.Control = func(_, resolved string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(resolved)
			if err != nil {
				return err
			}
			return a.address(to.Addr())
		}
	}
	return d.DialContext(ctx, network, address)
}
