package pngfile

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// workers is how many goroutines a search uses. What they do does not depend on it.
const workers = 2

// parallel calls do for 0 to n−1, a few at a time, and gives the first error.
func parallel(ctx context.Context, n int, do func(i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for i := range n {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return do(i)
		})
	}
	return g.Wait()
}

// band is a run of rows that estimates look at.
type band struct{ from, to int }

// halves are the bands of a whole picture. They are two on every machine, since strategies that
// look at neighbouring rows start afresh with each band.
func halves(height int) []band { return []band{{0, height / 2}, {height / 2, height}} }

// bandCount is how many bands a picture too large to be looked at whole is sampled by. At the
// budgets in use a band is many times the 32 KiB that DEFLATE looks back.
const bandCount = 6

// bandsOf spreads bands of about rows rows in all over a picture of this height.
func bandsOf(height, rows int) (list []band, whole bool) {
	if rows >= height {
		return halves(height), true
	}
	each := max(1, rows/bandCount)
	for i := range bandCount {
		from := height * i / bandCount
		list = append(list, band{from, min(from+each, height)})
	}
	return list, false
}
