// Package ffmpeg runs the program ffmpeg, from Debian or elsewhere, on films whose container
// package mp4file has looked at before: it decodes and encodes pictures, and nothing else.
//
// Every run is told which reader to use and may read nothing but the one file it is given:
// left alone, ffmpeg opens what a playlist or a data reference names (docs/video.md).
package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"compressor/internal/problem"
	"compressor/internal/sandbox"
)

// places are where the program is looked for, in this order. A search path would let the
// environment choose the program.
var places = [...]string{"/usr/bin/ffmpeg", "/usr/local/bin/ffmpeg"} // it is read only

// Path is where the program is; "" if it is not installed.
func Path() string {
	for _, path := range places {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path
		}
	}
	return ""
}

// Libraries lists the folders and files that the program at path needs to read: what it is
// linked to lies in them.
func Libraries(path string) (dirs, files []string) {
	dirs = []string{
		"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
		"/lib64", "/usr/lib64",
	}
	if strings.HasPrefix(path, "/usr/local/") {
		dirs = append(dirs, "/usr/local/lib")
	}
	return dirs, []string{"/etc/ld.so.cache"}
}

// ErrMissing says that the program is not installed.
func ErrMissing() error {
	return problem.Newf(problem.FormatUnsupported, "Videos cannot be encoded on this server.").Because(errors.New("ffmpeg is not installed"))
}

// Bounds of one run. Threads are a constant, so that no result depends on the machine.
const (
	threads    = 2
	maxStreams = 64
	maxAlloc   = 1 << 30   // bytes of one block
	probe      = 5_000_000 // bytes, and microseconds
)

// Film is a film to read.
type Film struct {
	Path          string
	Width, Height int // of its pictures as they are stored, as the container says
}

// maxPixels is the most that a picture may have: what the container says, rounded up as
// decoders do. A stream could say otherwise.
func (f Film) maxPixels() int { return (f.Width + 127) / 64 * 64 * (f.Height + 64) }

// input are the arguments that name the film to read. Only the reader of this one container
// is allowed, no protocol but files, no other file that it refers to, and no sound.
func input(f Film) []string {
	return []string{
		"-nostdin", "-hide_banner", "-nostats", "-loglevel", "error", "-xerror", "-y",
		"-max_alloc", strconv.Itoa(maxAlloc),
		"-f", "mov", "-format_whitelist", "mov", "-protocol_whitelist", "file",
		"-enable_drefs", "0", "-use_absolute_path", "0", "-max_streams", strconv.Itoa(maxStreams),
		"-probesize", strconv.Itoa(probe), "-analyzeduration", strconv.Itoa(probe),
		"-max_pixels", strconv.Itoa(f.maxPixels()), "-noautorotate", "-threads", strconv.Itoa(threads),
		"-an", "-sn", "-dn", "-i", "file:" + f.Path,
	}
}

// videoOnly has an output made of the first video that is no picture of a cover.
var videoOnly = [...]string{"-map", "0:V:0", "-map_metadata", "-1", "-map_chapters", "-1"} // it is read only

// counted are the arguments that name the film to read and have each of its first frames, so
// many, told of on a pipe as it is decoded; those of an output of the video follow. A wrapped
// frame is a reference to one: neither its pixels are copied nor their checksum is made.
func counted(f Film, frames int, pipe string) []string {
	args := append(input(f), videoOnly[:]...)
	args = append(args, "-fps_mode", "passthrough", "-frames:v", strconv.Itoa(frames), "-c:v", "wrapped_avframe", "-f", "framecrc", pipe)
	return append(args, videoOnly[:]...)
}

// ended is how the program ends when the kernel has it end, over its memory or its processor
// time: killed, or told so by a signal that it heeds. Nobody else signals it.
var ended = [...]string{"signal: killed", "exit status 255", "exit status 123"} // it is read only

// run starts the program.
func run(ctx context.Context, t sandbox.Tool) error {
	if t.Path = Path(); t.Path == "" {
		return ErrMissing()
	}
	err := t.Run(ctx)
	if err == nil || ctx.Err() != nil {
		return err
	}
	return judge(err)
}

// judge tells what the program's failure means for the job.
func judge(err error) error {
	var failed *sandbox.ToolError
	switch {
	case errors.As(err, new(*fs.PathError)):
		// Installed when the service ran already, whose cage does not allow it.
		return ErrMissing()
	case errors.As(err, &failed) && (failed.OutOfMemory() || slices.Contains(ended[:], failed.Status)):
		return problem.New(problem.WorkerTimeout).Because(err)
	case errors.As(err, &failed) && !strings.HasPrefix(failed.Status, "signal"):
		// It is told to give up at the first picture that does not decode.
		return problem.New(problem.FileCorrupt).Because(err)
	}
	return fmt.Errorf("ffmpeg: %w", err)
}
