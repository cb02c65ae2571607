package egress

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// names answers the n-th A or AAAA query for a name, counted from 0 and apart by type.
// The addresses of the other family are left out of a reply.
type names map[string]func(n int) []string

func always(addresses ...string) func(int) []string {
	return func(int) []string { return addresses }
}

// resolver is a DNS server inside the process: no query of a test leaves the machine.
func (z names) resolver() *net.Resolver {
	type question struct {
		name string
		kind dnsmessage.Type
	}
	counts := map[question]*atomic.Int64{}
	for name := range z {
		for _, kind := range []dnsmessage.Type{dnsmessage.TypeA, dnsmessage.TypeAAAA} {
			counts[question{name, kind}] = new(atomic.Int64)
		}
	}
	answer := func(q dnsmessage.Question) ([]string, bool) {
		name := strings.ToLower(strings.TrimSuffix(q.Name.String(), "."))
		count, known := counts[question{name, q.Type}]
		if !known {
			return nil, false
		}
		return z[name](int(count.Add(1) - 1)), true
	}
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe() // no PacketConn, so the resolver speaks DNS over TCP
		go func() {
			defer server.Close()
			for serveDNS(server, answer) == nil {
			}
		}()
		return client, nil
	}}
}

func serveDNS(conn net.Conn, answer func(dnsmessage.Question) ([]string, bool)) error {
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return err
	}
	query := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(conn, query); err != nil {
		return err
	}
	var message dnsmessage.Message
	if err := message.Unpack(query); err != nil || len(message.Questions) != 1 {
		return errors.New("not one question")
	}
	q := message.Questions[0]
	reply := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: message.ID, Response: true, RecursionAvailable: true},
		Questions: message.Questions,
	}
	addresses, known := answer(q)
	if !known {
		reply.RCode = dnsmessage.RCodeNameError
	}
	for _, text := range addresses {
		addr := netip.MustParseAddr(text)
		header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: dnsmessage.ClassINET}
		switch {
		case addr.Is4() && q.Type == dnsmessage.TypeA:
			reply.Answers = append(reply.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: addr.As4()}})
		case addr.Is6() && q.Type == dnsmessage.TypeAAAA:
			reply.Answers = append(reply.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: addr.As16()}})
		}
	}
	packed, err := reply.Pack()
	if err != nil {
		return err
	}
	_, err = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(packed))), packed...))
	return err
}

const wouldDial = "the check let this address through"

// sealed is a client with the real dialler and check, behind which nothing is dialled:
// what the check lets through fails with wouldDial.
func sealed(p Policy) *Client {
	p = p.complete()
	return newClient(p, p.dialer(func(ctx context.Context, network, address string, conn syscall.RawConn) error {
		if err := p.control(ctx, network, address, conn); err != nil {
			return err
		}
		return errors.New(wouldDial)
	}).DialContext)
}

// piped is a client whose connections end in serve, with no socket in between, so that
// it can live in a bubble of testing/synctest. serve may read conn to wait for its end.
func piped(p Policy, serve func(r *http.Request, conn net.Conn)) *Client {
	return newClient(p.complete(), func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			if r, err := http.ReadRequest(bufio.NewReader(server)); err == nil {
				serve(r, server)
			}
		}()
		return client, nil
	})
}

// says is a serve function that writes one raw reply and closes.
func says(reply string) func(*http.Request, net.Conn) {
	return func(_ *http.Request, conn net.Conn) { io.WriteString(conn, reply) }
}

// hangUp waits until the other side has closed.
func hangUp(conn net.Conn) { io.Copy(io.Discard, conn) }

func prefixes(t testing.TB, list ...string) []netip.Prefix {
	t.Helper()
	var parsed []netip.Prefix
	for _, text := range list {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, p)
	}
	return parsed
}
