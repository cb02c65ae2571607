package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/report"
)

// TestKeptParts: what cannot be read stays as it was, and both its own report and a note
// at the top say so.
func TestKeptParts(t *testing.T) {
	input := pack(
		member{name: "link", flag: 'w', data: []byte("target")},
		member{name: "cut", flag: 'd', data: picture(400)},
		member{name: "a", data: picture(500), waste: 9},
		member{name: "text", data: []byte("hello")},
	)
	out := compress(t, newEngine(t, halved), request(t, input, at(recipe.CompressionHigh)))
	got := members(t, out.Result)
	for i, size := range []int{6, 400, 250, 5} {
		if len(got[i].data) != size {
			t.Errorf("%s: %d bytes, want %d", got[i].name, len(got[i].data), size)
		}
	}
	for i, why := range []string{"a link", "file-corrupt"} {
		if p := out.Report.Parts[i]; p.Reason != report.PartDamaged || p.Why != why {
			t.Errorf("%s: %s, %q", p.Path, p.Reason, p.Why)
		}
	}
	want := []string{"Kept as it was (a link): link.", "Kept as it was (file-corrupt): cut."}
	if !slices.Equal(out.Report.Notes, want) {
		t.Errorf("notes %q", out.Report.Notes)
	}
}

// TestLiar: a container whose member lies of its size is refused; as a part it is kept.
func TestLiar(t *testing.T) {
	liar := pack(member{name: "bomb", flag: 'l', data: picture(400)})
	e := newEngine(t, halved)
	if _, err := e.Compress(t.Context(), request(t, liar, at(recipe.CompressionHigh)), blob.NewScratch(t.TempDir())); !problem.Has(err, problem.LimitExceeded) {
		t.Errorf("%v, want limit-exceeded", err)
	}
	out := compress(t, e, request(t, pack(member{name: "liar", data: liar}, member{name: "a", data: picture(400)}), at(recipe.CompressionHigh)))
	if p := out.Report.Parts[0]; p.Reason != report.PartDamaged || p.Why != "limit-exceeded" || out.Report.Chosen != "repacked" {
		t.Errorf("%+v", out.Report)
	}
}

// TestNesting: what is nested deeper than the budget allows is refused whole, though
// fewer levels would be opened; what is hidden beside it is not looked at twice.
func TestNesting(t *testing.T) {
	for _, opened := range []int{0, 3, 8} {
		for levels, refused := range map[int]bool{0: false, 8: false, 9: true, 20: true} {
			q := request(t, pack(member{name: "x", data: nested(levels), waste: 20}), at(recipe.CompressionHigh))
			q.Recipe.Archive.Depth = opened
			_, err := newEngine(t, halved).Compress(t.Context(), q, blob.NewScratch(t.TempDir()))
			if problem.Has(err, problem.LimitExceeded) != refused || (err != nil) != refused {
				t.Errorf("%d levels within, %d opened: %v", levels, opened, err)
			}
			if refused && !strings.Contains(err.Error(), "depth") {
				t.Errorf("the limit is not named: %v", err)
			}
		}
	}
}

// TestRatio: what expands out of proportion to the request is refused, at any depth.
func TestRatio(t *testing.T) {
	hollow := make([]member, 70)
	for i := range hollow {
		hollow[i] = member{name: fmt.Sprint(i), data: []byte{byte(i)}}
	}
	q := request(t, pack(hollow...), at(recipe.CompressionHigh))
	q.Budget.Bytes, q.Budget.Ratio = 1<<40, 200
	grows := func(src blob.Blob) int64 { return 1 << 20 }
	_, err := engineWith(t, growingBox{grows: grows}).Compress(t.Context(), q, blob.NewScratch(t.TempDir()))
	if !problem.Has(err, problem.LimitExceeded) || !strings.Contains(err.Error(), "ratio") {
		t.Errorf("70 MiB out of %d bytes: %v", q.Source.Size, err)
	}
	q = request(t, pack(hollow[:60]...), at(recipe.CompressionHigh))
	q.Budget.Bytes, q.Budget.Ratio = 1<<40, 200
	if _, err := engineWith(t, growingBox{grows: grows}).Compress(t.Context(), q, blob.NewScratch(t.TempDir())); err != nil {
		t.Errorf("60 MiB are free at any ratio: %v", err)
	}
}

