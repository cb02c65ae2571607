package jpeg

import (
	"bytes"
	"context"
	"fmt"

	"compressor/internal/blob"
	"compressor/internal/jpegdct"
	"compressor/internal/jpegquant"
	"compressor/internal/photometa"
	"compressor/internal/picture"
	"compressor/internal/vips"
)

// encodeRecoded writes the input's own coefficients anew.
func (p *planner) encodeRecoded(_ context.Context, dst *blob.Writer) error {
	f, err := p.parsed()
	if err != nil {
		return err
	}
	return p.finish(dst, f, p.Stored, picture.MarkOf(p.In.Facts.Prior))
}

// encodeLossy finishes a draft.
func (p *planner) encodeLossy(dst *blob.Writer, m mode, level int) error {
	data, err := p.quantized(m, level)
	if err != nil {
		return err
	}
	f, err := jpegdct.Parse(data, jpegdct.Limits{Pixels: int64(p.Width) * int64(p.Height)})
	if err != nil {
		return fmt.Errorf("the draft does not read back: %w", err)
	}
	if p.In.Format == ID && p.Img.Preserves("all") {
		own, err := p.parsed()
		if err != nil {
			return err
		}
		f.Segments = own.Segments // the density is read from them
	}
	if err := p.finish(dst, f, p.Upright, p.Mark()); err != nil {
		return err
	}
	if m == quarter() {
		p.quarter = dst.Size()
	}
	return nil
}

// quantized makes a sequential file, once.
func (p *planner) quantized(m mode, level int) ([]byte, error) {
	if data := p.drafts[draft{m, level}]; data != nil {
		return data, nil
	}
	made := p.trellis
	if m.mozjpeg {
		made = p.mozjpeg
	}
	data, err := made(m, level)
	if err == nil {
		p.drafts[draft{m, level}] = data
	}
	return data, err
}

// trellis is our own quantizer.
func (p *planner) trellis(m mode, level int) ([]byte, error) {
	src, err := p.transformed(m)
	if err != nil {
		return nil, err
	}
	aim := jpegquant.Aim{Score: p.aim(level), Sampling: m.sampling, Scale: scaleOf(level)}
	var b bytes.Buffer
	err = jpegdct.Write(&b, src.Quantize(aim.Settings(src.Components())), jpegdct.Options{})
	return b.Bytes(), err
}

// mozjpeg is the other one, with the table that gave the fewest bytes at such a floor.
func (p *planner) mozjpeg(_ mode, quality int) ([]byte, error) {
	im, done, err := p.shallow()
	if err != nil {
		return nil, err
	}
	defer done()
	table := 5
	if p.In.Floor >= 80 {
		table = 2
	}
	return im.JPEG(vips.JPEGOptions{Quality: quality, Table: table, Subsample: true, Trellis: true})
}

// shallow is the picture at 8 bits a sample; done gives back what was made for it.
func (p *planner) shallow() (im *vips.Image, done func(), err error) {
	done = func() {}
	im, err = p.Source.Image()
	if err == nil && im.Depth() != 8 {
		if im, err = im.Depth8(); err == nil {
			done = im.Close
		}
	}
	return im, done, err
}

// source is the picture as coefficients, in one mode.
type source struct {
	*jpegquant.Source
	mode mode
}

// transformed gives the coefficients that are quantized. Those of another mode are let go.
func (p *planner) transformed(m mode) (*jpegquant.Source, error) {
	if p.source != nil && p.source.mode == m {
		return p.source.Source, nil
	}
	p.source = nil
	made, err := p.own(m)
	if made == nil && err == nil {
		made, err = p.drawn(m)
	}
	if err != nil {
		return nil, err
	}
	p.source = &source{made, m}
	if m == quarter() {
		blue, red := made.Missed()
		p.missed = blue + red
	}
	return made, nil
}

// own gives the coefficients of the input itself, if it is a JPEG that is sampled as the
// result is to be and whose blocks stay where they are, or nil. That saves rounding to
// pixels and back.
func (p *planner) own(m mode) (*jpegquant.Source, error) {
	if !p.Same {
		return nil, nil
	}
	f, err := p.parsed()
	if err != nil {
		return nil, err
	}
	turned, exact := jpegdct.Upright(f, max(1, photometa.Orientation(p.In.Facts.Tag("exif"))))
	if !exact || !sampledAs(turned, m) {
		return nil, nil
	}
	return jpegquant.FromFile(turned), nil
}

