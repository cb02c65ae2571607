package storagetest

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"compressor/internal/storage"
	"compressor/internal/storage/transfer"
)

func testSizes(t *testing.T, b *Bench) {
	bucket := b.open(t, Setup{})
	for i, size := range []int64{0, 1, 1 << 20, transfer.Small, transfer.Small + 1, 40<<20 + 7} {
		key, body := fmt.Sprintf("sizes/%d.bin", size), Body(t, size, uint64(i))
		if w := put(t, bucket, storage.Object{Key: key}, body); w.ETag == "" || len(w.Notes) > 0 {
			t.Errorf("%d bytes: written as %+v", size, w)
		}
		b.holds(t, key, body)
		info, sum, n, err := read(t.Context(), bucket, key)
		if err != nil || sum != body.Sum || n != size || info.Size != size || info.Key != key || info.ETag == "" || info.Changed.IsZero() {
			t.Errorf("%d bytes: read %d of sum %x, %+v, %v", size, n, sum, info, err)
		}
	}
	b.settled(t)
}

func testNames(t *testing.T, b *Bench) {
	bucket := b.open(t, Setup{})
	body := Body(t, 100, 1)
	for _, key := range []string{
		"a", "with blank.png", "plus+plus", "per%20cent%", "ümläut/日本語/🜁.png", "q?x=1&y=2", "hash#tag", "semi;colon:at@dollar$",
		"quo'te\"s", "back\\slash", "deep/er/and/deep/er/still/" + strings.Repeat("n", 200), "(brackets)[x]{y}<z>", "~tilde.-_*!|^`",
	} {
		if b.Can.Slashes && strings.Contains(key, "\\") {
			continue
		}
		put(t, bucket, storage.Object{Key: key}, body)
		b.holds(t, key, body)
		if info, sum, _, err := read(t.Context(), bucket, key); err != nil || sum != body.Sum || info.Key != key {
			t.Errorf("%q: read %+v, %v", key, info, err)
		}
		var listed []string
		err := bucket.List(t.Context(), key, "", func(i storage.Info) error {
			listed = append(listed, i.Key)
			return nil
		})
		if err != nil || len(listed) != 1 || listed[0] != key {
			t.Errorf("%q: listed %q, %v", key, listed, err)
		}
		if err := bucket.Remove(t.Context(), key); err != nil {
			t.Errorf("%q: removed: %v", key, err)
		}
		b.nothing(t, key)
	}
}

func testOverwrite(t *testing.T, b *Bench) {
	bucket := b.open(t, Setup{})
	for i, size := range []int64{100, transfer.Small + 5, 7} {
		body := Body(t, size, uint64(i))
		put(t, bucket, storage.Object{Key: "over/written"}, body)
		b.holds(t, "over/written", body)
	}
}

func testKeep(t *testing.T, b *Bench) {
	bucket := b.open(t, Setup{})
	for i, size := range []int64{100, transfer.Small + 5} {
		key, body := fmt.Sprintf("kept-%d", size), Body(t, size, uint64(i))
		o := storage.Object{Key: key, MIME: "image/png", Keep: true}
		if w := put(t, bucket, o, body); b.Can.Keeps && len(w.Notes) > 0 || !b.Can.Keeps && len(w.Notes) != 1 {
			t.Errorf("%d bytes: notes %q", size, w.Notes)
		}
		b.holds(t, key, body)
		for _, second := range []int64{50, transfer.Small + 9} {
			_, err := bucket.Put(t.Context(), o, Body(t, second, 99))
			fails(t, err, storage.Exists)
			b.holds(t, key, body)
		}
	}
	b.settled(t)
}

