package metric

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"sync"

	"compressor/internal/codec"
	"compressor/internal/engine"
	"compressor/internal/ffmpeg"
	"compressor/internal/mp4file"
	"compressor/internal/ssimulacra2"
)

// Film compares videos: frames at equal places, spread evenly over the whole, are decoded
// from both and compared by SSIMULACRA2. The score's mean is that of the frames, its worst
// that of the lowest frame. Losslessness is a matter of packets: equal ones in equal order
// with equal times.
type Film struct{}

// Name implements engine.Metric.
func (Film) Name() string { return "ssimulacra2-frames" }

// Reference implements engine.Metric.
func (Film) Reference(_ context.Context, ref codec.Subject) (engine.Reference, error) {
	r := &filmReference{path: ref.Blob.Path()}
	var err error
	r.file, r.film, err = openFilm(r.path)
	return r, err
}

type filmReference struct {
	path string
	file *os.File
	film *mp4file.Movie
}

// Close implements engine.Reference.
func (r *filmReference) Close() { r.file.Close() }

func openFilm(path string) (*os.File, *mp4file.Movie, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	m, err := mp4file.Read(f, info.Size(), mp4file.Limits{})
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, m, nil
}

// Equal implements engine.Reference.
func (r *filmReference) Equal(ctx context.Context, got codec.Subject) (bool, error) {
	f, m, err := openFilm(got.Blob.Path())
	if err != nil {
		return false, err
	}
	defer f.Close()
	want, err := r.film.Digest(ctx, func(share float64) { codec.Progress(ctx, share/2) })
	if err != nil {
		return false, err
	}
	have, err := m.Digest(ctx, func(share float64) { codec.Progress(ctx, (1+share)/2) })
	return slices.Equal(want, have), err
}

// Score implements engine.Reference.
func (r *filmReference) Score(ctx context.Context, got codec.Subject) (engine.Score, error) {
	f, m, err := openFilm(got.Blob.Path())
	if err != nil {
		return engine.Score{}, err
	}
	defer f.Close()
	was, is := r.film.Video(), m.Video()
	if was == nil || is == nil {
		return engine.Score{}, fmt.Errorf("no single video track to compare")
	}
	if was.Width != is.Width || was.Height != is.Height {
		return engine.Score{}, fmt.Errorf("result is %d×%d instead of %d×%d", is.Width, is.Height, was.Width, was.Height)
	}
	left, right, err := places(was, is)
	if err != nil {
		return engine.Score{}, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	p := &comparison{tell: func(share float64) { codec.Progress(ctx, share) }}
	a := ffmpeg.Open(ctx, ffmpeg.Film{Path: r.path, Width: was.Width, Height: was.Height}, left, p.part(0))
	defer a.Close()
	b := ffmpeg.Open(ctx, ffmpeg.Film{Path: got.Blob.Path(), Width: is.Width, Height: is.Height}, right, p.part(1))
	defer b.Close()
	compared := p.part(2)
	sum, worst := 0.0, math.Inf(1)
	for i := range left {
		at := float64(i)
		score, err := nextScore(a, b, was.Width, was.Height, func(share float64) { compared((at + share) / float64(len(left))) })
		if err != nil {
			return engine.Score{}, err
		}
		sum, worst = sum+score, min(worst, score)
	}
	return engine.Score{Mean: sum / float64(len(left)), Worst: worst}, nil
}

// comparison is how far one is: of the three that tell of themselves at once, the decoder of
// either film and who compares their frames, each has a third.
type comparison struct {
	mu     sync.Mutex
	shares [3]float64
	tell   func(share float64)
}

// part gives one of them its function.
func (c *comparison) part(i int) func(share float64) {
	return func(share float64) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.shares[i] = max(c.shares[i], share)
		c.tell((c.shares[0] + c.shares[1] + c.shares[2]) / 3)
	}
}

// places gives the frames to compare, of each side. The original may be a reel that holds
// no others.
func places(was, is *mp4file.Track) (left, right []int, err error) {
	before, _, err := was.Shown()
	if err != nil {
		return nil, nil, err
	}
	after, _, err := is.Shown()
	if err != nil {
		return nil, nil, err
	}
	if len(after) == 0 {
		return nil, nil, fmt.Errorf("no frame is shown")
	}
	right = mp4file.Sampled(len(after))
	switch len(before) {
	case len(after):
		return right, right, nil
	case len(right):
		return mp4file.Sampled(len(before)), right, nil
	}
	return nil, nil, fmt.Errorf("%d frames became %d", len(before), len(after))
}

// nextScore compares the next frame of both. progress is told the share of that.
func nextScore(a, b *ffmpeg.Frames, width, height int, progress func(share float64)) (float64, error) {
	want, err := a.Next()
	if err != nil {
		return 0, err
	}
	have, err := b.Next()
	if err != nil {
		return 0, err
	}
	frame := func(pix []byte) ssimulacra2.Picture {
		return mirrored(ssimulacra2.Picture{Width: width, Height: height, Channels: 3, Pix: pix, Stride: 3 * width})
	}
	ref, err := ssimulacra2.NewReference(frame(want))
	if err != nil {
		return 0, err
	}
	defer ref.Close()
	progress(0.5)
	score, err := ref.Score(frame(have))
	progress(1)
	return score.Mean, err
}
