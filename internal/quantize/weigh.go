package quantize

import "context"

// unit is the weight of a pixel in an even area.
const unit = 16

// evenness is the step of Y between neighbours, in points' units, at which an error counts
// half as much as in an even area: about four steps of 8-bit gray. docs/images.md has the figures.
const evenness = 60

// around is the radius of the square that activity is averaged over.
const around = 2

// weigh fills in how much an error at each pixel counts: less where the picture around it is
// busy, as SSIMULACRA2 divides differences by the local variance, and as the eye does. It
// sets the weights of the colours, too.
func (q *Quantizer) weigh(ctx context.Context) error {
	q.weights = make([]byte, len(q.ids))
	for i := range q.colours {
		q.colours[i].weight = 0
	}
	rows := newActivity(q)
	for y := range q.height {
		if err := ctx.Err(); err != nil {
			return err
		}
		for x := range q.width {
			i := y*q.width + x
			active := rows.at(x, y)
			w := max(1, (unit*evenness+(evenness+active)/2)/(evenness+active))
			q.weights[i] = byte(w)
			q.colours[q.ids[i]].weight += w
			q.total += w
		}
	}
	return nil
}

// activity is the mean step of Y around a pixel, row by row. It holds as many rows as it looks at.
type activity struct {
	q     *Quantizer
	rows  [2*around + 1][]int64 // steps, averaged along the row; row y stands at y modulo their number
	steps []int64               // of one row
	made  int                   // rows so far
}

func newActivity(q *Quantizer) *activity {
	a := &activity{q: q, steps: make([]int64, q.width)}
	for i := range a.rows {
		a.rows[i] = make([]int64, q.width)
	}
	return a
}

// at is the activity at a pixel. Rows must be asked for in order.
func (a *activity) at(x, y int) int64 {
	last := min(y+around, a.q.height-1)
	for ; a.made <= last; a.made++ {
		a.row(a.made)
	}
	first := max(0, y-around)
	sum := int64(0)
	for k := first; k <= last; k++ {
		sum += a.rows[k%len(a.rows)][x]
	}
	return sum / int64(last-first+1) / 2
}

// row makes row y.
func (a *activity) row(y int) {
	luma := func(x, y int) int64 { return int64(a.q.colours[a.q.ids[y*a.q.width+x]].point[luma]) }
	for x := range a.q.width {
		step := int64(0)
		if x > 0 {
			step += absolute(luma(x, y) - luma(x-1, y))
		}
		if y > 0 {
			step += absolute(luma(x, y) - luma(x, y-1))
		}
		a.steps[x] = step
	}
	out := a.rows[y%len(a.rows)]
	for x := range a.q.width {
		first, last := max(0, x-around), min(x+around, a.q.width-1)
		sum := int64(0)
		for k := first; k <= last; k++ {
			sum += a.steps[k]
		}
		out[x] = sum / int64(last-first+1)
	}
}

func absolute(v int64) int64 { return max(v, -v) }
