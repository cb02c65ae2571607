package codectest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/engine"
	"compressor/internal/format"
	"compressor/internal/metric"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/report"
)

// looked is a file as a stranger would look at it.
type looked struct {
	row    format.Row
	facts  codec.Facts
	data   []byte
	pixels pixels // upright; none where there is no independent decoder
}

// look detects, inspects and decodes.
func (b *bench) look(t *testing.T, file blob.Blob) (looked, error) {
	t.Helper()
	var l looked
	var err error
	if l.data, err = file.Bytes(1 << 30); err != nil {
		return l, err
	}
	if l.row, err = b.formats.Detect(bytes.NewReader(l.data), file.Size, "result"); err != nil {
		return l, err
	}
	if l.facts, err = b.all.Codec(l.row.ID).Inspect(t.Context(), file, codec.Limits{}); err != nil {
		return l, err
	}
	if b.decoder(l.row.ID) != nil && l.facts.NotHandled == "" {
		l.pixels, err = b.decode(l.row.ID, l.data, l.facts.Tag("exif"))
	}
	return l, err
}

// made is a source, what became of it, and both as they look.
type made struct {
	*bench
	recipe        recipe.Recipe
	in            blob.Blob
	out           engine.Outcome
	before, after looked
}

// make runs a recipe on a file and checks what holds for every result.
func (b *bench) make(t *testing.T, src blob.Blob, r recipe.Recipe) made {
	t.Helper()
	out, err := b.engine.Compress(t.Context(), b.request(src, r), scratch(t))
	if err != nil {
		t.Fatalf("%s: %v (%v)", asText(r), err, problem.From(err).Cause())
	}
	m := made{bench: b, recipe: r, in: src, out: out}
	if m.before, err = b.look(t, src); err != nil {
		t.Fatalf("input: %v", err)
	}
	if m.after, err = b.look(t, out.Result); err != nil {
		t.Fatalf("%s: the result: %v", asText(r), err)
	}
	m.declared(t)
	m.reported(t)
	return m
}

// asText names a recipe in messages.
func asText(r recipe.Recipe) string {
	text := string(r.Image.Compression)
	if v := r.Video; v != nil && v.Resize != nil {
		text += " film resize " + v.Resize.Mode
	}
	if r.Image.Quality != nil {
		text = fmt.Sprintf("quality %d", *r.Image.Quality)
	}
	if s := r.Image.Resize; s != nil {
		text += " resize " + s.Mode
	}
	if s := r.Image.Crop; s != nil {
		text += " crop " + s.Mode
	}
	return fmt.Sprintf("%s to %v preserve %v", text, r.Image.Format, r.Image.Preserve)
}

// same says that the input itself is the result.
func (m made) same() bool { return m.out.Result.Path() == m.in.Path() }

// changed says that something else than the input was asked for.
func (m made) changed() bool {
	img := m.recipe.Image
	if m.row.Family == recipe.FamilyVideo {
		return m.recipe.Video.Resize != nil
	}
	return img.Geometry() || !slices.Contains(m.recipe.MayBe(m.row.Family, m.row.ID), m.row.ID)
}

