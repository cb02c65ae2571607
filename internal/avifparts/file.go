package avifparts

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"compressor/internal/bitstream"
)

// File is an AVIF taken apart. Its byte slices are the file's own.
type File struct {
	// Other names what the file is or holds beside one still picture, in words for
	// people; "" if it is nothing but that. The fields below may then be unset.
	Other    string
	Animated bool // an image sequence
	Frames   int  // of it

	Color      *Picture
	Alpha      *Picture // nil: opaque
	Transforms []Transform

	CICP      CICP   // how Color is to be read, unless by ICC; its Matrix and Full hold in any case
	ICC       []byte // nil: none
	EXIF, XMP []byte // a TIFF structure; an XMP packet
	Thumbnail []byte // a smaller picture of the same, coded

	Name string // the free text of the handler box
}

// Picture is a coded picture, or a grid of them.
type Picture struct {
	Width, Height int // in pixels
	Depth         int // bits a sample
	Gray          bool
	Subsampled    bool   // colour at less than full resolution
	Config        []byte // the AV1 codec configuration record, without bitstream units
	Data          []byte // AV1; for a grid its description
	Tiles         []*Picture
}

// Transform is a turn or a reflection that shows the picture (ISO/IEC 23008-12, 6.5.10
// and 6.5.12). They work in their order.
type Transform struct {
	Mirror bool // otherwise a turn
	Value  int  // quarter turns anticlockwise; of a mirror, 0 swaps top and bottom, 1 left and right
}

// Shown gives the sides of the picture after its transforms.
func (f *File) Shown() (width, height int) {
	if f.Color == nil {
		return 0, 0
	}
	width, height = f.Color.Width, f.Color.Height
	for _, t := range f.Transforms {
		if !t.Mirror && t.Value%2 == 1 {
			width, height = height, width
		}
	}
	return width, height
}

// Parse takes an AVIF apart. Damage is file-corrupt, a picture over the limit is
// limit-exceeded; nothing is decoded.
func Parse(data []byte, limits Limits) (*File, error) {
	all, err := boxes(data, true)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 || all[0].kind != "ftyp" || len(all[0].body) < 8 || len(all[0].body)%4 != 0 {
		return nil, corrupt("no file type box")
	}
	p := parser{file: data, limits: limits, out: &File{}}
	for _, b := range all[1:] {
		switch b.kind {
		case "ftyp":
			return nil, corrupt("two file type boxes")
		case "meta":
			if p.meta != nil {
				return nil, corrupt("two meta boxes")
			}
			if p.meta, err = readMeta(b.body); err != nil {
				return nil, err
			}
		case "moov":
			if err := p.sequence(b.body); err != nil {
				return nil, err
			}
		case "mdat", "free", "skip", "uuid", "sidx":
		default:
			p.other("a box of the kind %q", b.kind)
		}
	}
	if p.meta == nil {
		if p.out.Animated {
			return p.out, nil
		}
		return nil, corrupt("no meta box")
	}
	return p.out, p.read(brands(all[0].body))
}

// brands lists what the file type box promises: the major brand and the others.
func brands(body []byte) []string {
	var out []string
	for i := 0; i < len(body); i += 4 {
		if i != 4 { // the minor version
			out = append(out, string(body[i:i+4]))
		}
	}
	return out
}

// parser puts a File together.
type parser struct {
	file   []byte
	meta   *meta
	limits Limits
	spent  int // bytes of items, see meta.data
	used   map[uint32]bool
	out    *File
}

// other notes the first thing that makes the file more than a still picture.
func (p *parser) other(format string, args ...any) {
	if p.out.Other == "" {
		p.out.Other = fmt.Sprintf(format, args...)
	}
}

// sequence counts the samples of the first track.
func (p *parser) sequence(body []byte) error {
	p.out.Animated = true
	p.other("animation (AVIF image sequence)")
	for _, kind := range []string{"trak", "mdia", "minf", "stbl", "stsz"} {
		inside, err := boxes(body, false)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(inside, func(b box) bool { return b.kind == kind })
		if i < 0 {
			return nil
		}
		body = inside[i].body
	}
	r := reader{bitstream.Bytes{Data: body}}
	r.Take(8)
	p.out.Frames = int(min(r.U32(), uint32(len(p.file)))) // a frame takes a byte at the least
	return nil
}

