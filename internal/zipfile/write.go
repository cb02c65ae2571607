package zipfile

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Writer writes an archive to a stream. What it writes is a function of what it is given.
type Writer struct {
	dst     io.Writer
	at      int64
	central map[int][]byte
	err     error
}

// NewWriter starts an archive with a marker, which may be empty: see Archive.
func NewWriter(dst io.Writer, marker string) *Writer {
	w := &Writer{dst: dst, central: map[int][]byte{}}
	w.write([]byte(marker))
	return w
}

// Body is a member's contents as they are to be written.
type Body struct {
	Method uint16
	CRC    uint32 // of the contents
	Size   int64  // bytes of the contents
	Packed int64  // bytes that Data writes
	Data   func(io.Writer) error
}

// Add writes member m with another body, as number i of the central directory. All else of
// m is kept but what describes the body: sizes, checksum, the effort bits, and the data
// descriptor, whose values stand in the local header instead.
func (w *Writer) Add(i int, m *Member, b Body) error {
	out := *m
	out.Method, out.CRC, out.Size, out.Packed = b.Method, b.CRC, b.Size, b.Packed
	for _, h := range []*Header{&out.Header, &out.Local} {
		h.Flags &^= flagDescriptor
		if b.Method != m.Method || b.Packed != m.Packed {
			h.Flags &^= flagEffort
		}
		if b.Method == Deflated {
			h.Needs = h.Needs&0xff00 | max(h.Needs&0xff, 20) // APPNOTE 4.4.3.2
		}
	}
	at := w.at
	w.write(out.localHeader())
	start := w.at
	if w.err == nil && b.Packed > 0 {
		w.err = b.Data(writing{w})
	}
	if w.err == nil && w.at-start != b.Packed {
		w.err = fmt.Errorf("zipfile: %d bytes of data instead of %d", w.at-start, b.Packed)
	}
	w.central[i] = out.centralHeader(at)
	return w.err
}

// Copy writes member m of a as it lies there, as number i of the central directory.
func (w *Writer) Copy(i int, a *Archive, m *Member) error {
	w.central[i] = m.centralHeader(w.at)
	w.copy(a.Record(m))
	return w.err
}

// Close writes the directory of the members 0 to n-1, which must all be there, and the end.
func (w *Writer) Close(comment string) error {
	dirAt, n := w.at, len(w.central)
	for i := range n {
		header, ok := w.central[i]
		if !ok {
			return fmt.Errorf("zipfile: member %d was not written", i)
		}
		w.write(header)
	}
	w.write(endRecords(uint64(n), uint64(w.at-dirAt), uint64(dirAt), uint64(w.at), comment))
	return w.err
}

func (w *Writer) write(b []byte) {
	if w.err != nil {
		return
	}
	n, err := w.dst.Write(b)
	w.at, w.err = w.at+int64(n), err
}

// writing is a Writer as what a body is written to.
type writing struct{ *Writer }

// Write implements io.Writer.
func (w writing) Write(p []byte) (int, error) {
	before := w.at
	w.write(p)
	return int(w.at - before), w.err
}

func (w *Writer) copy(r io.Reader) {
	if w.err != nil {
		return
	}
	n, err := io.Copy(w.dst, r)
	w.at, w.err = w.at+n, err
}

// zip64 makes the field of those values that do not fit into 32 bits; nil if all do.
func zip64(values ...int64) []byte {
	var body []byte
	for _, v := range values {
		if v >= full32 {
			body = binary.LittleEndian.AppendUint64(body, uint64(v))
		}
	}
	if body == nil {
		return nil
	}
	head := binary.LittleEndian.AppendUint16([]byte{1, 0}, uint16(len(body)))
	return append(head, body...)
}

// short is what stands in a field of 32 bits.
func short(v int64) uint32 { return uint32(min(v, full32)) }

func (m *Member) localHeader() []byte {
	le := binary.LittleEndian
	var long []byte
	size, packed := short(m.Size), short(m.Packed)
	if size == full32 || packed == full32 { // both, or neither: APPNOTE 4.5.3
		long = le.AppendUint64(le.AppendUint64([]byte{1, 0, 16, 0}, uint64(m.Size)), uint64(m.Packed))
		size, packed = full32, full32
	}
	b := le.AppendUint32(nil, sigLocal)
	b = le.AppendUint16(b, m.Local.Needs)
	b = le.AppendUint16(b, m.Local.Flags)
	b = le.AppendUint16(b, m.Method)
	b = le.AppendUint16(b, m.Local.Time)
	b = le.AppendUint16(b, m.Local.Date)
	b = le.AppendUint32(b, m.CRC)
	b = le.AppendUint32(b, packed)
	b = le.AppendUint32(b, size)
	b = le.AppendUint16(b, uint16(len(m.Name)))
	b = le.AppendUint16(b, uint16(len(long)+len(m.Local.Extra)))
	return append(append(append(b, m.Name...), long...), m.Local.Extra...)
}

func (m *Member) centralHeader(at int64) []byte {
	le := binary.LittleEndian
	long := zip64(m.Size, m.Packed, at)
	b := le.AppendUint32(nil, sigCentral)
	b = le.AppendUint16(b, m.MadeBy)
	b = le.AppendUint16(b, m.Needs)
	b = le.AppendUint16(b, m.Flags)
	b = le.AppendUint16(b, m.Method)
	b = le.AppendUint16(b, m.Time)
	b = le.AppendUint16(b, m.Date)
	b = le.AppendUint32(b, m.CRC)
	b = le.AppendUint32(b, short(m.Packed))
	b = le.AppendUint32(b, short(m.Size))
	b = le.AppendUint16(b, uint16(len(m.Name)))
	b = le.AppendUint16(b, uint16(len(long)+len(m.Extra)))
	b = le.AppendUint16(b, uint16(len(m.Comment)))
	b = le.AppendUint16(b, 0) // disk
	b = le.AppendUint16(b, m.Internal)
	b = le.AppendUint32(b, m.External)
	b = le.AppendUint32(b, short(at))
	return append(append(append(append(b, m.Name...), long...), m.Extra...), m.Comment...)
}

// endRecords is what stands behind the central directory.
func endRecords(entries, size, offset, at uint64, comment string) []byte {
	le := binary.LittleEndian
	var b []byte
	if entries >= full16 || size >= full32 || offset >= full32 {
		b = le.AppendUint32(b, sigEnd64)
		b = le.AppendUint64(b, sizeEnd64-12)
		b = le.AppendUint16(b, 45) // version made by, and needed: zip64
		b = le.AppendUint16(b, 45)
		b = le.AppendUint64(b, 0) // disks
		b = le.AppendUint64(b, entries)
		b = le.AppendUint64(b, entries)
		b = le.AppendUint64(b, size)
		b = le.AppendUint64(b, offset)
		b = le.AppendUint32(b, sigLocator64)
		b = le.AppendUint32(b, 0)
		b = le.AppendUint64(b, at)
		b = le.AppendUint32(b, 1)
	}
	b = le.AppendUint32(b, sigEnd)
	b = le.AppendUint32(b, 0) // disks
	b = le.AppendUint16(b, uint16(min(entries, full16)))
	b = le.AppendUint16(b, uint16(min(entries, full16)))
	b = le.AppendUint32(b, uint32(min(size, full32)))
	b = le.AppendUint32(b, uint32(min(offset, full32)))
	b = le.AppendUint16(b, uint16(len(comment)))
	return append(b, comment...)
}