// testKeepRace: of many that write at once, one wins, and knows.
func testKeepRace(t *testing.T, b *Bench) {
	if !b.Can.Keeps {
		t.Skip("the provider cannot refuse to overwrite")
	}
	bucket := b.open(t, Setup{})
	var wait sync.WaitGroup
	won := make(chan int, 8)
	for i := range 8 {
		body := Body(t, 1000, uint64(i))
		wait.Go(func() {
			_, err := bucket.Put(t.Context(), storage.Object{Key: "race", MIME: "image/png", Keep: true}, body)
			switch {
			case err == nil:
				won <- i
			case !storage.Is(err, storage.Exists, storage.Busy): // S3 answers 409 to one that comes too close
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	wait.Wait()
	close(won)
	var winners []int
	for i := range won {
		winners = append(winners, i)
	}
	if len(winners) != 1 {
		t.Fatalf("%d have written: %v", len(winners), winners)
	}
	b.holds(t, "race", Body(t, 1000, uint64(winners[0])))
}

// testProperties: all that is said of an object arrives, in one request and in parts.
func testProperties(t *testing.T, b *Bench) {
	bucket := b.open(t, Setup{})
	for i, size := range []int64{100, transfer.Small + 5} {
		o := storage.Object{Key: fmt.Sprintf("properties-%d", size), MIME: "image/webp", Headers: map[string]string{}}
		for _, name := range b.Can.Headers {
			o.Headers[name] = map[string]string{
				"Cache-Control": "public, max-age=86400", "Content-Disposition": `attachment; filename="a b.webp"`,
				"Content-Encoding": "x-test", "Content-Language": "de-CH, en", "Content-Type": "image/x-other",
				"Expires": "Wed, 01 Dec 2027 16:00:00 GMT",
			}[name]
		}
		if b.Can.Metadata {
			o.Metadata = map[string]string{"origin": "a camera, of 1998", "weight": "12"}
		}
		if b.Can.Tags {
			o.Tags = map[string]string{"team": "web + print", "cost/centre": "4+2=6"}
		}
		o.Class = b.Can.Class
		body := Body(t, size, uint64(i))
		put(t, bucket, o, body)
		s := b.holds(t, o.Key, body)
		if b.Can.Folder {
			continue
		}
		for name, want := range o.Headers {
			if s.Headers[name] != want {
				t.Errorf("%d bytes: %s is %q, want %q", size, name, s.Headers[name], want)
			}
		}
		if !maps.Equal(s.Metadata, o.Metadata) || !maps.Equal(s.Tags, o.Tags) || s.Class != o.Class {
			t.Errorf("%d bytes: metadata %v, tags %v, class %q; want %v, %v, %q", size, s.Metadata, s.Tags, s.Class, o.Metadata, o.Tags, o.Class)
		}
		info, _, _, err := read(t.Context(), bucket, o.Key)
		if err != nil || !maps.Equal(info.Metadata, o.Metadata) {
			t.Errorf("%d bytes: read metadata %v, %v", size, info.Metadata, err)
		}
	}
	o := storage.Object{Key: "plain", MIME: "image/avif"}
	put(t, bucket, o, Body(t, 10, 3))
	if s, _ := b.Look(t, "plain"); !b.Can.Folder && s.Headers["Content-Type"] != "image/avif" {
		t.Errorf("Content-Type %q", s.Headers["Content-Type"])
	}
}

func testACL(t *testing.T, b *Bench) {
	bucket := b.open(t, Setup{})
	for i, size := range []int64{100, transfer.Small + 5} {
		body := Body(t, size, uint64(i))
		for _, acl := range []storage.ACL{storage.PublicRead, storage.Private} {
			for _, named := range []bool{true, false} {
				o := storage.Object{Key: fmt.Sprintf("acl-%d-%s-%v", size, acl, named), MIME: "image/png", ACL: acl, ACLNamed: named}
				w, err := bucket.Put(t.Context(), o, body)
				if b.Can.Refuses && named {
					fails(t, err, storage.ACLRefused)
					b.nothing(t, o.Key)
					continue
				}
				if err != nil {
					t.Fatalf("%s: %v", o.Key, err)
				}
				s := b.holds(t, o.Key, body)
				if b.Can.ACL && s.ACL != acl {
					t.Errorf("%s: seen %q", o.Key, s.ACL)
				}
				if b.Can.NoACL != (len(w.Notes) == 1) {
					t.Errorf("%s: notes %q", o.Key, w.Notes)
				}
			}
		}
	}
	b.settled(t)
}

func testRemove(t *testing.T, b *Bench) {
	bucket := b.open(t, Setup{})
	put(t, bucket, storage.Object{Key: "gone/soon"}, Body(t, 10, 1))
	put(t, bucket, storage.Object{Key: "gone/later"}, Body(t, 10, 2))
	for range 2 {
		if err := bucket.Remove(t.Context(), "gone/soon"); err != nil {
			t.Error(err)
		}
		b.nothing(t, "gone/soon")
	}
	b.holds(t, "gone/later", Body(t, 10, 2))
	_, _, err := bucket.Open(t.Context(), "gone/soon")
	fails(t, err, storage.NoObject)
	if err := bucket.Remove(t.Context(), "never/was"); err != nil {
		t.Error(err)
	}
}

// testAtOnce: one Bucket serves many.
func testAtOnce(t *testing.T, b *Bench) {
	bucket := b.open(t, Setup{})
	var wait sync.WaitGroup
	for i := range 20 {
		body := Body(t, int64(1000*i), uint64(i))
		wait.Go(func() {
			key := fmt.Sprintf("at/once/%d", i)
			if _, err := bucket.Put(t.Context(), storage.Object{Key: key, MIME: "image/png"}, body); err != nil {
				t.Error(err)
				return
			}
			if _, sum, _, err := read(t.Context(), bucket, key); err != nil || sum != body.Sum {
				t.Errorf("%s: sum %x, %v", key, sum, err)
			}
		})
	}
	wait.Wait()
}
