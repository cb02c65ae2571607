package zip

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/zipfile"
)

// packer writes one archive.
type packer struct {
	archive *zipfile.Archive
	writer  *zipfile.Writer
	parts   []*codec.Done // by member; nil for folders
	repeats map[blob.Sum]int
	known   map[blob.Sum]packed // deflated before, of contents that come again
	held    int64               // bytes in known
	deflate deflater
}

// repack writes the archive with the members' results.
func repack(ctx context.Context, dst io.Writer, in codec.Subject) error {
	f, a, err := open(in.Blob)
	if err != nil {
		return err
	}
	defer f.Close()
	p := &packer{
		archive: a, writer: zipfile.NewWriter(dst, a.Marker), parts: make([]*codec.Done, len(a.Members)),
		repeats: map[blob.Sum]int{}, known: map[blob.Sum]packed{},
	}
	defer p.deflate.close()
	rest := in.Parts
	for i := range a.Members {
		if a.Members[i].IsDir() {
			continue
		}
		if len(rest) == 0 {
			return errParts
		}
		p.parts[i], rest = &rest[0], rest[1:]
		p.repeats[p.parts[i].Result.Sum]++
	}
	if len(rest) > 0 {
		return errParts
	}
	for n, i := range a.Order() {
		if err := p.member(ctx, i, n == 0); err != nil {
			return fmt.Errorf("%s: %w", a.Members[i].Path(), err)
		}
	}
	return p.writer.Close(a.Comment)
}

// member writes member i.
func (p *packer) member(ctx context.Context, i int, first bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m, part := &p.archive.Members[i], p.parts[i]
	switch {
	case m.Why() != "":
		return p.writer.Copy(i, p.archive, m)
	case part == nil && m.Size == 0 && m.CRC == 0 && m.Packed <= 2: // a folder, maybe deflated
		return p.writer.Add(i, m, zipfile.Body{Method: zipfile.Stored})
	case part == nil || unread(part):
		return p.writer.Copy(i, p.archive, m)
	}
	old := zipfile.Body{Method: m.Method, CRC: m.CRC, Size: m.Size, Packed: m.Packed, Data: copied(p.archive.Raw(m))}
	switch unchanged := part.Result.Same(part.Source); {
	case first && m.Name == "mimetype" && m.Method == zipfile.Stored, // EPUB and OpenDocument are recognised by it
		unchanged && m.Method == zipfile.Deflated && m.Size > wholeMost: // the library for large ones is not better
		return p.writer.Add(i, m, old)
	}
	src, err := part.Result.Open()
	if err != nil {
		return err
	}
	defer src.Close()
	best, err := p.pack(ctx, part.Result, src, mayDeflate(m, src))
	if err != nil {
		return err
	}
	if best.size >= m.Packed {
		return p.writer.Add(i, m, old)
	}
	return p.writer.Add(i, m, zipfile.Body{
		Method: best.method, CRC: best.crc, Size: part.Result.Size, Packed: best.size, Data: best.writes(ctx, src),
	})
}

// copied gives a body that is all of r.
func copied(r io.Reader) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.Copy(w, r)
		return err
	}
}

// unread says whether the member could not be read: the engine then has nothing of it.
func unread(d *codec.Done) bool { return d.Source.Path() == "" }

// mayDeflate says whether member m, with this new contents, may be deflated: an archive
// that is stored may be meant to be read in place, as Java does with JARs in JARs.
func mayDeflate(m *zipfile.Member, src io.ReaderAt) bool {
	var head [4]byte
	n, _ := src.ReadAt(head[:], 0) // what cannot be read has no magic
	return m.Method == zipfile.Deflated || !bytes.HasPrefix(head[:n], []byte("PK\x03\x04"))
}
