package svgmin

import (
	"strings"
	"testing"
)

// everyWay minifies by all the options there are, and checks that each is done after one pass.
func everyWay(t *testing.T, in string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name, o := range map[string]Options{
		"rounded": {Tolerance: 0.01, Cross: true}, "values kept": {}, "tighter": {Textual: true},
	} {
		made, err := Minify(t.Context(), []byte(in), o)
		if err != nil {
			t.Fatalf("%s: %v", in, err)
		}
		again, err := Minify(t.Context(), made, o)
		if err != nil || string(again) != string(made) {
			t.Errorf("%s: a second pass makes %s of %s (%v)", name, again, made, err)
		}
		out[name] = string(made)
	}
	return out
}

// TestKept: what a style sheet sees or sets, and what has a meaning beyond its element, is
// there afterwards, however the drawing is written. Parts are separated by "…".
func TestKept(t *testing.T) {
	for _, topics := range []map[string]map[string]string{geometryKept(), sheetsKept(), meaningKept()} {
		for topic, cases := range topics {
			for in, parts := range cases {
				for name, got := range everyWay(t, open+in+"</svg>") {
					if gone := missing(got, parts); gone != "" {
						t.Errorf("%s, %s: %s: %s is gone: %s", topic, name, in, gone, got)
					}
				}
			}
		}
	}
}

// missing gives the first of the parts that text does not hold in that order.
func missing(text, parts string) string {
	for _, part := range strings.Split(parts, "…") {
		_, rest, ok := strings.Cut(text, part)
		if !ok {
			return part
		}
		text = rest
	}
	return ""
}

// geometryKept are drawings whose shapes and places come from more than their attributes.
func geometryKept() map[string]map[string]string {
	return map[string]map[string]string{
		"what a transform turns around": {
			`<path transform-origin="20 20" transform="rotate(30)" d="M1 1h2v2z"/>`:                                   `transform="rotate(30)"`,
			`<path style="transform-box:fill-box" transform="rotate(30)" d="M1 1h2v2z"/>`:                             `transform="rotate(30)"`,
			`<style>path{transform-origin:center}</style><path transform="rotate(30)" d="M1 1h2v2z"/>`:                `transform="rotate(30)"`,
			`<g transform="rotate(30)"><path transform-origin="5 5" transform="scale(.5)" d="M1 1h2v2z"/></g>`:        `<g transform="rotate(30)">…transform="scale(.5)"`,
			`<style>@media print{.a{rotate:3deg}}</style><g transform="scale(3)"><circle class="a" r="2"/></g>`:       `<g transform="scale(3)">`,
			`<style>.a{mix-blend-mode:multiply}</style><g opacity=".5"><circle class="a" r="2"/></g>`:                 `<g opacity=".5">`,
			`<style>path{clip-path:circle(2px)}</style><path transform="scale(2)" d="M1 1h2v2z"/>`:                    `transform="scale(2)"`,
			`<g style="transform:scale(1000)"><path d="M.01234 .01345h.0111v.0222z"/></g>`:                            `.01234…0111`,
			`<style>path{d:path("M0 0h9v9z")}</style><path transform="scale(2)" d="M1 1h2v2z"/>`:                      `transform="scale(2)"`,
			`<linearGradient id="g"/><g fill="url(#g)"><path fill="unset" transform="rotate(20)" d="M0 0h4v4z"/></g>`: `rotate(20)`,
		},
		"geometry by properties": {
			`<path style="d:path('M1 1h5v5z')"/>`:                                                                                  `<path `,
			`<style>.x{d:path("M1 1h5v5z")}</style><path class="x"/>`:                                                              `<path `,
			`<style>@media screen{@supports (r:1px){path{d:path("M1 1h5v5z")}}}</style><path/>`:                                    `<path/>`,
			`<style>.x{d:path("M1 1h5v5z")}</style><polygon class="x" points="1,1 2,2 1,2"/>`:                                      `<polygon `,
			`<style>svg{d:path("M1 1h5v5z")}</style><path d="M0 0h1v1z"/><path d="M9 9h1v1z"/>`:                                    `<path …<path `,
			`<style>.a{ry:10px}</style><rect class="a" rx="0" width="9" height="9"/>`:                                              `rx="0"`,
			`<rect rx="0" ry="4" width="9" height="9"/>`:                                                                           `rx="0"`,
			`<style>.f{filter:url(#f)}</style><filter id="f"><feFlood/></filter><g class="f"/>`:                                    `<g class="f"/>`,
			`<style>g{fill:red}</style><g><path d="M0 0h4v4z"/></g>`:                                                               `<g><path`,
			`<style>g{fill:red}</style><circle r="1" opacity=".25" fill="#123456"/><rect width="9" fill="#123456"/><text>a</text>`: `</style><circle`,
		},
	}
}

