// Package codectest is the suite that every codec must pass: what the engine, the API and
// the documentation promise of any format, checked on small samples with the real engine,
// and against a decoder that is not ours.
//
// A codec's own test file names its format, its samples and that decoder:
//
//	func TestCodec(t *testing.T) {
//		codectest.Run(t, codectest.Suite{Format: jpeg.ID, Samples: samples(t), Decode: stdjpeg.Decode})
//	}
//
// Facts and plans are compared with testdata/<sample>.golden; "go test -update" rewrites
// these, a missing one fails. Bytes of encoders are never compared with stored ones: they
// change with the library.
package codectest

import (
	"context"
	"image"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/codec/all"
	"compressor/internal/engine"
	"compressor/internal/format"
	"compressor/internal/metric"
	"compressor/internal/recipe"
	"compressor/internal/vips"
)

// Suite is what the suite must know of a codec.
type Suite struct {
	Format format.ID
	// Samples are of at most 320 pixels a side. The first two are tried most thoroughly;
	// the very first should be small, and be handled.
	Samples []Sample

	// Decode is an independent decoder, such as the standard library's.
	Decode func(io.Reader) (image.Image, error)

	// Probe is an independent reader of films; Decode is not needed then.
	Probe func(t *testing.T, path string) Probed

	// Unpack is an independent reader of a container's members; Decode is not needed then.
	Unpack func([]byte) ([]Unpacked, error)

	// Rounds says that decoders of this format may differ by rounding, so that only equal
	// files of it are sure to decode to equal pixels.
	Rounds bool

	// Side is the most pixels a side that can be written, if the format sets a bound of its
	// own; 0 otherwise.
	Side int
}

// Sample is one small file.
type Sample struct {
	Name string // names the golden file too
	Data []byte

	// Untouched is the feature because of which this file is left as it is, as in
	// codec.Facts.NotHandled; empty for a file that is handled.
	Untouched string

	// Keeps names the tags that stay by default, because the look depends on them.
	Keeps []string

	// Personal holds words that stand readable in the file's metadata, by the kind of
	// metadata (a word of the option image.preserve): they go by default and stay where
	// their kind is asked for.
	Personal map[string]string
}

// Run runs the suite.
func Run(t *testing.T, s Suite) {
	b := newBench(t, s)
	if len(s.Samples) == 0 || s.Samples[0].Untouched != "" {
		t.Fatal("the first sample must be one that is handled")
	}
	t.Run("foreign files", func(t *testing.T) { t.Parallel(); b.foreign(t) })
	if s.Side > 0 {
		t.Run("sides", b.sides)
	}
	for i, sample := range s.Samples {
		t.Run(sample.Name, func(t *testing.T) {
			t.Parallel()
			c := b.open(t, sample)
			c.thorough = i < 2 && s.Probe == nil || i == 0
			t.Run("facts", c.golden)
			t.Run("damage", c.damage)
			if sample.Untouched != "" {
				t.Run("untouched", c.untouched)
				return
			}
			if s.Unpack != nil {
				c.container(t, i == 0)
				return
			}
			t.Run("limits", c.limits)
			if s.Probe != nil {
				c.film(t, i == 0)
				return
			}
			t.Run("levels", c.levels)
			t.Run("quality", c.quality)
			t.Run("metadata", c.metadata)
			if b.row.Family == recipe.FamilyImage {
				t.Run("geometry", c.geometry)
				t.Run("conversion", c.conversion)
			}
			if i == 0 {
				t.Run("equal bytes", c.equalBytes)
				t.Run("damaged through the engine", c.damageThrough)
				t.Run("cancellation", c.cancellation)
			}
		})
	}
}

// bench is the real engine with every codec, and the one under test.
type bench struct {
	suite   Suite
	engine  *engine.Engine
	formats *format.Table
	all     *codec.Registry
	row     format.Row
	codec   codec.Codec
}

func newBench(t testing.TB, s Suite) *bench {
	t.Helper()
	if err := vips.Start(); err != nil {
		t.Fatal(err)
	}
	b := &bench{suite: s, all: all.Codecs()}
	var err error
	if b.formats, err = format.NewTable(b.all.Rows()...); err != nil {
		t.Fatal(err)
	}
	metrics := map[format.Family]engine.Metric{recipe.FamilyImage: metric.Pixels{}, recipe.FamilyArchive: metric.Members{}, recipe.FamilyVideo: metric.Film{}}
	if b.engine, err = engine.New(b.all, metrics); err != nil {
		t.Fatal(err)
	}
	known := false
	if b.row, known = b.formats.Row(s.Format); !known {
		t.Fatalf("format %q is not in package all", s.Format)
	}
	b.codec = b.all.Codec(s.Format)
	return b
}

// specimen is one sample in the suite's hands.
type specimen struct {
	*bench
	Sample
	src      blob.Blob
	facts    codec.Facts
	thorough bool // try every combination, not only those that differ by sample
}

func (b *bench) open(t *testing.T, sample Sample) *specimen {
	t.Helper()
	c := &specimen{bench: b, Sample: sample, src: store(t, sample.Data)}
	var err error
	if c.facts, err = b.codec.Inspect(t.Context(), c.src, codec.Limits{}); err != nil {
		t.Fatalf("Inspect: %v", err)
	}
	if c.facts.NotHandled != sample.Untouched {
		t.Fatalf("NotHandled = %q, want %q", c.facts.NotHandled, sample.Untouched)
	}
	return c
}

// store makes a blob of data.
func store(t testing.TB, data []byte) blob.Blob {
	t.Helper()
	path := filepath.Join(t.TempDir(), "input")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := blob.Of(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// request asks for r; budget and limits are generous.
func (b *bench) request(src blob.Blob, r recipe.Recipe) engine.Request {
	return engine.Request{
		Source: src, Name: "sample." + b.row.Ext[0], Recipe: r,
		Budget: engine.Budget{Depth: 8, Parts: 1000, Bytes: 1 << 30, Ratio: 200},
	}
}

// subject is the sample as the engine hands it to the codec.
func (c *specimen) subject(r recipe.Recipe) codec.Subject {
	return codec.Subject{
		Blob: c.src, Name: "sample." + c.row.Ext[0], Format: c.row.ID, MayBe: []format.ID{c.row.ID},
		Facts: c.facts, Floor: r.Floor(c.row.Family),
	}
}

// siblings lists the other formats of the family that the samples can become: nothing
// becomes a drawing, and videos keep their format.
func (b *bench) siblings() []format.Row {
	return slices.DeleteFunc(b.all.Rows(), func(r format.Row) bool {
		return r.ID == b.row.ID || r.Family != b.row.Family || r.Vector || r.Family == recipe.FamilyVideo
	})
}

// at is the recipe of one level, with the defaults of package schema elsewhere.
func at(level recipe.Compression) recipe.Recipe {
	return recipe.Recipe{
		Image:   recipe.Image{Compression: level, Format: recipe.Formats{recipe.Keep}, Background: "#ffffff"},
		Archive: recipe.Archive{Compression: level, Contents: true, Depth: 3},
		Video:   &recipe.Video{Compression: level, FastStart: true},
	}
}

// plan asks the codec under test, or that of another format, for its proposals.
func (c *specimen) plan(ctx context.Context, to format.ID, r recipe.Recipe) (codec.Plan, error) {
	return c.all.Codec(to).Plan(ctx, c.subject(r), to, r)
}

func closePlan(p codec.Plan) {
	if p.Close != nil {
		p.Close()
	}
}
