package jpegdct

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"runtime"
	"testing"

	"compressor/internal/problem"
)

// outcome checks that an error is one of those that Parse promises.
func outcome(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, ErrNotHandled) &&
		!problem.Has(err, problem.FileCorrupt) && !problem.Has(err, problem.LimitExceeded) {
		t.Fatalf("%s: unexpected kind of error %v", what, err)
	}
}

func TestTruncationsAreCorrupt(t *testing.T) {
	for _, name := range []string{"tomato-product.jpg", "progressive-cat.jpg"} {
		data := sample(t, name)
		whole := mustParse(t, data)
		data = data[:len(data)-whole.Trailing]
		cuts := []int{0, 1, 2, 3, len(data) - 1, len(data) - 2, len(data) - 3}
		for i := range 16 {
			cuts = append(cuts, len(data)*i/16)
		}
		for _, n := range cuts {
			if _, err := Parse(data[:n], Limits{}); !problem.Has(err, problem.FileCorrupt) {
				t.Errorf("%s cut to %d of %d bytes: %v", name, n, len(data), err)
			}
			// The same with an end marker, as some tools repair files.
			ended := append(append([]byte(nil), data[:n]...), 0xFF, markerEOI)
			if _, err := Parse(ended, Limits{}); n < len(data)-2 && err == nil {
				t.Errorf("%s cut to %d bytes and ended: accepted", name, n)
			}
		}
	}
}

func TestBitFlips(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	sources := [][]byte{
		sample(t, "progressive-cat.jpg"),
		goEncoded(t, 70, 50, 85, false),
		plainEncode(randomFile(3, 60, 40, samplings()["YCCK"]), 2, true),
		mustWrite(t, randomFile(3, 60, 40, samplings()["4:2:0"]), Options{Progressive: true}),
	}
	refused := 0
	const tries = 100
	for _, data := range sources {
		for range tries {
			broken := append([]byte(nil), data...)
			broken[r.IntN(len(broken))] ^= 1 << r.IntN(8)
			f, err := Parse(broken, Limits{Pixels: 1 << 22})
			outcome(t, "bit flip", err)
			if err != nil {
				refused++
				continue
			}
			out := mustWrite(t, f, Options{})
			sameCoefficients(t, "bit flip", mustParse(t, out), f)
		}
	}
	if refused == 0 {
		t.Error("no flip was noticed")
	}
	t.Logf("%d of %d flips noticed", refused, tries*len(sources))
}

// replaceFrame changes the frame header's marker and payload.
func replaceFrame(t testing.TB, data []byte, change func(marker *byte, payload []byte)) []byte {
	t.Helper()
	out := append([]byte(nil), data...)
	for at := 2; at+4 < len(out); at += 2 + int(binary.BigEndian.Uint16(out[at+2:])) {
		if isFrame(out[at+1]) {
			size := int(binary.BigEndian.Uint16(out[at+2:]))
			change(&out[at+1], out[at+4:at+2+size])
			return out
		}
	}
	t.Fatal("no frame")
	return nil
}

func TestNotHandled(t *testing.T) {
	data := goEncoded(t, 40, 30, 80, false)
	frames := map[string][]byte{
		"12 bit":      replaceFrame(t, data, func(_ *byte, p []byte) { p[0] = 12 }),
		"no height":   replaceFrame(t, data, func(_ *byte, p []byte) { p[1], p[2] = 0, 0 }),
		"lossless":    replaceFrame(t, data, func(m *byte, _ []byte) { *m = 0xC3 }),
		"arithmetic":  replaceFrame(t, data, func(m *byte, _ []byte) { *m = 0xC9 }),
		"differental": replaceFrame(t, data, func(m *byte, _ []byte) { *m = 0xC5 }),
	}
	for name, broken := range frames {
		if _, err := Parse(broken, Limits{}); !errors.Is(err, ErrNotHandled) {
			t.Errorf("%s: %v", name, err)
		}
		h, err := ReadHeader(bytes.NewReader(broken), int64(len(broken)))
		if err != nil {
			t.Errorf("%s: header %v", name, err)
		} else if !errors.Is(h.Handled(), ErrNotHandled) {
			t.Errorf("%s: header says handled", name)
		}
	}
	half := mustWrite(t, randomFile(1, 40, 30, samplings()["gray"]), Options{Progressive: true,
		Script: []Scan{{Components: []int{0}, Al: 1}, {Components: []int{0}, Ah: 1}, {Components: []int{0}, First: 1, Last: 63}}})
	scans := scanPositions(half)
	early := append(append([]byte(nil), half[:scans[2]]...), 0xFF, markerEOI)
	if _, err := Parse(early, Limits{}); !errors.Is(err, ErrNotHandled) {
		t.Errorf("a progression that stops early: %v", err)
	}
	again := append(append([]byte(nil), half[:len(half)-2]...), half[scans[2]:]...)
	if _, err := Parse(again, Limits{}); !errors.Is(err, ErrNotHandled) {
		t.Errorf("a scan repeated: %v", err)
	}
}

// scanPositions finds where the DHT segment of each scan, or its SOS, starts.
func scanPositions(data []byte) (at []int) {
	start := 0
	for i := 2; i+1 < len(data); i++ {
		if data[i] != 0xFF {
			continue
		}
		switch data[i+1] {
		case markerDHT:
			start = i
		case markerSOS:
			if start == 0 {
				start = i
			}
			at = append(at, start)
			start = 0
		}
	}
	return at
}

