// What the Go side calls. All memory is the caller's; nothing here allocates or keeps state.
#ifndef SSIMULACRA2_SSIM_H
#define SSIMULACRA2_SSIM_H

#include <stddef.h>
#include <stdint.h>

enum {
  SSIM_LEVELS = 6,   // scales, 1:1 to 1:32
  SSIM_PLANES = 3,   // X, Y, B
  SSIM_MAPS = 6,     // sums of {ssim, artifact, detail lost}, then of their fourth powers
  SSIM_TILE = 256,   // side of a tile at 1:1, pixels
  SSIM_TILE_SUMS = SSIM_LEVELS * SSIM_PLANES * SSIM_MAPS
};

// ssim_shape says how a picture is worked on. planes holds three bits a level, lowest
// level first, bit 0 of each is X. width and height are at least 8.
typedef struct {
  int width, height;
  int levels;
  uint32_t planes;
} ssim_shape;

// ssim_pixels is 8-bit interleaved RGB or RGBA of any size not above the shape's; what
// is missing is filled by repeating the last column and row. With a background of 0 to 1
// the fourth channel blends the encoded values onto it, with a negative one it is skipped.
typedef struct {
  int width, height, channels;
  size_t stride; // bytes
  float background;
} ssim_pixels;

// ssim_sizes gives the bytes of the cache of a reference and of the work memory.
void ssim_sizes(ssim_shape shape, size_t *cache, size_t *work);

// ssim_reference fills cache. Memory is aligned to 64 bytes.
void ssim_reference(ssim_shape shape, ssim_pixels pixels, const uint8_t *pix, void *cache,
                    void *work, int portable);

// ssim_compare adds to sums, which has SSIM_TILE_SUMS values for each tile, row by row of
// tiles, ordered level, plane, map.
void ssim_compare(ssim_shape shape, ssim_pixels pixels, const uint8_t *pix,
                  const void *cache, void *work, double *sums, int portable);

// ssim_opaque is 1 when every fourth byte is 255.
int ssim_opaque(const uint8_t *pix, int width, int height, size_t stride);

// ssim_fast is 1 when this processor runs the AVX2 and FMA code.
int ssim_fast(void);

// ssim_alloc gives memory aligned to 64 bytes, not cleared, or NULL; ssim_free takes it back.
void *ssim_alloc(size_t bytes);
void ssim_free(void *memory);

#endif
