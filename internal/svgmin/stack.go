package svgmin

import (
	"math"
	"strings"

	"compressor/internal/svgfile"
)

// stack rewrites how elements lie within each other, from the innermost outwards.
func (m *minifier) stack(n *svgfile.Node, c setting) {
	if n.Kind != svgfile.Element || foreign(n) {
		return
	}
	if id, ok := n.Attr("id"); ok && m.used[id] {
		c.unknown = true
	}
	c = m.inherit(n, c)
	for _, child := range n.Children {
		m.stack(child, c)
	}
	if n.Local == "switch" || wordy(n) {
		return
	}
	m.dropEmpty(n, c)
	m.dissolve(n)
	if container(n.Local) {
		m.joinPaths(n, c)
		m.gather(n)
		m.wrapRuns(n)
	}
}

// container says whether an SVG element of that name draws its children, which may be
// groups.
func container(local string) bool {
	switch local {
	case "svg", "g", "a", "symbol", "mask", "pattern", "marker":
		return true
	}
	return false
}

// dropEmpty drops children that draw nothing and that nothing refers to.
func (m *minifier) dropEmpty(n *svgfile.Node, c setting) {
	var kept []*svgfile.Node
	for _, child := range n.Children {
		if child.Kind == svgfile.Element && child.Space == svgfile.NamespaceSVG && (m.empty(n, child, c) || m.unseen(child, c)) && !m.referred(child) {
			continue
		}
		kept = append(kept, child)
	}
	n.Children = kept
}

// empty says whether child draws nothing. A style that is left by now may give it a shape or
// a filter.
func (m *minifier) empty(parent, child *svgfile.Node, c setting) bool {
	if _, styled := child.Attr("style"); styled {
		return false
	}
	filter, known := m.computed(child, c, "filter")
	filtered := !known || filter != "none"
	switch child.Local {
	case "g", "a":
		return len(child.Children) == 0 && !filtered && parent.Local != "switch"
	case "defs", "text", "tspan":
		return len(child.Children) == 0
	case "style":
		return strings.TrimSpace(child.Contents()) == ""
	case "linearGradient", "radialGradient", "pattern", "mask", "marker", "clipPath", "filter":
		return m.survey.Drawn // nothing refers to it
	case "path":
		return strings.TrimSpace(child.Value("d")) == "" && !m.sheet.properties["d"] && parent.Local != "clipPath"
	case "polygon", "polyline":
		return strings.TrimSpace(child.Value("points")) == "" && parent.Local != "clipPath"
	case "use":
		return child.Href() == ""
	}
	if parent.Local == "defs" && m.survey.Drawn && (leaf(child.Local) || child.Local == "g") {
		return true
	}
	return false
}

// unseen says whether a shape is painted with nothing. One with a class stays: outside
// style sheets may know it.
func (m *minifier) unseen(n *svgfile.Node, c setting) bool {
	_, class := n.Attr("class")
	if display, known := m.computed(n, c, "display"); known && display == "none" && n.Local != "svg" && !class && !m.survey.Script && graphic(n) {
		return true
	}
	if !leaf(n.Local) || m.markers || class || c.clip || len(n.Children) > 0 {
		return false
	}
	fill, knownFill := m.computed(n, c, "fill")
	stroke, knownStroke := m.computed(n, c, "stroke")
	width, knownWidth := m.computed(n, c, "stroke-width")
	_, events := m.computed(n, c, "pointer-events")
	filter, _ := m.computed(n, c, "filter")
	_, eventsSet := n.Attr("pointer-events")
	_, inherited := c.values["pointer-events"]
	return knownFill && knownStroke && events && !eventsSet && !inherited && filter == "none" && fill == "none" &&
		(stroke == "none" || knownWidth && width == "0")
}

// dissolve takes groups away that do nothing for their children, or whose single child
// can do it itself.
func (m *minifier) dissolve(n *svgfile.Node) {
	if !container(n.Local) && n.Local != "clipPath" {
		return
	}
	var out []*svgfile.Node
	for _, child := range n.Children {
		switch {
		case !child.Is("g") || n.Local == "clipPath" || m.sheet.tags["g"]:
			out = append(out, child)
		case len(child.Attrs) == 0 && !described(child):
			out = append(out, child.Children...)
		case len(child.Children) == 1 && m.handDown(child, child.Children[0]):
			out = append(out, child.Children[0])
		default:
			out = append(out, child)
		}
	}
	n.Children = out
}

// described says whether a group has a title or description of its own.
func described(n *svgfile.Node) bool {
	for _, child := range n.Children {
		if child.Kind == svgfile.Element && (child.Local == "title" || child.Local == "desc") {
			return true
		}
	}
	return false
}

// handDown moves all attributes of a group to its single child, if each means the same
// there.
func (m *minifier) handDown(group, child *svgfile.Node) bool {
	if child.Kind != svgfile.Element || child.Space != svgfile.NamespaceSVG || !(leaf(child.Local) || child.Local == "g" || child.Local == "use" || child.Local == "text") {
		return false
	}
	if id, ok := child.Attr("id"); ok && m.refs[id] {
		return false
	}
	if _, styled := child.Attr("style"); styled {
		return false
	}
	for _, a := range group.Attrs {
		if !m.canGoDown(a, child) {
			return false
		}
	}
	for _, a := range group.Attrs {
		own, has := child.Attr(a.Local)
		switch {
		case a.Local == "transform" && has:
			child.Set("transform", a.Value+own)
		case !has || own == "inherit":
			child.Set(a.Local, a.Value)
		}
	}
	if m.fromStyle[group] {
		m.fromStyle[child] = true
	}
	return true
}

