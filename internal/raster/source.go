package raster

import (
	"io"

	"compressor/internal/blob"
	"compressor/internal/recipe"
	"compressor/internal/vips"
)

// Source is the picture that results are written from: decoded, upright, cut and scaled
// as asked, at most once and only when it is first needed. It is used by one goroutine.
type Source struct {
	blob  blob.Blob
	steps Steps
	img   recipe.Image
	alpha bool // the output can hold transparency
	tint  bool // a gray picture gets a coloured background, and so becomes one in colour
	ready *vips.Image
}

// NewSource prepares a Source. alpha says whether the output format can hold
// transparency; where not, the recipe's background stands behind it.
func NewSource(src blob.Blob, steps Steps, img recipe.Image, alpha bool) *Source {
	return &Source{blob: src, steps: steps, img: img, alpha: alpha}
}

// Tinted makes a gray picture one in colour, before a coloured background is put behind it.
func (s *Source) Tinted() { s.tint = true }

// Image is the picture at its own depth, in its own colours, with its profile attached.
// It stays the Source's.
func (s *Source) Image() (*vips.Image, error) {
	if s.ready != nil {
		return s.ready, nil
	}
	im, steps, err := s.open()
	if err != nil {
		return nil, err
	}
	if s.tint && im.Bands() <= 2 {
		colour, err := im.Colour()
		im.Close()
		if err != nil {
			return nil, err
		}
		im = colour
	}
	if !steps.Identity() {
		changed, err := Apply(im, steps, s.img, s.alpha)
		im.Close()
		if err != nil {
			return nil, err
		}
		im = changed
	}
	if im.HasAlpha() && !s.alpha {
		flat, err := Flatten(im, s.img.Background)
		im.Close()
		if err != nil {
			return nil, err
		}
		im = flat
	}
	s.ready = im
	return im, nil
}

// open decodes the picture, and gives the steps that are left to do.
func (s *Source) open() (*vips.Image, Steps, error) {
	drawing, err := Drawing(s.blob)
	if err != nil {
		return nil, Steps{}, err
	}
	if drawing != nil {
		return drawSteps(drawing, s.steps, s.img)
	}
	im, err := Open(s.blob)
	return im, s.steps, err
}

// WriteReference writes the picture without loss, for comparing results with it.
func (s *Source) WriteReference(dst io.Writer) error {
	im, err := s.Image()
	if err != nil {
		return err
	}
	data, err := im.PNG()
	if err != nil {
		return err
	}
	_, err = dst.Write(data)
	return err
}

// Close gives the pixels back.
func (s *Source) Close() {
	s.ready.Close()
	s.ready = nil
}
