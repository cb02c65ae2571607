package webpfile

import (
	"encoding/binary"

	"compressor/internal/problem"
)

const (
	riffHeader  = 12 // "RIFF", size, "WEBP"
	chunkHeader = 8  // FourCC, size

	// maxUnknown bounds the list of chunks that are only noted.
	maxUnknown = 1000
)

// The flags of VP8X (RFC 9649 section 2.7).
const (
	flagAnimation = 1 << 1
	flagXMP       = 1 << 2
	flagEXIF      = 1 << 3
	flagAlpha     = 1 << 4
	flagICC       = 1 << 5
)

// Parse reads the container and the heads of its bitstreams. It looks at the limits before
// anything else of the file, and copies and allocates next to nothing.
//
// Errors: file-empty; file-corrupt for what ends early or contradicts itself; limit-exceeded
// naming the limit.
func Parse(data []byte, limits Limits) (*File, error) {
	body, trailing, err := unwrap(data)
	if err != nil {
		return nil, err
	}
	p := parser{File: &File{Frames: 1, Trailing: trailing}, limits: limits, rest: body}
	if err := p.run(); err != nil {
		return nil, err
	}
	return p.File, nil
}

// unwrap checks the RIFF header and gives what stands inside, and how much behind it.
func unwrap(data []byte) (body []byte, trailing int, err error) {
	if len(data) == 0 {
		return nil, 0, problem.New(problem.FileEmpty)
	}
	if len(data) < riffHeader || string(data[:4]) != "RIFF" || string(data[8:12]) != "WEBP" {
		return nil, 0, corrupt("no RIFF header of a WebP file")
	}
	size := int64(binary.LittleEndian.Uint32(data[4:]))
	end := chunkHeader + size
	if size < 4 || end > int64(len(data)) {
		return nil, 0, corrupt("says %d bytes, has %d", end, len(data))
	}
	trailing = len(data) - int(end)
	if trailing == 1 && size%2 == 1 {
		trailing = 0 // the padding of the RIFF chunk itself
	}
	return data[riffHeader:end], trailing, nil
}

// parser is the state of one walk.
type parser struct {
	*File
	limits   Limits
	rest     []byte // what has not been read yet
	flags    byte   // of VP8X
	extended bool   // there is a VP8X
	timed    bool   // there was an ANIM
	drawn    bool   // a picture or a frame was read
	frames   int
}

// next takes one chunk off data; RFC 9649 section 2.3. The padding of the last one may be
// missing, as it is in files of some old writers.
func next(data []byte) (c Chunk, rest []byte, err error) {
	if len(data) < chunkHeader {
		return Chunk{}, nil, corrupt("%d bytes where a chunk must be", len(data))
	}
	id, size := string(data[:4]), int64(binary.LittleEndian.Uint32(data[4:]))
	data = data[chunkHeader:]
	if size > int64(len(data)) {
		return Chunk{}, nil, corrupt("chunk %q of %d bytes in %d", id, size, len(data))
	}
	c = Chunk{ID: id, Data: data[:size:size]}
	return c, data[min(size+size%2, int64(len(data))):], nil
}

func (p *parser) run() error {
	for first := true; first || len(p.rest) > 0; first = false {
		c, rest, err := next(p.rest)
		if err != nil {
			return err
		}
		p.rest = rest
		switch {
		case first && c.ID == "VP8X":
			err = p.canvas(c.Data)
		case first && c.ID != string(VP8) && c.ID != string(VP8L):
			err = corrupt("begins with chunk %q", c.ID)
		default:
			err = p.take(c)
		}
		if err != nil {
			return err
		}
	}
	if !p.drawn {
		return corrupt("no picture")
	}
	if p.Animated {
		p.Frames = p.frames
	}
	return nil
}

// canvas reads VP8X: RFC 9649 section 2.7.
func (p *parser) canvas(data []byte) error {
	const size = 10
	if len(data) < size {
		return corrupt("VP8X of %d bytes", len(data))
	}
	p.extended, p.flags = true, data[0]
	p.Animated = p.flags&flagAnimation != 0
	p.Alpha = p.flags&flagAlpha != 0
	return p.sides(uint24(data[4:])+1, uint24(data[7:])+1)
}

// sides sets the size, if it is within the limit.
func (p *parser) sides(width, height int) error {
	pixels := int64(width) * int64(height) // at most 2^48
	if p.limits.Pixels > 0 && pixels > p.limits.Pixels {
		return problem.Over("image.pixels", pixels, p.limits.Pixels)
	}
	p.Width, p.Height = width, height
	return nil
}

