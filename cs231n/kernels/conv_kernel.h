/* Convolution of contiguous NCHW images and its gradients, for one element type T.
 *
 * Read in this order: level.c (what is compiled), sizes.h (what a convolution is), vector.h (short vectors), layout.h
 * (moving pixels to where they are needed), tiles.h (the two innermost loops, in which nearly all time goes), direct.h
 * (the loops around them, vectors along a row), batch.h (vectors along the images), weights.h (the gradient of the
 * weights), winograd.h and winograd_weights.h (the same sums with fewer products). */

#include "layout.h"
#include "tiles.h"
#include "direct.h"
#include "batch.h"
#include "weights.h"
#if WINOGRAD && VECTOR_BYTES
#include "winograd.h"
#include "winograd_weights.h"
#endif

#if WINOGRAD && VECTOR_BYTES
/* Whether Winograd's kernel fits, and there are products enough to pay for its additions. */
static int NAME(suits_winograd)(const correlation *c)
{
    return c->window_width >= 3 && c->step == 1 && c->out_step == 1 && c->planes * c->window_height >= 16 &&
           c->filters >= 8;
}
#endif

/* How many images to compute with a vector along the images: those that fill vectors; with a stride, for which the direct
 * kernel sorts pixels, also the last if they fill half a vector. None where there are few products, where outputs need
 * more than the cache, or where a weight times a zero around is not zero. */
static ptrdiff_t NAME(images_for_batch)(const correlation *c, int count, ptrdiff_t images, const T *w)
{
    ptrdiff_t area = 0;
    for (int n = 0; n < count; n++)
        area += c[n].window_height * c[n].window_width;
    const int strided = c->step > 1 || c->out_step > 1;
    const ptrdiff_t whole = strided ? NAME(fill_lanes)(images) : images / LANES * LANES;
    if (LANES == 1 || area == 1 || c->planes * area < 128 ||
        c->filters * c->out_width * (ptrdiff_t)sizeof(VECTOR) > 4 * SCRATCH_BYTES)
        return 0;
    T zero = 0;
    for (ptrdiff_t i = 0; i < c->planes * c->filters * area; i++)
        zero += w[i] * 0;
    return zero == 0 ? whole : 0;
}

/* Choose the kernel for correlations that share source and output. */
static int NAME(correlate_images)(const correlation *parts, int count, ptrdiff_t images, const T *source, const T *w,
                                  const T *bias, T *out, int threads)
{
    const correlation *c = parts;
#if WINOGRAD && VECTOR_BYTES
    if (count == 1 && NAME(suits_winograd)(c))
        return NAME(correlate_winograd)(c, images, source, w, bias, out, threads);
#endif
    const ptrdiff_t first = NAME(images_for_batch)(c, count, images, w);
    int failed = first && NAME(correlate_batch)(c, count, first, source, w, bias, out, threads);
    source += first * c->planes * c->height * c->width;
    out += first * c->filters * c->out_height * c->out_width;
    for (int n = 0; n < count && first < images && !failed; n++)
        failed = NAME(correlate_directly)(c + n, images - first, source, w, bias, out, threads);
    return failed ? -1 : 0;
}

static int NAME(conv_forward)(const conv_shape *s, const T *x, const T *w, const T *b, T *out, int threads)
{
    const correlation c = forward_correlation(s);
    return NAME(correlate_images)(&c, 1, s->N, x, w, b, out, threads);
}

/* The gradient of the input is a correlation of dout with the flipped filters, one for each phase of the pixels. */
static int NAME(conv_input_gradient)(const conv_shape *s, const T *dout, const T *w, T *dx, int threads)
{
    const ptrdiff_t down = smaller(s->stride, s->HH), across = smaller(s->stride, s->WW);
    correlation *parts = malloc(down * across * sizeof(*parts));
    if (!parts)
        return -1;
    int count = 0, failed = 0;
    for (ptrdiff_t i = 0; i < down * across; i++)
        count += phase_correlation(s, i / across, i % across, parts + count);
    if (s->stride > smaller(s->HH, s->WW)) { /* no window sees the phases between */
        memset(dx, 0, s->N * s->C * s->H * s->W * sizeof(T));
        for (int n = 0; n < count && !failed; n++)
            failed = NAME(correlate_directly)(parts + n, s->N, dout, w, NULL, dx, threads);
    } else
        failed = NAME(correlate_images)(parts, count, s->N, dout, w, NULL, dx, threads);
    free(parts);
    return failed ? -1 : 0;
}

static int NAME(conv_weight_gradient)(const conv_shape *s, const T *x, const T *dout, T *dw, T *db, int threads)
{
#if WINOGRAD && VECTOR_BYTES
    const correlation c = forward_correlation(s);
    if (NAME(suits_winograd)(&c)) {
        const int result = NAME(winograd_weight_gradient)(s, x, dout, dw, db, threads);
        if (result <= 0)
            return result;
    }
#endif
    return NAME(direct_weight_gradient)(s, x, dout, dw, db, threads);
}
