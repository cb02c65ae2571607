package ffmpeg

import (
	"context"
	"errors"
	"io"
	"strconv"

	"compressor/internal/sandbox"
)

// Frames decodes chosen frames of a film one after the other. It must be closed.
type Frames struct {
	pipe *io.PipeReader
	stop context.CancelFunc
	done chan struct{}
	pix  []byte
}

// Open begins to decode the frames of the film with these places among those that are
// shown, rising, at least one. A frame is the film's width × height pixels of 8-bit RGB
// without gaps. progress, which may be nil, is told at each decoded frame, chosen or not, the
// share of those up to the last chosen one; it is called from another goroutine, and not after
// Close.
func Open(ctx context.Context, film Film, frames []int, progress func(share float64)) *Frames {
	ctx, stop := context.WithCancel(ctx)
	out, in := io.Pipe()
	f := &Frames{pipe: out, stop: stop, done: make(chan struct{}), pix: make([]byte, 3*film.Width*film.Height)}
	last := frames[len(frames)-1] + 1
	args := append(counted(film, last, "pipe:3"), "-vf", choose(frames), "-fps_mode", "passthrough", "-frames:v", strconv.Itoa(len(frames)),
		"-sws_flags", "bicubic+accurate_rnd+full_chroma_int+bitexact", "-pix_fmt", "rgb24",
		"-c:v", "rawvideo", "-f", "rawvideo", "pipe:1")
	go func() {
		defer close(f.done)
		err := run(ctx, sandbox.Tool{Args: args, Stdout: in, Aside: &meter{frames: last, tell: progress}})
		if err == nil {
			err = io.EOF
		}
		in.CloseWithError(err)
	}()
	return f
}

// Next gives the next frame, which is valid until the call after it.
func (f *Frames) Next() ([]byte, error) {
	_, err := io.ReadFull(f.pipe, f.pix)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errors.New("ffmpeg: fewer frames than there should be")
	}
	return f.pix, err
}

// Close ends the decoder, if it still runs, and waits for it.
func (f *Frames) Close() {
	f.stop()
	f.pipe.Close() //nolint:errcheck // it never fails
	<-f.done
}