// declared: the result is what its description says.
func (m made) declared(t *testing.T) {
	t.Helper()
	d := m.out.Output
	if d.Format != m.after.row.ID || d.Type != m.after.row.Family || d.MIME != m.after.row.MIME {
		t.Errorf("%s: declared %s %s %s, is %s", asText(m.recipe), d.Type, d.Format, d.MIME, m.after.row.ID)
	}
	if d.Width != m.after.facts.Width || d.Height != m.after.facts.Height {
		t.Errorf("%s: declared %d×%d, is %d×%d", asText(m.recipe), d.Width, d.Height, m.after.facts.Width, m.after.facts.Height)
	}
	if p := m.after.pixels; p.pix != nil && (p.width != d.Width || p.height != d.Height) {
		t.Errorf("%s: declared %d×%d, decodes to %d×%d", asText(m.recipe), d.Width, d.Height, p.width, p.height)
	}
	if d.Size != int64(len(m.after.data)) || d.SHA256 != fmt.Sprintf("%x", sha256.Sum256(m.after.data)) {
		t.Errorf("%s: declared size or hash is wrong", asText(m.recipe))
	}
	if name := m.after.row.Name("sample"); m.after.row.ID != m.row.ID && d.Name != name {
		t.Errorf("%s: named %q, want %q", asText(m.recipe), d.Name, name)
	}
	if !slices.Contains(m.recipe.MayBe(m.row.Family, m.row.ID), d.Format) {
		t.Errorf("%s: came out as %s", asText(m.recipe), d.Format)
	}
	if !m.changed() && len(m.after.data) > len(m.before.data) {
		t.Errorf("%s: %d bytes became %d", asText(m.recipe), len(m.before.data), len(m.after.data))
	}
}

// reported: the report tells what happened, and its score is what a second measurement
// finds, at or above the floor.
func (m made) reported(t *testing.T) {
	t.Helper()
	rep := m.out.Report
	if m.same() != (rep.Chosen == report.Original) {
		t.Errorf("%s: chosen %q, but the input being the result is %t", asText(m.recipe), rep.Chosen, m.same())
	}
	if m.same() {
		if m.changed() {
			t.Errorf("%s: the input came back", asText(m.recipe))
		}
		return
	}
	chosen := slices.DeleteFunc(slices.Clone(rep.Attempts), func(a report.Attempt) bool { return a.Verdict != "chosen" })
	if len(chosen) != 1 || chosen[0].Label != rep.Chosen || chosen[0].Size != m.out.Result.Size {
		t.Errorf("%s: chosen %q of %d bytes, attempts %+v", asText(m.recipe), rep.Chosen, m.out.Result.Size, rep.Attempts)
	}
	if rep.SavedBytes != m.in.Size-m.out.Result.Size {
		t.Errorf("%s: saved_bytes %d, want %d", asText(m.recipe), rep.SavedBytes, m.in.Size-m.out.Result.Size)
	}
	floor := m.recipe.Floor(m.row.Family)
	if m.changed() {
		floor = max(min(floor, recipe.VisuallyLossless), m.recipe.Target(m.row.Family).Score)
	}
	switch {
	case rep.Score == nil:
		t.Errorf("%s: no score", asText(m.recipe))
	case rep.Reason == report.BelowQuality || rep.Reason == report.Fixed && m.recipe.Image.Quality != nil:
	case *rep.Score < min(floor, 100)-0.0005: // the report rounds to three decimals
		t.Errorf("%s: score %g is under the floor of %g, reason %q", asText(m.recipe), *rep.Score, floor, rep.Reason)
	}
	comparable := m.row.Family == recipe.FamilyImage && !m.recipe.Image.Geometry() || m.row.Family == recipe.FamilyVideo && !m.changed()
	if rep.Score != nil && comparable && (m.after.row.Alpha || !m.before.facts.Alpha) {
		if again := m.score(t); math.Abs(min(again, 100)-*rep.Score) > 0.0006 {
			t.Errorf("%s: reported score %g, measured again %g", asText(m.recipe), *rep.Score, again)
		}
	}
}

// score measures the result against the input from scratch.
func (m made) score(t *testing.T) float64 {
	t.Helper()
	var judge engine.Metric = metric.Pixels{}
	if m.row.Family == recipe.FamilyVideo {
		judge = metric.Film{}
	}
	ref, err := judge.Reference(t.Context(), codec.Subject{Blob: m.in, Format: m.before.row.ID})
	if err != nil {
		t.Fatal(err)
	}
	defer ref.Close()
	got, err := ref.Score(t.Context(), codec.Subject{Blob: m.out.Result, Format: m.after.row.ID})
	if err != nil {
		t.Fatal(err)
	}
	return got.Mean
}

