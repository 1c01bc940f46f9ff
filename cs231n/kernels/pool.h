/* Max pooling of contiguous NCHW images. See pool_kernel.h for how. */

#include <stddef.h>

typedef struct {
    ptrdiff_t planes, H, W;           /* planes = N * C, of H x W pixels, fewer than 2**31 */
    ptrdiff_t height, width, stride;  /* of the windows */
    ptrdiff_t OH, OW;                 /* size of the output */
} pool_shape;

/* Each returns 0, or -1 where there is not enough memory. `threads` is the number of threads it may use. */
#define DECLARE(T)                                                                             \
    int pool_forward_##T(const pool_shape *, const T *x, T *out, int threads);                 \
    int pool_backward_##T(const pool_shape *, const T *x, const T *dout, T *dx, int threads);
DECLARE(float)
DECLARE(double)
#undef DECLARE
