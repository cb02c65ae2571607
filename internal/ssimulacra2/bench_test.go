package ssimulacra2

import "testing"

// benchPicture is deterministic texture; other seeds are other pictures of the same kind.
func benchPicture(width, height int, seed uint32) Picture {
	p := Picture{Width: width, Height: height, Channels: 3, Stride: 3 * width, Pix: make([]byte, 3*width*height)}
	for i := range p.Pix {
		seed = seed*1664525 + 1013904223
		p.Pix[i] = byte(i/7) ^ byte(seed>>29)
	}
	return p
}

func perMegapixel(b *testing.B, p Picture) {
	pixels := float64(p.Width) * float64(p.Height) * float64(b.N)
	b.ReportMetric(float64(b.Elapsed().Microseconds())*1000/pixels, "ms/MP")
}

func benchmarkSizes(b *testing.B, run func(b *testing.B, width, height int)) {
	b.Run("0.6MP", func(b *testing.B) { run(b, 960, 640) })
	b.Run("12MP", func(b *testing.B) { run(b, 4000, 3000) })
}

func BenchmarkReference(b *testing.B) {
	benchmarkSizes(b, func(b *testing.B, width, height int) {
		p, pool := benchPicture(width, height, 1), NewPool(1<<30)
		defer pool.Close()
		for b.Loop() {
			r, err := pool.NewReference(p)
			if err != nil {
				b.Fatal(err)
			}
			r.Close()
		}
		perMegapixel(b, p)
	})
}

func BenchmarkReferenceFresh(b *testing.B) {
	benchmarkSizes(b, func(b *testing.B, width, height int) {
		p := benchPicture(width, height, 1)
		for b.Loop() {
			r, err := NewReference(p)
			if err != nil {
				b.Fatal(err)
			}
			r.Close()
		}
		perMegapixel(b, p)
	})
}

func benchmarkScore(b *testing.B, width, height int, options ...Option) {
	pool := NewPool(1 << 30)
	defer pool.Close()
	r, err := pool.NewReference(benchPicture(width, height, 1), options...)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	p := benchPicture(width, height, 2)
	for b.Loop() {
		if _, err := r.Score(p); err != nil {
			b.Fatal(err)
		}
	}
	perMegapixel(b, p)
}

func BenchmarkScore(b *testing.B) {
	benchmarkSizes(b, func(b *testing.B, w, h int) { benchmarkScore(b, w, h) })
}

func BenchmarkScoreAllPlanes(b *testing.B) {
	benchmarkSizes(b, func(b *testing.B, w, h int) { benchmarkScore(b, w, h, WithAllPlanes()) })
}

func BenchmarkScorePortable(b *testing.B) {
	benchmarkScore(b, 960, 640, withPortable())
}
