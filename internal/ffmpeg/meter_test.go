package ffmpeg

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"compressor/internal/sandbox"
)

// TestProgress: each frame is told of, the first ones that an encoder holds back, the last ones
// that it writes after all are read, and those between two that are chosen. No time is looked
// at: a share that moves with each frame moves as often as frames are done.
func TestProgress(t *testing.T) {
	const frames = 120
	folder := t.TempDir()
	film := Film{filepath.Join(folder, "film.mp4"), 64, 48}
	made := sandbox.Tool{Path: Path(), Args: []string{"-nostdin", "-f", "lavfi", "-i", fmt.Sprintf("testsrc2=size=64x48:rate=30:duration=%d", frames/30), "-pix_fmt", "yuv420p", "file:" + film.Path}}
	if err := made.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(folder, "out.mp4")
	slow := Encoding{CRF: 24, Preset: "medium", Timescale: 15360, Frames: frames}
	for name, run := range map[string]func(tell func(float64)) error{
		"encode": func(tell func(float64)) error { return Encode(t.Context(), film, out, slow, tell) },
		"reel":   func(tell func(float64)) error { return Reel(t.Context(), film, out, "", []int{60, frames - 1}, tell) },
		"frames": func(tell func(float64)) error {
			f := Open(t.Context(), film, []int{60, frames - 1}, tell)
			defer f.Close()
			_, err := f.Next()
			if err == nil {
				_, err = f.Next()
			}
			return err
		},
	} {
		var shares []float64
		if err := run(func(share float64) { shares = append(shares, share) }); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		gap := shares[0]
		for i := range shares[1:] {
			gap = max(gap, shares[i+1]-shares[i])
		}
		if !slices.IsSorted(shares) || len(shares) < frames || shares[len(shares)-1] < 1 {
			t.Errorf("%s: %d messages for %d frames: %v", name, len(shares), frames, shares)
		}
		// How many frames an encoder took up is told by the clock, and counts for half.
		if most := 1.0 / frames; name != "encode" && gap > most+1e-9 || gap > 0.5+most {
			t.Errorf("%s: a step of %g", name, gap)
		}
	}
}

// TestMeter: progress is read whatever pieces it comes in, and rubbish is not kept.
func TestMeter(t *testing.T) {
	pieces := []string{"fra", "me=5\nfps=3\nframe= 7", "\nframe=x\nframe=6\n#tb 0: 1/5,2,3,4,5,6\n0, 1, 1", ", 1, 100, 0x5, F=0x0\n0,1,1,1,x,0x5\nframe=20\n",
		"0,1,1,1,50,0x5\n0,1,1,1,-9,0x5\n,,,,,\n\n", string(make([]byte, 2*longestLine))}
	for _, test := range []struct {
		held   bool
		shares []float64
	}{
		{true, []float64{0.25, 0.35, 0.4, 0.55, 0.6}},
		{false, []float64{0, 0, 0.1, 0.1, 0.2}},
	} {
		var got []float64
		var over int
		m := meter{frames: 10, held: test.held, most: 149, over: func() { over++ }, tell: func(share float64) { got = append(got, share) }}
		for _, piece := range pieces {
			if n, err := m.Write([]byte(piece)); n != len(piece) || err != nil {
				t.Error(n, err)
			}
		}
		if !slices.Equal(got, test.shares) || len(m.rest) > longestLine || m.bytes != 150 || over != 1 {
			t.Errorf("%v, %d bytes kept, %d counted, over %d times", got, len(m.rest), m.bytes, over)
		}
	}
}

// FuzzMeter: whatever it reads, shares are some and never fall.
func FuzzMeter(f *testing.F) {
	f.Add([]byte("frame=5\n0, 1, 1, 1, 100, 0x5\n"), 3)
	f.Fuzz(func(t *testing.T, data []byte, frames int) {
		last := 0.0
		m := meter{frames: frames, held: true, tell: func(share float64) {
			if !(share >= last && share <= 1) {
				t.Fatalf("%g after %g", share, last)
			}
			last = share
		}}
		for piece := range slices.Chunk(data, 3) {
			if n, err := m.Write(piece); n != len(piece) || err != nil {
				t.Fatal(n, err)
			}
		}
	})
}
