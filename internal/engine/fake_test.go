package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/engine"
	"compressor/internal/format"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/report"
)

// The formats of these tests: fake and other are pictures that say of themselves what a
// metric would find; box is a container.
const (
	fake  format.ID = "fake"
	other format.ID = "other"
	box   format.ID = "box"

	archive = recipe.FamilyArchive
)

// contents is what a fake file says, as JSON behind its magic, padded to any size.
type contents struct {
	Shows      string      `json:",omitzero"` // what is seen: equal if equal
	Score      float64     `json:",omitzero"` // what the metric finds when this is compared with anything
	Prior      codec.Prior `json:",omitzero"` // what an earlier pass left
	Signed     bool        `json:",omitzero"`
	Encrypted  bool        `json:",omitzero"`
	NotHandled string      `json:",omitzero"`
}

// file writes contents of exactly that size.
func file(id format.ID, size int, c contents) []byte {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	data := append([]byte(string(id)+"\n"), text...)
	if len(data) > size {
		panic(fmt.Sprintf("%d bytes do not fit into %d", len(data), size))
	}
	return append(data, bytes.Repeat([]byte{' '}, size-len(data))...)
}

// readContents reads what file wrote.
func readContents(src blob.Blob) (contents, error) {
	data, err := src.Bytes(1 << 20)
	if err != nil {
		return contents{}, err
	}
	_, text, found := bytes.Cut(data, []byte("\n"))
	var c contents
	if !found || json.Unmarshal(bytes.TrimSpace(text), &c) != nil {
		return contents{}, problem.New(problem.FileCorrupt)
	}
	return c, nil
}

// planFunc is the Plan of a fake codec.
type planFunc func(ctx context.Context, in codec.Subject, to format.ID, r recipe.Recipe) (codec.Plan, error)

// fakeCodec handles fake and other.
type fakeCodec struct{ plan planFunc }

func (fakeCodec) Inspect(_ context.Context, src blob.Blob, _ codec.Limits) (codec.Facts, error) {
	c, err := readContents(src)
	return codec.Facts{Width: 1, Height: 1, Prior: c.Prior, Signed: c.Signed, Encrypted: c.Encrypted,
		NotHandled: c.NotHandled}, err
}

func (f fakeCodec) Plan(ctx context.Context, in codec.Subject, to format.ID, r recipe.Recipe) (codec.Plan, error) {
	if f.plan == nil || in.Facts.NotHandled != "" {
		return codec.Plan{}, nil
	}
	return f.plan(ctx, in, to, r)
}

// fakeMetric believes what files say of themselves.
type fakeMetric struct{ open *atomic.Int64 }

func (fakeMetric) Name() string { return "believed" }

func (m fakeMetric) Reference(_ context.Context, ref codec.Subject) (engine.Reference, error) {
	c, err := readContents(ref.Blob)
	if m.open != nil {
		m.open.Add(1)
	}
	return fakeReference{m, c}, err
}

type fakeReference struct {
	metric fakeMetric
	contents
}

func (r fakeReference) Score(ctx context.Context, got codec.Subject) (engine.Score, error) {
	codec.Progress(ctx, 0.5)
	c, err := readContents(got.Blob)
	return engine.Score{Mean: c.Score, Worst: c.Score - 1}, err
}

func (r fakeReference) Equal(_ context.Context, got codec.Subject) (bool, error) {
	c, err := readContents(got.Blob)
	return c.Shows == r.Shows, err
}

func (r fakeReference) Close() {
	if r.metric.open != nil {
		r.metric.open.Add(-1)
	}
}

// writes gives an Encode that writes data.
func writes(data []byte) func(context.Context, *blob.Writer) error {
	return func(_ context.Context, dst *blob.Writer) error {
		_, err := dst.Write(data)
		return err
	}
}

// lossy and lossless are candidates of a size.
func lossy(label string, size int, score float64) codec.Candidate {
	return codec.Candidate{Label: label, Format: fake, Encode: writes(file(fake, size, contents{Shows: label, Score: score}))}
}

func lossless(label string, size int) codec.Candidate {
	return codec.Candidate{Label: label, Format: fake, Lossless: true, Encode: writes(file(fake, size, contents{Shows: "original"}))}
}

// proposing plans these candidates, whatever the file.
func proposing(candidates ...codec.Candidate) planFunc {
	return func(context.Context, codec.Subject, format.ID, recipe.Recipe) (codec.Plan, error) {
		return codec.Plan{Candidates: candidates}, nil
	}
}

// newEngine registers the fake formats.
func newEngine(t testing.TB, plan planFunc) *engine.Engine {
	t.Helper()
	return engineOf(t, plan, fakeMetric{})
}

func engineOf(t testing.TB, plan planFunc, metric engine.Metric) *engine.Engine {
	t.Helper()
	return assembled(t, plan, metric, boxCodec{})
}

// engineWith registers another container.
func engineWith(t testing.TB, c codec.Container) *engine.Engine {
	t.Helper()
	return assembled(t, nil, fakeMetric{}, c)
}

func assembled(t testing.TB, plan planFunc, metric engine.Metric, boxes codec.Container) *engine.Engine {
	t.Helper()
	row := func(id format.ID, family format.Family) format.Row {
		return format.Row{ID: id, Family: family, Label: string(id), MIME: "x/" + string(id), Ext: []string{string(id)},
			Magic: []format.Magic{{Bytes: string(id) + "\n"}}, Lossy: true, Web: true, Effort: 1}
	}
	all := codec.NewRegistry()
	all.Add(fakeCodec{plan}, row(fake, recipe.FamilyImage), row(other, recipe.FamilyImage))
	all.Add(boxes, row(box, archive))
	e, err := engine.New(all, map[format.Family]engine.Metric{recipe.FamilyImage: metric, archive: boxMetric{}})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// at is the recipe of a level.
func at(level recipe.Compression, formats ...format.ID) recipe.Recipe {
	if formats == nil {
		formats = []format.ID{recipe.Keep}
	}
	return recipe.Recipe{
		Image:   recipe.Image{Compression: level, Format: formats},
		Archive: recipe.Archive{Compression: level, Contents: true, Depth: 3},
	}
}

// request is for a file of this data.
func request(t testing.TB, data []byte, r recipe.Recipe) engine.Request {
	t.Helper()
	path := filepath.Join(t.TempDir(), "input")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	src, err := blob.Of(path)
	if err != nil {
		t.Fatal(err)
	}
	return engine.Request{Source: src, Name: "photo.fake", Recipe: r,
		Budget: engine.Budget{Depth: 8, Parts: 100, Bytes: 1 << 20}}
}

// compress runs q, which must succeed.
func compress(t testing.TB, e *engine.Engine, q engine.Request) engine.Outcome {
	t.Helper()
	out, err := e.Compress(t.Context(), q, blob.NewScratch(t.TempDir()))
	if err != nil {
		t.Fatalf("%v (%v)", err, problem.From(err).Cause())
	}
	if _, err := out.Result.Bytes(1 << 20); err != nil {
		t.Fatal(err)
	}
	return out
}

// original is an input of a thousand bytes.
func original() []byte { return file(fake, 1000, contents{Shows: "original", Score: 100}) }

// verdicts lists what became of each attempt.
func verdicts(r report.Report) map[string]string {
	out := map[string]string{}
	for _, a := range r.Attempts {
		out[a.Label] = a.Verdict
	}
	return out
}

var errBroken = errors.New("broken")
