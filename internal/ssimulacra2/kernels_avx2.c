// The inner loops for processors with AVX2 and FMA, chosen when the program runs.
#if defined(__x86_64__)
#define LANES_AVX2
#include "blur.h"
#include "colour.h"
#include "kernels.h"
#include "maps.h"

const kernels ssim_avx2_kernels = {
    table, blend, xyb, halve, blur_reference, blur_compared, settle, keep, compare,
};

#else
typedef int not_this_processor;
#endif
