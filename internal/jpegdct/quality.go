package jpegdct

// annexK returns the example tables of T.81 annex K.1 (luminance, chrominance), which the
// Independent JPEG Group's library scales by its quality setting, in zigzag order.
func annexK() (luma, chroma QuantTable) {
	rows := [2][64]uint8{{
		16, 11, 10, 16, 24, 40, 51, 61,
		12, 12, 14, 19, 26, 58, 60, 55,
		14, 13, 16, 24, 40, 57, 69, 56,
		14, 17, 22, 29, 51, 87, 80, 62,
		18, 22, 37, 56, 68, 109, 103, 77,
		24, 35, 55, 64, 81, 104, 113, 92,
		49, 64, 78, 87, 103, 121, 120, 101,
		72, 92, 95, 98, 112, 100, 103, 99,
	}, {
		17, 18, 24, 47, 99, 99, 99, 99,
		18, 21, 26, 66, 99, 99, 99, 99,
		24, 26, 56, 99, 99, 99, 99, 99,
		47, 66, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99,
	}}
	x, y := Frequencies()
	for k := range 64 {
		at := int(y[k])*8 + int(x[k])
		luma[k], chroma[k] = uint16(rows[0][at]), uint16(rows[1][at])
	}
	return luma, chroma
}

// scaled is the table the IJG library makes of t at a quality of 1…100, baseline limit
// included.
func (t *QuantTable) scaled(quality int) (out QuantTable) {
	factor := 200 - 2*quality
	if quality < 50 {
		factor = 5000 / quality
	}
	for k, step := range t {
		out[k] = uint16(min(max((int(step)*factor+50)/100, 1), 255))
	}
	return out
}

// EstimateQuality returns the IJG quality, 1…100, whose scaled Annex K tables come
// closest, by the sum of relative differences, and whether they are equal. chroma may be
// nil. An encoder with tables of its own gives exact = false and a quality that means
// only "about as coarse as".
func EstimateQuality(luma, chroma *QuantTable) (quality int, exact bool) {
	k1, k2 := annexK()
	best := int64(-1)
	for q := 100; q >= 1; q-- {
		d := distance(k1.scaled(q), luma)
		if chroma != nil {
			d += distance(k2.scaled(q), chroma)
		}
		if best < 0 || d < best {
			best, quality = d, q
		}
	}
	return quality, best == 0
}

// distance is the sum of relative differences of two tables, in 1/4096, so that it is an
// integer and the same everywhere.
func distance(a QuantTable, b *QuantTable) (sum int64) {
	for k := range a {
		x, y := int64(a[k]), int64(b[k])
		sum += max(x-y, y-x) * 4096 / min(x, y)
	}
	return sum
}