func (p *parser) read(brands []string) error {
	m := p.meta
	p.out.Name = m.name
	p.used = map[uint32]bool{m.primary: true}
	if slices.Contains(brands, "tmap") {
		p.other("HDR gain map")
	}
	if m.unknown != "" {
		p.other("a box of the kind %q", m.unknown)
	}
	if err := p.derived(); err != nil {
		return err
	}
	primary := m.byID[m.primary]
	color, err := p.picture(primary)
	if err != nil || color == nil {
		return err
	}
	p.out.Color = color
	if err := p.look(primary); err != nil {
		return err
	}
	for _, it := range m.items {
		if p.used[it.id] {
			continue
		}
		if err := p.side(it); err != nil {
			return err
		}
	}
	for _, it := range m.items {
		switch {
		case p.used[it.id]:
		case it.kind == "av01" || it.kind == "grid":
			p.other("several pictures in one file")
		default:
			p.other("an item of the kind %q", it.kind)
		}
	}
	if len(m.groups) > 0 {
		p.other("pictures that belong together (%q)", m.groups[0])
	}
	return nil
}

// derived names items and references by which the shown picture is more than its
// primary item.
func (p *parser) derived() error {
	for _, it := range p.meta.items {
		switch {
		case it.protected:
			p.other("protected contents")
		case it.kind == "tmap":
			p.other("HDR gain map")
		}
	}
	for _, ref := range p.meta.references {
		switch ref.kind {
		case "dimg", "auxl", "cdsc", "thmb":
		case "prem":
			p.other("colours multiplied by their transparency")
		default:
			p.other("a reference of the kind %q", ref.kind)
		}
	}
	return nil
}

// picture reads a coded item or a grid. A nil Picture has been noted as something other.
func (p *parser) picture(it *item) (*Picture, error) {
	switch it.kind {
	case "av01":
		return p.coded(it)
	case "grid":
		return p.grid(it)
	}
	p.other("a picture of the kind %q", it.kind)
	return nil, nil
}

// sides reads the image spatial extents (ISO/IEC 23008-12, 6.5.3).
func (p *parser) sides(it *item) (width, height int, err error) {
	size := it.property("ispe")
	if size == nil {
		return 0, 0, corrupt("item %d has no size", it.id)
	}
	r := reader{bitstream.Bytes{Data: size.body}}
	r.full()
	width, height = int(r.U32()), int(r.U32())
	if r.Short || width < 1 || height < 1 {
		return 0, 0, corrupt("item %d is %d×%d", it.id, width, height)
	}
	if width > maxSide || height > maxSide {
		width, height = max(width, 1<<20), max(height, 1<<20) // over any limit, and no overflow
	}
	return width, height, checkPixels(width, height, p.limits)
}

func (p *parser) coded(it *item) (*Picture, error) {
	width, height, err := p.sides(it)
	if err != nil {
		return nil, err
	}
	config := it.property("av1C")
	if config == nil || len(config.body) < 4 || config.body[0] != 0x81 {
		return nil, corrupt("item %d has no AV1 configuration", it.id)
	}
	if it.elsewhere {
		p.other("contents outside the file")
		return nil, nil
	}
	data, err := p.meta.data(it, p.file, &p.spent)
	if err != nil {
		return nil, err
	}
	s, err := readStream(data)
	if err != nil {
		return nil, err
	}
	if err := checkPixels(s.width, s.height, p.limits); err != nil {
		return nil, err
	}
	if s.width != width || s.height != height {
		p.other("sides of %d×%d and of %d×%d", width, height, s.width, s.height)
	}
	if s.points > 1 || s.frames > 1 {
		p.other("layers")
	}
	p.codes(s)
	return &Picture{
		Width: width, Height: height, Depth: s.depth, Gray: s.gray, Subsampled: !s.gray && s.halfX,
		Config: config.body[:4], Data: data,
	}, nil
}

// codes takes over how the bitstream says it is to be shown, which a colour box overrules.
func (p *parser) codes(s stream) {
	if p.out.Color == nil && p.out.CICP == (CICP{}) {
		p.out.CICP = s.cicp
	}
}

