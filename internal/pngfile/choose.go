package pngfile

import "context"

// choose fills in the choices that each wanted strategy makes for the rows of the bands. The
// bands do not depend on one another.
func choose(ctx context.Context, r *raster, wanted map[string]choices, bands []band) error {
	for name, c := range wanted {
		if kind, ok := fixedFilter(name); ok {
			for y := range c {
				c[y] = kind
			}
		}
	}
	var scores [len(scored)]choices
	some := false
	for i, name := range scored {
		scores[i] = wanted[name]
		some = some || scores[i] != nil
	}
	cost, brute := wanted[strategyCost], wanted[strategyBrute]
	if cost != nil && scores[0] == nil { // it starts from the sums
		scores[0], some = make(choices, r.height), true
	}
	return parallel(ctx, len(bands), func(i int) error {
		b := bands[i]
		if some {
			newChooser(r.stride).choose(r, &scores, b)
		}
		if cost != nil {
			copy(cost[b.from:b.to], scores[0][b.from:b.to])
			chooseByCost(r, cost, b)
		}
		if brute != nil {
			return chooseByDeflate(ctx, r, brute, b)
		}
		return nil
	})
}

// fixedFilter gives the one filter of a strategy that has only one.
func fixedFilter(strategy string) (kind byte, ok bool) {
	switch strategy {
	case strategyNone:
		return filterNone, true
	case strategySub:
		return filterSub, true
	case strategyUp:
		return filterUp, true
	case strategyPaeth:
		return filterPaeth, true
	}
	return 0, false
}