// TestOnce: equal parts are compressed once in a request, wherever they lie, and told
// each under its own path.
func TestOnce(t *testing.T) {
	plans := 0
	plan := func(c context.Context, in codec.Subject, to format.ID, r recipe.Recipe) (codec.Plan, error) {
		plans++
		return halved(c, in, to, r)
	}
	inner := pack(member{name: "deep.fake", data: picture(400)})
	input := pack(member{name: "a.fake", data: picture(400)}, member{name: "b.fake", data: picture(400)},
		member{name: "x.box", data: inner}, member{name: "y.box", data: inner}, member{name: "c.fake", flag: 'o', data: picture(400)})
	out := compress(t, newEngine(t, plan), request(t, input, at(recipe.CompressionHigh)))
	if plans != 1+2 { // c may become another format too, so its plans are its own
		t.Errorf("%d plans", plans)
	}
	for i, path := range []string{"a.fake", "b.fake", "x.box", "y.box", "c.fake"} {
		if p := out.Report.Parts[i]; p.Path != path || p.SavedBytes <= 0 {
			t.Errorf("%+v", p)
		}
	}
	for _, m := range members(t, out.Result)[:2] {
		if len(m.data) != 200 {
			t.Errorf("%s: %d bytes", m.name, len(m.data))
		}
	}
}

// TestRules: what the recipe says of parts holds at any depth, and parts that are not
// asked for are told as such.
func TestRules(t *testing.T) {
	inner := pack(member{name: "b.fake", data: picture(410), waste: 10}, member{name: "no.fake", data: picture(420)})
	input := pack(member{name: "a.fake", data: picture(400)}, member{name: "no.fake", data: picture(430)},
		member{name: "in.box", data: inner})
	r := at(recipe.CompressionHigh)
	r.Archive.Exclude = []string{"no.*"}
	out := compress(t, newEngine(t, halved), request(t, input, r))
	for _, parts := range [][]report.Report{out.Report.Parts, out.Report.Parts[2].Parts} {
		if parts[0].Reason != report.Smallest || parts[1].Reason != report.NotAsked {
			t.Errorf("%+v", parts)
		}
	}
	r = at(recipe.CompressionHigh)
	r.Archive.Contents = false
	out = compress(t, newEngine(t, halved), request(t, pack(member{name: "a", data: picture(400), waste: 7}), r))
	if got := members(t, out.Result)[0]; len(got.data) != 400 || out.Report.SavedBytes != 7 {
		t.Errorf("contents false: %d bytes, %+v", len(got.data), out.Report)
	}
	r = at(recipe.CompressionHigh)
	r.Archive.Compression = recipe.CompressionNone
	out = compress(t, newEngine(t, halved), request(t, input, r))
	if out.Report.Reason != report.NotAsked || out.Report.Parts != nil {
		t.Errorf("none: %+v", out.Report)
	}
}

// TestScoreOfContainer: the container's score is that of its worst part.
func TestScoreOfContainer(t *testing.T) {
	out := compress(t, newEngine(t, halved), request(t, pack(
		member{name: "a", data: picture(400)}, member{name: "b", data: pack(member{name: "c", data: picture(500)})},
		member{name: "text", data: []byte("hello")}), at(recipe.CompressionHigh)))
	for _, r := range []report.Report{out.Report, out.Report.Parts[1]} {
		if r.Score == nil || *r.Score != 80 || *r.Worst != 79 {
			t.Errorf("%s: score %v", r.Path, r.Score)
		}
	}
	out = compress(t, newEngine(t, nil), request(t, pack(member{name: "a", data: picture(400), waste: 5}), at(recipe.CompressionHigh)))
	if r := out.Report; r.Score == nil || *r.Score != 100 {
		t.Errorf("nothing lost: score %v", r.Score)
	}
}

