package raster

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"compressor/internal/problem"
	"compressor/internal/recipe"
)

// Rect is a part of a picture, in pixels.
type Rect struct{ X, Y, Width, Height int }

// Steps is what to do to a picture, in this order: cut out, scale, place on a canvas.
// The zero value of a step means to leave it out.
type Steps struct {
	Crop  Rect // of the upright picture
	Smart bool // Crop's place is found by looking at the picture
	Scale Rect // Width and Height to scale to
	Cut   Rect // of the scaled picture: the overflow of fit
	// CutSmart: Cut's place is found by looking at the picture.
	CutSmart bool
	Canvas   Rect // Width and Height of the canvas, X and Y of the picture on it
	Width    int  // of the outcome
	Height   int  // of the outcome
}

// Identity says whether nothing changes.
func (s Steps) Identity() bool {
	return s.Crop == Rect{} && s.Scale == Rect{} && s.Cut == Rect{} && s.Canvas == Rect{}
}

// Largest is the most pixels that any step, the outcome included, holds at once.
func (s Steps) Largest() int64 {
	area := func(width, height int) int64 { return int64(width) * int64(height) }
	return max(area(s.Width, s.Height), area(s.Scale.Width, s.Scale.Height), area(s.Canvas.Width, s.Canvas.Height))
}

// Plan works out the steps for an upright picture of these sides. A crop that leaves the
// picture is options-invalid on image.crop, enlarging it beyond all bounds on image.resize.
func Plan(width, height int, img recipe.Image) (Steps, error) {
	s := Steps{Width: width, Height: height}
	if img.Crop != nil {
		if err := s.crop(*img.Crop); err != nil {
			return Steps{}, err
		}
	}
	if img.Resize != nil {
		s.resize(*img.Resize)
	}
	if area := int64(s.Scale.Width) * int64(s.Scale.Height); area > maxScaled && area > int64(width)*int64(height) {
		return Steps{}, problem.Invalid(problem.Field{Path: "image.resize", Message: fmt.Sprintf(
			"The picture of %d×%d would be enlarged to %d×%d.", width, height, s.Scale.Width, s.Scale.Height)})
	}
	return s, nil
}

// maxScaled bounds, in pixels, what a picture may be enlarged to, also on the way to a
// cut: the largest sides that a recipe can name. Without it a picture of one column,
// given only a width, would grow without bound.
const maxScaled = 16384 * 16384

func (s *Steps) crop(c recipe.Crop) error {
	part := Rect{Width: s.Width, Height: s.Height}
	if c.Mode == "ratio" {
		part.Width, part.Height = largest(s.Width, s.Height, c.Ratio)
	} else {
		part.Width, part.Height = *c.Width, *c.Height
	}
	if part.Width > s.Width || part.Height > s.Height {
		return outside(part, s)
	}
	if c.X != nil {
		part.X, part.Y = *c.X, *c.Y
	} else {
		part.X, part.Y = place(c.Gravity, s.Width-part.Width, s.Height-part.Height)
	}
	if part.X+part.Width > s.Width || part.Y+part.Height > s.Height {
		return outside(part, s)
	}
	if part.Width == s.Width && part.Height == s.Height {
		return nil
	}
	s.Crop, s.Smart = part, c.Gravity == "smart"
	s.Width, s.Height = part.Width, part.Height
	return nil
}

func outside(part Rect, s *Steps) error {
	return problem.Invalid(problem.Field{Path: "image.crop", Message: fmt.Sprintf(
		"The crop of %d×%d at %d,%d leaves the picture of %d×%d.",
		part.Width, part.Height, part.X, part.Y, s.Width, s.Height)})
}

// largest is the largest box of the ratio "W:H" inside width × height.
func largest(width, height int, ratio string) (int, int) {
	across, down, _ := strings.Cut(ratio, ":")
	w, _ := strconv.ParseFloat(across, 64)
	h, _ := strconv.ParseFloat(down, 64)
	if float64(width)*h > float64(height)*w {
		return max(1, int(math.Round(float64(height)*w/h))), height
	}
	return width, max(1, int(math.Round(float64(width)*h/w)))
}

func (s *Steps) resize(r recipe.Resize) {
	switch r.Mode {
	case "auto", "pad":
		s.inside(r)
		if r.Mode == "pad" {
			s.pad(r)
		}
	case "fit":
		s.cover(r)
	case "exact":
		w, h := *r.Width, *r.Height
		if !r.Enlarges() {
			w, h = min(w, s.Width), min(h, s.Height)
		}
		s.scale(w, h)
	}
}

// inside scales to the largest size of equal proportions within the box.
func (s *Steps) inside(r recipe.Resize) {
	factor := math.Inf(1)
	if r.Width != nil {
		factor = min(factor, float64(*r.Width)/float64(s.Width))
	}
	if r.Height != nil {
		factor = min(factor, float64(*r.Height)/float64(s.Height))
	}
	if factor > 1 && !r.Enlarges() {
		return
	}
	s.scale(scaled(s.Width, factor), scaled(s.Height, factor))
}

// cover scales to the smallest size of equal proportions that covers the box, and cuts
// the overflow. Without enlarging, the box shrinks to what the picture can cover.
func (s *Steps) cover(r recipe.Resize) {
	w, h := *r.Width, *r.Height
	factor := max(float64(w)/float64(s.Width), float64(h)/float64(s.Height))
	if factor > 1 && !r.Enlarges() {
		w, h = scaled(w, 1/factor), scaled(h, 1/factor)
		w, h = min(w, s.Width), min(h, s.Height)
		factor = 1
	}
	fullWidth, fullHeight := max(w, scaled(s.Width, factor)), max(h, scaled(s.Height, factor))
	s.scale(fullWidth, fullHeight)
	if fullWidth == w && fullHeight == h {
		return
	}
	s.Cut = Rect{Width: w, Height: h}
	s.Cut.X, s.Cut.Y = place(r.Gravity, fullWidth-w, fullHeight-h)
	s.CutSmart = r.Gravity == "smart"
	s.Width, s.Height = w, h
}

// pad places what inside made on a canvas of the box.
func (s *Steps) pad(r recipe.Resize) {
	w, h := max(*r.Width, s.Width), max(*r.Height, s.Height)
	if w == s.Width && h == s.Height {
		return
	}
	s.Canvas = Rect{Width: w, Height: h}
	s.Canvas.X, s.Canvas.Y = place(r.Gravity, w-s.Width, h-s.Height)
	s.Width, s.Height = w, h
}

func (s *Steps) scale(width, height int) {
	if width == s.Width && height == s.Height {
		return
	}
	s.Scale = Rect{Width: width, Height: height}
	s.Width, s.Height = width, height
}

func scaled(side int, factor float64) int {
	return max(1, int(math.Round(float64(side)*factor)))
}

// place puts a gravity into numbers: where a part begins when so many pixels are free.
func place(gravity string, freeX, freeY int) (x, y int) {
	x, y = freeX/2, freeY/2
	if strings.Contains(gravity, "left") {
		x = 0
	}
	if strings.Contains(gravity, "right") {
		x = freeX
	}
	if strings.Contains(gravity, "top") {
		y = 0
	}
	if strings.Contains(gravity, "bottom") {
		y = freeY
	}
	return x, y
}
