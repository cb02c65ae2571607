package jpegdct

import (
	"io"
	"testing"
)

func BenchmarkParse(b *testing.B) {
	data := sample(b, "tomato-product.jpg")
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		mustParse(b, data)
	}
}

func BenchmarkWrite(b *testing.B) {
	f := mustParse(b, sample(b, "tomato-product.jpg"))
	for name, progressive := range map[string]bool{"sequential": false, "progressive": true} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := Write(io.Discard, f, Options{Progressive: progressive}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
