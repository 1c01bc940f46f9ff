/* The convolution for both element types: one source, compiled twice. */

#include "conv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#define THREAD omp_get_thread_num()
#else
#define THREAD 0
#endif
#include "memory.h"

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
static ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }
static ptrdiff_t clamp(ptrdiff_t a, ptrdiff_t low, ptrdiff_t high) { return smaller(larger(a, low), high); }
static ptrdiff_t pieces(ptrdiff_t whole, ptrdiff_t piece) { return (whole + piece - 1) / piece; }

/* A correlation: out[f, y, z] = bias[f] + sum over c, i, j of
 * w[f, c, i, j] * source[c, y * step + i - top, z * step + j - left], with zeros around source. */
typedef struct {
    ptrdiff_t planes, height, width;                                  /* of one source image */
    ptrdiff_t filters, window_height, window_width;
    ptrdiff_t filter_pitch, plane_pitch, row_pitch, column_pitch;     /* from weight to weight */
    ptrdiff_t step, top, left;
    ptrdiff_t rows, columns;                                          /* of one output image */
    ptrdiff_t out_image, out_plane, out_row, out_column;              /* from output to output */
} correlation;

#define SCRATCH_BYTES (256 * 1024)

/* How many of `left` rows the next tile takes, so that tiles differ by one row at most. */
#define NEXT_ROWS(left) pieces(left, pieces(left, TILE_ROWS))

#define T float
#define INDEX int32_t
#define WINOGRAD 1
#include "conv_kernel.h"
#undef T
#undef INDEX
#undef WINOGRAD

#define T double
#define INDEX int64_t
#define WINOGRAD 0 /* the direct sum is exact to more digits, and fast enough */
#include "conv_kernel.h"
#undef T
#undef INDEX
#undef WINOGRAD
