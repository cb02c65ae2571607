package mp4file

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"

	"compressor/internal/bitstream"
	"compressor/internal/problem"
)

// Output says how a film is written anew.
type Output struct {
	FastStart bool   // the description before the packets
	Keep      Keep   // of what stands beside the streams
	Mark      string // that [Movie.Mark] gives back; empty for none
	// Video, if set, is a film whose one track takes the place of the video track. Its
	// frames must appear at the same times.
	Video *Movie
	// Width and Height of the picture as shown, if Video has another size than before.
	Width, Height int
	// Progress, if set, is told the share of the packets that are written.
	Progress func(share float64)
}

// part is one track on its way into a new file.
type part struct {
	src    io.ReaderAt
	scale  uint32 // units a second of its chunks' times
	chunks []chunk
	before [][]byte // of trak, up to mdia
	media  [][]byte // of mdia, up to minf
	info   [][]byte // of minf, up to stbl
	stbl   [][]byte // without the chunks' places
	to     []int64  // where each chunk goes, from the beginning of the packets
}

// Write writes the film's packets and their timing into dst, and nothing that no player
// needs: free space, bytes that no table refers to, and what o does not keep. Packets keep
// their order, or, where the video is another one, are laid out by time.
func (m *Movie) Write(ctx context.Context, dst io.Writer, o Output) error {
	parts, err := m.parts(o)
	if err != nil {
		return err
	}
	order, total, err := layout(parts, o.Video != nil, m.size+o.extra())
	if err != nil {
		return err
	}
	head := []byte(nil)
	if m.ftyp != nil {
		head = wrap("ftyp", m.ftyp)
	}
	wide := total+int64(len(head))+maxMovie > math.MaxUint32
	moov := m.description(parts, o, 0, wide) // its size does not depend on where the packets are
	data := int64(len(head)) + 8
	if wide {
		data += 8
	}
	if o.FastStart {
		data += int64(len(moov))
	}
	moov = m.description(parts, o, data, wide)
	mdat := binary.BigEndian.AppendUint32(nil, uint32(total+8))
	mdat = append(mdat, "mdat"...)
	if wide {
		put32(mdat, 0, 1)
		mdat = binary.BigEndian.AppendUint64(mdat, uint64(total+16))
	}
	lead, tail := slices.Concat(head, mdat), moov
	if o.FastStart {
		lead, tail = slices.Concat(head, moov, mdat), nil
	}
	if _, err := dst.Write(lead); err != nil {
		return err
	}
	if err := writeChunks(ctx, dst, parts, order, total, o.Progress); err != nil {
		return err
	}
	if _, err := dst.Write(tail); err != nil || !o.Keep.All {
		return err
	}
	for _, s := range m.top {
		if s.kind != "uuid" {
			continue
		}
		if _, err := io.Copy(dst, io.NewSectionReader(m.src, s.boxStart, s.at+s.size-s.boxStart)); err != nil {
			return err
		}
	}
	return nil
}

// writeChunks writes the packets, of total bytes.
func writeChunks(ctx context.Context, dst io.Writer, parts []part, order []place, total int64, progress func(share float64)) error {
	written := int64(0)
	for _, at := range order {
		if err := ctx.Err(); err != nil {
			return err
		}
		p := &parts[at.part]
		c := p.chunks[at.chunk]
		if _, err := io.Copy(dst, io.NewSectionReader(p.src, c.at, c.size)); err != nil {
			return err
		}
		if written += c.size; progress != nil && total > 0 {
			progress(float64(written) / float64(total))
		}
	}
	return nil
}

// extra is how many bytes beside the film's own the output may have.
func (o Output) extra() int64 {
	if o.Video == nil {
		return 0
	}
	return o.Video.size
}

// place is one chunk in the order of the output.
type place struct{ part, chunk int }

// layout puts chunks into order and gives them places. Tables that name the same bytes
// over and over could make a file of any size: limit bounds it.
func layout(parts []part, byTime bool, limit int64) ([]place, int64, error) {
	var order []place
	for p := range parts {
		for c := range parts[p].chunks {
			order = append(order, place{p, c})
		}
		parts[p].to = make([]int64, len(parts[p].chunks))
	}
	slices.SortStableFunc(order, func(a, b place) int {
		x, y := parts[a.part].chunks[a.chunk], parts[b.part].chunks[b.chunk]
		if !byTime {
			return cmp.Compare(x.at, y.at)
		}
		// x.time/x.scale against y.time/y.scale
		return cmp.Compare(float64(x.time)/float64(parts[a.part].scale), float64(y.time)/float64(parts[b.part].scale))
	})
	total := int64(0)
	for _, at := range order {
		parts[at.part].to[at.chunk] = total
		total += parts[at.part].chunks[at.chunk].size
		if total > limit {
			return nil, 0, problem.New(problem.FormatUnsafe).Because(errors.New("mp4: packets that share bytes"))
		}
	}
	return order, total, nil
}

