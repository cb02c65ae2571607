package jpegquant

import (
	"math"
	"math/bits"
	"testing"

	"compressor/internal/jpegdct"
)

// TestDCT compares with the definition (T.81 A.3.3).
func TestDCT(t *testing.T) {
	d := newDCT()
	var in [64]float64
	for i := range in {
		in[i] = float64((i*i*7+i*13)%4001 - 2000)
		d.block[i] = float32(in[i])
	}
	var got jpegdct.Block
	d.forward(&got)
	h, v := jpegdct.Frequencies()
	for k := range got {
		var sum float64
		for i, x := range in {
			sum += x * math.Cos(float64(2*(i%8)+1)*float64(h[k])*math.Pi/16) * math.Cos(float64(2*(i/8)+1)*float64(v[k])*math.Pi/16)
		}
		sum /= 4
		for _, f := range []uint8{h[k], v[k]} {
			if f == 0 {
				sum /= math.Sqrt2
			}
		}
		if math.Abs(sum-float64(got[k])) > 0.51 {
			t.Errorf("coefficient %d is %d, want %.2f", k, got[k], sum)
		}
	}
}

// TestFitter: what decoders would make of some samples leads back to them.
func TestFitter(t *testing.T) {
	for _, want := range [][]int16{{100}, {-50, 900}, {1, 2, 3}, {500, -500, 500, -500, 0, 20}} {
		n := len(want)
		var doubled []int16
		for i, v := range want {
			left, right := want[max(i-1, 0)], want[min(i+1, n-1)]
			doubled = append(doubled, (3*v+left)/4, (3*v+right)/4)
		}
		f := newFitter(n)
		f.load(doubled, 1, 2*n)
		missed := f.solve()
		got := make([]int16, n)
		f.store(got, 1)
		for i := range got {
			if d := got[i] - want[i]; d < -2 || d > 2 {
				t.Errorf("%v came back as %v", want, got)
			}
		}
		if missed > float64(2*n) {
			t.Errorf("%v: %g missed", want, missed)
		}
	}
}

// TestWorth: masking moves bits and makes none, and activity hides.
func TestWorth(t *testing.T) {
	p := plane{blocks: make([]jpegdct.Block, 4), energy: []float32{0, 100, 5000, 1e6}}
	product := 1.0
	worth := p.worth(Masking{Floor: 2000, Power: 0.3})
	for n, w := range worth {
		product *= float64(w)
		if n > 0 && w >= worth[n-1] {
			t.Errorf("the livelier block %d counts %g after %g", n, w, worth[n-1])
		}
	}
	if math.Abs(product-1) > 1e-4 {
		t.Errorf("the product is %g", product)
	}
}

// cost is what weigh minimises, worked out from a finished block.
func (q *quantizer) costOf(in, out *jpegdct.Block, worth float32) float64 {
	var cost float64
	last, band := 0, uint8(none)
	for k := 1; k < 64; k++ {
		x := math.Abs(float64(in[k]) * float64(q.inverse[k]))
		v := math.Abs(float64(out[k]))
		cost += (x - v) * (x - v) * float64(worth)
		if v == 0 {
			continue
		}
		s := &q.rate.stats[q.rate.band[k]]
		run := k - last - 1
		if q.rate.band[k] != band {
			band, run = q.rate.band[k], k-int(q.rate.start[k])
			cost += float64(q.lambda) * float64(s.open)
		}
		for ; run > 15; run -= 16 {
			cost += float64(q.lambda) * float64(s.cost[zeros16])
		}
		cost += float64(q.lambda) * float64(s.cost[run<<4|bits.Len(uint(v))])
		last = k
	}
	return cost
}

// TestTrellis compares with trying everything, on blocks that have few coefficients.
func TestTrellis(t *testing.T) {
	s := Settings{Lambda: 0.15, Bands: []int{1, 2, 3, 64}, Ending: 0.5}
	for k := range s.Steps {
		s.Steps[k] = 16
	}
	q := newQuantizer(s)
	seed := uint32(7)
	random := func(n int) int {
		seed = seed*1664525 + 1013904223
		return int(seed>>16) % n
	}
	draw := func() (b jpegdct.Block) {
		for range 1 + random(6) {
			b[1+random(63)] = int16(random(1400) - 700)
		}
		for range random(3) {
			b[1+random(4)] = int16(random(900) - 450)
		}
		return b
	}
	var out jpegdct.Block
	for range 300 { // some statistics to go by
		in := draw()
		q.round(&out, &in, guess)
		q.rate.tally(&out)
	}
	q.rate.price(300)
	for range 200 {
		in := draw()
		q.weigh(&out, &in, 0.8)
		got := q.costOf(&in, &out, 0.8)
		var best jpegdct.Block
		if least := q.cheapest(&in, best, 1, 0.8); got > least*1.0001+1e-6 {
			t.Fatalf("%v: cost %g, could be %g", in, got, least)
		}
	}
}

// cheapest tries every value that weigh may give to indices from k on.
func (q *quantizer) cheapest(in *jpegdct.Block, out jpegdct.Block, k int, worth float32) float64 {
	for k < 64 && in[k] > -q.least[k] && in[k] < q.least[k] {
		k++
	}
	if k >= 64 {
		return q.costOf(in, &out, worth)
	}
	nearest := int16(math.Abs(float64(in[k]))*float64(q.inverse[k]) + 0.5)
	least := math.Inf(1)
	for _, v := range []int16{nearest, nearest - 1, 0} {
		if v < 0 || v == 0 && nearest >= solid {
			continue
		}
		out[k] = v
		least = min(least, q.cheapest(in, out, k+1, worth))
	}
	return least
}
