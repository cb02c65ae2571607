package storagetest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"compressor/internal/egress"
	"compressor/internal/storage"
	"compressor/internal/storage/transfer"
)

// sizes are one that goes in a request and one that goes in parts.
func sizes() []int64 { return []int64{1 << 20, transfer.Small + 1<<20} }

// everything calls each method once and returns the errors of put, read, list and remove.
func everything(t *testing.T, b storage.Bucket) (errs [4]error) {
	t.Helper()
	_, errs[0] = b.Put(t.Context(), storage.Object{Key: "key", MIME: "image/png"}, Body(t, 10, 1))
	_, _, errs[1] = b.Open(t.Context(), "key")
	errs[2] = b.List(t.Context(), "", "", func(storage.Info) error { return nil })
	errs[3] = b.Remove(t.Context(), "key")
	return errs
}

func testMissing(t *testing.T, b *Bench) {
	errs := everything(t, b.open(t, Setup{Bucket: "no-such-bucket"}))
	fails(t, errs[0], storage.NoBucket)
	fails(t, errs[1], storage.NoBucket, storage.NoObject) // some tell only that it is not there
	fails(t, errs[2], storage.NoBucket)
	if errs[3] != nil {
		fails(t, errs[3], storage.NoBucket)
	}
	_, err := b.open(t, Setup{Bucket: "no-such-bucket"}).Put(t.Context(), storage.Object{Key: "k", MIME: "image/png"}, Body(t, transfer.Small+1, 1))
	fails(t, err, storage.NoBucket)
}

func testWrongKey(t *testing.T, b *Bench) {
	if !b.Can.Keys {
		t.Skip("the server takes any credentials")
	}
	bucket := b.open(t, Setup{WrongKey: true})
	errs := everything(t, bucket)
	for _, err := range errs {
		f := fails(t, err, storage.BadKey, storage.Denied)
		if f.Retry() {
			t.Errorf("%v would be tried again", f)
		}
	}
	// A look, which may get an answer without a body, is told the same as a write.
	want := fails(t, errs[0], storage.BadKey, storage.Denied)
	_, looked := bucket.Stat(t.Context(), "key")
	_, kept := bucket.Put(t.Context(), storage.Object{Key: "key", MIME: "image/png", Keep: true}, Body(t, 10, 1))
	for _, err := range []error{looked, kept} {
		if f := fails(t, err, want.Reason); f.Code != want.Code {
			t.Errorf("%v; a write was told %v", f, want)
		}
	}
	b.nothing(t, "key")
}

// testForbidden: no driver has a way out but the client it is given.
func testForbidden(t *testing.T, b *Bench) {
	for _, err := range everything(t, b.open(t, Setup{Client: egress.Storage(egress.Policy{})})) {
		fails(t, err, storage.Forbidden)
	}
}

func testSlow(t *testing.T, b *Bench) {
	p := NewProxy(t, b.Endpoint, always(Hang, func(*http.Request) bool { return true }))
	s := Setup{Endpoint: p.URL, Client: Client(egress.Policy{Idle: 200 * time.Millisecond}), Tries: transfer.Tries{Most: 2, First: time.Millisecond, Longest: time.Second}}
	for i, err := range everything(t, b.open(t, s)) {
		if f := fails(t, err, storage.Slow); f.Doing != []string{"write", "read", "list", "remove"}[i] {
			t.Errorf("doing %q", f.Doing)
		}
	}
}

// testBusy: a store that asks for more time than there is has its wish passed on.
func testBusy(t *testing.T, b *Bench) {
	p := NewProxy(t, b.Endpoint, always(Refuse, func(*http.Request) bool { return true }))
	for _, err := range everything(t, b.open(t, Setup{Endpoint: p.URL})) {
		if f := fails(t, err, storage.Busy); f.After != time.Hour || f.Status != http.StatusServiceUnavailable {
			t.Errorf("after %v, status %d", f.After, f.Status)
		}
	}
	if n := len(p.Requests()); n > 4 {
		t.Errorf("%d requests for 4 operations", n)
	}
}

// testDies: a connection that breaks is made anew, and what was cut short is sent whole.
func testDies(t *testing.T, b *Bench) {
	for i, size := range sizes() {
		for _, matches := range []func(*http.Request) bool{uploads, func(*http.Request) bool { return true }} {
			p := NewProxy(t, b.Endpoint, once(Cut, matches))
			body := Body(t, size, uint64(i))
			put(t, b.open(t, Setup{Endpoint: p.URL}), storage.Object{Key: "dies"}, body)
			b.holds(t, "dies", body)
		}
	}
	b.settled(t)
}

func testDiesForGood(t *testing.T, b *Bench) {
	for i, size := range sizes() {
		p := NewProxy(t, b.Endpoint, always(Cut, uploads))
		_, err := b.open(t, Setup{Endpoint: p.URL}).Put(t.Context(), storage.Object{Key: "dies", MIME: "image/png"}, Body(t, size, uint64(i)))
		fails(t, err, storage.Unreachable)
		b.nothing(t, "dies")
	}
}

