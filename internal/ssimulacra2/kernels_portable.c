// The inner loops in portable C, with the bits of every other backend.
#include "blur.h"
#include "colour.h"
#include "kernels.h"
#include "maps.h"

const kernels ssim_portable_kernels = {
    table, blend, xyb, halve, blur_reference, blur_compared, settle, keep, compare,
};
