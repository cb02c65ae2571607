package mp4

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/ffmpeg"
	"compressor/internal/mp4file"
	"compressor/internal/problem"
)

// preset is how hard x264 tries.
const preset = "medium"

// encode writes the film with its pictures encoded anew.
func (p *planner) encode(ctx context.Context, dst *blob.Writer, crf int) error {
	return p.within(ctx, func(ctx context.Context) error {
		return p.aside(func(path string) error {
			err := ffmpeg.Encode(ctx, p.film, path, ffmpeg.Encoding{
				CRF: crf, Preset: preset, Filter: p.filter, Timescale: p.timescale, Frames: p.shown,
				MaxBytes: 4*p.in.Blob.Size + leastRoom,
			}, func(share float64) { codec.Progress(ctx, beforeJoin*share) })
			if err != nil {
				return err
			}
			return p.join(ctx, dst, path)
		})
	})
}

// beforeJoin is the share of an encode after which its pictures are put beside the sound.
const beforeJoin = 0.95

// leastRoom is how many bytes an encoded film may have, however small the original is.
const leastRoom = 64 << 20

// join puts the pictures from the film at path in the place of the original's.
func (p *planner) join(ctx context.Context, dst *blob.Writer, path string) error {
	f, m, err := open(p.in.Blob.Path())
	if err != nil {
		return err
	}
	defer f.Close()
	g, video, err := open(path)
	if err != nil {
		return err
	}
	defer g.Close()
	o := mp4file.Output{FastStart: p.asked.FastStart, Keep: p.keep, Mark: p.mark, Video: video,
		Progress: func(share float64) { codec.Progress(ctx, beforeJoin+(1-beforeJoin)*share) }}
	if p.changed() {
		o.Width, o.Height = p.width, p.height
	}
	return m.Write(ctx, dst, o)
}

// reel writes the frames that a changed film is judged by, changed, but without loss.
func (p *planner) reel(ctx context.Context, dst *blob.Writer) error {
	return p.within(ctx, func(ctx context.Context) error {
		return p.aside(func(path string) error {
			if err := ffmpeg.Reel(ctx, p.film, path, p.filter, p.frames, func(share float64) { codec.Progress(ctx, share) }); err != nil {
				return err
			}
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = io.Copy(dst, f)
			return err
		})
	})
}

// aside gives use the path of a file that is removed afterwards.
func (*planner) aside(use func(path string) error) error {
	f, err := os.CreateTemp("", "film-*.mp4")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := f.Close(); err != nil {
		return err
	}
	return use(f.Name())
}

// A run of the tool may take so long: a film that says it has few frames and takes hours
// is not what it says. The slowest machine that this was measured on encodes twenty times
// as many pixels a second.
const (
	leastTime       = 2 * time.Minute
	pixelsPerSecond = 200_000
)

// within bounds the time of one run. Running out of it is no attempt that failed: the job
// ends, or the machine's load would choose the result.
func (p *planner) within(ctx context.Context, use func(context.Context) error) error {
	pixels := float64(p.shown) * float64(max(p.in.Facts.Width*p.in.Facts.Height, p.width*p.height))
	limited, stop := context.WithTimeout(ctx, leastTime+time.Duration(pixels/pixelsPerSecond*float64(time.Second)))
	defer stop()
	err := use(limited)
	if ctx.Err() == nil && limited.Err() != nil {
		return problem.New(problem.WorkerTimeout).Because(errors.New("mp4: the encoder took too long"))
	}
	return err
}
