package ffmpeg

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"compressor/internal/problem"
	"compressor/internal/sandbox"
)

// clip has 12 frames of 64 × 48 pixels.
func clip(t *testing.T) Film {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "testdata", "video", "clip.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	return Film{path, 64, 48}
}

// encoding is one that is quick.
func encoding() Encoding {
	return Encoding{CRF: 30, Preset: "ultrafast", Timescale: 12288, Frames: 12, MaxBytes: 1 << 20}
}

func TestEncode(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.mp4")
	if err := Encode(t.Context(), clip(t), out, encoding(), nil); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(out)
	if err != nil || !bytes.Contains(data[:32], []byte("ftyp")) {
		t.Errorf("no film: %v", err)
	}
	small := encoding()
	small.MaxBytes = 500
	if err := Encode(t.Context(), clip(t), out, small, nil); err == nil || problem.Has(err, problem.FileCorrupt) || !strings.Contains(err.Error(), "500 bytes") {
		t.Errorf("more than it may have: %v", err)
	}
	odd := filepath.Join(t.TempDir(), `it's [one] of\two|three.mp4`)
	if err := Encode(t.Context(), clip(t), odd, encoding(), nil); err != nil {
		t.Errorf("an odd name: %v", err)
	}
	if again, err := os.ReadFile(odd); err != nil || !bytes.Equal(again, data) {
		t.Errorf("an odd name: other bytes, %v", err)
	}
}

// TestFrames: frames are those that were asked for, also when they are all, and asking for
// more than there are is an error rather than a wait.
func TestFrames(t *testing.T) {
	read := func(frames []int) ([][]byte, error) {
		f := Open(t.Context(), clip(t), frames, nil)
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
	f := Open(t.Context(), clip(t), []int{0, 1}, nil)
	f.Close()
}

// TestReel: chosen frames come back as they were.
func TestReel(t *testing.T) {
	out := filepath.Join(t.TempDir(), "reel.mp4")
	if err := Reel(t.Context(), clip(t), out, "", []int{2, 7}, nil); err != nil {
		t.Fatal(err)
	}
	a, b := Open(t.Context(), clip(t), []int{2, 7}, nil), Open(t.Context(), Film{out, 64, 48}, []int{0, 1}, nil)
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
	data, err := os.ReadFile(clip(t).Path)
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
		if err := Encode(t.Context(), Film{in, 64, 48}, out, encoding(), nil); !problem.Has(err, problem.FileCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLargerThanSaid: pictures that are larger than the container says are not decoded.
func TestLargerThanSaid(t *testing.T) {
	folder := t.TempDir()
	large := filepath.Join(folder, "large.mp4")
	made := sandbox.Tool{Path: Path(), Args: []string{"-nostdin", "-f", "lavfi", "-i", "testsrc2=size=640x480:rate=5:duration=1", "-pix_fmt", "yuv420p", "file:" + large}}
	if err := made.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(folder, "out.mp4")
	if err := Encode(t.Context(), Film{large, 640, 480}, out, encoding(), nil); err != nil {
		t.Error(err)
	}
	if err := Encode(t.Context(), Film{large, 16, 16}, out, encoding(), nil); !problem.Has(err, problem.FileCorrupt) {
		t.Errorf("encoded: %v", err)
	}
	f := Open(t.Context(), Film{large, 16, 16}, []int{0}, nil)
	defer f.Close()
	if _, err := f.Next(); err == nil {
		t.Error("decoded")
	}
}

// TestCover: a cover picture that stands before the film is not taken for it.
func TestCover(t *testing.T) {
	data, err := os.ReadFile(clip(t).Path)
	if err != nil {
		t.Fatal(err)
	}
	box := func(kind string, parts ...[]byte) []byte {
		body := slices.Concat(parts...)
		return slices.Concat(binary.BigEndian.AppendUint32(nil, uint32(len(body)+8)), []byte(kind), body)
	}
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	cover := box("udta", box("meta", make([]byte, 4),
		box("hdlr", []byte("\x00\x00\x00\x00\x00\x00\x00\x00mdirappl\x00\x00\x00\x00\x00\x00\x00\x00\x00")),
		box("ilst", box("covr", box("data", []byte{0, 0, 0, 14, 0, 0, 0, 0}, picture.Bytes())))))
	at := bytes.Index(data, []byte("moov")) // behind the packets: nothing that is referred to moves
	binary.BigEndian.PutUint32(data[at-4:], binary.BigEndian.Uint32(data[at-4:])+uint32(len(cover)))
	in, out := filepath.Join(t.TempDir(), "in.mp4"), filepath.Join(t.TempDir(), "out.mp4")
	if err := os.WriteFile(in, slices.Insert(data, at+4, cover...), 0o600); err != nil {
		t.Fatal(err)
	}
	var last float64
	if err := Encode(t.Context(), Film{in, 64, 48}, out, encoding(), func(share float64) { last = share }); err != nil || last != 1 {
		t.Errorf("%v, %g of the frames", err, last)
	}
}

// TestEnds: how the program ended is told as what it means for the job.
func TestEnds(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want problem.Code
	}{
		"a picture does not decode":   {&sandbox.ToolError{Status: "exit status 1"}, problem.FileCorrupt},
		"told to end by the kernel":   {&sandbox.ToolError{Status: "exit status 255", Stderr: "received signal 24"}, problem.WorkerTimeout},
		"killed by the kernel":        {&sandbox.ToolError{Status: "signal: killed"}, problem.WorkerTimeout},
		"no memory":                   {&sandbox.ToolError{Status: "exit status 1", Stderr: "Cannot allocate memory"}, problem.WorkerTimeout},
		"crashed":                     {&sandbox.ToolError{Status: "signal: segmentation fault"}, problem.Internal},
		"not allowed in this cage":    {&fs.PathError{Op: "fork/exec", Err: syscall.EACCES}, problem.FormatUnsupported},
		"not there":                   {ErrMissing(), problem.FormatUnsupported},
		"something else has happened": {errors.New("x"), problem.Internal},
	} {
		if got := problem.From(judge(test.err)).Code; got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
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
