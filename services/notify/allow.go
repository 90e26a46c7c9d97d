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

// Allow says which receivers may be reached. The zero value allows public
// addresses: whoever may register a receiver could otherwise have kaohe post to,
// and tell him about, what only kaohe reaches.
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
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return a.address(netip.AddrFrom4([4]byte{127, 0, 0, 1}), a.named(u.Hostname()))
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return a.address(ip, false)
	}
	if len(a.hosts) > 0 && len(a.prefixes) == 0 && !a.named(u.Hostname()) {
		return fmt.Errorf("host %s is not in --webhook-allow", u.Hostname())
	}
	return nil
}

func (a Allow) named(host string) bool { return slices.Contains(a.hosts, strings.ToLower(host)) }

// address reports why an address may not be reached, by a name that is allowed
// or not.
func (a Allow) address(ip netip.Addr, named bool) error {
	ip = meant(ip)
	in := rangeOf(ip)
	listed := slices.ContainsFunc(a.prefixes, func(p netip.Prefix) bool {
		return p.Contains(ip) && (in.reach != never || p.Bits() >= in.prefix.Bits())
	})
	switch {
	case listed:
		return nil
	case in.reach == never:
		return fmt.Errorf("address %s is %s; name it in --webhook-allow if it is meant", ip, in.what)
	case named:
		return nil
	case in.reach == inside:
		return fmt.Errorf("address %s is %s; name it, or its host, in --webhook-allow if it is meant", ip, in.what)
	case len(a.hosts)+len(a.prefixes) > 0:
		return fmt.Errorf("address %s is not in --webhook-allow", ip)
	}
	return nil
}

// dial connects to where a receiver may be reached. What its name means is
// checked when it is dialled, so that it cannot mean something else by then.
func (a Allow) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{Control: func(_, resolved string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(resolved)
		if err != nil {
			return err
		}
		return a.address(to.Addr(), a.named(host))
	}}
	return d.DialContext(ctx, network, address)
}
