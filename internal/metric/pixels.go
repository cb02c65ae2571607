// Package metric says how close one file is to another, one metric a family.
package metric

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"compressor/internal/codec"
	"compressor/internal/engine"
	"compressor/internal/photometa"
	"compressor/internal/problem"
	"compressor/internal/raster"
	"compressor/internal/ssimulacra2"
	"compressor/internal/vips"
)

// Pixels compares pictures as they are shown: upright, in sRGB, by SSIMULACRA2.
type Pixels struct{}

// Name is the metric's own name.
func (Pixels) Name() string { return "ssimulacra2" }

// Reference decodes the picture that others are compared with, once. Drawings are drawn
// when it is known what they are compared with.
func (Pixels) Reference(_ context.Context, ref codec.Subject) (engine.Reference, error) {
	drawing, err := raster.Drawing(ref.Blob)
	if err != nil {
		return nil, err
	}
	if drawing != nil {
		return &drawingReference{drawing: drawing}, nil
	}
	im, err := raster.Open(ref.Blob)
	if err != nil {
		return nil, err
	}
	return &pixelReference{exact: im}, nil
}

// pixelReference holds the decoded picture, and what the metric made of it once a lossy
// candidate comes.
type pixelReference struct {
	exact *vips.Image
	ssim  *ssimulacra2.Reference
	alpha bool // what the metric was given had transparency
}

// Close gives the pixels back.
func (r *pixelReference) Close() {
	r.exact.Close()
	if r.ssim != nil {
		r.ssim.Close()
	}
}

// Score measures a lossy result whole.
func (r *pixelReference) Score(_ context.Context, got codec.Subject) (engine.Score, error) {
	im, err := raster.Open(got.Blob)
	if err != nil {
		return engine.Score{}, err
	}
	defer im.Close()
	return r.score(im)
}

func (r *pixelReference) score(im *vips.Image) (engine.Score, error) {
	if r.ssim == nil {
		if err := r.prepare(); err != nil {
			return engine.Score{}, err
		}
	}
	if im.Width() != r.exact.Width() || im.Height() != r.exact.Height() {
		return engine.Score{}, fmt.Errorf("result is %d×%d instead of %d×%d",
			im.Width(), im.Height(), r.exact.Width(), r.exact.Height())
	}
	var score ssimulacra2.Score
	err := shown(im, r.alpha, func(p ssimulacra2.Picture) (err error) {
		score, err = r.ssim.Score(p)
		return err
	})
	return engine.Score{Mean: score.Mean, Worst: score.Worst}, err
}

func (r *pixelReference) prepare() error {
	r.alpha = r.exact.HasAlpha()
	return shown(r.exact, r.alpha, func(p ssimulacra2.Picture) (err error) {
		r.ssim, err = ssimulacra2.NewReference(p)
		return err
	})
}

// shown hands over a picture as a screen shows it: 8-bit sRGB, with the asked alpha.
func shown(im *vips.Image, alpha bool, use func(ssimulacra2.Picture) error) error {
	srgb, err := im.SRGB()
	if err != nil {
		return err
	}
	defer func() { srgb.Close() }()
	if alpha && !srgb.HasAlpha() {
		opaque, err := srgb.WithAlpha()
		if err != nil {
			return err
		}
		srgb.Close()
		srgb = opaque
	}
	pix, err := srgb.View()
	if err != nil {
		return err
	}
	err = use(mirrored(ssimulacra2.Picture{
		Width: srgb.Width(), Height: srgb.Height(), Channels: srgb.Bands(),
		Pix: pix, Stride: srgb.Width() * srgb.Bands(),
	}))
	if errors.Is(err, ssimulacra2.ErrMemory) {
		return problem.New(problem.WorkerTimeout).Because(err)
	}
	return err
}

// Equal says whether every sample is the same, whatever way the two files hold them:
// gray as colour, a palette, 8 bits as 16 of which nothing was lost. The colour profile
// must be the same too, but sRGB may be left unsaid.
func (r *pixelReference) Equal(_ context.Context, got codec.Subject) (bool, error) {
	im, err := raster.Open(got.Blob)
	if err != nil {
		return false, err
	}
	defer im.Close()
	return r.equal(im)
}

func (r *pixelReference) equal(im *vips.Image) (bool, error) {
	a, b := r.exact, im
	if a.Width() != b.Width() || a.Height() != b.Height() || !sameProfile(a.Profile(), b.Profile()) {
		return false, nil
	}
	left, err := newSamples(a)
	if err != nil {
		return false, err
	}
	right, err := newSamples(b)
	if err != nil {
		return false, err
	}
	if left.sameLayout(right) {
		return bytes.Equal(left.pix, right.pix), nil
	}
	for i := range a.Width() * a.Height() {
		if left.at(i) != right.at(i) {
			return false, nil
		}
	}
	return true, nil
}

func sameProfile(a, b []byte) bool {
	return bytes.Equal(a, b) || plain(a) && plain(b)
}

// plain says whether a profile leaves colours as an untagged file shows them.
func plain(profile []byte) bool {
	return len(profile) == 0 || photometa.IsSRGB(profile) || photometa.IsSGray(profile)
}

// samples reads a picture's pixels as 16-bit RGBA, whatever it holds.
type samples struct {
	pix          []byte
	bands, bytes int // channels, and bytes a sample
	alpha        bool
}

func newSamples(im *vips.Image) (samples, error) {
	if im.Depth() > 16 {
		return samples{}, fmt.Errorf("%d-bit samples cannot be compared", im.Depth())
	}
	pix, err := im.View()
	return samples{pix: pix, bands: im.Bands(), bytes: im.Depth() / 8, alpha: im.HasAlpha()}, err
}

func (s samples) sameLayout(o samples) bool {
	return s.bands == o.bands && s.bytes == o.bytes && s.alpha == o.alpha
}

// at gives pixel i. 8-bit values spread over 16 bits as PNG says (v × 257).
func (s samples) at(i int) [4]uint16 {
	colours := s.bands
	out := [4]uint16{3: 0xffff}
	if s.alpha {
		colours--
		out[3] = s.sample(i, colours)
	}
	for c := range 3 {
		out[c] = s.sample(i, min(c, colours-1))
	}
	return out
}

func (s samples) sample(i, band int) uint16 {
	at := (i*s.bands + band) * s.bytes
	if s.bytes == 1 {
		return uint16(s.pix[at]) * 257
	}
	return uint16(s.pix[at]) | uint16(s.pix[at+1])<<8
}
