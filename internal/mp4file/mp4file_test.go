package mp4file

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"compressor/internal/problem"
)

// clip is a sample of a second: testdata/LICENSES.md.
func clip(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "testdata", "video", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func read(t testing.TB, data []byte) *Movie {
	t.Helper()
	m, err := Read(bytes.NewReader(data), int64(len(data)), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRead(t *testing.T) {
	for name, want := range map[string]struct {
		quickTime bool
		rotation  int
		carries   string
		tracks    int
	}{
		"clip.mp4":   {false, 0, "creation-date location tags", 2},
		"turned.mp4": {false, 270, "", 2}, // ffmpeg counts the other way round
		"clip.mov":   {true, 0, "location tags", 3},
	} {
		m := read(t, clip(t, name))
		v := m.Video()
		slices.Sort(m.Carries)
		switch {
		case v == nil || v.Codec != "avc1" || v.Width != 64 || v.Height != 48 || v.Samples != 12 || v.Rotation != want.rotation:
			t.Errorf("%s: video %+v", name, v)
		case m.QuickTime() != want.quickTime || len(m.Tracks) != want.tracks || m.FastStart || m.Fragmented || len(m.Unknown) > 0:
			t.Errorf("%s: %+v", name, m)
		case !strings.HasPrefix(strings.Join(m.Carries, " "), want.carries):
			t.Errorf("%s: carries %q, want %q", name, m.Carries, want.carries)
		case v.Video.Bits != 8 || v.Video.Chroma != 1 || v.Video.Interlaced || len(v.Video.Extra) > 0 || !v.Plain():
			t.Errorf("%s: %+v, edits %v", name, v.Video, v.Edits)
		case m.Seconds < 1 || m.Seconds > 1.2:
			t.Errorf("%s: %g seconds", name, m.Seconds)
		}
		times, _, err := v.Shown()
		if err != nil || len(times) != 12 {
			t.Fatalf("%s: %v, %v", name, times, err)
		}
		for i, at := range times { // 12 frames a second
			if at != int64(i)*int64(v.Timescale)/12 {
				t.Errorf("%s: frame %d is shown at %d of %d", name, i, at, v.Timescale)
			}
		}
		if err := m.Check(); err != nil {
			t.Error(name, err)
		}
	}
}

// TestWrite: what is written anew has the same packets and nothing else that was dropped,
// whichever way it is laid out, and writing it again changes nothing.
func TestWrite(t *testing.T) {
	for _, name := range []string{"clip.mp4", "clip.mov", "turned.mp4"} {
		data := clip(t, name)
		m := read(t, data)
		for _, o := range []Output{{}, {FastStart: true}, {FastStart: true, Mark: "Compressor 60"}, {Keep: Keep{All: true}}, {Keep: Keep{Location: true, Creation: true}}} {
			out := rewritten(t, m, o)
			got := read(t, out)
			if got.FastStart != o.FastStart || got.Mark != o.Mark {
				t.Errorf("%s, %+v: fast start %t, mark %q", name, o, got.FastStart, got.Mark)
			}
			before, err := m.Digest(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			after, err := got.Digest(t.Context(), nil)
			if err != nil || !slices.Equal(before, after) {
				t.Errorf("%s, %+v: other packets (%v)", name, o, err)
			}
			if again := rewritten(t, got, o); !bytes.Equal(out, again) {
				t.Errorf("%s, %+v: written again, %d bytes became %d", name, o, len(out), len(again))
			}
			for word, stays := range map[string]bool{
				"A holiday": o.Keep.All, "Seen on the way": o.Keep.All, "+52.5163": o.Keep.Location || o.Keep.All, "tmcd": o.Keep.All,
			} {
				if bytes.Contains(data, []byte(word)) && bytes.Contains(out, []byte(word)) != stays {
					t.Errorf("%s, %+v: %q is there: %t", name, o, word, !stays)
				}
			}
			if lost := got.Lost(o.Keep); len(lost) > 0 {
				t.Errorf("%s, %+v: a second time %q would be lost", name, o, lost)
			}
		}
	}
}

func rewritten(t testing.TB, m *Movie, o Output) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := m.Write(t.Context(), &out, o); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestDigest: a changed byte of a packet, and a changed time, are seen.
func TestDigest(t *testing.T) {
	data := clip(t, "clip.mp4")
	m := read(t, data)
	want, err := m.Digest(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	list, err := m.Video().chunks(m.size)
	if err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]int{
		"a byte of a packet": int(list[len(list)-1].at), "a time": bytes.Index(data, []byte("stts")) + 19,
	} {
		changed := bytes.Clone(data)
		changed[at] ^= 1
		got, err := read(t, changed).Digest(t.Context(), nil)
		if err != nil || slices.Equal(got, want) {
			t.Errorf("%s changed, and the digest is the same (%v)", name, err)
		}
	}
}

// patched gives a copy of data with a 32-bit number at so many bytes behind the first box
// of a kind.
func patched(data []byte, kind string, at int, v uint32) []byte {
	out := bytes.Clone(data)
	binary.BigEndian.PutUint32(out[bytes.Index(out, []byte(kind))+at:], v)
	return out
}

// film wraps boxes into the smallest file that has a description.
func film(parts ...[]byte) []byte {
	return slices.Concat(wrap("ftyp", []byte("isom\x00\x00\x00\x00")), wrap("moov", parts...))
}

func mvhd(timescale, duration uint32) []byte {
	body := make([]byte, 100)
	put32(body, 12, timescale)
	put32(body, 16, duration)
	return wrap("mvhd", body)
}

// TestHostile: files that lie are refused, or taken for what they are, before anything of
// the size they claim is allocated.
func TestHostile(t *testing.T) {
	data := clip(t, "clip.mp4")
	nested := wrap("moov")
	for range 1000 {
		nested = wrap("moov", nested)
	}
	for name, test := range map[string]struct {
		data []byte
		want problem.Code
	}{
		"empty":                       {nil, problem.FileCorrupt},
		"a header alone":              {wrap("ftyp", []byte("isom\x00\x00\x00\x00")), problem.FileCorrupt},
		"no track":                    {film(mvhd(1000, 1000)), problem.FileCorrupt},
		"a box beyond the end":        {append(film(), 0xff, 0xff, 0xff, 0xff, 'm', 'd', 'a', 't'), problem.FileCorrupt},
		"a box smaller than itself":   {[]byte{0, 0, 0, 7, 'm', 'o', 'o', 'v'}, problem.FileCorrupt},
		"a wide box beyond the end":   {[]byte{0, 0, 0, 1, 'm', 'o', 'o', 'v', 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, problem.FileCorrupt},
		"10⁵ boxes":                   {bytes.Repeat(wrap("free"), 100_000), problem.FileCorrupt},
		"10⁵ tracks":                  {film(mvhd(1000, 1000), bytes.Repeat(wrap("trak"), 100_000)), problem.FileCorrupt},
		"many real tracks":            {manyTracks(t, data), problem.LimitExceeded},
		"two descriptions":            {append(bytes.Clone(data), wrap("moov", mvhd(1, 1))...), problem.FileCorrupt},
		"no units a second":           {patched(data, "mvhd", 16, 0), problem.FileCorrupt},
		"nested":                      {nested, problem.FileCorrupt},
		"more sizes than bytes":       {patched(data, "stsz", 12, 1<<30), problem.FileCorrupt},
		"2³¹ packets of equal size":   {patched(patched(data, "stsz", 12, 1<<31), "stsz", 8, 1), problem.FileCorrupt},
		"more chunks than bytes":      {patched(data, "stco", 8, 1<<30), problem.FileCorrupt},
		"a chunk beyond the end":      {patched(data, "stco", 12, 1<<31), problem.FileCorrupt},
		"more packets in a chunk":     {patched(data, "stsc", 16, 1<<31), problem.FileCorrupt},
		"no packets in a chunk":       {patched(data, "stsc", 16, 0), problem.FileCorrupt},
		"more times than bytes":       {patched(data, "stts", 8, 1<<30), problem.FileCorrupt},
		"fewer times than packets":    {patched(data, "stts", 12, 1), problem.FileCorrupt},
		"more edits than bytes":       {patched(data, "elst", 8, 1<<30), problem.FileCorrupt},
		"more descriptions":           {patched(data, "stsd", 12, 1<<30), problem.FileCorrupt},
		"compact sizes":               {bytes.Replace(data, []byte("stsz"), []byte("stz2"), 1), problem.FormatUnsupported},
		"packets that share bytes":    {shared(t, data), problem.FormatUnsafe},
		"longer than its header says": {patched(data, "stts", 16, 1<<31), problem.LimitExceeded},
		"too many edits":              {film(mvhd(1000, 1000), remade(t, data, "edts", wrap("edts", wrap("elst", []byte{0, 0, 0, 0, 0, 1, 0, 1}, make([]byte, 12*(maxEdits+1)))))), problem.LimitExceeded},
		"too many chunks":             {film(mvhd(1000, 1000), remade(t, data, "stco", wrap("stco", make([]byte, 4*maxChunks+8)))), problem.LimitExceeded},
		"endless brands":              {wrap("ftyp", make([]byte, maxBrands+4)), problem.LimitExceeded},
		"a film of ten million hours": {patched(data, "mvhd", 20, 1<<31), problem.LimitExceeded},
	} {
		m, err := Read(bytes.NewReader(test.data), int64(len(test.data)), Limits{Seconds: 3600, Pixels: 1 << 20})
		if err == nil {
			err = m.Check()
		}
		if !problem.Has(err, test.want) {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
}

// manyTracks repeats the video track.
func manyTracks(t *testing.T, data []byte) []byte {
	t.Helper()
	m := read(t, data)
	return film(mvhd(1000, 1000), bytes.Repeat(m.Tracks[0].raw, maxTracks+1))
}

// remade gives the video track with other bytes for its box of a kind.
func remade(t *testing.T, data []byte, kind string, with []byte) []byte {
	t.Helper()
	var rebuild func(b box) []byte
	rebuild = func(b box) []byte {
		switch b.kind {
		case kind:
			return with
		case "trak", "mdia", "minf", "stbl":
			list, err := boxes(b.body)
			if err != nil {
				t.Fatal(err)
			}
			var out []byte
			for _, child := range list {
				out = append(out, rebuild(child)...)
			}
			return wrap(b.kind, out)
		}
		return b.raw
	}
	m := read(t, data)
	return rebuild(box{kind: "trak", raw: m.Tracks[0].raw, body: m.Tracks[0].raw[8:]})
}

// TestSizes: the size in the parameter sets must be the container's, and a header that is
// written anew has the size where players look for it.
func TestSizes(t *testing.T) {
	data := clip(t, "clip.mp4")
	if v := read(t, data).Video(); v.Video.width != 64 || v.Video.height != 48 {
		t.Errorf("%d×%d in the parameter sets", v.Video.width, v.Video.height)
	}
	if v := read(t, patched(data, "stsd", 44, 32<<16|48)).Video(); !slices.Contains(v.Video.Extra, "another size") {
		t.Errorf("32×48 where the parameter sets say otherwise: %+v", v.Video)
	}
	for name, test := range map[string]struct {
		header []byte
		at     int
	}{
		"short":       {wrap("tkhd", make([]byte, 84)), 8 + 76},
		"wide":        {wrap("tkhd", []byte{1}, make([]byte, 95)), 8 + 88},
		"bytes after": {wrap("tkhd", make([]byte, 100)), 8 + 76},
	} {
		out := sized(test.header, 320, 200, 90)
		if w, h := binary.BigEndian.Uint16(out[test.at:]), binary.BigEndian.Uint16(out[test.at+4:]); w != 200 || h != 320 || len(out) != len(test.header) {
			t.Errorf("%s: %d×%d", name, w, h)
		}
	}
}

// shared lets a hundred packets of equal size lie in the same place.
func shared(t *testing.T, data []byte) []byte {
	t.Helper()
	n := uint32(len(data) / 2)
	table := func(words ...uint32) []byte {
		var body []byte
		for _, w := range words {
			body = binary.BigEndian.AppendUint32(body, w)
		}
		return body
	}
	m := read(t, data)
	v := m.Video()
	stsd, _ := find(v.stbl, "stsd")
	offsets := table(0, 100)
	for range 100 {
		offsets = append(offsets, table(40)...)
	}
	stbl := wrap("stbl", stsd.raw, wrap("stsz", table(0, n, 100)), wrap("stsc", table(0, 1, 1, 1, 1)),
		wrap("stts", table(0, 1, 100, 1)), wrap("stco", offsets))
	mdia, _ := find(v.trak, "mdia")
	media, _ := boxes(mdia.body)
	mdhd, _ := find(media, "mdhd")
	hdlr, _ := find(media, "hdlr")
	tkhd, _ := find(v.trak, "tkhd")
	trak := wrap("trak", tkhd.raw, wrap("mdia", mdhd.raw, hdlr.raw, wrap("minf", stbl)))
	return append(film(mvhd(1000, 1000), trak), wrap("mdat", make([]byte, n))...)
}

// TestSampled: rising, spread over the whole, no frame twice.
func TestSampled(t *testing.T) {
	for _, n := range []int{1, 2, 23, 24, 25, 1000, 1_000_000} {
		got := Sampled(n)
		if len(got) != min(n, mostSampled) || got[0] < 0 || got[len(got)-1] >= n {
			t.Errorf("of %d: %v", n, got)
		}
		for i := range got[1:] {
			if got[i+1] <= got[i] {
				t.Errorf("of %d: %v", n, got)
			}
		}
	}
}

// FuzzRead: any bytes are a film or a problem with the file, and what is taken for whole
// can be written anew with the same packets.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"clip.mp4", "clip.mov", "turned.mp4"} {
		f.Add(clip(f, name))
	}
	f.Add(film(mvhd(1000, 1000)))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Read(bytes.NewReader(data), int64(len(data)), Limits{Seconds: 1e6, Pixels: 1 << 26})
		if err == nil {
			m.Lost(Keep{})
			err = m.Check()
		}
		if err != nil {
			if code := problem.From(err).Code; code == problem.Internal {
				t.Fatal(err)
			}
			return
		}
		want, err := m.Digest(t.Context(), nil)
		if err != nil {
			return // a packet of a track that is dropped
		}
		var out bytes.Buffer
		if err := m.Write(t.Context(), &out, Output{FastStart: true}); err != nil {
			return
		}
		got, err := Read(bytes.NewReader(out.Bytes()), int64(out.Len()), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if have, err := got.Digest(t.Context(), nil); err != nil || !slices.Equal(have, want) {
			t.Fatalf("written anew, other packets: %v", err)
		}
	})
}
