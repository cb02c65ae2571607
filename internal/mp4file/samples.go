package mp4file

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"compressor/internal/problem"
)

// table gives the entries of a full box that counts them, each of so many bytes.
func (t *Track) table(kind string, width int) ([]byte, error) {
	b, found := find(t.stbl, kind)
	if !found {
		return nil, nil
	}
	if len(b.body) < 8 {
		return nil, corrupt("%s of %d bytes", kind, len(b.body))
	}
	n := uint64(binary.BigEndian.Uint32(b.body[4:]))
	if n*uint64(width) > uint64(len(b.body)-8) {
		return nil, corrupt("%s of %d entries in %d bytes", kind, n, len(b.body))
	}
	return b.body[8 : 8+n*uint64(width)], nil
}

func u32(data []byte, at int) uint32 { return binary.BigEndian.Uint32(data[4*at:]) }

// count gives the number of packets.
func (t *Track) count() (int, error) {
	if _, compact := find(t.stbl, "stz2"); compact {
		return 0, problem.New(problem.FormatUnsupported).Because(corrupt("compact sample sizes"))
	}
	stsz, found := find(t.stbl, "stsz")
	if !found || len(stsz.body) < 12 {
		return 0, corrupt("no sample sizes")
	}
	uniform, n := u32(stsz.body, 1), u32(stsz.body, 2)
	if uniform == 0 && uint64(n)*4 > uint64(len(stsz.body)-12) {
		return 0, corrupt("%d sample sizes in %d bytes", n, len(stsz.body))
	}
	if n > math.MaxInt32 {
		return 0, corrupt("%d samples", n)
	}
	return int(n), nil
}

// chunkCount is how many chunks there are, before any list of them is made.
func (t *Track) chunkCount() int {
	n := 0
	for kind, width := range map[string]int{"stco": 4, "co64": 8} {
		if b, found := find(t.stbl, kind); found {
			n += len(b.body) / width
		}
	}
	return n
}

// seconds is how long the packets last, whatever the headers say; 0 if their table is
// damaged, which is told elsewhere.
func (t *Track) seconds() float64 {
	stts, err := t.table("stts", 8)
	if err != nil {
		return 0
	}
	units := 0.0
	for i := range len(stts) / 8 {
		units += float64(u32(stts, 2*i)) * float64(u32(stts, 2*i+1))
	}
	return units / float64(t.Timescale)
}

// sizeOf gives a function from a packet's index to its size in bytes.
func (t *Track) sizeOf() func(int) int64 {
	stsz, _ := find(t.stbl, "stsz")
	uniform := u32(stsz.body, 1)
	if uniform != 0 {
		return func(int) int64 { return int64(uniform) }
	}
	sizes := stsz.body[12:]
	return func(i int) int64 { return int64(u32(sizes, i)) }
}

// chunk is a run of packets that lie one behind the other.
type chunk struct {
	at, size int64
	first    int // packet
	samples  int
	time     int64 // of the first packet's decoding, in the track's units
}

// chunks lists where the packets lie, in the order of their chunks. Every byte is inside
// the file, and every packet in one chunk.
func (t *Track) chunks(size int64) ([]chunk, error) {
	offsets, err := t.offsets()
	if err != nil {
		return nil, err
	}
	runs, err := t.table("stsc", 12)
	if err != nil {
		return nil, err
	}
	sizeAt, uniform := t.sizeOf(), t.uniform()
	list := make([]chunk, 0, len(offsets))
	run, sample, per := -1, 0, 0
	for i, at := range offsets {
		if next := run + 1; next < len(runs)/12 && int(u32(runs, 3*next)) == i+1 {
			run, per = next, int(u32(runs, 3*next+1))
		}
		if run < 0 || per <= 0 || per > t.Samples-sample {
			return nil, corrupt("chunk %d holds %d of %d packets", i, per, t.Samples-sample)
		}
		c := chunk{at: at, first: sample, samples: per, size: uniform * int64(per)}
		for s := sample; uniform == 0 && s < sample+per; s++ {
			c.size += sizeAt(s)
		}
		if at < 0 || c.size > size || at > size-c.size {
			return nil, corrupt("chunk %d of %d bytes at %d leaves the file", i, c.size, at)
		}
		sample += per
		list = append(list, c)
	}
	if sample != t.Samples {
		return nil, corrupt("%d of %d packets lie in chunks", sample, t.Samples)
	}
	return list, t.times(list)
}

// uniform is the size of every packet, or 0 if they differ.
func (t *Track) uniform() int64 {
	stsz, _ := find(t.stbl, "stsz")
	return int64(u32(stsz.body, 1))
}

