package webpfile_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"compressor/internal/problem"
	"compressor/internal/webpfile"
)

// The heads of bitstreams, with a few bytes behind them: this package looks no further.

func vp8(width, height int) []byte {
	tag := uint32(1<<4 | 4<<5) // a key frame that is shown, first partition of 4 bytes
	out := []byte{byte(tag), byte(tag >> 8), byte(tag >> 16), 0x9d, 0x01, 0x2a}
	out = binary.LittleEndian.AppendUint16(out, uint16(width))
	out = binary.LittleEndian.AppendUint16(out, uint16(height))
	return append(out, 1, 2, 3, 4, 5)
}

func vp8l(width, height int, alpha bool) []byte {
	bits := uint32(width-1) | uint32(height-1)<<14
	if alpha {
		bits |= 1 << 28
	}
	return append(binary.LittleEndian.AppendUint32([]byte{0x2f}, bits), 9, 9)
}

func chunk(id string, data []byte) []byte {
	out := binary.LittleEndian.AppendUint32([]byte(id), uint32(len(data)))
	return append(append(out, data...), make([]byte, len(data)%2)...)
}

func riff(chunks ...[]byte) []byte {
	body := append([]byte("WEBP"), bytes.Join(chunks, nil)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func vp8x(flags byte, width, height int) []byte {
	w, h := width-1, height-1
	return chunk("VP8X", []byte{flags, 0, 0, 0, byte(w), byte(w >> 8), byte(w >> 16), byte(h), byte(h >> 8), byte(h >> 16)})
}

func anmf(x, y, width, height int, inside ...[]byte) []byte {
	var head []byte
	for _, v := range []int{x / 2, y / 2, width - 1, height - 1, 40} {
		head = append(head, byte(v), byte(v>>8), byte(v>>16))
	}
	return chunk("ANMF", append(append(head, 0), bytes.Join(inside, nil)...))
}

const animation, xmp, exif, alpha, icc = 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5

var (
	anim   = chunk("ANIM", make([]byte, 6))
	lossy  = chunk("VP8 ", vp8(20, 10))
	exact  = chunk("VP8L", vp8l(20, 10, false))
	limits = webpfile.Limits{Pixels: 1 << 20, Frames: 3}
)

func TestParse(t *testing.T) {
	for name, test := range map[string]struct {
		data []byte
		want webpfile.File // Image, ALPH and Unknown are looked at by length
	}{
		"lossy":    {riff(lossy), webpfile.File{Width: 20, Height: 10, Kind: webpfile.VP8, Frames: 1}},
		"lossless": {riff(exact), webpfile.File{Width: 20, Height: 10, Kind: webpfile.VP8L, Frames: 1}},
		"lossless, alpha": {riff(chunk("VP8L", vp8l(16384, 1, true))),
			webpfile.File{Width: 16384, Height: 1, Kind: webpfile.VP8L, Frames: 1, Alpha: true}},
		"scaled": {riff(chunk("VP8 ", vp8(20|1<<14, 10|3<<14))), webpfile.File{Width: 20, Height: 10, Kind: webpfile.VP8, Frames: 1}},
		"extended": {riff(vp8x(icc|exif|xmp|alpha, 20, 10), chunk("ICCP", []byte("i")), chunk("ALPH", []byte("al")), lossy,
			chunk("EXIF", []byte("exi")), chunk("XMP ", []byte("xmp!")), chunk("odd ", []byte("?"))),
			webpfile.File{Width: 20, Height: 10, Kind: webpfile.VP8, Frames: 1, Alpha: true, ALPH: []byte("al"),
				ICC: []byte("i"), EXIF: []byte("exi"), XMP: []byte("xmp!"), Unknown: make([]webpfile.Chunk, 1)}},
		"metadata first": {riff(vp8x(exif, 20, 10), chunk("EXIF", []byte("e")), exact),
			webpfile.File{Width: 20, Height: 10, Kind: webpfile.VP8L, Frames: 1, EXIF: []byte("e")}},
		"not announced": {riff(vp8x(0, 20, 10), chunk("ICCP", []byte("i")), chunk("ALPH", []byte("a")), lossy, chunk("EXIF", []byte("e"))),
			webpfile.File{Width: 20, Height: 10, Kind: webpfile.VP8, Frames: 1, Unknown: make([]webpfile.Chunk, 3)}},
		"twice": {riff(vp8x(exif, 20, 10), lossy, chunk("EXIF", []byte("e")), chunk("EXIF", []byte("f"))),
			webpfile.File{Width: 20, Height: 10, Kind: webpfile.VP8, Frames: 1, EXIF: []byte("e"), Unknown: make([]webpfile.Chunk, 1)}},
		"animated": {riff(vp8x(animation|alpha, 40, 30), anim, anmf(0, 0, 20, 10, exact), anmf(20, 20, 20, 10, chunk("ALPH", []byte("a")), lossy)),
			webpfile.File{Width: 40, Height: 30, Kind: webpfile.VP8L, Frames: 2, Animated: true, Alpha: true}},
		"behind it": {append(riff(lossy), "abc"...), webpfile.File{Width: 20, Height: 10, Kind: webpfile.VP8, Frames: 1, Trailing: 3}},
		"no padding": {func() []byte { // of an old writer
			data := riff(lossy)
			data = data[:len(data)-1]
			binary.LittleEndian.PutUint32(data[4:], uint32(len(data)-8))
			return data
		}(), webpfile.File{Width: 20, Height: 10, Kind: webpfile.VP8, Frames: 1}},
	} {
		f, err := webpfile.Parse(test.data, limits)
		if err != nil {
			t.Errorf("%s: %v (%v)", name, err, problem.From(err).Cause())
			continue
		}
		w := test.want
		same := f.Width == w.Width && f.Height == w.Height && f.Kind == w.Kind && f.Frames == w.Frames && f.Alpha == w.Alpha &&
			f.Animated == w.Animated && f.Trailing == w.Trailing && len(f.Unknown) == len(w.Unknown) && f.Animated == (f.Image == nil) &&
			bytes.Equal(f.ALPH, w.ALPH) && bytes.Equal(f.ICC, w.ICC) && bytes.Equal(f.EXIF, w.EXIF) && bytes.Equal(f.XMP, w.XMP)
		if !same {
			t.Errorf("%s: %+v, want %+v", name, *f, w)
		}
	}
}

// refusal is a file that is refused, and why.
type refusal struct {
	data []byte
	code problem.Code
	says string // of the limit, or the cause
}

func (r refusal) check(t *testing.T) {
	_, err := webpfile.Parse(r.data, limits)
	if !problem.Has(err, r.code) {
		t.Fatalf("%v, want %s", err, r.code)
	}
	said := err.Error()
	if cause := problem.From(err).Cause(); cause != nil {
		said += cause.Error()
	}
	if !strings.Contains(said, r.says) {
		t.Errorf("%s, want it to say %q", said, r.says)
	}
}

// TestParseRefuses: damaged files, and pictures of which nothing is known.
func TestParseRefuses(t *testing.T) {
	still := riff(lossy)
	changed := func(at int, to byte) []byte {
		out := bytes.Clone(still)
		out[at] = to
		return out
	}
	const frame = 20 // where the bitstream of still begins
	for name, test := range map[string]refusal{
		"nothing":              {nil, problem.FileEmpty, ""},
		"half a header":        {[]byte("RIFF\x04\x00"), problem.FileCorrupt, "no RIFF"},
		"a sound":              {[]byte("RIFF\x04\x00\x00\x00WAVE"), problem.FileCorrupt, "no RIFF"},
		"no chunks":            {riff(), problem.FileCorrupt, "where a chunk"},
		"cut":                  {still[:len(still)-2], problem.FileCorrupt, "says"},
		"a huge size":          {changed(7, 0xff), problem.FileCorrupt, "says"},
		"a tiny size":          {changed(4, 3), problem.FileCorrupt, "says"},
		"a chunk too long":     {changed(16, 200), problem.FileCorrupt, "of 200 bytes"},
		"half a chunk":         {riff(lossy, []byte("EXI")), problem.FileCorrupt, "3 bytes where"},
		"begins with EXIF":     {riff(chunk("EXIF", nil), lossy), problem.FileCorrupt, "begins"},
		"an interframe":        {changed(frame, still[frame]|1), problem.FileCorrupt, "frame tag"},
		"a hidden frame":       {changed(frame, still[frame]&^(1<<4)), problem.FileCorrupt, "frame tag"},
		"an unknown profile":   {changed(frame, still[frame]|7<<1), problem.FileCorrupt, "frame tag"},
		"no start code":        {changed(frame+4, 9), problem.FileCorrupt, "start code"},
		"a long partition":     {changed(frame+1, 9), problem.FileCorrupt, "partition"},
		"no width":             {riff(chunk("VP8 ", vp8(0, 5))), problem.FileCorrupt, "0×5"},
		"VP8 of nothing":       {riff(chunk("VP8 ", nil)), problem.FileCorrupt, "0 bytes"},
		"VP8L of nothing":      {riff(chunk("VP8L", []byte{0x2f})), problem.FileCorrupt, "signature"},
		"VP8L of another kind": {riff(chunk("VP8L", append([]byte{0x2e}, vp8l(2, 2, false)[1:]...))), problem.FileCorrupt, "signature"},
		"VP8L of the future":   {riff(chunk("VP8L", []byte{0x2f, 0, 0, 0, 0x20})), problem.FileCorrupt, "version 1"},
	} {
		t.Run(name, test.check)
	}
}

// TestParseRefusesChunks: chunks that are not where they belong, or are too many or too large.
func TestParseRefusesChunks(t *testing.T) {
	for name, test := range map[string]refusal{
		"two pictures":          {riff(lossy, lossy), problem.FileCorrupt, "second"},
		"a late VP8X":           {riff(lossy, vp8x(0, 20, 10)), problem.FileCorrupt, "twice"},
		"a short VP8X":          {riff(chunk("VP8X", make([]byte, 9)), lossy), problem.FileCorrupt, "9 bytes"},
		"another canvas":        {riff(vp8x(0, 21, 10), lossy), problem.FileCorrupt, "canvas"},
		"no picture":            {riff(vp8x(0, 20, 10)), problem.FileCorrupt, "no picture"},
		"a late profile":        {riff(vp8x(icc, 20, 10), lossy, chunk("ICCP", []byte("i"))), problem.FileCorrupt, "ICCP"},
		"ALPH in a simple file": {riff(lossy, chunk("ALPH", []byte("a"))), problem.FileCorrupt, "ALPH"},
		"two ALPH":              {riff(vp8x(alpha, 20, 10), chunk("ALPH", []byte("a")), chunk("ALPH", []byte("a")), lossy), problem.FileCorrupt, "ALPH"},
		"ALPH of a lossless":    {riff(vp8x(alpha, 20, 10), chunk("ALPH", []byte("a")), exact), problem.FileCorrupt, "ALPH"},
		"frames of a still":     {riff(vp8x(0, 20, 10), anmf(0, 0, 20, 10, lossy)), problem.FileCorrupt, "ANMF"},
		"frames before ANIM":    {riff(vp8x(animation, 20, 10), anmf(0, 0, 20, 10, lossy), anim), problem.FileCorrupt, "ANMF"},
		"two ANIM":              {riff(vp8x(animation, 20, 10), anim, anim), problem.FileCorrupt, "ANIM"},
		"a still in animation":  {riff(vp8x(animation, 20, 10), anim, lossy), problem.FileCorrupt, "beside"},
		"no frames":             {riff(vp8x(animation, 20, 10), anim), problem.FileCorrupt, "no picture"},
		"a frame outside":       {riff(vp8x(animation, 20, 10), anim, anmf(2, 0, 20, 10, lossy)), problem.FileCorrupt, "canvas"},
		"a frame that differs":  {riff(vp8x(animation, 40, 30), anim, anmf(0, 0, 20, 11, lossy)), problem.FileCorrupt, "picture of"},
		"an empty frame":        {riff(vp8x(animation, 40, 30), anim, anmf(0, 0, 20, 10)), problem.FileCorrupt, "without"},
		"a frame of two":        {riff(vp8x(animation, 40, 30), anim, anmf(0, 0, 20, 10, lossy, lossy)), problem.FileCorrupt, "two"},
		"a broken frame":        {riff(vp8x(animation, 40, 30), anim, anmf(0, 0, 20, 10, []byte("VP8 \xff\xff\xff\xff"))), problem.FileCorrupt, "4294967295"},
		"many frames": {riff(vp8x(animation, 20, 10), anim, bytes.Repeat(anmf(0, 0, 20, 10, lossy), 4)),
			problem.LimitExceeded, "image.frames"},
		"many pixels":   {riff(chunk("VP8L", vp8l(1025, 1024, false))), problem.LimitExceeded, "image.pixels"},
		"a huge canvas": {riff(vp8x(0, 1<<24, 1<<24), lossy), problem.LimitExceeded, "image.pixels"},
		"many chunks":   {riff(lossy, bytes.Repeat(chunk("junk", nil), 1001)), problem.LimitExceeded, "image.chunks"},
	} {
		t.Run(name, test.check)
	}
}

// TestAssemble: what is written reads back, in the shortest form and the order of RFC 9649.
func TestAssemble(t *testing.T) {
	odd := []webpfile.Chunk{{ID: "odd ", Data: []byte("?")}}
	for name, test := range map[string]struct {
		in    webpfile.File
		order string
	}{
		"simple lossy":    {webpfile.File{Kind: webpfile.VP8, Image: vp8(20, 10)}, "VP8 "},
		"simple lossless": {webpfile.File{Kind: webpfile.VP8L, Image: vp8l(20, 10, true)}, "VP8L"},
		"simple, more":    {webpfile.File{Kind: webpfile.VP8, Image: vp8(20, 10), Unknown: odd}, "VP8 odd "},
		"transparent":     {webpfile.File{Kind: webpfile.VP8, Image: vp8(20, 10), ALPH: []byte("a")}, "VP8XALPHVP8 "},
		"all": {webpfile.File{Kind: webpfile.VP8, Image: vp8(16383, 3), ALPH: []byte("a"), ICC: []byte("i"), EXIF: []byte("ex"),
			XMP: []byte("xmp"), Unknown: odd}, "VP8XICCPALPHVP8 EXIFXMP odd "},
	} {
		data, err := webpfile.Assemble(&test.in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := order(data); got != test.order {
			t.Errorf("%s: chunks %q, want %q", name, got, test.order)
		}
		f, err := webpfile.Parse(data, webpfile.Limits{})
		if err != nil {
			t.Errorf("%s: does not read back: %v", name, problem.From(err).Cause())
			continue
		}
		in := test.in
		if f.Kind != in.Kind || !bytes.Equal(f.Image, in.Image) || !bytes.Equal(f.ALPH, in.ALPH) || !bytes.Equal(f.ICC, in.ICC) ||
			!bytes.Equal(f.EXIF, in.EXIF) || !bytes.Equal(f.XMP, in.XMP) || len(f.Unknown) != len(in.Unknown) {
			t.Errorf("%s: reads back as %+v", name, *f)
		}
	}
	if _, err := webpfile.Assemble(&webpfile.File{Animated: true}); err == nil {
		t.Error("an animation was written")
	}
	if _, err := webpfile.Assemble(&webpfile.File{Kind: webpfile.VP8L, Image: vp8(2, 2)}); err == nil {
		t.Error("a bitstream of another kind was written")
	}
}

// order lists the FourCCs of a file.
func order(data []byte) string {
	var ids string
	for at := 12; at+8 <= len(data); {
		ids += string(data[at : at+4])
		size := int(binary.LittleEndian.Uint32(data[at+4:]))
		at += 8 + size + size%2
	}
	return ids
}

// FuzzParse: no panic, nothing over the limits, and what was read can be written and read
// again.
func FuzzParse(f *testing.F) {
	for _, seed := range [][]byte{
		riff(lossy), riff(exact, chunk("odd ", []byte("?"))),
		riff(vp8x(icc|exif|xmp|alpha, 20, 10), chunk("ICCP", []byte("i")), chunk("ALPH", []byte("al")), lossy, chunk("EXIF", []byte("e")), chunk("XMP ", []byte("x"))),
		riff(vp8x(animation, 40, 30), anim, anmf(0, 0, 20, 10, exact), anmf(20, 20, 20, 10, chunk("ALPH", []byte("a")), lossy)),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := webpfile.Parse(data, limits)
		if err != nil {
			for _, code := range []problem.Code{problem.FileCorrupt, problem.FileEmpty, problem.LimitExceeded} {
				if problem.Has(err, code) {
					return
				}
			}
			t.Fatal(err)
		}
		if file.Width < 1 || file.Height < 1 || int64(file.Width)*int64(file.Height) > limits.Pixels || file.Frames < 1 || file.Frames > limits.Frames {
			t.Fatalf("%+v", *file)
		}
		if file.Animated {
			return
		}
		out, err := webpfile.Assemble(file)
		if err != nil {
			t.Fatal(err)
		}
		again, err := webpfile.Parse(out, limits)
		if err != nil {
			t.Fatal(problem.From(err).Cause())
		}
		if again.Width != file.Width || again.Height != file.Height || !bytes.Equal(again.Image, file.Image) || !bytes.Equal(again.EXIF, file.EXIF) {
			t.Fatalf("%+v became %+v", *file, *again)
		}
	})
}
