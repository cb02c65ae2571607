package svg_test

import (
	"bytes"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"compressor/internal/blob"
	"compressor/internal/codec"
	"compressor/internal/codec/all"
	"compressor/internal/codec/svg"
	"compressor/internal/engine"
	"compressor/internal/format"
	"compressor/internal/metric"
	"compressor/internal/problem"
	"compressor/internal/recipe"
	"compressor/internal/vips"
	"compressor/test/decoders"
)

func stored(t *testing.T, data []byte) blob.Blob {
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

// compress runs the real engine.
func compress(t *testing.T, data []byte, level recipe.Compression, to format.ID) (engine.Outcome, error) {
	t.Helper()
	return run(t, data, recipe.Recipe{Image: recipe.Image{Compression: level, Format: recipe.Formats{to}, Background: "#ffffff"}})
}

func run(t *testing.T, data []byte, r recipe.Recipe) (engine.Outcome, error) {
	t.Helper()
	if err := vips.Start(); err != nil {
		t.Fatal(err)
	}
	metrics := map[format.Family]engine.Metric{recipe.FamilyImage: metric.Pixels{}, recipe.FamilyArchive: metric.Members{}, recipe.FamilyVideo: metric.Film{}}
	e, err := engine.New(all.Codecs(), metrics)
	if err != nil {
		t.Fatal(err)
	}
	return e.Compress(t.Context(), engine.Request{Source: stored(t, data), Name: "drawing.svg", Recipe: r}, blob.NewScratch(t.TempDir()))
}

func text(t *testing.T, out engine.Outcome) string {
	t.Helper()
	data, err := out.Result.Bytes(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestDrawnAlike: what comes out is drawn as what went in, by another renderer, and is
// smaller.
func TestDrawnAlike(t *testing.T) {
	other := newResvg(t)
	files := map[string][]byte{"styled": []byte(styled)}
	for _, name := range []string{"bootstrap-gear.svg", "flag-kr.svg", "devicon-rust.svg", "tabler-pencil-bolt.svg"} {
		files[name] = realFile(t, name)
	}
	for name, data := range files {
		for level, most := range map[recipe.Compression]float64{recipe.CompressionLossless: 0.5, recipe.CompressionHigh: 2} {
			out, err := compress(t, data, level, recipe.Keep)
			if err != nil {
				t.Fatal(err)
			}
			if out.Result.Size >= int64(len(data)) {
				t.Errorf("%s, %s: %d bytes became %d", name, level, len(data), out.Result.Size)
			}
			far, err := apart(other, data, []byte(text(t, out)), 256)
			if err != nil || far > most {
				t.Errorf("%s, %s: %g apart, more than %g (%v)", name, level, far, most, err)
			}
		}
	}
}

// TestStrokesJoined: strokes that cross become one path where that does not show at the size
// of an icon.
func TestStrokesJoined(t *testing.T) {
	other := newResvg(t)
	const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#000" stroke-width="2"> %s </svg>`
	for _, c := range []struct {
		paths string
		left  int
	}{
		{`<path d="M4 12h16"/><path d="M12 4v16"/>`, 1},
		{`<path d="M2 3h6a4 4 0 0 1 4 4v14a3 3 0 0 0-3-3H2z"/><path d="M22 3h-6a4 4 0 0 0-4 4v14a3 3 0 0 1 3-3h7z"/>`, 2}, // along each other
	} {
		data := fmt.Appendf(nil, icon, c.paths)
		out, err := compress(t, data, recipe.CompressionHigh, recipe.Keep)
		if err != nil {
			t.Fatal(err)
		}
		made := text(t, out)
		if got := strings.Count(made, "<path"); got != c.left {
			t.Errorf("%s became %d paths, not %d: %s", c.paths, got, c.left, made)
		}
		if far, err := apart(other, data, []byte(made), 64); err != nil || far > 1 {
			t.Errorf("%s: %g apart (%v)", c.paths, far, err)
		}
	}
}

// apart is the root of the mean squared difference of two drawings, fitted into a square of
// that side in pixels, in units of 8-bit samples.
func apart(r *decoders.Resvg, a, b []byte, side int) (float64, error) {
	var drawn [2]image.Image
	for i, data := range [][]byte{a, b} {
		im, err := r.Decode(bytes.NewReader(fitted(data, side)))
		if err != nil {
			return 0, err
		}
		drawn[i] = im
	}
	if drawn[0].Bounds() != drawn[1].Bounds() {
		return math.Inf(1), nil
	}
	var sum float64
	box := drawn[0].Bounds()
	for y := range box.Dy() {
		for x := range box.Dx() {
			r1, g1, b1, a1 := drawn[0].At(x, y).RGBA()
			r2, g2, b2, a2 := drawn[1].At(x, y).RGBA()
			for _, d := range [...]float64{float64(r1) - float64(r2), float64(g1) - float64(g2), float64(b1) - float64(b2), float64(a1) - float64(a2)} {
				sum += d * d / 257 / 257
			}
		}
	}
	return math.Sqrt(sum / float64(4*box.Dx()*box.Dy())), nil
}

// fitted makes a drawing be drawn at that size by putting it into another.
func fitted(data []byte, side int) []byte {
	_, document, _ := strings.Cut(string(data), "<svg")
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 64 64"><svg%s</svg>`, side, side, document)
}

// TestKept: what others may look for is there afterwards.
func TestKept(t *testing.T) {
	in := `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" role="img" aria-labelledby="t" lang="en">
  <title id="t">A  thing</title><desc>What it is</desc>
  <path id="outline" class="k" d="M 4.0 4.0 L 30.0 4.0"/><a href="#outline"><rect width="9.000" height="9"/></a>
  <symbol id="s"><path d="M0 0h1"/></symbol><view id="v" viewBox="0 0 9 9"/>
</svg>`
	out, err := compress(t, []byte(in), recipe.CompressionHigh, recipe.Keep)
	if err != nil {
		t.Fatal(err)
	}
	got := text(t, out)
	for _, word := range []string{`role="img"`, `aria-labelledby="t"`, `id="t"`, `lang="en"`, "What it is", `id="outline"`, `class="k"`, `href="#outline"`, `id="s"`, `id="v"`} {
		if !strings.Contains(got, word) {
			t.Errorf("%s is gone: %s", word, got)
		}
	}
	out, err = compress(t, []byte(scripted), recipe.CompressionHigh, recipe.Keep)
	if err != nil {
		t.Fatal(err)
	}
	got = text(t, out)
	for _, word := range []string{`onload="go()"`, "function go()", `id="r"`, `class="k"`, `x="4.00"`, "1 &lt; 2"} {
		if !strings.Contains(got, word) {
			t.Errorf("%s is gone: %s", word, got)
		}
	}
	if len(out.Report.Notes) != 1 {
		t.Errorf("notes %q", out.Report.Notes)
	}
}

// TestUnsafe: what api.md and security.md settle.
func TestUnsafe(t *testing.T) {
	doc := func(subset, inside string) string {
		return "<!DOCTYPE svg [" + subset + `]><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">` + inside + "</svg>"
	}
	laughs := `<!ENTITY a "ha">`
	for c := 'b'; c < 'm'; c++ {
		laughs += fmt.Sprintf(`<!ENTITY %c "%s">`, c, strings.Repeat(fmt.Sprintf("&%c;", c-1), 10))
	}
	uses := `<g id="u0"><path d="M0 0h1"/></g>`
	for i := range 30 {
		uses += fmt.Sprintf(`<g id="u%d">%s</g>`, i+1, strings.Repeat(fmt.Sprintf(`<use href="#u%d"/>`, i), 4))
	}
	for name, test := range map[string]struct {
		data string
		code problem.Code
	}{
		"billion laughs":       {doc(laughs, "&l;"), problem.FormatUnsafe},
		"external entity":      {doc(`<!ENTITY x SYSTEM "file:///etc/passwd">`, "<text>&x;</text>"), problem.FormatUnsafe},
		"parameter entity":     {doc(`<!ENTITY % x SYSTEM "http://127.0.0.1/"> %x;`, ""), problem.FormatUnsafe},
		"a million groups":     {`<svg xmlns="http://www.w3.org/2000/svg">` + strings.Repeat("<g>", 1e6), problem.LimitExceeded},
		"uses of uses":         {`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">` + uses + "</svg>", problem.LimitExceeded},
		"a size beyond bounds": {`<svg xmlns="http://www.w3.org/2000/svg" width="1e9" height="9"/>`, problem.LimitExceeded},
		"a zip bomb":           {string(zip(t, "<svg xmlns='http://www.w3.org/2000/svg'>"+strings.Repeat(" ", 40<<20)+"</svg>")), problem.LimitExceeded},
		"a picture bomb": {`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="data:image/png;base64,` +
			`iVBORw0KGgoAAAANSUhEUgAAdTAAAHUwCAAAAAA="/></svg>`, problem.LimitExceeded},
	} {
		if _, err := compress(t, []byte(test.data), recipe.CompressionHigh, recipe.Keep); !problem.Has(err, test.code) {
			t.Errorf("%s: %v, want %s", name, err, test.code)
		}
	}
}

// TestContentsOfOthers: foreignObject, imports and files beside the drawing stay, and keep
// it from becoming a picture.
func TestContentsOfOthers(t *testing.T) {
	for name, inside := range map[string]string{
		"foreignObject": `<foreignObject width="9" height="9"><p xmlns="http://www.w3.org/1999/xhtml">Hello  you</p></foreignObject>`,
		"@import":       `<style>@import url(http://127.0.0.1/a.css);</style>`,
		"image":         `<image width="9" height="9" href="file:///etc/passwd"/>`,
	} {
		data := []byte(`<svg xmlns="http://www.w3.org/2000/svg"   width="9"   height="9"   >` + inside + `<!-- --></svg>`)
		out, err := compress(t, data, recipe.CompressionHigh, recipe.Keep)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		word := map[string]string{"foreignObject": "Hello  you", "@import": "@import url(http://127.0.0.1/a.css)", "image": "file:///etc/passwd"}[name]
		if got := text(t, out); !strings.Contains(got, word) || len(got) >= len(data) {
			t.Errorf("%s: became %s", name, got)
		}
		if _, err := compress(t, data, recipe.CompressionHigh, "png"); !problem.Has(err, problem.OptionsInvalid) {
			t.Errorf("%s: to PNG: %v, want options-invalid", name, err)
		}
	}
}

// TestSecondPass: what has been minified stays as it is, odd paths included, whose errors one
// way of writing keeps and another must not mend.
func TestSecondPass(t *testing.T) {
	const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"> %s <rect y="45" width="10" height="10" opacity="2" stroke-width="-3" stroke="red"/></svg>`
	for _, inside := range []string{
		`<path d="M60 60 L 90 60 90 90 60" fill="green"/>`,
		`<path d="M10 60 L 50 60 L 50 90 X 10 90 Z" fill="blue"/><circle cx="50" cy="50" r="abc"/>`,
		`<path d="M 10 80 C 1 2 3 4 5" stroke="red"/><path d=" "/>`,
		`<style>@media screen{[fill="blue"]{fill:lime}}</style><path d="M 60 60 L 90 60" fill="blue"/>`,
	} {
		for _, level := range []recipe.Compression{recipe.CompressionLossless, recipe.CompressionHigh} {
			first, err := compress(t, fmt.Appendf(nil, drawing, inside), level, recipe.Keep)
			if err != nil {
				t.Fatal(err)
			}
			second, err := compress(t, []byte(text(t, first)), level, recipe.Keep)
			if err != nil || text(t, second) != text(t, first) {
				t.Errorf("%s: %s became %s (%v)", level, text(t, first), text(t, second), err)
			}
		}
	}
}

// TestLargeUnits: the units of a drawing that gives no size may be as small as they like. It
// is minified, and drawn as large as its pixels may be.
func TestLargeUnits(t *testing.T) {
	data := []byte(`<svg xmlns="http://www.w3.org/2000/svg"  viewBox="0 0 10000000 2500" ><path d="M100000.1 100.3h5000000v500z" fill="red"/></svg>`)
	out, err := compress(t, data, recipe.CompressionHigh, recipe.Keep)
	if err != nil || out.Result.Size >= int64(len(data)) || !strings.Contains(text(t, out), `viewBox="0 0 10000000 2500"`) {
		t.Errorf("became %s (%v)", text(t, out), err)
	}
	if out, err = compress(t, data, recipe.CompressionLossless, "png"); err != nil {
		t.Fatal(err)
	}
	im, _, err := image.DecodeConfig(strings.NewReader(text(t, out)))
	if err != nil || im.Width != 10000 || im.Height != 3 {
		t.Errorf("drawn at %d×%d (%v)", im.Width, im.Height, err)
	}
}

// TestFromPixels: nothing made of pixels becomes a drawing.
func TestFromPixels(t *testing.T) {
	for _, to := range []format.ID{svg.ID, svg.IDZ} {
		_, err := svg.Codec{}.Plan(t.Context(), codec.Subject{Format: "png", Facts: codec.Facts{Width: 4, Height: 4}}, to, recipe.Recipe{})
		if !problem.Has(err, problem.OptionsInvalid) || !strings.Contains(err.Error(), "image.format") {
			t.Errorf("%s: %v", to, err)
		}
	}
}

// TestConvertsSharply: a larger picture of a drawing is drawn, not scaled up.
func TestConvertsSharply(t *testing.T) {
	half := `<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><path d="M0 0h3v8H0z"/></svg>`
	if err := vips.Start(); err != nil {
		t.Fatal(err)
	}
	metrics := map[format.Family]engine.Metric{recipe.FamilyImage: metric.Pixels{}, recipe.FamilyArchive: metric.Members{}, recipe.FamilyVideo: metric.Film{}}
	e, err := engine.New(all.Codecs(), metrics)
	if err != nil {
		t.Fatal(err)
	}
	side, larger := 80, true
	r := recipe.Recipe{Image: recipe.Image{Compression: recipe.CompressionLossless, Format: recipe.Formats{"png"}, Background: "#ffffff",
		Resize: &recipe.Resize{Mode: "auto", Width: &side, Upscale: &larger}}}
	out, err := e.Compress(t.Context(), engine.Request{Source: stored(t, []byte(half)), Name: "half.svg", Recipe: r}, blob.NewScratch(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	data, err := out.Result.Bytes(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	im, _, err := image.Decode(bytes.NewReader(data))
	if err != nil || im.Bounds().Dx() != 80 || im.Bounds().Dy() != 80 {
		t.Fatalf("%v, %v", im.Bounds(), err)
	}
	for x, want := range map[int]uint32{0: 0xffff, 29: 0xffff, 30: 0, 79: 0} {
		if _, _, _, a := im.At(x, 40).RGBA(); a != want {
			t.Errorf("alpha at %d: %#x, want %#x: a blurred edge", x, a, want)
		}
	}
}

// TestIDs: ids that nothing in the drawing refers to go, which is told; others stay, and all do
// on demand.
func TestIDs(t *testing.T) {
	const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"> <path id="a" d="M1 1h7v7z"/> <use href="#a" y="1"/> <rect id="%s" width="3" height="3"/> </svg>`
	for _, c := range []struct {
		id       string
		preserve []string
		lost     []string
	}{
		{"solo", nil, []string{"ids"}}, {"solo", []string{"all"}, nil}, {"a", nil, nil},
	} {
		r := recipe.Recipe{Image: recipe.Image{Compression: recipe.CompressionHigh, Format: recipe.Formats{recipe.Keep}, Preserve: c.preserve}}
		out, err := run(t, fmt.Appendf(nil, drawing, c.id), r)
		if err != nil {
			t.Fatal(err)
		}
		stays := strings.Contains(text(t, out), `id="`+c.id+`"`)
		if !slices.Equal(out.Report.Lost, c.lost) || stays != (c.lost == nil) {
			t.Errorf("%s, %v: lost %v: %s", c.id, c.preserve, out.Report.Lost, text(t, out))
		}
	}
}
