package pngfile

import (
	"bytes"
	"slices"
	"testing"

	"compressor/internal/problem"
)

func TestDecodeAgreesWithImagePNG(t *testing.T) {
	for name, s := range everyKind() {
		data := s.file(t)
		m, err := Decode(data, Limits{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		width, height, want := byStandard(t, data)
		if m.Width != width || m.Height != height || !slices.Equal(samplesOf(m), want) {
			t.Errorf("%s: samples differ from image/png's", name)
		}
		if m.Color != s.color || m.Depth != s.depth {
			t.Errorf("%s: type %d at %d bits", name, m.Color, m.Depth)
		}
		if err := m.check(); err != nil {
			t.Errorf("%s: decoded picture does not hold together: %v", name, err)
		}
	}
}

func TestRGBA8RoundsToNearest(t *testing.T) {
	s := &sketch{width: 4, height: 1, color: Gray, depth: 16, samples: []uint16{0, 128, 129, 65535}}
	m, err := Decode(s.file(t), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := []byte{0, 0, 0, 255, 0, 0, 0, 255, 1, 1, 1, 255, 255, 255, 255, 255}
	if got := m.RGBA8(); !bytes.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestSamplesBeyondThePaletteAreOpaqueBlack(t *testing.T) {
	s := &sketch{width: 2, height: 1, color: Palette, depth: 8, samples: []uint16{0, 9}, palette: []byte{1, 2, 3}}
	m, err := Decode(s.file(t), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.RGBA8(), []byte{1, 2, 3, 255, 0, 0, 0, 255}; !bytes.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestTrailingBytesAreNoted(t *testing.T) {
	s := (&sketch{width: 5, height: 5, color: RGB, depth: 8, split: 7}).noise(1)
	data := append(s.file(t), "behind"...)
	m, err := Decode(data, Limits{})
	if err != nil || m.Trailing != 6 {
		t.Errorf("trailing %d, %v", m.Trailing, err)
	}
	h, err := ReadHeader(data, Limits{})
	if err != nil || h.Trailing != 6 {
		t.Errorf("header: trailing %d, %v", h.Trailing, err)
	}
}

func TestEqualLooksAtEverySample(t *testing.T) {
	make := func(pix ...byte) *Image {
		m, err := New(2, 1, RGBA, 8, pix, nil)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	a := make(1, 2, 3, 0, 5, 6, 7, 255)
	if !Equal(a, make(1, 2, 3, 0, 5, 6, 7, 255)) {
		t.Error("equal pictures differ")
	}
	if Equal(a, make(1, 2, 4, 0, 5, 6, 7, 255)) {
		t.Error("a colour under full transparency was not compared")
	}
	if Equal(a, make(1, 2, 3, 0, 5, 6, 7, 254)) {
		t.Error("alpha was not compared")
	}
	tall, _ := New(1, 2, RGBA, 8, a.Pix, nil)
	if Equal(a, tall) {
		t.Error("size was not compared")
	}
}

func TestNewRefusesWhatDoesNotFit(t *testing.T) {
	cases := map[string]func() (*Image, error){
		"no size":         func() (*Image, error) { return New(0, 1, RGBA, 8, nil, nil) },
		"too few bytes":   func() (*Image, error) { return New(2, 2, RGBA, 8, make([]byte, 15), nil) },
		"no such depth":   func() (*Image, error) { return New(1, 1, RGB, 4, make([]byte, 2), nil) },
		"no palette":      func() (*Image, error) { return New(1, 1, Palette, 8, make([]byte, 1), nil) },
		"palette too big": func() (*Image, error) { return New(1, 1, Palette, 1, make([]byte, 1), make([]byte, 12)) },
	}
	for name, f := range cases {
		if _, err := f(); !problem.Has(err, problem.Internal) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
