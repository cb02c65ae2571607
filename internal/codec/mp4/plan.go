package mp4

import (
	"context"
	"errors"
	"fmt"
	"os"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/ffmpeg"
	"compressor/internal/format"
	"compressor/internal/mp4file"
	"compressor/internal/picture"
	"compressor/internal/problem"
	"compressor/internal/recipe"
)

// Plan proposes the same packets written without waste, and, where loss is allowed, the
// pictures encoded anew beside the same sound.
func (Codec) Plan(_ context.Context, in codec.Subject, to format.ID, r recipe.Recipe) (codec.Plan, error) {
	p := &planner{in: in, to: to, asked: r.Films()}
	if in.Part {
		p.asked.Resize = nil
	}
	if to != in.Format {
		return codec.Plan{}, problem.Invalid(problem.Field{Path: "video.format", Message: "Videos keep their format."})
	}
	if in.Facts.NotHandled != "" {
		return codec.Plan{}, p.geometry()
	}
	p.keep = mp4file.Keep{Location: p.asked.Preserves("location"), Creation: p.asked.Preserves("creation"), All: p.asked.Preserves("all")}
	if err := p.read(); err != nil {
		return codec.Plan{}, err
	}
	if err := p.geometry(); err != nil {
		return codec.Plan{}, err
	}
	level := r.Compression(recipe.FamilyVideo)
	lossless := level == recipe.CompressionLossless || level == recipe.CompressionNone
	if level == recipe.CompressionNone && !p.changed() {
		return codec.Plan{}, nil
	}
	p.mark = markFor(in, r)
	plan := codec.Plan{Changed: p.changed(), Lost: p.lost, Worst: min(in.Floor, recipe.VisuallyLossless) - belowMean}
	if !p.changed() {
		plan.Candidates = append(plan.Candidates, p.copied())
	} else {
		plan.Reference, plan.ReferenceFormat = p.reel, in.Format
	}
	spent := in.Floor > 100 && !p.changed()
	switch {
	case lossless && !p.changed() || spent:
	case in.Part:
		plan.Notes = append(plan.Notes, "A video inside another file: its packets were copied, its pictures not encoded anew.")
	case ffmpeg.Path() == "":
		return codec.Plan{}, ffmpeg.ErrMissing()
	default:
		plan.Candidates = append(plan.Candidates, p.encoded(level))
	}
	return plan, nil
}

// belowMean is how far the worst of the sampled frames may lie below the floor that their
// mean must reach.
const belowMean = 15

// planner makes the candidates of one plan.
type planner struct {
	in        codec.Subject
	to        format.ID
	asked     recipe.Video
	keep      mp4file.Keep
	lost      []string
	mark      string
	filter    string // for another size; "" for none
	width     int    // as shown, of the outcome
	height    int
	frames    []int // that the film is judged by
	shown     int
	rotation  int  // degrees clockwise that the player turns the picture
	stretched bool // pixels are not square
	timescale uint32
	film      ffmpeg.Film
}

func (p *planner) changed() bool { return p.filter != "" }

// read looks at the film for what the plan depends on.
func (p *planner) read() error {
	f, m, err := open(p.in.Blob.Path())
	if err != nil {
		return err
	}
	defer f.Close()
	if impossible := m.Impossible(p.keep); len(impossible) > 0 {
		return problem.New(problem.PreserveImpossible).With(problem.Field{Path: "video.preserve",
			Message: "The film's location stands among other data and can only be kept with all of it."})
	}
	v := m.Video()
	if v == nil {
		return problem.New(problem.FileCorrupt)
	}
	shown, _, err := v.Shown()
	if err != nil {
		return err
	}
	if len(shown) == 0 {
		return problem.New(problem.FileCorrupt).Because(errors.New("mp4: no frame is shown"))
	}
	p.lost, p.shown, p.frames, p.timescale = m.Lost(p.keep), len(shown), mp4file.Sampled(len(shown)), v.Timescale
	p.film = ffmpeg.Film{Path: p.in.Blob.Path(), Width: v.Width, Height: v.Height}
	p.rotation, p.stretched = v.Rotation, v.Video.Stretched
	return nil
}

// open reads a film that was inspected before, or made here.
func open(path string) (*os.File, *mp4file.Movie, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	m, err := mp4file.Read(f, info.Size(), mp4file.Limits{})
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, m, nil
}

// markFor is by what a lossy result remembers the floor it was made to meet.
func markFor(in codec.Subject, r recipe.Recipe) string {
	floor := r.Floor(recipe.FamilyVideo)
	if floor > 100 {
		floor = min(in.Floor, recipe.VisuallyLossless)
	}
	return picture.MarkOf(codec.Prior{Floor: floor})
}

// copied keeps every packet.
func (p *planner) copied() codec.Candidate {
	return codec.Candidate{
		Label: "packets copied", Format: p.to, Lossless: true,
		Encode: func(ctx context.Context, dst *blob.Writer) error {
			f, m, err := open(p.in.Blob.Path())
			if err != nil {
				return err
			}
			defer f.Close()
			return m.Write(ctx, dst, mp4file.Output{FastStart: p.asked.FastStart, Keep: p.keep, Mark: m.Mark,
				Progress: func(share float64) { codec.Progress(ctx, share) }})
		},
	}
}

// gentler is how many steps of the rate factor may be gone up from a level's own, if that
// does not reach the floor.
const gentler = 8

// encoded encodes the pictures at the level's rate factor, or the nearest gentler one that
// reaches the floor. Levels of the knob are 51 less the rate factor.
func (p *planner) encoded(level recipe.Compression) codec.Candidate {
	lowest := 51 - factor(level)
	return codec.Candidate{
		Label: "h264", Format: p.to,
		Knob: &codec.Knob{Low: lowest, High: lowest + gentler, Start: lowest, Slope: slope, At: func(n int) codec.Candidate {
			return codec.Candidate{
				Label: fmt.Sprintf("h264 crf=%d", 51-n), Format: p.to,
				Encode: func(ctx context.Context, dst *blob.Writer) error { return p.encode(ctx, dst, 51-n) },
			}
		}},
	}
}

// slope is how many points a step of the rate factor is worth: docs/video.md.
const slope = 2.5

// factor is x264's rate factor for a level, as measured: docs/video.md.
func factor(level recipe.Compression) int {
	switch level {
	case recipe.CompressionMedium:
		return 21
	case recipe.CompressionHigh:
		return 24
	case recipe.CompressionUltra:
		return 28
	}
	return 16
}
