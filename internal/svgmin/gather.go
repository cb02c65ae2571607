package svgmin

import (
	"math"

	"compressor/internal/svgfile"
)

// graphic says whether n is an element that draws or holds what draws.
func graphic(n *svgfile.Node) bool {
	return n.Kind == svgfile.Element && n.Space == svgfile.NamespaceSVG && (svgfile.Shape(n.Local) || n.Local == "g" || n.Local == "a" || n.Local == "svg")
}

// gather moves to a group what all its children have in common.
func (m *minifier) gather(n *svgfile.Node) {
	if n.Local != "g" {
		return
	}
	var drawn []*svgfile.Node
	for _, child := range n.Children {
		switch {
		case graphic(child):
			drawn = append(drawn, child)
		case child.Kind == svgfile.Element && child.Local != "title" && child.Local != "desc":
			return
		}
	}
	if len(drawn) < 2 {
		return
	}
	for _, a := range append([]svgfile.Attr(nil), drawn[0].Attrs...) {
		if !m.shared(a) || !m.allHave(drawn, a) {
			continue
		}
		if _, has := n.Attr(a.Local); has && a.Local == "font-size" {
			continue // other attributes of n may be multiples of it
		}
		if _, styled := n.Attr("style"); styled {
			continue
		}
		for _, child := range drawn {
			child.Remove(a.Local)
		}
		n.Set(a.Local, a.Value)
	}
}

// shared says whether a can stand on a group instead of on each of its children.
func (m *minifier) shared(a svgfile.Attr) bool {
	return a.Space == "" && properties[a.Local].inherited && !m.sheet.properties[a.Local] && !relativeValue(a.Local, a.Value)
}

// allHave says whether all have the attribute a, and may lose it.
func (m *minifier) allHave(nodes []*svgfile.Node, a svgfile.Attr) bool {
	for _, n := range nodes {
		if !m.mayLose(n, a) {
			return false
		}
	}
	return true
}

func (m *minifier) mayLose(n *svgfile.Node, a svgfile.Attr) bool {
	v, has := n.Attr(a.Local)
	if !has || v != a.Value || !graphic(n) {
		return false
	}
	id, named := n.Attr("id")
	return !named || !m.refs[id]
}

// wrapRuns puts neighbours that share attributes into a group that has these instead,
// where that is shorter.
func (m *minifier) wrapRuns(n *svgfile.Node) {
	if n.Local == "g" && len(n.Children) < 3 || m.sheet.tags["g"] {
		return
	}
	var out []*svgfile.Node
	for i := 0; i < len(n.Children); {
		run, attrs := m.bestRun(n.Children[i:])
		if run == 0 || run == len(n.Children) && n.Local == "g" {
			out = append(out, n.Children[i])
			i++
			continue
		}
		prefix := n.Name[:len(n.Name)-len(n.Local)]
		group := &svgfile.Node{Kind: svgfile.Element, Name: prefix + "g", Local: "g", Space: svgfile.NamespaceSVG, Attrs: attrs}
		for _, child := range n.Children[i : i+run] {
			for _, a := range attrs {
				child.Remove(a.Local)
			}
			if child.Is("g") && len(child.Attrs) == 0 && !described(child) {
				group.Children = append(group.Children, child.Children...)
			} else {
				group.Children = append(group.Children, child)
			}
		}
		out = append(out, group)
		i += run
	}
	n.Children = out
}

// bestRun finds the run of neighbours, from the first on, that a group pays most for.
func (m *minifier) bestRun(nodes []*svgfile.Node) (length int, attrs []svgfile.Attr) {
	if !graphic(nodes[0]) {
		return 0, nil
	}
	common := append([]svgfile.Attr(nil), nodes[0].Attrs...)
	best := 0
	const most = 400 // looked at for each: the search is not linear
	for end := 1; end <= min(len(nodes), most); end++ {
		kept := common[:0:0]
		for _, a := range common {
			if m.shared(a) && m.mayLose(nodes[end-1], a) {
				kept = append(kept, a)
			}
		}
		common = kept
		if len(common) == 0 {
			break
		}
		size := 0
		for _, a := range common {
			size += len(a.Name) + len(a.Value) + len(` =""`)
		}
		if gain := (end-1)*size - len("<g></g>"); gain > best {
			best, length, attrs = gain, end, append([]svgfile.Attr(nil), common...)
		}
	}
	return length, attrs
}

// extent is the box that a path stays within.
type extent struct{ left, top, right, bottom float64 }

// reach is generous: control points count, and arcs may bulge by their whole radii.
func reach(segments []segment) extent {
	e := extent{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}
	grow := func(x, y, rx, ry float64) {
		e.left, e.right = min(e.left, x-rx), max(e.right, x+rx)
		e.top, e.bottom = min(e.top, y-ry), max(e.bottom, y+ry)
	}
	x, y := 0.0, 0.0
	for _, s := range segments {
		switch s.kind {
		case 'C':
			grow(s.x1, s.y1, 0, 0)
			grow(s.x2, s.y2, 0, 0)
		case 'Q':
			grow(s.x1, s.y1, 0, 0)
		case 'A':
			r := max(s.x1, s.y1, math.Hypot(s.x-x, s.y-y)/2)
			grow(x, y, 2*r, 2*r)
			grow(s.x, s.y, 2*r, 2*r)
		}
		grow(s.x, s.y, 0, 0)
		x, y = s.x, s.y
	}
	return e
}

// with is the box around both.
func (e extent) with(o extent) extent {
	return extent{min(e.left, o.left), min(e.top, o.top), max(e.right, o.right), max(e.bottom, o.bottom)}
}

// apart says whether there is more than a distance between two boxes.
func (e extent) apart(o extent, distance float64) bool {
	return e.right+distance < o.left || o.right+distance < e.left || e.bottom+distance < o.top || o.bottom+distance < e.top
}
