// The pass over a picture: rows go in from the top, and every level (scale) works as soon
// as it has two rows: colour, horizontal blur, vertical blur two pairs behind, maps, and
// one row for the next level. No plane of a compared picture is ever held as a whole.
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "kernels.h"

enum {
  RING = 6,  // pairs of blurred rows: output pair q takes q-3 and q+2
  DELAY = 3, // pairs of colour rows: the maps of pair q are made when q+2 has come
  LAG = 2,
};

typedef struct {
  float *rows;  // XYB: the whole plane of a reference, a few rows of a compared picture
  float *ring;  // NULL when the level leaves this plane out
  float *state;
  float *reference; // of a compared picture: the reference's rows
  float *kept;      // mu and sigma of the reference
} plane;

typedef struct {
  int width, height, pairs, pitch, number;
  float *linear[2][3];
  plane planes[SSIM_PLANES];
} level;

typedef struct {
  level levels[SSIM_LEVELS];
  const kernels *k;
  int count, blurs, tiles_across, tiles_down;
  float *zero, *table;
  double *sums; // NULL while a reference is made
} pass;

// arena hands out pieces of one block; with no block it only counts.
typedef struct {
  char *base;
  size_t used;
} arena;

static float *take(arena *a, size_t floats) {
  size_t at = a->used;
  a->used += (floats * sizeof(float) + 63) & ~(size_t)63;
  return a->base ? (float *)(a->base + at) : NULL;
}

static void lay_plane(plane *p, const level *l, int blurs, arena *cache, arena *work) {
  size_t pitch = (size_t)l->pitch, pairs = (size_t)l->pairs;
  float *whole = take(cache, 2 * pairs * pitch);
  p->kept = take(cache, 4 * pairs * pitch);
  if (blurs == COMPARED_BLURS) {
    p->reference = whole;
    p->rows = take(work, DELAY * 2 * pitch);
  } else {
    p->rows = whole;
  }
  p->ring = take(work, RING * (size_t)blurs * 2 * pitch);
  p->state = take(work, (size_t)blurs * STATE_VECTORS * pitch);
}

// lay spreads the levels over cache and work; both orders depend on the shape only.
static void lay(pass *p, ssim_shape s, arena *cache, arena *work) {
  int width = s.width, height = s.height;
  p->count = s.levels;
  p->tiles_across = s.width / SSIM_TILE > 1 ? s.width / SSIM_TILE : 1;
  p->tiles_down = s.height / SSIM_TILE > 1 ? s.height / SSIM_TILE : 1;
  p->table = take(work, 256);
  for (int i = 0; i < s.levels; i++) {
    level *l = &p->levels[i];
    l->number = i;
    l->width = width;
    l->height = height;
    l->pairs = (height + 1) / 2;
    l->pitch = (width + 15) / 16 * 16;
    for (int k = 0; k < 6; k++) l->linear[k / 3][k % 3] = take(work, (size_t)l->pitch);
    for (int c = 0; c < SSIM_PLANES; c++) {
      if (s.planes >> (SSIM_PLANES * i + c) & 1) {
        lay_plane(&l->planes[c], l, p->blurs, cache, work);
      }
    }
    width = (width + 1) / 2;
    height = (height + 1) / 2;
  }
  p->zero = take(work, (size_t)p->blurs * 2 * p->levels[0].pitch);
}

void ssim_sizes(ssim_shape shape, size_t *cache, size_t *work) {
  pass p = {.blurs = COMPARED_BLURS};
  arena c = {0}, w = {0};
  lay(&p, shape, &c, &w);
  *cache = c.used;
  *work = w.used;
}

static float *slot(const pass *p, const level *l, const plane *pl, int pair) {
  if (pair < 0 || pair >= l->pairs) return p->zero;
  return pl->ring + (size_t)(pair % RING) * p->blurs * 2 * l->pitch;
}

static float *colour_row(const pass *p, const level *l, const plane *pl, int pair, int row) {
  int at = p->sums ? pair % DELAY : pair;
  return pl->rows + (size_t)(at * 2 + row) * l->pitch;
}

// descend_pair runs the vertical filter for the two rows of pair q, and what follows it.
static void descend_pair(pass *p, level *l, int c, int q) {
  plane *pl = &l->planes[c];
  const float *fresh = slot(p, l, pl, q + 2), *old = slot(p, l, pl, q - 3);
  if (q < 0) {
    p->k->settle(pl->state, fresh, old, p->blurs, l->width);
    return;
  }
  float *kept = pl->kept + (size_t)q * 4 * l->pitch;
  if (!p->sums) {
    p->k->keep(pl->state, fresh, old, kept, l->width);
    return;
  }
  int tile_height = SSIM_TILE >> l->number, down = 2 * q / tile_height;
  if (down >= p->tiles_down) down = p->tiles_down - 1;
  size_t tile = (size_t)down * p->tiles_across;
  const float *reference = pl->reference + (size_t)q * 2 * l->pitch;
  compare_args a = {
      .state = pl->state,
      .fresh = fresh,
      .old = old,
      .kept = kept,
      .reference = {reference, reference + l->pitch},
      .compared = {colour_row(p, l, pl, q, 0), colour_row(p, l, pl, q, 1)},
      .width = l->width,
      .rows = 2 * q + 1 < l->height ? 2 : 1,
      .tile_vectors = tile_height / LANES,
      .tiles = p->tiles_across,
      .sums = p->sums + tile * SSIM_TILE_SUMS + (l->number * SSIM_PLANES + c) * SSIM_MAPS,
  };
  p->k->compare(&a);
}

