package egress

import (
	"io"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"code.dny.dev/ssrf"

	"compressor/internal/problem"
)

func TestCheck(t *testing.T) {
	open := Policy{Allow: prefixes(t, "10.0.0.5/32", "::ffff:192.168.7.0/120", "fd00:1::/64", "93.184.215.14/32")}.complete()
	shut := Policy{}.complete()
	for _, test := range []struct {
		policy Policy
		to     string
		want   bool
	}{
		{shut, "93.184.215.14:443", true},
		{shut, "93.184.215.14:8080", true},
		{shut, "93.184.215.14:22", false},
		{shut, "[::ffff:93.184.215.14]:80", true},
		{shut, "[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:443", true},
		{shut, "[2606:2800:21f:cb07:6820:80da:af6b:8b2c%eth0]:443", true},
		{shut, "127.0.0.1:80", false},
		{shut, "[::ffff:127.0.0.1]:80", false},
		{shut, "[::ffff:a9fe:a9fe]:80", false},
		{shut, "[::1]:80", false},
		{shut, "[::]:80", false},
		{shut, "0.0.0.0:80", false},
		{shut, "168.63.129.16:80", false},
		{shut, "[fe80::1%eth0]:80", false},
		{shut, "[64:ff9b::7f00:1]:80", false},
		{shut, "[2002:7f00:1::]:80", false},
		{shut, "[2001:0:1::]:80", false},
		{shut, "255.255.255.255:80", false},
		{open, "10.0.0.5:9000", true},
		{open, "[::ffff:10.0.0.5]:9000", true},
		{open, "10.0.0.6:80", false},
		{open, "192.168.7.200:1", true},
		{open, "192.168.8.1:80", false},
		{open, "[fd00:1::7%eth0]:5000", true},
		{open, "[fd00:1:0:1::7]:80", false},
		{open, "93.184.215.14:22", true},
		{open, "93.184.215.15:22", false},
	} {
		err := test.policy.Check(netip.MustParseAddrPort(test.to))
		if (err == nil) != test.want {
			t.Errorf("Check(%s) = %v, want allowed %v", test.to, err, test.want)
		}
		if err != nil && (!problem.Has(err, problem.SourceForbidden) || strings.Contains(err.Error(), netip.MustParseAddrPort(test.to).Addr().String())) {
			t.Errorf("Check(%s) = %v: want source-forbidden that does not name the address", test.to, err)
		}
	}
	if shut.Check(netip.AddrPort{}) == nil {
		t.Error("the zero address is let through")
	}
}

// TestCheckAgainstOracle compares with an independent list, generated from the registries,
// over a million random addresses (oracleCount), half of them near the edge of a special range.
func TestCheckAgainstOracle(t *testing.T) {
	azure := prefixes(t, "168.63.129.16/32") // in no registry
	oracle := ssrf.New(ssrf.WithDeniedV4Prefixes(azure...))
	edges := append(append(append([]netip.Prefix{ssrf.IPv6GlobalUnicast}, ssrf.IPv4DeniedPrefixes...), ssrf.IPv6DeniedPrefixes...), special[:]...)
	random := rand.New(rand.NewPCG(2, 7))
	allowed, differences := 0, 0
	compare := func(addr netip.Addr) {
		ours := public(addr)
		theirs := oracle.SafeAddr(addr) == nil
		if ours {
			allowed++
		}
		if ours != theirs {
			differences++
			t.Errorf("%v: allowed %v, the oracle says %v", addr, ours, theirs)
		}
	}
	const count = oracleCount
	for i := 0; i < count && differences < 20; i++ {
		switch i % 4 {
		case 0:
			compare(netip.AddrFrom4([4]byte(randomBytes(random, 4))))
		case 1:
			b := [16]byte(randomBytes(random, 16))
			b[0] = 0x20 | b[0]&0x1f
			compare(netip.AddrFrom16(b))
		default:
			compare(nearEdge(random, edges[random.IntN(len(edges))]))
		}
	}
	if allowed < count/4 || allowed > count*3/4 {
		t.Errorf("%d of %d allowed: the sample tests one side only", allowed, count)
	}
}

