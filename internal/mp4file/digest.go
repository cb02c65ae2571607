package mp4file

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"
	"slices"
)

// Digest is a fingerprint of what each track that goes along holds: its description, how
// it is turned, the packets' bytes, sizes and times, and what of it is shown. Two films
// with equal digests play alike, packet for packet. Where packets lie, and what stands
// beside the streams, does not matter. progress, which may be nil, is told the share of the
// file that is done.
func (m *Movie) Digest(ctx context.Context, progress func(share float64)) ([][sha256.Size]byte, error) {
	done := int64(0)
	tell := func(size int64) {
		if done += size; progress != nil {
			progress(min(1, float64(done)/float64(m.size)))
		}
	}
	var sums [][sha256.Size]byte
	for i := range m.Tracks {
		t := &m.Tracks[i]
		if t.beside() {
			continue
		}
		h := sha256.New()
		if err := m.digest(ctx, t, h, tell); err != nil {
			return nil, err
		}
		sums = append(sums, [sha256.Size]byte(h.Sum(nil)))
	}
	return sums, nil
}

func (m *Movie) digest(ctx context.Context, t *Track, h hash.Hash, read func(size int64)) error {
	list, err := t.chunks(m.size)
	if err != nil {
		return err
	}
	total := int64(0)
	for _, c := range list {
		if total += c.size; total > m.size {
			return corrupt("packets that share bytes")
		}
	}
	h.Write(t.matrix[:])
	for _, n := range []uint64{uint64(t.ID), uint64(t.Timescale), uint64(m.Timescale), uint64(t.Samples), uint64(len(t.Edits))} {
		h.Write(binary.BigEndian.AppendUint64([]byte(t.Handler), n))
	}
	for _, e := range t.Edits {
		h.Write(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, e.Duration), uint64(e.Start)))
		h.Write(binary.BigEndian.AppendUint32(nil, e.Rate))
	}
	for _, b := range t.stbl {
		if !slices.Contains([]string{"stco", "co64", "stsc", "free", "skip"}, b.kind) {
			h.Write(b.raw)
		}
	}
	for _, c := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := io.Copy(h, io.NewSectionReader(m.src, c.at, c.size)); err != nil {
			return err
		}
		read(c.size)
	}
	return nil
}
