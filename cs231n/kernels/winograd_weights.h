/* The gradient of the weights by Winograd's convolution along the rows: what winograd.h does, the other way round. The
 * m gradients of a tile are turned into six numbers; their products with those of the pixels, number by number and
 * summed over the tiles of all images, are turned back into the gradients of r weights. */

#ifndef WINOGRAD_WEIGHTS_ONCE
#define WINOGRAD_WEIGHTS_ONCE
#define ITEM_TILES 96 /* of an item, if possible: fewer, and to add to the sums takes too long */

static winograd_plan plan_winograd_weights(const correlation *c, ptrdiff_t lanes)
{
    winograd_plan p = begin_winograd(c, 1);
    p.tile_row = p.row / p.outputs;
    const ptrdiff_t rows = larger(ITEM_TILES / p.across, 2 * p.halo);
    p.images = larger(rows / c->rows, 1);
    finish_winograd(&p, c, rows, lanes);
    return p;
}
#endif

/* Transform the gradients of a band, turned into (pixel, filter): D[number * pitch + tile * lanes + filter]. Return
 * zeros, and NaN where a gradient is wild. */
static VECTOR NAME(transform_gradients)(const conv_shape *s, const winograd_plan *p, const T *restrict turned,
                                        ptrdiff_t rows, ptrdiff_t lanes, ptrdiff_t pitch, T *restrict D)
{
    VECTOR wild = {0};
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t z = 0; z < s->OW; z += p->outputs, D += lanes) {
            const ptrdiff_t live = smaller(p->outputs, s->OW - z);
            for (ptrdiff_t f = 0; f < lanes; f += LANES) {
                const T *from = turned + (i * s->OW + z) * lanes + f;
                VECTOR y[4];
                UNROLL for (int k = 0; k < 4; k++)
                    y[k] = k < live ? CONST_AT(from + k * lanes) : (VECTOR){0};
                const VECTOR even = y[0] + y[2], odd = y[1] + y[3];
                const VECTOR number[POINTS] = {
                    y[0], even + odd, even - odd, y[0] + y[1] / 2 + y[2] / 4 + y[3] / 8,
                    y[0] - 2 * y[1] + 4 * y[2] - 8 * y[3], y[p->outputs - 1],
                };
                UNROLL for (int t = 0; t < POINTS; t++) {
                    wild += number[t] * number[t];
                    AT(D + t * pitch + f) = number[t];
                }
            }
        }
    return wild * 0;
}

/* dw from the six sums S[(number * taps + tap) * lanes + filter], where a tap is (plane, group, row of the window). */
static void NAME(finish_weights)(const conv_shape *s, const winograd_plan *p, const T *restrict S, ptrdiff_t taps,
                                 ptrdiff_t lanes, T *restrict dw)
{
    for (ptrdiff_t f = 0; f < s->F; f += LANES)
        for (ptrdiff_t k = 0; k < taps; k++) {
            const ptrdiff_t i = k % s->HH, j = k / s->HH % p->groups * p->taps, plane = k / s->HH / p->groups;
            VECTOR number[POINTS], g[5];
            UNROLL for (int t = 0; t < POINTS; t++)
                number[t] = CONST_AT(S + (t * taps + k) * lanes + f);
            const VECTOR even = (number[1] + number[2]) / 6, odd = (number[1] - number[2]) / 6;
            const VECTOR half = number[3] / 15, two = number[4] / 30;
            g[0] = number[0] / 2 + even + 16 * half + two;
            g[1] = odd + 8 * half - 2 * two;
            g[2] = even + 4 * half + 4 * two;
            g[3] = odd + 2 * half - 8 * two;
            g[4] = even + half + 16 * two;
            g[p->taps - 1] += number[5] / 2;
            T *to = dw + ((f * s->C + plane) * s->HH + i) * s->WW + j;
            for (ptrdiff_t n = 0; n < smaller(LANES, s->F - f); n++)
                for (ptrdiff_t r = 0; r < smaller(p->taps, s->WW - j); r++)
                    to[n * s->C * s->HH * s->WW + r] = g[r][n];
        }
}

/* Add the products of a block of planes to the sums of one of the six numbers. */
static void NAME(add_taps)(const winograd_plan *p, ptrdiff_t images, ptrdiff_t rows, ptrdiff_t image_pitch,
                           ptrdiff_t taps, const ptrdiff_t *offset, const T *V, const T *D, ptrdiff_t lanes, T *sums)
{
    for (ptrdiff_t v = 0; v < lanes; v += TILE_VECTORS * LANES) {
        const ptrdiff_t vectors = smaller((lanes - v) / LANES, TILE_VECTORS);
        for (ptrdiff_t k = 0; k < taps; k += TILE_ROWS)
            NAME(gradient)[vectors - 1][smaller(taps - k, TILE_ROWS) - 1](images, rows, p->across, image_pitch,
                                                                          p->tile_row, 1, offset + k, V, D + v, lanes,
                                                                          sums + k * lanes + v);
    }
}

