package jpegdct

import (
	"bytes"

	"compressor/internal/problem"
)

// parser is the state of reading one file.
type parser struct {
	data   []byte
	limits Limits
	file   *File
	frame  *frame
	quant  [4]*QuantTable
	huff   [2][4]*huffDecoder // DC, AC
	// level is, by component and zigzag index, the bit position down to which the
	// coefficient is known; unknown before its first scan.
	level   [][64]int8
	scratch []byte // entropy-coded bytes of the current interval
}

// unknown is the level of a coefficient that no scan has coded.
const unknown = -1

// Parse reads a whole file. Errors: an error that wraps ErrNotHandled for a kind that is
// not rewritten; the problems file-corrupt and limit-exceeded. It is strict: entropy data
// that ends early, is left over, or lacks its end marker is file-corrupt. Memory is that
// of the coefficients (3 bytes per pixel for 4:2:0) and of one scan's bytes; a file too
// short for its stated size is refused before the coefficients are allocated.
func Parse(data []byte, limits Limits) (*File, error) {
	p := &parser{data: data, limits: limits.orDefault(), file: &File{}}
	c := &cursor{r: bytes.NewReader(data), size: int64(len(data))}
	if err := c.start(); err != nil {
		return nil, err
	}
	for {
		marker, payload, err := c.next()
		if err != nil {
			return nil, err
		}
		if marker == markerEOI {
			break
		}
		if err := p.segment(marker, payload, c); err != nil {
			return nil, err
		}
	}
	p.file.Trailing = int(c.size - c.pos)
	return p.file, p.finish()
}

func (l Limits) orDefault() Limits {
	if l.Pixels == 0 {
		l.Pixels = DefaultPixels
	}
	if l.Scans == 0 {
		l.Scans = DefaultScans
	}
	if l.Memory == 0 {
		l.Memory = DefaultMemory
	}
	return l
}

// segment handles one marker segment; behind a scan it moves c to the next marker.
func (p *parser) segment(marker byte, payload []byte, c *cursor) error {
	switch {
	case marker == markerSOS:
		next, err := p.scan(payload, int(c.pos))
		c.pos = int64(next)
		return err
	case isFrame(marker):
		return p.startFrame(marker, payload)
	case marker == markerDQT:
		return readQuantTables(payload, &p.quant)
	case marker == markerDHT:
		return readHuffTables(payload, &p.huff)
	case marker == markerDRI:
		if len(payload) != 2 {
			return corrupt("a bad restart interval")
		}
		p.file.RestartInterval = int(payload[0])<<8 | int(payload[1])
	case marker == markerDHP || marker == markerEXP:
		return notHandled("hierarchical")
	case marker == markerDNL:
		return notHandled("height given after the first scan")
	case isApplication(marker):
		p.file.Segments = append(p.file.Segments, newSegment(marker, payload))
	}
	return nil
}

// startFrame checks limits and lays out the components. Coefficients are allocated here,
// once it is clear that the file is long enough to fill them: a block takes at least one
// bit of its first scan.
func (p *parser) startFrame(marker byte, payload []byte) error {
	if p.frame != nil {
		return corrupt("a second frame")
	}
	fr, err := readFrame(marker, payload)
	if err != nil {
		return err
	}
	if err := fr.handled(); err != nil {
		return err
	}
	p.frame = fr
	f := p.file
	f.Width, f.Height, f.Progressive = fr.width, fr.height, marker == markerSOF2
	if pixels := int64(f.Width) * int64(f.Height); pixels > p.limits.Pixels {
		return problem.Over("image.pixels", pixels, p.limits.Pixels)
	}
	for _, fc := range fr.components {
		c := Component{ID: fc.id, H: fc.h, V: fc.v}
		if len(fr.components) == 1 {
			c.H, c.V = 1, 1 // never interleaved: the factors mean nothing
		}
		f.Components = append(f.Components, c)
	}
	blocks := f.layout()
	if blocks*128 > p.limits.Memory {
		return problem.Over("image.memory", blocks*128, p.limits.Memory)
	}
	var coded int64
	for i := range f.Components {
		coded += int64(f.Components[i].Width) * int64(f.Components[i].Height)
	}
	if coded > 8*int64(len(p.data)) {
		return corrupt("it ends early")
	}
	p.level = make([][64]int8, len(f.Components))
	for i := range f.Components {
		c := &f.Components[i]
		c.Blocks = make([]Block, c.Stride*c.Rows)
		for k := range p.level[i] {
			p.level[i][k] = unknown
		}
	}
	return nil
}

// finish checks that everything was read and brings the file into the form that does not
// depend on how it was coded.
func (p *parser) finish() error {
	if p.frame == nil || p.file.Scans == 0 {
		return corrupt("no picture before its end")
	}
	for i := range p.level {
		if p.level[i][0] == unknown {
			return corrupt("a colour component is missing")
		}
		if !p.file.Components[i].inRange() {
			return corrupt("a coefficient that cannot be")
		}
		for _, level := range p.level[i] {
			if level != 0 {
				// Decoders smooth such pictures, which they would not do once it is rewritten.
				return notHandled("a progression that stops early")
			}
		}
	}
	p.file.reduceFactors()
	p.file.Pad()
	return nil
}

// reduceFactors divides all sampling factors by their greatest common divisor: only
// their ratios matter, and smaller MCUs need less padding.
func (f *File) reduceFactors() {
	h, v := 0, 0
	for i := range f.Components {
		h, v = gcd(h, f.Components[i].H), gcd(v, f.Components[i].V)
	}
	if h == 1 && v == 1 {
		return
	}
	old := append([]Component(nil), f.Components...)
	for i := range f.Components {
		f.Components[i].H /= h
		f.Components[i].V /= v
	}
	f.layout()
	for i := range f.Components {
		c := &f.Components[i]
		c.Blocks = make([]Block, c.Stride*c.Rows)
		for y := range c.Height {
			copy(c.Blocks[y*c.Stride:][:c.Width], old[i].Blocks[y*old[i].Stride:])
		}
	}
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
