package svgfile_test

import (
	"fmt"
	"strings"
	"testing"

	"compressor/internal/problem"
	"compressor/internal/svgfile"
)

const open = `<svg xmlns="http://www.w3.org/2000/svg">`

func parsed(t *testing.T, text string) *svgfile.Document {
	t.Helper()
	doc, err := svgfile.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, problem.From(err).Cause())
	}
	return doc
}

// TestRoundTrip: what is read is written, in its shortest form.
func TestRoundTrip(t *testing.T) {
	for in, want := range map[string]string{
		open + `</svg>`: `<svg xmlns="http://www.w3.org/2000/svg"/>`,
		"\ufeff<?xml version='1.0' encoding='UTF-8'?>\r\n<!--a-->" + open + "\r\n<g/></svg>\n<!--b-->":                        "<!--a-->" + open + "\n<g/></svg><!--b-->",
		open + `<g a='x"y' b="it's" c="&lt;&#65;&#x42;&amp;"/></svg>`:                                                         open + `<g a='x"y' b="it's" c="&lt;AB&amp;"/></svg>`,
		open + "<g a='one\n two\ttabs&#10;kept'/></svg>":                                                                      open + `<g a="one  two tabs&#10;kept"/></svg>`,
		open + `<style><![CDATA[a>b&&c<d{}]]></style></svg>`:                                                                  open + `<style>a>b&amp;&amp;c&lt;d{}</style></svg>`,
		open + `<text>a<![CDATA[b]]>c&gt;</text></svg>`:                                                                       open + `<text>abc></text></svg>`,
		open + `<script><![CDATA[` + strings.Repeat("<", 9) + `]]></script></svg>`:                                            open + `<script><![CDATA[` + strings.Repeat("<", 9) + `]]></script></svg>`,
		`<!DOCTYPE svg [<!ENTITY n "http://www.w3.org/2000/svg"><!ENTITY n "two">]><svg xmlns="&n;"><title>&n;</title></svg>`: `<svg xmlns="http://www.w3.org/2000/svg"><title>http://www.w3.org/2000/svg</title></svg>`,
		`<s:svg xmlns:s="http://www.w3.org/2000/svg"><?pi  x?><s:g/></s:svg>`:                                                 `<s:svg xmlns:s="http://www.w3.org/2000/svg"><?pi x?><s:g/></s:svg>`,
	} {
		if got := string(parsed(t, in).Bytes()); got != want {
			t.Errorf("%s\n became %s\n want   %s", in, got, want)
		}
	}
}

func TestRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		code problem.Code
	}{
		"empty":              {"", problem.FileCorrupt},
		"no root":            {"<!--x-->", problem.FileCorrupt},
		"another root":       {"<html/>", problem.FileCorrupt},
		"no namespace":       {"<svg/>", problem.FileCorrupt},
		"two roots":          {open + "</svg>" + open + "</svg>", problem.FileCorrupt},
		"not closed":         {open + "<g>", problem.FileCorrupt},
		"wrongly closed":     {open + "<g></h></svg>", problem.FileCorrupt},
		"twice":              {open + `<g a="1" a="2"/></svg>`, problem.FileCorrupt},
		"no quotes":          {open + `<g a=1/></svg>`, problem.FileCorrupt},
		"stuck together":     {open + `<g a="1"b="2"/></svg>`, problem.FileCorrupt},
		"a bare <":           {open + `<g a="<"/></svg>`, problem.FileCorrupt},
		"a bare &":           {open + `a & b</svg>`, problem.FileCorrupt},
		"unknown entity":     {open + `&nbsp;</svg>`, problem.FileCorrupt},
		"a character NUL":    {open + `&#0;</svg>`, problem.FileCorrupt},
		"a surrogate":        {open + `&#xd800;</svg>`, problem.FileCorrupt},
		"a control":          {open + "\x01</svg>", problem.FileCorrupt},
		"not UTF-8":          {open + "\xff</svg>", problem.FileCorrupt},
		"unknown prefix":     {open + `<x:g/></svg>`, problem.FileCorrupt},
		"text behind":        {open + `</svg>x`, problem.FileCorrupt},
		"entity with markup": {`<!DOCTYPE svg [<!ENTITY a "<g/>">]>` + open + `</svg>`, problem.FormatUnsafe},
		"nested entity":      {`<!DOCTYPE svg [<!ENTITY a "x"><!ENTITY b "&a;">]>` + open + `</svg>`, problem.FormatUnsafe},
		"external entity":    {`<!DOCTYPE svg [<!ENTITY a PUBLIC "x" "y">]>` + open + `</svg>`, problem.FormatUnsafe},
		"many entities":      {`<!DOCTYPE svg [` + strings.Repeat(" ", 9) + entities(200) + `]>` + open + `</svg>`, problem.LimitExceeded},
		"much from entities": {`<!DOCTYPE svg [<!ENTITY a "` + strings.Repeat("x", 999) + `">]>` + open + strings.Repeat("&a;", 2000) + `</svg>`, problem.LimitExceeded},
		"deep":               {open + strings.Repeat("<g>", 300), problem.LimitExceeded},
		"many elements":      {open + strings.Repeat("<g/>", svgfile.MaxElements) + "</svg>", problem.LimitExceeded},
		"many attributes":    {open + "<g" + attributes(300) + "/></svg>", problem.LimitExceeded},
	} {
		if _, err := svgfile.Parse([]byte(test.text)); !problem.Has(err, test.code) {
			t.Errorf("%s: %v, want %s", name, err, test.code)
		}
	}
}

