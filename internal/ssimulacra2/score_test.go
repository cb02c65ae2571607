package ssimulacra2

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// texture is a deterministic picture with edges, gradients and noise; with four channels its
// alpha covers the whole range.
func texture(width, height, channels int, seed uint64) Picture {
	r := rand.New(rand.NewPCG(seed, 7))
	p := Picture{Width: width, Height: height, Channels: channels, Stride: width*channels + 5}
	p.Pix = make([]byte, p.Stride*height)
	for y := range height {
		for x := range width {
			at := p.Pix[y*p.Stride+x*channels:]
			base := 40 + x*90/width + y*90/height
			if (x/13+y/9)%2 == 0 {
				base += 25
			}
			for c := range 3 {
				at[c] = byte(base + 5*c + r.IntN(8))
			}
			if channels == 4 {
				at[3] = byte((x*5 + y*3 + 60) % 256)
			}
		}
	}
	return p
}

// noisy returns a copy with each sample of the rectangle moved by up to strength.
func noisy(p Picture, strength, x0, y0, x1, y1 int) Picture {
	r := rand.New(rand.NewPCG(99, uint64(strength)))
	p.Pix = slices.Clone(p.Pix)
	for y := y0; y < y1; y++ {
		for i := x0 * p.Channels; i < x1*p.Channels; i++ {
			if i%p.Channels == 3 {
				continue
			}
			v := int(p.Pix[y*p.Stride+i]) + r.IntN(2*strength+1) - strength
			p.Pix[y*p.Stride+i] = byte(min(max(v, 0), 255))
		}
	}
	return p
}

func noisyAll(p Picture, strength int) Picture {
	return noisy(p, strength, 0, 0, p.Width, p.Height)
}

// sizes are one of each kind: below the minimum, every number of scales, odd sides, less and
// more than a vector, one and several tiles.
func sizes() [][2]int {
	return [][2]int{{1, 1}, {1, 40}, {40, 1}, {7, 9}, {8, 8}, {9, 8}, {11, 17}, {16, 15}, {23, 31},
		{33, 64}, {65, 47}, {127, 129}, {200, 260}, {257, 255}, {513, 100}, {90, 530}, {600, 521}}
}

func TestIdenticalIs100(t *testing.T) {
	for _, size := range sizes() {
		for _, channels := range []int{3, 4} {
			p := texture(size[0], size[1], channels, 1)
			for _, options := range [][]Option{nil, {WithAllPlanes()}, {withPortable()}} {
				s := score(t, p, p, options...)
				if s.Mean != 100 || s.Worst != 100 {
					t.Errorf("%v with %d channels: %v", size, channels, s)
				}
			}
		}
	}
}

func TestEveryProcessorGivesTheSameBits(t *testing.T) {
	for _, size := range sizes() {
		for _, channels := range []int{3, 4} {
			a := texture(size[0], size[1], channels, 2)
			b := noisyAll(a, 9)
			for _, all := range [][]Option{nil, {WithAllPlanes()}} {
				fast, portable := score(t, a, b, all...), score(t, a, b, append(all, withPortable())...)
				if fast != portable {
					t.Errorf("%v with %d channels: %v and %v", size, channels, fast, portable)
				}
				if fast.Mean >= 100 {
					t.Errorf("%v with %d channels: noise unseen", size, channels)
				}
			}
		}
	}
}

func TestMoreDamageScoresLower(t *testing.T) {
	a := texture(300, 200, 3, 3)
	last := 100.0
	for _, strength := range []int{1, 2, 4, 8, 16, 32, 64} {
		s := score(t, a, noisyAll(a, strength))
		if s.Mean >= last || s.Worst > s.Mean {
			t.Errorf("noise of %d: %v after %v", strength, s, last)
		}
		last = s.Mean
	}
}

