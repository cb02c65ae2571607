package svgmin

import (
	"fmt"
	"strconv"
	"strings"
)

// colour writes a colour in its shortest form. What is no plain colour stays: keywords
// such as currentColor, colours with alpha, functions of newer CSS.
func colour(v string) string {
	lower := strings.ToLower(v)
	hex, ok := hexOf(lower)
	if !ok {
		return v
	}
	if name, named := shortNames[hex]; named {
		return name
	}
	if hex[1] == hex[2] && hex[3] == hex[4] && hex[5] == hex[6] {
		return string([]byte{'#', hex[1], hex[3], hex[5]})
	}
	return hex
}

// hexOf gives an opaque sRGB colour as #rrggbb.
func hexOf(v string) (string, bool) {
	if hex, ok := longNames[v]; ok {
		return hex, true
	}
	for hex, name := range shortNames {
		if name == v {
			return hex, true
		}
	}
	if digits, ok := strings.CutPrefix(v, "#"); ok {
		if _, err := strconv.ParseUint(digits, 16, 32); err != nil {
			return "", false
		}
		switch len(digits) {
		case 3:
			d := digits
			return string([]byte{'#', d[0], d[0], d[1], d[1], d[2], d[2]}), true
		case 6:
			return v, true
		}
		return "", false
	}
	if inside, ok := strings.CutPrefix(v, "rgb("); ok {
		return rgbOf(strings.TrimSuffix(inside, ")"))
	}
	return "", false
}

// rgbOf reads the three figures of rgb(): all whole, or all percentages.
func rgbOf(inside string) (string, bool) {
	fields := strings.FieldsFunc(inside, func(r rune) bool { return r == ',' || r == ' ' })
	if len(fields) != 3 {
		return "", false
	}
	out := "#"
	percent := strings.HasSuffix(fields[0], "%")
	for _, f := range fields {
		digits, isPercent := strings.CutSuffix(f, "%")
		n, err := strconv.ParseFloat(digits, 64)
		if err != nil || isPercent != percent || n < 0 {
			return "", false
		}
		if percent {
			n = n * 255 / 100
		}
		if n > 255 || n != float64(int(n)) && !percent {
			return "", false
		}
		out += fmt.Sprintf("%02x", int(n+0.5))
	}
	return out, true
}

// shortNames are the colour names of CSS Color 4, 6.1, that are shorter than the shortest
// hexadecimal form.
var shortNames = map[string]string{
	"#ff0000": "red", "#d2b48c": "tan", "#f0ffff": "azure", "#f5f5dc": "beige", "#ffe4c4": "bisque",
	"#a52a2a": "brown", "#ff7f50": "coral", "#ffd700": "gold", "#808080": "gray", "#008000": "green",
	"#4b0082": "indigo", "#fffff0": "ivory", "#f0e68c": "khaki", "#faf0e6": "linen", "#800000": "maroon",
	"#000080": "navy", "#808000": "olive", "#ffa500": "orange", "#da70d6": "orchid", "#cd853f": "peru",
	"#ffc0cb": "pink", "#dda0dd": "plum", "#800080": "purple", "#fa8072": "salmon", "#a0522d": "sienna",
	"#c0c0c0": "silver", "#fffafa": "snow", "#008080": "teal", "#ff6347": "tomato", "#ee82ee": "violet",
	"#f5deb3": "wheat",
}

// longNames are common ones for which there is a shorter hexadecimal form.
var longNames = map[string]string{
	"black": "#000000", "white": "#ffffff", "yellow": "#ffff00", "fuchsia": "#ff00ff", "magenta": "#ff00ff",
	"aqua": "#00ffff", "cyan": "#00ffff", "blue": "#0000ff", "lime": "#00ff00", "grey": "#808080",
	"lightgray": "#d3d3d3", "lightgrey": "#d3d3d3", "darkgray": "#a9a9a9", "darkgrey": "#a9a9a9",
	"steelblue": "#4682b4", "royalblue": "#4169e1", "crimson": "#dc143c", "firebrick": "#b22222",
	"darkblue": "#00008b", "darkgreen": "#006400", "darkred": "#8b0000", "lightblue": "#add8e6",
	"lightgreen": "#90ee90", "dodgerblue": "#1e90ff", "limegreen": "#32cd32", "skyblue": "#87ceeb",
	"slategray": "#708090", "whitesmoke": "#f5f5f5", "chocolate": "#d2691e", "goldenrod": "#daa520",
}
