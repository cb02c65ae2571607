package quantize

import (
	"os"
	"strconv"
)

var envK = func() int { n, _ := strconv.Atoi(os.Getenv("QK")); return n }()
var envR = func() int {
	n, _ := strconv.Atoi(os.Getenv("QR"))
	if n == 0 {
		return 2
	}
	return n
}()
var envM = func() int {
	n, _ := strconv.Atoi(os.Getenv("QM"))
	if n == 0 {
		return 1
	}
	return n
}()

// unit is the weight of a pixel in an even area.
const unit = 16

// weigh fills in how much an error at each pixel counts.
func (q *Quantizer) weigh() {
	n := len(q.ids)
	q.weights = make([]byte, n)
	if envK == 0 {
		for i := range q.weights {
			q.weights[i] = unit
		}
		for i := range q.colours {
			q.colours[i].weight *= unit
		}
		q.total = int64(n) * unit
		return
	}
	g := make([]int32, n)
	luma := func(i int) int32 { return q.colours[q.ids[i]].point[1] }
	abs := func(v int32) int32 {
		if v < 0 {
			return -v
		}
		return v
	}
	for y := range q.height {
		for x := range q.width {
			i := y*q.width + x
			if x > 0 {
				g[i] += abs(luma(i) - luma(i-1))
			}
			if y > 0 {
				g[i] += abs(luma(i) - luma(i-q.width))
			}
		}
	}
	t := make([]int32, n)
	r := envR
	for y := range q.height {
		for x := range q.width {
			s, c := int32(0), int32(0)
			for k := max(0, x-r); k <= min(q.width-1, x+r); k++ {
				s += g[y*q.width+k]
				c++
			}
			t[y*q.width+x] = s / c
		}
	}
	for i := range q.colours {
		q.colours[i].weight = 0
	}
	for y := range q.height {
		for x := range q.width {
			s, c := int32(0), int32(0)
			for k := max(0, y-r); k <= min(q.height-1, y+r); k++ {
				s += t[k*q.width+x]
				c++
			}
			a := int(s/c) / 2
			w := max(envM, (unit*envK+(envK+a)/2)/(envK+a))
			i := y*q.width + x
			q.weights[i] = byte(w)
			q.colours[q.ids[i]].weight += int64(w)
			q.total += int64(w)
		}
	}
}
