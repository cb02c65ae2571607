package redeflate_test

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"context"
	"errors"
	"io"
	"math/rand"
	"testing"

	"compressor/internal/deflate"
	"compressor/internal/redeflate"
)

// prose is text with some noise.
func prose(size int) []byte {
	r := rand.New(rand.NewSource(1))
	words := []string{"row ", "filter ", "deflate ", "palette ", "sample ", "0123456789"}
	var b bytes.Buffer
	for b.Len() < size {
		b.WriteString(words[r.Intn(len(words))])
		if r.Intn(5) == 0 {
			b.WriteByte(byte(r.Intn(256)))
		}
	}
	return b.Bytes()[:size]
}

func noise(size int) []byte {
	b := make([]byte, size)
	rand.New(rand.NewSource(2)).Read(b)
	return b
}

// drawing is like the filtered rows of a flat picture: runs of few values, repeated.
func drawing(size int) []byte {
	r := rand.New(rand.NewSource(3))
	var b []byte
	for len(b) < size {
		if at := len(b) - 640; at > 0 && r.Intn(3) > 0 {
			b = append(b, b[at:at+100+r.Intn(500)]...)
		}
		b = append(b, bytes.Repeat([]byte{byte(r.Intn(9))}, 1+r.Intn(400))...)
	}
	return b[:size]
}

// fibonacci is a word that repeats itself at every scale.
func fibonacci(size int) []byte {
	a, b := []byte("a"), []byte("ab")
	for len(b) < size {
		a, b = b, append(bytes.Clone(b), a...)
	}
	return b[:size]
}

func inputs() map[string][]byte {
	twos := make([]byte, 10_000)
	for i, v := range noise(len(twos)) {
		twos[i] = 'a' + v&1
	}
	in := map[string][]byte{
		"empty": {}, "one": {7}, "three": []byte("aaa"), "four": []byte("abcd"), "zeros": make([]byte, 20_000),
		"prose": prose(10_000), "noise": noise(5_000), "drawing": drawing(20_000), "fibonacci": fibonacci(10_000),
		"two values": twos, "period": bytes.Repeat(noise(300), 80), "far": append(noise(1<<15), noise(1<<15)...),
		"too far": append(append(noise(1<<15), 1), noise(1<<15)...),
		"runs":    bytes.Repeat(append(make([]byte, 255), 9, 8), 80),
	}
	return in
}

func inflated(t testing.TB, stream []byte) []byte {
	t.Helper()
	out, err := io.ReadAll(flate.NewReader(bytes.NewReader(stream)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestAppend: another decoder reads back what was put in, and it is hardly ever larger than
// the fast library's best.
func TestAppend(t *testing.T) {
	for name, in := range inputs() {
		got, err := redeflate.Append(context.Background(), []byte("before"), in)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !bytes.HasPrefix(got, []byte("before")) {
			t.Fatalf("%s: dst was not kept", name)
		}
		stream := got[len("before"):]
		if back := inflated(t, stream); !bytes.Equal(back, in) {
			t.Errorf("%s: %d bytes came back as %d others", name, len(in), len(back))
		}
		fast, err := deflate.CompressRaw(nil, in, deflate.Best)
		if err != nil {
			t.Fatal(err)
		}
		if len(stream) > len(fast)+len(fast)/100 {
			t.Errorf("%s: %d bytes, libdeflate %d", name, len(stream), len(fast))
		}
		if len(in) > 10_000 {
			continue
		}
		again, err := redeflate.Append(context.Background(), nil, in)
		if err != nil || !bytes.Equal(again, stream) {
			t.Errorf("%s: the second time it differs (%v)", name, err)
		}
	}
}

// TestGain: what it is for.
func TestGain(t *testing.T) {
	r := rand.New(rand.NewSource(4))
	var runs []byte
	for len(runs) < 60_000 {
		runs = append(runs, bytes.Repeat([]byte{byte(r.Intn(2))}, 1+r.Intn(300))...)
	}
	for name, c := range map[string]struct {
		in    []byte
		least int // percent
	}{"drawing": {drawing(60_000), 1}, "runs": {runs, 5}} {
		in, least := c.in, c.least
		fast, err := deflate.CompressRaw(nil, in, deflate.Best)
		if err != nil {
			t.Fatal(err)
		}
		got, err := redeflate.Append(context.Background(), nil, in)
		if err != nil || 100*len(got) > (100-least)*len(fast) {
			t.Errorf("%s: %d bytes (%v), libdeflate %d", name, len(got), err, len(fast))
		}
	}
}

func TestAppendZlib(t *testing.T) {
	in := prose(5000)
	got, err := redeflate.AppendZlib(context.Background(), nil, in)
	if err != nil {
		t.Fatal(err)
	}
	r, err := zlib.NewReader(bytes.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	if back, err := io.ReadAll(r); err != nil || !bytes.Equal(back, in) { // checks the sum, too
		t.Errorf("%d bytes, %v", len(back), err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := redeflate.Append(ctx, nil, prose(100)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := redeflate.AppendZlib(ctx, nil, prose(100)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func FuzzAppend(f *testing.F) {
	for _, in := range inputs() {
		f.Add(in[:min(len(in), 2000)], uint16(3))
	}
	f.Fuzz(func(t *testing.T, part []byte, times uint16) {
		in := bytes.Repeat(part, min(int(times), 1+1<<13/(len(part)+1)))
		stream, err := redeflate.Append(context.Background(), nil, in)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(inflated(t, stream), in) {
			t.Fatalf("%d bytes came back as others", len(in))
		}
		if len(stream) > len(in)+len(in)/1000+16 {
			t.Fatalf("%d bytes became %d", len(in), len(stream))
		}
	})
}