func entities(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `<!ENTITY e%d "x">`, i)
	}
	return b.String()
}

func attributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ` a%d=""`, i)
	}
	return b.String()
}

// TestEncodings: what is declared is read, and written as UTF-8.
func TestEncodings(t *testing.T) {
	want := open + "<title>é</title></svg>"
	wide := []byte{0xff, 0xfe}
	for _, r := range want {
		wide = append(wide, byte(r), byte(r>>8))
	}
	for name, data := range map[string][]byte{
		"UTF-8":      []byte(want),
		"UTF-16":     wide,
		"ISO-8859-1": []byte(`<?xml version="1.0" encoding="ISO-8859-1"?>` + open + "<title>\xe9</title></svg>"),
	} {
		doc, err := svgfile.Parse(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := string(doc.Bytes()); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestSize(t *testing.T) {
	for attrs, want := range map[string][2]float64{
		``:                                        {300, 150},
		`width="24" height="12px"`:                {24, 12},
		`width="1in" height="2.54cm"`:             {96, 96},
		`viewBox="0 0 40,30"`:                     {40, 30},
		`width="100%" viewBox="0 0 40 30"`:        {40, 30},
		`width="80" viewBox="0 0 40 30"`:          {80, 60},
		`height="60" viewBox="0 0 40 30"`:         {80, 60},
		`viewBox="0 0 60000 30000"`:               {10000, 5000},
		`viewBox="0 0 10000 10000"`:               {10000, 10000},
		`width="60000" viewBox="0 0 2 1"`:         {60000, 30000},
		`width="9" style="width:18px;height:9px"`: {18, 9},
		`width="0" height="9"`:                    {0, 0},
		`width="-4" height="9"`:                   {0, 0},
		`width="1e999" height="9"`:                {300, 9},
		`width="NaN" viewBox="0 0 0 0"`:           {300, 150},
	} {
		doc := parsed(t, `<svg xmlns="http://www.w3.org/2000/svg" `+attrs+`/>`)
		if w, h := doc.Size(); w != want[0] || h != want[1] {
			t.Errorf("%s: %g×%g, want %v", attrs, w, h, want)
		}
	}
}

// TestFramed: another size and part, told by the root alone.
func TestFramed(t *testing.T) {
	doc := parsed(t, `<?xml version="1.0" encoding="ISO-8859-1"?><!DOCTYPE svg><svg xmlns="http://www.w3.org/2000/svg" width="40" height="20" viewBox="0 0 80 80"><g/></svg>`)
	f := svgfile.Frame{Part: svgfile.Box{X: 10, Y: 5, Width: 20, Height: 10}, Width: 100, Height: 50}
	// 40×20 shows 80×80 units at a quarter, in the middle.
	want := `<!DOCTYPE svg><svg xmlns="http://www.w3.org/2000/svg" width="100" height="50" viewBox="0 20 80 40" preserveAspectRatio="none"><g/></svg>`
	if got := string(doc.Framed(f)); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got := string(doc.Framed(doc.Own(80, 40))); !strings.Contains(got, `viewBox="-40 0 160 80"`) {
		t.Errorf("whole: %s", got)
	}
}

func TestSurvey(t *testing.T) {
	for inside, want := range map[string]func(*svgfile.Survey) bool{
		`<script/>`:                            func(s *svgfile.Survey) bool { return s.Script },
		`<g onclick="x()"/>`:                   func(s *svgfile.Survey) bool { return s.Script },
		`<a href=" javascript:x()"/>`:          func(s *svgfile.Survey) bool { return s.Script },
		`<rect><set/></rect>`:                  func(s *svgfile.Survey) bool { return s.Animated && s.Drawn },
		`<style>@keyframes x{}</style>`:        func(s *svgfile.Survey) bool { return s.Animated },
		`<g style="transition:1s"/>`:           func(s *svgfile.Survey) bool { return s.Animated },
		`<foreignObject/>`:                     func(s *svgfile.Survey) bool { return s.Foreign },
		`<style>@import "x";</style>`:          func(s *svgfile.Survey) bool { return s.External },
		`<image href="x.png"/>`:                func(s *svgfile.Survey) bool { return s.External },
		`<g fill="url(x.svg#a)"/>`:             func(s *svgfile.Survey) bool { return s.External },
		`<a href="http://x/"/>`:                func(s *svgfile.Survey) bool { return !s.External && !s.Script },
		`<g fill="url( '#a')"/>`:               func(s *svgfile.Survey) bool { return !s.External },
		`<g id="a"/><g id="a"/>`:               func(s *svgfile.Survey) bool { return s.Repeated },
		`<symbol><rect/></symbol>`:             func(s *svgfile.Survey) bool { return !s.Drawn },
		`<image href="data:image/svg+xml,x"/>`: func(s *svgfile.Survey) bool { return s.Nested },
	} {
		if s := parsed(t, open+inside+"</svg>").Survey(); !want(s) {
			t.Errorf("%s: %+v", inside, s)
		}
	}
}

// TestCost: what is drawn many times counts as often, and circles end.
func TestCost(t *testing.T) {
	for inside, want := range map[string]int64{
		`<g/>`: 2,
		`<defs><g id="a"><g/></g></defs><use href="#a"/><use href="#a"/>`: 10,
		`<g id="a"><use href="#a"/></g>`:                                  3,
	} {
		doc := parsed(t, open+inside+"</svg>")
		if got := doc.Cost(doc.Survey()).Elements; got < want || got > want+2 {
			t.Errorf("%s: %d, want %d", inside, got, want)
		}
	}
	doubling := `<g id="u0"/>`
	for i := range 60 {
		doubling += fmt.Sprintf(`<g id="u%d"><use href="#u%d"/><use href="#u%d"/></g>`, i+1, i, i)
	}
	doc := parsed(t, open+doubling+"</svg>")
	if got := doc.Cost(doc.Survey()).Elements; got <= svgfile.MaxDrawn {
		t.Errorf("two to the sixtieth counts as %d", got)
	}
	doc = parsed(t, open+`<filter id="f"><feConvolveMatrix order="500"/></filter><rect filter="url(#f)"/></svg>`)
	if got := doc.Cost(doc.Survey()).Layers; got < 250_000 {
		t.Errorf("a matrix of 500×500 counts as %d", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(open + `<g a="1"><!--x--><![CDATA[y]]>&lt;</g></svg>`))
	f.Add([]byte(`<!DOCTYPE svg [<!ENTITY a "b">]>` + open + `&a;</svg>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := svgfile.Parse(data)
		if err != nil {
			return
		}
		doc.Cost(doc.Survey())
		doc.Framed(doc.Own(10, 10))
		again, err := svgfile.Parse(doc.Bytes())
		if err != nil {
			t.Fatalf("%q became %q: %v", data, doc.Bytes(), err)
		}
		if string(again.Bytes()) != string(doc.Bytes()) {
			t.Fatalf("%q, then %q", doc.Bytes(), again.Bytes())
		}
	})
}
