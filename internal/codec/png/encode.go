package png

import (
	"context"
	"encoding/binary"
	"io"
	"strings"

	"compressor/internal/blob"
	"compressor/internal/picture"
	"compressor/internal/pngfile"
	"compressor/internal/quantize"
	"compressor/internal/vips"
)

// encodeStored writes the input's own samples anew.
func (p planner) encodeStored(ctx context.Context, dst io.Writer, effort pngfile.Effort) error {
	data, err := picture.Read(p.In.Blob)
	if err != nil {
		return err
	}
	im, err := pngfile.Decode(data, p.limits())
	if err != nil {
		return err
	}
	keep, err := p.ancillary(p.Stored, picture.MarkOf(p.In.Facts.Prior))
	if err != nil {
		return err
	}
	return write(ctx, dst, im, keep, effort)
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
	keep, err := p.ancillary(p.Upright, "")
	if err != nil {
		return err
	}
	return write(ctx, dst, im, keep, effort)
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
	im, err := pngfile.Decode(data, p.limits())
	if err != nil {
		return err
	}
	keep, err := p.ancillary(p.Upright, p.Mark())
	if err != nil {
		return err
	}
	return write(ctx, dst, im, keep, effort)
}

// colours are the picture's, counted at the first use and shared by all levels. A plan is
// worked off by one goroutine.
type colours struct{ quantizer *quantize.Quantizer }

// encodeReduced has package quantize choose palette and indices.
func (p planner) encodeReduced(ctx context.Context, dst *blob.Writer, level int, diffuse bool, effort pngfile.Effort) error {
	if err := p.count(ctx); err != nil {
		return err
	}
	indices, palette, err := p.colours.quantizer.Reduce(ctx, level, diffuse)
	if err != nil {
		return err
	}
	im, err := pngfile.New(p.Width, p.Height, pngfile.Palette, 8, indices, palette)
	if err != nil {
		return err
	}
	keep, err := p.ancillary(p.Upright, p.Mark())
	if err != nil {
		return err
	}
	return write(ctx, dst, im, keep, effort)
}

// count makes the quantizer.
func (p planner) count(ctx context.Context) error {
	if p.colours.quantizer != nil {
		return nil
	}
	source, err := p.Source.Image()
	if err != nil {
		return err
	}
	im, err := samplesOf(source)
	if err != nil {
		return err
	}
	p.colours.quantizer, err = quantize.New(ctx, im.RGBA8(), im.Width, im.Height)
	return err
}

func write(ctx context.Context, dst io.Writer, im *pngfile.Image, keep pngfile.Ancillary, effort pngfile.Effort) error {
	out, err := pngfile.Optimize(ctx, im, keep, effort)
	if err != nil {
		return err
	}
	_, err = dst.Write(out)
	return err
}

// limits let in what Inspect has let in, whatever the operator's limit was.
func (p planner) limits() pngfile.Limits {
	return pngfile.Limits{Pixels: int64(p.In.Facts.Width) * int64(p.In.Facts.Height)}
}

// header reads the chunks of the input.
func (p planner) header() (*pngfile.Header, error) {
	data, err := picture.Read(p.In.Blob)
	if err != nil {
		return nil, err
	}
	return pngfile.ReadHeader(data, p.limits())
}

// ancillary gives what goes beside the samples: the metadata that is kept, the mark, and
// what the input's own chunks tell.
func (p planner) ancillary(k picture.Kept, mark string) (pngfile.Ancillary, error) {
	a := pngfile.Ancillary{Exif: k.EXIF}
	if len(k.ICC) > 0 {
		a.ICCName, a.ICC = "ICC", k.ICC
	}
	if len(k.XMP) > 0 {
		a.Text = append(a.Text, international(xmpKeyword, k.XMP))
	}
	if p.In.Format == ID {
		h, err := p.header()
		if err != nil {
			return a, err
		}
		keepMeaning(&a, h.Ancillary)
		if p.Img.Preserves("all") {
			keepTexts(&a, h.Ancillary)
		}
	} else if p.Img.Preserves("all") {
		for _, t := range p.In.Facts.Tags {
			if t.Name == "comment" {
				a.Text = append(a.Text, international(markKeyword, t.Value))
			}
		}
	}
	if mark != "" {
		a.Text = append(a.Text, pngfile.Entry{Keyword: markKeyword, Text: mark})
	}
	return a, nil
}

// international is a text of another format. Nothing vouches for its being UTF-8, as the
// chunk demands.
func international(keyword string, text []byte) pngfile.Entry {
	return pngfile.Entry{Keyword: keyword, Text: strings.ToValidUTF8(string(text), "\uFFFD"), International: true}
}

// keepTexts keeps the input's texts, but for XMP and our mark, and its print size.
func keepTexts(a *pngfile.Ancillary, in pngfile.Ancillary) {
	a.Density = in.Density
	for _, e := range in.Text {
		if e.Keyword != xmpKeyword && !isMark(e) {
			a.Text = append(a.Text, e)
		}
	}
}

// keepMeaning keeps what says how the samples are to be shown: without it the picture
// would look different in programs that heed it. An sRGB statement changes nothing and
// goes.
func keepMeaning(a *pngfile.Ancillary, in pngfile.Ancillary) {
	a.CICP, a.Mastering, a.LightLevel = in.CICP, in.Mastering, in.LightLevel
	if in.SRGB == nil && in.ICC == nil && in.CICP == nil {
		a.Gamma, a.Chroma = unlessSRGB(in.Gamma, in.Chroma)
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

// bound names the chunk that says how the samples are to be shown and that only PNG has.
// With a profile, decoders heed that instead.
func bound(a pngfile.Ancillary) string {
	if a.CICP != nil && string(a.CICP[:2]) != srgbCodes {
		return "cICP"
	}
	if a.SRGB != nil || a.ICC != nil || a.CICP != nil {
		return ""
	}
	gamma, chroma := unlessSRGB(a.Gamma, a.Chroma)
	switch {
	case gamma != nil:
		return "gAMA"
	case chroma != nil:
		return "cHRM"
	}
	return ""
}

// srgbCodes are the primaries and the transfer function of sRGB (H.273).
const srgbCodes = "\x01\x0d"

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
