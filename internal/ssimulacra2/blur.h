// The Gaussian of sigma 1.5 as three second-order recursions: D. Charalampidis, "Recursive
// Implementation of the Gaussian Filter Using Truncated Cosine Functions", IEEE Trans. Signal
// Processing 64 (2016). Radius 5; outside the picture is zero and nothing is renormalised.
// The poles lie on the unit circle, so rounding stays in the signal; order and fusing follow
// the JPEG XL reference library (BSD-3-Clause), which the reference scores were made with.
#ifndef SSIMULACRA2_BLUR_H
#define SSIMULACRA2_BLUR_H

#include "kernels.h"
#include "lanes.h"

enum { AHEAD = 4, BEHIND = 6 }; // output n takes in[n-6] + in[n+4]

// Equations (33) and (53) of the paper for radius 5, sigma 1.5: gain n2 and feedback d1.
#define GAIN_1 0.055295235726086613
#define GAIN_3 -0.058836687026949934
#define GAIN_5 0.012955819110517092
#define BACK_1 -1.9021130325903071
#define BACK_3 -1.1755705045849463
#define BACK_5 -1.2246467991473532e-16

// One recursion, four outputs at once: what each output takes of the first input, of the
// last output and of the one before it. Found by putting the recursion into itself.
#define TAKES_INPUT(n, d) \
  { (float)(n), (float)(-(d) * (n)), (float)((d) * (d) * (n) - (n)), \
    (float)(-(d) * (d) * (d) * (n) + 2.0 * (d) * (n)) }
#define TAKES_LAST(d) \
  { (float)-(d), (float)((d) * (d)-1.0), (float)(-(d) * (d) * (d) + 2.0 * (d)), \
    (float)(((d) * (d)) * ((d) * (d)) - 3.0 * ((d) * (d)) + 1.0) }
#define TAKES_BEFORE(d) \
  { -1.0f, (float)(d), (float)(-(d) * (d) + 1.0), (float)((d) * (d) * (d)-2.0 * (d)) }

static const float takes_input[POLES][4] = {
    TAKES_INPUT(GAIN_1, BACK_1), TAKES_INPUT(GAIN_3, BACK_3), TAKES_INPUT(GAIN_5, BACK_5)};
static const float takes_last[POLES][4] = {TAKES_LAST(BACK_1), TAKES_LAST(BACK_3),
                                           TAKES_LAST(BACK_5)};
static const float takes_before[POLES][4] = {TAKES_BEFORE(BACK_1), TAKES_BEFORE(BACK_3),
                                             TAKES_BEFORE(BACK_5)};

// recursion is one horizontal filter over two rows, one in each half of its vectors.
typedef struct {
  v8 last[POLES], before[POLES];
} recursion;

INLINE v8 both_halves(const float *four) { return join(load4(four), load4(four)); }

#define SPREAD(v, k) __builtin_shufflevector(v, v, k, k, k, k, 4 + (k), 4 + (k), 4 + (k), 4 + (k))

// step_one takes a sum spread over each half and gives the next output, spread likewise.
INLINE v8 step_one(recursion *f, v8 sum) {
  v8 out[POLES];
  for (int k = 0; k < POLES; k++) {
    v8 o = sum * splat(takes_input[k][0]);
    o = fused(splat(takes_before[k][0]), f->before[k], o);
    o = fused(splat(takes_last[k][0]), f->last[k], o);
    f->before[k] = f->last[k];
    f->last[k] = o;
    out[k] = o;
  }
  return out[0] + (out[1] + out[2]);
}

// step_four takes the sums of four columns and gives the outputs of four.
INLINE v8 step_four(recursion *f, v8 sum) {
  v8 out[POLES];
  const v8 zero = splat(0);
  v8 in0 = SPREAD(sum, 0), in1 = SPREAD(sum, 1), in2 = SPREAD(sum, 2), in3 = SPREAD(sum, 3);
  for (int k = 0; k < POLES; k++) {
    v8 t = both_halves(takes_input[k]);
    v8 t1 = __builtin_shufflevector(t, zero, 8, 0, 1, 2, 12, 4, 5, 6);
    v8 t2 = __builtin_shufflevector(t, zero, 8, 8, 0, 1, 12, 12, 4, 5);
    v8 t3 = __builtin_shufflevector(t, zero, 8, 8, 8, 0, 12, 12, 12, 4);
    v8 o = in0 * t;
    o = fused(t1, in1, o);
    o = fused(t2, in2, o);
    o = fused(t3, in3, o);
    o = fused(both_halves(takes_before[k]), f->before[k], o);
    o = fused(both_halves(takes_last[k]), f->last[k], o);
    f->before[k] = SPREAD(o, 2);
    f->last[k] = SPREAD(o, 3);
    out[k] = o;
  }
  return out[0] + (out[1] + out[2]);
}

INLINE v8 column(const float *const row[2], int x, int width) {
  if (x < 0 || x >= width) return splat(0);
  float a = row[0][x], b = row[1][x];
  return (v8){a, a, a, a, b, b, b, b};
}

