package avifparts

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"compressor/internal/problem"
)

// bitWriter writes bits, the highest first.
type bitWriter struct {
	out []byte
	n   int
}

func (b *bitWriter) put(v, bits int) {
	for i := bits - 1; i >= 0; i-- {
		if b.n%8 == 0 {
			b.out = append(b.out, 0)
		}
		b.out[b.n/8] |= byte(v>>i&1) << (7 - b.n%8)
		b.n++
	}
}

// unit is an open bitstream unit with its size.
func unit(kind byte, body []byte) []byte {
	return append([]byte{kind<<3 | 2, byte(len(body))}, body...)
}

// oneFrame is a bitstream of a single frame that is nothing but its headers.
func oneFrame(width, height int) []byte {
	var b bitWriter
	b.put(0, 3) // profile
	b.put(3, 2) // a still picture, in short
	b.put(0, 5)
	b.put(15, 4)
	b.put(15, 4)
	b.put(width-1, 16)
	b.put(height-1, 16)
	b.put(0, 3+3)
	b.put(0, 1+1+1) // 8 bits, colour, not described
	b.put(1, 1)     // full range
	b.put(0, 2+1+1)
	return append(unit(obuSequenceHeader, b.out), unit(obuFrame, []byte{0x10, 0})...)
}

func coded(width, height int) *Picture {
	return &Picture{Width: width, Height: height, Depth: 8, Subsampled: true,
		Config: []byte{0x81, 0, 0x0c, 0}, Data: oneFrame(width, height)}
}