func TestWorstIsWhereTheDamageIs(t *testing.T) {
	a := texture(1000, 700, 3, 4) // tiles of 256, 256, 488 by 256, 444
	tests := []struct{ x, y, wantX, wantY, width, height int }{
		{10, 10, 0, 0, 256, 256},
		{300, 100, 256, 0, 256, 256},
		{970, 40, 512, 0, 488, 256},
		{270, 300, 256, 256, 256, 444},
		{980, 680, 512, 256, 488, 444},
	}
	for _, tt := range tests {
		s := score(t, a, noisy(a, 20, tt.x, tt.y, tt.x+20, tt.y+20))
		got := [4]int{s.WorstX, s.WorstY, s.WorstWidth, s.WorstHeight}
		if got != [4]int{tt.wantX, tt.wantY, tt.width, tt.height} {
			t.Errorf("damage at %d,%d: worst is %v", tt.x, tt.y, got)
		}
		if s.Worst > s.Mean-1 {
			t.Errorf("damage at %d,%d: worst %.2f, mean %.2f", tt.x, tt.y, s.Worst, s.Mean)
		}
	}
}

// TestTileAloneIsTheWhole: a picture of one tile has its own score as its worst.
func TestTileAloneIsTheWhole(t *testing.T) {
	a := texture(511, 300, 3, 5)
	s := score(t, a, noisyAll(a, 12))
	if s.Worst != s.Mean || s.WorstWidth != 511 || s.WorstHeight != 300 {
		t.Errorf("%+v", s)
	}
}

// TestSmallPicturesAreExtended checks the rule below 8x8 against the extension by hand.
func TestSmallPicturesAreExtended(t *testing.T) {
	extend := func(p Picture) Picture {
		q := Picture{Width: max(8, p.Width), Height: max(8, p.Height), Channels: 3}
		q.Stride = 3 * q.Width
		for y := range q.Height {
			for x := range q.Width {
				at := min(y, p.Height-1)*p.Stride + 3*min(x, p.Width-1)
				q.Pix = append(q.Pix, p.Pix[at:at+3]...)
			}
		}
		return q
	}
	for _, size := range [][2]int{{1, 1}, {5, 3}, {7, 20}, {20, 7}} {
		a := texture(size[0], size[1], 3, 6)
		b := noisyAll(a, 30)
		small, large := score(t, a, b), score(t, extend(a), extend(b))
		if small.Mean != large.Mean {
			t.Errorf("%v: %v, extended by hand %v", size, small.Mean, large.Mean)
		}
		if small.WorstWidth != size[0] || small.WorstHeight != size[1] {
			t.Errorf("%v: worst is %v", size, small)
		}
	}
}

// flat is one colour with one alpha.
func flat(side int, r, g, b, a byte) Picture {
	return Picture{Width: side, Height: side, Channels: 4, Stride: 4 * side,
		Pix: slices.Repeat([]byte{r, g, b, a}, side*side)}
}

func TestTransparency(t *testing.T) {
	hidden := score(t, flat(64, 255, 0, 0, 0), flat(64, 0, 9, 200, 0))
	if hidden.Mean != 100 {
		t.Errorf("colour under zero alpha counts: %v", hidden)
	}
	// A dark square is nearly invisible on the dark background, so the bright one decides.
	clear, dark := flat(64, 0, 0, 0, 0), flat(64, 0, 0, 0, 0)
	for y := 20; y < 44; y++ {
		for x := 20; x < 44; x++ {
			copy(dark.Pix[y*dark.Stride+4*x:], []byte{26, 26, 26, 255})
		}
	}
	if s := score(t, clear, dark); s.Mean > 20 {
		t.Errorf("a square that shows on bright only: %v", s)
	}
	if s := score(t, dark, clear); s.Mean > 20 {
		t.Errorf("a lost square that showed on bright only: %v", s)
	}
	// Alpha that is 255 everywhere is no alpha.
	rgb := texture(90, 70, 3, 8)
	rgba := Picture{Width: 90, Height: 70, Channels: 4, Stride: 360}
	for i := range 90 * 70 {
		at := i/90*rgb.Stride + i%90*3
		rgba.Pix = append(rgba.Pix, rgb.Pix[at], rgb.Pix[at+1], rgb.Pix[at+2], 255)
	}
	if x, y := score(t, rgb, noisyAll(rgb, 7)), score(t, rgba, noisyAll(rgb, 7)); x != y {
		t.Errorf("opaque alpha changes the score: %v and %v", x, y)
	}
	// A result that became transparent is damaged, whatever the original's channels.
	rgba.Pix = slices.Clone(rgba.Pix)
	for i := 3; i < len(rgba.Pix); i += 4 {
		rgba.Pix[i] = 128
	}
	if s := score(t, rgb, rgba); s.Mean > 50 {
		t.Errorf("half transparent result: %v", s)
	}
}

