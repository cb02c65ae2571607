package svgfile

import (
	"strings"
)

// Survey is what a document holds that matters to whoever changes or draws it.
type Survey struct {
	IDs      map[string]*Node
	Repeated bool // an id stands twice

	Script   bool // scripts, event handlers, or what only they make sense of
	Animated bool // SMIL or CSS animation
	Foreign  bool // foreignObject: contents that are not SVG
	External bool // needs files beside it: images, style sheets, symbols
	Font     bool // an SVG font: outlines that no browser draws
	Nested   bool // drawings inside images
	Unread   bool // style sheets elsewhere than in style elements: xml-stylesheet, link

	Styles []*Node // style elements, SVG's and XHTML's: browsers apply both
	Drawn  bool    // something is drawn
}

// Survey walks the document once.
func (d *Document) Survey() *Survey {
	s := &Survey{IDs: map[string]*Node{}}
	for _, n := range append(append([]*Node(nil), d.Before...), d.After...) {
		if n.Kind == Instruction && n.Name == "xml-stylesheet" {
			s.External, s.Unread = true, true
		}
	}
	d.Root.Walk(func(n *Node) bool {
		if n.Kind == Element {
			s.element(n)
		}
		return true
	})
	s.Drawn = draws(d.Root)
	return s
}

func (s *Survey) element(n *Node) {
	if n.Space == NamespaceSVG {
		switch n.Local {
		case "script", "handler", "listener":
			s.Script = true
		case "animate", "animateTransform", "animateMotion", "animateColor", "set", "discard":
			s.Animated = true
		case "foreignObject":
			s.Foreign = true
		case "font":
			s.Font = true
		case "style":
			s.style(n)
		}
	} else if strings.HasPrefix(n.Space, "http://www.w3.org/1999/xhtml") || n.Space == "http://www.w3.org/2001/xml-events" {
		switch n.Local {
		case "script", "listener":
			s.Script = true
		case "link":
			s.External, s.Unread = true, true
		case "style":
			s.style(n)
		}
	}
	for i := range n.Attrs {
		s.attribute(n, &n.Attrs[i])
	}
}

func (s *Survey) style(n *Node) {
	s.Styles = append(s.Styles, n)
	s.css(n.Contents())
}

func (s *Survey) attribute(n *Node, a *Attr) {
	switch {
	case a.Space == "" && a.Local == "id" || a.Space == NamespaceXML && a.Local == "id":
		if _, twice := s.IDs[a.Value]; twice {
			s.Repeated = true
		} else {
			s.IDs[a.Value] = n
		}
	case a.Space == "" && strings.HasPrefix(a.Local, "on") && len(a.Local) > 4:
		s.Script = true
	case a.Local == "href" && (a.Space == "" || a.Space == NamespaceXLink):
		s.href(n, strings.TrimSpace(a.Value))
	case a.Space == "" && a.Local == "style":
		s.css(a.Value)
	case a.Space == "" && strings.Contains(a.Value, "url("):
		s.External = s.External || externalURL(a.Value)
	}
}

func (s *Survey) href(n *Node, target string) {
	lower := strings.ToLower(target[:min(len(target), 100)])
	switch {
	case strings.HasPrefix(lower, "javascript:"):
		s.Script = true
	case target == "" || target[0] == '#' || n.Local == "a":
	case strings.HasPrefix(lower, "data:"):
		s.Nested = s.Nested || strings.HasPrefix(lower, "data:image/svg") || !strings.HasPrefix(lower, "data:image/")
	default:
		s.External = true
	}
}

func (s *Survey) css(text string) {
	lower := strings.ToLower(text)
	for _, word := range [...]string{"@keyframes", "animation", "transition", "@-webkit-keyframes"} {
		s.Animated = s.Animated || strings.Contains(lower, word)
	}
	s.External = s.External || strings.Contains(lower, "@import") || externalURL(lower)
	s.Nested = s.Nested || strings.Contains(lower, "data:image/svg")
}

// externalURL says whether url() in a value names something outside the document.
func externalURL(value string) bool {
	for {
		_, after, found := strings.Cut(value, "url(")
		if !found {
			return false
		}
		value = after
		target := strings.TrimLeft(after, " \t\n\r\f'\"")
		if target != "" && target[0] != '#' && !strings.HasPrefix(strings.ToLower(target[:min(len(target), 5)]), "data:") {
			return true
		}
	}
}

// Shape says whether an SVG element of that name draws by itself.
func Shape(local string) bool {
	switch local {
	case "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "image", "text", "use":
		return true
	}
	return false
}

// Template says whether an SVG element of that name draws nothing where it stands, only
// where others refer to it.
func Template(local string) bool {
	switch local {
	case "defs", "symbol", "marker", "pattern", "mask", "clipPath", "filter", "linearGradient",
		"radialGradient", "font", "metadata", "title", "desc", "style", "script", "cursor", "view":
		return true
	}
	return false
}

// draws says whether something below n is drawn where it stands.
func draws(n *Node) bool {
	found := false
	n.Walk(func(n *Node) bool {
		if n.Kind != Element || n.Space != NamespaceSVG || Template(n.Local) || n.Value("display") == "none" {
			return false
		}
		found = found || Shape(n.Local) || n.Local == "foreignObject"
		return !found
	})
	return found
}
