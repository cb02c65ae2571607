package svgmin

import (
	"strings"

	"compressor/internal/svgfile"
)

// toPath makes a path of a line, a polygon or a polyline, if that is shorter. Rectangles
// stay: browsers smooth their edges better than those of paths.
func (m *minifier) toPath(n *svgfile.Node, c setting) {
	if m.sheet.properties["d"] || m.sheet.tags[n.Local] || m.sheet.tags["path"] || len(n.Children) > 0 {
		return
	}
	segments, digits, names := outline(n)
	if segments == nil {
		return
	}
	if _, styled := n.Attr("style"); styled {
		return
	}
	if !c.exact {
		digits = min(digits, m.digits(c))
	}
	if digits > maxDigits {
		return
	}
	d, ok := pathText(segments, digits, false, false)
	if !ok {
		return
	}
	size := len(n.Local)
	for _, name := range names {
		if v, has := n.Attr(name); has {
			size += len(name) + len(v) + len(` =""`)
		}
	}
	if len("path")+len(` d=""`)+len(d) > size {
		return
	}
	for _, name := range names {
		n.Remove(name)
	}
	prefix := strings.TrimSuffix(n.Name, n.Local)
	n.Name, n.Local = prefix+"path", "path"
	n.Set("d", d)
}

// outline gives a shape's segments, the most decimals in it, and the attributes that say
// all this; nothing for shapes that stay.
func outline(n *svgfile.Node) ([]segment, int, []string) {
	switch n.Local {
	case "line":
		names := []string{"x1", "y1", "x2", "y2"}
		v, digits, ok := plainNumbers(n, names)
		if !ok {
			return nil, 0, nil
		}
		return []segment{{kind: 'M', x: v[0], y: v[1]}, {kind: 'L', x: v[2], y: v[3]}}, digits, names
	case "polygon", "polyline":
		numbers, ok := list(n.Value("points"))
		if !ok || len(numbers) < 4 || len(numbers)%2 != 0 {
			return nil, 0, nil
		}
		var out []segment
		digits := 0
		for i := 0; i < len(numbers); i += 2 {
			out = append(out, segment{kind: 'L', x: numbers[i].value, y: numbers[i+1].value})
			digits = max(digits, numbers[i].digits, numbers[i+1].digits)
		}
		out[0].kind = 'M'
		if n.Local == "polygon" {
			out = append(out, segment{kind: 'Z', x: out[0].x, y: out[0].y})
		}
		return out, digits, []string{"points"}
	}
	return nil, 0, nil
}

// plainNumbers reads attributes that are numbers without units; absence is 0.
func plainNumbers(n *svgfile.Node, names []string) (values []float64, digits int, ok bool) {
	for _, name := range names {
		v, has := n.Attr(name)
		if !has {
			values = append(values, 0)
			continue
		}
		x, length := scanNumber(v)
		if length == 0 || length != len(v) {
			return nil, 0, false
		}
		values = append(values, x.value)
		digits = max(digits, x.digits)
	}
	return values, digits, true
}
