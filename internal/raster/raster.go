// Package raster is decoded pictures: upright, cut, scaled and flattened as a recipe
// asks. The codecs of pictures share it.
package raster

import (
	"fmt"

	"compressor/internal/blob"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/vips"
)

// Open decodes a picture and turns it upright; a drawing is drawn at its own size. What
// cannot be decoded is file-corrupt.
func Open(src blob.Blob) (*vips.Image, error) {
	drawing, err := Drawing(src)
	if err != nil {
		return nil, err
	}
	if drawing != nil {
		return Draw(drawing, drawing.Own(OwnSize(drawing)))
	}
	decoded, err := vips.Open(src.Path())
	if problem.Has(err, problem.WorkerTimeout) {
		return nil, err
	}
	if err != nil {
		return nil, problem.New(problem.FileCorrupt).Because(err)
	}
	defer decoded.Close()
	return decoded.Upright()
}

// Apply runs the steps on an upright picture and returns a new one.
func Apply(im *vips.Image, s Steps, img recipe.Image, alpha bool) (*vips.Image, error) {
	p := pipeline{im: im}
	if s.Crop != (Rect{}) {
		p.crop(s.Crop, s.Smart)
	}
	if s.Scale != (Rect{}) {
		p.do(func(im *vips.Image) (*vips.Image, error) { return im.Resize(s.Scale.Width, s.Scale.Height) })
	}
	if s.Cut != (Rect{}) {
		p.crop(s.Cut, s.CutSmart)
	}
	if s.Canvas != (Rect{}) {
		p.canvas(s.Canvas, *img.Resize, alpha)
	}
	return p.result()
}

// Flatten removes alpha over the recipe's background, given as #rrggbb.
func Flatten(im *vips.Image, background string) (*vips.Image, error) {
	return im.Flatten(fill(background, im.Bands()-1, im.Depth(), false))
}

// pipeline chains steps and closes what lies between them.
type pipeline struct {
	im    *vips.Image
	owned bool // im was made here
	err   error
}

func (p *pipeline) do(step func(*vips.Image) (*vips.Image, error)) {
	if p.err != nil {
		return
	}
	next, err := step(p.im)
	if p.owned {
		p.im.Close()
	}
	p.im, p.owned, p.err = next, err == nil, err
}

func (p *pipeline) crop(r Rect, smart bool) {
	p.do(func(im *vips.Image) (*vips.Image, error) {
		if smart {
			x, y, err := im.Attention(r.Width, r.Height)
			if err != nil {
				return nil, err
			}
			r.X, r.Y = x, y
		}
		return im.Crop(r.X, r.Y, r.Width, r.Height)
	})
}

// canvas fills around the picture: transparent where the output can hold that and no
// colour was given.
func (p *pipeline) canvas(r Rect, resize recipe.Resize, alpha bool) {
	background := resize.Background
	if background == "" {
		background = "#ffffff"
		if alpha {
			background = "transparent"
		}
	}
	if background == "transparent" && !p.im.HasAlpha() {
		p.do((*vips.Image).WithAlpha)
	}
	p.do(func(im *vips.Image) (*vips.Image, error) {
		return im.Embed(r.X, r.Y, r.Width, r.Height, fill(background, im.Bands(), im.Depth(), im.HasAlpha()))
	})
}

func (p *pipeline) result() (*vips.Image, error) {
	if p.err == nil && !p.owned {
		p.do(func(im *vips.Image) (*vips.Image, error) { return im.Crop(0, 0, im.Width(), im.Height()) })
	}
	return p.im, p.err
}

// Coloured says whether a background, "#rrggbb", "transparent" or "", is not a gray.
func Coloured(background string) bool {
	return len(background) == len("#rrggbb") &&
		(background[1:3] != background[3:5] || background[3:5] != background[5:7])
}

// fill turns "#rrggbb" or "transparent" into one value a band, of samples of so many bits;
// gray takes the luma.
func fill(colour string, bands, depth int, alpha bool) []float64 {
	var r, g, b float64
	opacity := 255.0
	if colour == "transparent" {
		opacity = 0
	} else {
		var n [3]int
		fmt.Sscanf(colour, "#%02x%02x%02x", &n[0], &n[1], &n[2])
		r, g, b = float64(n[0]), float64(n[1]), float64(n[2])
	}
	values := []float64{r, g, b}
	if bands <= 2 {
		values = []float64{0.2126*r + 0.7152*g + 0.0722*b}
	}
	if alpha {
		values = append(values, opacity)
	}
	if depth == 16 {
		for i := range values {
			values[i] *= 257 // 0xff becomes 0xffff
		}
	}
	return values[:bands]
}
