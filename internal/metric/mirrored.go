package metric

import "compressor/internal/ssimulacra2"

// leastSide is the side from which SSIMULACRA2 has all its six scales, each half as large as
// the one before and none below eight pixels. What a missing scale would have taken off the
// score is not taken off: a picture of 48 × 44 pixels of which little was left scored 85
// where the same, four times as large, has −53.
const leastSide = 256

// mostMirrored bounds, in pixels, what a long and narrow picture is made into.
const mostMirrored = 4 << 20

// mirrored lays a small picture out like tiles, every other one mirrored, until no side is
// below leastSide. So it scores about what it would as a part of a larger picture: cut out
// of four photos of the corpus at JPEG qualities of 30 and 75, squares of 16 to 128 pixels
// scored 56 points below to 43 above the whole as they were, and 0 to 13 above it
// when laid out.
func mirrored(p ssimulacra2.Picture) ssimulacra2.Picture {
	room := max(1, mostMirrored/(p.Width*p.Height))
	across := min((leastSide+p.Width-1)/p.Width, room)
	down := min((leastSide+p.Height-1)/p.Height, max(1, room/across))
	if across == 1 && down == 1 {
		return p
	}
	big := ssimulacra2.Picture{
		Width: p.Width * across, Height: p.Height * down, Channels: p.Channels, Stride: p.Width * across * p.Channels,
	}
	big.Pix = make([]byte, 0, big.Stride*big.Height)
	for y := range big.Height {
		row := p.Pix[reflected(y, p.Height)*p.Stride:]
		for x := range big.Width {
			big.Pix = append(big.Pix, row[reflected(x, p.Width)*p.Channels:][:p.Channels]...)
		}
	}
	return big
}

// reflected is where a place lies in the tile that it belongs to.
func reflected(at, side int) int {
	if at %= 2 * side; at >= side {
		return 2*side - 1 - at
	}
	return at
}
