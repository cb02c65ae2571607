package zipfile

import (
	"bufio"
	"compress/flate"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// Contents reads one member after the other, checking each against what its header
// declares: it ends in io.EOF only if size and checksum are right and the data are used up.
//
// A damaged member is file-corrupt. One whose data are whole, but of another size than
// declared, was made to deceive: limit-exceeded. So is one that goes on far beyond it.
type Contents struct {
	a       *Archive
	m       *Member
	packed  *bufio.Reader
	section *io.SectionReader
	inflate io.ReadCloser
	from    io.Reader
	crc     uint32
	n       int64
	err     error
}

// farBeyond is how many bytes more than declared are looked at to tell a damaged member
// from a lying one.
const farBeyond = 1 << 20

// Reader gives a reader of contents. It begins before the first Open.
func (a *Archive) Reader() *Contents { return &Contents{a: a, err: io.EOF} }

// Open turns to member m, whose Why must be empty.
func (c *Contents) Open(m *Member) {
	c.m, c.crc, c.n, c.err = m, 0, 0, nil
	c.section = c.a.Raw(m)
	if c.packed == nil {
		c.packed = bufio.NewReaderSize(c.section, 32<<10)
	} else {
		c.packed.Reset(c.section)
	}
	c.from = c.packed
	if m.Method != Deflated {
		return
	}
	if c.inflate == nil {
		c.inflate = flate.NewReader(c.packed)
	} else if err := c.inflate.(flate.Resetter).Reset(c.packed, nil); err != nil {
		c.err = err
	}
	c.from = c.inflate
}

// Read implements io.Reader.
func (c *Contents) Read(p []byte) (int, error) {
	if c.err != nil || len(p) == 0 {
		return 0, c.err
	}
	n, err := c.from.Read(p)
	c.crc = crc32.Update(c.crc, crc32.IEEETable, p[:n])
	c.n += int64(n)
	switch {
	case c.n > c.m.Size:
		c.err = c.beyond(err)
		n -= int(min(int64(n), c.n-c.m.Size))
	case err == io.EOF:
		c.err = c.ended()
	case err != nil:
		c.err = broken(err)
	}
	return n, c.err
}

// broken makes the problem of a failed read: damage, unless the file itself failed.
func broken(err error) error {
	var bad flate.CorruptInputError
	if errors.As(err, &bad) || errors.Is(err, io.ErrUnexpectedEOF) {
		return corrupt(err.Error())
	}
	return err
}

// beyond judges a member that gives more than it declares.
func (c *Contents) beyond(err error) error {
	buf := make([]byte, 32<<10)
	for err == nil {
		if c.n > c.m.Size+farBeyond {
			return c.lies()
		}
		var n int
		n, err = c.from.Read(buf)
		c.crc = crc32.Update(c.crc, crc32.IEEETable, buf[:n])
		c.n += int64(n)
	}
	if err != io.EOF {
		return broken(err)
	}
	return c.ended()
}

// ended judges a member whose data came to their end.
func (c *Contents) ended() error {
	at, err := c.section.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	switch whole := at-int64(c.packed.Buffered()) == c.m.Packed && c.crc == c.m.CRC; {
	case !whole:
		return corrupt("wrong checksum, or data left over")
	case c.n != c.m.Size:
		return c.lies()
	}
	return io.EOF
}

func (c *Contents) lies() error {
	return exceeded("size", fmt.Sprintf("a member of %d bytes or more", c.n), fmt.Sprintf("the %d it declares", c.m.Size))
}

// Raw is the member's data as they lie in the file.
func (a *Archive) Raw(m *Member) *io.SectionReader {
	return io.NewSectionReader(a.src, m.dataAt, m.Packed)
}

// Record is all that lies in the file for the member: local header, data, descriptor.
func (a *Archive) Record(m *Member) *io.SectionReader {
	return io.NewSectionReader(a.src, m.at, m.end-m.at)
}
