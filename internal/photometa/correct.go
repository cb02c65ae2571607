package photometa

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// maxDirectories bounds the walk along chains and trees of directories.
const maxDirectories = 32

// correctEXIF gives a copy of the block in which orientation and dimensions are those of
// the output, and which has no thumbnail once the pixels are redrawn. All else stays at
// its offset. A block that cannot be read is given back as it is.
func correctEXIF(block []byte, k Keep) (out []byte, dropped bool) {
	if len(block) == 0 {
		if k.Orientation == 1 {
			return nil, false
		}
		b := builder{order: binary.BigEndian}
		b.put(&b.main, b.short(tagOrientation, uint16(k.Orientation)))
		return b.bytes(), false
	}
	t, ok := parseTIFF(block)
	if !ok {
		return block, false
	}
	t.block = slices.Clone(block)
	t.resize(k)
	if k.Redrawn && t.main.next != 0 {
		dropped = t.thumb.present()
		t.dropThumbnail()
	}
	t.orient(k.Orientation)
	return t.block, dropped
}

// resize sets the dimensions where they are given.
func (t *tiff) resize(k Keep) {
	if k.Width <= 0 || k.Height <= 0 {
		return
	}
	t.set(t.main, tagImageWidth, k.Width)
	t.set(t.main, tagImageLength, k.Height)
	t.set(t.exif, tagPixelXDimension, k.Width)
	t.set(t.exif, tagPixelYDimension, k.Height)
}

// set overwrites single SHORTs and LONGs of a tag, which stand inside their entries.
func (t *tiff) set(d directory, tag uint16, v int) bool {
	done := false
	for _, f := range d.fields {
		switch {
		case f.tag != tag || f.count != 1:
		case f.kind == typeShort && v <= 0xffff:
			t.order.PutUint16(t.block[f.at+8:], uint16(v))
			done = true
		case f.kind == typeLong:
			t.order.PutUint32(t.block[f.at+8:], uint32(v))
			done = true
		}
	}
	return done
}

// orient sets the orientation. Where the first directory has none but needs one, a copy
// of the directory that has it is put at the end of the block.
func (t *tiff) orient(v int) {
	if Orientation(t.block) == v {
		return
	}
	if t.set(t.main, tagOrientation, v) && Orientation(t.block) == v {
		return
	}
	b := builder{order: t.order}
	f := b.short(tagOrientation, uint16(v))
	entry := t.order.AppendUint16(nil, f.tag)
	entry = t.order.AppendUint16(entry, f.kind)
	entry = t.order.AppendUint32(entry, f.count)
	entry = append(append(entry, f.data...), 0, 0)

	entries := [][]byte{entry}
	for _, f := range t.main.fields {
		if f.tag != tagOrientation {
			entries = append(entries, t.block[f.at:f.at+12])
		}
	}
	slices.SortStableFunc(entries, func(x, y []byte) int {
		return cmp.Compare(t.order.Uint16(x), t.order.Uint16(y))
	})
	next := uint32(0)
	if t.main.table.to == t.main.table.from+2+12*len(t.main.fields)+4 {
		next = t.order.Uint32(t.block[t.main.table.to-4:])
	}
	if len(t.block)%2 == 1 {
		t.block = append(t.block, 0)
	}
	at := len(t.block)
	t.block = t.order.AppendUint16(t.block, uint16(len(entries)))
	t.block = append(t.block, slices.Concat(entries...)...)
	t.block = t.order.AppendUint32(t.block, next)
	t.order.PutUint32(t.block[4:], uint32(at))
}

// dropThumbnail cuts the chain behind the first directory. The bytes of what hung there
// are blanked, as far as nothing else uses them, and cut off where they end the block.
func (t *tiff) dropThumbnail() {
	used, dropped := merge(t.usedSpans()), merge(t.thumbSpans())
	t.order.PutUint32(t.block[t.main.table.to-4:], 0)
	t.blank(dropped, used)

	// What ends the block, but for padding of up to three bytes between the spans.
	end := len(t.block)
	for _, d := range slices.Backward(dropped) {
		if d.to+3 < end {
			break
		}
		end = d.from
	}
	t.block = t.block[:max(end, used[len(used)-1].to)]
}

// merge sorts spans and joins those that touch, so that work on them is bounded by the
// size of the block however often they overlap.
func merge(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var out []span
	for _, s := range spans {
		if n := len(out); n > 0 && s.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

// blank zeroes the bytes of the dropped spans that no used span covers. Both are merged.
func (t *tiff) blank(dropped, used []span) {
	next := 0 // the first used span that ends behind the position
	for _, d := range dropped {
		for from := d.from; from < d.to; {
			for next < len(used) && used[next].to <= from {
				next++
			}
			if next == len(used) || used[next].from >= d.to {
				clear(t.block[from:d.to])
				break
			}
			if used[next].from > from {
				clear(t.block[from:used[next].from])
			}
			from = used[next].to
		}
	}
}

// usedSpans are the ranges of the header and of all that hangs on the first directory.
func (t *tiff) usedSpans() []span {
	used := []span{{0, 8}}
	queue := []directory{t.main, t.exif, t.gps, t.interop}
	seen := map[int]bool{}
	for i := 0; i < len(queue) && i < maxDirectories; i++ {
		d := queue[i]
		if !d.present() || seen[d.table.from] {
			continue
		}
		seen[d.table.from] = true
		used = append(used, d.spans()...)
		used = append(used, t.pictureSpans(d)...)
		if f, ok := d.find(tagSubIFDs); ok {
			for _, offset := range t.numbers(f, maxDirectories) {
				queue = append(queue, t.directory(offset))
			}
		}
	}
	return used
}

// thumbSpans are the ranges of the directories behind the first and of their pictures.
func (t *tiff) thumbSpans() []span {
	var spans []span
	seen := map[int]bool{t.main.table.from: true}
	for d := t.thumb; d.present() && !seen[d.table.from] && len(seen) < maxDirectories; d = t.directory(d.next) {
		seen[d.table.from] = true
		spans = append(spans, d.spans()...)
		spans = append(spans, t.pictureSpans(d)...)
	}
	return spans
}

// pictureSpans are the ranges of the picture that a directory describes: JPEG or strips.
func (t *tiff) pictureSpans(d directory) []span {
	var spans []span
	for _, pair := range [][2]uint16{
		{tagThumbnailOffset, tagThumbnailLength},
		{tagStripOffsets, tagStripByteCounts},
	} {
		at, ok := d.find(pair[0])
		size, alsoOK := d.find(pair[1])
		if !ok || !alsoOK {
			continue
		}
		starts, sizes := t.numbers(at, maxFields), t.numbers(size, maxFields)
		for i := range min(len(starts), len(sizes)) {
			from := int64(starts[i])
			to := min(from+int64(sizes[i]), int64(len(t.block)))
			if from >= 8 && from < to {
				spans = append(spans, span{int(from), int(to)})
			}
		}
	}
	return spans
}
