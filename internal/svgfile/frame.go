package svgfile

import (
	"fmt"
	"strconv"
	"strings"
)

// Frame is which part of a drawing is shown, in the pixels of its own Size, and how large
// it comes out, in pixels.
type Frame struct {
	Part          Box
	Width, Height int

	// Background is the colour between Part and Inner, for Reframe; "" for none.
	Background string
	Inner      Box
}

// Own is the frame of the whole drawing at a size of so many pixels.
func (d *Document) Own(width, height int) Frame {
	w, h := d.Size()
	return Frame{Part: Box{Width: w, Height: h}, Width: width, Height: height}
}

// Framed gives the text of the document with a root that shows just that frame. All else
// stays byte for byte.
func (d *Document) Framed(f Frame) []byte {
	root := *d.Root
	root.Attrs = append([]Attr(nil), d.Root.Attrs...)
	root.frame(d, f)
	var w writer
	w.WriteString(d.text[:d.rootStart])
	if strings.HasPrefix(d.text, "<?xml") {
		// What follows is UTF-8 now, whatever the declaration says.
		_, after, _ := strings.Cut(d.text[:d.rootStart], "?>")
		w.Reset()
		w.WriteString(after)
	}
	w.start(&root)
	if d.rootEmpty {
		w.WriteString("/>")
	} else {
		w.WriteString(">")
	}
	w.WriteString(d.text[d.rootTail:])
	return []byte(w.String())
}

// Reframe makes the document itself show the frame, with its margin painted if there is
// one.
func (d *Document) Reframe(f Frame) {
	outer, inner := d.inUnits(f.Part), d.inUnits(f.Inner)
	d.Root.frame(d, f)
	if f.Background == "" {
		return
	}
	margin := &Node{Kind: Element, Name: "path", Local: "path", Space: NamespaceSVG}
	if prefix, _, prefixed := strings.Cut(d.Root.Name, ":"); prefixed {
		margin.Name = prefix + ":path"
	}
	margin.Set("d", outer.path()+inner.path())
	margin.Set("fill", f.Background)
	margin.Set("fill-rule", "evenodd")
	d.Root.Children = append([]*Node{margin}, d.Root.Children...)
}

// path draws the outline of b.
func (b Box) path() string {
	return fmt.Sprintf("M%s %sh%sv%sh-%sz", short(b.X), short(b.Y), short(b.Width), short(b.Height), short(b.Width))
}

func (n *Node) frame(d *Document, f Frame) {
	box := d.inUnits(f.Part)
	_, boxed := d.Root.ViewBox()
	w, h := d.Size()
	whole := f.Part == Box{Width: w, Height: h}
	if !boxed || !whole || !sameShape(f, w, h) || !d.plainFit() {
		n.Set("viewBox", short(box.X)+" "+short(box.Y)+" "+short(box.Width)+" "+short(box.Height))
		n.Set("preserveAspectRatio", "none")
	}
	n.Set("width", strconv.Itoa(f.Width))
	n.Set("height", strconv.Itoa(f.Height))
	if style, ok := n.Attr("style"); ok {
		n.Set("style", withoutSize(style))
	}
}

// sameShape says whether the frame has the proportions of the drawing, exactly.
func sameShape(f Frame, w, h float64) bool {
	return float64(f.Width)*h == float64(f.Height)*w
}

// plainFit says whether the viewBox has the proportions of the size, so that no
// preserveAspectRatio makes a difference.
func (d *Document) plainFit() bool {
	box, ok := d.Root.ViewBox()
	w, h := d.Size()
	return ok && box.Width*h == box.Height*w
}

// inUnits translates a part, in pixels of the size, into user units.
func (d *Document) inUnits(part Box) Box {
	w, h := d.Size()
	box, boxed := d.Root.ViewBox()
	if !boxed {
		return part
	}
	scaleX, scaleY := w/box.Width, h/box.Height
	offsetX, offsetY := 0.0, 0.0
	align, slice := aspect(d.Root.Value("preserveAspectRatio"))
	if align != "none" && scaleX != scaleY {
		scale := min(scaleX, scaleY)
		if slice {
			scale = max(scaleX, scaleY)
		}
		offsetX = aligned(align, "xMin", "xMax", w-box.Width*scale)
		offsetY = aligned(align, "YMin", "YMax", h-box.Height*scale)
		scaleX, scaleY = scale, scale
	}
	return Box{
		X: box.X + (part.X-offsetX)/scaleX, Y: box.Y + (part.Y-offsetY)/scaleY,
		Width: part.Width / scaleX, Height: part.Height / scaleY,
	}
}

// aspect reads preserveAspectRatio.
func aspect(v string) (align string, slice bool) {
	align = "xMidYMid"
	for _, word := range strings.Fields(v) {
		switch word {
		case "slice":
			slice = true
		case "meet", "defer":
		default:
			align = word
		}
	}
	return align, slice
}

// aligned is how much of the free room lies in front.
func aligned(align, low, high string, free float64) float64 {
	switch {
	case strings.Contains(align, low):
		return 0
	case strings.Contains(align, high):
		return free
	}
	return free / 2
}

func withoutSize(style string) string {
	var parts []string
	for _, part := range splitStyle(style) {
		property, _, _ := strings.Cut(part, ":")
		switch strings.ToLower(strings.TrimSpace(property)) {
		case "width", "height", "":
		default:
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ";")
}

// short writes a figure with at most ten significant digits.
func short(f float64) string {
	text := strconv.FormatFloat(f, 'g', 10, 64)
	if strings.ContainsAny(text, "e") {
		return strconv.FormatFloat(f, 'f', 10, 64)
	}
	return text
}
