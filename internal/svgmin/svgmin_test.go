package svgmin

import (
	"math"
	"strings"
	"testing"

	"compressor/internal/svgfile"
)

const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">`

func minified(t testing.TB, inside string, tolerance float64) string {
	t.Helper()
	out, err := Minify(t.Context(), []byte(open+inside+"</svg>"), Options{Tolerance: tolerance})
	if err != nil {
		t.Fatalf("%s: %v", inside, err)
	}
	again, err := Minify(t.Context(), out, Options{Tolerance: tolerance})
	if err != nil || string(again) != string(out) {
		t.Errorf("a second pass makes %s of %s (%v)", again, out, err)
	}
	text := strings.TrimSuffix(strings.TrimPrefix(string(out), open), "</svg>")
	return strings.TrimSuffix(text, strings.TrimSuffix(open, ">")+"/>")
}

// TestPaths: without rounding, by value; all the forms that save a character.
func TestPaths(t *testing.T) {
	for in, want := range map[string]string{
		"M 10.0 10.0 L 20 10 L 20 20 Z":       "M10 10h10v10z",
		"M0,0 l 0.5,0.5 l -0.5,0.5":           "M0 0l.5.5L0 1",
		"M0 0L1 1L2 2L3 3":                    "M0 0l3 3",
		"M1 1L1 1L4 5":                        "M1 1l3 4",
		"M5 5h0":                              "M5 5h0",
		"M5 5L9 5L9 9L5 5Z":                   "M5 5h4v4z",
		"M0 0C1 2 3 4 5 6C7 8 9 10 11 13":     "M0 0c1 2 3 4 5 6s4 4 6 7",
		"M0 0Q1 2 3 4Q5 6 7 9":                "M0 0q1 2 3 4t4 5",
		"M0 0C1 1 2 2 3 3L9 1":                "M0 0l3 3 6-2",
		"M4 4A2 2 90 0 1 8 4A2 3 30 1 0 9 9":  "M4 4a2 2 0 014 0 2 3 30 101 5",
		"M4 4A0 2 0 0 1 8 4":                  "M4 4h4",
		"M 1e1 1E-1 L 1.50e1 2":               "M10 .1 15 2",
		"M0 0L5 5M7 7M1 1L2 4":                "M0 0l5 5M1 1l1 3",
		"M0 0L5 5 Z M 0 0 L 3 9":              "M0 0l5 5zM0 0l3 9",
		"M10-20.5.5L7":                        "M10-20.5.5L7", // broken: left alone
		"M0 0L1 1 2":                          "M0 0L1 1 2",
		"M 100.123456789 0 L 100.123456788 9": "m100.123456789 0-.000000001 9",
	} {
		got := minified(t, `<path d="`+in+`"/>`, 0)
		if got != `<path d="`+want+`"/>` {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// TestRounded: numbers lose what cannot be seen, curves stay smooth, and errors do not
// add up.
func TestRounded(t *testing.T) {
	d := "M1.00049 1" + strings.Repeat("l.10049.10051", 100)
	got := minified(t, `<path stroke="red" d="`+d+`"/>`, 0.01)
	p := parsePath(got[strings.Index(got, ` d="`)+4 : strings.LastIndex(got, `"`)])
	end := p.segments[len(p.segments)-1]
	if math.Abs(end.x-11.04949) > 0.01 || math.Abs(end.y-11.051) > 0.01 {
		t.Errorf("ends at %g, %g", end.x, end.y)
	}
	if got := minified(t, `<path d="M0 0c1.0044 2 2.0044 3 3.0044 4s2.0044 3 3.0044 4"/>`, 0.02); got != `<path d="M0 0c1 2 2 3 3 4s2.01 3 3.01 4"/>` {
		t.Errorf("a smooth curve became %s", got)
	}
}

// TestArcs: rounding an arc must not move it. Half circles are the hard case: a radius a
// trifle too long moves the centre far.
func TestArcs(t *testing.T) {
	for _, d := range []string{
		"M14.5 5.5a2.828 2.828 0 1 0-4-4", "M3.0004 4.0003a5.0002 5.0002 0 0 1 10.0004 0", "M1 1a8.123 4.567 33.3 1 1 3.21 7.89",
		"M12 3a9 9 0 1 0 .001 0", "M2 2a50.1234 50.1234 0 0 1 3.3 1.1",
	} {
		got := minified(t, `<path d="`+d+`"/>`, 0.006)
		text := got[strings.Index(got, `"`)+1 : strings.LastIndex(got, `"`)]
		a, b := parsePath(d), parsePath(text)
		if len(b.segments) != 2 || b.segments[1].kind != 'A' {
			t.Errorf("%s became %s", d, text)
			continue
		}
		want, _ := along(a.segments[0].x, a.segments[0].y, a.segments[1])
		if !near(b.segments[0].x, b.segments[0].y, b.segments[1], want, 0.02) {
			t.Errorf("%s moved: %s", d, text)
		}
	}
}

// TestDrops: what changes nothing goes.
func TestDrops(t *testing.T) {
	for in, want := range map[string]string{
		`<!-- c --><g><g></g></g><defs/>`:                                            ``,
		`<path d="M1 1h2" fill="black" stroke="none" id="x"/>`:                       `<path d="M1 1h2"/>`,
		`<path d="M0 0h24v24H0z" fill="none"/><path d="M1 1h2"/>`:                    `<path d="M1 1h2"/>`,
		`<path d="M1 1h2" fill-rule="evenodd" clip-rule="evenodd"/>`:                 `<path d="M1 1h2" fill-rule="evenodd"/>`,
		`<path d="M1 1h2" style="fill:#FF0000;-inkscape-stroke:none"/>`:              `<path d="M1 1h2" fill="red"/>`,
		`<g fill="none"><path d="M1 1h2" stroke="#0000ff" fill-rule="evenodd"/></g>`: `<path d="M1 1h2" stroke="#00f" fill="none"/>`,
		`<rect x="0" y="0" width="9.0" height="9"/>`:                                 `<rect width="9" height="9"/>`,
		`<rect width="9" height="9" rx="2.50"/>`:                                     `<rect width="9" height="9" rx="2.5"/>`,
		`<g transform="translate(2 3)"><path d="M1 1h2"/></g>`:                       `<path d="M3 4h2"/>`,
		`<circle cx="0" cy="5.00px" r="3" transform="translate(1) translate(2)"/>`:   `<circle cy="5" r="3" transform="translate(3)"/>`,
		`<linearGradient id="a"/><path d="M1 1h2"/>`:                                 `<path d="M1 1h2"/>`,
		`<g display="none"><path d="M0 0h1"/></g><path d="M1 1h2"/>`:                 `<path d="M1 1h2"/>`,
	} {
		if got := minified(t, in, 0); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// TestStays: what something may look at stays.
func TestStays(t *testing.T) {
	for _, in := range []string{
		`<g fill="red"><path d="M1 1h2" fill="#000"/><circle r="2"/></g>`,
		`<path id="p" d="M1 1h2"/><use href="#p" fill="red"/>`,
		`<text>a <tspan>b</tspan> c</text>`,
		`<text xml:space="preserve">  a  </text>`,
		`<switch><g systemLanguage="de"><circle r="1"/></g><g><circle r="2"/></g></switch>`,
		`<symbol id="s"><circle r="1"/></symbol><circle r="2"/>`,
		`<style>.a:hover{fill:red}</style><g><circle r="2" class="a" fill="#000"/></g>`,
		`<style>@media print{circle{fill:red}}</style><circle r="2" fill="#000"/>`,
		`<style>path{fill:red}</style><line x2="9" y2="9"/>`,
		`<linearGradient id="a" x2="1" gradientUnits="userSpaceOnUse"/><circle r="2" fill="url(#a)"/>`,
		`<clipPath id="c"><path d="M0 0h9v9z" clip-rule="evenodd"/></clipPath><circle r="2" clip-path="url(#c)"/>`,
		`<g opacity=".5"><circle r="2"/><circle r="3"/></g>`,
		`<path d="M1 1h2" fill="none" stroke="url(#a)" transform="rotate(30)"/>`,
		`<g class="k"><circle r="2"/></g>`,
		`<path d="M5 5h0" stroke="red" stroke-linecap="round"/>`,
	} {
		if got := minified(t, in, 0); got != in {
			t.Errorf("%s became %s", in, got)
		}
	}
}

// TestTextual: a document with a script keeps all its elements, attributes and commands.
func TestTextual(t *testing.T) {
	in := `<script>x()</script><g><path id="a" class="b" d="M 1.0 1.0 L 2.0 2.0" fill="black"/></g>`
	want := `<script>x()</script><g><path id="a" class="b" d="M1 1 2 2" fill="black"/></g>`
	if got := minified(t, in, 0.01); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestTransforms(t *testing.T) {
	for in, want := range map[string]string{
		"translate(0,0)": "", "translate(3.0, 0)": "translate(3)", "scale(2 2)": "scale(2)", "rotate(0)": "",
		"translate(1 2) translate(3 4)": "translate(4 6)", "rotate(90) rotate(90)": "scale(-1)",
		"matrix(1 0 0 1 5 6)": "translate(5 6)", "matrix(2 0 0 3 0 0)": "scale(2 3)", "translate(1) nonsense(2)": "translate(1) nonsense(2)",
	} {
		m := &minifier{doc: &svgfile.Document{Root: &svgfile.Node{}}, Options: Options{Tolerance: 0.001}}
		if got := m.transform(in, setting{scale: 1, local: 1}); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
	// However it is written, it does the same.
	for _, in := range []string{"rotate(30 4 5)", "rotate(30) scale(2)", "matrix(.8 .6 -.6 .8 3 4)", "translate(3 4) rotate(20) translate(-3 -4)", "skewX(30) scale(.5 2)"} {
		m := &minifier{doc: &svgfile.Document{Root: &svgfile.Node{}}, Options: Options{Tolerance: 0.001}}
		a, _ := parseTransform(in)
		b, ok := parseTransform(m.transform(in, setting{scale: 1, local: 1}))
		for _, p := range [][2]float64{{0, 0}, {20, 0}, {0, 20}} {
			x1, y1 := product(a).apply(p[0], p[1])
			x2, y2 := product(b).apply(p[0], p[1])
			if !ok || math.Hypot(x1-x2, y1-y2) > 0.005 {
				t.Errorf("%s became %s: %g, %g is %g, %g", in, m.transform(in, setting{scale: 1, local: 1}), x1, y1, x2, y2)
			}
		}
	}
}

func TestColours(t *testing.T) {
	for in, want := range map[string]string{
		"#FF0000": "red", "#ffffff": "#fff", "rgb(0,0,0)": "#000", "rgb(100%, 50%, 0%)": "#ff8000", "Black": "#000",
		"#f0ffff": "azure", "currentColor": "currentColor", "url(#A)": "url(#A)", "#ff000080": "#ff000080", "rgb(1.5,2,3)": "rgb(1.5,2,3)",
		"none": "none", "rgba(0,0,0,.5)": "rgba(0,0,0,.5)", "fuchsia": "#f0f", "#zzz": "#zzz",
	} {
		if got := colour(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestStyleSheets(t *testing.T) {
	for in, want := range map[string]string{
		"\n .a { fill : red ; }\n .b , .c > d { x: y z }\n": ".a{fill :red}.b,.c > d{x:y z}",
		"a::before { content: ' ; } ' }":                    "a::before{content:' ; } '}",
		"g :hover { fill: url( a b ) }":                     "g :hover{fill:url( a b )}",
		"/* x */ .a{}":                                      ".a{}",
	} {
		if got := tight(strings.TrimSpace(in)); strings.TrimSpace(got) != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzMinify(f *testing.F) {
	f.Add([]byte(open+`<g transform="scale(2)"><path d="M1 1a2 2 0 0 1 3 3z" style="fill:red"/></g></svg>`), 0.01)
	f.Add([]byte(open+`<style>.a{fill:red}</style><use href="#a"/><text id="a"> a </text></svg>`), 0.0)
	f.Fuzz(func(t *testing.T, data []byte, tolerance float64) {
		if !(tolerance >= 0 && tolerance < 100) {
			return
		}
		out, err := Minify(t.Context(), data, Options{Tolerance: tolerance})
		if err != nil {
			return
		}
		if _, err := svgfile.Parse(out); err != nil {
			t.Fatalf("%q became %q: %v", data, out, err)
		}
	})
}

// FuzzPath: what is written reads back as the same places, to the grid.
func FuzzPath(f *testing.F) {
	f.Add("M0 0L1.5-2.25.5.5C1 2 3 4 5 6S1 2 3 4Q1 2 3 4T5 6A1 2 30 0115 6z")
	f.Fuzz(func(t *testing.T, d string) {
		p := parsePath(d)
		if !p.whole || len(p.segments) == 0 || p.digits > 3 {
			return
		}
		text, ok := pathText(p.segments, p.digits, false, true)
		if !ok {
			return
		}
		again := parsePath(text)
		if !again.whole || len(again.segments) != len(p.segments) {
			t.Fatalf("%q became %q", d, text)
		}
		for i, a := range p.segments {
			b := again.segments[i]
			if math.Abs(a.x-b.x) > 1e-3 || math.Abs(a.y-b.y) > 1e-3 {
				t.Fatalf("%q became %q: segment %d ends at %g, %g instead of %g, %g", d, text, i, b.x, b.y, a.x, a.y)
			}
		}
	})
}
