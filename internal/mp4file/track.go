package mp4file

import (
	"bytes"
	"encoding/binary"

	"compressor/internal/bitstream"
	"compressor/internal/problem"
)

// track reads one trak box.
func (m *Movie) track(b box) error {
	if len(m.Tracks) == maxTracks {
		return problem.Over("video.tracks", int64(maxTracks+1), int64(maxTracks))
	}
	t := Track{raw: b.raw}
	media, info, err := t.open(b)
	if err != nil {
		return err
	}
	for _, kind := range []string{"saiz", "saio", "senc"} {
		if _, ok := find(t.stbl, kind); ok {
			t.Encrypted = true
		}
	}
	if err := t.headers(media); err != nil {
		return err
	}
	t.external(info)
	if err := t.describe(); err != nil {
		return err
	}
	if err := t.edits(); err != nil {
		return err
	}
	if t.Samples, err = t.count(); err != nil {
		return err
	}
	if m.chunks += t.chunkCount(); m.chunks > maxChunks {
		return problem.Over("video.chunks", int64(m.chunks), maxChunks)
	}
	if _, ok := find(t.trak, "udta"); ok {
		m.carry(Tags)
	}
	if t.dated {
		m.carry(Creation)
	}
	m.Tracks = append(m.Tracks, t)
	return nil
}

// open reads the boxes of a trak, down to the sample tables. media are those of its mdia, info
// those of the minf in there.
func (t *Track) open(trak box) (media, info []box, err error) {
	if t.trak, err = boxes(trak.body); err != nil {
		return nil, nil, err
	}
	if media, err = within(t.trak, "mdia", "track without media"); err != nil {
		return nil, nil, err
	}
	if info, err = within(media, "minf", "track without information"); err != nil {
		return nil, nil, err
	}
	t.stbl, err = within(info, "stbl", "track without sample tables")
	return media, info, err
}

// within reads the boxes of one that must be there.
func within(list []box, kind, otherwise string) ([]box, error) {
	b, found := find(list, kind)
	if !found {
		return nil, corrupt(otherwise)
	}
	return boxes(b.body)
}

// identity is the matrix of a picture that is shown as it is stored, 16.16 and 2.30.
var identity = [9]int32{0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000} // it is read only

// headers reads tkhd, mdhd and hdlr.
func (t *Track) headers(media []box) error {
	tkhd, found := find(t.trak, "tkhd")
	if !found {
		return corrupt("track without header")
	}
	r := reader{bitstream.Bytes{Data: tkhd.body}}
	long := r.U8() == 1
	t.Enabled = r.Number(3)&1 != 0
	created := r.wide(long)
	r.wide(long)
	t.ID = r.U32()
	r.Take(4)
	r.wide(long)
	r.Take(16)
	copy(t.matrix[:], r.Take(36))
	r.Take(8)
	if r.Short {
		return corrupt("track header")
	}
	t.Rotation = rotation(t.matrix)
	mdhd, _ := find(media, "mdhd")
	r = reader{bitstream.Bytes{Data: mdhd.body}}
	long = r.U8() == 1
	r.Take(3)
	made := r.wide(long)
	r.wide(long)
	t.dated = created != 0 || made != 0
	t.Timescale = r.U32()
	r.wide(long)
	if r.Short || t.Timescale == 0 {
		return corrupt("media header")
	}
	hdlr, _ := find(media, "hdlr")
	r = reader{bitstream.Bytes{Data: hdlr.body}}
	r.Take(8)
	t.Handler = string(r.Take(4))
	if r.Short {
		return corrupt("handler")
	}
	return nil
}

// rotation gives the quarter turns of a display matrix in degrees clockwise; -1 if it does
// anything else, such as mirroring. Where a turn moves the picture to does not matter.
func rotation(matrix [36]byte) int {
	var v [9]int32
	for i := range v {
		v[i] = int32(binary.BigEndian.Uint32(matrix[4*i:]))
	}
	if v[2] != 0 || v[5] != 0 || v[8] != identity[8] {
		return -1
	}
	const one = 0x10000
	switch [4]int32{v[0], v[1], v[3], v[4]} {
	case [4]int32{one, 0, 0, one}:
		return 0
	case [4]int32{0, one, -one, 0}:
		return 90
	case [4]int32{-one, 0, 0, -one}:
		return 180
	case [4]int32{0, -one, one, 0}:
		return 270
	}
	return -1
}

// external says whether packets lie in another file: a data reference without the flag
// that says "in this one" (14496-12, 8.7.2).
func (t *Track) external(info []box) {
	dref, found := descend(info, "dinf", "dref")
	if !found || len(dref.body) < 8 {
		return
	}
	list, err := boxes(dref.body[8:])
	for _, b := range list {
		if len(b.body) < 4 || b.body[3]&1 == 0 {
			t.External = true
		}
	}
	t.External = t.External || err != nil
}

