package pngfile

// The filter types of PNG 9.2.
const (
	filterNone byte = iota
	filterSub
	filterUp
	filterAverage
	filterPaeth
	filterCount = 5
)

// paeth picks of left, above and upper left the one nearest to left + above − upper left
// (PNG 9.4).
func paeth(left, above, corner byte) byte {
	l, a, c := int32(left), int32(above), int32(corner)
	toLeft, toAbove := a-c, l-c
	toCorner := toLeft + toAbove
	toLeft, toAbove, toCorner = distance(toLeft), distance(toAbove), distance(toCorner)
	if toLeft <= toAbove && toLeft <= toCorner {
		return left
	}
	if toAbove <= toCorner {
		return above
	}
	return corner
}

// distance is |v|, without a branch: the sign of image differences cannot be predicted.
func distance(v int32) int32 {
	sign := v >> 31
	return (v ^ sign) - sign
}

// filterRow writes row, filtered by kind, to dst, which has the same length. prior is the
// row above, all zero for the first; step is the bytes per pixel, at least 1.
func filterRow(dst, row, prior []byte, step int, kind byte) {
	dst, prior = dst[:len(row)], prior[:len(row)]
	head := min(step, len(row))
	switch kind {
	case filterNone:
		copy(dst, row)
	case filterSub:
		copy(dst, row[:head])
		back := row[:len(row)-head]
		for i, v := range back {
			dst[head+i] = row[head+i] - v
		}
	case filterUp:
		for i, v := range row {
			dst[i] = v - prior[i]
		}
	case filterAverage:
		for i := range head {
			dst[i] = row[i] - prior[i]/2
		}
		for i := head; i < len(row); i++ {
			dst[i] = row[i] - byte((uint32(row[i-head])+uint32(prior[i]))/2)
		}
	case filterPaeth:
		for i := range head {
			dst[i] = row[i] - prior[i]
		}
		for i := head; i < len(row); i++ {
			dst[i] = row[i] - paeth(row[i-head], prior[i], prior[i-head])
		}
	}
}
