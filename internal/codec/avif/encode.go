package avif

import (
	"fmt"
	"io"

	"compressor/internal/avifparts"
	"compressor/internal/picture"
	"compressor/internal/vips"
)

// encodeRepacked writes the input's own bitstreams into a new container.
func (p planner) encodeRepacked(dst io.Writer) error {
	f, err := p.parsed()
	if err != nil {
		return err
	}
	c := contents(f, p.Stored, picture.MarkOf(p.In.Facts.Prior))
	c.Transforms, c.CICP = f.Transforms, f.CICP
	return write(dst, c)
}

// parsed gives the input's parts.
func (p planner) parsed() (*avifparts.File, error) {
	data, err := picture.Read(p.In.Blob)
	if err != nil {
		return nil, err
	}
	return avifparts.Parse(data, p.limits())
}

// limits let in what Inspect has let in, whatever the operator's limit was: the input, and
// a grid's parts, which may reach beyond its edges by almost one row and one column.
func (p planner) limits() avifparts.Limits {
	return avifparts.Limits{Pixels: max(int64(p.Width)*int64(p.Height), 4*int64(p.In.Facts.Width)*int64(p.In.Facts.Height))}
}

// encode lets libaom write the picture, and puts it into a container of ours.
func (p planner) encode(dst io.Writer, m mode, quality, effort int) error {
	im, err := p.Source.Image()
	if err != nil {
		return err
	}
	im, done, err := plain(im)
	if err != nil {
		return err
	}
	defer done()
	o := vips.AVIFOptions{Quality: quality, Depth: 10, Effort: effort, Tune: "iq"}
	mark := p.Mark()
	if p.In.Format == ID {
		o.Depth = max(o.Depth, p.In.Facts.Depth) // 12 stay 12
	}
	if m == eight {
		o.Depth = 8
	}
	if m == exactly {
		o.Lossless, o.Depth, o.Tune, mark = true, 8, "psnr", ""
	}
	data, err := im.AVIF(o)
	if err != nil {
		return err
	}
	f, err := avifparts.Parse(data, p.limits())
	if err != nil {
		return fmt.Errorf("libaom's file does not read back: %w", err)
	}
	c := contents(f, p.Upright, mark)
	c.CICP = f.CICP
	if err := p.keepColours(&c.CICP); err != nil {
		return err
	}
	return write(dst, c)
}

// keepColours says of an AVIF's colours what the input said: they were not converted.
func (p planner) keepColours(c *avifparts.CICP) error {
	if p.In.Format != ID {
		return nil
	}
	f, err := p.parsed()
	if err != nil {
		return err
	}
	c.Primaries, c.Transfer = f.CICP.Primaries, f.CICP.Transfer
	return nil
}

// contents is what goes into every file: the pictures, the metadata that is kept, and the
// mark, in a place for free text that no program shows.
func contents(f *avifparts.File, k picture.Kept, mark string) avifparts.Contents {
	return avifparts.Contents{
		Color: f.Color, Alpha: f.Alpha, ICC: k.ICC, EXIF: k.EXIF, XMP: k.XMP, Name: mark,
	}
}

func write(dst io.Writer, c avifparts.Contents) error {
	if len(c.ICC) > 0 {
		// The profile says what the colours are; the code points are left the matrix.
		c.CICP.Primaries, c.CICP.Transfer = unspecified, unspecified
	}
	out, err := avifparts.Write(c)
	if err != nil {
		return err
	}
	_, err = dst.Write(out)
	return err
}

// unspecified is the code point of H.273 for primaries and transfer curves not told.
const unspecified = 2

// plain gives the picture at a depth that libaom takes, and without an alpha channel in
// which everything is opaque. done gives back what was made on the way.
func plain(im *vips.Image) (*vips.Image, func(), error) {
	done := func() {}
	if im.Depth() > 16 {
		shallow, err := im.Depth8()
		if err != nil {
			return nil, nil, err
		}
		im, done = shallow, shallow.Close
	}
	if !im.HasAlpha() {
		return im, done, nil
	}
	opaque, err := im.Opaque()
	if err == nil && opaque {
		var flat *vips.Image
		if flat, err = im.Flatten(make([]float64, im.Bands()-1)); err == nil {
			done()
			return flat, flat.Close, nil
		}
	}
	if err != nil {
		done()
		return nil, nil, err
	}
	return im, done, nil
}
