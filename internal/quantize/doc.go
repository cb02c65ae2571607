// Package quantize reduces a picture to a palette so that the result deflates well and
// looks right to a metric of human vision.
//
// It works in the colours that SSIMULACRA2 compares: XYB, cube roots of cone responses,
// where equal distances look about equally large. One figure decides how much is lost: the
// mean squared distance a pixel that is allowed. The palette is the smallest that keeps to
// it, found by splitting groups of colours (Wu) and moved to the centres of its cells
// (Lloyd). Then every pixel takes an index by a trellis search along its row that weighs
// distance against what DEFLATE is likely to pay: going on with the run to the left or
// with the row above costs next to nothing, an index of its own costs its entropy.
//
// An error counts less where the picture is busy. On request the pixels to come make up for a
// part of each error, which pictures of many colours need: a path of the trellis carries its
// own error along.
//
// A figure of distance, rather than a number of colours, makes levels mean about the same
// for every picture, and each a little different from the next even where both have the
// same few colours.
package quantize
