package egress

import (
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// hostName is a host as it will be looked up: its characters mapped as net/http and browsers
// do (UTS 46, non-transitional), in lower case, without the dot of the root. What cannot be
// mapped stays as it is, for whoever looks it up to refuse.
func hostName(host string) string {
	if mapped, err := idna.Lookup.ToASCII(host); err == nil {
		host = mapped
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// literal is the address that a host name is, rather than has: in the usual form, or in one
// of those that resolvers of the system take for IPv4 without asking anybody.
func literal(name string) (addr netip.Addr, ok bool) {
	if addr, err := netip.ParseAddr(name); err == nil {
		return addr, true
	}
	return inetAton(name)
}

// inetAton reads an IPv4 address as inet_aton(3) does: one to four parts, each decimal, octal
// after 0, or hexadecimal after 0x, of which the last fills all bytes that are left.
func inetAton(name string) (addr netip.Addr, ok bool) {
	parts := strings.SplitN(name, ".", 5)
	if len(parts) > 4 {
		return addr, false
	}
	var whole uint64
	for i, part := range parts {
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (4 - i)
		}
		n, err := aNumber(part, bits)
		if err != nil {
			return addr, false
		}
		whole = whole<<bits | n
	}
	return netip.AddrFrom4([4]byte{byte(whole >> 24), byte(whole >> 16), byte(whole >> 8), byte(whole)}), true
}

// aNumber reads one part, of at most so many bits.
func aNumber(part string, bits int) (uint64, error) {
	if hex, ok := strings.CutPrefix(strings.ToLower(part), "0x"); ok {
		return strconv.ParseUint(hex, 16, bits)
	}
	if octal, ok := strings.CutPrefix(part, "0"); ok && octal != "" {
		return strconv.ParseUint(octal, 8, bits)
	}
	return strconv.ParseUint(part, 10, bits)
}
