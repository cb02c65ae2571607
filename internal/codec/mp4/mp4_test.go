package mp4_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"compressor/internal/codec/codectest"
	"compressor/internal/codec/mp4"
)

func TestMP4(t *testing.T) {
	codectest.Run(t, codectest.Suite{Format: mp4.ID, Samples: append(samples(t), untouched(t)...), Probe: probe})
}

func TestQuickTime(t *testing.T) {
	codectest.Run(t, codectest.Suite{Format: mp4.MovID, Samples: []codectest.Sample{
		{Name: "clip-mov", Data: stored(t, "clip.mov"), Personal: map[string]string{"location": "+52.5163", "comment": "Seen on the way"}},
	}, Probe: probe})
}

func FuzzInspect(f *testing.F) {
	codectest.FuzzInspect(f, codectest.Suite{Format: mp4.ID, Samples: samples(f)})
}

// stored is a sample of testdata/LICENSES.md.
func stored(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "testdata", "video", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// samples are films that are handled.
func samples(t testing.TB) []codectest.Sample {
	t.Helper()
	return []codectest.Sample{
		{Name: "clip", Data: stored(t, "clip.mp4"), Personal: map[string]string{"title": "A holiday"}},
		{Name: "turned", Data: stored(t, "turned.mp4")},
	}
}

// untouched are films of which something is not handled, made with ffmpeg.
func untouched(t testing.TB) []codectest.Sample {
	t.Helper()
	clip := stored(t, "clip.mp4")
	from := func(args ...string) []byte { return made(t, clip, args...) }
	return []codectest.Sample{
		{Name: "fragmented", Data: from("-c", "copy", "-movflags", "frag_keyframe+empty_moov"), Untouched: "fragments"},
		{Name: "ten-bits", Data: from("-c:a", "copy", "-c:v", "libx264", "-pix_fmt", "yuv420p10le"), Untouched: "10 bits a sample"},
		{Name: "full-colour", Data: from("-c:a", "copy", "-c:v", "libx264", "-pix_fmt", "yuv444p"), Untouched: "colour that is not 4:2:0"},
		{Name: "hevc", Data: from("-an", "-c:v", "libx265", "-x265-params", "log-level=none", "-tag:v", "hvc1"), Untouched: "video that is not H.264: HEVC"},
		{Name: "mpeg4", Data: from("-an", "-c:v", "mpeg4"), Untouched: "video that is not H.264: MPEG-4 part 2"},
		{Name: "interlaced", Data: from("-an", "-c:v", "libx264", "-flags", "+ildct+ilme"), Untouched: "interlaced video"},
		{Name: "hdr", Data: from("-an", "-c:v", "libx264", "-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"), Untouched: "high dynamic range"},
		{Name: "two-videos", Data: from("-map", "0:v", "-map", "0:v", "-c", "copy"), Untouched: "several video tracks"},
		{Name: "sound", Data: from("-map", "0:a", "-c", "copy"), Untouched: "no video track"},
		{Name: "mirrored", Data: mirrored(clip), Untouched: "a picture that is mirrored or scaled by the player"},
	}
}

// made runs ffmpeg on a film.
func made(t testing.TB, data []byte, args ...string) []byte {
	t.Helper()
	folder := t.TempDir()
	in, out := filepath.Join(folder, "in.mp4"), filepath.Join(folder, "out.mp4")
	if err := os.WriteFile(in, data, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "ffmpeg", append(append([]string{"-nostdin", "-v", "error", "-y", "-i", in, "-map_metadata", "-1", "-fflags", "+bitexact"}, args...), out)...)
	result, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	var words bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stderr = &words
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, words.String())
	}
	return string(out)
}

// mirrored turns the first number of the video track's matrix negative.
func mirrored(data []byte) []byte {
	out := bytes.Clone(data)
	at := bytes.Index(out, []byte("tkhd")) + 4 + 40
	copy(out[at:], "\xff\xff\x00\x00")
	return out
}

// probe looks at a film with ffprobe and ffmpeg, which share no code with package mp4file.
func probe(t *testing.T, path string) codectest.Probed {
	t.Helper()
	var told struct {
		Frames []struct {
			Time string `json:"pts_time"`
		} `json:"frames"`
		Streams []struct {
			Width, Height int
			Side          []struct{ Rotation int } `json:"side_data_list"`
		} `json:"streams"`
	}
	text := run(t, "ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "frame=pts_time:stream=width,height:stream_side_data=rotation", "-of", "json", path)
	if err := json.Unmarshal([]byte(text), &told); err != nil || len(told.Streams) != 1 {
		t.Fatalf("%v: %s", err, text)
	}
	p := codectest.Probed{Width: told.Streams[0].Width, Height: told.Streams[0].Height}
	for _, side := range told.Streams[0].Side {
		if side.Rotation%180 != 0 {
			p.Width, p.Height = p.Height, p.Width
		}
	}
	for _, f := range told.Frames {
		p.Times = append(p.Times, f.Time)
	}
	folder := t.TempDir()
	files := [3]string{"pictures", "sound", "packets"}
	for i := range files {
		files[i] = filepath.Join(folder, files[i])
	}
	run(t, "ffmpeg", "-nostdin", "-v", "error", "-fflags", "+bitexact", "-noautorotate", "-i", path,
		"-map", "0:v", "-fps_mode", "passthrough", "-f", "md5", files[0],
		"-map", "0:a", "-c", "copy", "-f", "framemd5", files[1],
		"-map", "0:v", "-c", "copy", "-f", "framemd5", files[2])
	for i, text := range []*string{&p.Pictures, &p.Sound, &p.Packets} {
		data, err := os.ReadFile(files[i])
		if err != nil {
			t.Fatal(err)
		}
		*text = string(data)
	}
	return p
}

// TestTellsApart: films are told apart from each other, and from pictures in the same
// container.
func TestTellsApart(t *testing.T) {
	for _, row := range mp4.Formats() {
		for _, m := range row.Magic {
			for _, brand := range []string{"avif", "avis", "heic", "heix", "mif1", "msf1", "M4A ", "crx ", "jp2 "} {
				if strings.Contains(m.Bytes, brand) {
					t.Errorf("%s claims %q", row.ID, brand)
				}
			}
			if len(m.Bytes) < 8 {
				t.Errorf("%s: the magic %q is short", row.ID, fmt.Sprint(m.Bytes))
			}
		}
	}
}
