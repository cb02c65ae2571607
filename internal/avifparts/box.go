package avifparts

import "compressor/internal/bitstream"

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
	r := reader{bitstream.Bytes{Data: data}}
	size := uint64(r.U32())
	kind := string(r.Take(4))
	switch {
	case size == 1:
		size = r.U64()
	case size == 0 && top:
		size = uint64(len(data))
	}
	if kind == "uuid" {
		r.Take(16)
	}
	header := len(data) - len(r.Data)
	if r.Short || size < uint64(header) || size > uint64(len(data)) {
		return box{}, corrupt("box %q of %d bytes where %d are left", kind, size, len(data))
	}
	return box{kind: kind, body: data[header:size], raw: data[:size]}, nil
}

// reader reads what boxes hold beside plain numbers, too.
type reader struct{ bitstream.Bytes }

// full takes the version and flags of a full box.
func (r *reader) full() (version int, flags uint32) {
	v := r.U32()
	return int(v >> 24), v & 0xffffff
}

// text takes a string up to its zero byte. The last one may lack it.
func (r *reader) text() string {
	for i, b := range r.Data {
		if b == 0 {
			return string(r.Take(i + 1)[:i])
		}
	}
	return string(r.Take(len(r.Data)))
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
