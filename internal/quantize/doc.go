// Package quantize reduces a picture to a palette so that the result deflates well and
// looks right to a metric of human vision.
//
// It works in the colours that SSIMULACRA2 compares: XYB, cube roots of cone responses,
// where equal distances look about equally large. A palette from elsewhere, such as
// imagequant's, is refined there (Lloyd's algorithm over the histogram). Then every pixel
// takes an index by a trellis search along its row that weighs distortion against what
// DEFLATE is likely to pay: an index that goes on with the run to the left or with the row
// above costs next to nothing, one of its own costs its entropy.
//
// All decisions are made in integers, so the same picture gives the same indices anywhere.
package quantize