// testLostAnswer: what was written although the answer was lost is not taken for another's.
func testLostAnswer(t *testing.T, b *Bench) {
	for i, size := range sizes() {
		for _, keep := range []bool{false, true} {
			lost := 0
			p := NewProxy(t, b.Endpoint, func(r *http.Request) Verdict {
				if changes(r) && lastOf(r, size) && lost == 0 {
					lost++
					return Lose
				}
				return Pass
			})
			key, body := fmt.Sprintf("lost-%v", keep), Body(t, size, uint64(i))
			bucket := b.open(t, Setup{Endpoint: p.URL})
			if err := bucket.Remove(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			if w := put(t, bucket, storage.Object{Key: key, Keep: keep}, body); lost != 1 || w.ETag == "" {
				t.Errorf("%d bytes: %d answers lost, written as %+v", size, lost, w)
			}
			b.holds(t, key, body)
		}
	}
	b.settled(t)
}

// testWatched: who watches learns of the try that failed, and of every byte of a large object
// once.
func testWatched(t *testing.T, b *Bench) {
	body := Body(t, transfer.Small+1<<20, 1)
	p := NewProxy(t, b.Endpoint, once(Cut, uploads))
	var mu sync.Mutex
	var sent int64
	var failed []storage.Reason
	ctx := storage.Watch(t.Context(), storage.Watcher{
		Sent: func(bytes int64) {
			mu.Lock()
			defer mu.Unlock()
			sent += bytes
		},
		Failed: func(f *storage.Fault, try int, _ time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			if failed = append(failed, f.Reason); try != 1 {
				t.Errorf("try %d", try)
			}
		},
	})
	_, err := b.open(t, Setup{Endpoint: p.URL}).Put(ctx, storage.Object{Key: "watched", MIME: "image/png"}, body)
	if err != nil || sent != body.Size || len(failed) != 1 || failed[0] != storage.Unreachable {
		t.Errorf("%v, %d bytes of %d, failed: %v", err, sent, body.Size, failed)
	}
	b.holds(t, "watched", body)
}

// changes says whether a request may make or change an object.
func changes(r *http.Request) bool { return r.Method == http.MethodPut || r.Method == http.MethodPost }

// lastOf says whether a request makes an object of that size visible.
func lastOf(r *http.Request, size int64) bool {
	q := r.URL.Query()
	switch {
	case size <= transfer.Small:
		return uploads(r)
	case q.Has("partNumber"), q.Has("uploads"), q.Get("comp") == "block":
		return false
	case q.Has("uploadId"), q.Get("comp") == "blocklist": // of S3 and of Azure
		return !q.Has("upload_id") || r.Method == http.MethodPost
	}
	return q.Has("upload_id") && r.ContentLength == size-transfer.Small // of Google
}

func testCorrupted(t *testing.T, b *Bench) {
	if !b.Can.Digests {
		t.Skip("the server does not check what arrives")
	}
	for i, size := range sizes() {
		body := Body(t, size, uint64(i))
		p := NewProxy(t, b.Endpoint, once(Spoil, uploads))
		put(t, b.open(t, Setup{Endpoint: p.URL}), storage.Object{Key: "spoiled-once"}, body)
		b.holds(t, "spoiled-once", body)

		p = NewProxy(t, b.Endpoint, always(Spoil, uploads))
		_, err := b.open(t, Setup{Endpoint: p.URL}).Put(t.Context(), storage.Object{Key: "spoiled", MIME: "image/png"}, body)
		fails(t, err, storage.Corrupted)
		b.nothing(t, "spoiled")
	}
}

// testCancel: whoever is told to stop does so at once, and leaves nothing behind.
func testCancel(t *testing.T, b *Bench) {
	why := errors.New("told to stop")
	for i, size := range sizes() {
		reached := make(chan struct{})
		seen := sync.OnceFunc(func() { close(reached) })
		count := 0
		p := NewProxy(t, b.Endpoint, func(r *http.Request) Verdict {
			if uploads(r) {
				if count++; size <= transfer.Small || count == 2 {
					seen()
					return Hang
				}
			}
			return Pass
		})
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			<-reached
			cancel(why)
		}()
		_, err := b.open(t, Setup{Endpoint: p.URL}).Put(ctx, storage.Object{Key: "cancelled", MIME: "image/png"}, Body(t, size, uint64(i)))
		if !errors.Is(err, why) {
			t.Errorf("%d bytes: %v", size, err)
		}
		b.nothing(t, "cancelled")
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if _, _, err := b.open(t, Setup{}).Open(ctx, "key"); !errors.Is(err, why) {
		t.Errorf("open: %v", err)
	}
	if err := b.open(t, Setup{}).List(ctx, "", "", nil); !errors.Is(err, why) {
		t.Errorf("list: %v", err)
	}
}

// testReadDies: an object that does not come whole is a fault, never a short file.
func testReadDies(t *testing.T, b *Bench) {
	body := Body(t, 1<<20, 1)
	put(t, b.open(t, Setup{}), storage.Object{Key: "short"}, body)
	p := NewProxy(t, b.Endpoint, once(Short, about("short")))
	bucket := b.open(t, Setup{Endpoint: p.URL})
	_, _, n, err := read(t.Context(), bucket, "short")
	fails(t, err, storage.Unreachable)
	if n >= body.Size {
		t.Errorf("%d bytes read", n)
	}
	if _, sum, _, err := read(t.Context(), bucket, "short"); err != nil || sum != body.Sum {
		t.Errorf("again: %v", err)
	}
}
