package ssimulacra2

import (
	"errors"
	"testing"
)

// FuzzPicture feeds sizes that lie about their buffer. Whatever passes must score.
func FuzzPicture(f *testing.F) {
	f.Add([]byte("0123456789abcdef0123456789abcdef"), 3, 3, 3, 10)
	f.Add(make([]byte, 4*17*11), 17, 11, 4, 68)
	f.Add([]byte{1, 2, 3}, 1, 1, 3, 3)
	f.Fuzz(func(t *testing.T, pix []byte, width, height, channels, stride int) {
		p := Picture{Width: width, Height: height, Channels: channels, Pix: pix, Stride: stride}
		r, err := NewReference(p)
		if err != nil {
			if !errors.Is(err, ErrPicture) && !errors.Is(err, ErrTooLarge) {
				t.Fatal(err)
			}
			return
		}
		defer r.Close()
		if s, err := r.Score(p); err != nil || s.Mean != 100 {
			t.Fatalf("with itself: %v, %v", s, err)
		}
		q := p
		q.Pix = make([]byte, len(pix))
		for i := range pix {
			q.Pix[i] = ^pix[i]
		}
		if s, err := r.Score(q); err != nil || s.Mean > 100 || s.Worst > s.Mean {
			t.Fatalf("with its inverse: %v, %v", s, err)
		}
	})
}