func TestMalformedPictures(t *testing.T) {
	pix := make([]byte, 1000)
	tests := map[string]struct {
		p    Picture
		want error
	}{
		"zero":              {Picture{}, ErrPicture},
		"no width":          {Picture{0, 9, 3, pix, 30}, ErrPicture},
		"negative":          {Picture{-4, -4, 3, pix, 30}, ErrPicture},
		"gray":              {Picture{10, 10, 1, pix, 10}, ErrPicture},
		"five channels":     {Picture{10, 10, 5, pix, 50}, ErrPicture},
		"short stride":      {Picture{10, 10, 3, pix, 29}, ErrPicture},
		"negative stride":   {Picture{10, 10, 3, pix, -30}, ErrPicture},
		"huge stride":       {Picture{10, 10, 3, pix, math.MaxInt}, ErrPicture},
		"short buffer":      {Picture{10, 40, 3, pix, 30}, ErrPicture},
		"no buffer":         {Picture{10, 10, 3, nil, 30}, ErrPicture},
		"one byte short":    {Picture{10, 10, 3, pix[:299], 30}, ErrPicture},
		"wide":              {Picture{MaxSide + 1, 1, 3, pix, 3 * (MaxSide + 1)}, ErrTooLarge},
		"product overflows": {Picture{math.MaxInt / 2, 3, 3, pix, 30}, ErrTooLarge},
		"both at the limit": {Picture{MaxSide, MaxSide, 3, pix, 3 * MaxSide}, ErrTooLarge},
	}
	good, err := NewReference(texture(10, 10, 3, 1))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range tests {
		if _, err := NewReference(tt.p); !errors.Is(err, tt.want) {
			t.Errorf("%s as reference: %v", name, err)
		}
		if _, err := good.Score(tt.p); !errors.Is(err, tt.want) {
			t.Errorf("%s compared: %v", name, err)
		}
	}
	if _, err := good.Score(texture(10, 11, 3, 1)); !errors.Is(err, ErrSizeMismatch) {
		t.Errorf("other size: %v", err)
	}
	good.Close()
	good.Close()
	if _, err := good.Score(texture(10, 10, 3, 1)); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if _, _, err := Memory(math.MaxInt, 2); !errors.Is(err, ErrTooLarge) {
		t.Errorf("memory: %v", err)
	}
}

func TestConcurrentScores(t *testing.T) {
	pool := NewPool(1 << 20)
	defer pool.Close()
	a := texture(300, 270, 3, 9)
	r, err := pool.NewReference(a)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	want := make([]Score, 6)
	for i := range want {
		want[i] = score(t, a, noisyAll(a, i+1))
	}
	var wait sync.WaitGroup
	for i := range 24 {
		wait.Go(func() {
			got, err := r.Score(noisyAll(a, i%len(want)+1))
			if err != nil || got != want[i%len(want)] {
				t.Errorf("%v, %v; alone %v", got, err, want[i%len(want)])
			}
		})
	}
	wait.Wait()
}

// TestChromaDamage bounds what leaving planes out can hide: a checkerboard of one pixel in
// blue alone, the plane left out longest.
func TestChromaDamage(t *testing.T) {
	a := texture(256, 256, 3, 10)
	for _, strength := range []int{1, 4, 20, 60} {
		b := noisyAll(a, 0)
		for y := range b.Height {
			for x := range b.Width {
				blue := &b.Pix[y*b.Stride+3*x+2]
				*blue = byte(min(max(int(*blue)+strength*((x+y)%2*2-1), 0), 255))
			}
		}
		some, all := score(t, a, b), score(t, a, b, WithAllPlanes())
		if math.Abs(some.Mean-all.Mean) > 0.005 || all.Mean > 99 {
			t.Errorf("strength %d: %.4f, all planes %.4f", strength, some.Mean, all.Mean)
		}
	}
}

func ExampleReference() {
	original := Picture{Width: 16, Height: 16, Channels: 3, Stride: 48, Pix: make([]byte, 768)}
	r, err := NewReference(original)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	score, err := r.Score(original)
	fmt.Println(score.Mean, score.Worst, err)
	// Output: 100 100 <nil>
}
