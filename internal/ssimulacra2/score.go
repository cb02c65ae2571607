package ssimulacra2

import "math"

const (
	scales   = 6
	planes   = 3 // X, Y, B
	maps     = 6 // means of three maps, then their 4-norms
	tileSide = 256
	tileSums = scales * planes * maps
	minSide  = 8

	// minWeight is the weight below which a plane is not worth its time. What is dropped
	// sums to 0.02, against 225 for the largest single weight.
	minWeight = 0.01
)

// Score is the closeness of two pictures.
type Score struct {
	// Mean is SSIMULACRA2 of the whole picture, at most 100.
	Mean float64
	// Worst is the score the whole picture would have if all of it were like its worst
	// tile: the same maps of the same pass, pooled over that tile alone. Tiles are 256x256;
	// the last column and row of tiles take what is left and are up to 511 wide or high.
	// Never above Mean, and Mean for a picture of one tile.
	Worst float64
	// Where that tile is, in pixels of the picture.
	WorstX, WorstY, WorstWidth, WorstHeight int
}

// shape is how a picture of one size is worked on.
type shape struct {
	width, height int // at least minSide
	levels        int
	rows          [planes * scales][maps]float64 // of plane c at level s: rows[c*levels+s]
	used          uint32                         // bit planes*s+c: plane c at level s is measured
}

// newShape finds the scales of a picture. The reference tests the size of the scale before,
// so the last one may have sides of four.
func newShape(width, height int, all bool) shape {
	s := shape{width: max(width, minSide), height: max(height, minSide), rows: weightRows()}
	w, h := s.width, s.height
	for s.levels = 1; s.levels < scales && w >= minSide && h >= minSide; s.levels++ {
		w, h = (w+1)/2, (h+1)/2
	}
	for i := range planes * s.levels {
		for _, weight := range s.rows[i] {
			if weight >= minWeight || all && weight > 0 {
				s.used |= 1 << (planes*(i%s.levels) + i/s.levels)
			}
		}
	}
	return s
}

// tiles gives the number of tiles across and down.
func (s shape) tiles() (across, down int) {
	return max(1, s.width/tileSide), max(1, s.height/tileSide)
}

// pool turns the sums of tile after tile into the score.
func (s shape) pool(sums []float64) Score {
	across, down := s.tiles()
	var whole [tileSums]float64
	worst := Score{Worst: math.Inf(1)}
	for i := range across * down {
		part := (*[tileSums]float64)(sums[i*tileSums:])
		for k, v := range part {
			whole[k] += v
		}
		x, width := span(i%across, across, s.width)
		y, height := span(i/across, down, s.height)
		if score := s.score(part, x, y, width, height); score < worst.Worst {
			worst = Score{Worst: score, WorstX: x, WorstY: y, WorstWidth: width, WorstHeight: height}
		}
	}
	worst.Mean = s.score(&whole, 0, 0, s.width, s.height)
	worst.Worst = min(worst.Worst, worst.Mean)
	return worst
}

// span is where tile i of n lies on a side of the given length.
func span(i, n, side int) (start, length int) {
	if i == n-1 {
		return i * tileSide, side - i*tileSide
	}
	return i * tileSide, tileSide
}

// score is SSIMULACRA2 of the sums over one rectangle of the picture. Products are rounded
// by conversion, so that no compiler fuses them: every build gives the same bits.
func (s shape) score(sums *[tileSums]float64, x, y, width, height int) float64 {
	var damage float64
	for c := range planes {
		for level := range s.levels {
			if s.used&(1<<(planes*level+c)) == 0 {
				continue
			}
			share := 1 / (extent(x, width, s.width, level) * extent(y, height, s.height, level))
			at := (level*planes + c) * maps
			for k, weight := range s.rows[c*s.levels+level] {
				v := share * sums[at+k]
				if k >= maps/2 {
					v = math.Sqrt(math.Sqrt(v))
				}
				damage += float64(weight * v)
			}
		}
	}
	return scoreOf(damage)
}

// extent is how many columns (or rows) of a level lie in length pixels from start.
func extent(start, length, side, level int) float64 {
	end := start + length
	if end == side { // sides are rounded up at each level
		end += 1<<level - 1
	}
	return float64(end>>level - start>>level)
}

// scoreOf is the final polynomial and power of the 2.1 release.
func scoreOf(damage float64) float64 {
	e := damage * 0.9562382616834844
	linear := float64(2.326765642916932 * e)
	square := float64(float64(0.020884521182843837*e) * e)
	cube := float64(float64(float64(6.248496625763138e-05*e)*e) * e)
	e = linear - square + cube
	if !(e > 0) && !math.IsNaN(e) {
		return 100
	}
	return 100 - float64(10*math.Pow(e, 0.6276336467831387))
}
