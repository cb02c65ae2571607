package egress

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"syscall"

	"compressor/internal/problem"
)

// special lists the ranges that are not the public internet, or not wholly: the IANA IPv4
// and IPv6 Special-Purpose Address Registries (RFC 6890 and updates), multicast, and one
// address that a large cloud answers its metadata on although it is publicly assigned.
// Of IPv6 only what lies inside 2000::/3 stands here, for nothing outside it is allowed.
var special = [...]netip.Prefix{
	v4(0, 0, 0, 0, 8),            // this network
	v4(10, 0, 0, 0, 8),           // private use
	v4(100, 64, 0, 0, 10),        // shared address space, and metadata of some clouds
	v4(127, 0, 0, 0, 8),          // loopback
	v4(168, 63, 129, 16, 32),     // Azure's virtual host: DHCP, health and agent secrets
	v4(169, 254, 0, 0, 16),       // link local, and most clouds' metadata
	v4(172, 16, 0, 0, 12),        // private use
	v4(192, 0, 0, 0, 24),         // IETF protocol assignments
	v4(192, 0, 2, 0, 24),         // documentation
	v4(192, 31, 196, 0, 24),      // AS112
	v4(192, 52, 193, 0, 24),      // automatic multicast tunnelling
	v4(192, 88, 99, 0, 24),       // 6to4 relay anycast, deprecated
	v4(192, 168, 0, 0, 16),       // private use
	v4(192, 175, 48, 0, 24),      // AS112, direct delegation
	v4(198, 18, 0, 0, 15),        // benchmarking
	v4(198, 51, 100, 0, 24),      // documentation
	v4(203, 0, 113, 0, 24),       // documentation
	v4(224, 0, 0, 0, 4),          // multicast
	v4(240, 0, 0, 0, 4),          // reserved, and limited broadcast
	v6(0x2001, 0, 0, 23),         // IETF protocol assignments, Teredo, ORCHID
	v6(0x2001, 0xdb8, 0, 32),     // documentation
	v6(0x2002, 0, 0, 16),         // 6to4: an IPv4 address in disguise
	v6(0x2620, 0x4f, 0x8000, 48), // AS112, direct delegation
	v6(0x3fff, 0, 0, 20),         // documentation
}

func v4(a, b, c, d byte, bits int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{a, b, c, d}), bits)
}

func v6(a, b, c uint16, bits int) netip.Prefix {
	bytes := [16]byte{byte(a >> 8), byte(a), byte(b >> 8), byte(b), byte(c >> 8), byte(c)}
	return netip.PrefixFrom(netip.AddrFrom16(bytes), bits)
}

// public says whether addr, unmapped and without zone, is a plain public address.
func public(addr netip.Addr) bool {
	if !addr.IsValid() || addr.Is6() && !v6(0x2000, 0, 0, 3).Contains(addr) {
		return false
	}
	return !slices.ContainsFunc(special[:], func(p netip.Prefix) bool { return p.Contains(addr) })
}

// Check says whether the policy lets to be dialled. IPv4 written as IPv6 counts as IPv4
// and zones are ignored. The error is source-forbidden; only its cause names the address,
// since an answer that did would map the private network for the asker.
func (p Policy) Check(to netip.AddrPort) error {
	addr := to.Addr().Unmap().WithZone("")
	for _, prefix := range p.Allow {
		if prefix.Contains(addr) {
			return nil
		}
	}
	if !public(addr) {
		return problem.New(problem.SourceForbidden).Because(fmt.Errorf("egress: %v is not a public address", addr))
	}
	if !slices.Contains(p.Ports, to.Port()) {
		return problem.New(problem.SourceForbidden).Because(fmt.Errorf("egress: port %d is not open", to.Port()))
	}
	return nil
}

// controlFunc is the type of net.Dialer.ControlContext.
type controlFunc func(ctx context.Context, network, address string, conn syscall.RawConn) error

// control runs after name resolution, for each address about to be dialled, and so cannot
// be talked around by redirects, rebinding or odd spellings of an address.
func (p Policy) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return problem.New(problem.SourceForbidden).Because(fmt.Errorf("egress: network %q", network))
	}
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return problem.New(problem.SourceForbidden).Because(err)
	}
	return p.Check(to)
}

// unmapped returns the prefixes with IPv4 ones that were written as IPv6 turned back,
// since Check compares unmapped addresses.
func unmapped(prefixes []netip.Prefix) []netip.Prefix {
	plain := make([]netip.Prefix, 0, len(prefixes))
	for _, p := range prefixes {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		plain = append(plain, p.Masked())
	}
	return plain
}
