package svgfile

import (
	"math"
	"strconv"
	"strings"
)

// Cost estimates, from above, what drawing a document takes. Both figures saturate.
type Cost struct {
	Elements int64 // drawn, each as often as it is referred to
	Layers   int64 // surfaces of the size of the drawing that are filled
}

// Bounds on the cost of what is drawn. librsvg stops at as many elements, but only after
// having drawn them.
const (
	MaxDrawn  = 500_000
	MaxPixels = 8_000_000_000 // Layers × pixels: some ten seconds
)

// saturated is where costs end.
const saturated = math.MaxInt32

func (c Cost) add(o Cost) Cost {
	return Cost{min(c.Elements+o.Elements, saturated), min(c.Layers+o.Layers, saturated)}
}

func (c Cost) times(n int64) Cost {
	n = min(n, saturated)
	return Cost{min(c.Elements*n, saturated), min(c.Layers*n, saturated)}
}

// Cost counts every element as often as it is drawn: by use, as a pattern, mask, clip path,
// or as a marker on each vertex. A circle of references counts once, since renderers cut
// it.
func (d *Document) Cost(s *Survey) Cost {
	c := &coster{survey: s, known: map[*Node]Cost{}, open: map[*Node]bool{}}
	for _, style := range s.Styles {
		// A rule may apply to every element.
		for _, id := range References(style.Contents()) {
			if n := s.IDs[id]; n != nil {
				c.rules = append(c.rules, n)
			}
		}
	}
	total := c.of(d.Root)
	for _, n := range c.rules {
		total = total.add(c.of(n).times(int64(d.Elements)))
	}
	return total
}

type coster struct {
	survey *Survey
	known  map[*Node]Cost
	open   map[*Node]bool
	rules  []*Node
	depth  int
}

// maxReferenceDepth bounds chains of references; a longer one counts as too costly.
const maxReferenceDepth = 2000

func (c *coster) of(n *Node) Cost {
	if known, ok := c.known[n]; ok {
		return known
	}
	if c.open[n] {
		return Cost{}
	}
	if c.depth++; c.depth > maxReferenceDepth {
		c.depth--
		return Cost{saturated, saturated}
	}
	c.open[n] = true
	total := Cost{Elements: 1 + int64(len(n.Value("d"))+len(n.Value("points")))/1024, Layers: primitive(n)}
	for _, child := range n.Children {
		if child.Kind == Element {
			total = total.add(c.of(child))
		}
	}
	subtree := total.Elements
	for i := range n.Attrs {
		total = total.add(c.reference(n, &n.Attrs[i], subtree))
	}
	delete(c.open, n)
	c.depth--
	c.known[n] = total
	return total
}

// reference is the cost of what one attribute refers to or asks for.
func (c *coster) reference(n *Node, a *Attr, subtree int64) Cost {
	var total Cost
	if a.Local == "href" && n.Local != "a" {
		for _, id := range Fragments(a.Value) {
			if target := c.survey.IDs[id]; target != nil {
				total = total.add(c.of(target))
			}
		}
	}
	if a.Space != "" {
		return total
	}
	for _, id := range References(a.Value) {
		target := c.survey.IDs[id]
		if target == nil {
			continue
		}
		times := int64(1)
		switch target.Local {
		case "marker":
			times = int64(len(n.Value("d"))+len(n.Value("points")))/3 + subtree*8
		case "pattern", "linearGradient", "radialGradient":
			times = subtree // inherited
		}
		total = total.add(c.of(target).times(times))
		total.Layers++
	}
	if a.Local == "opacity" && a.Value != "1" || a.Local == "style" && strings.Contains(a.Value, "opacity") {
		total.Layers++
	}
	return total
}

// primitive is what a filter primitive costs, in layers. All but a few work on each pixel
// once or a few times.
func primitive(n *Node) int64 {
	if !strings.HasPrefix(n.Local, "fe") || n.Space != NamespaceSVG {
		return 0
	}
	switch n.Local {
	case "feTurbulence":
		return 50
	case "feMorphology":
		return 4 + figure(n.Value("radius"))*4
	case "feConvolveMatrix":
		order := figure(n.Value("order"))
		return 4 + order*order
	}
	return 4
}

// figure reads the first number of a value, from above; a large one if it cannot be read.
func figure(v string) int64 {
	fields := strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == ',' })
	if len(fields) == 0 {
		return 1
	}
	f, err := strconv.ParseFloat(fields[0], 64)
	if err != nil || !(f >= 0 && f < 1e4) {
		return 1e4
	}
	return int64(math.Ceil(f))
}