// near is how far apart a lossy result may be, in units of 8-bit samples: generous for
// fine noise, and far less than any turned or miscoloured picture has.
const near = 32

// close compares a result with what it should show: exactly where the report says that
// nothing was lost, roughly otherwise.
func (m made) close(t *testing.T, want pixels) {
	t.Helper()
	if want.pix == nil || m.after.pixels.pix == nil {
		return
	}
	far := m.after.pixels.far(want)
	exact := m.out.Report.Score != nil && *m.out.Report.Score == 100 && !(m.suite.Rounds && m.changed()) &&
		m.after.facts.Depth >= m.before.facts.Depth // what a screen does not show may be gone otherwise
	if exact && !slices.Equal(m.after.pixels.pix, want.pix) {
		t.Errorf("%s: said to be without loss, yet %g apart", asText(m.recipe), far)
	}
	if far > near {
		t.Errorf("%s: %g apart, more than %d", asText(m.recipe), far, near)
	}
}

// again runs the same recipe on the result: the same bytes must come back.
func (m made) again(t *testing.T) {
	t.Helper()
	second, err := m.engine.Compress(t.Context(), m.request(m.out.Result, m.recipe), scratch(t))
	if err != nil {
		t.Errorf("%s: second pass: %v", asText(m.recipe), err)
		return
	}
	if !second.Result.Same(m.out.Result) {
		t.Errorf("%s: %d bytes by %s, and a second pass makes %d of them by %s (%s)", asText(m.recipe),
			m.out.Result.Size, m.out.Report.Chosen, second.Result.Size, second.Report.Chosen, second.Report.Reason)
	}
	switch second.Report.Reason {
	case report.NothingWon, report.NotAsked, report.BelowQuality:
	default:
		t.Errorf("%s: second pass: reason %s", asText(m.recipe), second.Report.Reason)
	}
}

// stripped: nothing beside the picture is left but what the look depends on.
func (m made) stripped(t *testing.T, s Sample) {
	t.Helper()
	for _, tag := range m.after.facts.Tags {
		turned := tag.Name == "exif" && orientationOf(tag.Value) != 1
		if !slices.Contains(s.Keeps, tag.Name) && !turned {
			t.Errorf("%s: %s of %d bytes is left", asText(m.recipe), tag.Name, len(tag.Value))
		}
	}
	for _, tag := range m.before.facts.Tags {
		told := func(lost string) bool { return strings.HasPrefix(lost, tag.Name) }
		if tag.Name == "exif" && len(s.Personal) == 0 {
			continue // an orientation alone: it was applied
		}
		if m.after.facts.Tag(tag.Name) == nil && !slices.ContainsFunc(m.out.Report.Lost, told) {
			t.Errorf("%s: %s is dropped and the report does not say so: %v", asText(m.recipe), tag.Name, m.out.Report.Lost)
		}
	}
	for kind, word := range s.Personal {
		if bytes.Contains(m.after.data, []byte(word)) {
			t.Errorf("%s: the %s %q is left", asText(m.recipe), kind, word)
		}
	}
	m.kept(t, s)
}

// kept: what the look depends on is there, unchanged.
func (m made) kept(t *testing.T, s Sample) {
	t.Helper()
	for _, name := range s.Keeps {
		want := m.before.facts.Tag(name)
		if want == nil {
			t.Fatalf("the sample has no %s", name)
		}
		if name == "icc" && slices.Contains(m.out.Report.Lost, "icc-profile (gray)") {
			continue // applied, for a format without gray
		}
		if !bytes.Equal(m.after.facts.Tag(name), want) {
			t.Errorf("%s: %s was not kept as it was", asText(m.recipe), name)
		}
	}
}

