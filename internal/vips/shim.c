#include "shim.h"

int shim_start(const char *name) {
	if (vips_init(name) != 0) {
		return -1;
	}
	// One thread: AVIF bytes depend on the number of threads, and a job process has one
	// slot anyway. No cache: a process handles one file. Loaders that are not fuzzed
	// upstream stay shut.
	vips_concurrency_set(1);
	vips_cache_set_max(0);
	vips_block_untrusted_set(TRUE);
	vips_operation_block_set("VipsForeignLoadSvg", FALSE); // librsvg, on files that package svgfile has read before
	return 0;
}

// shim_open decodes the whole picture into memory, so that later steps cannot fail on
// the file. fail_on: a picture that ends early is damaged, not gray at the bottom.
int shim_open(const char *path, VipsImage **out) {
	VipsImage *lazy = vips_image_new_from_file(path, "access", VIPS_ACCESS_SEQUENTIAL,
		"fail_on", VIPS_FAIL_ON_ERROR, NULL);
	if (lazy == NULL) {
		return -1;
	}
	*out = vips_image_copy_memory(lazy);
	g_object_unref(lazy);
	return *out == NULL ? -1 : 0;
}

// shim_open_svg draws an SVG at a scale; 1 is one pixel a user unit. CSS has 96 pixels to
// the inch, which lengths within the document are measured by; libvips enlarges all by
// what that is above 72, and that is taken back.
int shim_open_svg(const void *data, size_t size, double scale, VipsImage **out) {
	VipsImage *lazy = NULL;
	if (vips_svgload_buffer((void *) data, size, &lazy, "scale", scale * 72 / 96, "dpi", 96.0, NULL) != 0) {
		return -1;
	}
	*out = vips_image_copy_memory(lazy);
	g_object_unref(lazy);
	return *out == NULL ? -1 : 0;
}

int shim_from_memory(const void *pix, size_t size, int width, int height, int bands, VipsImage **out) {
	VipsImage *in = vips_image_new_from_memory_copy(pix, size, width, height, bands, VIPS_FORMAT_UCHAR);
	if (in == NULL) {
		return -1;
	}
	int failed = vips_copy(in, out, "interpretation",
		bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB, NULL);
	g_object_unref(in);
	return failed;
}

// in_memory runs the pipeline behind *image now and keeps its pixels.
static int in_memory(VipsImage **image) {
	VipsImage *copy = vips_image_copy_memory(*image);
	g_object_unref(*image);
	*image = copy;
	return copy == NULL ? -1 : 0;
}

int shim_upright(VipsImage *in, VipsImage **out) {
	if (vips_autorot(in, out, NULL) != 0) {
		return -1;
	}
	return in_memory(out);
}

// shim_to_srgb gives 8-bit sRGB with 3 or 4 bands, through the embedded profile if there
// is a usable one.
int shim_to_srgb(VipsImage *in, VipsImage **out) {
	if (in->Type == VIPS_INTERPRETATION_sRGB && in->BandFmt == VIPS_FORMAT_UCHAR && in->Bands >= 3 &&
		vips_image_get_typeof(in, VIPS_META_ICC_NAME) == 0) {
		g_object_ref(in); // it is that already: no second copy of the pixels
		*out = in;
		return 0;
	}
	// The transform leaves alpha as it is, so 16 bits stay 16 bits until colourspace below
	// brings all bands down together.
	int depth = in->BandFmt == VIPS_FORMAT_USHORT && vips_image_hasalpha(in) ? 16 : 8;
	VipsImage *profiled = NULL, *colour = NULL;
	if (vips_image_get_typeof(in, VIPS_META_ICC_NAME) == 0 ||
		vips_icc_transform(in, &profiled, "srgb", "embedded", TRUE, "depth", depth,
			"intent", VIPS_INTENT_RELATIVE, "black_point_compensation", TRUE, NULL) != 0) {
		vips_error_clear();
		profiled = in;
		g_object_ref(in);
	}
	int failed = vips_colourspace(profiled, &colour, VIPS_INTERPRETATION_sRGB, NULL);
	g_object_unref(profiled);
	if (failed != 0) {
		return -1;
	}
	failed = vips_cast_uchar(colour, out, NULL);
	g_object_unref(colour);
	return failed != 0 ? -1 : in_memory(out);
}

// shim_to_depth8 gives 8 bits a sample in the picture's own colours: gray stays gray and
// the profile stays attached.
int shim_to_depth8(VipsImage *in, VipsImage **out) {
	VipsInterpretation space = in->Bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
	VipsImage *colour = NULL;
	if (vips_colourspace(in, &colour, space, NULL) != 0) {
		return -1;
	}
	int failed = vips_cast_uchar(colour, out, NULL);
	g_object_unref(colour);
	return failed != 0 ? -1 : in_memory(out);
}

// shim_to_colour gives gray three equal bands, its own samples in each, at its own depth.
int shim_to_colour(VipsImage *in, VipsImage **out) {
	VipsInterpretation space = in->BandFmt == VIPS_FORMAT_USHORT ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
	VipsImage *gray = NULL, *joined = NULL;
	if (vips_extract_band(in, &gray, 0, NULL) != 0) {
		return -1;
	}
	VipsImage *bands[3] = {gray, gray, in}; // in brings its alpha along, if it has one
	int failed = vips_bandjoin(bands, &joined, 3, NULL);
	g_object_unref(gray);
	if (failed != 0) {
		return -1;
	}
	failed = vips_copy(joined, out, "interpretation", space, NULL);
	g_object_unref(joined);
	return failed != 0 ? -1 : in_memory(out);
}

int shim_crop(VipsImage *in, int x, int y, int width, int height, VipsImage **out) {
	if (vips_extract_area(in, out, x, y, width, height, NULL) != 0) {
		return -1;
	}
	return in_memory(out);
}

