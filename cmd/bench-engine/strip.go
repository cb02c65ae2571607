package main

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/jpeg" // decoders that are not those that wrote the files
	_ "image/png"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"compressor/internal/blob"
)

// How a strip is laid out, in pixels.
const (
	gap       = 10 // around everything
	line      = 20 // a line of text
	amplified = 8  // differences are multiplied by this
)

// strip is a crop of one picture before and after, side by side, under each of the latter
// how it differs from the first unless it is plain.
type strip struct {
	name  string // of the file to write
	from  string // the picture's path
	crop  image.Rectangle
	zoom  int // each pixel of the crop is a square of so many
	plain bool
	cells []stripCell // the first is the picture before
}

// stripCell is one version of the picture and what is written above and below it.
type stripCell struct {
	title, detail, below string
	picture              image.Image
}

// pictureOf decodes a file by Go's own decoders.
func pictureOf(b blob.Blob) (image.Image, error) {
	f, err := b.Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	im, _, err := image.Decode(f)
	return im, err
}

// pens write in the two weights.
type pens struct{ regular, bold font.Face }

func newPens() (pens, error) {
	face := func(file []byte) (font.Face, error) {
		parsed, err := opentype.Parse(file)
		if err != nil {
			return nil, err
		}
		return opentype.NewFace(parsed, &opentype.FaceOptions{Size: 14, DPI: 72, Hinting: font.HintingFull})
	}
	regular, err := face(goregular.TTF)
	if err != nil {
		return pens{}, err
	}
	bold, err := face(gobold.TTF)
	return pens{regular, bold}, err
}

// write puts a text with its left or right end at a point, the foot of the letters there.
func write(on draw.Image, face font.Face, text string, x, y int, right bool) {
	d := font.Drawer{Dst: on, Src: image.Black, Face: face, Dot: fixed.P(x, y)}
	if right {
		d.Dot.X -= d.MeasureString(text)
	}
	d.DrawString(text)
}

// render draws the strip on white.
func (s *strip) render() (*image.RGBA, error) {
	pen, err := newPens()
	if err != nil {
		return nil, err
	}
	width, height := s.crop.Dx()*s.zoom, s.crop.Dy()*s.zoom
	whole := image.Rect(0, 0, gap+len(s.cells)*(width+gap), gap+line+height+gap)
	if !s.plain {
		whole.Max.Y += height + line
	}
	out := image.NewRGBA(whole)
	draw.Draw(out, whole, image.White, image.Point{}, draw.Src)
	first := s.laid(s.cells[0].picture)
	for i, c := range s.cells {
		x, y := gap+i*(width+gap), gap+line
		write(out, pen.bold, c.title, x, y-6, false)
		write(out, pen.regular, c.detail, x+width, y-6, true)
		laid := s.laid(c.picture)
		enlarge(out, image.Pt(x, y), laid, s.zoom)
		y += height + gap
		if s.plain {
			continue
		}
		if i == 0 {
			write(out, pen.regular, fmt.Sprintf("difference × %d", amplified), x+width, y+height/2, true)
			continue
		}
		enlarge(out, image.Pt(x, y), differences(first, laid), s.zoom)
		write(out, pen.regular, c.below, x, y+height+line-4, false)
	}
	return out, nil
}

// laid is the crop over squares of two grays, so that transparency is seen.
func (s *strip) laid(im image.Image) *image.RGBA {
	const square = 5
	box := image.Rect(0, 0, s.crop.Dx(), s.crop.Dy())
	out := image.NewRGBA(box)
	for y := range box.Dy() {
		for x := range box.Dx() {
			shade := color.RGBA{0xff, 0xff, 0xff, 0xff}
			if (x/square+y/square)%2 == 1 {
				shade = color.RGBA{0xd0, 0xd0, 0xd0, 0xff}
			}
			out.SetRGBA(x, y, shade)
		}
	}
	draw.Draw(out, box, im, s.crop.Min.Add(im.Bounds().Min), draw.Over)
	return out
}

// differences is how far two pictures are apart, sample by sample, amplified, on black.
func differences(a, b *image.RGBA) *image.RGBA {
	out := image.NewRGBA(a.Rect)
	for i, v := range a.Pix {
		d := int(v) - int(b.Pix[i])
		out.Pix[i] = uint8(min(255, amplified*max(d, -d)))
		if i%4 == 3 {
			out.Pix[i] = 255
		}
	}
	return out
}

// enlarge puts a picture down at a point, each pixel a square.
func enlarge(on *image.RGBA, at image.Point, im *image.RGBA, zoom int) {
	for y := range im.Rect.Dy() * zoom {
		for x := range im.Rect.Dx() * zoom {
			on.SetRGBA(at.X+x, at.Y+y, im.RGBAAt(x/zoom, y/zoom))
		}
	}
}

// stacked puts pictures one under the other.
func stacked(list []*image.RGBA) *image.RGBA {
	var size image.Point
	for _, im := range list {
		size = image.Pt(max(size.X, im.Rect.Dx()), size.Y+im.Rect.Dy())
	}
	out := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	y := 0
	for _, im := range list {
		draw.Draw(out, im.Rect.Add(image.Pt(0, y)), im, image.Point{}, draw.Src)
		y += im.Rect.Dy()
	}
	return out
}
