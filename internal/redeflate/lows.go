package redeflate

import "math/bits"

// lows knows the least cost of every run of positions within reach of a match, by the least
// of runs of 1, 2, 4, 8, 16 and 32 positions: all lengths that share a symbol cost the same,
// so the one that leads to the least is the best of them, and need not be looked for.
type lows [6][lowRing]uint64 // cost<<32 | position

const lowRing = 512

// reset forgets all but that the cost of position end is 0.
func (l *lows) reset(end int) {
	for k := range l {
		for i := range l[k] {
			l[k][i] = 1<<64 - 1
		}
	}
	l.add(end, 0)
}

func (l *lows) add(p int, cost uint32) {
	low := uint64(cost)<<32 | uint64(p)
	l[0][p%lowRing] = low
	for k := 1; k < len(l); k++ {
		low = min(low, l[k-1][(p+1<<(k-1))%lowRing])
		l[k][p%lowRing] = low
	}
}

// least is the least from a to b, at most 32 positions.
func (l *lows) least(a, b int) uint64 {
	if a == b {
		return l[0][a%lowRing]
	}
	k := bits.Len(uint(b-a+1)) - 1
	return min(l[k][a%lowRing], l[k][(b+1-1<<k)%lowRing])
}
