package pngfile

import (
	"cmp"
	"slices"
)

// Orders of palette entries. The order is free, and decides how well row filters, which take
// differences of indices, work.
const (
	byPopularity = "popularity"
	byLuminance  = "luminance"
	byNeighbour  = "neighbour"
)

// paletteOrder sorts the colours of a picture; order[i] is the index into f.colours of entry
// i. Colours that are not opaque come first, which keeps tRNS short.
func paletteOrder(f *facts, width int, by string) []int {
	order := make([]int, len(f.colours))
	for i := range order {
		order[i] = i
	}
	switch by {
	case byPopularity:
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(f.colours[b].count, f.colours[a].count) })
	case byLuminance:
		slices.SortStableFunc(order, func(a, b int) int {
			va, vb := f.colours[a].value, f.colours[b].value
			return cmp.Or(cmp.Compare(luminance(va), luminance(vb)), slices.Compare(va[:], vb[:]))
		})
	case byNeighbour:
		order = neighbourOrder(f, width)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(solid(f, a), solid(f, b)) })
	return order
}

// solid is 1 for an opaque colour and 0 for others.
func solid(f *facts, i int) int {
	if f.colours[i].value[3] == 255 {
		return 1
	}
	return 0
}

// luminance weighs by ITU-R BT.601, as integers.
func luminance(v [4]byte) int { return 299*int(v[0]) + 587*int(v[1]) + 114*int(v[2]) }

// neighbourOrder gives colours that often stand side by side neighbouring indices, after
// Zeng, Li and Lei, "An efficient color re-indexing scheme for palette-based compression"
// (ICIP 2000), in the variant of Pinho and Neves (2004): the colour most tied to those placed
// goes to the end it is more tied to.
func neighbourOrder(f *facts, width int) []int {
	n := len(f.colours)
	ties := neighbours(f, width)
	order := []int{mostTied(ties, n)}
	placed := make([]bool, n)
	placed[order[0]] = true
	// total[c] is how strongly c is tied to all that are placed.
	total := make([]int, n)
	for c := range n {
		total[c] = ties[c*n+order[0]]
	}
	for len(order) < n {
		next := -1
		for c := range n {
			if !placed[c] && (next < 0 || total[c] > total[next]) {
				next = c
			}
		}
		placed[next] = true
		// An end's weight falls with the distance to it: left minus right, in one sum.
		pull := 0
		for at, c := range order {
			pull += (len(order) - 1 - 2*at) * ties[next*n+c]
		}
		if pull > 0 {
			order = slices.Insert(order, 0, next)
		} else {
			order = append(order, next)
		}
		for c := range n {
			total[c] += ties[c*n+next]
		}
	}
	return order
}

// neighbours counts, for each pair of different colours, how often they are left and right or
// above and below of one another. The matrix is symmetric, n × n.
func neighbours(f *facts, width int) []int {
	n := len(f.colours)
	ties := make([]int, n*n)
	for i, v := range f.indices {
		if i%width > 0 {
			ties[int(v)*n+int(f.indices[i-1])]++
		}
		if i >= width {
			ties[int(v)*n+int(f.indices[i-width])]++
		}
	}
	for a := range n {
		ties[a*n+a] = 0
		for b := range a {
			sum := ties[a*n+b] + ties[b*n+a]
			ties[a*n+b], ties[b*n+a] = sum, sum
		}
	}
	return ties
}

// mostTied is the colour with the most different neighbours.
func mostTied(ties []int, n int) int {
	best, most := 0, -1
	for c := range n {
		sum := 0
		for _, t := range ties[c*n : c*n+n] {
			sum += t
		}
		if sum > most {
			best, most = c, sum
		}
	}
	return best
}
