package jpeg

import (
	"context"
	"math"
)

// Levels of the knob are steps of the logarithm of the scale that tables are divided by:
// 2 % each, which is about half a point of SSIMULACRA2 and 1.5 % of the bytes.
const (
	levels   = 271
	perUnit  = 50  // levels to a factor of e
	coarsest = -3. // the logarithm at level 0
)

// scaleOf is what the steps of the tables are divided by at a level.
func scaleOf(level int) float64 {
	return math.Exp2((coarsest + float64(level)/perUnit) * math.Log2E)
}

// The quality that clients know is that of the Independent JPEG Group's library: Annex K's
// tables times 50/q below 50, times 2−q/50 above. A quality given here makes about the
// score that it makes there, on the median photo: the logarithm of our scale is slope times
// that of theirs, plus offset.
const (
	slope  = 0.79
	offset = -0.33
	finest = 0.02 // times Annex K's tables: at quality 99
)

// levelOf is the level whose score is about that of a quality of 1 to 100.
func levelOf(quality float64) int {
	times := 50 / quality
	if quality > 50 {
		times = max(2-quality/50, finest)
	}
	x := offset - slope*math.Log2(times)/math.Log2E
	return min(max(int(math.Round((x-coarsest)*perUnit)), 1), levels)
}

// qualityOf is the other way round.
func qualityOf(level int) float64 {
	x := coarsest + float64(level)/perUnit
	times := math.Exp2((offset - x) / slope * math.Log2E)
	if times > 1 {
		return 50 / times
	}
	return 100 - 50*times
}

// start is the level at which the median photo crosses a floor.
func start(floor float64) int {
	return min(max(int(math.Round((crossing(floor)-coarsest)*perUnit)), 1), levels)
}

// rise is how much the score rises with a level there.
func rise(score float64) float64 {
	return 1 / (crossing(score+0.5) - crossing(score-0.5)) / perUnit
}

// seed is the level at which this very picture is expected to cross the floor: a linear fit
// over 16 photos of the corpus and four quarters of each. It leaves 5.4 levels of error at 60
// and 5.8 at 75, by the mean over photos that were left out of the fit, where the median
// leaves 7.9 and 6.5. At 85 nothing that was tried came closer than the median.
func (p *planner) seed(context.Context) (int, error) {
	if p.In.Floor >= 80 {
		return start(p.In.Floor), nil
	}
	c, err := p.Content()
	if err != nil {
		return 0, err
	}
	if p.In.Floor >= 70 {
		return start(p.In.Floor) + int(40*(usualLightness-c.Lightness)), nil
	}
	return start(p.In.Floor) + int(16-10.8*c.Coarseness-34*c.Lightness+16*c.Colour), nil
}

// usualLightness is that of the median photo.
const usualLightness = 0.43

// crossing is the logarithm of the scale at which the median photo has a score.
func crossing(score float64) float64 {
	at := medians()
	i := 1
	for i < len(at)-1 && score > at[i].score {
		i++
	}
	a, b := at[i-1], at[i]
	return a.log + (score-a.score)/(b.score-a.score)*(b.log-a.log)
}

// median is the score of the median photo at a scale.
type median struct{ score, log float64 }

func medians() []median {
	return []median{{30, -1.1}, {60, -0.25}, {75, 0.40}, {85, 1.10}, {90, 1.61}}
}

// aim is the score that tables are chosen for: the floor, or what the level is likely to give.
func (p *planner) aim(level int) float64 {
	if p.Img.Quality == nil && p.In.Floor > 0 && p.In.Floor <= 100 {
		return p.In.Floor
	}
	at := medians()
	x := coarsest + float64(level)/perUnit
	i := 1
	for i < len(at)-1 && x > at[i].log {
		i++
	}
	a, b := at[i-1], at[i]
	return a.score + (x-a.log)/(b.log-a.log)*(b.score-a.score)
}
