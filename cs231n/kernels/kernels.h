/* What the extension calls: the kernels for contiguous NCHW images, one table of them for each level. */

#include <stddef.h>

typedef struct {
    ptrdiff_t N, C, H, W;  /* images */
    ptrdiff_t F, HH, WW;   /* filters */
    ptrdiff_t stride, pad;
    ptrdiff_t OH, OW;      /* size of the output */
} conv_shape;

typedef struct {
    ptrdiff_t planes, H, W;           /* planes = N * C, of H x W pixels, fewer than 2**31 */
    ptrdiff_t height, width, stride;  /* of the windows */
    ptrdiff_t OH, OW;                 /* size of the output */
} pool_shape;

/* Each kernel returns 0, or -1 where there is not enough memory. `threads` is the number of threads it may use. */
#define KERNELS(T)                                                                                              \
    int (*conv_forward_##T)(const conv_shape *, const T *x, const T *w, const T *b, T *out, int threads);       \
    int (*conv_input_gradient_##T)(const conv_shape *, const T *dout, const T *w, T *dx, int threads);          \
    int (*conv_weight_gradient_##T)(const conv_shape *, const T *x, const T *dout, T *dw, T *db, int threads);  \
    int (*pool_forward_##T)(const pool_shape *, const T *x, T *out, int threads);                               \
    int (*pool_backward_##T)(const pool_shape *, const T *x, const T *dout, T *dx, int threads);
typedef struct {
    KERNELS(float)
    KERNELS(double)
} kernel_table;
#undef KERNELS