// sampledAs says whether f is gray or Y, Cb and Cr in the mode's sampling.
func sampledAs(f *jpegdct.File, m mode) bool {
	if len(f.Components) == 1 {
		return true
	}
	c := f.Components
	return len(c) == 3 && f.ColorModel() == jpegdct.YCbCr &&
		c[0].H == m.sampling.Across && c[0].V == m.sampling.Down &&
		c[1].H == 1 && c[1].V == 1 && c[2].H == 1 && c[2].V == 1
}

// drawn transforms the pixels, at 8 bits a sample.
func (p *planner) drawn(m mode) (*jpegquant.Source, error) {
	im, done, err := p.shallow()
	if err != nil {
		return nil, err
	}
	defer done()
	pix, err := im.View()
	if err != nil {
		return nil, err
	}
	return jpegquant.FromPixels(jpegquant.Pixels{
		Width: im.Width(), Height: im.Height(), Channels: im.Bands(), Pix: pix}, m.sampling)
}

// parsed gives the input's coefficients.
func (p *planner) parsed() (*jpegdct.File, error) {
	data, err := picture.Read(p.In.Blob)
	if err != nil {
		return nil, err
	}
	// What Inspect has let in is let in here, whatever the operator's limit was.
	return jpegdct.Parse(data, jpegdct.Limits{Pixels: int64(p.In.Facts.Width) * int64(p.In.Facts.Height)})
}

// withProfile puts a colour profile into a file that has none.
func withProfile(data, profile []byte) []byte {
	const soi = 2 // bytes of the marker that a file starts with
	out := append([]byte(nil), data[:soi]...)
	for _, s := range jpegdct.ICCSegments(profile) {
		size := len(s.Data) + 2
		out = append(out, 0xff, s.Marker, byte(size>>8), byte(size))
		out = append(out, s.Data...)
	}
	return append(out, data[soi:]...)
}

// finish codes the coefficients with the metadata that goes along. It is the same for
// every candidate and depends on nothing else, which is what makes a second pass find
// nothing to do.
func (p *planner) finish(dst *blob.Writer, f *jpegdct.File, k picture.Kept, mark string) error {
	all := p.Img.Preserves("all")
	segments := append(f.ColorSegments(all), metadataSegments(k.Blocks)...)
	for _, t := range p.In.Facts.Tags {
		if all && t.Name == "comment" {
			segments = append(segments, jpegdct.CommentSegment(string(t.Value)))
		}
	}
	if mark != "" {
		segments = append(segments, jpegdct.CommentSegment(mark))
	}
	if p.Img.Progressive != nil {
		return jpegdct.Write(dst, f, jpegdct.Options{Progressive: *p.Img.Progressive, Segments: segments})
	}
	data, _, err := jpegdct.Smallest(f, segments)
	if err != nil {
		return err
	}
	_, err = dst.Write(data)
	return err
}

// The identifiers of metadata segments: EXIF 2.32 section 4.7.2, XMP part 3 section 1.1.3,
// and Photoshop's image resources with the IPTC-NAA record in resource 0x0404.
const (
	idEXIF = "Exif\x00\x00"
	idXMP  = "http://ns.adobe.com/xap/1.0/\x00"
	idIPTC = "Photoshop 3.0\x008BIM\x04\x04\x00\x00"

	maxSegment = 65533 // payload of one marker segment
)

// metadataSegments wraps raw blocks. One that does not fit a segment is left out; only
// whole packets kept by "all" can be that large.
func metadataSegments(b photometa.Blocks) []jpegdct.Segment {
	var out []jpegdct.Segment
	add := func(marker byte, kind jpegdct.Kind, id string, block []byte) {
		if len(block) > 0 && len(id)+len(block) <= maxSegment {
			out = append(out, jpegdct.Segment{Marker: marker, Kind: kind, Data: append([]byte(id), block...)})
		}
	}
	add(0xe1, jpegdct.EXIF, idEXIF, b.EXIF)
	add(0xe1, jpegdct.XMP, idXMP, b.XMP)
	if n := len(b.IPTC); n > 0 {
		size := string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
		add(0xed, jpegdct.Photoshop, idIPTC+size, append(b.IPTC[:n:n], make([]byte, n%2)...))
	}
	return append(out, jpegdct.ICCSegments(b.ICC)...)
}