// TestMembersLevel: the container's level is its members' where the client named none.
func TestMembersLevel(t *testing.T) {
	var seen []recipe.Compression
	plan := func(c context.Context, in codec.Subject, to format.ID, r recipe.Recipe) (codec.Plan, error) {
		seen = append(seen, r.Image.Compression)
		return halved(c, in, to, r)
	}
	input := pack(member{name: "a", data: picture(400)}, member{name: "b", data: pack(member{name: "c", data: picture(500)})})
	for _, test := range []struct {
		archive recipe.Compression
		named   []string
		want    recipe.Compression
	}{
		{recipe.CompressionUltra, []string{"archive"}, recipe.CompressionUltra},
		{recipe.CompressionUltra, []string{"archive", "image"}, recipe.CompressionHigh},
		{recipe.CompressionLossless, []string{"archive", "image"}, recipe.CompressionLossless},
	} {
		seen = nil
		q := request(t, input, at(recipe.CompressionHigh))
		q.Recipe.Archive.Compression, q.Named = test.archive, test.named
		compress(t, newEngine(t, plan), q)
		if !slices.Equal(seen, []recipe.Compression{test.want, test.want}) {
			t.Errorf("%s, %v: members at %v", test.archive, test.named, seen)
		}
	}
}

// TestOutOfMemoryInPart: a part that ran out of memory ends the job. To keep it would let
// the machine decide on the bytes.
func TestOutOfMemoryInPart(t *testing.T) {
	plan := proposing(codec.Candidate{Label: "big", Format: fake,
		Encode: func(context.Context, *blob.Writer) error { return problem.New(problem.WorkerTimeout) }})
	q := request(t, pack(member{name: "a", data: picture(400)}), at(recipe.CompressionHigh))
	if _, err := newEngine(t, plan).Compress(t.Context(), q, blob.NewScratch(t.TempDir())); !problem.Has(err, problem.WorkerTimeout) {
		t.Errorf("%v", err)
	}
}

// TestNotPacked: parts that became smaller alone are told as they are in the result: kept,
// where the container is kept, or where it holds their source.
func TestNotPacked(t *testing.T) {
	input := pack(member{name: "a", data: picture(400)}, member{name: "b", data: pack(member{name: "c", data: picture(500)})})
	out := compress(t, assembled(t, halved, fakeMetric{}, fatBox{}), request(t, input, at(recipe.CompressionHigh)))
	if out.Report.Reason != report.NothingWon || len(out.Report.Parts) != 2 {
		t.Fatalf("%+v", out.Report)
	}
	a, b := out.Report.Parts[0], out.Report.Parts[1]
	for _, r := range []report.Report{a, b, b.Parts[0]} {
		if r.Chosen != report.Original || r.Reason != report.NothingWon || r.SavedBytes != 0 || r.Score != nil {
			t.Errorf("%s: %+v", r.Path, r)
		}
	}
	if v := verdicts(a)["half as fake"]; v != "larger" {
		t.Errorf("verdict %q", v)
	}
}

// fatBox packs so that nothing is won.
type fatBox struct{ boxCodec }

func (fatBox) Plan(_ context.Context, in codec.Subject, _ format.ID, _ recipe.Recipe) (codec.Plan, error) {
	return codec.Plan{Candidates: []codec.Candidate{{Label: "fat", Format: box, Lossless: true, Encode: writes(make([]byte, in.Blob.Size))}}}, nil
}

// growingBox is a box whose members expand to more than they hold.
type growingBox struct {
	boxCodec
	grows func(blob.Blob) int64
}

func (g growingBox) Parts(ctx context.Context, src blob.Blob, visit func(codec.Part, io.Reader) error) error {
	return g.boxCodec.Parts(ctx, src, func(p codec.Part, contents io.Reader) error {
		return visit(p, io.MultiReader(contents, bytes.NewReader(make([]byte, g.grows(src)))))
	})
}
