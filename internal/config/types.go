package config

import (
	"errors"
	"math"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Bytes is a count of bytes, written as a plain number or with one of the units kB, MB, GB,
// TB (powers of 1000) or KiB, MiB, GiB, TiB (powers of 1024, IEC 80000-13).
type Bytes int64

// units are the factors, longest name first where one ends with another.
var units = [...]struct {
	name   string
	factor float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

// UnmarshalText reads "8GiB", "1.5 MB" or "1048576".
func (b *Bytes) UnmarshalText(text []byte) error {
	wrong := errors.New("a size such as 8GiB, 500MB or 1048576")
	word, factor := strings.TrimSpace(string(text)), 1.0
	for _, u := range units {
		if rest, ok := strings.CutSuffix(word, u.name); ok {
			word, factor = strings.TrimSpace(rest), u.factor
			break
		}
	}
	if whole, err := strconv.ParseInt(word, 10, 64); err == nil && factor == 1 && whole >= 0 {
		*b = Bytes(whole)
		return nil
	}
	n, err := strconv.ParseFloat(word, 64)
	if err != nil || n < 0 || n*factor != math.Trunc(n*factor) || n*factor >= math.MaxInt64 || strings.Trim(word, ".0123456789") != "" {
		return wrong
	}
	*b = Bytes(n * factor)
	return nil
}

// Prefix is a range of addresses; a bare address is a range of one.
type Prefix struct{ netip.Prefix }

// UnmarshalText reads "10.0.0.0/8", "fd00::/8" or "127.0.0.1".
func (p *Prefix) UnmarshalText(text []byte) error {
	if prefix, err := netip.ParsePrefix(string(text)); err == nil {
		p.Prefix = prefix.Masked()
		return nil
	}
	address, err := netip.ParseAddr(string(text))
	if err != nil || address.Zone() != "" {
		return errors.New("a prefix such as 10.0.0.0/8 or fd00::/8")
	}
	p.Prefix = netip.PrefixFrom(address, address.BitLen())
	return nil
}

// Prefixes is the list without our own type.
func Prefixes(list []Prefix) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(list))
	for _, p := range list {
		out = append(out, p.Prefix)
	}
	return out
}

// Origin is that of a web page (RFC 6454), in the form in which browsers send it; "*" is any.
type Origin string

// UnmarshalText reads "https://app.example.com", "http://localhost:3000" or "*".
func (o *Origin) UnmarshalText(text []byte) error {
	word := string(text)
	if word == "*" {
		*o = "*"
		return nil
	}
	u, err := url.Parse(word)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || word != u.Scheme+"://"+u.Host || word != strings.ToLower(word) {
		return errors.New("an origin such as https://app.example.com, in lower case and without a path, or *")
	}
	*o = Origin(word)
	return nil
}

// Texts is the list without our own type.
func Texts(list []Origin) []string {
	out := make([]string, 0, len(list))
	for _, o := range list {
		out = append(out, string(o))
	}
	return out
}
