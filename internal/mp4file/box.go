// Package mp4file reads and writes the container of MP4 and QuickTime films: what a file
// holds, which bytes belong to which packet, and how the same packets are written anew
// without waste. It decodes nothing.
//
// Sources: ISO/IEC 14496-12 (boxes, sample tables, edit lists), ISO/IEC 14496-14 (MP4),
// Apple's QuickTime File Format Specification (films without ftyp, user data).
package mp4file

import (
	"encoding/binary"
	"fmt"
	"io"

	"compressor/internal/bitstream"
	"compressor/internal/problem"
)

// Bounds of what is read. No honest film comes near them.
const (
	maxTop    = 4096      // boxes at the file's level
	maxBoxes  = 4096      // boxes in one other box
	maxMovie  = 128 << 20 // bytes of the moov box, which is held in memory
	maxTracks = 32
	maxBrands = 64 << 10 // bytes of the ftyp box
	maxEdits  = 64 << 10 // entries of one edit list
	maxChunks = 4 << 20  // of all tracks; a chunk a frame of four hours at 60 a second is one fifth
)

func corrupt(format string, args ...any) error {
	return problem.New(problem.FileCorrupt).Because(fmt.Errorf("mp4: "+format, args...))
}

// span is one box of the file's level.
type span struct {
	kind     string
	at       int64 // of its body
	size     int64 // of its body, in bytes
	boxStart int64
}

// topBoxes lists the boxes of the file's level, without their contents.
func topBoxes(src io.ReaderAt, size int64) ([]span, error) {
	var spans []span
	for at := int64(0); at < size; {
		head := make([]byte, min(16, size-at))
		if _, err := src.ReadAt(head, at); err != nil && err != io.EOF {
			return nil, err
		}
		if len(head) < 8 {
			return nil, corrupt("%d bytes behind the last box", len(head))
		}
		length, body := int64(binary.BigEndian.Uint32(head)), int64(8)
		switch {
		case length == 0:
			length = size - at
		case length == 1 && len(head) == 16:
			wide := binary.BigEndian.Uint64(head[8:])
			if wide > uint64(size) {
				return nil, corrupt("box of %d bytes at %d", wide, at)
			}
			length, body = int64(wide), 16
		}
		if length < body || length > size-at {
			return nil, corrupt("box of %d bytes at %d where %d are left", length, at, size-at)
		}
		spans = append(spans, span{kind: string(head[4:8]), at: at + body, size: length - body, boxStart: at})
		if len(spans) > maxTop {
			return nil, corrupt("more than %d boxes", maxTop)
		}
		at += length
	}
	return spans, nil
}

// box is one box in memory: its type, its body, and all of it with the header.
type box struct {
	kind      string
	body, raw []byte
}

// boxes cuts data into boxes that fill it to its end. QuickTime ends some lists with four
// zero bytes instead of a box.
func boxes(data []byte) ([]box, error) {
	var out []box
	for len(data) > 0 {
		if len(data) == 4 && binary.BigEndian.Uint32(data) == 0 {
			return out, nil
		}
		if len(data) < 8 {
			return nil, corrupt("%d bytes behind the last box", len(data))
		}
		size, head := uint64(binary.BigEndian.Uint32(data)), uint64(8)
		if size == 1 && len(data) >= 16 {
			size, head = binary.BigEndian.Uint64(data[8:]), 16
		}
		if size < head || size > uint64(len(data)) {
			return nil, corrupt("box %q of %d bytes where %d are left", data[4:8], size, len(data))
		}
		out = append(out, box{kind: string(data[4:8]), body: data[head:size], raw: data[:size]})
		if len(out) > maxBoxes {
			return nil, corrupt("more than %d boxes in one", maxBoxes)
		}
		data = data[size:]
	}
	return out, nil
}

// find gives the first box of a kind.
func find(list []box, kind string) (box, bool) {
	for _, b := range list {
		if b.kind == kind {
			return b, true
		}
	}
	return box{}, false
}

// descend follows kinds from box to box.
func descend(list []box, kinds ...string) (box, bool) {
	var b box
	for i, kind := range kinds {
		var found bool
		if b, found = find(list, kind); !found {
			return box{}, false
		}
		if i == len(kinds)-1 {
			return b, true
		}
		var err error
		if list, err = boxes(b.body); err != nil {
			return box{}, false
		}
	}
	return b, false
}

// wrap makes a box of parts.
func wrap(kind string, parts ...[]byte) []byte {
	size := 8
	for _, p := range parts {
		size += len(p)
	}
	out := binary.BigEndian.AppendUint32(make([]byte, 0, size), uint32(size))
	out = append(out, kind...)
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// reader reads what boxes hold beside plain numbers, too.
type reader struct{ bitstream.Bytes }

// wide takes 64 bits where long is set, else 32.
func (r *reader) wide(long bool) uint64 {
	if long {
		return r.U64()
	}
	return uint64(r.U32())
}
