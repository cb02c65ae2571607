package webp

import "compressor/internal/vips"

// What stands here was settled by measurement: docs/images.md has the tables.

// Efforts of libwebp, 0 to 6. The last is worth 3 to 5 % on photos over the default of 4, and
// costs three times as much.
const (
	draftEffort = 4
	fullEffort  = 6
)

// draftSlack: what more effort saves at most.
const draftSlack = 1.15

// sharpFrom is the floor from which chroma is subsampled with regard to luma ("sharp YUV").
// Below, it saves next to nothing and costs as much as the full effort.
const sharpFrom = 80

// start is the quality at which the median photo crosses a floor.
func start(floor float64) int {
	switch {
	case floor >= 88:
		return 96
	case floor >= 80:
		return 90
	case floor >= 70:
		return 80
	}
	return 54
}

// paletteStart is the same for imagequant's quality and graphics.
func paletteStart(floor float64) int {
	switch {
	case floor >= 80:
		return 75
	case floor >= 70:
		return 56
	}
	return 23
}

// The lossless bitstream at the least effort is so many times as large, at most, as at full
// effort, and as one of the same picture with a palette that passes for it.
const (
	losslessGain = 2.5
	paletteGain  = 12
)

// hardest is up to how many pixels the lossless bitstream is made with all that libwebp can
// do, which takes seconds a megapixel and saves a few percent.
const hardest = 1 << 18

// quickest is the lossless bitstream at the least effort.
func quickest() vips.WebPOptions { return vips.WebPOptions{Lossless: true, Effort: 0} }

// losslessOptions choose by the number of pixels, not by the clock: load must not choose the
// bytes.
func losslessOptions(pixels int) vips.WebPOptions {
	if pixels <= hardest {
		return vips.WebPOptions{Lossless: true, Quality: 100, Effort: 6}
	}
	return vips.WebPOptions{Lossless: true, Quality: 75, Effort: 4}
}
