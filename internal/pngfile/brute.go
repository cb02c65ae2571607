package pngfile

import (
	"context"

	"compressor/internal/deflate"
)

// Figures of the brute strategy: each row is deflated behind some rows already chosen, so that
// matches with them count, under each filter in turn.
const (
	bruteLevel   = 1
	bruteContext = 3      // rows
	bruteReach   = 24_000 // bytes of context at most
)

// chooseByDeflate fills in the brute strategy's choices for the rows of a band.
func chooseByDeflate(ctx context.Context, r *raster, c choices, b band) error {
	z, err := deflate.NewCompressor(bruteLevel)
	if err != nil {
		return err
	}
	defer z.Close()
	zero := make([]byte, r.stride)
	line := r.stride + 1
	rows := max(1, min(bruteContext, bruteReach/line))
	trial := make([]byte, 0, (rows+1)*line)
	var best, out []byte
	for y := b.from; y < b.to; y++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(trial) > rows*line {
			trial = append(trial[:0], trial[len(trial)-rows*line:]...)
		}
		behind, least := len(trial), -1
		row, prior := r.row(y, zero)
		trial = append(append(trial, 0), row...)
		for kind := range byte(filterCount) {
			trial[behind] = kind
			filterRow(trial[behind+1:], row, prior, r.step, kind)
			if out, err = z.Raw(out[:0], trial); err != nil {
				return err
			}
			if least < 0 || len(out) < least {
				least, c[y] = len(out), kind
				best = append(best[:0], trial[behind:]...)
			}
		}
		copy(trial[behind:], best)
	}
	return nil
}