// sheetsKept are drawings whose style sheets look at elements and attributes.
func sheetsKept() map[string]map[string]string {
	return map[string]map[string]string{
		"attributes that selectors name": {
			`<style>@media screen{[fill="blue"]{stroke:red}}</style><rect fill="blue"/>`:                                  `<rect fill="blue"`,
			`<style>[width="30.0"]{fill:red}</style><rect width="30.0"/>`:                                                 `<rect width="30.0"`,
			`<style>@layer a{g{path[ d = "M 1 1 L 2 2" ]{fill:red}}}</style><g><path d="M 1 1 L 2 2"/></g>`:               `<path d="M 1 1 L 2 2"`,
			`<style>rect:not([fill]){fill:red}</style><rect fill="black"/>`:                                               `fill="black"`,
			`<style>@scope ([x="0"]){rect{fill:red}}</style><rect x="0"/>`:                                                `<rect x="0"`,
			`<style>[*|label]{fill:red}</style><rect xmlns:i="http://www.inkscape.org/namespaces/inkscape" i:label="1"/>`: `i:label="1"`,
			`<style>rect{width:attr(height px)}</style><rect height="30.0"/>`:                                             `height="30.0"`,
			`<rect style="width:attr(height px)" height="30.0"/>`:                                                         `height="30.0"`,
			`<style xmlns="http://www.w3.org/1999/xhtml">[width="30.0"]{fill:red}</style><rect width="30.0"/>`:            `<rect width="30.0"`,
		},
		"sheets that are not read": {
			`<style>@import url("a.css");</style><path id="a" d="M 1 1 L 2 2"/> <path d="M5 5h1"/>`:       `id="a"…d="M 1 1 L 2 2"`,
			`<style>\70 ath{fill:red}</style><path id="a" d="M 1 1 L 2 2"/>`:                              `id="a"…d="M 1 1 L 2 2"`,
			`<style>.a{all:unset}</style><path class="a" fill="black" d="M 1 1 L 2 2"/>`:                  `fill="black"`,
			`<style>.a{fill:red}}path{fill:red}</style><path d="M 1 1 L 2 2" id="q" fill="black"/>`:       `id="q"`,
			`<link xmlns="http://www.w3.org/1999/xhtml" rel="stylesheet"/><path d="M 1 1 L 2 2" id="q"/>`: `id="q"`,
		},
		"references": {
			`<linearGradient id="é"/><rect width="9" height="9" fill="url(#%C3%A9)"/>`:   `id="é"`,
			`<path id="a" d="M1 1h1v1z"/><use href="#%61"/>`:                             `id="a"`,
			`<linearGradient id="x"/><rect width="9" height="9" fill="URL( #x )"/>`:      `id="x"`,
			`<linearGradient id="x)"/><rect width="9" height="9" fill="url('#x)')"/>`:    `id="x)"`,
			`<linearGradient id="x:y"/><rect width="9" height="9" fill="url(#x\3a y)"/>`: `id="x:y"`,
		},
		"structure": {
			`<style>@media screen{rect:empty{fill:red}}</style><rect> </rect>`:            `<rect> </rect>`,
			`<style>@supports (r:1px){:is(:not(:empty)){fill:red}}</style><rect> </rect>`: `<rect> </rect>`,
			`<style>rect:nth-child(3){fill:red}</style><metadata>x</metadata><rect/>`:     `<metadata/>`,
			`<style>metadata+rect{fill:red}</style><metadata a="b">x</metadata><rect/>`:   `<metadata/>`,
			`<style>g{&amp;:has(> path){fill:red}}</style><g> <path d="M1 1h2"/></g>`:     `<g> <path`,
			`<style>g:-vendor-thing{fill:red}</style><g> </g>`:                            `<g> </g>`,
		},
	}
}

