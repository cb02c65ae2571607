// Package ssimulacra2 scores how close a compressed picture looks to its original, with
// SSIMULACRA2 version 2.1: 100 is identical, 90 visually lossless at normal distance, 70 high,
// 50 medium, 30 low quality; very bad pictures go below zero.
//
// Sources of facts: the metric is by Jon Sneyers (Cloudinary, BSD-3-Clause); weights, map
// definitions and final formula are those of its 2.1 release. Colour approximations and the
// recursive Gaussian follow the JPEG XL reference library (BSD-3-Clause) and D. Charalampidis,
// "Recursive Implementation of the Gaussian Filter Using Truncated Cosine Functions", 2016.
// The code was written for this project; NOTICE carries both licences.
//
// The reference arithmetic is reproduced down to the order of float32 operations, because its
// rounding noise is large enough to move a score by more than a point. Code for AVX2 with FMA
// and portable C give the same bits; neither depends on the number of threads.
//
// Two departures, both small and deliberate. Colour planes at scales where no weight reaches
// 0.01 are left out (WithAllPlanes keeps them), which halves the time. The sums of the maps are
// taken in float32 over short runs and in float64 above that, where the reference uses float64.
//
// Rules the reference does not have: pictures below 8x8, which it refuses, are extended to 8
// by repeating the last column and row on both sides. An opaque original against a
// transparent result is blended like any transparent pair, where the reference depends on
// whether the original's file happens to carry an alpha channel.
package ssimulacra2
