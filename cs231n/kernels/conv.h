/* Convolution of contiguous NCHW images. See conv_kernel.h for how and why. */

#include <stddef.h>

typedef struct {
    ptrdiff_t N, C, H, W;  /* images */
    ptrdiff_t F, HH, WW;   /* filters */
    ptrdiff_t stride, pad;
    ptrdiff_t OH, OW;      /* size of the output */
} conv_shape;

/* Each returns 0, or -1 where there is not enough memory. `threads` is the number of threads it may use. */
#define DECLARE(T)                                                                                                \
    int conv_forward_##T(const conv_shape *, const T *x, const T *w, const T *b, T *out, int threads);            \
    int conv_input_gradient_##T(const conv_shape *, const T *dout, const T *w, T *dx, int threads);               \
    int conv_weight_gradient_##T(const conv_shape *, const T *x, const T *dout, T *dw, T *db, int threads);
DECLARE(float)
DECLARE(double)
#undef DECLARE
