package photometa

import "math"

// maxSRGBError is how far colours may lie from sRGB's for a profile to count as sRGB: one
// step of 8 bits. Real profiles of sRGB stay below it, those of other spaces, and of
// sRGB's primaries with a plain gamma of 2.2, are several steps away.
const maxSRGBError = 1.0 / 255

// IsSRGB says whether an RGB profile means sRGB: shown through it, every colour looks as
// if the picture had no profile. That is measured, not looked up: a grid of colours is
// taken through the profile's curves and matrix and into sRGB (IEC 61966-2-1), and none
// may move by more than one step of 8 bits. Profiles with tables are never taken for sRGB,
// since they may render it differently.
func IsSRGB(icc []byte) bool {
	p, ok := parseProfile(icc)
	if !ok || p.space() != "RGB " || p.connect() != "XYZ " || !p.plain() {
		return false
	}
	var curves [3]func(float64) float64
	var columns [3][3]float64
	for i, c := range []string{"r", "g", "b"} {
		var okCurve, okColumn bool
		curves[i], okCurve = p.curve(c + "TRC")
		columns[i], okColumn = p.xyz(c + "XYZ")
		if !okCurve || !okColumn {
			return false
		}
	}
	return isSRGBModel(curves, columns)
}

// IsSGray says the same of a gray profile: that its curve is sRGB's.
func IsSGray(icc []byte) bool {
	p, ok := parseProfile(icc)
	if !ok || p.space() != "GRAY" || p.connect() != "XYZ " || !p.plain() {
		return false
	}
	curve, ok := p.curve("kTRC")
	return ok && isSRGBCurve(curve)
}

// plain says whether nothing but curves and matrix decides how colours look.
func (p profile) plain() bool {
	switch p.class() {
	case "mntr", "scnr", "spac", "prtr":
	default:
		return false
	}
	for _, tag := range []string{"A2B0", "A2B1", "A2B2", "A2B3", "D2B0", "D2B1", "D2B2", "D2B3"} {
		if _, has := p.tags[tag]; has {
			return false
		}
	}
	// Coding-independent code points: BT.709 primaries and sRGB's transfer, or another space.
	if cicp, has := p.tags["cicp"]; has {
		return len(cicp) >= 12 && cicp[8] == 1 && cicp[9] == 13
	}
	return true
}

// isSRGBCurve compares a tone curve to sRGB's at every step of 8 bits.
func isSRGBCurve(curve func(float64) float64) bool {
	for i := range 256 {
		x := float64(i) / 255
		if !near(encodeSRGB(curve(x)), x) {
			return false
		}
	}
	return true
}

// isSRGBModel compares curves and matrix to sRGB's on a grid of 17³ colours.
func isSRGBModel(curves [3]func(float64) float64, columns [3][3]float64) bool {
	for _, c := range curves {
		if !isSRGBCurve(c) {
			return false
		}
	}
	const steps = 17
	var light [3][steps]float64
	for i, c := range curves {
		for s := range steps {
			light[i][s] = c(float64(s) / (steps - 1))
		}
	}
	toSRGB := invert(srgbColumns())
	for n := range steps * steps * steps {
		at := [3]int{n % steps, n / steps % steps, n / steps / steps}
		var xyz [3]float64
		for row := range 3 {
			for i := range 3 {
				xyz[row] += columns[i][row] * light[i][at[i]]
			}
		}
		for i := range 3 {
			linear := toSRGB[0][i]*xyz[0] + toSRGB[1][i]*xyz[1] + toSRGB[2][i]*xyz[2]
			if !near(encodeSRGB(linear), float64(at[i])/(steps-1)) {
				return false
			}
		}
	}
	return true
}

// near is written so that NaN is not.
func near(a, b float64) bool { return math.Abs(a-b) <= maxSRGBError }

// encodeSRGB is sRGB's transfer function from light to code value, both 0 to 1, clipped.
func encodeSRGB(v float64) float64 {
	if v <= 0.0031308 {
		return max(0, 12.92*v)
	}
	return min(1, 1.055*math.Pow(v, 1/2.4)-0.055)
}

// srgbColumns are the XYZ of sRGB's red, green and blue, adapted to D50 by Bradford's
// method, as the ICC gives them for its sRGB profiles.
func srgbColumns() [3][3]float64 {
	return [3][3]float64{
		{0.436066, 0.222488, 0.013916},
		{0.385147, 0.716873, 0.097076},
		{0.143066, 0.060608, 0.714096},
	}
}

// invert gives the inverse of a matrix given by columns, also by columns.
func invert(m [3][3]float64) (inv [3][3]float64) {
	minor := func(r, c int) float64 {
		r1, r2, c1, c2 := (r+1)%3, (r+2)%3, (c+1)%3, (c+2)%3
		return m[c1][r1]*m[c2][r2] - m[c2][r1]*m[c1][r2]
	}
	det := m[0][0]*minor(0, 0) + m[1][0]*minor(0, 1) + m[2][0]*minor(0, 2)
	for r := range 3 {
		for c := range 3 {
			// inverse(c, r) = cofactor(r, c) / det; column r, row c.
			inv[r][c] = minor(r, c) / det
		}
	}
	return inv
}
