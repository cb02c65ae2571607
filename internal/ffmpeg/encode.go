package ffmpeg

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	"compressor/internal/sandbox"
)

// Encoding says how the pictures of a film are encoded anew, with H.264.
type Encoding struct {
	CRF       int    // x264's constant rate factor: 0 loses nothing, 51 is worst
	Preset    string // how hard x264 tries: "medium"
	Filter    string // a filter graph, empty for none
	Timescale uint32 // units a second in which frames are timed, the film's own
	Frames    int    // how many there are, for the progress
	MaxBytes  int64  // where the file is cut off: it is then of no use
}

// Encode writes the pictures of the film, and nothing else, as an MP4 at out. No
// frame is dropped, doubled or turned. Equal arguments give equal bytes. progress, which
// may be nil, is told the share that is done about four times a second.
func Encode(ctx context.Context, film Film, out string, e Encoding, progress func(share float64)) error {
	args := append(input(film), "-c:v", "libx264", "-preset", e.Preset, "-crf", strconv.Itoa(e.CRF), "-threads", strconv.Itoa(threads),
		"-x264-params", fmt.Sprintf("threads=%d:lookahead-threads=1:sliced-threads=0", threads))
	if e.Filter != "" {
		args = append(args, "-vf", e.Filter)
	}
	args = append(args, "-fps_mode", "passthrough", "-enc_time_base", "-1", "-video_track_timescale", strconv.FormatUint(uint64(e.Timescale), 10),
		"-fflags", "+bitexact", "-flags:v", "+bitexact", "-fs", strconv.FormatInt(e.MaxBytes, 10),
		"-progress", "pipe:1", "-stats_period", "0.25", "-f", "mp4", "file:"+out)
	return run(ctx, sandbox.Tool{Args: args, Stdout: &meter{total: e.Frames, tell: progress}})
}

// Reel writes chosen frames of a film, by their place among those that are shown, without
// loss: what a changed film is compared with.
func Reel(ctx context.Context, film Film, out, filter string, frames []int) error {
	graph := choose(frames)
	if filter != "" {
		graph += "," + filter
	}
	args := append(input(film), "-c:v", "libx264", "-preset", "ultrafast", "-qp", "0", "-threads", strconv.Itoa(threads),
		"-vf", graph, "-fps_mode", "passthrough", "-enc_time_base", "-1", "-frames:v", strconv.Itoa(len(frames)),
		"-fflags", "+bitexact", "-flags:v", "+bitexact", "-f", "mp4", "file:"+out)
	return run(ctx, sandbox.Tool{Args: args})
}

// choose is the filter that lets only these frames pass.
func choose(frames []int) string {
	var terms []string
	for _, n := range frames {
		terms = append(terms, fmt.Sprintf(`eq(n\,%d)`, n))
	}
	return "select=" + strings.Join(terms, "+")
}

// meter reads what -progress writes: lines of key=value.
type meter struct {
	total int
	tell  func(float64)
	rest  []byte
}

// longestLine bounds what is kept of a line.
const longestLine = 4096

// Write implements io.Writer.
func (m *meter) Write(p []byte) (int, error) {
	m.rest = append(m.rest, p...)
	for {
		line, rest, found := bytes.Cut(m.rest, []byte("\n"))
		if !found {
			break
		}
		m.rest = rest
		value, is := bytes.CutPrefix(line, []byte("frame="))
		n, err := strconv.Atoi(string(bytes.TrimSpace(value)))
		if is && err == nil && m.tell != nil && m.total > 0 {
			m.tell(min(1, float64(n)/float64(m.total)))
		}
	}
	if len(m.rest) > longestLine {
		m.rest = nil
	}
	return len(p), nil
}
