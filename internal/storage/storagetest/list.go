package storagetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"

	"compressor/internal/storage"
)

// testList goes through more objects than a page of any provider holds, with names whose
// order by bytes is not that of folders or of letters.
func testList(t *testing.T, b *Bench) {
	bucket := b.open(t, Setup{})
	names := []string{"b", "p-/x", "p./x", "p/x", "p0/x", "P/x", "p/X", "p/é", "p/ｚ", "p/𝔷", "p/a/b", "p/a-b", "p/a.b", "p/a b"}
	if b.Can.Nested {
		names = append(names, "p", "p/a")
	}
	for i := range 1100 {
		names = append(names, fmt.Sprintf("p/many/%c/%04d", 'a'+i%3, i))
	}
	if b.Fill != nil {
		b.Fill(t, names)
	} else {
		fill(t, bucket, names)
	}
	slices.Sort(names)
	if b.Can.UTF16 {
		slices.SortFunc(names, func(a, b string) int { return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b))) })
	}
	for _, c := range []struct{ prefix, after string }{
		{"", ""}, {"p/", ""}, {"p", ""}, {"p/many/a/0", ""}, {"nothing/", ""}, {"p/many/", "p/many/a/0999"}, {"p/many/", "p/many/b/"},
		{"", "p/a"}, {"p/", "p/a.b"}, {"p/", "a"}, {"p/", "z"}, {"p/m", "p/many/c/1097"}, {"p/many/a/0003", ""}, {"p/many/a/0003", "p/many/a/0003"},
	} {
		var got []string
		err := bucket.List(t.Context(), c.prefix, c.after, func(i storage.Info) error {
			if i.Size != 5 || i.Changed.IsZero() || i.ETag == "" {
				t.Errorf("%+v", i)
			}
			got = append(got, i.Key)
			return nil
		})
		var want []string
		for _, n := range names {
			if strings.HasPrefix(n, c.prefix) && n > c.after {
				want = append(want, n)
			}
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("prefix %q after %q: %d names, %v, first difference %s", c.prefix, c.after, len(got), err, difference(got, want))
		}
	}
	stop, count := errors.New("enough"), 0
	err := bucket.List(t.Context(), "", "", func(storage.Info) error {
		if count++; count == 3 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || count != 3 {
		t.Errorf("stopped after %d: %v", count, err)
	}
}

func difference(got, want []string) string {
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			return fmt.Sprintf("missing %q", want[i])
		case i >= len(want):
			return fmt.Sprintf("too many, %q", got[i])
		case got[i] != want[i]:
			return fmt.Sprintf("%q for %q", got[i], want[i])
		}
	}
	return "none"
}

// fill writes objects of five bytes.
func fill(t *testing.T, bucket storage.Bucket, names []string) {
	t.Helper()
	body := Body(t, 5, 1)
	next := make(chan string)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for name := range next {
				if _, err := bucket.Put(t.Context(), storage.Object{Key: name, MIME: "image/png"}, body); err != nil {
					t.Errorf("put %q: %v", name, err)
				}
			}
		})
	}
	for _, name := range names {
		next <- name
	}
	close(next)
	wait.Wait()
}
