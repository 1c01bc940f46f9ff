/* Convolution of contiguous NCHW images and its gradients, for one element type T.
 *
 * Read in this order: level.c (what is compiled), sizes.h (what a convolution is), vector.h (short vectors), layout.h
 * (moving pixels to where they are needed), tiles.h (the two innermost loops, in which nearly all time goes), direct.h
 * (the loops around them), winograd.h (the same sum with fewer products). */

#include "layout.h"
#include "tiles.h"
#include "direct.h"
#if WINOGRAD && VECTOR_BYTES
#include "winograd.h"
#endif

/* Choose the kernel: Winograd's where it fits and there are products enough to pay for its additions. */
static int NAME(correlate_images)(const correlation *c, ptrdiff_t images, const T *source, const T *w,
                                  const T *bias, T *out, int threads)
{
#if WINOGRAD && VECTOR_BYTES
    if (c->window_height == 3 && c->window_width == 3 && c->step == 1 && c->top == 1 && c->left == 1 &&
        c->rows == c->height && c->columns == c->width && c->out_column == 1 && c->planes >= 8 && c->filters >= 8)
        return NAME(correlate_winograd)(c, images, source, w, bias, out, threads);
#endif
    return NAME(correlate_directly)(c, images, source, w, bias, out, threads);
}

static int NAME(conv_forward)(const conv_shape *s, const T *x, const T *w, const T *b, T *out, int threads)
{
    const correlation c = {
        .planes = s->C, .height = s->H, .width = s->W,
        .filters = s->F, .window_height = s->HH, .window_width = s->WW,
        .filter_pitch = s->C * s->HH * s->WW, .plane_pitch = s->HH * s->WW, .row_pitch = s->WW, .column_pitch = 1,
        .step = s->stride, .top = s->pad, .left = s->pad,
        .rows = s->OH, .columns = s->OW,
        .out_image = s->F * s->OH * s->OW, .out_plane = s->OH * s->OW, .out_row = s->OW, .out_column = 1,
    };
    return NAME(correlate_images)(&c, s->N, x, w, b, out, threads);
}

/* The gradient of the input is a correlation of dout with the flipped filters. With a stride, the pixels of dx
 * fall into stride * stride phases, each of which sees its own part of the window. */
static int NAME(conv_input_gradient)(const conv_shape *s, const T *dout, const T *w, T *dx, int threads)
{
    const ptrdiff_t area = s->HH * s->WW, step = s->stride;
    if (step > smaller(s->HH, s->WW)) /* no window sees the phases between */
        memset(dx, 0, s->N * s->C * s->H * s->W * sizeof(T));
    for (ptrdiff_t i = 0; i < smaller(step, s->HH); i++)
        for (ptrdiff_t j = 0; j < smaller(step, s->WW); j++) {
            const ptrdiff_t down = pieces(s->HH - i, step), across = pieces(s->WW - j, step); /* of the window */
            const ptrdiff_t row = larger(pieces(s->pad - i, step), 0), column = larger(pieces(s->pad - j, step), 0);
            const ptrdiff_t y = row * step + i - s->pad, z = column * step + j - s->pad; /* first pixels of dx */
            if (y >= s->H || z >= s->W)
                continue;
            const correlation c = {
                .planes = s->F, .height = s->OH, .width = s->OW,
                .filters = s->C, .window_height = down, .window_width = across,
                .filter_pitch = area, .plane_pitch = s->C * area,
                .row_pitch = -step * s->WW, .column_pitch = -step,
                .step = 1, .top = down - 1 - row, .left = across - 1 - column,
                .rows = pieces(s->H - y, step), .columns = pieces(s->W - z, step),
                .out_image = s->C * s->H * s->W, .out_plane = s->H * s->W, .out_row = s->W * step, .out_column = step,
            };
            const T *last = w + (i + (down - 1) * step) * s->WW + j + (across - 1) * step;
            if (NAME(correlate_images)(&c, s->N, dout, last, NULL, dx + y * s->W + z, threads))
                return -1;
        }
    return 0;
}


static int NAME(conv_weight_gradient)(const conv_shape *s, const T *x, const T *dout, T *dw, T *db, int threads)
{
#if WINOGRAD && VECTOR_BYTES
    if (s->HH == 3 && s->WW == 3 && s->stride == 1 && s->pad == 1 && s->C >= 8 && s->F >= 8) {
        const int result = NAME(winograd_weight_gradient)(s, x, dout, dw, db, threads);
        if (result <= 0)
            return result;
    }
#endif
    return NAME(direct_weight_gradient)(s, x, dout, dw, db, threads);
}