func written(t testing.TB, c Contents) []byte {
	t.Helper()
	out, err := Write(c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// with gives a copy in which what is replaced, where it stands first, by as many bytes.
func with(t testing.TB, data []byte, what, by string) []byte {
	t.Helper()
	if len(what) != len(by) || !bytes.Contains(data, []byte(what)) {
		t.Fatalf("%q by %q", what, by)
	}
	return bytes.Replace(data, []byte(what), []byte(by), 1)
}

func u32(v uint32) string { return string(binary.BigEndian.AppendUint32(nil, v)) }

func TestBitstream(t *testing.T) {
	s, err := readStream(oneFrame(40, 30))
	want := stream{width: 40, height: 30, depth: 8, halfX: true, halfY: true, points: 1, frames: 1,
		cicp: CICP{Primaries: 2, Transfer: 2, Matrix: 2, Full: true}}
	if err != nil || s != want {
		t.Errorf("%+v, %v, want %+v", s, err, want)
	}
	f := mustParse(t, written(t, Contents{Color: coded(40, 30)}))
	if f.Other != "" || f.Color.Width != 40 || !f.Color.Subsampled {
		t.Errorf("%+v %+v", f, f.Color)
	}
}

// TestBombs: sides are looked at in all places that a decoder takes them from.
func TestBombs(t *testing.T) {
	limits := Limits{Pixels: 1 << 20}
	honest := written(t, Contents{Color: coded(40, 30)})
	big := coded(40, 30)
	big.Data = oneFrame(65536, 65536)
	side := u32(40) + u32(30)
	grid := func(rows, columns, width, height, tiles int) []byte {
		g := &Picture{Width: width, Height: height, Depth: 8}
		g.Data = []byte{0, 0, byte(rows - 1), byte(columns - 1), byte(width >> 8), byte(width), byte(height >> 8), byte(height)}
		for range tiles {
			g.Tiles = append(g.Tiles, coded(64, 64))
		}
		return written(t, Contents{Color: g})
	}
	for name, test := range map[string]struct {
		data []byte
		code problem.Code
	}{
		"2³¹−1 a side":           {with(t, honest, side, u32(1<<31-1)+u32(1<<31-1)), problem.LimitExceeded},
		"over 65536":             {with(t, honest, side, u32(65537)+u32(1)), problem.LimitExceeded},
		"no width":               {with(t, honest, side, u32(0)+u32(30)), problem.FileCorrupt},
		"small box, big stream":  {written(t, Contents{Color: big}), problem.LimitExceeded},
		"64×64 grid of one tile": {grid(64, 64, 1024, 1024, 1), problem.FileCorrupt},
		"grid too large":         {grid(64, 64, 4096, 4096, 64), problem.LimitExceeded},
		"grid with a gap":        {grid(1, 2, 129, 64, 2), problem.FileCorrupt},
		"grid with a tile extra": {grid(1, 2, 64, 64, 2), problem.FileCorrupt},
	} {
		if _, err := Parse(test.data, limits); !problem.Has(err, test.code) {
			t.Errorf("%s: %v, want %s", name, err, test.code)
		}
	}
	if f, err := Parse(grid(1, 2, 128, 64, 2), limits); err != nil || f.Other != "" {
		t.Errorf("a sound grid: %v", err)
	}
	wrong := coded(40, 30)
	wrong.Data = oneFrame(41, 30)
	if f := mustParse(t, written(t, Contents{Color: wrong})); !strings.HasPrefix(f.Other, "sides") {
		t.Errorf("sides that differ: other %q", f.Other)
	}
}

// TestDamage: each lie about a place or a number is a damaged file.
func TestDamage(t *testing.T) {
	honest := written(t, Contents{Color: coded(40, 30), EXIF: []byte("MM\x00*\x00\x00\x00\x08\x00\x00")})
	size := len(coded(40, 30).Data)
	start := bytes.Index(honest, coded(40, 30).Data)
	place := u32(uint32(start)) + u32(uint32(size))
	for name, data := range map[string][]byte{
		"empty":            {},
		"no meta":          honest[:28],
		"beyond the end":   with(t, honest, place, u32(uint32(len(honest)))+u32(1)),
		"too long":         with(t, honest, place, u32(uint32(start))+u32(1<<30)),
		"overlapping":      with(t, honest, place, u32(0)+u32(uint32(len(honest)))),
		"short bitstream":  with(t, honest, place, u32(uint32(start))+u32(uint32(size-1))),
		"no configuration": with(t, honest, "av1C\x81", "av1C\x01"),
		"another handler":  with(t, honest, "pict", "vide"),
		"primary item":     with(t, honest, "pitm\x00\x00\x00\x00\x00\x01", "pitm\x00\x00\x00\x00\x00\x07"),
		"property 99":      with(t, honest, "\x01\x04\x02\x03\x01\x84", "\x01\x04\x02\x63\x01\x84"),
		"two items of one": with(t, honest, "infe\x02\x00\x00\x00\x00\x02", "infe\x02\x00\x00\x00\x00\x01"),
		"box of 4 GB":      with(t, honest, "\x00\x00\x00\x14ispe", "\xff\xff\xff\xffispe"),
		"box of no size":   with(t, honest, "\x00\x00\x00\x14ispe", "\x00\x00\x00\x00ispe"),
		"EXIF offset":      with(t, honest, "\x00\x00\x00\x00MM\x00*", "\x00\x00\x00\xffMM\x00*"),
		"odd brands":       append([]byte(u32(13)+"ftypavif\x00"), honest...),
		"two meta boxes":   append(bytes.Clone(honest), honest[28:start-8]...),
	} {
		if _, err := Parse(data, Limits{}); !problem.Has(err, problem.FileCorrupt) {
			t.Errorf("%s: %v, want file-corrupt", name, err)
		}
	}
}

// TestNotHandled: what goes beyond a still picture is named.
func TestNotHandled(t *testing.T) {
	honest := written(t, Contents{Color: coded(40, 30), EXIF: []byte("MM\x00*"), Transforms: []Transform{{Value: 1}}})
	twice := coded(40, 30)
	twice.Data = append(oneFrame(40, 30), unit(obuFrame, []byte{0x10, 0})...)
	for want, data := range map[string][]byte{
		"HDR gain map":                   with(t, honest, "miaf", "tmap"),
		"protected contents":             with(t, honest, "infe\x02\x00\x00\x00\x00\x02\x00\x00", "infe\x02\x00\x00\x00\x00\x02\x00\x01"),
		`an item of the kind "uri "`:     with(t, honest, "Exif", "uri "),
		`a property of the kind "udes"`:  with(t, honest, "irot", "udes"),
		`a reference of the kind "tbas"`: with(t, honest, "cdsc", "tbas"),
		`a box of the kind "blob"`:       append(bytes.Clone(honest), "\x00\x00\x00\x08blob"...),
		"layers":                         written(t, Contents{Color: twice}),
		"contents outside the file":      with(t, honest, "\x00\x01\x00\x00\x00\x01", "\x00\x01\x00\x01\x00\x01"),
	} {
		if f := mustParse(t, data); f.Other != want {
			t.Errorf("other %q, want %q", f.Other, want)
		}
	}
}

// TestCut: no beginning of a file is taken for the whole.
func TestCut(t *testing.T) {
	for _, name := range samples(t) {
		data := sample(t, name)
		for n := range data {
			if _, err := Parse(data[:n], Limits{}); !isOf(err, problem.FileCorrupt) {
				t.Fatalf("%s cut at %d of %d: %v", name, n, len(data), err)
			}
		}
	}
}

// FuzzParse: any bytes give a file or a problem of the file; what can be handled is
// written and read again as the same.
func FuzzParse(f *testing.F) {
	for _, name := range samples(f) {
		f.Add(sample(f, name))
	}
	f.Add(written(f, Contents{Color: coded(40, 30), EXIF: []byte("MM\x00*")}))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse(data, Limits{Pixels: 1 << 20})
		if err != nil {
			if !isOf(err, problem.FileCorrupt, problem.LimitExceeded) {
				t.Fatal(err)
			}
			return
		}
		if file.Other != "" {
			return
		}
		if w, h := file.Shown(); w < 1 || h < 1 || w*h > 1<<20 {
			t.Fatalf("%d×%d", w, h)
		}
		mark := "Compressor 60"
		out := rewritten(t, file, mark)
		if !bytes.Equal(rewritten(t, mustParse(t, out), mark), out) {
			t.Fatal("a second pass changes the file")
		}
	})
}
