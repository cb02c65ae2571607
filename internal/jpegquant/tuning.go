package jpegquant

import (
	"math"

	"compressor/internal/jpegdct"
)

// knots is at how many frequencies a table is given; it is interpolated between them.
const knots = 6

// frequencies are those of the knots: the distance from DC in the block of coefficients.
func frequencies() [knots]float64 { return [knots]float64{0, 1, 2, 3.5, 6, 9.9} }

// shape is how one component is quantized, but for the scale.
type shape struct {
	steps    [knots]float64 // binary logarithms of the steps
	diagonal float64        // added to them where both frequencies are equal, less elsewhere
	lambda   float64
	masking  Masking
}

// tuned are the shapes of Y, Cb and Cr that gave the fewest bytes at a score.
type tuned struct {
	score  float64
	shapes [3]shape
}

// The shapes were found by coordinate descent on crops of the corpus's photos, scored by
// SSIMULACRA2: docs/images.md.

func tunedQuarter() []tuned {
	return []tuned{
		{60, [3]shape{
			{[knots]float64{2.816, 3.248, 4.390, 4.838, 5.293, 6.430}, 0.216, 0.057, Masking{1482, 0.405}},
			{[knots]float64{2.510, 3.627, 3.990, 4.644, 5.538, 6.129}, -0.289, 0.120, Masking{2324, 0.300}},
			{[knots]float64{3.098, 3.820, 3.809, 4.459, 5.195, 5.932}, -0.289, 0.120, Masking{2324, 0.300}},
		}},
		{75, [3]shape{
			{[knots]float64{2.881, 3.248, 4.390, 4.838, 4.868, 5.997}, 0.216, 0.057, Masking{1721, 0.349}},
			{[knots]float64{3.080, 3.519, 4.098, 4.572, 5.250, 5.841}, 0.144, 0.120, Masking{1721, 0.300}},
			{[knots]float64{3.170, 3.322, 3.700, 4.170, 4.907, 5.644}, 0.144, 0.120, Masking{1721, 0.300}},
		}},
		{85, [3]shape{
			{[knots]float64{3.170, 3.248, 4.823, 4.989, 5.077, 6.213}, -0.180, 0.066, Masking{2000, 0.300}},
			{[knots]float64{3.405, 3.519, 3.881, 4.932, 5.610, 6.418}, -0.144, 0.089, Masking{2000, 0.300}},
			{[knots]float64{3.170, 3.322, 3.700, 4.747, 5.484, 6.221}, -0.144, 0.089, Masking{2000, 0.300}},
		}},
	}
}

func tunedFull() []tuned {
	return []tuned{
		{60, [3]shape{
			{[knots]float64{2.816, 3.248, 4.390, 4.838, 5.005, 6.141}, 0.216, 0.057, Masking{1482, 0.405}},
			{[knots]float64{3.657, 4.594, 5.173, 5.365, 5.610, 6.418}, 0.498, 0.162, Masking{1721, 0.405}},
			{[knots]float64{3.956, 4.108, 4.487, 4.956, 5.693, 5.932}, 0.498, 0.162, Masking{1721, 0.405}},
		}},
		{75, [3]shape{
			{[knots]float64{2.881, 3.248, 4.390, 4.838, 4.868, 5.997}, 0.216, 0.057, Masking{1721, 0.349}},
			{[knots]float64{3.657, 4.594, 5.173, 5.365, 5.610, 6.418}, 0.498, 0.162, Masking{1721, 0.405}},
			{[knots]float64{3.668, 3.820, 4.198, 4.668, 5.405, 5.644}, 0.498, 0.162, Masking{1721, 0.405}},
		}},
		{85, [3]shape{
			{[knots]float64{3.170, 3.248, 4.823, 4.989, 5.077, 6.213}, -0.180, 0.066, Masking{2000, 0.300}},
			{[knots]float64{4.054, 4.312, 4.675, 5.149, 5.610, 6.418}, 0.216, 0.239, Masking{2324, 0.349}},
			{[knots]float64{3.747, 3.827, 4.487, 4.956, 5.412, 5.932}, 0.498, 0.239, Masking{2324, 0.349}},
		}},
	}
}

// Aim says what pictures are quantized for.
type Aim struct {
	Score    float64 // SSIMULACRA2 that is about to be met
	Sampling Sampling
	Scale    float64 // steps are divided by it
}

// ending is what Settings.Ending was tuned to.
const ending = 0.45

// Settings gives those of up to three components, in the order Y, Cb, Cr.
func (a Aim) Settings(components int) []Settings {
	table := tunedQuarter()
	if a.Sampling == Full {
		table = tunedFull()
	}
	var out []Settings
	for i := range components {
		s := between(table, a.Score, i)
		bands := []int{1, 3, 64}
		if i == 0 {
			bands = []int{1, 2, 3, 64}
		}
		out = append(out, Settings{
			Steps: s.table(a.Scale), Lambda: s.lambda, Masking: s.masking, Bands: bands, Ending: ending,
		})
	}
	return out
}

// between interpolates the shape of a component for a score.
func between(table []tuned, score float64, component int) shape {
	i := 0
	for i < len(table)-2 && score > table[i+1].score {
		i++
	}
	a, b := &table[i], &table[i+1]
	t := min(max((score-a.score)/(b.score-a.score), 0), 1)
	mix := func(x, y float64) float64 { return float64(x*(1-t)) + float64(y*t) }
	from, to := &a.shapes[component], &b.shapes[component]
	s := shape{
		diagonal: mix(from.diagonal, to.diagonal), lambda: mix(from.lambda, to.lambda),
		masking: Masking{mix(from.masking.Floor, to.masking.Floor), mix(from.masking.Power, to.masking.Power)},
	}
	for k := range s.steps {
		s.steps[k] = mix(from.steps[k], to.steps[k])
	}
	return s
}

// table gives the steps on a scale. They stay within a byte, as baseline files need
// (T.81 B.2.4.1).
func (s *shape) table(scale float64) (out jpegdct.QuantTable) {
	at := frequencies()
	x, y := jpegdct.Frequencies()
	for k := range out {
		u, v := float64(x[k]), float64(y[k])
		f := math.Sqrt(float64(u*u) + float64(v*v))
		i := 0
		for i < knots-2 && f > at[i+1] {
			i++
		}
		t := (f - at[i]) / (at[i+1] - at[i])
		l := float64(s.steps[i]*(1-t)) + float64(s.steps[i+1]*t)
		if k > 0 {
			l += float64(s.diagonal * (2 * u * v / (f * f)))
		}
		out[k] = uint16(min(max(math.Exp2(l)/scale+0.5, 1), 255))
	}
	return out
}