/* Add the products of the items [first, last) to the sums, and the gradients to those of the bias, which come after.
 * Scratch begins at V. Return zeros, and NaN where a pixel or a gradient is wild. */
static VECTOR NAME(sum_items)(const conv_shape *s, const correlation *c, const winograd_plan *p, ptrdiff_t *offset,
                              const T *x, const T *dout, ptrdiff_t first, ptrdiff_t last, T *sums, T *V)
{
    const ptrdiff_t lanes = pieces(s->F, LANES) * LANES, outputs = s->OH * s->OW, all = s->C * p->groups * s->HH;
    const ptrdiff_t pitch = p->images * p->band * p->across * lanes + 2 * LANES;
    T *D = V + POINTS * p->pixel_pitch, *pixels = D + POINTS * pitch, *turned = pixels + 2 * p->pixels;
    VECTOR wild = {0};
    for (; first < last; first++) {
        const ptrdiff_t image = first / p->bands * p->images, images = smaller(p->images, s->N - image);
        const ptrdiff_t row = first % p->bands * p->band, rows = smaller(p->band, s->OH - row);
        for (ptrdiff_t g = 0; g < images; g++) {
            NAME(transpose)(turned, lanes, lanes, dout + (image + g) * s->F * outputs + row * s->OW, outputs, s->F,
                            rows * s->OW);
            wild += NAME(transform_gradients)(s, p, turned, rows, lanes, pitch, D + g * rows * p->across * lanes);
        }
        for (ptrdiff_t b = 0, planes; b < s->C; b += planes) {
            planes = smaller(p->block, s->C - b);
            const ptrdiff_t taps = planes * p->groups * s->HH, size = (rows + p->halo) * p->tile_row;
            for (ptrdiff_t k = 0; k < planes * images; k++)
                wild += NAME(transform_plane)(c, p, x + ((image + k % images) * s->C + b + k / images) * s->H * s->W, 1,
                                              NULL, row, rows, pixels,
                                              V + k / images * p->groups * p->plane + k % images * size);
            for (int t = 0; t < POINTS; t++)
                NAME(add_taps)(p, images, rows, size, taps, offset, V + t * p->pixel_pitch, D + t * pitch, lanes,
                               sums + (t * all + b * p->groups * s->HH) * lanes);
        }
        const ptrdiff_t nothing = 0;
        const T one = 1;
        for (ptrdiff_t v = 0; v < lanes; v += LANES) /* number 1 of the gradients is their sum */
            NAME(gradient)[0][0](1, 1, images * rows * p->across, 0, 0, 0, &nothing, &one, D + pitch + v, lanes,
                                 sums + POINTS * all * lanes + v);
    }
    return wild;
}

/* direct_weight_gradient with fewer products. Returns 1 where a pixel or gradient is wild, so that the sums are of no
 * use. */
static int NAME(winograd_weight_gradient)(const conv_shape *s, const T *x, const T *dout, T *dw, T *db, int threads)
{
    const correlation c = forward_correlation(s);
    const winograd_plan p = plan_winograd_weights(&c, LANES);
    const ptrdiff_t lanes = pieces(s->F, LANES) * LANES, taps = s->C * p.groups * s->HH;
    const ptrdiff_t size = (POINTS * taps + 1) * lanes, tiles = p.images * p.band * p.across;
    const ptrdiff_t items = pieces(s->N, p.images) * p.bands, share = items_of_a_part(items, s);
    const ptrdiff_t transformed = POINTS * (p.pixel_pitch + tiles * lanes + 2 * LANES);
    const ptrdiff_t scratch = size + transformed + 2 * p.pixels + p.band * s->OW * lanes;
    T *total = allocate_zeros(size * sizeof(T)), *room = allocate_zeros(threads * scratch * sizeof(T));
    const ptrdiff_t block = p.block * p.groups * s->HH;
    ptrdiff_t *offset = malloc(block * sizeof(*offset));
    int failed = total && room && offset ? 0 : -1, wild = 0;
    if (!failed) {
        for (ptrdiff_t k = 0; k < block; k++)
            offset[k] = k / s->HH * p.plane + k % s->HH * p.tile_row;
#pragma omp parallel for ordered schedule(static, 1) num_threads(threads) reduction(| : wild)
        for (ptrdiff_t first = 0; first < items; first += share) {
            T *mine = room + THREAD * scratch, *sums = NAME(begin_part)(first, mine, total, size);
            wild |= !NAME(is_tame)(NAME(sum_items)(s, &c, &p, offset, x, dout, first, smaller(first + share, items),
                                                   sums, mine + size));
#pragma omp ordered
            NAME(end_part)(first, sums, total, size);
        }
        memcpy(db, total + POINTS * taps * lanes, s->F * sizeof(T));
        NAME(finish_weights)(s, &p, total, taps, lanes, dw);
    }
    release(total);
    release(room);
    free(offset);
    return failed ? failed : wild;
}
