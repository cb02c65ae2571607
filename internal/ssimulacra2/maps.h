// The three error maps of SSIMULACRA2, summed as soon as their pixels are known: structural
// similarity, artifacts (edges that are new) and lost detail (edges that are gone). Nothing
// here is fused, as in the reference program.
#ifndef SSIMULACRA2_MAPS_H
#define SSIMULACRA2_MAPS_H

#include "blur.h"
#include "kernels.h"
#include "lanes.h"

#define C2 0.0009f

// map_row adds 8 pixels to the sums; lanes outside of valid count nothing.
INLINE void map_row(v8 acc[SSIM_MAPS], v8 x, v8 mu1, v8 sigma11, v8 y, v8 mu2, v8 sigma22,
                    v8 sigma12, i8 valid) {
  v8 mu11 = mu1 * mu1, mu22 = mu2 * mu2, mu12 = mu1 * mu2, shift = mu1 - mu2;
  v8 luma = splat(1) - shift * shift;
  v8 num = splat(2) * (sigma12 - mu12) + splat(C2);
  v8 denom = (sigma11 - mu11) + (sigma22 - mu22) + splat(C2);
  v8 ssim = positive(splat(1) - luma * num / denom);

  // The reference takes (1+b)/(1+a) - 1 in double; this form has no cancellation in float.
  v8 was = magnitude(x - mu1), is = magnitude(y - mu2);
  v8 edge = (is - was) / (splat(1) + was);
  v8 error[3] = {ssim, positive(edge), positive(-edge)};
  for (int k = 0; k < 3; k++) {
    v8 e = (v8)((i8)error[k] & valid), square = e * e;
    acc[k] += e;
    acc[3 + k] += square * square;
  }
}

// compare_vector does 8 columns of two rows, or of the first only.
INLINE void compare_vector(const compare_args *a, int i, int rows, i8 valid,
                           v8 acc[SSIM_MAPS]) {
  v8 blur[COMPARED_BLURS][2];
  float *state = a->state + (size_t)i * COMPARED_BLURS * STATE_VECTORS * LANES;
  size_t at = (size_t)i * COMPARED_BLURS * 2 * LANES;
  for (int k = 0; k < COMPARED_BLURS; k++) {
    descend(state + k * STATE_VECTORS * LANES, a->fresh + at + k * 2 * LANES,
            a->old + at + k * 2 * LANES, blur[k]);
  }
  const float *kept = a->kept + (size_t)i * 4 * LANES;
  for (int row = 0; row < rows; row++, kept += 2 * LANES) {
    map_row(acc, load(a->reference[row] + i * LANES), load(kept), load(kept + LANES),
            load(a->compared[row] + i * LANES), blur[0][row], blur[1][row], blur[2][row],
            valid);
  }
}

INLINE void compare_rows(const compare_args *a, int rows) {
  const i8 lane = {0, 1, 2, 3, 4, 5, 6, 7}, all = (lane >= 0);
  int full = a->width / LANES, vectors = (a->width + LANES - 1) / LANES;
  for (int tile = 0, i = 0; tile < a->tiles; tile++) {
    v8 acc[SSIM_MAPS];
    for (int k = 0; k < SSIM_MAPS; k++) acc[k] = splat(0);
    int last = tile == a->tiles - 1;
    int end = last ? full : (tile + 1) * a->tile_vectors;
    for (; i < end; i++) compare_vector(a, i, rows, all, acc);
    if (last && i < vectors) {
      compare_vector(a, i, rows, lane < a->width - i * LANES, acc);
    }
    double *sums = a->sums + (size_t)tile * SSIM_TILE_SUMS;
    for (int k = 0; k < SSIM_MAPS; k++) sums[k] += total(acc[k]);
  }
}

TARGET static void compare(const compare_args *a) {
  if (a->rows == 2) {
    compare_rows(a, 2);
  } else {
    compare_rows(a, 1);
  }
}

#endif
