package picture_test

import (
	"encoding/binary"
	"os"
	"slices"
	"testing"

	"compressor/internal/codec"
	"compressor/internal/format"
	"compressor/internal/picture"
	"compressor/internal/problem"
	"compressor/internal/recipe"
)

func n(v int) *int { return &v }

// subject is a JPEG of 40×30 as shown.
func subject(facts codec.Facts) codec.Subject {
	facts.Width, facts.Height = 40, 30
	return codec.Subject{Format: "jpeg", Facts: facts, Floor: 75}
}

func with(change func(*recipe.Image)) recipe.Recipe {
	r := recipe.Recipe{Image: recipe.Image{Compression: recipe.CompressionHigh}}
	if change != nil {
		change(&r.Image)
	}
	return r
}

func prepared(t *testing.T, in codec.Subject, to format.ID, r recipe.Recipe) *picture.Work {
	t.Helper()
	w, err := picture.Prepare(in, to, r, picture.Holds{Alpha: true, Comments: true, IPTC: true})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestSame(t *testing.T) {
	smaller := func(img *recipe.Image) { img.Resize = &recipe.Resize{Mode: "auto", Width: n(20)} }
	larger := func(img *recipe.Image) { img.Resize = &recipe.Resize{Mode: "auto", Width: n(80)} }
	cut := func(img *recipe.Image) { img.Crop = &recipe.Crop{Mode: "ratio", Ratio: "1:1"} }
	part := subject(codec.Facts{})
	part.Part = true
	for name, test := range map[string]struct {
		in     codec.Subject
		to     format.ID
		change func(*recipe.Image)
		same   bool
	}{
		"nothing asked":           {subject(codec.Facts{}), "jpeg", nil, true},
		"another format":          {subject(codec.Facts{}), "png", nil, false},
		"smaller":                 {subject(codec.Facts{}), "jpeg", smaller, false},
		"larger, by auto":         {subject(codec.Facts{}), "jpeg", larger, true},
		"a drawing grows":         {subject(codec.Facts{Vector: true}), "jpeg", larger, false},
		"cut":                     {subject(codec.Facts{}), "jpeg", cut, false},
		"a member keeps its size": {part, "jpeg", smaller, true},
		"a member is not cut":     {part, "jpeg", cut, true},
	} {
		w := prepared(t, test.in, test.to, with(test.change))
		plan := w.Plan()
		if w.Same != test.same || plan.Changed == test.same || (plan.Reference == nil) != test.same {
			t.Errorf("%s: same %t, changed %t, a reference %t", name, w.Same, plan.Changed, plan.Reference != nil)
		}
		if plan.Close == nil {
			t.Errorf("%s: nothing to close", name)
		}
	}
}

func TestIdle(t *testing.T) {
	none := func(img *recipe.Image) { img.Compression = recipe.CompressionNone }
	for name, test := range map[string]struct {
		in     codec.Subject
		to     format.ID
		change func(*recipe.Image)
		idle   bool
	}{
		"compression":              {subject(codec.Facts{}), "jpeg", nil, false},
		"none":                     {subject(codec.Facts{}), "jpeg", none, true},
		"none, but another format": {subject(codec.Facts{}), "png", none, false},
		"something is not handled": {subject(codec.Facts{NotHandled: "CMYK"}), "jpeg", nil, true},
	} {
		if w := prepared(t, test.in, test.to, with(test.change)); w.Idle() != test.idle {
			t.Errorf("%s: idle %t", name, w.Idle())
		}
	}
}

// TestSpent: an earlier pass's loss is not added to.
func TestSpent(t *testing.T) {
	fixed := func(quality int) func(*recipe.Image) { return func(img *recipe.Image) { img.Quality = &quality } }
	spent := subject(codec.Facts{})
	spent.Floor = recipe.NoLoss
	for name, test := range map[string]struct {
		in     codec.Subject
		to     format.ID
		change func(*recipe.Image)
		want   bool
	}{
		"room is left":                {subject(codec.Facts{}), "jpeg", nil, false},
		"no room":                     {spent, "jpeg", nil, true},
		"no room, but another format": {spent, "png", nil, false},
		"the same quality again":      {subject(codec.Facts{Prior: codec.Prior{Quality: 60}}), "jpeg", fixed(60), true},
		"a higher one":                {subject(codec.Facts{Prior: codec.Prior{Quality: 60}}), "jpeg", fixed(61), true},
		"a lower one":                 {subject(codec.Facts{Prior: codec.Prior{Quality: 60}}), "jpeg", fixed(59), false},
		"a quality, unmarked":         {subject(codec.Facts{}), "jpeg", fixed(60), false},
	} {
		if w := prepared(t, test.in, test.to, with(test.change)); w.Spent() != test.want {
			t.Errorf("%s: spent %t", name, w.Spent())
		}
	}
}

// TestRefuses: what would change a picture that is not handled is named, all at once.
func TestRefuses(t *testing.T) {
	in := subject(codec.Facts{NotHandled: "CMYK"})
	for name, test := range map[string]struct {
		to     format.ID
		change func(*recipe.Image)
		paths  []string
	}{
		"format": {"png", nil, []string{"image.format"}},
		"all": {"png", func(img *recipe.Image) {
			img.Resize = &recipe.Resize{Mode: "auto", Width: n(10)}
			img.Crop = &recipe.Crop{Mode: "ratio", Ratio: "1:1"}
		}, []string{"image.format", "image.resize", "image.crop"}},
		"a resize that changes nothing": {"jpeg", func(img *recipe.Image) { img.Resize = &recipe.Resize{Mode: "auto", Width: n(100)} }, nil},
	} {
		_, err := picture.Prepare(in, test.to, with(test.change), picture.Holds{})
		var paths []string
		if err != nil {
			for _, f := range problem.From(err).Fields {
				paths = append(paths, f.Path)
			}
		}
		if !slices.Equal(paths, test.paths) || err != nil && !problem.Has(err, problem.OptionsInvalid) {
			t.Errorf("%s: %v, want %v", name, err, test.paths)
		}
	}
	_, err := picture.Prepare(subject(codec.Facts{}), "jpeg", with(func(img *recipe.Image) {
		img.Crop = &recipe.Crop{Mode: "rect", Width: n(41), Height: n(1)}
	}), picture.Holds{})
	if !problem.Has(err, problem.OptionsInvalid) {
		t.Errorf("a crop outside: %v", err)
	}
}

// exif holds an orientation and a copyright, big-endian.
func exif(orientation byte) []byte {
	out := []byte{'M', 'M', 0, 42, 0, 0, 0, 8, 0, 2}
	out = append(out, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0)
	out = append(out, 0x82, 0x98, 0, 2, 0, 0, 0, 8)
	out = binary.BigEndian.AppendUint32(out, uint32(len(out)+8))
	return append(append(out, 0, 0, 0, 0), "by Ada!\x00"...)
}

func TestMetadata(t *testing.T) {
	srgb, err := os.ReadFile("../../testdata/photometa/sRGB-v4.icc")
	if err != nil {
		t.Fatal(err)
	}
	p3, err := os.ReadFile("../../testdata/photometa/DisplayP3-v4.icc")
	if err != nil {
		t.Fatal(err)
	}
	tags := func(icc []byte) codec.Facts {
		return codec.Facts{Tags: []codec.Tag{{Name: "exif", Value: exif(6)}, {Name: "icc", Value: icc}, {Name: "comment", Value: []byte("x")}}}
	}
	w := prepared(t, subject(tags(srgb)), "jpeg", with(nil))
	if len(w.Stored.EXIF) == 0 || len(w.Upright.EXIF) != 0 {
		t.Errorf("the orientation must stay with stored pixels, %d bytes, and go with turned ones, %d", len(w.Stored.EXIF), len(w.Upright.EXIF))
	}
	if len(w.Stored.ICC) != 0 || !slices.Contains(w.Stored.Lost, "icc-profile (sRGB)") {
		t.Errorf("sRGB: %d bytes, lost %v", len(w.Stored.ICC), w.Stored.Lost)
	}
	if !slices.Contains(w.Stored.Lost, "comment") || !slices.Contains(w.Upright.Lost, "comment") {
		t.Errorf("the comment: lost %v, %v", w.Stored.Lost, w.Upright.Lost)
	}
	w = prepared(t, subject(tags(p3)), "png", with(nil))
	if string(w.Upright.ICC) != string(p3) {
		t.Errorf("Display P3: %d bytes of %d", len(w.Upright.ICC), len(p3))
	}
	w = prepared(t, subject(tags(srgb)), "jpeg", with(func(img *recipe.Image) { img.Preserve = []string{"all"} }))
	if len(w.Stored.ICC) == 0 || slices.Contains(w.Stored.Lost, "comment") {
		t.Errorf("all: profile %d bytes, lost %v", len(w.Stored.ICC), w.Stored.Lost)
	}
	groups := picture.Metadata(tags(p3), map[string]any{"width": 40})()
	if groups["pixels"] == nil || groups["exif"] == nil || groups["icc"] == nil {
		t.Errorf("groups %v", groups)
	}
}

// TestBounds: what would come out is held to the same limit as what goes in, and what only
// one format can say is not lost in another.
func TestBounds(t *testing.T) {
	in := subject(codec.Facts{})
	in.Limits.Pixels = 40 * 30
	enlarged := func(img *recipe.Image) {
		img.Resize = &recipe.Resize{Mode: "exact", Width: n(41), Height: n(30)}
	}
	_, err := picture.Prepare(in, "jpeg", with(enlarged), picture.Holds{})
	want := problem.Field{Path: "image.resize", Message: "Must be at most 1200; got 1230."}
	if !problem.Has(err, problem.LimitExceeded) || problem.From(err).Fields[0] != want {
		t.Errorf("too large: %v", err)
	}
	if _, err := picture.Prepare(in, "jpeg", with(nil), picture.Holds{}); err != nil {
		t.Errorf("just as large as allowed: %v", err)
	}
	bound := subject(codec.Facts{Bound: "cICP"})
	if _, err := picture.Prepare(bound, "jpeg", with(nil), picture.Holds{}); err != nil {
		t.Errorf("the same format: %v", err)
	}
	_, err = picture.Prepare(bound, "png", with(nil), picture.Holds{Alpha: true})
	if !problem.Has(err, problem.OptionsInvalid) || problem.From(err).Fields[0].Path != "image.format" {
		t.Errorf("another format: %v", err)
	}
	clear := func(img *recipe.Image) {
		img.Resize = &recipe.Resize{Mode: "pad", Width: n(80), Height: n(80), Background: "transparent"}
	}
	for alpha, notes := range map[bool]int{true: 0, false: 1} {
		w, err := picture.Prepare(subject(codec.Facts{}), "jpeg", with(clear), picture.Holds{Alpha: alpha})
		if err != nil || len(w.Plan().Notes) != notes {
			t.Errorf("a transparent canvas, alpha %v: %v, %v", alpha, w.Plan().Notes, err)
		}
	}
}

// TestHolds: what the output has no place for goes, and is named, even where all is to stay.
func TestHolds(t *testing.T) {
	facts := codec.Facts{Alpha: true, Depth: 16, Tags: []codec.Tag{{Name: "iptc", Value: []byte("\x1c\x02\x74\x00\x01x")}, {Name: "comment", Value: []byte("x")}}}
	all := func(img *recipe.Image) { img.Preserve = []string{"all"} }
	for name, test := range map[string]struct {
		holds picture.Holds
		lost  []string
	}{
		"all of it":   {picture.Holds{Alpha: true, IPTC: true, Comments: true, Depth: 16}, nil},
		"no IPTC":     {picture.Holds{Alpha: true, Comments: true, Depth: 16}, []string{"iptc"}},
		"no comments": {picture.Holds{Alpha: true, IPTC: true, Depth: 16}, []string{"comment"}},
		"no alpha":    {picture.Holds{IPTC: true, Comments: true, Depth: 16}, []string{"alpha"}},
		"ten bits":    {picture.Holds{Alpha: true, IPTC: true, Comments: true, Depth: 10}, []string{"depth (16 bits a sample, now 10)"}},
	} {
		w, err := picture.Prepare(subject(facts), "png", with(all), test.holds)
		if err != nil || !slices.Equal(w.Upright.Lost, test.lost) {
			t.Errorf("%s: lost %v, want %v, %v", name, w.Upright.Lost, test.lost, err)
		}
		if err == nil && (len(w.Upright.IPTC) > 0) != test.holds.IPTC {
			t.Errorf("%s: IPTC of %d bytes goes along", name, len(w.Upright.IPTC))
		}
	}
	in := codec.Subject{Format: "jpeg", Facts: codec.Facts{Width: 200, Height: 1}}
	for to, path := range map[format.ID]string{"png": "image.format", "jpeg": ""} {
		_, err := picture.Prepare(in, to, with(nil), picture.Holds{Side: 199})
		if got := err != nil; got != (path != "") || got && problem.From(err).Fields[0].Path != path {
			t.Errorf("a picture too wide for %s: %v", to, err)
		}
	}
}

// TestTint: a gray picture with a coloured background is planned as one in colour.
func TestTint(t *testing.T) {
	gray := codec.Facts{Gray: true, Alpha: true}
	red := func(img *recipe.Image) { img.Background = "#ff0000" }
	white := func(img *recipe.Image) { img.Background = "#ffffff" }
	around := func(img *recipe.Image) {
		img.Resize = &recipe.Resize{Mode: "pad", Width: n(80), Height: n(80), Background: "#00ff00"}
	}
	for name, test := range map[string]struct {
		facts  codec.Facts
		change func(*recipe.Image)
		alpha  bool
		gray   bool
	}{
		"red behind":                 {gray, red, false, false},
		"white behind":               {gray, white, false, true},
		"red, but alpha stays":       {gray, red, true, true},
		"red, but nothing to see it": {codec.Facts{Gray: true}, red, false, true},
		"green around":               {gray, around, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := picture.Prepare(subject(test.facts), "jpeg", with(test.change), picture.Holds{Alpha: test.alpha})
			if err != nil || w.In.Facts.Gray != test.gray {
				t.Errorf("gray is %v, %v", w.In.Facts.Gray, err)
			}
		})
	}
}
