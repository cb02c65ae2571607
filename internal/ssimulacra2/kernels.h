// The inner loops, as a table, so that one driver (pass.c) serves every processor.
#ifndef SSIMULACRA2_KERNELS_H
#define SSIMULACRA2_KERNELS_H

#include "ssim.h"

enum {
  LANES = 8,
  REFERENCE_BLURS = 2, // x, x*x
  COMPARED_BLURS = 3,  // y, y*y, x*y
  POLES = 3,
  STATE_VECTORS = POLES * 2, // per blur: the last two outputs of each recursion
};

// compare_args are two rows of one plane, ready for the vertical step and the maps.
//
// fresh and old are ring slots: for every 8 columns, the blurs, each with both rows.
// kept has, for every 8 columns, mu and sigma of both rows of the reference.
typedef struct {
  float *state;
  const float *fresh, *old, *kept;
  const float *reference[2], *compared[2];
  int width, rows;          // rows: 1 below the last row of an odd height
  int tile_vectors, tiles;  // the last tile takes what is left
  double *sums;             // of the first tile; the next is SSIM_TILE_SUMS on
} compare_args;

typedef struct {
  // table fills the linear light of each 8-bit sRGB code.
  void (*table)(float *linear);
  // blend turns n pixels of RGBA into linear light over a background.
  void (*blend)(const uint8_t *pix, int n, float background, float *const linear[3]);
  // xyb fills those planes that are not NULL, for n columns rounded up to a vector.
  void (*xyb)(float *const linear[3], int n, float *const plane[3]);
  // halve averages 2x2; n is the width of the result.
  void (*halve)(const float *upper, const float *lower, float *out, int n);
  // blur_* run the horizontal filter over two rows into a ring slot.
  void (*blur_reference)(const float *const row[2], int width, float *slot);
  void (*blur_compared)(const float *const row[2], const float *const reference[2],
                        int width, float *slot);
  // settle runs the vertical filter of n blurs without output (rows above the picture).
  void (*settle)(float *state, const float *fresh, const float *old, int blurs, int width);
  // keep runs the vertical filter and stores mu and sigma of two rows.
  void (*keep)(float *state, const float *fresh, const float *old, float *kept, int width);
  void (*compare)(const compare_args *a);
} kernels;

extern const kernels ssim_portable_kernels;
#if defined(__x86_64__)
extern const kernels ssim_avx2_kernels;
#endif

#endif
