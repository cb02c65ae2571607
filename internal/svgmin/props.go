package svgmin

// property is a presentation attribute (SVG 1.1, appendix N; SVG 2, 6.6).
type property struct {
	inherited bool
	initial   string // in its shortest form; "" where none is taken for granted
	kind      valueKind
}

// known says whether p is one of those listed.
func (p property) known() bool { return p != property{} }

type valueKind uint8

const (
	word    valueKind = iota
	paint             // a colour, or a reference
	ratio             // 0 to 1
	measure           // a length
	lengths           // several
)

// properties lists the presentation attributes that are handled.
var properties = map[string]property{
	"clip-path":                   {false, "none", word},
	"clip-rule":                   {true, "nonzero", word},
	"color":                       {true, "", paint},
	"color-interpolation":         {true, "sRGB", word},
	"color-interpolation-filters": {true, "linearRGB", word},
	"cursor":                      {true, "auto", word},
	"direction":                   {true, "ltr", word},
	"display":                     {false, "inline", word},
	"dominant-baseline":           {true, "", word},
	"fill":                        {true, "#000", paint},
	"fill-opacity":                {true, "1", ratio},
	"fill-rule":                   {true, "nonzero", word},
	"filter":                      {false, "none", word},
	"flood-color":                 {false, "#000", paint},
	"flood-opacity":               {false, "1", ratio},
	"font-family":                 {true, "", word},
	"font-size":                   {true, "", measure},
	"font-stretch":                {true, "normal", word},
	"font-style":                  {true, "normal", word},
	"font-variant":                {true, "normal", word},
	"font-weight":                 {true, "", word},
	"image-rendering":             {true, "auto", word},
	"letter-spacing":              {true, "", measure},
	"lighting-color":              {false, "#fff", paint},
	"marker-end":                  {true, "none", word},
	"marker-mid":                  {true, "none", word},
	"marker-start":                {true, "none", word},
	"mask":                        {false, "none", word},
	"opacity":                     {false, "1", ratio},
	"overflow":                    {false, "", word},
	"paint-order":                 {true, "normal", word},
	"pointer-events":              {true, "auto", word},
	"shape-rendering":             {true, "auto", word},
	"stop-color":                  {false, "#000", paint},
	"stop-opacity":                {false, "1", ratio},
	"stroke":                      {true, "none", paint},
	"stroke-dasharray":            {true, "none", lengths},
	"stroke-dashoffset":           {true, "0", measure},
	"stroke-linecap":              {true, "butt", word},
	"stroke-linejoin":             {true, "miter", word},
	"stroke-miterlimit":           {true, "4", word},
	"stroke-opacity":              {true, "1", ratio},
	"stroke-width":                {true, "1", measure},
	"text-anchor":                 {true, "start", word},
	"text-decoration":             {false, "none", word},
	"text-rendering":              {true, "auto", word},
	"unicode-bidi":                {false, "normal", word},
	"vector-effect":               {false, "none", word},
	"visibility":                  {true, "visible", word},
	"word-spacing":                {true, "", measure},
	"writing-mode":                {true, "", word},
}

// emptyDefaults are attributes of elements, not presentation attributes, whose absence
// means this (SVG 1.1, the elements' own sections).
var elementDefaults = map[string]map[string]string{
	"svg":            {"x": "0", "y": "0", "preserveAspectRatio": "xMidYMid meet", "zoomAndPan": "magnify", "contentScriptType": "application/ecmascript", "contentStyleType": "text/css"},
	"use":            {"x": "0", "y": "0"},
	"image":          {"x": "0", "y": "0", "preserveAspectRatio": "xMidYMid meet"},
	"rect":           {"x": "0", "y": "0", "rx": "0", "ry": "0"},
	"circle":         {"cx": "0", "cy": "0"},
	"ellipse":        {"cx": "0", "cy": "0"},
	"line":           {"x1": "0", "y1": "0", "x2": "0", "y2": "0"},
	"text":           {"x": "0", "y": "0", "lengthAdjust": "spacing"},
	"clipPath":       {"clipPathUnits": "userSpaceOnUse"},
	"mask":           {"maskUnits": "objectBoundingBox", "maskContentUnits": "userSpaceOnUse"},
	"marker":         {"markerUnits": "strokeWidth", "refX": "0", "refY": "0", "markerWidth": "3", "markerHeight": "3"},
	"filter":         {"primitiveUnits": "userSpaceOnUse", "filterUnits": "objectBoundingBox"},
	"feGaussianBlur": {"stdDeviation": "0"},
	"feBlend":        {"mode": "normal"},
	"feComposite":    {"operator": "over"},
	"feColorMatrix":  {"type": "matrix"},
}

// templateDefaults are attributes that a template given by href may set: only without one
// does absence mean this.
var templateDefaults = map[string]map[string]string{
	"linearGradient": {"x1": "0", "y1": "0", "x2": "1", "y2": "0", "spreadMethod": "pad", "gradientUnits": "objectBoundingBox"},
	"radialGradient": {"cx": ".5", "cy": ".5", "r": ".5", "spreadMethod": "pad", "gradientUnits": "objectBoundingBox"},
	"pattern":        {"x": "0", "y": "0", "patternUnits": "objectBoundingBox", "patternContentUnits": "userSpaceOnUse"},
}

// editorNamespaces are those that drawing programs keep their own state in. Nothing that
// shows a drawing looks at them.
var editorNamespaces = map[string]bool{
	"http://www.inkscape.org/namespaces/inkscape":            true,
	"http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd":     true,
	"http://inkscape.sourceforge.net/DTD/sodipodi-0.dtd":     true,
	"http://www.inkscape.org/DTD/sodipodi-0.dtd":             true,
	"http://ns.adobe.com/AdobeIllustrator/10.0/":             true,
	"http://ns.adobe.com/AdobeSVGViewerExtensions/3.0/":      true,
	"http://ns.adobe.com/Extensibility/1.0/":                 true,
	"http://ns.adobe.com/Flows/1.0/":                         true,
	"http://ns.adobe.com/GenericCustomNamespace/1.0/":        true,
	"http://ns.adobe.com/Graphs/1.0/":                        true,
	"http://ns.adobe.com/ImageReplacement/1.0/":              true,
	"http://ns.adobe.com/SaveForWeb/1.0/":                    true,
	"http://ns.adobe.com/Variables/1.0/":                     true,
	"http://ns.adobe.com/XPath/1.0/":                         true,
	"http://www.bohemiancoding.com/sketch/ns":                true,
	"http://www.figma.com/figma/ns":                          true,
	"http://schemas.microsoft.com/visio/2003/SVGExtensions/": true,
	"http://www.vector.evaxdesign.sk":                        true,
	"http://vectornator.io":                                  true,
	"http://www.serif.com/":                                  true,
	"http://svgjs.com/svgjs":                                 true,
	"http://svgjs.dev/svgjs":                                 true,
	"https://boxy-svg.com":                                   true,
	"http://taptrix.com/vectorillustrator/svg_extensions":    true,
	"http://krita.org/namespaces/svg/krita":                  true,
	"http://purl.org/dc/elements/1.1/":                       true,
	"http://creativecommons.org/ns#":                         true,
	"http://web.resource.org/cc/":                            true,
	"http://www.w3.org/1999/02/22-rdf-syntax-ns#":            true,
}
