package webp

import "compressor/internal/vips"

// What stands here was settled by measurement: docs/images.md has the tables.

// lossyEffort is libwebp's, 0 to 6. It is worth 2 to 5 % on photos over the default of 4, and
// costs twice as much.
const lossyEffort = 6

// alphaEffort is the most where there is transparency: at 6 libwebp tries all it has on ALPH,
// which takes up to a minute a megapixel.
const alphaEffort = 5

// sharpFrom is the floor from which chroma is subsampled with regard to luma ("sharp YUV").
// Below, it saves next to nothing and costs as much as the effort does.
const sharpFrom = 80

// start is the quality at which the median photo crosses a floor, and how steep it is there.
func start(floor float64) (quality int, slope float64) {
	switch {
	case floor >= 88:
		return 96, 0.7
	case floor >= 80:
		return 90, 0.9
	case floor >= 70:
		return 81, 0.9
	}
	return 54, 0.6
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

// quickest is the lossless bitstream at the least effort.
func quickest() vips.WebPOptions { return vips.WebPOptions{Lossless: true, Quality: 50, Effort: 0} }

// What the lossless bitstream needs at the least effort is so many times, at most, what it
// needs at more effort, and what a palette of the same picture needs that passes for it.
const (
	losslessGain = 2
	paletteGain  = 20
)

// photoBits is how many bits a pixel the lossless bitstream needs of a photo, and more.
// Graphics of the corpus need 0.4 to 3, photos 12 to 16.
const photoBits = 8

// palettes: the draft and the full file. They decode to the same pixels.
func paletteOptions(pixels int, draft bool) vips.WebPOptions {
	switch {
	case draft:
		return vips.WebPOptions{Lossless: true, Quality: 50, Effort: 2}
	case pixels <= tiny:
		return brute()
	}
	return vips.WebPOptions{Lossless: true, Quality: 100, Effort: 4}
}

// draftSlack is how many times as large a draft may be.
const draftSlack = 1.25

// Up to so many pixels libwebp tries all it has, which can take a minute a megapixel; up to
// moderate, what takes three seconds. The number of pixels decides and not the clock: load
// must not choose the bytes.
const (
	tiny     = 1 << 14
	moderate = 1 << 21
)

func brute() vips.WebPOptions { return vips.WebPOptions{Lossless: true, Quality: 100, Effort: 6} }

// losslessOptions lists what is tried to keep every pixel; thorough where nothing else may win.
func losslessOptions(pixels int, thorough bool) []vips.WebPOptions {
	normal := vips.WebPOptions{Lossless: true, Quality: 75, Effort: 4}
	switch {
	case pixels <= tiny:
		return []vips.WebPOptions{brute()}
	case thorough && pixels <= moderate:
		return []vips.WebPOptions{normal, {Lossless: true, Quality: 75, Effort: 6}}
	}
	return []vips.WebPOptions{normal}
}