// grid reads a grid of coded pictures (ISO/IEC 23008-12, 6.6.2.3).
func (p *parser) grid(it *item) (*Picture, error) {
	width, height, err := p.sides(it)
	if err != nil {
		return nil, err
	}
	if it.elsewhere {
		p.other("contents outside the file")
		return nil, nil
	}
	data, err := p.meta.data(it, p.file, &p.spent)
	if err != nil {
		return nil, err
	}
	r := reader{bitstream.Bytes{Data: data}}
	version, flags := r.U8(), r.U8()
	rows, columns := r.U8()+1, r.U8()+1
	long := flags&1 != 0
	w, h := int(r.id(long)), int(r.id(long))
	var ids []uint32
	for _, ref := range p.meta.references {
		if ref.kind == "dimg" && ref.from == it.id {
			ids = append(ids, ref.to...)
		}
	}
	if r.Short || version != 0 || w != width || h != height || len(ids) != rows*columns {
		return nil, corrupt("grid of %d×%d pictures, %d are there", columns, rows, len(ids))
	}
	g := &Picture{Width: width, Height: height, Data: data}
	for _, id := range ids {
		tile, err := p.tile(id)
		if err != nil || tile == nil {
			return nil, err
		}
		g.Tiles = append(g.Tiles, tile)
	}
	first := g.Tiles[0]
	g.Depth, g.Gray, g.Subsampled = first.Depth, first.Gray, first.Subsampled
	for _, t := range g.Tiles {
		if t.Width != first.Width || t.Height != first.Height || !bytes.Equal(t.Config, first.Config) {
			return nil, corrupt("unlike pictures in a grid")
		}
	}
	if !covers(first.Width, columns, width) || !covers(first.Height, rows, height) {
		return nil, corrupt("%d×%d pictures of %d×%d for one of %d×%d",
			columns, rows, first.Width, first.Height, width, height)
	}
	return g, nil
}

// covers says whether n tiles cover a side, and no fewer would.
func covers(tile, n, side int) bool { return tile*n >= side && tile*(n-1) < side }

func (p *parser) tile(id uint32) (*Picture, error) {
	it := p.meta.byID[id]
	if it == nil || it.kind != "av01" || p.used[id] {
		return nil, corrupt("item %d is no tile", id)
	}
	p.used[id] = true
	for _, prop := range it.properties {
		switch prop.kind {
		case "ispe", "pixi", "av1C", "colr", "pasp", "auxC":
		default:
			p.other("a property of the kind %q on a tile", prop.kind)
		}
	}
	return p.coded(it)
}

// auxAlpha are the names of transparency (ISO/IEC 23091-2 by AVIF section 4, and HEVC's).
var auxAlpha = [...]string{"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", "urn:mpeg:hevc:2015:auxid:1"}

// side reads an item that goes along with the primary one.
func (p *parser) side(it *item) error {
	m := p.meta
	for _, ref := range m.references {
		if ref.from != it.id || !slices.Contains(ref.to, m.primary) {
			continue
		}
		switch {
		case ref.kind == "auxl" && p.isAlpha(it) && p.out.Alpha == nil:
			return p.alpha(it)
		case ref.kind == "auxl":
			p.other("an auxiliary picture, such as depth")
			return nil
		case ref.kind == "thmb" && it.kind == "av01" && p.out.Thumbnail == nil && !it.elsewhere:
			p.used[it.id] = true
			var err error
			p.out.Thumbnail, err = m.data(it, p.file, &p.spent)
			return err
		case ref.kind == "cdsc" && !it.elsewhere:
			return p.metadata(it)
		}
	}
	return nil
}

func (p *parser) isAlpha(it *item) bool {
	aux := it.property("auxC")
	if aux == nil {
		return false
	}
	r := reader{bitstream.Bytes{Data: aux.body}}
	r.full()
	return slices.Contains(auxAlpha[:], r.text())
}

func (p *parser) alpha(it *item) error {
	p.used[it.id] = true
	alpha, err := p.picture(it)
	if err != nil || alpha == nil {
		return err
	}
	turned, known := transforms(it)
	if !known {
		return nil
	}
	if alpha.Width != p.out.Color.Width || alpha.Height != p.out.Color.Height || !slices.Equal(turned, p.out.Transforms) {
		p.other("transparency of another shape")
	}
	p.out.Alpha = alpha
	return nil
}

// metadata reads an EXIF or XMP item.
func (p *parser) metadata(it *item) error {
	exif := it.kind == "Exif" && p.out.EXIF == nil
	xmp := it.kind == "mime" && it.contentType == "application/rdf+xml" && it.encoding == "" && p.out.XMP == nil
	if !exif && !xmp {
		return nil
	}
	p.used[it.id] = true
	data, err := p.meta.data(it, p.file, &p.spent)
	if err != nil {
		return err
	}
	if xmp {
		p.out.XMP = data
		return nil
	}
	// Where the TIFF structure begins comes first (ISO/IEC 23008-12, A.2.1).
	if len(data) < 4 || uint64(binary.BigEndian.Uint32(data)) > uint64(len(data)-4) {
		return corrupt("broken EXIF item")
	}
	p.out.EXIF = data[4+binary.BigEndian.Uint32(data):]
	return nil
}
