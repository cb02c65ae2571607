package jpegquant

import (
	"math"
	"math/bits"

	"compressor/internal/jpegdct"
)

// trellis finds the AC coefficients of one block whose squared errors and bits together
// cost least (as in Crouse and Ramchandran, "Joint thresholding and quantizer selection
// for transform image coding", 1997). A state is "this index has the last value so far";
// index 0 stands for none.
type trellis struct {
	n     int
	index [64]uint8
	state [64]state
	zero  [65]float32 // what zeros at 1…k−1 miss
}

type state struct {
	value [2]int16   // magnitudes worth trying: the nearest, and one less; 0 is not
	error [2]float32 // what they miss
	best  float32    // cost of the cheapest way here
	from  uint8      // and where it comes from
	pick  uint8      // and which value it takes
}

// solid is a magnitude that is never better left out.
const solid = 3

// weigh chooses the AC coefficients of a block. out holds its DC already.
func (q *quantizer) weigh(out, in *jpegdct.Block, worth float32) {
	*out = jpegdct.Block{out[0]}
	t := &q.trellis
	if !t.load(q, in, worth) {
		return
	}
	end, least := 0, float32(0)
	for j := 1; j < t.n; j++ {
		q.enter(j)
		// Zeros behind the last candidate are missed in any case and do not count.
		if total := t.state[j].best - t.zero[t.index[j]+1]; total < least {
			end, least = j, total
		}
	}
	for j := end; j > 0; j = int(t.state[j].from) {
		k, v := t.index[j], t.state[j].value[t.state[j].pick]
		if in[k] < 0 {
			v = -v
		}
		out[k] = v
	}
}

// load lists the coefficients that need not become zero; false if there are none.
func (t *trellis) load(q *quantizer, in *jpegdct.Block, worth float32) bool {
	last := 63
	for last > 0 && in[last] < q.least[last] && -in[last] < q.least[last] {
		last--
	}
	t.n = 1
	var missed float32
	for k := 1; k <= last; k++ {
		x := float32(float32(in[k]) * q.inverse[k])
		if x < 0 {
			x = -x
		}
		t.zero[k] = missed
		missed += float32(float32(x*x) * worth)
		if x < 0.5 {
			continue
		}
		v := min(int16(x+0.5), maxLevel)
		s := &t.state[t.n]
		t.index[t.n] = uint8(k)
		t.n++
		e := x - float32(v)
		s.value = [2]int16{v, v - 1}
		s.error[0] = float32(float32(e*e) * worth)
		e++
		s.error[1] = float32(float32(e*e) * worth)
	}
	t.zero[last+1] = missed
	return t.n > 1
}

// enter finds the cheapest way to state j.
func (q *quantizer) enter(j int) {
	t := &q.trellis
	s := &t.state[j]
	k := int(t.index[j])
	band := q.rate.band[k]
	stats := &q.rate.stats[band&(maxBands-1)]
	size0 := bits.Len16(uint16(s.value[0]))
	size1 := bits.Len16(uint16(s.value[1]))
	s.best = math.MaxFloat32
	for i := j - 1; i >= 0; i-- {
		before := &t.state[i]
		prev := int(t.index[i])
		base := before.best + (t.zero[k] - t.zero[prev+1])
		run, extra := k-prev-1, float32(0)
		if q.rate.band[prev] != band {
			run, extra = k-int(q.rate.start[k]), stats.open
		}
		for ; run > 15; run -= 16 {
			extra += stats.cost[zeros16]
		}
		if d := base + s.error[0] + float32(q.lambda*(extra+stats.cost[(run<<4|size0)&255])); d < s.best {
			s.best, s.from, s.pick = d, uint8(i), 0
		}
		if size1 > 0 {
			if d := base + s.error[1] + float32(q.lambda*(extra+stats.cost[(run<<4|size1)&255])); d < s.best {
				s.best, s.from, s.pick = d, uint8(i), 1
			}
		}
		if before.value[0] >= solid {
			return
		}
	}
}
