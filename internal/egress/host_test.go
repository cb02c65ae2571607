package egress

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func TestInetAton(t *testing.T) {
	for name, want := range map[string]string{
		"127.0.0.1": "127.0.0.1", "127.1": "127.0.0.1", "127.0.1": "127.0.0.1", "2130706433": "127.0.0.1", "0x7f000001": "127.0.0.1",
		"0X7F.1": "127.0.0.1", "017700000001": "127.0.0.1", "0177.0.0.01": "127.0.0.1", "1.2.772": "1.2.3.4", "1.131844": "1.2.3.4",
		"0": "0.0.0.0", "00": "0.0.0.0", "0x0.0": "0.0.0.0", "4294967295": "255.255.255.255", "255.16777215": "255.255.255.255",
		"": "", ".": "", "1.": "", ".1": "", "1..2": "", "1.2.3.4.5": "", "256.1": "", "1.2.3.256": "", "1.2.65536": "", "1.16777216": "",
		"4294967296": "", "99999999999999999999": "", "08": "", "0x": "", "0xg": "", "-1": "", "+1": "", "1e3": "", "1_0": "", "0b1": "", "0o17": "",
		" 1": "", "1.2.3.4 x": "", "a": "", "1.example": "", "127.0.0.1\x00": "",
	} {
		addr, ok := inetAton(name)
		if ok != (want != "") || ok && addr.String() != want {
			t.Errorf("%q: %v %v, want %q", name, addr, ok, want)
		}
	}
}

// spelling writes an IPv4 address in one of the many ways there are.
func spelling(a [4]byte, form uint16) string {
	count := int(form&3) + 1
	parts := []uint64{uint64(a[0]), uint64(a[1]), uint64(a[2]), uint64(a[3])}
	for len(parts) > count {
		n := len(parts)
		parts = append(parts[:n-2], parts[n-2]<<(8*(4-n+1))|parts[n-1])
	}
	var words []string
	for i, n := range parts {
		words = append(words, fmt.Sprintf([]string{"%d", "0%o", "0x%x", "0X%08X"}[form>>(2+2*i)&3], n))
	}
	name := strings.Join(words, ".")
	if form>>10&1 == 1 { // in full width, with ideographic dots
		name = strings.Map(func(r rune) rune {
			if r == '.' {
				return '。'
			}
			return r - '!' + '！'
		}, name)
	}
	return name + strings.Repeat(".", int(form>>11&1))
}

// FuzzHost: an address is seen through every spelling, and what netip reads is read as that.
func FuzzHost(f *testing.F) {
	for form, host := range []string{"127.1", "2130706433", "0x7f.1", "①②⑦.⓪.⓪.①", "0177.0.0.1", "::ffff:7f00:1", "h.example", "xn--a", "fe80::1%eth0", "a_b", "127.0.0.1."} {
		f.Add(host, byte(127), byte(0), byte(0), byte(form), uint16(form)*0x155)
	}
	f.Fuzz(func(t *testing.T, host string, a, b, c, d byte, form uint16) {
		want := netip.AddrFrom4([4]byte{a, b, c, d})
		odd := spelling(want.As4(), form)
		if got, ok := literal(hostName(odd)); !ok || got != want {
			t.Fatalf("%q is %v, and read as %v %v", odd, want, got, ok)
		}
		name := hostName(host)
		got, ok := literal(name)
		if plain, err := netip.ParseAddr(name); err == nil && (!ok || got != plain) {
			t.Fatalf("%q is %v, and read as %v %v", host, plain, got, ok)
		}
		if ok && !got.IsValid() {
			t.Fatalf("%q: %v", host, got)
		}
	})
}