func TestCorrupt(t *testing.T) {
	data := plainEncode(randomFile(1, 90, 70, samplings()["4:2:0"]), 4, true)
	sos := bytes.Index(data, []byte{0xFF, markerSOS})
	rst := bytes.Index(data, []byte{0xFF, markerRST0 + 1})
	edit := func(change func(d []byte) []byte) []byte { return change(append([]byte(nil), data...)) }
	cases := map[string][]byte{
		"empty":                nil,
		"text":                 []byte("hello, this is not a picture"),
		"second picture start": append([]byte{0xFF, markerSOI}, data...),
		"restart out of order": edit(func(d []byte) []byte { d[rst+1]++; return d }),
		"restart missing":      edit(func(d []byte) []byte { return append(d[:rst], d[rst+2:]...) }),
		"interval doubled":     edit(func(d []byte) []byte { return append(d[:rst], d[bytes.Index(data, []byte{0xFF, markerRST0}):]...) }),
		"data left over":       edit(func(d []byte) []byte { return append(d[:len(d)-2], 1, 2, 3, 0xFF, markerEOI) }),
		"garbage in front":     edit(func(d []byte) []byte { return append(d[:sos:sos], append([]byte{9}, data[sos:]...)...) }),
		"unknown component":    edit(func(d []byte) []byte { d[sos+5] = 77; return d }),
		"table missing":        edit(func(d []byte) []byte { d[sos+6] = 0x33; return d }),
		"no frame":             append([]byte{0xFF, markerSOI}, data[sos:]...),
		"zero quantization":    edit(func(d []byte) []byte { d[7] = 0; return d }),
		"no width":             replaceFrame(t, data, func(_ *byte, p []byte) { p[3], p[4] = 0, 0 }),
		"bad factor":           replaceFrame(t, data, func(_ *byte, p []byte) { p[7] = 0x51 }),
		"same names":           replaceFrame(t, data, func(_ *byte, p []byte) { p[9] = p[6] }),
		"bad component count":  replaceFrame(t, data, func(_ *byte, p []byte) { p[5] = 2 }),
	}
	for name, broken := range cases {
		if _, err := Parse(broken, Limits{}); !problem.Has(err, problem.FileCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What many decoders let pass is let pass: padding behind a scan, fill bytes, odd bytes in
// a sequential scan header, and whatever follows the end.
func TestLenience(t *testing.T) {
	f := randomFile(1, 90, 70, samplings()["4:2:0"])
	data := plainEncode(f, 4, true)
	sos := bytes.Index(data, []byte{0xFF, markerSOS})
	end := len(data) - 2
	cases := map[string][]byte{
		"padding":  append(append(append([]byte(nil), data[:end]...), make([]byte, 50)...), 0xFF, markerEOI),
		"fill":     append(append(append([]byte(nil), data[:sos]...), 0xFF, 0xFF, 0xFF), data[sos:]...),
		"fill end": append(append(append([]byte(nil), data[:end]...), 0xFF, 0xFF), data[end:]...),
		"trailing": append(append([]byte(nil), data...), "a second picture"...),
	}
	odd := append([]byte(nil), data...)
	copy(odd[sos+5+2*3:], []byte{0, 0, 0x11})
	cases["odd scan header"] = odd
	for name, d := range cases {
		got := mustParse(t, d)
		sameCoefficients(t, name, got, f)
		if want := len("a second picture"); name == "trailing" && got.Trailing != want {
			t.Errorf("trailing %d, want %d", got.Trailing, want)
		}
	}
}

func TestLimits(t *testing.T) {
	f := randomFile(1, 200, 100, samplings()["4:2:0"])
	data := mustWrite(t, f, Options{Progressive: true})
	scans := mustParse(t, data).Scans
	for name, l := range map[string]Limits{
		"pixels": {Pixels: 200*100 - 1},
		"scans":  {Scans: scans - 1},
		"memory": {Memory: 1000},
	} {
		if _, err := Parse(data, l); !problem.Has(err, problem.LimitExceeded) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Parse(data, Limits{Pixels: 200 * 100, Scans: scans}); err != nil {
		t.Errorf("at the limits: %v", err)
	}
}

// A few bytes that claim a large picture must not cost its memory.
func TestSizeBomb(t *testing.T) {
	data := replaceFrame(t, goEncoded(t, 16, 16, 80, false), func(_ *byte, p []byte) {
		binary.BigEndian.PutUint16(p[1:], 10000)
		binary.BigEndian.PutUint16(p[3:], 10000)
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Parse(data, Limits{})
	runtime.ReadMemStats(&after)
	if !problem.Has(err, problem.FileCorrupt) {
		t.Errorf("error %v", err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("allocated %d bytes", used)
	}
}

func TestTooManySegments(t *testing.T) {
	data := []byte{0xFF, markerSOI}
	for range maxSegments + 1 {
		data = append(data, 0xFF, markerCOM, 0, 2)
	}
	if _, err := ReadHeader(bytes.NewReader(data), int64(len(data))); !problem.Has(err, problem.LimitExceeded) {
		t.Errorf("error %v", err)
	}
}
