/* Arithmetic of sizes, and what a convolution is. */

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
static ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }
static ptrdiff_t clamp(ptrdiff_t a, ptrdiff_t low, ptrdiff_t high) { return smaller(larger(a, low), high); }
static ptrdiff_t pieces(ptrdiff_t whole, ptrdiff_t piece) { return (whole + piece - 1) / piece; }

/* A correlation: out[f, out_y + y * out_step, out_x + z * out_step] = bias[f] + sum over c, i, j of
 * w[f, c, i, j] * source[c, y * step + i - top, z * step + j - left], with zeros around source. */
typedef struct {
    ptrdiff_t planes, height, width;                               /* of one source image */
    ptrdiff_t filters, window_height, window_width;
    ptrdiff_t first_weight;                                        /* where w[0, 0, 0, 0] is */
    ptrdiff_t filter_pitch, plane_pitch, row_pitch, column_pitch;  /* from weight to weight */
    ptrdiff_t step, top, left;
    ptrdiff_t rows, columns;                                       /* how many outputs: y and z */
    ptrdiff_t out_height, out_width, out_y, out_x, out_step;       /* of an output plane, and where in it they go */
} correlation;

#define SCRATCH_BYTES (256 * 1024)

static correlation forward_correlation(const conv_shape *s)
{
    const correlation c = {
        .planes = s->C, .height = s->H, .width = s->W,
        .filters = s->F, .window_height = s->HH, .window_width = s->WW,
        .filter_pitch = s->C * s->HH * s->WW, .plane_pitch = s->HH * s->WW, .row_pitch = s->WW, .column_pitch = 1,
        .step = s->stride, .top = s->pad, .left = s->pad,
        .rows = s->OH, .columns = s->OW,
        .out_height = s->OH, .out_width = s->OW, .out_step = 1,
    };
    return c;
}

/* With a stride, the pixels of dx fall into stride * stride phases, each of which sees its own part of the window: the
 * weights (i, j), (i + stride, j), ... Return whether the image has a pixel of that phase. */
static int phase_correlation(const conv_shape *s, ptrdiff_t i, ptrdiff_t j, correlation *result)
{
    const ptrdiff_t area = s->HH * s->WW, step = s->stride;
    const ptrdiff_t down = pieces(s->HH - i, step), across = pieces(s->WW - j, step); /* of the window */
    const ptrdiff_t row = larger(pieces(s->pad - i, step), 0), column = larger(pieces(s->pad - j, step), 0);
    const ptrdiff_t y = row * step + i - s->pad, z = column * step + j - s->pad; /* first pixels of dx */
    const correlation c = {
        .planes = s->F, .height = s->OH, .width = s->OW,
        .filters = s->C, .window_height = down, .window_width = across,
        .first_weight = (i + (down - 1) * step) * s->WW + j + (across - 1) * step, /* the last: they are flipped */
        .filter_pitch = area, .plane_pitch = s->C * area,
        .row_pitch = -step * s->WW, .column_pitch = -step,
        .step = 1, .top = down - 1 - row, .left = across - 1 - column,
        .rows = pieces(s->H - y, step), .columns = pieces(s->W - z, step),
        .out_height = s->H, .out_width = s->W, .out_y = y, .out_x = z, .out_step = step,
    };
    *result = c;
    return y < s->H && z < s->W;
}
