package jpegdct

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// Options says how Write codes a file.
type Options struct {
	Progressive bool
	Script      []Scan    // used instead of a searched one when Progressive
	Segments    []Segment // APPn and COM to write, in this order; none are taken from the file
}

// Write codes f to w with Huffman tables fitted to each scan. Sequential files have one
// scan wherever T.81 allows it. Restart intervals, unused tables and what stood behind
// EOI are not written. f is not changed, so several calls may share it. Errors: those of w, and of a script or geometry that is not valid.
func Write(w io.Writer, f *File, o Options) error {
	if err := f.valid(); err != nil {
		return err
	}
	wr := &writer{f: f}
	scans, err := wr.plan(o)
	if err != nil {
		return err
	}
	wr.out = append(wr.out, 0xFF, markerSOI)
	for _, s := range o.Segments {
		if len(s.Data) > maxPayload || !isApplication(s.Marker) {
			return fmt.Errorf("jpegdct: segment %#x of %d bytes cannot be written", s.Marker, len(s.Data))
		}
		wr.segment(s.Marker, s.Data)
	}
	wr.frame(o.Progressive)
	for _, s := range scans {
		wr.scan(s)
		if _, err := w.Write(wr.out); err != nil {
			return err
		}
		wr.out = wr.out[:0]
	}
	_, err = w.Write([]byte{0xFF, markerEOI})
	return err
}

// Smallest codes f sequentially and progressively, and returns the shorter, and whether
// that is the progressive one.
func Smallest(f *File, segments []Segment) (data []byte, progressive bool, err error) {
	var b [2]bytes.Buffer
	for i := range b {
		if err := Write(&b[i], f, Options{Progressive: i == 1, Segments: segments}); err != nil {
			return nil, false, err
		}
	}
	if b[1].Len() < b[0].Len() {
		return b[1].Bytes(), true, nil
	}
	return b[0].Bytes(), false, nil
}

// valid checks what a caller may have changed: geometry, tables and coefficients.
func (f *File) valid() error {
	if n := len(f.Components); n != 1 && n != 3 && n != 4 {
		return fmt.Errorf("jpegdct: %d components cannot be written", n)
	}
	if f.Width < 1 || f.Width > math.MaxUint16 || f.Height < 1 || f.Height > math.MaxUint16 {
		return fmt.Errorf("jpegdct: a picture of %d×%d cannot be written", f.Width, f.Height)
	}
	check := *f
	check.Components = append([]Component(nil), f.Components...)
	for _, c := range check.Components {
		if c.H < 1 || c.H > 4 || c.V < 1 || c.V > 4 {
			return fmt.Errorf("jpegdct: sampling factors %d×%d cannot be written", c.H, c.V)
		}
	}
	check.layout()
	for i, c := range check.Components {
		was := &f.Components[i]
		if c.Width != was.Width || c.Height != was.Height || c.Stride != was.Stride || c.Rows != was.Rows ||
			len(c.Blocks) != c.Stride*c.Rows {
			return fmt.Errorf("jpegdct: the blocks of component %d do not fit the picture", i)
		}
		if !was.inRange() {
			return fmt.Errorf("jpegdct: component %d has coefficients out of range", i)
		}
		for _, q := range c.Quant {
			if q == 0 {
				return fmt.Errorf("jpegdct: component %d has a quantization step of zero", i)
			}
		}
	}
	return nil
}

// writer holds the output that is not yet written.
type writer struct {
	f     *File
	out   []byte
	lists []*sparse    // by component, for progressive files
	slots [2][4]*table // Huffman destinations as the decoder knows them
}

// segment appends one marker segment.
func (w *writer) segment(marker byte, parts ...[]byte) {
	n := 2
	for _, p := range parts {
		n += len(p)
	}
	w.out = append(w.out, 0xFF, marker)
	w.out = binary.BigEndian.AppendUint16(w.out, uint16(n))
	for _, p := range parts {
		w.out = append(w.out, p...)
	}
}

// frame writes quantization tables, equal ones once and numbered as they come, and the
// frame header.
func (w *writer) frame(progressive bool) {
	marker := byte(markerSOF0)
	var tables []QuantTable
	var dqt, components []byte
	for i := range w.f.Components {
		c := &w.f.Components[i]
		id := 0
		for id < len(tables) && tables[id] != c.Quant {
			id++
		}
		if id == len(tables) {
			tables = append(tables, c.Quant)
			var wide bool
			dqt, wide = appendQuant(dqt, id, &c.Quant)
			if wide {
				marker = markerSOF1 // baseline tables have 8 bits (T.81 B.2.4.1)
			}
		}
		components = append(components, c.ID, byte(c.H<<4|c.V), byte(id))
	}
	if progressive {
		marker = markerSOF2
	}
	w.segment(markerDQT, dqt)
	head := binary.BigEndian.AppendUint16([]byte{8}, uint16(w.f.Height))
	head = binary.BigEndian.AppendUint16(head, uint16(w.f.Width))
	w.segment(marker, append(head, byte(len(w.f.Components))), components)
}

// appendQuant appends one table as in DQT, with 16 bits where a step needs them.
func appendQuant(dst []byte, id int, t *QuantTable) (out []byte, wide bool) {
	for _, q := range t {
		wide = wide || q > math.MaxUint8
	}
	if wide {
		dst = append(dst, 0x10|byte(id))
		for _, q := range t {
			dst = binary.BigEndian.AppendUint16(dst, q)
		}
		return dst, wide
	}
	dst = append(dst, byte(id))
	for _, q := range t {
		dst = append(dst, byte(q))
	}
	return dst, wide
}

// scan writes a planned scan: the tables not yet known to the decoder, header and data.
func (w *writer) scan(s *plannedScan) {
	e := s.coder
	var dht []byte
	head := []byte{byte(len(e.scan.Components))}
	for i, index := range e.scan.Components {
		var ids [2]int
		for class, t := range [2]*table{s.tables[0][i], s.tables[1][i]} {
			if t == nil {
				continue
			}
			if w.slots[class][t.slot] != t {
				w.slots[class][t.slot] = t
				dht = append(append(dht, byte(class<<4|t.slot)), t.code.counts[:]...)
				dht = append(dht, t.code.symbols...)
			}
			ids[class] = t.slot
		}
		head = append(head, w.f.Components[index].ID, byte(ids[0]<<4|ids[1]))
	}
	if dht != nil {
		w.segment(markerDHT, dht)
	}
	head = append(head, byte(e.scan.First), byte(e.scan.Last), byte(e.scan.Ah<<4|e.scan.Al))
	w.segment(markerSOS, head)
	e.counting = false
	e.w.out = w.out
	e.pass(w.coded(e.scan))
	w.out = e.w.out
	e.w.out = nil
}
