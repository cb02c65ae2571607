package png

import (
	"context"
	"encoding/binary"
	"io"

	"compressor/internal/blob"
	"compressor/internal/picture"
	"compressor/internal/pngfile"
	"compressor/internal/vips"
)

// encodeStored writes the input's own samples anew.
func (p planner) encodeStored(ctx context.Context, dst io.Writer, effort pngfile.Effort) error {
	data, err := p.In.Blob.Bytes(maxFile)
	if err != nil {
		return err
	}
	h, err := pngfile.ReadHeader(data, pngfile.Limits{})
	if err != nil {
		return err
	}
	im, err := pngfile.Decode(data, pngfile.Limits{})
	if err != nil {
		return err
	}
	keep := p.ancillary(p.Stored, picture.MarkOf(p.In.Facts.Prior))
	keep.meaning(h.Ancillary)
	return write(ctx, dst, im, keep.Ancillary, effort)
}

// encodeSource writes the changed or converted picture without loss.
func (p planner) encodeSource(ctx context.Context, dst io.Writer, effort pngfile.Effort) error {
	source, err := p.Source.Image()
	if err != nil {
		return err
	}
	im, err := samplesOf(source)
	if err != nil {
		return err
	}
	return write(ctx, dst, im, p.ancillary(p.Upright, "").Ancillary, effort)
}

// encodeQuantized lets imagequant choose the palette and our own optimiser write.
func (p planner) encodeQuantized(ctx context.Context, dst *blob.Writer, quality int, dither float64, effort pngfile.Effort) error {
	source, err := p.Source.Image()
	if err != nil {
		return err
	}
	data, err := source.PalettePNG(vips.PaletteOptions{Quality: quality, Colours: 256, Effort: 7, Dither: dither})
	if err != nil {
		return err
	}
	im, err := pngfile.Decode(data, pngfile.Limits{})
	if err != nil {
		return err
	}
	keep := p.ancillary(p.Upright, p.Mark())
	if p.In.Format == ID && p.Same {
		h, err := p.header()
		if err != nil {
			return err
		}
		keep.meaning(h.Ancillary)
	}
	return write(ctx, dst, im, keep.Ancillary, effort)
}

func write(ctx context.Context, dst io.Writer, im *pngfile.Image, keep pngfile.Ancillary, effort pngfile.Effort) error {
	out, err := pngfile.Optimize(ctx, im, keep, effort)
	if err != nil {
		return err
	}
	_, err = dst.Write(out)
	return err
}

// header reads the chunks of the input.
func (p planner) header() (*pngfile.Header, error) {
	data, err := p.In.Blob.Bytes(maxFile)
	if err != nil {
		return nil, err
	}
	return pngfile.ReadHeader(data, pngfile.Limits{})
}

// chunks is what goes beside the samples.
type chunks struct{ pngfile.Ancillary }

// ancillary wraps the metadata that goes along.
func (p planner) ancillary(k picture.Kept, mark string) chunks {
	a := pngfile.Ancillary{Exif: k.EXIF}
	if len(k.ICC) > 0 {
		a.ICCName, a.ICC = "ICC", k.ICC
	}
	if len(k.XMP) > 0 {
		a.Text = append(a.Text, pngfile.Entry{Keyword: xmpKeyword, Text: string(k.XMP), International: true})
	}
	if mark != "" {
		a.Text = append(a.Text, pngfile.Entry{Keyword: markKeyword, Text: mark})
	}
	return chunks{a}
}

// meaning keeps what says how the samples are to be shown: without it the picture would
// look different in programs that heed it. An sRGB statement changes nothing and goes.
func (c *chunks) meaning(in pngfile.Ancillary) {
	c.CICP, c.Mastering, c.LightLevel = in.CICP, in.Mastering, in.LightLevel
	if in.SRGB == nil && in.ICC == nil && in.CICP == nil {
		c.Gamma, c.Chroma = unlessSRGB(in.Gamma, in.Chroma)
	}
}

// unlessSRGB drops a gamma of 1/2.2 that stands alone or with sRGB's own primaries, which
// is what an untagged picture is shown with.
func unlessSRGB(gamma, chroma []byte) (keptGamma, keptChroma []byte) {
	const srgbGamma = 45455
	plainGamma := gamma == nil || len(gamma) == 4 && binary.BigEndian.Uint32(gamma) == srgbGamma
	if plainGamma && (chroma == nil || string(chroma) == srgbChroma) {
		return nil, nil
	}
	return gamma, chroma
}

// srgbChroma is the cHRM chunk of sRGB (PNG 11.3.3.5, table 19): white point, then red,
// green and blue, each x and y × 100,000.
const srgbChroma = "\x00\x00\x7a\x26\x00\x00\x80\x84\x00\x00\xfa\x00\x00\x00\x80\xe8" +
	"\x00\x00\x75\x30\x00\x00\xea\x60\x00\x00\x3a\x98\x00\x00\x17\x70"

// samplesOf turns a decoded picture into samples as PNG stores them.
func samplesOf(im *vips.Image) (*pngfile.Image, error) {
	depth := im.Depth()
	if depth > 16 {
		shallow, err := im.Depth8()
		if err != nil {
			return nil, err
		}
		defer shallow.Close()
		im, depth = shallow, 8
	}
	pix, err := im.Pixels()
	if err != nil {
		return nil, err
	}
	if depth == 16 {
		for i := 0; i+1 < len(pix); i += 2 {
			pix[i], pix[i+1] = pix[i+1], pix[i] // libvips has the machine's order, PNG the network's
		}
	}
	color := map[int]pngfile.Color{1: pngfile.Gray, 2: pngfile.GrayAlpha, 3: pngfile.RGB, 4: pngfile.RGBA}[im.Bands()]
	return pngfile.New(im.Width(), im.Height(), color, depth, pix, nil)
}
