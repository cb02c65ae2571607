package avifparts

import "encoding/binary"

// box is one box: its type, and its body without the header (ISO/IEC 14496-12, 4.2).
type box struct {
	kind string
	body []byte
	raw  []byte // with the header
}

// boxes cuts data into boxes. They must fill it to its last byte. A box of size zero, one
// that goes on to the end, is a thing of the file's level.
func boxes(data []byte, top bool) ([]box, error) {
	var out []box
	for len(data) > 0 {
		b, err := nextBox(data, top)
		if err != nil {
			return nil, err
		}
		if out = append(out, b); len(out) > maxBoxes {
			return nil, corrupt("more than %d boxes", maxBoxes)
		}
		data = data[len(b.raw):]
	}
	return out, nil
}

func nextBox(data []byte, top bool) (box, error) {
	r := reader{data: data}
	size := uint64(r.u32())
	kind := string(r.take(4))
	switch {
	case size == 1:
		size = r.u64()
	case size == 0 && top:
		size = uint64(len(data))
	}
	if kind == "uuid" {
		r.take(16)
	}
	header := len(data) - len(r.data)
	if r.short || size < uint64(header) || size > uint64(len(data)) {
		return box{}, corrupt("box %q of %d bytes where %d are left", kind, size, len(data))
	}
	return box{kind: kind, body: data[header:size], raw: data[:size]}, nil
}

// reader takes big-endian numbers off data. Once there are too few bytes it says so in
// short and gives zeros.
type reader struct {
	data  []byte
	short bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.data) {
		r.short = true
		r.data = nil
		return nil
	}
	out := r.data[:n:n]
	r.data = r.data[n:]
	return out
}

// number takes n bytes, up to 8.
func (r *reader) number(n int) uint64 {
	var v uint64
	for _, b := range r.take(n) {
		v = v<<8 | uint64(b)
	}
	return v
}

func (r *reader) u8() int     { return int(r.number(1)) }
func (r *reader) u16() int    { return int(r.number(2)) }
func (r *reader) u32() uint32 { return uint32(r.number(4)) }
func (r *reader) u64() uint64 { return r.number(8) }

// full takes the version and flags of a full box.
func (r *reader) full() (version int, flags uint32) {
	v := r.u32()
	return int(v >> 24), v & 0xffffff
}

// text takes a string up to its zero byte. The last one may lack it.
func (r *reader) text() string {
	for i, b := range r.data {
		if b == 0 {
			return string(r.take(i + 1)[:i])
		}
	}
	return string(r.take(len(r.data)))
}

// appendBox puts a box around the parts of its body.
func appendBox(out []byte, kind string, parts ...[]byte) []byte {
	size := 8
	for _, p := range parts {
		size += len(p)
	}
	out = binary.BigEndian.AppendUint32(out, uint32(size))
	out = append(out, kind...)
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// fullBox is appendBox for a box with version and flags.
func fullBox(out []byte, kind string, version byte, flags uint32, parts ...[]byte) []byte {
	head := binary.BigEndian.AppendUint32(nil, uint32(version)<<24|flags)
	return appendBox(out, kind, append([][]byte{head}, parts...)...)
}
