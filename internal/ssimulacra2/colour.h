// sRGB to linear light to XYB. The approximations, and where they fuse, are those of the
// JPEG XL reference library (BSD-3-Clause), because the metric's weights and its reference
// scores were made with them; the noise they carry is part of the score.
#ifndef SSIMULACRA2_COLOUR_H
#define SSIMULACRA2_COLOUR_H

#include "kernels.h"
#include "lanes.h"

#define OPSIN_BIAS 0.0037930732552754493f
#define OPSIN_BIAS_ROOT 0x1.3f64eap-3f // cube root of the bias, rounded to float

// linear_light is the sRGB transfer function: a rational polynomial above its knee.
INLINE v8 linear_light(v8 encoded) {
  v8 p = splat(8.210152774e-01f), q = splat(6.521209011e-03f);
  p = fused(p, encoded, splat(7.961564959e-01f));
  q = fused(q, encoded, splat(-5.512498495e-02f));
  p = fused(p, encoded, splat(1.624820318e-01f));
  q = fused(q, encoded, splat(4.987528350e-01f));
  p = fused(p, encoded, splat(1.043637593e-02f));
  q = fused(q, encoded, splat(1.076976492e+00f));
  p = fused(p, encoded, splat(2.200248328e-04f));
  q = fused(q, encoded, splat(2.631846970e-01f));
  i8 above = encoded > splat(0.04045f);
  v8 curve = p / q, line = encoded * splat(1.0f / 12.92f);
  return (v8)(((i8)curve & above) | ((i8)line & ~above));
}

TARGET static void table(float *linear) {
  for (int i = 0; i < 256; i += LANES) {
    v8 code;
    for (int k = 0; k < LANES; k++) code[k] = (float)(i + k);
    store(linear + i, linear_light(code * splat(1.0f / 255)));
  }
}

TARGET static void blend(const uint8_t *pix, int n, float background,
                         float *const linear[3]) {
  for (int x = 0; x < n; x += LANES) {
    v8 channel[4] = {splat(0), splat(0), splat(0), splat(0)};
    int count = n - x < LANES ? n - x : LANES;
    for (int k = 0; k < count; k++) {
      for (int c = 0; c < 4; c++) channel[c][k] = (float)pix[4 * (x + k) + c];
    }
    v8 alpha = channel[3] * splat(1.0f / 255);
    v8 under = (splat(1) - alpha) * splat(background);
    for (int c = 0; c < 3; c++) {
      v8 mixed = alpha * (channel[c] * splat(1.0f / 255)) + under;
      store(linear[c] + x, linear_light(mixed));
    }
  }
}

// root gives the cube root of x less that of the bias: a guess from the exponent, three
// Newton steps on the inverse root and one of a higher order.
INLINE v8 root(v8 x) {
  const v8 third = splat(1.0f / 3), four_thirds = splat(4.0f / 3);
  i8 guess = 0x54800000 - ((i8)x >> 23) * 0x002AAAAA;
  v8 r = (v8)guess, x3 = third * x, r2;
  for (int i = 0; i < 3; i++) {
    r2 = r * r;
    r = fused_from(x3, r2 * r2, four_thirds * r);
  }
  r2 = r * r;
  r = fused(third, fused_from(x, r2 * r2, r), r);
  r2 = r * r;
  return fused(r2, x, splat(-OPSIN_BIAS_ROOT));
}

INLINE v8 absorb(v8 r, v8 g, v8 b, float mr, float mg, float mb) {
  return fused(splat(mr), r, fused(splat(mg), g, fused(splat(mb), b, splat(OPSIN_BIAS))));
}

// xyb also moves the planes into the metric's range of about 0 to 1, with B less Y.
TARGET static void xyb(float *const linear[3], int n, float *const plane[3]) {
  const float m02 = 0.078f, m00 = 0.30f, m01 = 1.0f - m02 - m00;
  const float m12 = 0.078f, m10 = 0.23f, m11 = 1.0f - m12 - m10;
  const float m20 = 0.24342268924547819f, m21 = 0.20476744424496821f;
  const float m22 = 1.0f - m20 - m21;
  for (int x = 0; x < n; x += LANES) {
    v8 r = load(linear[0] + x), g = load(linear[1] + x), b = load(linear[2] + x);
    v8 l = root(absorb(r, g, b, m00, m01, m02));
    v8 m = root(absorb(r, g, b, m10, m11, m12));
    v8 y = splat(0.5f) * (l + m);
    if (plane[0]) store(plane[0] + x, splat(0.5f) * (l - m) * splat(14) + splat(0.42f));
    if (plane[1]) store(plane[1] + x, y + splat(0.01f));
    if (plane[2]) {
      v8 s = root(absorb(r, g, b, m20, m21, m22));
      store(plane[2] + x, (s - y) + splat(0.55f));
    }
  }
}

TARGET static void halve(const float *upper, const float *lower, float *out, int n) {
  for (int x = 0; x < n; x += LANES) {
    v8 u0 = load(upper + 2 * x), u1 = load(upper + 2 * x + LANES);
    v8 l0 = load(lower + 2 * x), l1 = load(lower + 2 * x + LANES);
    v8 sum = __builtin_shufflevector(u0, u1, 0, 2, 4, 6, 8, 10, 12, 14);
    sum += __builtin_shufflevector(u0, u1, 1, 3, 5, 7, 9, 11, 13, 15);
    sum += __builtin_shufflevector(l0, l1, 0, 2, 4, 6, 8, 10, 12, 14);
    sum += __builtin_shufflevector(l0, l1, 1, 3, 5, 7, 9, 11, 13, 15);
    store(out + x, sum * splat(0.25f));
  }
}

#endif
