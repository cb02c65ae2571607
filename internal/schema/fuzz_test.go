package schema_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"testing"

	"compressor/internal/problem"
	"compressor/internal/schema"
)

// FuzzDecode checks what must hold for any bytes: no panic; a refusal is one of two
// problems with a bounded number of fields; what is accepted is JSON, keeps the rules of the
// tags, and decodes to the same value again.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"url":"u"}`, `{"url":"u","image":{"format":["jpg","webp"],"resize":{"mode":"fit","width":1,"height":2}}}`,
		`{"url":"u","image":{"compresion":"x","quality":1e9,"notes":{"a":1}}}`, `{"items":[{"url":"a"},{}],"image":{"wait":"5s"}}`,
		`[[[[`, `{"a":{"a":{"a":{}}}}`, `{"url":"\ud800"}`, `{"url":"u","url":"v"}`, `null`,
	} {
		f.Add([]byte(seed))
	}
	s, err := schema.Of(request{}, opts)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second request
		err := s.Decode(data, &first)
		if err != nil {
			var p *problem.Problem
			if !errors.As(err, &p) || len(p.Fields) > 101 {
				t.Fatalf("%q: %v", data, err)
			}
			if p.Code == problem.OptionsInvalid && len(p.Fields) == 0 {
				t.Fatalf("%q: refused without a field", data)
			}
			return
		}
		if !json.Valid(data) {
			t.Fatalf("%q is not JSON, and was taken", data)
		}
		if q := first.Image.Quality; q != nil && (*q < 1 || *q > 100) {
			t.Fatalf("%q: quality %d", data, *q)
		}
		if !slices.Contains([]level{"medium", "high", "ultra", "lossless", "none"}, first.Image.Compression) {
			t.Fatalf("%q: compression %q", data, first.Image.Compression)
		}
		if err := s.Decode(data, &second); err != nil || !reflect.DeepEqual(first, second) {
			t.Fatalf("%q: %+v, then %+v, %v", data, first, second, err)
		}
	})
}
