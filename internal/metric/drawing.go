package metric

import (
	"context"
	"fmt"

	"compressor/internal/codec"
	"compressor/internal/engine"
	"compressor/internal/raster"
	"compressor/internal/svgfile"
	"compressor/internal/vips"
)

// drawingReference is a drawing that others are compared with. Drawings are drawn at a
// size that suits the eye, raster.JudgedSize; a picture of pixels can only be compared at
// the drawing's own.
type drawingReference struct {
	drawing     *svgfile.Document
	judged, own *pixelReference // made when first needed
}

// Close gives the pixels back.
func (r *drawingReference) Close() {
	for _, p := range []*pixelReference{r.judged, r.own} {
		if p != nil {
			p.Close()
		}
	}
}

// Score measures a lossy result whole.
func (r *drawingReference) Score(_ context.Context, got codec.Subject) (engine.Score, error) {
	ref, im, err := r.both(got)
	if err != nil {
		return engine.Score{}, err
	}
	defer im.Close()
	return ref.score(im)
}

// Equal says whether both are drawn the same, pixel by pixel.
func (r *drawingReference) Equal(_ context.Context, got codec.Subject) (bool, error) {
	ref, im, err := r.both(got)
	if err != nil {
		return false, err
	}
	defer im.Close()
	return ref.equal(im)
}

// both draws got, and gives the drawing at the same size.
func (r *drawingReference) both(got codec.Subject) (*pixelReference, *vips.Image, error) {
	other, err := raster.Drawing(got.Blob)
	if err != nil {
		return nil, nil, err
	}
	if other == nil {
		ref, err := r.at(&r.own, r.drawing.Own(raster.OwnSize(r.drawing)))
		if err != nil {
			return nil, nil, err
		}
		im, err := raster.Open(got.Blob)
		return ref, im, err
	}
	width, height := raster.OwnSize(r.drawing)
	if w, h := raster.OwnSize(other); w != width || h != height {
		return nil, nil, fmt.Errorf("result is %d×%d instead of %d×%d", w, h, width, height)
	}
	width, height = raster.JudgedSize(r.drawing)
	ref, err := r.at(&r.judged, r.drawing.Own(width, height))
	if err != nil {
		return nil, nil, err
	}
	im, err := raster.Draw(other, other.Own(width, height))
	return ref, im, err
}

// at draws the drawing, once for each slot.
func (r *drawingReference) at(slot **pixelReference, f svgfile.Frame) (*pixelReference, error) {
	if *slot == nil {
		im, err := raster.Draw(r.drawing, f)
		if err != nil {
			return nil, err
		}
		*slot = &pixelReference{exact: im}
	}
	return *slot, nil
}