// shim_resize uses Lanczos 3, on colours weighted by alpha: a transparent pixel's hidden
// colour must not bleed into its neighbours.
int shim_resize(VipsImage *in, int width, int height, VipsImage **out) {
	double across = (double) width / in->Xsize;
	double down = (double) height / in->Ysize;
	if (!vips_image_hasalpha(in)) {
		if (vips_resize(in, out, across, "vscale", down, "kernel", VIPS_KERNEL_LANCZOS3, NULL) != 0) {
			return -1;
		}
		return in_memory(out);
	}
	VipsImage *t[4] = {NULL, NULL, NULL, NULL};
	int failed = vips_premultiply(in, &t[0], NULL) ||
		vips_resize(t[0], &t[1], across, "vscale", down, "kernel", VIPS_KERNEL_LANCZOS3, NULL) ||
		vips_unpremultiply(t[1], &t[2], NULL) ||
		vips_cast(t[2], &t[3], in->BandFmt, NULL);
	if (!failed) {
		*out = vips_image_copy_memory(t[3]);
	}
	for (int i = 0; i < 4; i++) {
		if (t[i] != NULL) {
			g_object_unref(t[i]);
		}
	}
	return failed || *out == NULL ? -1 : 0;
}

int shim_embed(VipsImage *in, int x, int y, int width, int height, const double *background, VipsImage **out) {
	VipsArrayDouble *fill = vips_array_double_new(background, in->Bands);
	int failed = vips_embed(in, out, x, y, width, height,
		"extend", VIPS_EXTEND_BACKGROUND, "background", fill, NULL);
	vips_area_unref(VIPS_AREA(fill));
	return failed != 0 ? -1 : in_memory(out);
}

int shim_add_alpha(VipsImage *in, VipsImage **out) {
	if (vips_addalpha(in, out, NULL) != 0) {
		return -1;
	}
	return in_memory(out);
}

int shim_flatten(VipsImage *in, const double *background, VipsImage **out) {
	VipsArrayDouble *fill = vips_array_double_new(background, in->Bands - 1);
	int failed = vips_flatten(in, out, "background", fill, NULL);
	vips_area_unref(VIPS_AREA(fill));
	return failed != 0 ? -1 : in_memory(out);
}

// shim_attention finds where the most eye-catching part of that size begins.
int shim_attention(VipsImage *in, int width, int height, int *x, int *y) {
	VipsImage *part = NULL;
	if (vips_smartcrop(in, &part, width, height, "interesting", VIPS_INTERESTING_ATTENTION, NULL) != 0) {
		return -1;
	}
	*x = -part->Xoffset;
	*y = -part->Yoffset;
	g_object_unref(part);
	return 0;
}

int shim_jpeg(VipsImage *in, int quality, int table, int chroma, int trellis, int progressive, void **buf, size_t *size) {
	return vips_jpegsave_buffer(in, buf, size, "Q", quality, "quant_table", table,
		"subsample_mode", chroma ? VIPS_FOREIGN_SUBSAMPLE_ON : VIPS_FOREIGN_SUBSAMPLE_OFF,
		"trellis_quant", trellis, "overshoot_deringing", trellis,
		"interlace", progressive, "optimize_coding", TRUE, "keep", VIPS_FOREIGN_KEEP_NONE, NULL);
}

int shim_webp(VipsImage *in, const shim_webp_options *o, void **buf, size_t *size) {
	return vips_webpsave_buffer(in, buf, size, "Q", o->quality, "lossless", o->lossless, "exact", o->lossless,
		"near_lossless", o->near_lossless, "alpha_q", o->alpha, "smart_subsample", o->sharp,
		"smart_deblock", o->deblock, "preset", o->preset, "passes", o->passes,
		"effort", o->effort, "keep", VIPS_FOREIGN_KEEP_NONE, NULL);
}

// shim_avif: without a tune, libheif takes the one it holds for the best.
int shim_avif(VipsImage *in, int quality, int lossless, int chroma, int depth, int effort, const char *tune, void **buf, size_t *size) {
	return vips_heifsave_buffer(in, buf, size, "compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1,
		"Q", quality, "lossless", lossless, "bitdepth", depth, "effort", effort,
		"subsample_mode", chroma ? VIPS_FOREIGN_SUBSAMPLE_ON : VIPS_FOREIGN_SUBSAMPLE_OFF,
		"keep", VIPS_FOREIGN_KEEP_NONE, tune[0] != '\0' ? "tune" : NULL, tune, NULL);
}

int shim_palette_png(VipsImage *in, int quality, int colours, int effort, double dither, void **buf, size_t *size) {
	int depth = colours <= 2 ? 1 : colours <= 4 ? 2 : colours <= 16 ? 4 : 8;
	return vips_pngsave_buffer(in, buf, size, "palette", TRUE, "Q", quality, "bitdepth", depth,
		"effort", effort, "dither", dither, "compression", 1,
		"filter", VIPS_FOREIGN_PNG_FILTER_NONE, "keep", VIPS_FOREIGN_KEEP_NONE, NULL);
}

// shim_png writes exact pixels with all metadata, quickly: for references, not results.
int shim_png(VipsImage *in, int level, void **buf, size_t *size) {
	return vips_pngsave_buffer(in, buf, size, "compression", level,
		"filter", VIPS_FOREIGN_PNG_FILTER_NONE, "keep", VIPS_FOREIGN_KEEP_ICC, NULL);
}

int shim_blob(VipsImage *in, const char *name, const void **data, size_t *size) {
	if (vips_image_get_typeof(in, name) == 0) {
		*data = NULL;
		*size = 0;
		return 0;
	}
	return vips_image_get_blob(in, name, data, size);
}
