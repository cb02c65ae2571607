package webp

import (
	"fmt"
	"io"

	"compressor/internal/picture"
	"compressor/internal/pngfile"
	"compressor/internal/vips"
	"compressor/internal/webpfile"
)

// image is the picture at 8 bits a sample, which is all that WebP has.
func (p *planner) image() (*vips.Image, error) {
	if p.shallow != nil {
		return p.shallow, nil
	}
	im, err := p.Source.Image()
	if err != nil || im.Depth() == 8 {
		return im, err
	}
	p.shallow, err = im.Depth8()
	return p.shallow, err
}

// encodeLossy writes VP8, with ALPH where there is transparency.
func (p *planner) encodeLossy(dst io.Writer, o vips.WebPOptions, quality int) error {
	im, err := p.image()
	if err != nil {
		return err
	}
	o.Quality = quality
	if im.HasAlpha() {
		o.Effort = min(o.Effort, alphaEffort)
	}
	data, err := im.WebP(o)
	if err != nil {
		return err
	}
	return p.finish(dst, data, p.Upright, p.Mark())
}

// encodeLossless writes VP8L.
func (p *planner) encodeLossless(dst io.Writer, o vips.WebPOptions) error {
	im, err := p.image()
	if err != nil {
		return err
	}
	data, err := im.WebP(o)
	if err != nil {
		return err
	}
	return p.finish(dst, data, p.Upright, p.inherited())
}

// quickSize is how large VP8L is at the least effort.
func (p *planner) quickSize() (int64, error) {
	if p.quick > 0 {
		return p.quick, nil
	}
	im, err := p.image()
	if err != nil {
		return 0, err
	}
	data, err := im.WebP(quickest())
	p.quick = int64(len(data))
	return p.quick, err
}

// encodePalette lets imagequant choose at most 256 colours, and writes VP8L.
func (p *planner) encodePalette(dst io.Writer, quality int, draft bool) error {
	source, err := p.image()
	if err != nil {
		return err
	}
	data, err := source.PalettePNG(vips.PaletteOptions{Quality: quality, Colours: 256, Effort: 7})
	if err != nil {
		return err
	}
	im, err := pngfile.Decode(data, pngfile.Limits{Pixels: int64(p.Width) * int64(p.Height)})
	if err != nil {
		return err
	}
	reduced, err := vips.FromPixels(im.Width, im.Height, 4, im.RGBA8())
	if err != nil {
		return err
	}
	defer reduced.Close()
	if data, err = reduced.WebP(paletteOptions(p.Width*p.Height, draft)); err != nil {
		return err
	}
	return p.finish(dst, data, p.Upright, p.Mark())
}

// inherited is the mark that a result without loss passes on.
func (p *planner) inherited() string {
	if !p.Same {
		return ""
	}
	return picture.MarkOf(p.In.Facts.Prior)
}

// encodeRepacked writes the input's own bitstream.
func (p *planner) encodeRepacked(dst io.Writer) error {
	data, err := p.repack()
	if err != nil {
		return err
	}
	_, err = dst.Write(data)
	return err
}

func (p *planner) repack() ([]byte, error) {
	data, err := picture.Read(p.In.Blob)
	if err != nil {
		return nil, err
	}
	return p.wrap(data, p.Stored, p.inherited())
}

// finish puts around a bitstream what goes along.
func (p *planner) finish(dst io.Writer, data []byte, k picture.Kept, mark string) error {
	out, err := p.wrap(data, k, mark)
	if err != nil {
		return err
	}
	_, err = dst.Write(out)
	return err
}

// wrap takes the picture out of one file and writes another around it: with the metadata
// that is kept, the mark, and, if everything is to stay, the input's unknown chunks.
func (p *planner) wrap(data []byte, k picture.Kept, mark string) ([]byte, error) {
	// What Inspect has let in is let in here, whatever the operator's limit was.
	f, err := webpfile.Parse(data, webpfile.Limits{})
	if err != nil {
		return nil, fmt.Errorf("libwebp's file does not read back: %w", err)
	}
	f.ICC, f.EXIF, f.XMP, f.Unknown = k.ICC, k.EXIF, k.XMP, nil
	for _, t := range p.In.Facts.Tags {
		if p.kept && t.Name == unknownTag {
			f.Unknown = append(f.Unknown, webpfile.Chunk{ID: string(t.Value[:4]), Data: t.Value[4:]})
		}
	}
	if mark != "" {
		f.Unknown = append(f.Unknown, webpfile.Chunk{ID: markID, Data: []byte(mark)})
	}
	return webpfile.Assemble(f)
}
