package pngfile

import (
	"fmt"

	"compressor/internal/problem"
)

// Limits bounds what a hostile file may cost. Zero in a field means the default of
// DefaultLimits, never "unlimited".
type Limits struct {
	Pixels    int64 // width × height, checked before anything else is read
	Raster    int64 // bytes of decoded samples in memory
	Ancillary int64 // bytes of all compressed metadata together, expanded
	Chunks    int   // chunks, a run of IDAT counted as one
}

// DefaultLimits are those of a service without settings: 100 megapixels, 1 GiB of samples
// (16-bit RGBA at the pixel limit is 800 MB), 8 MiB of metadata, 10,000 chunks.
func DefaultLimits() Limits {
	return Limits{Pixels: 100_000_000, Raster: 1 << 30, Ancillary: 8 << 20, Chunks: 10_000}
}

func (l Limits) orDefaults() Limits {
	d := DefaultLimits()
	if l.Pixels <= 0 {
		l.Pixels = d.Pixels
	}
	if l.Raster <= 0 {
		l.Raster = d.Raster
	}
	if l.Ancillary <= 0 {
		l.Ancillary = d.Ancillary
	}
	if l.Chunks <= 0 {
		l.Chunks = d.Chunks
	}
	return l
}

// corrupt is the problem of a damaged file; what it says about the damage goes to the log.
func corrupt(format string, args ...any) error {
	return problem.New(problem.FileCorrupt).Because(fmt.Errorf("png: "+format, args...))
}

// invalid is the problem of a caller in this program that handed over nonsense.
func invalid(format string, args ...any) error {
	return problem.New(problem.Internal).Because(fmt.Errorf("png: "+format, args...))
}
