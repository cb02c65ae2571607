package svg_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"testing"

	"compressor/internal/codec/codectest"
)

const icon = `<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!-- drawn by hand -->
<svg xmlns="http://www.w3.org/2000/svg" width="48" height="44" viewBox="0 0 48 44">
  <rect x="0" y="0" width="48" height="48" fill="#ffeecc" stroke="none"/>
  <g transform="translate(4, 4)">
    <path d="M 10.00 10.00 L 30.00 10.00 L 30.00 30.00 L 10.00 30.00 Z" style="fill:#ff0000;stroke:none"/>
    <circle cx="30.25" cy="28.5" r="7.5" fill="rgb(0, 0, 255)"/>
  </g>
</svg>
`

const small = `<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">
  <circle cx="10.00" cy="10.00" r="8.00" fill="#ff0000"/><!-- round -->
</svg>
`

// illustrator is how drawing programs write: entities, their own namespaces, metadata.
const illustrator = `<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd" [
	<!ENTITY ns_svg "http://www.w3.org/2000/svg">
	<!ENTITY ns_ai "http://ns.adobe.com/AdobeIllustrator/10.0/">
	<!ENTITY st0 "fill:#1D71B8;">
]>
<svg version="1.1" id="Ebene_1" xmlns="&ns_svg;" xmlns:i="&ns_ai;" x="0px" y="0px"
	 width="60px" height="50px" viewBox="0 0 60 50" enable-background="new 0 0 60 50" xml:space="preserve">
<metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></metadata>
<i:pgf>AAAA</i:pgf>
<g id="Ebene" i:layer="yes">
	<polygon style="&st0;" points="10.125,10.25 50.333333,12.5 44.1,40.75 12,38 	"/>
	<g><g><path fill="none" stroke="#E30613" stroke-width="2" stroke-miterlimit="10" d="M5.5,5.5c0,0,20.123,11.456,49,2"/></g></g>
</g>
</svg>`

const shared = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="64">
  <title>Shared things</title>
  <defs>
    <linearGradient id="g" x1="0%" y1="0%" x2="100%" y2="0%"><stop offset="0%" stop-color="white"/><stop offset="100%" stop-color="#336699"/></linearGradient>
    <linearGradient id="unused"><stop offset="0"/></linearGradient>
    <clipPath id="c"><circle cx="32" cy="32" r="28"/></clipPath>
    <path id="p" d="M0,0 L12,0 L6,12 z"/>
  </defs>
  <g clip-path="url(#c)"><rect width="64" height="64" fill="url(#g)"/>
  <use xlink:href="#p" x="12" y="20" fill="green"/><use xlink:href="#p" transform="translate(36 34) scale(1.5)" fill="#808000"/></g>
</svg>`

const animated = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">
  <rect id="r" x="4.00" y="4" width="20" height="20" fill="black"><animate attributeName="x" values="4;16;4" dur="2s" repeatCount="indefinite"/></rect>
</svg>`

const scripted = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" onload="go()">
  <script>function go() { document.getElementById("r").setAttribute("fill", 1 &lt; 2 ? "red" : "blue") }</script>
  <!-- said by nobody --><rect id="r" class="k" x="4.00" y="4" width="20" height="20" fill="black"/>
</svg>`

const styled = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 44 44" width="44" height="44">
  <style type="text/css">
    .a { fill: #cc0000; }  /* red */
    .b { fill: none; stroke: #000; stroke-width: 3px }
  </style>
  <rect class="a" x="4" y="4" width="30" height="30"/>
  <path class="b" d="M 6 38 L 38 6"/>
</svg>`

const defaults = `<!DOCTYPE svg [<!ATTLIST rect fill CDATA "red">]><svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect width="9" height="9"/></svg>`

const nested = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><image width="9" height="9" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E"/></svg>`

func samples(t testing.TB) []codectest.Sample {
	t.Helper()
	return []codectest.Sample{
		{Name: "icon", Data: []byte(icon)},
		{Name: "illustrator", Data: []byte(illustrator)},
		{Name: "shared", Data: []byte(shared)},
		{Name: "animated", Data: []byte(animated)},
		{Name: "scripted", Data: []byte(scripted)},
		{Name: "strokes", Data: realFile(t, "tabler-pencil-bolt.svg")},
		{Name: "defaults", Data: []byte(defaults), Untouched: "attribute defaults in its document type"},
		{Name: "nested", Data: []byte(nested), Untouched: "a drawing inside an image"},
	}
}

func zippedSamples(t testing.TB) []codectest.Sample {
	t.Helper()
	return []codectest.Sample{
		{Name: "zipped-icon", Data: zip(t, small)},
		{Name: "zipped-defaults", Data: zip(t, defaults), Untouched: "attribute defaults in its document type"},
	}
}

// realFile is a file that another program made.
func realFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("../../../testdata/image/svg/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func zip(t testing.TB, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Name = "drawing.svg"
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
