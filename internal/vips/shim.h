#ifndef COMPRESSOR_VIPS_SHIM_H
#define COMPRESSOR_VIPS_SHIM_H

#include <vips/vips.h>

// Plain functions over libvips' variadic ones, which cgo cannot call. Each returns 0 on
// success and leaves its words in vips_error_buffer otherwise.

int shim_start(const char *name);
int shim_open(const char *path, VipsImage **out);
int shim_open_svg(const void *data, size_t size, double scale, VipsImage **out);
int shim_from_memory(const void *pix, size_t size, int width, int height, int bands, VipsImage **out);
int shim_upright(VipsImage *in, VipsImage **out);
int shim_to_srgb(VipsImage *in, VipsImage **out);
int shim_to_depth8(VipsImage *in, VipsImage **out);
int shim_to_colour(VipsImage *in, VipsImage **out);
int shim_crop(VipsImage *in, int x, int y, int width, int height, VipsImage **out);
int shim_resize(VipsImage *in, int width, int height, VipsImage **out);
int shim_embed(VipsImage *in, int x, int y, int width, int height, const double *background, VipsImage **out);
int shim_add_alpha(VipsImage *in, VipsImage **out);
int shim_flatten(VipsImage *in, const double *background, VipsImage **out);
int shim_attention(VipsImage *in, int width, int height, int *x, int *y);
int shim_jpeg(VipsImage *in, int quality, int table, int chroma, int trellis, int progressive, void **buf, size_t *size);

typedef struct {
	int quality, lossless, near_lossless, alpha, sharp, deblock, preset, passes, effort;
} shim_webp_options;

int shim_webp(VipsImage *in, const shim_webp_options *o, void **buf, size_t *size);
int shim_avif(VipsImage *in, int quality, int lossless, int chroma, int depth, int effort, const char *tune, void **buf, size_t *size);
int shim_palette_png(VipsImage *in, int quality, int colours, int effort, double dither, void **buf, size_t *size);
int shim_png(VipsImage *in, int level, void **buf, size_t *size);
int shim_blob(VipsImage *in, const char *name, const void **data, size_t *size);

#endif
