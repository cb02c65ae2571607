package transfer

import (
	"crypto/md5" // #nosec: it finds bytes that changed on the way, as the stores want it
	"crypto/sha256"
	"hash/crc32"
	"io"
	"os"

	"compressor/internal/blob"
	"compressor/internal/storage"
)

// Small is the largest file that is sent in one request, in bytes, and the size of the parts
// of a larger one. A part that fails is sent again whole.
const Small = 16 << 20

// maxParts is the most that S3 takes, and half of what Azure does
// (docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html).
const maxParts = 10_000

// Part is a stretch of a file.
type Part struct {
	Number int // from 0
	Offset int64
	Size   int64 // bytes
}

// Parts cuts a file of size bytes. All but the last are of equal size, which R2 asks for.
func Parts(size int64) []Part {
	most := max(Small, (size+maxParts-1)/maxParts)
	var parts []Part
	for at := int64(0); at < size; at += most {
		parts = append(parts, Part{Number: len(parts), Offset: at, Size: min(most, size-at)})
	}
	return parts
}

// Body returns a fresh reader of the part.
func (p Part) Body(file io.ReaderAt) *io.SectionReader {
	return io.NewSectionReader(file, p.Offset, p.Size)
}

// Digest is what a store checks a part by.
type Digest struct {
	MD5    [md5.Size]byte
	CRC32  uint32 // ISO-HDLC, as in gzip
	CRC32C uint32 // Castagnoli
	SHA256 [sha256.Size]byte
}

// Open opens what is to be written, and reads it once for the digest of the whole. The caller
// closes it. An error is a fault of writing.
func Open(body blob.Blob) (*os.File, Digest, error) {
	file, err := body.Open()
	if err != nil {
		return nil, Digest{}, storage.NewFault("write", storage.Failed, "", 0, err)
	}
	sum, err := Part{Size: body.Size}.Digest(file)
	if err != nil {
		file.Close()
		return nil, Digest{}, storage.NewFault("write", storage.Failed, "", 0, err)
	}
	return file, sum, nil
}

// Digest reads the part once.
func (p Part) Digest(file io.ReaderAt) (Digest, error) {
	m, c, k, s := md5.New(), crc32.NewIEEE(), crc32.New(crc32.MakeTable(crc32.Castagnoli)), sha256.New()
	if _, err := io.Copy(io.MultiWriter(m, c, k, s), p.Body(file)); err != nil {
		return Digest{}, err
	}
	d := Digest{CRC32: c.Sum32(), CRC32C: k.Sum32()}
	m.Sum(d.MD5[:0])
	s.Sum(d.SHA256[:0])
	return d, nil
}
