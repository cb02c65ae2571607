package zip

import (
	"compress/flate"
	"context"
	"hash/crc32"
	"io"

	"compressor/internal/blob"
	"compressor/internal/deflate"
	"compressor/internal/redeflate"
	"compressor/internal/zipfile"
)

// packed is a way of storing some contents.
type packed struct {
	method uint16
	crc    uint32
	size   int64  // bytes in the archive
	data   []byte // deflated, if held in memory
}

// writes gives what writes these bytes, from the contents in src.
func (b packed) writes(ctx context.Context, src io.ReadSeeker) func(io.Writer) error {
	return func(w io.Writer) error {
		if b.data != nil {
			_, err := w.Write(b.data)
			return err
		}
		if _, err := src.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if b.method == zipfile.Stored {
			_, err := io.Copy(w, src)
			return err
		}
		_, err := streamed(ctx, w, src)
		return err
	}
}

const (
	// largest contents that are deflated in memory, by the better library.
	wholeMost = 64 << 20
	// most bytes of deflated contents that are held for repetitions.
	heldMost = 32 << 20
)

// pack finds the smallest way of storing the contents of b, which src reads.
func (p *packer) pack(ctx context.Context, b blob.Blob, src io.ReadSeeker, mayDeflate bool) (packed, error) {
	if known, ok := p.known[b.Sum]; ok && mayDeflate {
		return known, nil
	}
	sum := crc32.NewIEEE()
	best := packed{method: zipfile.Stored, size: b.Size}
	var whole []byte
	var err error
	if b.Size <= wholeMost {
		whole, err = b.Bytes(wholeMost)
		sum.Write(whole)
	} else {
		_, err = io.Copy(sum, src)
	}
	if best.crc = sum.Sum32(); err != nil || !mayDeflate || b.Size == 0 {
		return best, err
	}
	if whole == nil {
		return best, large(ctx, src, &best)
	}
	data, err := p.deflate.whole(ctx, whole)
	if err != nil {
		return best, err
	}
	if int64(len(data)) < b.Size {
		best = packed{method: zipfile.Deflated, crc: best.crc, size: int64(len(data)), data: data}
	}
	if p.repeats[b.Sum] > 1 && p.held+int64(len(best.data)) <= heldMost {
		p.known[b.Sum] = best
		p.held += int64(len(best.data))
	}
	return best, nil
}

// deflater deflates contents in memory, with an effort that depends on how much it was
// given before, and on nothing else.
type deflater struct {
	spent int64
	again int64 // bytes that were deflated once more, by redeflate
	state *deflate.Compressor
}

// Efforts: near-optimal parsing at some 10 MB/s, then ever faster, so that an archive of
// gigabytes keeps within minutes.
const (
	bestMost = 256 << 20 // bytes at level 12
	goodMost = 1 << 30   // bytes at level 9; the rest at 6
)

// Efforts of the second deflater, at some 1 MB/s: it gains 1 to 3 % of text.
const (
	againMember  = 4 << 20  // bytes of a member
	againArchive = 16 << 20 // bytes of all members that were tried
	againEach    = 4 << 10  // bytes that each of them counts for besides: even a tiny one takes milliseconds
	// denseAgain is the share of a member, in percent, above which what deflate makes of it is
	// taken as it is: there is next to nothing to gain from a picture or a film.
	denseAgain = 90
)

// whole deflates src as small as its effort allows.
func (d *deflater) whole(ctx context.Context, src []byte) ([]byte, error) {
	fast, err := d.fast(src)
	size := int64(len(src))
	if err != nil || size > againMember || d.again+size+againEach > againArchive || int64(len(fast)) > size*denseAgain/100 {
		return fast, err
	}
	d.again += size + againEach
	slow, err := redeflate.Append(ctx, nil, src)
	if err != nil || len(slow) >= len(fast) {
		return fast, err
	}
	return slow, nil
}

// fast deflates src by libdeflate.
func (d *deflater) fast(src []byte) ([]byte, error) {
	level := deflate.Best
	switch {
	case d.spent > goodMost:
		level = 6
	case d.spent > bestMost:
		level = 9
	}
	d.spent += int64(len(src))
	if d.state == nil || d.state.Level() != level {
		d.close()
		state, err := deflate.NewCompressor(level)
		if err != nil {
			return nil, err
		}
		d.state = state
	}
	return d.state.Raw(nil, src)
}

func (d *deflater) close() {
	if d.state != nil {
		d.state.Close()
		d.state = nil
	}
}

// large tries to deflate contents that are not held in memory, by the standard library.
func large(ctx context.Context, src io.ReadSeeker, best *packed) error {
	if _, err := src.Seek(0, io.SeekStart); err != nil {
		return err
	}
	size, err := streamed(ctx, io.Discard, src)
	if err == nil && size < best.size {
		best.method, best.size = zipfile.Deflated, size
	}
	return err
}

// streamed deflates src into dst and counts the bytes.
func streamed(ctx context.Context, dst io.Writer, src io.Reader) (int64, error) {
	c := &counter{ctx: ctx, dst: dst}
	z, err := flate.NewWriter(c, flate.BestCompression)
	if err != nil {
		return 0, err
	}
	if _, err := io.Copy(z, src); err != nil {
		return 0, err
	}
	err = z.Close()
	return c.n, err
}

// counter counts what passes, and ends with its context.
type counter struct {
	ctx context.Context
	dst io.Writer
	n   int64
}

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.dst.Write(p)
	c.n += int64(n)
	return n, err
}
