// Package egress is the only way out to the network. It fetches what a stranger names
// without letting that stranger reach anything but the public internet: every address is
// checked after name resolution, at the moment of dialling, on every redirect. It bounds
// sizes and times, and keeps credentials out of foreign hosts, logs and errors.
package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"
)

// Defaults of Policy, used where a field is zero: a forgotten field never means "no limit".
const (
	DefaultMaxBytes     = 8 << 30
	DefaultConnect      = 10 * time.Second
	DefaultIdle         = 30 * time.Second
	DefaultTotal        = time.Hour
	DefaultMaxRedirects = 5
	DefaultUserAgent    = "Compressor/1.0"

	maxResponseHeader = 64 << 10
	copyBuffer        = 64 << 10
)

// DefaultPorts returns the ports open to public addresses unless a Policy names others.
func DefaultPorts() []uint16 { return []uint16{80, 443, 8080, 8443} }

// Policy says where one purpose (fetch, webhook, storage) may go, and how much and how
// long it may take there. Each purpose has its own, so that opening a private store for
// connectors does not open it for fetches. The zero Policy is the safe one: public
// addresses only.
type Policy struct {
	// Allow opens these prefixes, private ranges too, on any port.
	Allow []netip.Prefix
	// Ports are those that may be dialled at all other, public addresses.
	Ports []uint16
	// MaxBytes is the largest body in bytes.
	MaxBytes int64
	// Connect bounds name resolution plus TCP, and again the TLS handshake.
	Connect time.Duration
	// Idle is the longest wait for the reply's header, or for the next byte of its body.
	Idle time.Duration
	// Total bounds the whole fetch, redirects included.
	Total time.Duration
	// MaxRedirects is the number of redirects followed; negative means none.
	MaxRedirects int
	// UserAgent is sent unless the request names its own.
	UserAgent string
	// Resolver looks names up; nil means the system's.
	Resolver *net.Resolver
	// Roots are the trusted certificate authorities; nil means the system's.
	Roots *x509.CertPool
}

// complete fills the zero fields with the defaults and copies the slices, so that the
// caller cannot change a policy in use.
func (p Policy) complete() Policy {
	p.Allow = unmapped(p.Allow)
	p.Ports = slices.Clone(p.Ports)
	if len(p.Ports) == 0 {
		p.Ports = DefaultPorts()
	}
	p.MaxBytes = positive(p.MaxBytes, DefaultMaxBytes)
	p.Connect = positive(p.Connect, DefaultConnect)
	p.Idle = positive(p.Idle, DefaultIdle)
	p.Total = positive(p.Total, DefaultTotal)
	if p.MaxRedirects == 0 {
		p.MaxRedirects = DefaultMaxRedirects
	}
	p.MaxRedirects = max(p.MaxRedirects, 0)
	if p.UserAgent == "" {
		p.UserAgent = DefaultUserAgent
	}
	return p
}

func positive[T int64 | time.Duration](given, fallback T) T {
	if given > 0 {
		return given
	}
	return fallback
}

// Client fetches under one policy. It holds no connection between requests and may be
// used from many goroutines at once.
type Client struct {
	policy    Policy
	transport http.RoundTripper
}

// New returns a client for the policy; its zero fields take the defaults above.
func New(p Policy) *Client {
	p = p.complete()
	return newClient(p, p.dialer(p.control).DialContext)
}

// dialFunc opens one connection, as net.Dialer.DialContext does.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// newClient is New with another way to dial, for tests. The policy must be complete.
func newClient(p Policy, dial dialFunc) *Client {
	var protocols http.Protocols
	protocols.SetHTTP1(true) // HTTP/2 would add a parser of hostile bytes and gain nothing for one file
	return &Client{policy: p, transport: &http.Transport{
		Proxy:                  nil, // behind a proxy, the check would see the proxy's address only
		DialContext:            dial,
		DisableKeepAlives:      true, // each request dials, so each request is checked
		DisableCompression:     true, // no transparent gzip, so no bomb behind Content-Encoding
		MaxResponseHeaderBytes: maxResponseHeader,
		ResponseHeaderTimeout:  p.Idle,
		TLSHandshakeTimeout:    p.Connect,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: p.Roots},
		ReadBufferSize:         copyBuffer,
		Protocols:              &protocols,
	}}
}

func (p Policy) dialer(control controlFunc) *net.Dialer {
	return &net.Dialer{Timeout: p.Connect, Resolver: p.Resolver, ControlContext: control}
}
