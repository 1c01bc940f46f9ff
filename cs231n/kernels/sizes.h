/* Arithmetic of sizes, and what a convolution is. */

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