static void blur_pair(pass *p, level *l, int c, int pair, int rows) {
  plane *pl = &l->planes[c];
  const float *row[2] = {colour_row(p, l, pl, pair, 0), p->zero};
  if (rows == 2) row[1] = colour_row(p, l, pl, pair, 1);
  if (!p->sums) {
    p->k->blur_reference(row, l->width, slot(p, l, pl, pair));
    return;
  }
  const float *first = pl->reference + (size_t)pair * 2 * l->pitch;
  const float *reference[2] = {first, rows == 2 ? first + l->pitch : p->zero};
  p->k->blur_compared(row, reference, l->width, slot(p, l, pl, pair));
}

static void colour_pair(pass *p, level *l, int pair, int rows) {
  for (int row = 0; row < rows; row++) {
    float *out[SSIM_PLANES] = {NULL, NULL, NULL};
    int any = 0;
    for (int c = 0; c < SSIM_PLANES; c++) {
      if (!l->planes[c].ring) continue;
      out[c] = colour_row(p, l, &l->planes[c], pair, row);
      any = 1;
    }
    if (any) p->k->xyb(l->linear[row], l->width, out);
  }
}

// halve_pair makes the row of the next level, which may complete a pair there.
static void halve_pair(pass *p, level *l, int pair, int rows) {
  level *next = l + 1;
  for (int c = 0; c < 3; c++) {
    float *upper = l->linear[0][c], *lower = l->linear[rows - 1][c];
    if (l->width % 2) { // the last column counts twice
      upper[l->width] = upper[l->width - 1];
      lower[l->width] = lower[l->width - 1];
    }
    p->k->halve(upper, lower, next->linear[pair % 2][c], next->width);
  }
}

// work_pair does what a new pair of linear rows makes possible, level after level.
static void work_pair(pass *p, int pair) {
  for (int i = 0; i < p->count; i++, pair /= 2) {
    level *l = &p->levels[i];
    int rows = 2 * pair + 1 < l->height ? 2 : 1, final = pair == l->pairs - 1;
    colour_pair(p, l, pair, rows);
    for (int c = 0; c < SSIM_PLANES; c++) {
      if (!l->planes[c].ring) continue;
      blur_pair(p, l, c, pair, rows);
      descend_pair(p, l, c, pair - LAG);
      for (int q = l->pairs - LAG; final && q < l->pairs; q++) descend_pair(p, l, c, q);
    }
    if (i + 1 == p->count) return;
    halve_pair(p, l, pair, rows);
    if (pair % 2 == 0 && !final) return; // the next level waits for its second row
  }
}

static void read_row(const pass *p, const ssim_pixels *px, const uint8_t *pix, int row) {
  const level *l = &p->levels[0];
  float *const *linear = l->linear[row];
  if (px->channels == 4 && px->background >= 0) {
    p->k->blend(pix, px->width, px->background, linear);
  } else {
    const float *table = p->table;
    float *r = linear[0], *g = linear[1], *b = linear[2];
    for (int x = 0; x < px->width; x++, pix += px->channels) {
      r[x] = table[pix[0]];
      g[x] = table[pix[1]];
      b[x] = table[pix[2]];
    }
  }
  for (int x = px->width; x < l->width; x++) {
    for (int c = 0; c < 3; c++) linear[c][x] = linear[c][px->width - 1];
  }
}

static void run(pass *p, ssim_shape shape, ssim_pixels px, const uint8_t *pix, void *cache,
                void *work, int portable) {
  arena c = {cache, 0}, w = {work, 0};
  p->k = &ssim_portable_kernels;
#if defined(__x86_64__)
  if (!portable && ssim_fast()) p->k = &ssim_avx2_kernels;
#endif
  (void)portable;
  lay(p, shape, &c, &w);
  memset(work, 0, w.used);
  p->k->table(p->table);
  for (int y = 0; y < shape.height; y++) {
    int from = y < px.height ? y : px.height - 1;
    read_row(p, &px, pix + px.stride * (size_t)from, y % 2);
    if (y % 2 || y == shape.height - 1) work_pair(p, y / 2);
  }
}

void ssim_reference(ssim_shape shape, ssim_pixels pixels, const uint8_t *pix, void *cache,
                    void *work, int portable) {
  pass p = {.blurs = REFERENCE_BLURS};
  run(&p, shape, pixels, pix, cache, work, portable);
}

void ssim_compare(ssim_shape shape, ssim_pixels pixels, const uint8_t *pix,
                  const void *cache, void *work, double *sums, int portable) {
  pass p = {.blurs = COMPARED_BLURS, .sums = sums};
  run(&p, shape, pixels, pix, (void *)cache, work, portable); // only read: sums is set
}

int ssim_opaque(const uint8_t *pix, int width, int height, size_t stride) {
  for (int y = 0; y < height; y++) {
    const uint8_t *row = pix + stride * (size_t)y;
    uint8_t all = 255;
    for (int x = 0; x < width; x++) all &= row[4 * (size_t)x + 3];
    if (all != 255) return 0;
  }
  return 1;
}

int ssim_fast(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return 0;
#endif
}

void *ssim_alloc(size_t bytes) {
  const size_t huge = (size_t)2 << 20;
  void *memory = NULL;
  if (posix_memalign(&memory, bytes >= huge ? huge : 64, bytes)) return NULL;
#if defined(__linux__)
  // Half the cost of fresh memory is page faults. Only a hint: failure changes nothing.
  if (bytes >= huge) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

void ssim_free(void *memory) { free(memory); }
