package codectest

import (
	"errors"
	"io"
	"testing"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/problem"
	"compressor/internal/recipe"
)

// FuzzInspect lets a codec inspect and plan any bytes at all, and walk their members if
// it is a container's: it never panics, and refuses with a problem of the file.
func FuzzInspect(f *testing.F, s Suite) {
	b := newBench(f, s)
	for _, sample := range s.Samples {
		f.Add(sample.Data)
		f.Add(sample.Data[:len(sample.Data)/2])
	}
	scratch := blob.NewScratch(f.TempDir())
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := scratch.Create()
		if err != nil {
			t.Fatal(err)
		}
		defer w.Discard()
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		src, err := w.Commit()
		if err != nil {
			t.Fatal(err)
		}
		defer scratch.Remove(src)
		b.fuzzed(t, src)
	})
}

// fuzzLimits are small, so that a fuzzer's time does not go into large pictures.
var fuzzLimits = codec.Limits{Pixels: 1 << 18, Frames: 20}

func (b *bench) fuzzed(t *testing.T, src blob.Blob) {
	facts, err := b.codec.Inspect(t.Context(), src, fuzzLimits)
	if err != nil {
		if !expected(err) {
			t.Fatalf("Inspect: %v", err)
		}
		return
	}
	if facts.Width < 0 || facts.Height < 0 || facts.Frames < 0 || facts.Pages < 0 || facts.Seconds < 0 {
		t.Fatalf("facts %+v", facts)
	}
	if facts.NotHandled == "" && int64(facts.Width)*int64(facts.Height) > fuzzLimits.Pixels {
		t.Fatalf("%d×%d is over the limit of %d pixels", facts.Width, facts.Height, fuzzLimits.Pixels)
	}
	if facts.Metadata != nil && facts.Metadata() == nil {
		t.Fatal("Metadata gives nothing")
	}
	if box, ok := b.codec.(codec.Container); ok {
		b.walk(t, box, src)
	}
	r := at(recipe.CompressionHigh)
	plan, err := b.codec.Plan(t.Context(), codec.Subject{
		Blob: src, Format: b.row.ID, MayBe: []format.ID{b.row.ID}, Facts: facts, Floor: 75,
	}, b.row.ID, r)
	var p *problem.Problem
	if err != nil && !errors.As(err, &p) {
		t.Fatalf("Plan: %v", err)
	}
	closePlan(plan)
}

// errEnough ends a walk through a container.
var errEnough = errors.New("enough")

func (b *bench) walk(t *testing.T, box codec.Container, src blob.Blob) {
	left := 100
	err := box.Parts(t.Context(), src, func(_ codec.Part, contents io.Reader) error {
		if left--; left < 0 {
			return errEnough
		}
		if contents == nil {
			return nil
		}
		if n, _ := io.Copy(io.Discard, io.LimitReader(contents, 1<<20)); n == 1<<20 {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) && !expected(err) {
		t.Fatalf("Parts: %v", err)
	}
}