func (m *minifier) canGoDown(a svgfile.Attr, child *svgfile.Node) bool {
	if a.Space != "" || m.sheet.properties[a.Local] {
		return false
	}
	own, has := child.Attr(a.Local)
	if has && own != "inherit" && relativeValue(a.Local, own) {
		return false
	}
	switch a.Local {
	case "transform":
		return !m.sheet.effects() && !turned(child)
	case "opacity":
		return !has && !m.sheet.effects()
	case "clip-path", "mask", "filter":
		_, moves := child.Attr("transform")
		return !has && !moves && child.Local == "g" && !m.clipped(child) && !m.sheet.effects()
	}
	return properties[a.Local].inherited && !relativeValue(a.Local, a.Value)
}

// clipped says whether n has an effect that works on it as a whole.
func (m *minifier) clipped(n *svgfile.Node) bool {
	for _, name := range [...]string{"clip-path", "mask", "filter", "opacity"} {
		if _, has := n.Attr(name); has {
			return true
		}
	}
	return false
}

// joinPaths makes one of neighbouring paths that are painted alike and lie apart.
func (m *minifier) joinPaths(n *svgfile.Node, c setting) {
	if m.markers || m.sheet.tags["path"] || m.sheet.properties["d"] {
		return
	}
	var out []*svgfile.Node
	var open run
	for _, child := range n.Children {
		p, ok := m.joinable(child)
		if ok && open.path != nil && alike(open.path, child) && m.fits(open, p, c) {
			open.grow(p)
			continue
		}
		open.finish()
		open = run{}
		if ok {
			open = run{path: child, joined: p, reach: reach(p.segments)}
		}
		out = append(out, child)
	}
	open.finish()
	n.Children = out
}

// run is a path, and what has been joined to it so far.
type run struct {
	path   *svgfile.Node
	joined parsed
	reach  extent
	parts  int // beside the first
}

func (r *run) grow(p parsed) {
	r.joined.segments = append(r.joined.segments, p.segments...)
	r.joined.digits = max(r.joined.digits, p.digits)
	r.reach = r.reach.with(reach(p.segments))
	r.parts++
}

func (r *run) finish() {
	if r.parts == 0 {
		return
	}
	if d, ok := pathText(r.joined.segments, r.joined.digits, false, false); ok {
		r.path.Set("d", d)
	}
}

// joinable reads a path that may become part of another.
func (m *minifier) joinable(n *svgfile.Node) (parsed, bool) {
	if !n.Is("path") || len(n.Children) > 0 {
		return parsed{}, false
	}
	for _, a := range n.Attrs {
		if a.Space != "" || !joins(a) {
			return parsed{}, false
		}
	}
	p := parsePath(n.Value("d"))
	for _, s := range p.segments {
		if !newGrid(maxDigits).fits(s.x) || !newGrid(maxDigits).fits(s.y) {
			return parsed{}, false
		}
	}
	return p, p.whole && len(p.segments) > 0 && p.digits <= maxDigits
}

// joins says whether an attribute means the same on two paths that are one. Only those that
// are known to: a length, a name or a place to turn around would be that of both.
func joins(a svgfile.Attr) bool {
	switch a.Local {
	case "d", "transform":
		return true
	case "clip-path", "mask", "filter", "vector-effect":
		return a.Value == "none"
	}
	return properties[a.Local].known() && !strings.Contains(strings.ToLower(a.Value), "url(")
}

// plainPaint says whether n is painted the same wherever its box ends.
func (m *minifier) plainPaint(n *svgfile.Node, c setting) bool {
	for _, name := range [...]string{"fill", "stroke"} {
		v, known := m.computed(n, c, name)
		if !known && m.servers || strings.Contains(strings.ToLower(v), "url(") {
			return false
		}
	}
	return true
}

// alike says whether two paths have the same attributes, but for their data.
func alike(a, b *svgfile.Node) bool {
	if len(a.Attrs) != len(b.Attrs) {
		return false
	}
	for _, attr := range a.Attrs {
		if v, has := b.Attr(attr.Local); attr.Local != "d" && (!has || v != attr.Value) {
			return false
		}
	}
	return true
}

// fits says whether p may join the others without its looks changing.
func (m *minifier) fits(r run, p parsed, c setting) bool {
	return m.plainPaint(r.path, c) && (m.outlines(r.path, c) || r.reach.apart(reach(p.segments), m.breadth(r.path, c)))
}

// outlines says whether a path is only stroked, in full colour: then two that cross look
// the same as one, but for the edge of a pixel.
func (m *minifier) outlines(n *svgfile.Node, c setting) bool {
	for name, value := range map[string]string{"fill": "none", "opacity": "1", "stroke-opacity": "1"} {
		if v, known := m.computed(n, c, name); !known || v != value {
			return false
		}
	}
	return m.Tolerance > 0 && m.Cross
}

// breadth is how far apart two paths must lie not to touch: their strokes, with mitres,
// and some pixels.
func (m *minifier) breadth(n *svgfile.Node, c setting) float64 {
	pixels := m.side / 256
	if stroke, known := m.computed(n, c, "stroke"); known && stroke == "none" {
		return pixels
	}
	width, known := m.computed(n, c, "stroke-width")
	x, length := scanNumber(width)
	limit, knownLimit := m.computed(n, c, "stroke-miterlimit")
	miter, _ := scanNumber(limit)
	if !known || !knownLimit || length != len(width) {
		return math.Inf(1)
	}
	return pixels + x.value*max(miter.value, 1)
}