func randomBytes(random *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

// nearEdge is an address in p, or next to it, with all bits after the prefix 0, 1 or random.
func nearEdge(random *rand.Rand, p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	noise := randomBytes(random, len(b))
	kind := random.IntN(4)
	for bit := p.Bits(); bit < len(b)*8; bit++ {
		mask := byte(0x80) >> (bit % 8)
		if kind >= 2 && noise[bit/8]&mask != 0 || kind == 1 {
			b[bit/8] |= mask
		}
	}
	addr, _ := netip.AddrFromSlice(b)
	switch {
	case kind == 0 && random.IntN(2) == 0 && addr.Prev().IsValid():
		return addr.Prev()
	case kind == 1 && random.IntN(2) == 0 && addr.Next().IsValid():
		return addr.Next()
	}
	return addr
}

// odd are spellings that some system resolvers take for 127.0.0.1 or another inner host.
func odd() names {
	zone := names{
		"mapped.test":     always("::ffff:127.0.0.1"),
		"six.test":        always("::1"),
		"ula.test":        always("fd00:ec2::254"),
		"linklocal.test":  always("fe80::1"),
		"nat64.test":      always("64:ff9b::a9fe:a9fe"),
		"sixtofour.test":  always("2002:a9fe:a9fe::1"),
		"teredo.test":     always("2001:0:53aa:64c::1"),
		"two.test":        always("10.0.0.1", "fd00::1"),
		"azure.test":      always("168.63.129.16"),
		"metadata.test":   always("169.254.169.254"),
		"alibaba.test":    always("100.100.100.200"),
		"zero.test":       always("0.0.0.0"),
		"broadcast.test":  always("255.255.255.255"),
		"public.test":     always("93.184.215.14"),
		"public-six.test": always("2606:2800:21f:cb07:6820:80da:af6b:8b2c"),
	}
	for _, name := range []string{"0x7f.1", "0x7f000001", "127.0.0.1.nip.test", "localtest.test"} {
		zone[name] = always("127.0.0.1")
	}
	return zone
}

// TestHostileURLs sends each URL through the whole client, up to the point where a packet
// would leave.
func TestHostileURLs(t *testing.T) {
	forbidden := []string{
		"http://127.0.0.1/", "http://127.0.0.1:8080/", "http://127.255.255.254/", "http://0.0.0.0/", "http://0.0.0.0:8443/",
		"http://localhost/", "http://LOCALHOST:8080/", "http://[::1]/", "http://[::]/", "http://[::ffff:127.0.0.1]/",
		"http://[::ffff:7f00:1]/", "http://[0:0:0:0:0:ffff:127.0.0.1]/", "http://[::127.0.0.1]/", "http://[::ffff:0:7f00:1]/",
		"http://10.0.0.1/", "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.0.1/", "http://169.254.169.254/latest/meta-data/",
		"http://[::ffff:169.254.169.254]/", "http://[fd00:ec2::254]/", "http://100.64.0.1/", "http://100.100.100.200/",
		"http://192.0.0.192/opc/v2/", "http://198.18.0.1/", "http://224.0.0.1/", "http://240.0.0.1/", "http://255.255.255.255/",
		"http://[fe80::1]/", "http://[fe80::1%25eth0]/", "http://[fc00::1]/", "http://[ff02::1]/", "http://[64:ff9b::7f00:1]/",
		"http://[64:ff9b:1::1]/", "http://[2002:7f00:1::]/", "http://[2001::1]/", "http://[2001:db8::1]/", "http://[3fff::1]/", "http://[100::1]/",
		"http://2130706433/", "http://017700000001/", "http://127.1/", "http://127.0.1/", "http://0177.0.0.1/", "http://127.00.00.01/",
		"http://0x7f.1/", "http://0x7f000001/", "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://127.0.0.1.nip.test/",
		"http://mapped.test/", "http://six.test/", "http://ula.test/", "http://linklocal.test/", "http://nat64.test/",
		"http://sixtofour.test/", "http://teredo.test/", "http://two.test/", "http://azure.test/machine", "http://metadata.test/",
		"http://alibaba.test/", "http://zero.test/", "http://broadcast.test/", "http://168.63.129.16/",
		"http://public.test@127.0.0.1/", "http://public.test:80@localtest.test/", "http://127.0.0.1#@public.test/", "http://127.0.0.1?@public.test/",
		"https://127.0.0.1/", "HTTP://127.0.0.1/",
		"http://public.test:22/", "http://public.test:6379/", "http://public.test:0/", "http://public-six.test:25/", "http://93.184.215.14:11211/",
	}
	// What is no address in any spelling is left to the resolver.
	unresolved := []string{"http://4294967296/", "http://127.0.0.0.1/", "http://08/", "http://127.1.test/"}
	invalid := []string{
		"", "file:///etc/passwd", "FILE:/etc/passwd", "gopher://127.0.0.1:6379/_FLUSHALL", "ftp://public.test/x", "dict://127.0.0.1:11211/stat",
		"data:image/png;base64,AAAA", "javascript:alert(1)", "//127.0.0.1/x", "/etc/passwd", "127.0.0.1", "http:127.0.0.1", "http:///x", "http://",
		"http://:80/", "http://127.0.0.1\\@public.test/", "http://public.test\\.evil/", "http://pub lic.test/", "http://public.test:99999999999999999999/x\x00",
		"http://public.test/\r\nX: y", "http://[::1", "http://[127.0.0.1/", "jar:http://public.test!/x", "unix:///run/docker.sock", "http+unix://%2Frun/x",
		" http://127.0.0.1/", "http://public.test/" + strings.Repeat("a", maxURL),
	}
	client := sealed(Policy{Resolver: odd().resolver()})
	check := func(url string, want problem.Code) {
		_, err := client.Fetch(t.Context(), Request{URL: url}, io.Discard)
		if cause := problem.From(err).Cause(); !problem.Has(err, want) || cause != nil && strings.Contains(cause.Error(), wouldDial) {
			t.Errorf("%q: %v (%v), want %s", url, err, problem.From(err).Cause(), want)
		}
	}
	for _, url := range forbidden {
		check(url, problem.SourceForbidden)
	}
	for _, url := range unresolved {
		check(url, problem.SourceFailed)
	}
	for _, url := range invalid {
		check(url, problem.OptionsInvalid)
	}
	if n := len(forbidden) + len(unresolved) + len(invalid); n < 60 {
		t.Errorf("only %d URLs", n)
	}
	// The other way round, so that the test would notice a client that refuses everything.
	for _, url := range []string{"http://public.test/", "https://public-six.test:8443/", "http://93.184.215.14/", "http://user:pass@public.test:8080/"} {
		_, err := client.Fetch(t.Context(), Request{URL: url}, io.Discard)
		if cause := problem.From(err).Cause(); cause == nil || !strings.Contains(cause.Error(), wouldDial) {
			t.Errorf("%q: %v (%v), want it let through", url, err, cause)
		}
	}
}
