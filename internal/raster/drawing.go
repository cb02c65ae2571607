package raster

import (
	"bytes"
	"fmt"
	"io"

	"compressor/internal/blob"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/svgfile"
	"compressor/internal/vips"
)

// Drawing reads src if it is a drawing rather than a picture of pixels; nil otherwise. A
// file that looks like one and is none is file-corrupt.
func Drawing(src blob.Blob) (*svgfile.Document, error) {
	f, err := src.Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, 64)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return nil, err
	}
	if n == 0 || !marksDrawing(head[:n]) {
		return nil, nil
	}
	data, err := src.Bytes(svgfile.MaxBytes)
	if err != nil {
		return nil, problem.New(problem.LimitExceeded).Because(err)
	}
	if data, err = svgfile.Unzip(data); err != nil {
		return nil, err
	}
	return svgfile.Parse(data)
}

// marksDrawing: no picture of pixels begins as XML does, or as a gzip stream.
func marksDrawing(head []byte) bool {
	if svgfile.Zipped(head) || bytes.HasPrefix(head, []byte("\xff\xfe<\x00")) || bytes.HasPrefix(head, []byte("\xfe\xff\x00<")) {
		return true
	}
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	return len(head) == 0 || head[0] == '<'
}

// OwnSize is the size of a drawing in whole pixels, at least one each.
func OwnSize(d *svgfile.Document) (width, height int) {
	w, h := d.Size()
	return max(1, int(w+0.5)), max(1, int(h+0.5))
}

// JudgedSize is the size that drawings are compared at: that of a screen, so that an icon
// of 16 pixels is not judged by 256 of them, and a poster costs no more than a photo.
func JudgedSize(d *svgfile.Document) (width, height int) {
	const usual, most = 768, 1024
	w, h := d.Size()
	side := max(w, h)
	scale := 1.0
	switch {
	case side <= 0:
		return 1, 1
	case side > most:
		scale = most / side
	case side < usual/2:
		scale = float64(int(usual / side)) // whole, so that edges on pixels stay there
	}
	return max(1, int(w*scale+0.5)), max(1, int(h*scale+0.5))
}

// Draw draws a frame of a drawing. What would take too long to draw is limit-exceeded,
// what cannot be drawn is file-corrupt.
func Draw(d *svgfile.Document, f svgfile.Frame) (*vips.Image, error) {
	if err := Drawable(d, f.Width, f.Height); err != nil {
		return nil, err
	}
	im, err := vips.OpenSVG(d.Framed(f), 1)
	if problem.Has(err, problem.WorkerTimeout) {
		return nil, err
	}
	if err != nil {
		return nil, problem.New(problem.FileCorrupt).Because(err)
	}
	if im.Width() == f.Width && im.Height() == f.Height {
		return im, nil
	}
	defer im.Close() // a style sheet has other ideas of its size
	return im.Resize(f.Width, f.Height)
}

// Drawable counts what drawing at a size would take, before it is tried.
func Drawable(d *svgfile.Document, width, height int) error {
	cost := d.Cost(d.Survey())
	pixels := int64(width) * int64(height)
	if cost.Elements > svgfile.MaxDrawn {
		return problem.Over("image.elements", "more to draw", svgfile.MaxDrawn)
	}
	if cost.Layers > 0 && pixels > svgfile.MaxPixels/cost.Layers {
		return problem.Over("image.layers", fmt.Sprintf("%d of %d×%d pixels", cost.Layers, width, height), fmt.Sprintf("%d pixels in all", int64(svgfile.MaxPixels)))
	}
	return nil
}

// Frame puts steps into one frame of a drawing. Parts that are found by looking are not in
// it.
func Frame(d *svgfile.Document, s Steps, img recipe.Image) svgfile.Frame {
	width, height := OwnSize(d)
	f := d.Own(width, height)
	part := func(r Rect) {
		across, down := f.Part.Width/float64(f.Width), f.Part.Height/float64(f.Height)
		f.Part = svgfile.Box{
			X: f.Part.X + float64(r.X)*across, Y: f.Part.Y + float64(r.Y)*down,
			Width: float64(r.Width) * across, Height: float64(r.Height) * down,
		}
		f.Width, f.Height = r.Width, r.Height
	}
	if s.Crop != (Rect{}) {
		part(s.Crop)
	}
	if s.Scale != (Rect{}) {
		f.Width, f.Height = s.Scale.Width, s.Scale.Height
	}
	if s.Cut != (Rect{}) {
		part(s.Cut)
	}
	if s.Canvas != (Rect{}) {
		f.Inner = f.Part
		part(Rect{X: -s.Canvas.X, Y: -s.Canvas.Y, Width: s.Canvas.Width, Height: s.Canvas.Height})
		if img.Resize.Background != "transparent" {
			f.Background = img.Resize.Background
		}
	}
	return f
}

// drawSteps draws a drawing as far as the steps need no look at pixels, at the size that
// comes out rather than scaled from another, and gives the steps that are left.
func drawSteps(d *svgfile.Document, s Steps, img recipe.Image) (*vips.Image, Steps, error) {
	if s.Smart {
		im, err := Draw(d, d.Own(OwnSize(d)))
		return im, s, err
	}
	drawn, left := s, s
	drawn.Cut, drawn.Canvas = Rect{}, Rect{}
	left.Crop, left.Scale = Rect{}, Rect{}
	im, err := Draw(d, Frame(d, drawn, img))
	return im, left, err
}
