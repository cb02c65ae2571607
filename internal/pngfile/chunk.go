package pngfile

import (
	"encoding/binary"
	"hash/crc32"
	"io"

	"compressor/internal/problem"
)

// Sizes of PNG 5.2 and 5.3.
const (
	signature     = "\x89PNG\r\n\x1a\n"
	chunkOverhead = 12 // length, type, checksum
	maxLength     = 1<<31 - 1
)

// Chunk is one entry of the chunk list. A run of IDAT chunks is one entry.
type Chunk struct {
	Type   string // four ASCII letters
	Size   int64  // bytes of data, of all parts of a run
	Parts  int    // chunks in the run, otherwise 1
	Sound  bool   // the checksum holds
	offset int    // of the first part's length field
}

// critical says whether a reader may not skip the chunk: bit 5 of the first letter is 0.
func (c Chunk) critical() bool { return c.Type[0]&0x20 == 0 }

// scanner walks the chunks of a file held in memory and never reads past it.
type scanner struct {
	data []byte
	at   int
}

// next gives the next chunk's type and data, and whether its checksum holds. At the end of
// the file, also of a truncated one, the error is io.ErrUnexpectedEOF: only IEND ends a PNG.
func (s *scanner) next() (kind string, body []byte, sound bool, err error) {
	rest := s.data[s.at:]
	if len(rest) < chunkOverhead {
		return "", nil, false, io.ErrUnexpectedEOF
	}
	length := int64(binary.BigEndian.Uint32(rest))
	if length > maxLength {
		return "", nil, false, corrupt("chunk length %d", length)
	}
	if length > int64(len(rest)-chunkOverhead) {
		return "", nil, false, io.ErrUnexpectedEOF
	}
	for _, letter := range rest[4:8] {
		if (letter|0x20) < 'a' || (letter|0x20) > 'z' {
			return "", nil, false, corrupt("chunk type is not four letters")
		}
	}
	end := 8 + int(length)
	sum := crc32.ChecksumIEEE(rest[4:end])
	s.at += end + 4
	return string(rest[4:8]), rest[8:end], sum == binary.BigEndian.Uint32(rest[end:]), nil
}

// start checks the signature and returns a scanner behind it.
func start(data []byte) (*scanner, error) {
	if len(data) == 0 {
		return nil, problem.New(problem.FileEmpty)
	}
	if len(data) < len(signature) || string(data[:len(signature)]) != signature {
		return nil, corrupt("no PNG signature")
	}
	return &scanner{data: data, at: len(signature)}, nil
}

// appendChunk appends a chunk of this type with its length and checksum to dst.
func appendChunk(dst []byte, kind string, body ...[]byte) []byte {
	length := 0
	for _, part := range body {
		length += len(part)
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(length))
	from := len(dst)
	dst = append(dst, kind...)
	for _, part := range body {
		dst = append(dst, part...)
	}
	return binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(dst[from:]))
}
