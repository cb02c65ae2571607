package codectest

import (
	"slices"
	"testing"

	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/report"
)

// sized is a geometry, and the size that must come out.
type sized struct {
	resize        *recipe.Resize
	crop          *recipe.Crop
	width, height int
	part          *[4]int // the rectangle of the input that the result shows
}

// geometries lists what is asked of a picture of these sides, which are at least 40.
func geometries(w, h int) []sized {
	n := func(v int) *int { return &v }
	half := (h*(w/2)*2 + w) / (2 * w) // rounded
	square := min(w, h)
	left, top := (w-square)/2, (h-square)/2
	return []sized{
		{resize: &recipe.Resize{Mode: "auto", Width: n(w / 2), Gravity: "center"},
			width: w / 2, height: half, part: &[4]int{0, 0, w, h}},
		{crop: &recipe.Crop{Mode: "rect", X: n(3), Y: n(5), Width: n(30), Height: n(20)},
			width: 30, height: 20, part: &[4]int{3, 5, 30, 20}},
		{resize: &recipe.Resize{Mode: "exact", Width: n(33), Height: n(21), Gravity: "center"},
			width: 33, height: 21, part: &[4]int{0, 0, w, h}},
		// From here on only for the first two samples.
		{resize: &recipe.Resize{Mode: "fit", Width: n(24), Height: n(36), Gravity: "top-left"}, width: 24, height: 36},
		{resize: &recipe.Resize{Mode: "pad", Width: n(64), Height: n(50), Gravity: "center"}, width: 64, height: 50},
		{crop: &recipe.Crop{Mode: "ratio", Ratio: "1:1"},
			width: square, height: square, part: &[4]int{left, top, square, square}},
		{crop: &recipe.Crop{Mode: "rect", Width: n(30), Height: n(20), Gravity: "bottom-right"},
			resize: &recipe.Resize{Mode: "exact", Width: n(15), Height: n(10), Gravity: "center"},
			width:  15, height: 10, part: &[4]int{w - 30, h - 20, 30, 20}},
	}
}

// geometry resizes and cuts: the size is exact, and the picture shows the right part.
func (c *specimen) geometry(t *testing.T) {
	if c.facts.Width < 40 || c.facts.Height < 40 {
		return
	}
	all := geometries(c.facts.Width, c.facts.Height)
	if !c.thorough {
		all = all[:3]
	}
	for _, g := range all {
		for _, level := range c.some(recipe.CompressionNone, recipe.CompressionUltra) {
			r := at(level)
			r.Image.Resize, r.Image.Crop = g.resize, g.crop
			m := c.make(t, c.src, r)
			if d := m.out.Output; d.Width != g.width || d.Height != g.height {
				t.Errorf("%s: %d×%d, want %d×%d", asText(r), d.Width, d.Height, g.width, g.height)
				continue
			}
			m.stripped(t, c.Sample)
			if g.part == nil || m.after.pixels.pix == nil {
				continue
			}
			want := m.before.pixels.part(g.part[0], g.part[1], g.part[2], g.part[3])
			if g.resize == nil {
				m.close(t, want)
				continue
			}
			// Scalers differ in detail, not in the average of a ninth of the picture.
			if far := want.shrunk(3, 3).far(m.after.pixels.shrunk(3, 3)); far > 20 {
				t.Errorf("%s: shows something else, by %g", asText(r), far)
			}
		}
	}
	// What enlarges nothing changes nothing. A drawing may grow.
	r := at(recipe.CompressionHigh)
	wide := 2 * c.facts.Width
	r.Image.Resize = &recipe.Resize{Mode: "auto", Width: &wide, Gravity: "center"}
	plan, err := c.plan(t.Context(), c.row.ID, r)
	if err != nil {
		t.Fatal(err)
	}
	defer closePlan(plan)
	if plan.Changed != c.facts.Vector {
		t.Errorf("a resize that would only enlarge is taken for a change: %t", plan.Changed)
	}
}

// some gives all levels, or the first of them.
func (c *specimen) some(levels ...recipe.Compression) []recipe.Compression {
	if c.thorough {
		return levels
	}
	return levels[:1]
}

// conversion writes the sample in each other format of the family.
func (c *specimen) conversion(t *testing.T) {
	for _, row := range c.siblings() {
		for _, level := range c.some(recipe.CompressionLossless, recipe.CompressionHigh) {
			r := at(level)
			r.Image.Format = recipe.Formats{row.ID}
			m := c.make(t, c.src, r)
			m.close(t, m.before.pixels)
			m.stripped(t, c.Sample)
			lost := slices.Contains(m.out.Report.Lost, "alpha")
			if want := c.facts.Alpha && !row.Alpha; lost != want {
				t.Errorf("%s: lost %v, alpha among it: %t, want %t", asText(r), m.out.Report.Lost, lost, want)
			}
			if c.facts.Alpha && row.Alpha && !m.after.facts.Alpha {
				t.Errorf("%s: alpha is gone", asText(r))
			}
		}
		if !c.thorough {
			continue
		}
		r := at(recipe.CompressionHigh)
		r.Image.Format = recipe.Formats{recipe.Keep, row.ID}
		m := c.make(t, c.src, r)
		m.close(t, m.before.pixels)
		score := 95.0 // more than a level would ask of a new picture
		r.Image.Format, r.Image.MinScore = recipe.Formats{row.ID}, &score
		m = c.make(t, c.src, r)
		if m.out.Report.Reason == report.BelowQuality && row.ID != "jpeg" {
			t.Errorf("%s: score %v, though %s can do without loss", asText(r), *m.out.Report.Score, row.ID)
		}
	}
}

// sides: a picture wider than the format can be is refused by name, not by a failure.
func (b *bench) sides(t *testing.T) {
	other, wide, yes := b.siblings()[0].ID, b.suite.Side+1, true
	for name, test := range map[string]struct {
		from  format.ID
		width int
		img   recipe.Image
		field string
	}{
		"just wide enough":  {other, b.suite.Side, recipe.Image{}, ""},
		"too wide":          {other, wide, recipe.Image{}, "image.format"},
		"too wide, but cut": {other, wide, recipe.Image{Crop: &recipe.Crop{Mode: "ratio", Ratio: "1:1"}}, ""},
		"grown too wide": {b.row.ID, b.suite.Side - 300,
			recipe.Image{Resize: &recipe.Resize{Mode: "auto", Width: &wide, Upscale: &yes}}, "image.resize"},
	} {
		in := codec.Subject{Format: test.from, Facts: codec.Facts{Width: test.width, Height: 1}}
		plan, err := b.codec.Plan(t.Context(), in, b.row.ID, recipe.Recipe{Image: test.img})
		closePlan(plan)
		field := ""
		if p := problem.From(err); err != nil && p.Code == problem.OptionsInvalid {
			field = p.Fields[0].Path
		}
		if field != test.field || err != nil && field == "" {
			t.Errorf("%s: %v, want %q refused", name, err, test.field)
		}
	}
}
