/* The gradients of the weights and the bias. The vectors lie along the filters: dout is turned into (pixel, filter),
 * and each pixel of x is multiplied with the vector of all filters' gradients. The bias counts as one more weight, the
 * first, whose pixel is always one.
 *
 * The images are split into parts. Each part has sums of its own, which are added up in the order of the parts; how
 * many there are depends on the shape alone, so that the result does not depend on the number of threads. */

#ifndef WEIGHTS_ONCE
#define WEIGHTS_ONCE
#define PART_PIXELS 2048 /* output pixels of a part at least: fewer, and to add the sums up takes too long */
#define ITEM_PIXELS 1024 /* output pixels of an item at most: short sums lose fewer digits */
#define MOST_PARTS 16

/* How many of `items` a part has, where these are all outputs of a convolution. */
static ptrdiff_t items_of_a_part(ptrdiff_t items, const conv_shape *s)
{
    return pieces(items, clamp(s->N * s->OH * s->OW / PART_PIXELS, 1, MOST_PARTS));
}

/* An item is a band of output rows of an image. The gradients of a chunk of items fit into the scratch, and so do the
 * samples of a block of planes of one item. */
typedef struct {
    ptrdiff_t lanes, taps;                     /* filters in whole vectors; weights of a filter, the bias included */
    ptrdiff_t band, bands, pixels, chunk, block;
    ptrdiff_t height, width, samples;          /* samples of a plane for a band; room for those of a block */
} weight_plan;

static weight_plan plan_weights(const conv_shape *s, ptrdiff_t budget, ptrdiff_t lanes)
{
    weight_plan p = {.lanes = pieces(s->F, lanes) * lanes, .taps = 1 + s->C * s->HH * s->WW};
    p.band = clamp(smaller(budget / p.lanes, ITEM_PIXELS) / s->OW, 1, s->OH);
    p.bands = pieces(s->OH, p.band);
    p.pixels = p.band * s->OW;
    p.height = (p.band - 1) * s->stride + s->HH;
    p.width = (s->OW - 1) * s->stride + s->WW;
    p.chunk = clamp(budget / (p.pixels * p.lanes), 1, items_of_a_part(s->N * p.bands, s));
    p.block = pieces(s->C, pieces(s->C, clamp(budget / (p.height * p.width), 1, s->C)));
    p.samples = pieces((1 + p.block) * p.height * p.width, lanes) * lanes;
    return p;
}
#endif

/* Add the products of a block of planes, from plane b on, of one item. */
static void NAME(add_products)(const conv_shape *s, const weight_plan *p, const ptrdiff_t *offset, ptrdiff_t rows,
                               ptrdiff_t b, ptrdiff_t planes, const T *samples, const T *turned, T *sums)
{
    const ptrdiff_t area = s->HH * s->WW, start = b ? 1 : 0, taps = 1 + planes * area; /* the bias once */
    for (ptrdiff_t v = 0; v < p->lanes / LANES; v += TILE_VECTORS) {
        const ptrdiff_t vectors = smaller(p->lanes / LANES - v, TILE_VECTORS);
        for (ptrdiff_t t = start; t < taps; t += TILE_ROWS)
            NAME(gradient)[vectors - 1][smaller(taps - t, TILE_ROWS) - 1](
                1, rows, s->OW, 0, p->width * s->stride, s->stride, offset + t, samples, turned + v * LANES, p->lanes,
                sums + (b * area + t) * p->lanes + v * LANES);
    }
}

/* Add the products of the items [first, last) to the sums. */
static void NAME(sum_part)(const conv_shape *s, const weight_plan *p, const ptrdiff_t *offset, const T *x, const T *dout,
                           ptrdiff_t first, ptrdiff_t last, T *sums, T *turned, T *samples)
{
    for (; first < last; first += p->chunk) {
        const ptrdiff_t count = smaller(p->chunk, last - first);
        for (ptrdiff_t g = 0; g < count; g++) {
            const ptrdiff_t image = (first + g) / p->bands, row = (first + g) % p->bands * p->band;
            NAME(transpose)(turned + g * p->pixels * p->lanes, p->lanes, p->lanes,
                            dout + (image * s->F * s->OH + row) * s->OW, s->OH * s->OW, s->F,
                            smaller(p->band, s->OH - row) * s->OW);
        }
        for (ptrdiff_t b = 0; b < s->C; b += p->block) {
            const ptrdiff_t planes = smaller(p->block, s->C - b);
            for (ptrdiff_t g = 0; g < count; g++) {
                const ptrdiff_t image = (first + g) / p->bands, row = (first + g) % p->bands * p->band;
                for (ptrdiff_t k = 0; k < planes; k++)
                    NAME(sample)(samples + (1 + k) * p->height * p->width,
                                 x + (image * s->C + b + k) * s->H * s->W, s->H, s->W, row * s->stride - s->pad,
                                 p->height, -s->pad, p->width, 1);
                NAME(add_products)(s, p, offset, smaller(p->band, s->OH - row), b, planes, samples,
                                   turned + g * p->pixels * p->lanes, sums);
            }
        }
    }
}

/* The first part sums up where all sums go, which is zero; the others in the thread's own place. */
static T *NAME(begin_part)(ptrdiff_t first, T *own, T *total, ptrdiff_t size)
{
    return first ? memset(own, 0, size * sizeof(T)) : total;
}

/* Add the sums of a part to those of all parts before. */
static void NAME(end_part)(ptrdiff_t first, const T *sums, T *total, ptrdiff_t size)
{
    for (ptrdiff_t i = 0; i < size && first; i += LANES)
        AT(total + i) += CONST_AT(sums + i);
}

static int NAME(direct_weight_gradient)(const conv_shape *s, const T *x, const T *dout, T *dw, T *db, int threads)
{
    const weight_plan p = plan_weights(s, SCRATCH_BYTES / sizeof(T), LANES);
    const ptrdiff_t items = s->N * p.bands, share = items_of_a_part(items, s), plane = p.height * p.width;
    const ptrdiff_t size = p.taps * p.lanes, turned = p.chunk * p.pixels * p.lanes, scratch = size + turned + p.samples;
    T *total = allocate_zeros(size * sizeof(T));
    T *room = allocate_zeros(threads * scratch * sizeof(T));
    ptrdiff_t *offset = malloc((1 + p.block * s->HH * s->WW) * sizeof(*offset)), *next = offset;
    const int failed = !(total && room && offset);
    if (!failed) {
        *next++ = 0;
        for (ptrdiff_t k = 0; k < p.block * s->HH; k++)
            for (ptrdiff_t j = 0; j < s->WW; j++)
                *next++ = (1 + k / s->HH) * plane + k % s->HH * p.width + j;
        for (ptrdiff_t thread = 0; thread < threads; thread++) /* the pixels of the bias */
            for (ptrdiff_t q = 0; q < plane; q++)
                room[thread * scratch + size + turned + q] = 1;
#pragma omp parallel for ordered schedule(static, 1) num_threads(threads)
        for (ptrdiff_t first = 0; first < items; first += share) {
            T *mine = room + THREAD * scratch, *sums = NAME(begin_part)(first, mine, total, size);
            NAME(sum_part)(s, &p, offset, x, dout, first, smaller(first + share, items), sums, mine + size,
                           mine + size + turned);
#pragma omp ordered
            NAME(end_part)(first, sums, total, size);
        }
        memcpy(db, total, s->F * sizeof(T));
        NAME(transpose)(dw, p.taps - 1, p.taps - 1, total + p.lanes, p.lanes, p.taps - 1, s->F);
    }
    release(total);
    release(room);
    free(offset);
    return failed ? -1 : 0;
}