// describe reads stsd.
func (t *Track) describe() error {
	stsd, found := find(t.stbl, "stsd")
	if !found || len(stsd.body) < 8 {
		return corrupt("no sample description")
	}
	entries, err := boxes(stsd.body[8:])
	if err != nil {
		return err
	}
	if t.Descriptions = len(entries); t.Descriptions == 0 {
		return corrupt("no sample description")
	}
	entry := entries[0]
	t.Codec = entry.kind
	t.Encrypted = t.Encrypted || entry.kind == "encv" || entry.kind == "enca" || entry.kind == "drmi" || entry.kind == "drms"
	if t.Handler != "vide" {
		return nil
	}
	const fixed = 78 // bytes of a visual sample entry before its boxes
	if len(entry.body) < fixed {
		return corrupt("sample description of %d bytes", len(entry.body))
	}
	t.Width = int(binary.BigEndian.Uint16(entry.body[24:]))
	t.Height = int(binary.BigEndian.Uint16(entry.body[26:]))
	if t.Width == 0 || t.Height == 0 {
		return corrupt("%d×%d pixels", t.Width, t.Height)
	}
	extensions, err := boxes(entry.body[fixed:])
	if err != nil {
		return err
	}
	t.Video.read(extensions)
	if v := &t.Video; t.Codec == "avc1" && (v.width != t.Width || v.height != t.Height) {
		v.Extra = append(v.Extra, "another size")
	}
	return nil
}

// passedOver is the id of a box that films on the web often have in the description of their
// video, and that decoders pass over: it changes nothing of the look.
const passedOver = "\x6b\x68\x40\xf2\x5f\x24\x4f\xc5\xba\x39\xa5\x1b\xcf\x03\x23\xf3"

// read takes what the boxes of a visual sample entry say.
func (v *VideoConfig) read(list []box) {
	v.Bits, v.Chroma = 8, 1
	for _, b := range list {
		switch b.kind {
		case "avcC":
			v.h264(b.body)
		case "colr":
			v.colour(b.body)
		case "pasp":
			v.Stretched = len(b.body) < 8 || u32(b.body, 0) != u32(b.body, 1)
		case "btrt", "fiel", "chrm":
		case "uuid":
			if !bytes.HasPrefix(b.body, []byte(passedOver)) {
				v.Extra = append(v.Extra, "uuid")
			}
		default:
			v.Extra = append(v.Extra, b.kind)
		}
	}
}

// h264 reads the decoder configuration (ISO/IEC 14496-15, 5.3.3.1): all parameter sets in
// it must agree on what is handled.
func (v *VideoConfig) h264(body []byte) {
	r := reader{bitstream.Bytes{Data: body}}
	r.U8()
	v.Profile = r.U8()
	r.Take(3)
	for i := range r.U8() & 31 {
		s := readSequence(r.Take(r.U16()))
		if !s.known || i > 0 {
			v.Extra = append(v.Extra, "parameter sets")
		}
		v.width, v.height = s.width, s.height
		v.Chroma, v.Bits, v.Interlaced = s.chroma, s.bits, v.Interlaced || s.interlaced
	}
	if r.Short {
		v.Extra = append(v.Extra, "avcC")
	}
}

func (v *VideoConfig) colour(body []byte) {
	r := reader{bitstream.Bytes{Data: body}}
	kind := string(r.Take(4))
	if kind != "nclx" && kind != "nclc" {
		v.Extra = append(v.Extra, "colr "+kind)
		return
	}
	v.Primaries, v.Transfer, v.Matrix = r.U16(), r.U16(), r.U16()
	v.Full = kind == "nclx" && r.U8()&0x80 != 0
}

// edits reads the edit list, if there is one.
func (t *Track) edits() error {
	elst, found := descend(t.trak, "edts", "elst")
	if !found {
		return nil
	}
	r := reader{bitstream.Bytes{Data: elst.body}}
	long := r.U8() == 1
	r.Take(3)
	count := r.U32()
	size := 12
	if long {
		size = 20
	}
	if r.Short || uint64(count)*uint64(size) > uint64(len(r.Data)) {
		return corrupt("edit list of %d entries in %d bytes", count, len(r.Data))
	}
	if count > maxEdits {
		return problem.Over("video.edits", int64(count), maxEdits)
	}
	for range count {
		e := Edit{Duration: r.wide(long)}
		if long {
			e.Start = int64(r.U64())
		} else {
			e.Start = int64(int32(r.U32()))
		}
		e.Rate = r.U32()
		t.Edits = append(t.Edits, e)
	}
	return nil
}
