// Vectors of 8 floats over the compiler's vector extension (GCC 12, clang). Everything but
// the fused multiply-add is plain IEEE arithmetic, so each backend gives the same bits.
// LANES_AVX2 selects the backend; the build must not contract a*b+c by itself (-std=c11).
#ifndef SSIMULACRA2_LANES_H
#define SSIMULACRA2_LANES_H

#include <stdint.h>
#include <string.h>

#if !defined(__clang__) && __GNUC__ < 12
#error "GCC 12 or later, or clang, is needed for __builtin_shufflevector"
#endif

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#ifdef LANES_AVX2
#define TARGET __attribute__((target("avx2,fma")))
#define INLINE static inline __attribute__((always_inline, target("avx2,fma")))
#else
#define TARGET
#define INLINE static inline __attribute__((always_inline))
#endif

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

typedef float v4 __attribute__((vector_size(16)));
typedef float v8 __attribute__((vector_size(32)));
typedef int32_t i8 __attribute__((vector_size(32)));
typedef double d4 __attribute__((vector_size(32)));
typedef double d2 __attribute__((vector_size(16)));
typedef int64_t l2 __attribute__((vector_size(16)));

INLINE v8 splat(float f) { return (v8){f, f, f, f, f, f, f, f}; }

INLINE v8 load(const float *p) {
  v8 v;
  memcpy(&v, p, sizeof v);
  return v;
}

INLINE void store(float *p, v8 v) { memcpy(p, &v, sizeof v); }

INLINE v4 load4(const float *p) {
  v4 v;
  memcpy(&v, p, sizeof v);
  return v;
}

INLINE v8 join(v4 low, v4 high) {
  return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
}

INLINE v4 low_half(v8 v) { return __builtin_shufflevector(v, v, 0, 1, 2, 3); }
INLINE v4 high_half(v8 v) { return __builtin_shufflevector(v, v, 4, 5, 6, 7); }

#ifdef LANES_AVX2

INLINE v8 fused(v8 a, v8 b, v8 c) { return (v8)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
INLINE v8 fused_from(v8 a, v8 b, v8 c) { // c - a*b
  return (v8)_mm256_fnmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
INLINE v8 fused_neither(v8 a, v8 b, v8 c) { // -a*b - c
  return (v8)_mm256_fnmsub_ps((__m256)a, (__m256)b, (__m256)c);
}
INLINE v8 positive(v8 v) { return (v8)_mm256_max_ps((__m256)v, _mm256_setzero_ps()); }

#else

#if defined(__FP_FAST_FMAF)

INLINE v8 fused(v8 a, v8 b, v8 c) {
  v8 r;
  for (int i = 0; i < 8; i++) r[i] = __builtin_fmaf(a[i], b[i], c[i]);
  return r;
}

#else

#if defined(__SSE2__) // what the compiler would do lane by lane
INLINE d2 widen(v4 v) { return (d2)_mm_cvtps_pd((__m128)v); }
INLINE v4 narrow(d2 low, d2 high) {
  return (v4)_mm_movelh_ps(_mm_cvtpd_ps((__m128d)low), _mm_cvtpd_ps((__m128d)high));
}
#else
INLINE d2 widen(v4 v) { return (d2){v[0], v[1]}; }
INLINE v4 narrow(d2 low, d2 high) {
  return (v4){(float)low[0], (float)low[1], (float)high[0], (float)high[1]};
}
#endif

INLINE v4 upper_pair(v4 v) { return __builtin_shufflevector(v, v, 2, 3, 2, 3); }

// odd_sum is a*b + c, rounded to odd (Boldo and Melquiond, "Emulation of a FMA and correctly
// rounded sums", 2008): the product of two floats is exact in a double, and a last rounding,
// to float, of an odd sum is that of the exact value. So fmaf comes without the instruction.
INLINE d2 odd_sum(d2 a, d2 b, d2 c) {
  d2 product = a * b, sum = product + c, part = sum - product;
  d2 error = (product - (sum - part)) + (c - part);
  l2 bits = (l2)sum;
  l2 toward = (error > 0) ^ (sum > 0); // the exact value is nearer to zero
  l2 even = (bits & 1) - 1;
  bits += (toward | 1) & even & (error != 0);
  return (d2)bits;
}

INLINE v4 fused_half(v4 a, v4 b, v4 c) {
  return narrow(odd_sum(widen(a), widen(b), widen(c)),
                odd_sum(widen(upper_pair(a)), widen(upper_pair(b)), widen(upper_pair(c))));
}

INLINE v8 fused(v8 a, v8 b, v8 c) {
  return join(fused_half(low_half(a), low_half(b), low_half(c)),
              fused_half(high_half(a), high_half(b), high_half(c)));
}

#endif

INLINE v8 fused_from(v8 a, v8 b, v8 c) { return fused(-a, b, c); }
INLINE v8 fused_neither(v8 a, v8 b, v8 c) { return fused(-a, b, -c); }
INLINE v8 positive(v8 v) { return (v8)((i8)v & (v > 0)); }

#endif

INLINE v8 magnitude(v8 v) { return (v8)((i8)v & 0x7fffffff); }

// total adds the lanes in double precision, in one fixed order.
INLINE double total(v8 v) {
  d4 s = __builtin_convertvector(low_half(v), d4) + __builtin_convertvector(high_half(v), d4);
  return (s[0] + s[1]) + (s[2] + s[3]);
}

#endif
