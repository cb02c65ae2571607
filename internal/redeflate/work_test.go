package redeflate

import (
	"bytes"
	"compress/flate"
	"context"
	"io"
	"math/rand"
	"slices"
	"testing"
)

// TestWorkIsBounded: however hostile, a position has a bounded number of matches, and a segment
// ends when it has many.
func TestWorkIsBounded(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	var steps []byte
	for i := range 500 {
		steps = append(append(steps, bytes.Repeat([]byte("a"), 250-i%240)...), byte('b'+i%5))
	}
	bits := make([]byte, 50_000)
	for i := range bits {
		bits[i] = byte(r.Intn(2))
	}
	for name, src := range map[string][]byte{"steps": steps, "bits": bits, "zeros": make([]byte, 50_000)} {
		s := &segment{}
		if err := s.fill(context.Background(), newFinder(src), 0, segmentBytes); err != nil {
			t.Fatal(err)
		}
		if len(s.matches) > segmentMatches+maxMatch || len(s.matches) > 60*len(s.src) {
			t.Errorf("%s: %d matches at %d positions", name, len(s.matches), len(s.src))
		}
		for p := range s.src {
			found := s.matches[s.first[p]:s.first[p+1]]
			if !slices.IsSortedFunc(found, func(a, b match) int { return a.length() - b.length() }) {
				t.Fatalf("%s: lengths at %d do not grow", name, p)
			}
			for _, m := range found {
				from := p - m.distance()
				if from < 0 || !bytes.Equal(src[from:][:m.length()], src[p:][:m.length()]) {
					t.Fatalf("%s: at %d no match of %d bytes, %d back", name, p, m.length(), m.distance())
				}
			}
		}
		if name == "zeros" && len(s.matches) > len(src)+2*maxMatch*maxMatch {
			t.Errorf("zeros: %d matches", len(s.matches))
		}
	}
}

// TestSegments: matches reach back over the border of a segment, and nothing is lost there.
func TestSegments(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	part := make([]byte, 700)
	r.Read(part)
	src := append(bytes.Repeat(part, 10), make([]byte, 3000)...)
	for _, most := range []int{999, 1000, 3000, len(src) - 1, len(src)} {
		stream, err := inSegments(context.Background(), nil, src, most)
		if err != nil {
			t.Fatal(err)
		}
		back, err := io.ReadAll(flate.NewReader(bytes.NewReader(stream)))
		if err != nil || !bytes.Equal(back, src) {
			t.Errorf("segments of %d: %d bytes came back as %d others, %v", most, len(src), len(back), err)
		}
		if most >= 999 && len(stream) > 1500 {
			t.Errorf("segments of %d: %d bytes", most, len(stream))
		}
	}
}

// TestCodeLengths: codes are complete (Kraft's sum is one), within their limit, and of least
// cost where the limit does not bind.
func TestCodeLengths(t *testing.T) {
	steep := make([]uint32, 40) // Fibonacci's numbers make the deepest codes
	for i := range steep {
		steep[i] = 1
		if i > 1 {
			steep[i] = steep[i-1] + steep[i-2]
		}
	}
	for _, c := range []struct {
		name    string
		weights []uint32
		limit   int
		want    []uint8 // if known
	}{
		{"none", make([]uint32, 4), 15, []uint8{1, 1, 0, 0}},
		{"one", []uint32{0, 0, 5, 0}, 15, []uint8{1, 0, 1, 0}},
		{"plain", []uint32{8, 4, 2, 1, 1}, 15, []uint8{1, 2, 3, 4, 4}},
		{"bound", []uint32{8, 4, 2, 1, 1}, 3, []uint8{1, 3, 3, 3, 3}},
		{"steep", steep, 15, nil},
		{"steep, 7", steep, 7, nil},
	} {
		lengths := make([]uint8, len(c.weights))
		codeLengths(lengths, c.weights, c.limit)
		kraft := 0
		for _, n := range lengths {
			if int(n) > c.limit {
				t.Errorf("%s: a code of %d bits", c.name, n)
			}
			if n > 0 {
				kraft += 1 << (c.limit - int(n))
			}
		}
		if kraft != 1<<c.limit {
			t.Errorf("%s: Kraft's sum is %d of %d", c.name, kraft, 1<<c.limit)
		}
		if c.want != nil && !slices.Equal(lengths, c.want) {
			t.Errorf("%s: %v, want %v", c.name, lengths, c.want)
		}
	}
}

// TestSymbols: the symbols of all lengths and distances are those of the tables of RFC 1951.
func TestSymbols(t *testing.T) {
	bases := []int{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	for n := minMatch; n <= maxMatch; n++ {
		s := lengthCode(n) - 257
		_, value := lengthExtra(n)
		if bases[s]+int(value) != n {
			t.Errorf("length %d: symbol %d, %d more", n, s, value)
		}
	}
	base := 1
	for s := range distances {
		if distanceCode(base) != s || distanceCode(base+1<<distanceBits(s)-1) != s {
			t.Errorf("distance %d: not symbol %d", base, s)
		}
		base += 1 << distanceBits(s)
	}
	if base != window+1 {
		t.Errorf("distances end at %d", base)
	}
}