INLINE v8 columns(const float *const row[2], int x) {
  return join(load4(row[0] + x), load4(row[1] + x));
}

// blur_columns does the columns from n to end one by one: the edges.
INLINE void blur_columns(recursion *f, int blurs, const float *const row[2],
                         const float *const reference[2], int n, int end, int width,
                         float *slot) {
  for (; n < end; n++) {
    v8 l = column(row, n - BEHIND, width), r = column(row, n + AHEAD, width);
    v8 sum[COMPARED_BLURS] = {l + r, l * l + r * r, splat(0)};
    if (blurs == COMPARED_BLURS) {
      sum[2] = column(reference, n - BEHIND, width) * l +
               column(reference, n + AHEAD, width) * r;
    }
    for (int k = 0; k < blurs; k++) {
      v8 out = step_one(&f[k], sum[k]);
      if (n < 0) continue;
      float *at = slot + ((size_t)(n / LANES) * blurs + k) * 2 * LANES + n % LANES;
      at[0] = out[0];
      at[LANES] = out[4];
    }
  }
}

INLINE void blur_rows(int blurs, const float *const row[2], const float *const reference[2],
                      int width, float *slot) {
  recursion f[COMPARED_BLURS];
  memset(f, 0, sizeof f);
  int n = width < LANES ? width : LANES, end = width - AHEAD - 3;
  blur_columns(f, blurs, row, reference, -AHEAD, n, width, slot);
  for (; n < end; n += 4) {
    v8 l = columns(row, n - BEHIND), r = columns(row, n + AHEAD);
    v8 sum[COMPARED_BLURS] = {l + r, l * l + r * r, splat(0)};
    if (blurs == COMPARED_BLURS) {
      sum[2] = columns(reference, n - BEHIND) * l + columns(reference, n + AHEAD) * r;
    }
    float *at = slot + (size_t)(n / LANES) * blurs * 2 * LANES + n % LANES;
    for (int k = 0; k < blurs; k++, at += 2 * LANES) {
      v8 out = step_four(&f[k], sum[k]);
      v4 first = low_half(out), second = high_half(out);
      memcpy(at, &first, sizeof first);
      memcpy(at + LANES, &second, sizeof second);
    }
  }
  blur_columns(f, blurs, row, reference, n, width, width, slot);
}

TARGET static void blur_reference(const float *const row[2], int width, float *slot) {
  blur_rows(REFERENCE_BLURS, row, row, width, slot);
}

TARGET static void blur_compared(const float *const row[2], const float *const reference[2],
                                 int width, float *slot) {
  blur_rows(COMPARED_BLURS, row, reference, width, slot);
}

// descend runs the vertical filter over two rows of one blur in 8 columns.
INLINE void descend(float *state, const float *fresh, const float *old, v8 out[2]) {
  static const float gain[POLES] = {(float)GAIN_1, (float)GAIN_3, (float)GAIN_5};
  static const float back[POLES] = {(float)BACK_1, (float)BACK_3, (float)BACK_5};
  v8 sum0 = load(old) + load(fresh), sum1 = load(old + LANES) + load(fresh + LANES);
  v8 first[POLES], second[POLES];
  for (int k = 0; k < POLES; k++) {
    float *s = state + k * 2 * LANES;
    v8 last = load(s), before = load(s + LANES), d = splat(back[k]), n = splat(gain[k]);
    first[k] = fused(n, sum0, fused_neither(d, last, before));
    second[k] = fused(n, sum1, fused_neither(d, first[k], last));
    store(s, second[k]);
    store(s + LANES, first[k]);
  }
  out[0] = first[0] + (first[1] + first[2]);
  out[1] = second[0] + (second[1] + second[2]);
}

TARGET static void settle(float *state, const float *fresh, const float *old, int blurs,
                          int width) {
  int n = (width + LANES - 1) / LANES * blurs;
  for (int i = 0; i < n; i++) {
    v8 unused[2];
    size_t at = (size_t)i * 2 * LANES;
    descend(state + (size_t)i * STATE_VECTORS * LANES, fresh + at, old + at, unused);
  }
}

TARGET static void keep(float *state, const float *fresh, const float *old, float *kept,
                        int width) {
  int n = (width + LANES - 1) / LANES;
  for (int i = 0; i < n; i++) {
    v8 mu[2], sigma[2];
    float *s = state + (size_t)i * REFERENCE_BLURS * STATE_VECTORS * LANES;
    size_t at = (size_t)i * REFERENCE_BLURS * 2 * LANES;
    descend(s, fresh + at, old + at, mu);
    descend(s + STATE_VECTORS * LANES, fresh + at + 2 * LANES, old + at + 2 * LANES, sigma);
    for (int row = 0; row < 2; row++) {
      store(kept + ((size_t)i * 4 + row * 2) * LANES, mu[row]);
      store(kept + ((size_t)i * 4 + row * 2 + 1) * LANES, sigma[row]);
    }
  }
}

#endif