// dropped says whether the track of this id does not go along.
func (m *Movie) dropped(id uint32, k Keep) bool {
	return slices.ContainsFunc(m.Tracks, func(t Track) bool { return t.ID == id && k.drops(&t) })
}

// parts takes the tracks apart.
func (m *Movie) parts(o Output) ([]part, error) {
	var parts []part
	for i := range m.Tracks {
		t := &m.Tracks[i]
		if o.Keep.drops(t) {
			continue
		}
		p, err := m.part(t, o)
		if err == nil && t.Handler == "vide" && o.Video != nil {
			err = p.replace(t, o)
		}
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// part takes one track apart.
func (m *Movie) part(t *Track, o Output) (part, error) {
	p := part{src: m.src, scale: t.Timescale}
	var err error
	if p.chunks, err = t.chunks(m.size); err != nil {
		return p, err
	}
	dated := o.Keep.Creation || o.Keep.All
	for _, b := range t.trak {
		switch b.kind {
		case "udta", "meta":
			if o.Keep.All {
				p.before = append(p.before, b.raw)
			}
		case "tref":
			if !m.refersToDropped(b, o.Keep) {
				p.before = append(p.before, b.raw)
			}
		case "tkhd":
			p.before = append(p.before, header(b, dated))
		case "mdia", "free", "skip", "wide":
		default:
			p.before = append(p.before, b.raw)
		}
	}
	mdia, _ := find(t.trak, "mdia")
	media, _ := boxes(mdia.body) // read before
	for _, b := range media {
		switch b.kind {
		case "mdhd":
			p.media = append(p.media, header(b, dated))
		case "minf", "free", "skip", "wide":
		default:
			p.media = append(p.media, b.raw)
		}
	}
	minf, _ := find(media, "minf")
	info, _ := boxes(minf.body)
	for _, b := range info {
		if b.kind != "stbl" && b.kind != "free" && b.kind != "skip" {
			p.info = append(p.info, b.raw)
		}
	}
	for _, b := range t.stbl {
		if b.kind != "stco" && b.kind != "co64" && b.kind != "free" && b.kind != "skip" {
			p.stbl = append(p.stbl, b.raw)
		}
	}
	return p, nil
}

func header(b box, dated bool) []byte {
	if dated {
		return b.raw
	}
	return undated(b)
}

func (m *Movie) refersToDropped(tref box, k Keep) bool {
	list, err := boxes(tref.body)
	for _, b := range list {
		for i := range len(b.body) / 4 {
			if m.dropped(u32(b.body, i), k) {
				return true
			}
		}
	}
	return err != nil
}

// description is the moov box, for packets that begin at so many bytes.
func (m *Movie) description(parts []part, o Output, data int64, wide bool) []byte {
	var body []byte
	for _, b := range m.moov {
		switch b.kind {
		case "mvhd":
			body = append(body, header(b, o.Keep.Creation || o.Keep.All)...)
		case "iods":
			body = append(body, b.raw...)
		}
	}
	for i := range parts {
		body = append(body, parts[i].box(data, wide)...)
	}
	body = append(body, m.kept(o.Keep)...)
	return wrap("moov", append(body, markBox(o.Mark)...))
}

// box is the trak box.
func (p *part) box(data int64, wide bool) []byte {
	offsets, kind := make([]byte, 8, 8+8*len(p.to)), "stco"
	put32(offsets, 4, uint32(len(p.to)))
	for _, to := range p.to {
		if wide {
			offsets = binary.BigEndian.AppendUint64(offsets, uint64(data+to))
		} else {
			offsets = binary.BigEndian.AppendUint32(offsets, uint32(data+to))
		}
	}
	if wide {
		kind = "co64"
	}
	stbl := wrap("stbl", bytes.Join(p.stbl, nil), wrap(kind, offsets))
	minf := wrap("minf", bytes.Join(p.info, nil), stbl)
	return wrap("trak", bytes.Join(p.before, nil), wrap("mdia", bytes.Join(p.media, nil), minf))
}

// replace puts the one track of o.Video into the place of t's packets.
func (p *part) replace(t *Track, o Output) error {
	n := o.Video.Video()
	if n == nil || n.Timescale != t.Timescale {
		return corrupt("the new video has no single track of %d units a second", t.Timescale)
	}
	edits, err := t.edited(n)
	if err != nil {
		return err
	}
	fresh, err := o.Video.part(n, Output{})
	if err != nil {
		return err
	}
	if fresh.chunks, err = n.portions(fresh.chunks); err != nil {
		return err
	}
	p.src, p.chunks = o.Video.src, fresh.chunks
	p.info, p.stbl = fresh.info, without(fresh.stbl, "stsc")
	p.stbl = append(p.stbl, portionTable(fresh.chunks))
	p.before = without(p.before, "edts")
	if o.Width > 0 {
		p.before = without(p.before, "tapt") // sizes for players, of before
	}
	for i, raw := range p.before {
		if string(raw[4:8]) == "tkhd" && o.Width > 0 {
			p.before[i] = sized(raw, o.Width, o.Height, t.Rotation)
		}
	}
	p.before = append(p.before, edits)
	return nil
}

func without(list [][]byte, kinds ...string) [][]byte {
	return slices.DeleteFunc(slices.Clone(list), func(raw []byte) bool {
		return slices.Contains(kinds, string(raw[4:8]))
	})
}

// sized gives a track header with another size: of the picture before it is turned.
func sized(tkhd []byte, width, height, turned int) []byte {
	out := bytes.Clone(tkhd)
	if turned == 90 || turned == 270 {
		width, height = height, width
	}
	at := 8 // of the body: a header with a long size has eight bytes more
	if u32(out, 0) == 1 {
		at = 16
	}
	if out[at] == 1 {
		at += 12 // times of 64 bits
	}
	put32(out, at+76, uint32(width)<<16)
	put32(out, at+80, uint32(height)<<16)
	return out
}

// edited gives the edit list by which n's frames appear when t's do; an error if they
// cannot.
func (t *Track) edited(n *Track) ([]byte, error) {
	was, first, err := t.Shown()
	if err != nil {
		return nil, err
	}
	bare := *n
	bare.Edits = nil
	is, fresh, err := bare.Shown()
	if err != nil {
		return nil, err
	}
	if len(was) != len(is) {
		return nil, corrupt("%d frames became %d", len(was), len(is))
	}
	for i := range was {
		if was[i]-was[0] != is[i]-is[0] {
			return nil, corrupt("frame %d would appear at another time", i)
		}
	}
	start, _ := t.start()
	begin := fresh - (first - start)
	if begin < 0 || begin > math.MaxInt32 {
		return nil, corrupt("the first frame cannot appear when it did")
	}
	return t.editList(begin)
}

// editList is the edts box that shows the track from a time on, as long and after the same
// pause as before.
func (t *Track) editList(begin int64) ([]byte, error) {
	edits := slices.Clone(t.Edits)
	if len(edits) == 0 {
		if begin == 0 {
			return nil, nil
		}
		edits = []Edit{{Duration: t.duration(), Rate: 0x10000}}
	}
	body := []byte{0, 0, 0, 0}
	body = binary.BigEndian.AppendUint32(body, uint32(len(edits)))
	for _, e := range edits {
		if e.Start >= 0 {
			e.Start = begin
		}
		if e.Duration > math.MaxUint32 {
			return nil, corrupt("an edit of %d units", e.Duration)
		}
		body = binary.BigEndian.AppendUint32(body, uint32(e.Duration))
		body = binary.BigEndian.AppendUint32(body, uint32(int32(e.Start)))
		body = binary.BigEndian.AppendUint32(body, e.Rate)
	}
	return wrap("edts", wrap("elst", body)), nil
}

// duration is how long the track header says that the track is, in the film's units.
func (t *Track) duration() uint64 {
	tkhd, _ := find(t.trak, "tkhd")
	r := reader{bitstream.Bytes{Data: tkhd.body}}
	long := r.U8() == 1
	r.Take(3)
	r.wide(long)
	r.wide(long)
	r.Take(8)
	return r.wide(long)
}

// portionsPerSecond is how many chunks of video a second has: players read ahead as far.
const portionsPerSecond = 2

// portions cuts chunks so that sound can lie between them.
func (t *Track) portions(list []chunk) ([]chunk, error) {
	stts, err := t.table("stts", 8)
	if err != nil {
		return nil, err
	}
	deltas, sizeAt := runs{table: stts}, t.sizeOf()
	var out []chunk
	now := int64(0)
	most := int64(t.Timescale) / portionsPerSecond
	for _, c := range list {
		part := chunk{at: c.at, first: c.first, time: now}
		for s := c.first; s < c.first+c.samples; s++ {
			if part.samples > 0 && now-part.time >= most {
				out = append(out, part)
				part = chunk{at: part.at + part.size, first: s, time: now}
			}
			delta, ok := deltas.next()
			if !ok {
				return nil, corrupt("a packet without a time")
			}
			part.samples, part.size = part.samples+1, part.size+sizeAt(s)
			now += int64(delta)
		}
		if part.samples > 0 {
			out = append(out, part)
		}
	}
	return out, nil
}

// portionTable is the stsc box of chunks: an entry wherever the number of packets changes.
func portionTable(list []chunk) []byte {
	body, entries := make([]byte, 8), uint32(0)
	for i, c := range list {
		if i > 0 && list[i-1].samples == c.samples {
			continue
		}
		entries++
		body = binary.BigEndian.AppendUint32(body, uint32(i+1))
		body = binary.BigEndian.AppendUint32(body, uint32(c.samples))
		body = binary.BigEndian.AppendUint32(body, 1)
	}
	put32(body, 4, entries)
	return wrap("stsc", body)
}
