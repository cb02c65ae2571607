package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"compressor/internal/problem"
)

// clip has 12 frames of 64 × 48 pixels.
func clip(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "testdata", "video", "clip.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// encoding is one that is quick.
func encoding() Encoding {
	return Encoding{CRF: 30, Preset: "ultrafast", Timescale: 12288, Frames: 12, MaxBytes: 1 << 20}
}

func TestEncode(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.mp4")
	var shares []float64
	if err := Encode(t.Context(), clip(t), out, encoding(), func(share float64) { shares = append(shares, share) }); err != nil {
		t.Fatal(err)
	}
	if len(shares) == 0 || shares[len(shares)-1] != 1 || !slices.IsSorted(shares) {
		t.Errorf("progress %v", shares)
	}
	data, err := os.ReadFile(out)
	if err != nil || !bytes.Contains(data[:32], []byte("ftyp")) {
		t.Errorf("no film: %v", err)
	}
}

// TestFrames: frames are those that were asked for, also when they are all, and asking for
// more than there are is an error rather than a wait.
func TestFrames(t *testing.T) {
	read := func(frames []int) ([][]byte, error) {
		f := Open(t.Context(), clip(t), frames, 64, 48)
		defer f.Close()
		var out [][]byte
		for range frames {
			pix, err := f.Next()
			if err != nil {
				return out, err
			}
			out = append(out, bytes.Clone(pix))
		}
		return out, nil
	}
	all, err := read([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
	if err != nil {
		t.Fatal(err)
	}
	some, err := read([]int{3, 11})
	if err != nil || !bytes.Equal(some[0], all[3]) || !bytes.Equal(some[1], all[11]) || bytes.Equal(some[0], some[1]) {
		t.Errorf("other frames (%v)", err)
	}
	if got, err := read([]int{11, 12}); err == nil || len(got) != 1 {
		t.Errorf("a frame that is not there: %d frames, %v", len(got), err)
	}
	// A reader that goes away does not leave the decoder behind.
	f := Open(t.Context(), clip(t), []int{0, 1}, 64, 48)
	f.Close()
}

// TestReel: chosen frames come back as they were.
func TestReel(t *testing.T) {
	out := filepath.Join(t.TempDir(), "reel.mp4")
	if err := Reel(t.Context(), clip(t), out, "", []int{2, 7}); err != nil {
		t.Fatal(err)
	}
	a, b := Open(t.Context(), clip(t), []int{2, 7}, 64, 48), Open(t.Context(), out, []int{0, 1}, 64, 48)
	defer a.Close()
	defer b.Close()
	for range 2 {
		want, err := a.Next()
		if err != nil {
			t.Fatal(err)
		}
		got, err := b.Next()
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("another frame (%v)", err)
		}
	}
}

// TestHostile: a file that is a playlist, whatever its name, makes ffmpeg read no other
// file, and a damaged film is one.
func TestHostile(t *testing.T) {
	folder := t.TempDir()
	other := filepath.Join(folder, "other.mp4")
	data, err := os.ReadFile(clip(t))
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(data)
	at := bytes.Index(damaged, []byte("mdat"))
	for i := at + 1200; i < at+12000; i += 7 {
		damaged[i] ^= 0x5a
	}
	for name, contents := range map[string][]byte{
		"hls":      []byte("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://" + other + "\n#EXT-X-ENDLIST\n"),
		"concat":   []byte("ffconcat version 1.0\nfile '" + other + "'\n"),
		"text":     []byte("Dear Sir or Madam"),
		"damaged":  damaged,
		"cut away": data[:len(data)/2],
	} {
		in, out := filepath.Join(folder, name+".mp4"), filepath.Join(folder, name+".out.mp4")
		if err := errors.Join(os.WriteFile(other, data, 0o600), os.WriteFile(in, contents, 0o600)); err != nil {
			t.Fatal(err)
		}
		if err := Encode(t.Context(), in, out, encoding(), nil); !problem.Has(err, problem.FileCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCanceled(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := Encode(ctx, clip(t), filepath.Join(t.TempDir(), "out.mp4"), encoding(), nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestMeter: progress is read whatever pieces it comes in, and rubbish is not kept.
func TestMeter(t *testing.T) {
	var got []float64
	m := meter{total: 10, tell: func(share float64) { got = append(got, share) }}
	for _, piece := range []string{"fra", "me=5\nfps=3\nframe= 7", "\nframe=x\nframe=20\n", string(make([]byte, 2*longestLine))} {
		if n, err := m.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Error(n, err)
		}
	}
	if !slices.Equal(got, []float64{0.5, 0.7, 1}) || len(m.rest) > longestLine {
		t.Errorf("%v, %d bytes kept", got, len(m.rest))
	}
}
