// Package storagetest is the suite that every driver of an object store must pass, against a
// running server of its protocol. A driver's own test makes a bench and calls Run; the suite
// knows no protocol.
package storagetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"time"

	"compressor/internal/blob"
	"compressor/internal/egress"
	"compressor/internal/storage"
	"compressor/internal/storage/transfer"
)

// Bench is a server with an empty bucket, and what a test needs to see of it apart from the
// driver.
type Bench struct {
	Endpoint string // base URL of the server, "" for a folder

	// Open opens the bucket by the driver under test.
	Open func(t *testing.T, s Setup) storage.Bucket

	// Look reads an object by other means than the driver. ok is false where there is none.
	Look func(t *testing.T, key string) (s Seen, ok bool)

	// Unfinished counts the large uploads that were begun and neither completed nor forgotten;
	// nil where nobody can see them.
	Unfinished func(t *testing.T) int

	// Fill makes objects of five bytes by other means than the driver; nil where only the
	// driver can.
	Fill func(t *testing.T, keys []string)

	Can Can
}

// Setup is how a test wants its bucket.
type Setup struct {
	Endpoint string // instead of the server's own, that of a Proxy
	Bucket   string // "" for the bench's
	WrongKey bool
	Client   *http.Client
	Tries    transfer.Tries
}

// Can says what the server shows of an object's properties. What it does not show is listed in
// docs/connectors-requests.md.
type Can struct {
	ACL      bool // Look tells the ACL
	NoACL    bool // the bucket refuses ACLs, or the provider has none to refuse
	Refuses  bool // a named ACL is then a fault
	Class    string
	Tags     bool
	Metadata bool
	Headers  []string
	Keys     bool // there are credentials, and the server checks them
	Digests  bool // the server checks the digest of a body
	Keeps    bool // overwriting is refused by the server itself, not by a look before
	Nested   bool // the name of an object may be the folder of others
	UTF16    bool // lists are sorted by UTF-16, not by bytes
	Slashes  bool // a backslash in a name counts as a slash
	Folder   bool // a folder: no server, and no properties of objects
}

// Seen is an object as Look finds it.
type Seen struct {
	Size     int64
	Sum      [sha256.Size]byte
	ACL      storage.ACL
	Class    string
	Metadata map[string]string
	Headers  map[string]string // Content-Type too
	Tags     map[string]string
}

// Run runs the suite, or only those tests of it that are named. mk returns a fresh bench.
func Run(t *testing.T, mk func(t *testing.T) *Bench, only ...string) {
	for _, c := range []struct {
		name   string
		test   func(*testing.T, *Bench)
		online bool // needs a server
	}{
		{"Sizes", testSizes, false},
		{"Names", testNames, false},
		{"Overwrite", testOverwrite, false},
		{"Keep", testKeep, false},
		{"KeepRace", testKeepRace, false},
		{"Properties", testProperties, false},
		{"ACL", testACL, false},
		{"List", testList, false},
		{"Remove", testRemove, false},
		{"Stat", testStat, false},
		{"AtOnce", testAtOnce, false},
		{"Missing", testMissing, false},
		{"WrongKey", testWrongKey, true},
		{"Forbidden", testForbidden, true},
		{"Slow", testSlow, true},
		{"Busy", testBusy, true},
		{"Dies", testDies, true},
		{"DiesForGood", testDiesForGood, true},
		{"LostAnswer", testLostAnswer, true},
		{"Watched", testWatched, true},
		{"Corrupted", testCorrupted, true},
		{"Cancel", testCancel, true},
		{"ReadDies", testReadDies, true},
	} {
		if len(only) > 0 && !slices.Contains(only, c.name) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			b := mk(t)
			if c.online && b.Can.Folder {
				t.Skip("a folder needs no connection")
			}
			c.test(t, b)
		})
	}
}

// Client is an HTTP client as the service's, that may also dial this machine.
func Client(p egress.Policy) *http.Client {
	p.Allow = append(p.Allow, netip.MustParsePrefix("127.0.0.0/8"))
	return egress.Storage(p)
}

// Quick are tries without the pauses.
func Quick() transfer.Tries {
	return transfer.Tries{Most: 3, First: time.Millisecond, Longest: time.Second}
}

func (b *Bench) open(t *testing.T, s Setup) storage.Bucket {
	t.Helper()
	if s.Client == nil {
		s.Client = Client(egress.Policy{})
		t.Cleanup(s.Client.CloseIdleConnections)
	}
	if s.Tries == (transfer.Tries{}) {
		s.Tries = Quick()
	}
	if s.Endpoint == "" {
		s.Endpoint = b.Endpoint
	}
	return b.Open(t, s)
}

// Body makes a file of so many bytes that do not repeat, the same for the same seed.
func Body(t testing.TB, size int64, seed uint64) blob.Blob {
	t.Helper()
	w, err := blob.NewScratch(t.TempDir()).Create()
	if err != nil {
		t.Fatal(err)
	}
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	if _, err := io.CopyN(w, rand.NewChaCha8(key), size); err != nil {
		t.Fatal(err)
	}
	body, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// put writes and fails the test if that fails.
func put(t *testing.T, b storage.Bucket, o storage.Object, body blob.Blob) storage.Written {
	t.Helper()
	if o.MIME == "" {
		o.MIME = "image/png"
	}
	w, err := b.Put(t.Context(), o, body)
	if err != nil {
		t.Fatalf("put %q of %d bytes: %v, because %v", o.Key, body.Size, err, errors.Unwrap(err))
	}
	return w
}

// holds fails unless the server has exactly these bytes by that name.
func (b *Bench) holds(t *testing.T, key string, body blob.Blob) Seen {
	t.Helper()
	s, ok := b.Look(t, key)
	if !ok || s.Size != body.Size || s.Sum != body.Sum {
		t.Fatalf("%q: found %v, %d bytes of sum %x; want %d of %v", key, ok, s.Size, s.Sum, body.Size, body.Sum)
	}
	return s
}

// nothing fails if the server has anything by that name, or parts of it.
func (b *Bench) nothing(t *testing.T, key string) {
	t.Helper()
	if s, ok := b.Look(t, key); ok {
		t.Errorf("%q: found %d bytes; want nothing", key, s.Size)
	}
	b.settled(t)
}

// settled fails if there are large uploads under way.
func (b *Bench) settled(t *testing.T) {
	t.Helper()
	if b.Unfinished != nil {
		if n := b.Unfinished(t); n != 0 {
			t.Errorf("%d uploads left over", n)
		}
	}
}

// fails is the fault that err must be, for one of these reasons.
func fails(t *testing.T, err error, reasons ...storage.Reason) *storage.Fault {
	t.Helper()
	var f *storage.Fault
	if !errors.As(err, &f) {
		t.Fatalf("%v; want a fault %v", err, reasons)
	}
	if !slices.Contains(reasons, f.Reason) {
		t.Errorf("%v, because %v; want %v", f, errors.Unwrap(f), reasons)
	}
	return f
}

// read reads an object by the driver.
func read(ctx context.Context, b storage.Bucket, key string) (storage.Info, [sha256.Size]byte, int64, error) {
	info, body, err := b.Open(ctx, key)
	if err != nil {
		return info, [sha256.Size]byte{}, 0, err
	}
	defer body.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, body)
	return info, [sha256.Size]byte(sum.Sum(nil)), n, err
}