// meaningKept are drawings with values that depend on where they stand.
func meaningKept() map[string]map[string]string {
	return map[string]map[string]string{
		"conditions": {
			`<style>.a{@media print{fill:red}}</style><path class="a" style="fill:red" d="M1 1h2v2z"/>`:        `style="fill:red"`,
			`<style>.a{@media print{fill:red}}</style><path class="a" fill="#000" d="M1 1h2v2z"/>`:             `fill="#000"`,
			`<style>text{font:9px serif}</style><text style="font-size:8px">a</text>`:                          `style="font-size:8px"`,
			`<style>text::before{content:"}{"}.a{fill:red}</style><path class="a" fill="#000" d="M1 1h2v2z"/>`: `content:"}{"…fill="#000"`,
			`<style>.a{stroke-dasharray:5/**/5}</style><circle class="a" r="2"/>`:                              `5/**/5`,
			`<style>.a::before{content:";}"}</style><circle class="a" r="2"/>`:                                 `";}"`,
		},
		"lengths along a path": {
			`<g stroke="red"><path pathLength="4" d="M1 1h8"/><path pathLength="4" d="M1 9h8"/></g>`:              `<path …<path `,
			`<path pathLength="1" stroke="red" stroke-dasharray=".12345" stroke-dashoffset=".06789" d="M1 1h8"/>`: `.12345…`,
			`<path vector-effect="non-scaling-stroke" stroke="red" stroke-width="1.23456" d="M1 1h8"/>`:           `1.23456`,
			`<linearGradient id="g"/><g fill="url(#g)"><path d="M1 1h2v2z"/><path d="M9 9h2v2z"/></g>`:            `<path …<path `,
			`<path filter="blur(1px)" d="M1 1h2v2z"/><path filter="blur(1px)" d="M9 9h2v2z"/>`:                    `<path …<path `,
			`<path clip-path="circle(40%)" d="M1 1h2v2z"/><path clip-path="circle(40%)" d="M9 9h2v2z"/>`:          `<path …<path `,
		},
		"white space of text": {
			`<text style="white-space:pre">a  b </text>`:                                     `a  b <`,
			`<text white-space="pre">a  b </text>`:                                           `a  b <`,
			`<g style="white-space:break-spaces"><text xml:space="default">a  b </text></g>`: `a  b <`,
			`<style>@media screen{.p{white-space:pre}}</style><text class="p">a  b </text>`:  `a  b <`,
			`<style>text{white-space-collapse:preserve}</style><text>a  b </text>`:           `a  b <`,
			`<defs><text id="t">a  b </text></defs><use href="#t" xml:space="preserve"/>`:    `a  b <…xml:space="preserve"`,
		},
		"values that depend on their element": {
			`<g font-size="9"><g font-size="150%"><text font-size="150%">a</text></g></g>`:                     `<g font-size="150%"><text font-size="150%"`,
			`<g font-size="20"><text font-size="1.5em">a</text></g>`:                                           `<g font-size="20"><text font-size="1.5em"`,
			`<g font-size="9" stroke-width="1em"><text font-size="7">a</text><text font-size="7">b</text></g>`: `<g font-size="9"`,
			`<g font-weight="bolder"><text font-weight="bolder">a</text></g>`:                                  `<g font-weight="bolder"><text font-weight="bolder"`,
			`<g font-size="20"><text font-size="1.5em">a</text><text font-size="1.5em">b</text></g>`:           `<g font-size="20"`,
			`<g fill="var(--c)"><path fill="var(--c)" style="--c:red" d="M1 1h2v2z"/><circle r="2"/></g>`:      `<path fill="var(--c)"`,
			`<path fill="red" style="fill:bogus" d="M1 1h2v2z"/>`:                                              `fill="red"`,
			`<g font-size="20"><g style="font:9px serif"><text font-size="20">a</text></g></g>`:                `<text font-size="20"`,
		},
	}
}

// TestInstructionKept: a style sheet that an instruction names is read by nobody here, so that
// nothing it may look at goes.
func TestInstructionKept(t *testing.T) {
	in := `<?xml-stylesheet href="#st"?><svg xmlns="http://www.w3.org/2000/svg"><style id="st">path{fill:red}</style><path d="M1 1h2"/></svg>`
	for name, got := range everyWay(t, in) {
		if got != in {
			t.Errorf("%s: became %s", name, got)
		}
	}
}

// TestBrokenPaths: what cannot be read whole stays as it is, whatever the options: one way that
// writes it shorter would be chosen by the next pass.
func TestBrokenPaths(t *testing.T) {
	for _, d := range []string{"M60 60 L 90 60 90 90 60", "M 10 10 L 20 20 X 5", " M 10 80 C 1 2 3 4 5", "10 10 L 5 5", "M 1 1 A 1 1 0 2 0 4 4"} {
		for name, got := range everyWay(t, open+`<path d="`+d+`"/></svg>`) {
			if !strings.Contains(got, `d="`+d+`"`) {
				t.Errorf("%s: %s became %s", name, d, got)
			}
		}
	}
}

// TestTighterIsNoShorter: a way that changes more is not longer than one that changes less.
func TestTighterIsNoShorter(t *testing.T) {
	for _, d := range []string{"M0 0L1e15 1 2 2", "M 1 1 h .3 .3", "M1 1a2 2 0 0 1 3 3z", "M.5.5.7.9-1e1-1E-1", "M1 1L1 1 1 1z"} {
		ways := everyWay(t, open+`<path d="`+d+`"/></svg>`)
		if len(ways["values kept"]) > len(ways["tighter"]) {
			t.Errorf("%s: %s is longer than %s", d, ways["values kept"], ways["tighter"])
		}
	}
}
