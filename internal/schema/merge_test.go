package schema

import (
	"encoding/json"
	"testing"

	"compressor/internal/problem"
)

func TestLay(t *testing.T) {
	for _, c := range []struct{ own, defaults, want string }{
		{`{}`, `{}`, `{}`},
		{`{}`, `{"a":{"x":1}}`, `{"a":{"x":1}}`},
		{`{"a":2}`, `{"a":1,"b":3}`, `{"a":2,"b":3}`},
		{`{"a":{"x":2}}`, `{"a":{"x":1,"y":1}}`, `{"a":{"x":2,"y":1}}`},
		{`{"a":{"x":null}}`, `{"a":{"x":1}}`, `{"a":{"x":null}}`},
		{`{"a":null}`, `{"a":{"x":1}}`, `{"a":null}`},
		{`{"a":{"r":{"w":1}}}`, `{"a":{"r":{"h":2},"q":1}}`, `{"a":{"r":{"w":1},"q":1}}`},
		{`{"a":[1]}`, `{"a":{"x":1}}`, `{"a":[1]}`},
		{`{"a":{"x":1}}`, `{"a":7}`, `{"a":{"x":1}}`},
		{`{"a":1,"a":2}`, `{"b":0}`, `{"a":1,"a":2,"b":0}`},
		{`{"ä\"":1}`, `{"ä\"":{"x":2}}`, `{"ä\"":1}`},
	} {
		own, err := Members([]byte(c.own))
		if err != nil {
			t.Fatal(err)
		}
		defaults, err := Members([]byte(c.defaults))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(Hash(Lay(own, defaults))); got != c.want {
			t.Errorf("%s over %s is %s, want %s", c.own, c.defaults, got, c.want)
		}
		if again := string(Hash(own)); again != c.own {
			t.Errorf("own became %s", again)
		}
	}
	for _, bad := range []string{``, `[]`, `7`, `{`, `{"a":1}{}`, "{\"a\":\"\xff\"}", `null`} {
		if _, err := Members([]byte(bad)); !problem.Has(err, problem.BodyNotJSON) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// FuzzLay: whatever two hashes hold, the outcome is a hash, with the names of both.
func FuzzLay(f *testing.F) {
	f.Add(`{"a":{"x":1},"a":2}`, `{"a":{"y":[{}]},"b":"\u00e4"}`)
	f.Fuzz(func(t *testing.T, a, b string) {
		own, err := Members([]byte(a))
		if err != nil {
			return
		}
		defaults, err := Members([]byte(b))
		if err != nil {
			return
		}
		text := Hash(Lay(own, defaults))
		got, err := Members(text)
		if err != nil || !json.Valid(text) {
			t.Fatalf("%q over %q is %q: %v", a, b, text, err)
		}
		names := map[string]bool{}
		for _, m := range got {
			names[m.Name] = true
		}
		for _, m := range append(own, defaults...) {
			if !names[m.Name] {
				t.Fatalf("%q over %q lost %q", a, b, m.Name)
			}
		}
	})
}
