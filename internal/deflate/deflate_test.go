package deflate_test

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"errors"
	"io"
	"math/rand"
	"sync"
	"testing"

	"compressor/internal/deflate"
)

// prose is compressible, with some noise, and the same on every run.
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

func TestCompressReadsBackByAnotherDecoder(t *testing.T) {
	inputs := map[string][]byte{"empty": {}, "one byte": {7}, "prose": prose(40_000),
		"zeros": make([]byte, 1<<17)}
	for name, in := range inputs {
		for level := deflate.Fastest; level <= deflate.Best; level++ {
			wrapped, err := deflate.Compress([]byte("before"), in, level)
			if err != nil {
				t.Fatalf("%s at %d: %v", name, level, err)
			}
			if !bytes.HasPrefix(wrapped, []byte("before")) {
				t.Fatalf("%s at %d: dst was not kept", name, level)
			}
			r, err := zlib.NewReader(bytes.NewReader(wrapped[6:]))
			if err != nil {
				t.Fatalf("%s at %d: %v", name, level, err)
			}
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, in) {
				t.Errorf("%s at %d: zlib read %d bytes, %v", name, level, len(got), err)
			}
			raw, err := deflate.CompressRaw(nil, in, level)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(flate.NewReader(bytes.NewReader(raw))); err != nil || !bytes.Equal(got, in) {
				t.Errorf("%s at %d: flate read %d bytes, %v", name, level, len(got), err)
			}
		}
	}
}

func TestLevelsOutsideTheRangeAreRefused(t *testing.T) {
	for _, level := range []int{-1, 0, 13} {
		if _, err := deflate.Compress(nil, nil, level); !errors.Is(err, deflate.ErrLevel) {
			t.Errorf("level %d: %v", level, err)
		}
	}
}

func TestClosedCompressorFails(t *testing.T) {
	c, err := deflate.NewCompressor(6)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	c.Close()
	if _, err := c.Zlib(nil, []byte("x")); err == nil {
		t.Error("a closed compressor compressed")
	}
}

// standard compresses by compress/zlib, the independent encoder.
func standard(t testing.TB, in []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write(in); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDecompressIsBounded(t *testing.T) {
	in := prose(50_000)
	stream := standard(t, in)
	bomb := standard(t, make([]byte, 8<<20))
	damaged := bytes.Clone(stream)
	damaged[len(damaged)-1] ^= 1 // the checksum
	cases := []struct {
		name string
		src  []byte
		max  int
		want error
	}{
		{"exact", stream, 50_000, nil},
		{"roomy", stream, 1 << 30, nil},
		{"one short", stream, 49_999, deflate.ErrTooLong},
		{"no room", stream, 0, deflate.ErrTooLong},
		{"bomb", bomb, 1 << 20, deflate.ErrTooLong},
		{"truncated", stream[:len(stream)/2], 1 << 20, deflate.ErrCorrupt},
		{"checksum", damaged, 50_000, deflate.ErrCorrupt},
		{"empty", nil, 10, deflate.ErrCorrupt},
		{"text", []byte("no zlib stream at all"), 10, deflate.ErrCorrupt},
		{"trailing bytes", append(bytes.Clone(stream), "tail"...), 50_000, nil},
	}
	for _, c := range cases {
		got, err := deflate.Decompress(c.src, c.max)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if c.want == nil && !bytes.Equal(got, in) {
			t.Errorf("%s: %d bytes differ from the %d put in", c.name, len(got), len(in))
		}
	}
}

func TestDecompressIntoSaysWhatItTook(t *testing.T) {
	in := prose(1000)
	stream := standard(t, in)
	dst := make([]byte, 2000)
	wrote, read, err := deflate.DecompressInto(dst, append(bytes.Clone(stream), 1, 2, 3))
	if err != nil || wrote != len(in) || read != len(stream) || !bytes.Equal(dst[:wrote], in) {
		t.Errorf("wrote %d, read %d of %d, %v", wrote, read, len(stream), err)
	}
	if wrote, _, err := deflate.DecompressInto(nil, standard(t, nil)); err != nil || wrote != 0 {
		t.Errorf("empty stream: %d, %v", wrote, err)
	}
}

func TestManyGoroutinesGiveTheSameBytes(t *testing.T) {
	in := prose(20_000)
	want, err := deflate.Compress(nil, in, deflate.Best)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			got, err := deflate.Compress(nil, in, deflate.Best)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes, %v; want %d", len(got), err, len(want))
			}
		})
	}
	wg.Wait()
}

func FuzzDecompress(f *testing.F) {
	f.Add([]byte("\x78\x9c\x03\x00\x00\x00\x00\x01"))
	f.Add(standard(f, prose(300)))
	f.Fuzz(func(t *testing.T, src []byte) {
		got, err := deflate.Decompress(src, 1<<16)
		if err != nil {
			return
		}
		r, err := zlib.NewReader(bytes.NewReader(src))
		if err != nil {
			t.Fatalf("compress/zlib refuses what was accepted: %v", err)
		}
		want, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("compress/zlib reads %d bytes (%v), not %d", len(want), err, len(got))
		}
	})
}

func BenchmarkAgainstStandard(b *testing.B) {
	in := prose(1 << 20)
	b.Run("standard-9", func(b *testing.B) {
		b.SetBytes(int64(len(in)))
		for b.Loop() {
			var out bytes.Buffer
			w, _ := zlib.NewWriterLevel(&out, 9)
			_, _ = w.Write(in)
			_ = w.Close()
			b.ReportMetric(float64(out.Len()), "bytes")
		}
	})
	for _, level := range []int{1, 6, 9, 12} {
		b.Run("libdeflate-"+string(rune('0'+level/10))+string(rune('0'+level%10)), func(b *testing.B) {
			b.SetBytes(int64(len(in)))
			for b.Loop() {
				out, err := deflate.Compress(nil, in, level)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(out)), "bytes")
			}
		})
	}
}