// levels runs each level, and each twice.
func (c *specimen) levels(t *testing.T) {
	levels := []recipe.Compression{recipe.CompressionHigh, recipe.CompressionLossless, recipe.CompressionNone}
	if c.thorough {
		levels = append(levels, recipe.CompressionMedium, recipe.CompressionUltra)
	}
	for _, level := range levels {
		m := c.make(t, c.src, at(level))
		m.close(t, m.before.pixels)
		if level == recipe.CompressionNone {
			if !m.same() || m.out.Report.Reason != report.NotAsked {
				t.Errorf("none: %s, %s", m.out.Report.Chosen, m.out.Report.Reason)
			}
			continue
		}
		if !m.same() {
			m.stripped(t, c.Sample)
		}
		if level == recipe.CompressionLossless && !m.same() && *m.out.Report.Score != 100 {
			t.Errorf("lossless: score %g", *m.out.Report.Score)
		}
		m.again(t)
	}
}

// quality asks for a fixed one: the floor does not apply, the score is told.
func (c *specimen) quality(t *testing.T) {
	if !c.row.Lossy {
		return
	}
	quality := 40
	r := at(recipe.CompressionHigh)
	r.Image.Quality = &quality
	m := c.make(t, c.src, r)
	m.close(t, m.before.pixels)
	switch m.out.Report.Reason {
	case report.Fixed, report.NothingWon, report.Smallest: // the last if one without loss is smaller still
	default:
		t.Errorf("quality 40: reason %s", m.out.Report.Reason)
	}
	m.again(t)
}

// metadata asks for each kind that the sample has, and for all of it.
func (c *specimen) metadata(t *testing.T) {
	sixty := 60
	lossy := at(recipe.CompressionHigh)
	lossy.Image.Quality = &sixty
	for _, r := range []recipe.Recipe{at(recipe.CompressionLossless), lossy} {
		for kind := range c.Personal {
			r.Image.Preserve = []string{kind}
			m := c.make(t, c.src, r)
			m.kept(t, c.Sample)
			for other, word := range c.Personal {
				if m.holds(word) != (other == kind) {
					t.Errorf("%s: the %s %q: there is %t", asText(r), other, word, m.holds(word))
				}
			}
			m.again(t)
		}
		r.Image.Preserve = []string{"all"}
		m := c.make(t, c.src, r)
		m.close(t, m.before.pixels)
		for kind, word := range c.Personal {
			if !m.holds(word) {
				t.Errorf("%s: the %s %q is gone", asText(r), kind, word)
			}
		}
		for _, tag := range m.before.facts.Tags {
			if m.after.facts.Tag(tag.Name) == nil {
				t.Errorf("%s: %s is gone", asText(r), tag.Name)
			}
		}
		m.again(t)
	}
}

// holds says whether a word stands in the result's tags.
func (m made) holds(word string) bool {
	return slices.ContainsFunc(m.after.facts.Tags, func(tag codec.Tag) bool {
		return bytes.Contains(tag.Value, []byte(word))
	})
}

// untouched: a file with a feature that is not handled stays as it is, and what would
// change it is refused.
func (c *specimen) untouched(t *testing.T) {
	for _, level := range []recipe.Compression{recipe.CompressionHigh, recipe.CompressionLossless, recipe.CompressionNone} {
		m := c.make(t, c.src, at(level))
		if !m.same() || m.out.Report.Reason != report.NotHandled || m.out.Report.Why != c.Untouched {
			t.Errorf("%s: %s, %s, why %q", level, m.out.Report.Chosen, m.out.Report.Reason, m.out.Report.Why)
		}
	}
	for _, row := range c.siblings() {
		r := at(recipe.CompressionHigh)
		r.Image.Format = recipe.Formats{row.ID}
		_, err := c.engine.Compress(t.Context(), c.request(c.src, r), scratch(t))
		if !problem.Has(err, problem.OptionsInvalid) || !strings.Contains(err.Error(), c.Untouched) {
			t.Errorf("to %s: %v, want options-invalid that says %q", row.ID, err, c.Untouched)
		}
	}
}
