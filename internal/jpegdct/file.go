// Package jpegdct reads and writes JPEG files at the level of quantized DCT
// coefficients, the way jpegtran does: nothing is decoded to pixels and nothing is
// rounded, so a file can be coded again, smaller, with identical pictures.
//
// Parse reads baseline, extended sequential and progressive Huffman files of 8 bits with
// 1, 3 or 4 components. Write codes the same coefficients with Huffman tables fitted to
// each scan, sequentially or with a progressive script that is searched by exact counts
// of bits. ReadHeader reads only the markers before the first scan.
//
// What is written depends on the coefficients, quantization tables, frame parameters and
// the segments the caller keeps, and on nothing else: writing what was parsed from the
// writer's own output gives the same bytes again.
//
// Source for everything here: ITU-T T.81 (ISO/IEC 10918-1), cited as T.81.
package jpegdct

import (
	"errors"
	"fmt"

	"compressor/internal/problem"
)

// ErrNotHandled marks a JPEG file that may be in order but is of a kind this package does
// not rewrite (arithmetic coding, lossless, hierarchical, 12 bit, two components, a
// progression that stops before full precision …). Such a file is best left untouched.
var ErrNotHandled = errors.New("a kind of JPEG that is not rewritten")

// Defaults of Limits.
const (
	DefaultPixels = 100_000_000
	DefaultScans  = 500
	DefaultMemory = 2 << 30
)

// Limits bounds what Parse accepts. A zero field means its default.
type Limits struct {
	Pixels int64 // width × height
	Scans  int   // start-of-scan segments
	Memory int64 // bytes of coefficients
}

// Block holds the 64 quantized coefficients of one 8×8 block in zigzag order
// (T.81 figure A.6): index 0 is DC. Every value lies in −2047…2047.
type Block = [64]int16

// QuantTable holds the 64 quantization steps, 1…65535, in zigzag order.
type QuantTable [64]uint16

// Component is one colour component and its coefficients.
type Component struct {
	ID    byte // component identifier of the frame header
	H, V  int  // sampling factors, 1…4
	Quant QuantTable

	// Width and Height count the blocks that carry picture; Stride and Rows count those
	// stored, padded up to whole MCUs. Blocks has Stride·Rows entries, row by row.
	// Padding has no meaning; File.Pad fills it with what costs least.
	Width, Height int
	Stride, Rows  int
	Blocks        []Block
}

// File is a parsed JPEG file.
type File struct {
	Width, Height   int // pixels
	Progressive     bool
	Components      []Component // in frame order
	Segments        []Segment   // APPn and COM, in file order
	Scans           int         // start-of-scan segments read
	RestartInterval int         // MCUs, of the last scan; 0 for none
	Trailing        int         // bytes after EOI; Write drops them
}

// maxH and maxV are the largest sampling factors of the frame.
func (f *File) maxH() int { return maxFactor(f.Components, func(c *Component) int { return c.H }) }
func (f *File) maxV() int { return maxFactor(f.Components, func(c *Component) int { return c.V }) }

func maxFactor(cs []Component, of func(*Component) int) int {
	m := 1
	for i := range cs {
		m = max(m, of(&cs[i]))
	}
	return m
}

// mcus returns how many interleaved MCUs the frame has, across and down.
func (f *File) mcus() (across, down int) {
	return ceilDiv(f.Width, 8*f.maxH()), ceilDiv(f.Height, 8*f.maxV())
}

// layout computes the block geometry of every component (T.81 A.1.1, A.2.4) and returns
// how many blocks are stored in all. It allocates nothing.
func (f *File) layout() int64 {
	hmax, vmax := f.maxH(), f.maxV()
	across, down := f.mcus()
	var total int64
	for i := range f.Components {
		c := &f.Components[i]
		c.Width = ceilDiv(ceilDiv(f.Width*c.H, hmax), 8)
		c.Height = ceilDiv(ceilDiv(f.Height*c.V, vmax), 8)
		c.Stride, c.Rows = across*c.H, down*c.V
		total += int64(c.Stride) * int64(c.Rows)
	}
	return total
}

// Pad fills the blocks outside the picture: no AC, and the DC of the block coded before
// it in MCU order, which costs least in an interleaved scan. Parse and Upright have done
// so; whoever changes DC coefficients calls it before Write.
func (f *File) Pad() {
	across, down := f.mcus()
	for i := range f.Components {
		c := &f.Components[i]
		if c.Stride == c.Width && c.Rows == c.Height {
			continue
		}
		for my := range down {
			for mx := range across {
				if (my+1)*c.V > c.Height || (mx+1)*c.H > c.Width {
					c.padMCU(mx, my)
				}
			}
		}
	}
}

// padMCU pads the blocks of one MCU. The first block of an MCU may itself be padding
// (with factors such as 3 and 2), and then follows the last block of the MCU before.
func (c *Component) padMCU(mx, my int) {
	var dc int16
	if mx > 0 {
		dc = c.Blocks[(my*c.V+c.V-1)*c.Stride+mx*c.H-1][0]
	} else if my > 0 {
		dc = c.Blocks[my*c.V*c.Stride-1][0]
	}
	for v := range c.V {
		for h := range c.H {
			x, y := mx*c.H+h, my*c.V+v
			b := &c.Blocks[y*c.Stride+x]
			if x >= c.Width || y >= c.Height {
				*b = Block{dc}
			}
			dc = b[0]
		}
	}
}

// inRange says whether every coefficient is one that 8 bit samples can have.
func (c *Component) inRange() bool {
	for i := range c.Blocks {
		for _, v := range &c.Blocks[i] {
			if v > maxValue || v < -maxValue {
				return false
			}
		}
	}
	return true
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// corrupt is the problem of a damaged file; what is a fixed phrase of ours.
func corrupt(what string) error {
	return problem.Newf(problem.FileCorrupt, "The JPEG file is damaged or incomplete: %s.", what)
}

// notHandled wraps ErrNotHandled with the reason.
func notHandled(what string) error { return fmt.Errorf("%s: %w", what, ErrNotHandled) }

// Frequencies gives the horizontal and vertical frequency, 0…7 each, of every zigzag index
// (T.81 figure A.6).
func Frequencies() (horizontal, vertical [64]uint8) {
	x, y := 0, 0
	for k := range 64 {
		horizontal[k], vertical[k] = uint8(x), uint8(y)
		switch {
		case (x+y)%2 == 0 && x == 7:
			y++
		case (x+y)%2 == 0 && y == 0:
			x++
		case (x+y)%2 == 0:
			x, y = x+1, y-1
		case y == 7:
			x++
		case x == 0:
			y++
		default:
			x, y = x-1, y+1
		}
	}
	return horizontal, vertical
}

// errScript is the error of a caller's scan script.
func errScript(what string) error { return fmt.Errorf("jpegdct: bad scan script: %s", what) }

// Layout works out the block geometry of every component from the picture's size and the
// sampling factors. Blocks are not allocated.
func (f *File) Layout() { f.layout() }
