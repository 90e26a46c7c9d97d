package notify

import "net/netip"

// reach says what it takes to let a notification go to a range of addresses.
type reach int

// The zero value is public: it may be reached unless --webhook-allow names
// others.
const (
	// inside may be reached where --webhook-allow names the host, the address or
	// a prefix around it.
	inside reach = iota + 1
	// never may be reached only where --webhook-allow names the range itself, or a
	// part of it: nobody means a cloud's credentials by naming a large network.
	never
)

// addressRange is a range that is not public, and what it is.
type addressRange struct {
	prefix netip.Prefix
	reach  reach
	what   string
}

// addressRanges are all that are not public (IANA's special-purpose registries,
// and where clouds keep metadata and credentials).
func addressRanges() []addressRange {
	var all []addressRange
	for _, r := range []struct {
		reach    reach
		what     string
		prefixes []string
	}{
		{never, "a metadata service of a cloud", []string{
			"169.254.169.254/32", "169.254.170.2/32", "169.254.0.23/32", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32",
			"fd00:ec2::254/128", "fd00:ec2::23/128", "fd20:ce::254/128", "fd00:c1::a9fe:a9fe/128", "fd00:42::42/128",
		}},
		{never, "link-local", []string{"169.254.0.0/16", "fe80::/10", "fec0::/10"}},
		{never, "multicast, broadcast or none", []string{"0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "::/128", "ff00::/8", "100::/64"}},
		{never, "an address that is translated to another", []string{
			"::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "192.88.99.0/24",
		}},
		{inside, "loopback", []string{"127.0.0.0/8", "::1/128"}},
		{inside, "private", []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "100.64.0.0/10"}},
		{inside, "reserved", []string{
			"192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20", "2001::/23", "5f00::/16",
		}},
	} {
		for _, prefix := range r.prefixes {
			all = append(all, addressRange{netip.MustParsePrefix(prefix), r.reach, r.what})
		}
	}
	return all
}

// ranges are addressRanges, made once.
var ranges = addressRanges()

// rangeOf is the narrowest range that an address is in; the zero value: it is
// public.
func rangeOf(ip netip.Addr) (in addressRange) {
	for _, r := range ranges {
		if r.prefix.Contains(ip) && (in.what == "" || r.prefix.Bits() > in.prefix.Bits()) {
			in = r
		}
	}
	if in.what == "" && isatap(ip) {
		return addressRange{netip.PrefixFrom(ip, ip.BitLen()), never, "an address that is translated to another"}
	}
	return in
}

// nat64 is the prefix under which IPv6-only networks reach IPv4.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// meant is the address that is reached in the end: an IPv4 address may be
// written within IPv6.
func meant(ip netip.Addr) netip.Addr {
	ip = ip.Unmap().WithZone("")
	if nat64.Contains(ip) {
		b := ip.As16()
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return ip
}

// isatap tells whether an address says by its last half that it is one of IPv4
// within a site (RFC 5214).
func isatap(ip netip.Addr) bool {
	if !ip.Is6() {
		return false
	}
	b := ip.As16()
	return b[8]&^0x02 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}