func (t *Track) offsets() ([]int64, error) {
	var out []int64
	narrow, err := t.table("stco", 4)
	if err != nil {
		return nil, err
	}
	for i := range len(narrow) / 4 {
		out = append(out, int64(u32(narrow, i)))
	}
	broad, err := t.table("co64", 8)
	if err != nil {
		return nil, err
	}
	for i := range len(broad) / 8 {
		out = append(out, int64(binary.BigEndian.Uint64(broad[8*i:])))
	}
	if len(narrow) > 0 && len(broad) > 0 {
		return nil, corrupt("two lists of chunks")
	}
	return out, nil
}

// times fills in when each chunk begins.
func (t *Track) times(list []chunk) error {
	stts, err := t.table("stts", 8)
	if err != nil {
		return err
	}
	entry, left, now := -1, uint32(0), int64(0)
	for i := range list {
		list[i].time = now
		for need := uint32(list[i].samples); need > 0; {
			if left == 0 {
				if entry++; entry >= len(stts)/8 {
					return corrupt("%d packets without a time", need)
				}
				left = u32(stts, 2*entry)
				continue
			}
			n := min(need, left)
			now += int64(n) * int64(u32(stts, 2*entry+1))
			need, left = need-n, left-n
		}
	}
	return nil
}

// Check reads the tables of every track: each packet lies in the file, in one chunk, and
// has a time. Errors: file-corrupt, format-unsafe.
func (m *Movie) Check() error {
	total := int64(0)
	for i := range m.Tracks {
		t := &m.Tracks[i]
		list, err := t.chunks(m.size)
		if err != nil {
			return err
		}
		for _, c := range list {
			if total += c.size; total > m.size {
				return problem.New(problem.FormatUnsafe).Because(errors.New("mp4: packets that share bytes"))
			}
		}
		if t.Handler == "vide" {
			if _, _, err := t.Shown(); err != nil {
				return err
			}
		}
	}
	return nil
}

// mostFrames bounds what is expanded into memory: a day at 50 frames a second.
const mostFrames = 24 * 3600 * 50

// Shown lists when each frame of a video track that is shown appears, in the track's units
// counted from the beginning of what the edit list shows, rising. first is the composition
// time of the earliest of them. The tracks's edits must be [Track.Plain].
func (t *Track) Shown() (times []int64, first int64, err error) {
	if t.Samples > mostFrames {
		return nil, 0, problem.Over("video.frames", int64(t.Samples), mostFrames)
	}
	stts, err := t.table("stts", 8)
	if err != nil {
		return nil, 0, err
	}
	ctts, err := t.table("ctts", 8)
	if err != nil {
		return nil, 0, err
	}
	start, all := t.start()
	times = make([]int64, 0, t.Samples)
	decode := int64(0)
	shifts := runs{table: ctts}
	deltas := runs{table: stts}
	for range t.Samples {
		delta, ok := deltas.next()
		shift, shifted := shifts.next()
		if !ok || !shifted && len(ctts) > 0 {
			return nil, 0, corrupt("a packet without a time")
		}
		if at := decode + int64(int32(shift)); all || at >= start {
			times = append(times, at)
		}
		decode += int64(delta)
	}
	if len(times) == 0 {
		return nil, 0, corrupt("no frame is shown")
	}
	slices.Sort(times)
	first = times[0]
	for i := range times {
		times[i] -= start
	}
	return times, first, nil
}

// runs walks a table of (count, value).
type runs struct {
	table []byte
	entry int
	used  uint32
}

func (r *runs) next() (uint32, bool) {
	for r.entry < len(r.table)/8 && r.used == u32(r.table, 2*r.entry) {
		r.entry, r.used = r.entry+1, 0
	}
	if r.entry >= len(r.table)/8 {
		return 0, false
	}
	r.used++
	return u32(r.table, 2*r.entry+1), true
}

// start is the track's time at which its edit list begins to show it. Without a list all
// of it is shown, from time 0 on.
func (t *Track) start() (at int64, all bool) {
	for _, e := range t.Edits {
		if e.Start >= 0 {
			return e.Start, false
		}
	}
	return 0, true
}

// Plain says whether the edit list at most delays the track and skips its beginning: one
// pause, then one piece to the end.
func (t *Track) Plain() bool {
	edits := t.Edits
	if len(edits) > 0 && edits[0].Start == -1 {
		edits = edits[1:]
	}
	switch len(edits) {
	case 0:
		return len(t.Edits) == 0
	case 1:
		return edits[0].Start >= 0 && edits[0].Rate == 0x10000
	}
	return false
}