// take reads one chunk behind the first, or the picture of a simple file.
func (p *parser) take(c Chunk) error {
	switch c.ID {
	case string(VP8), string(VP8L):
		return p.still(Bitstream(c.ID), c.Data)
	case "VP8X":
		return corrupt("VP8X twice")
	case "ALPH":
		return p.transparency(c)
	case "ANIM":
		if p.timed || p.drawn || len(c.Data) < 6 {
			return corrupt("ANIM of %d bytes, out of place or twice", len(c.Data))
		}
		p.timed = true
		return nil
	case "ANMF":
		return p.frame(c.Data)
	case "ICCP":
		if p.drawn && p.has(flagICC) && p.ICC == nil {
			return corrupt("ICCP behind the picture")
		}
		return p.block(&p.ICC, flagICC, c)
	case "EXIF":
		return p.block(&p.EXIF, flagEXIF, c)
	case "XMP ":
		return p.block(&p.XMP, flagXMP, c)
	}
	return p.note(c)
}

func (p *parser) has(flag byte) bool { return p.flags&flag != 0 }

// block takes metadata that VP8X has announced. The first of a kind counts; what was not
// announced, or comes again, is not heeded by readers.
func (p *parser) block(field *[]byte, flag byte, c Chunk) error {
	if !p.has(flag) || *field != nil || len(c.Data) == 0 {
		return p.note(c)
	}
	*field = c.Data
	return nil
}

func (p *parser) note(c Chunk) error {
	if len(p.Unknown) >= maxUnknown {
		return problem.Over("image.chunks", maxUnknown+1, maxUnknown)
	}
	p.Unknown = append(p.Unknown, c)
	return nil
}

// transparency takes ALPH, which stands before a lossy picture. Where VP8X does not announce
// transparency, libwebp ignores it.
func (p *parser) transparency(c Chunk) error {
	if !p.extended || p.Animated || p.drawn || p.ALPH != nil || len(c.Data) == 0 {
		return corrupt("ALPH of %d bytes, out of place or twice", len(c.Data))
	}
	if !p.Alpha {
		return p.note(c)
	}
	p.ALPH = c.Data
	return nil
}

// still takes the bitstream of a picture that is no animation.
func (p *parser) still(kind Bitstream, data []byte) error {
	if p.drawn || p.Animated {
		return corrupt("a second picture, or one beside frames")
	}
	if kind == VP8L && p.ALPH != nil {
		return corrupt("ALPH before a lossless picture")
	}
	pic, err := kind.read(data)
	if err != nil {
		return err
	}
	switch {
	case !p.extended:
		err = p.sides(pic.width, pic.height)
	case pic.width != p.Width || pic.height != p.Height:
		err = corrupt("a picture of %d×%d on a canvas of %d×%d", pic.width, pic.height, p.Width, p.Height)
	}
	p.drawn, p.Kind, p.Image = true, kind, data
	p.Alpha = p.Alpha || pic.alpha
	return err
}

// frame takes ANMF, one frame of an animation, with the chunks inside: RFC 9649 section 2.7.
func (p *parser) frame(data []byte) error {
	const head = 16
	if !p.Animated || !p.timed || len(data) < head {
		return corrupt("ANMF of %d bytes, or out of place", len(data))
	}
	p.frames++
	if p.limits.Frames > 0 && p.frames > p.limits.Frames {
		return problem.Over("image.frames", int64(p.frames), int64(p.limits.Frames))
	}
	x, y := 2*uint24(data), 2*uint24(data[3:])
	width, height := uint24(data[6:])+1, uint24(data[9:])+1
	if x+width > p.Width || y+height > p.Height {
		return corrupt("a frame of %d×%d at %d,%d on a canvas of %d×%d", width, height, x, y, p.Width, p.Height)
	}
	return p.inside(data[head:], width, height)
}

// inside walks the chunks of a frame, of which one is its picture.
func (p *parser) inside(data []byte, width, height int) error {
	found := false
	for len(data) > 0 {
		c, rest, err := next(data)
		if err != nil {
			return err
		}
		data = rest
		if c.ID != string(VP8) && c.ID != string(VP8L) {
			continue
		}
		kind := Bitstream(c.ID)
		pic, err := kind.read(c.Data)
		if err != nil {
			return err
		}
		if found || pic.width != width || pic.height != height {
			return corrupt("a frame of %d×%d with a picture of %d×%d, or with two", width, height, pic.width, pic.height)
		}
		found = true
		if !p.drawn {
			p.Kind = kind
		}
	}
	if !found {
		return corrupt("a frame without a picture")
	}
	p.drawn = true
	return nil
}

// uint24 reads three bytes, the lowest first.
func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
