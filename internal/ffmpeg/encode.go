package ffmpeg

import (
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
	MaxBytes  int64  // that the encoded frames may have together; 0 for any number
}

// Encode writes the pictures of the film, and nothing else, as an MP4 at out. No
// frame is dropped, doubled or turned. Equal arguments give equal bytes. An error says that
// there would be more of them than e allows. progress, which may be nil, is told the share that
// is done, at each encoded frame and about four times a second.
func Encode(ctx context.Context, film Film, out string, e Encoding, progress func(share float64)) error {
	args := append(input(film), videoOnly[:]...)
	args = append(args, "-c:v", "libx264", "-preset", e.Preset, "-crf", strconv.Itoa(e.CRF), "-threads", strconv.Itoa(threads),
		"-x264-params", fmt.Sprintf("threads=%d:lookahead-threads=1:sliced-threads=0", threads))
	if e.Filter != "" {
		args = append(args, "-vf", e.Filter)
	}
	// x264 holds some fifty frames back and writes them after the last was read, which may take
	// long and of which -progress tells nothing: so each encoded frame is told of as well.
	file := fmt.Sprintf("[f=mp4:video_track_timescale=%d:fflags=+bitexact]file:%s", e.Timescale, unbroken.Replace(out))
	args = append(args, "-fps_mode", "passthrough", "-enc_time_base", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact+global_header",
		"-progress", "pipe:1", "-stats_period", "0.25", "-f", "tee", file+"|[f=framecrc]pipe:1")
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	m := &meter{frames: e.Frames, held: true, most: e.MaxBytes, over: stop, tell: progress}
	err := run(ctx, sandbox.Tool{Args: args, Stdout: m})
	if e.MaxBytes > 0 && m.bytes > e.MaxBytes {
		return fmt.Errorf("ffmpeg: the encoded film has more than %d bytes", e.MaxBytes)
	}
	return err
}

// unbroken writes a path as the tee of ffmpeg reads it.
var unbroken = strings.NewReplacer(`\`, `\\`, `'`, `\'`, `|`, `\|`) // it is read only

// Reel writes chosen frames of a film, at least one, by their place among those that are
// shown, without loss: what a changed film is compared with. progress is that of [Open].
func Reel(ctx context.Context, film Film, out, filter string, frames []int, progress func(share float64)) error {
	graph := choose(frames)
	if filter != "" {
		graph += "," + filter
	}
	last := frames[len(frames)-1] + 1
	args := append(counted(film, last, "pipe:1"), "-c:v", "libx264", "-preset", "ultrafast", "-qp", "0", "-threads", strconv.Itoa(threads),
		"-vf", graph, "-fps_mode", "passthrough", "-enc_time_base", "-1", "-frames:v", strconv.Itoa(len(frames)),
		"-fflags", "+bitexact", "-flags:v", "+bitexact", "-f", "mp4", "file:"+out)
	return run(ctx, sandbox.Tool{Args: args, Stdout: &meter{frames: last, tell: progress}})
}

// choose is the filter that lets only these frames pass.
func choose(frames []int) string {
	var terms []string
	for _, n := range frames {
		terms = append(terms, fmt.Sprintf(`eq(n\,%d)`, n))
	}
	return "select=" + strings.Join(terms, "+")
}
