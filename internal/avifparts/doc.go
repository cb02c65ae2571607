// Package avifparts reads and writes the container of AVIF pictures: the boxes of ISO/IEC
// 14496-12, the items of HEIF (ISO/IEC 23008-12) and what the AVIF specification 1.1 of
// the Alliance for Open Media makes of them. It looks into the AV1 bitstream as far as
// sizes and completeness go, and decodes nothing.
//
// Files are hostile. Every count and offset is checked against the file before it is
// used, items and properties are bounded in number, no item may claim more bytes than the
// file has, and the sides that the bitstream itself asks for are compared with those that
// the container promises, since a decoder allocates the former.
//
// What a file holds beside one still picture, its transparency and its metadata is named
// in File.Other rather than guessed at: such a file is best left alone.
package avifparts

import (
	"fmt"

	"compressor/internal/problem"
)

// Limits bounds what a hostile file may cost. Zero means the default.
type Limits struct {
	Pixels int64 // width × height of the whole picture and of each coded one; default 100 million
}

const defaultPixels = 100_000_000

// The numbers that a file of any sense stays far below.
const (
	maxBoxes      = 4096 // in one box, or in the file
	maxItems      = 2048
	maxProperties = 2048
	maxExtents    = 4096 // of all items together
	maxReferences = 8192 // likewise
	maxSide       = 65536
)

// corrupt is the problem of a damaged file; what it says about the damage goes to the log.
func corrupt(format string, args ...any) error {
	return problem.New(problem.FileCorrupt).Because(fmt.Errorf("avif: "+format, args...))
}

// checkPixels refuses a picture over the limit.
func checkPixels(width, height int, limits Limits) error {
	allowed := limits.Pixels
	if allowed <= 0 {
		allowed = defaultPixels
	}
	if n := int64(width) * int64(height); n > allowed {
		return problem.Over("image.pixels", n, allowed)
	}
	return nil
}
