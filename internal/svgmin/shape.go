package svgmin

import (
	"math"
	"strings"

	"compressor/internal/svgfile"
)

// shape rewrites path data, and makes paths of other shapes where these are shorter.
func (m *minifier) shape(n *svgfile.Node, c setting) {
	if n.Space != svgfile.NamespaceSVG || m.sheet.sees("d") {
		return
	}
	if d, ok := n.Attr("d"); ok && (n.Local == "path" || n.Local == "glyph" || n.Local == "missing-glyph") {
		if m.Textual {
			n.Set("d", tightPath(d))
		} else {
			n.Set("d", m.pathData(d, c))
		}
		return
	}
	if m.restack && !m.markers {
		m.toPath(n, c)
	}
}

// pathData writes path data anew; as it was, if it is broken. It is never longer than what
// tightPath makes: what is left here would be gained by a second pass, whose choice includes
// that.
func (m *minifier) pathData(d string, c setting) string {
	p := parsePath(d)
	if !p.whole || len(p.segments) == 0 {
		return d
	}
	digits := p.digits
	if !c.exact {
		digits = min(digits, m.digits(c))
	}
	if digits > maxDigits {
		return tightPath(d)
	}
	text, ok := pathText(p.segments, digits, !c.exact, m.markers)
	if tight := tightPath(d); !ok || len(tight) < len(text) {
		return tight
	}
	return text
}

// transformInto works the transform of a path into its data; false if that is not
// possible.
func (m *minifier) transformInto(n *svgfile.Node, d string, c setting) bool {
	v, ok := n.Attr("transform")
	if !ok || !m.restack || m.sheet.moves() || m.sheet.properties["d"] || turned(n) {
		return false
	}
	ops, valid := parseTransform(v)
	all := product(ops)
	scale, ok := m.mayMove(n, c, all)
	if !valid || !ok {
		return false
	}
	p := parsePath(d)
	digits, whole := exact(ops, all)
	digits += p.digits
	if c.exact && (!whole || digits > maxDigits) || !p.whole || len(p.segments) == 0 {
		return false
	}
	if !c.exact {
		digits = decimals(m.transformed(), c.scale)
	}
	segments, ok := moved(p.segments, all)
	if !ok {
		return false
	}
	text, ok := pathText(segments, digits, !c.exact, m.markers)
	if !ok {
		return false
	}
	before := m.pathData(d, c)
	if len(text) > len(before)+len(v)+len(` transform=""`) {
		return false
	}
	n.Set("d", text)
	n.Remove("transform")
	if scale != 1 {
		width, _ := m.computed(n, c, "stroke-width")
		x, _ := scanNumber(width)
		if w := short(x.value*scale, decimals(m.transformed(), c.scale)+1); w != "0" {
			n.Set("stroke-width", w)
		}
	}
	return true
}

// turned says whether a transform of n means something else than its matrix.
func turned(n *svgfile.Node) bool {
	for _, a := range n.Attrs {
		if a.Space == "" && a.Local != "transform" && moving(a.Local) {
			return true
		}
	}
	return false
}

// mayMove says whether a transform of n can go into its coordinates, and by what its
// stroke's width is to be multiplied.
func (m *minifier) mayMove(n *svgfile.Node, c setting, all matrix) (float64, bool) {
	if id, ok := n.Attr("id"); ok && m.other[id] {
		return 1, false
	}
	for _, name := range [...]string{"style", "class"} {
		if _, has := n.Attr(name); has {
			return 1, false
		}
	}
	for _, name := range [...]string{"clip-path", "mask", "filter"} {
		if v, known := m.computed(n, c, name); !known || v != "none" {
			return 1, false // they are in the coordinates of n
		}
	}
	fill, knownFill := m.computed(n, c, "fill")
	stroke, knownStroke := m.computed(n, c, "stroke")
	if !knownFill || !knownStroke || strings.Contains(fill+stroke, "url(") || len(n.Children) > 0 {
		return 1, false
	}
	if stroke == "none" {
		return 1, true
	}
	scale, similar := all.similar()
	if !similar || m.markers {
		return 1, false
	}
	if math.Abs(scale-1) < 1e-9 {
		return 1, true
	}
	width, known := m.computed(n, c, "stroke-width")
	dash, knownDash := m.computed(n, c, "stroke-dasharray")
	effect, _ := m.computed(n, c, "vector-effect")
	_, length := scanNumber(width)
	if !known || !knownDash || dash != "none" || effect != "none" || length != len(width) || c.exact {
		return 1, false
	}
	return scale, true
}

// tightPath writes path data with the same commands and values, without needless
// characters. Broken data stay: how far they are drawn is the renderer's choice.
func tightPath(d string) string {
	if p := parsePath(d); !p.whole || len(p.segments) == 0 {
		return d
	}
	var b strings.Builder
	command, dot, first := byte(0), false, true
	flag := 0
	for rest := strings.TrimLeft(d, " \t\r\n,"); rest != ""; rest = strings.TrimLeft(rest, " \t\r\n,") {
		c := rest[0]
		if strings.IndexByte("MmLlHhVvCcSsQqTtAaZz", c) >= 0 {
			if c != implied(command) || c|0x20 == 'z' || c|0x20 == 'm' {
				b.WriteByte(c)
				first = true
			}
			command, flag = c, 0
			rest = rest[1:]
			continue
		}
		if command|0x20 == 'a' && (flag%7 == 3 || flag%7 == 4) && (c == '0' || c == '1') {
			// Flags stay apart: this is the careful way.
			b.WriteByte(' ')
			b.WriteByte(c)
			rest = rest[1:]
			dot, first = false, false
			flag++
			continue
		}
		x, length := scanNumber(rest)
		if length == 0 || x.digits > maxDigits {
			return d
		}
		t := short(x.value, x.digits)
		if !first && (needsSpace(dot, t) || command|0x20 == 'a' && flag%7 == 5) {
			b.WriteByte(' ')
		}
		b.WriteString(t)
		dot, first = strings.IndexByte(t, '.') >= 0, false
		rest = rest[length:]
		flag++
	}
	return b.String()
}
