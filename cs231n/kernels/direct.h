/* Correlation with vectors along the rows of an image. */

#ifndef DIRECT_ONCE
#define DIRECT_ONCE
/* A band of output rows and a block of planes, such that their samples fit into the scratch. */
typedef struct {
    ptrdiff_t band, bands, block;
    ptrdiff_t phases, extra;  /* remainders of the rows by the step; rows of a phase beyond those of the band */
    ptrdiff_t phase, plane;   /* room for the samples of a phase, and of all phases of a plane */
    int contiguous;           /* whether the output rows follow each other */
} direct_plan;

static direct_plan plan_direct(const correlation *c, ptrdiff_t budget, ptrdiff_t lanes)
{
    direct_plan p = {.phases = smaller(c->step, c->window_height), .extra = (c->window_height - 1) / c->step};
    const ptrdiff_t room = budget / c->window_width / p.phases, area = c->window_height * c->window_width;
    const ptrdiff_t most = clamp(512 / area, 1, c->planes); /* short sums lose fewer digits */
    p.band = clamp(larger(room / most / c->columns - p.extra, 2 * p.extra), 1, c->rows);
    p.bands = pieces(c->rows, p.band);
    p.phase = (p.band + p.extra) * c->columns;
    p.block = pieces(c->planes, pieces(c->planes, clamp(room / p.phase, 1, most)));
    p.plane = (pieces(p.phases * p.phase, lanes) | 1) * lanes; /* odd, to spread over the cache */
    p.contiguous = c->out_step == 1 && c->out_width == c->columns;
    return p;
}
#endif

/* Put the weights of n filters in the order in which correlate_tile reads them, three loops by filter. */
static T *NAME(pack)(T *restrict packed, const T *w, ptrdiff_t n, ptrdiff_t filter_pitch, const ptrdiff_t count[3],
                     const ptrdiff_t pitch[3])
{
    for (ptrdiff_t i = 0; i < count[0]; i++)
        for (ptrdiff_t j = 0; j < count[1]; j++)
            for (ptrdiff_t k = 0; k < count[2]; k++)
                for (ptrdiff_t g = 0; g < n; g++)
                    *packed++ = w[g * filter_pitch + i * pitch[0] + j * pitch[1] + k * pitch[2]];
    return packed;
}

/* All weights, for each block of planes and each tile of filters in the order (plane, column, row). */
static void NAME(pack_blocks)(const correlation *c, ptrdiff_t block, const T *w, T *restrict packed)
{
    for (ptrdiff_t b = 0; b < c->planes; b += block)
        for (ptrdiff_t f = 0, n; f < c->filters; f += n) {
            n = NEXT_ROWS(c->filters - f);
            const ptrdiff_t count[3] = {smaller(block, c->planes - b), c->window_width, c->window_height};
            const ptrdiff_t pitch[3] = {c->plane_pitch, c->column_pitch, c->row_pitch};
            packed = NAME(pack)(packed, w + c->first_weight + f * c->filter_pitch + b * c->plane_pitch, n,
                                c->filter_pitch, count, pitch);
        }
}

/* Add the products of K weights and samples to the `pixels` outputs of a band; with `start`, which has the biases,
 * the sums begin. Where a vector of outputs is not one in memory, it takes the way over a stage. */
static void NAME(correlate_samples)(const correlation *c, const direct_plan *p, ptrdiff_t K, const ptrdiff_t *offset,
                                    const T *samples, ptrdiff_t pixels, const T *weights, const T *start,
                                    const ptrdiff_t *place, T *out)
{
    const ptrdiff_t tile = TILE_VECTORS * LANES, out_plane = c->out_height * c->out_width;
    T stage[TILE_ROWS * 4 * LANES];
    for (ptrdiff_t q = 0; q < pixels; q += tile) {
        const ptrdiff_t vectors = smaller(pieces(pixels - q, LANES), TILE_VECTORS);
        const ptrdiff_t live = smaller(pixels - q, vectors * LANES);
        const int direct = p->contiguous && live == vectors * LANES;
        const T *next = weights;
        for (ptrdiff_t f = 0, n; f < c->filters; f += n) {
            n = NEXT_ROWS(c->filters - f);
            T *here = out + f * out_plane;
            if (!direct && !start)
                for (ptrdiff_t g = 0; g < n; g++)
                    for (ptrdiff_t k = 0; k < live; k++)
                        stage[g * tile + k] = here[g * out_plane + place[q + k]];
            NAME(correlate)[vectors - 1][n - 1](K, offset, samples + q, LANES, next, start ? start + f : NULL,
                                                direct ? here + q : stage, direct ? out_plane : tile, LANES);
            if (!direct)
                for (ptrdiff_t g = 0; g < n; g++)
                    for (ptrdiff_t k = 0; k < live; k++)
                        here[g * out_plane + place[q + k]] = stage[g * tile + k];
            next += K * n;
        }
    }
}

/* Correlate a band of one image, from output row `row` on: a block of planes after the other. */
static void NAME(correlate_rows)(const correlation *c, const direct_plan *p, const ptrdiff_t *offset, const T *source,
                                 const T *packed, const T *start, const ptrdiff_t *place, T *out, ptrdiff_t row,
                                 T *samples)
{
    const ptrdiff_t area = c->window_height * c->window_width, rows = smaller(p->band, c->rows - row);
    out += (c->out_y + row * c->out_step) * c->out_width + c->out_x;
    for (ptrdiff_t b = 0; b < c->planes; b += p->block) {
        const ptrdiff_t planes = smaller(p->block, c->planes - b);
        for (ptrdiff_t k = 0; k < planes; k++)
            for (ptrdiff_t j = 0; j < c->window_width; j++)
                for (ptrdiff_t i = 0; i < p->phases; i++)
                    NAME(sample)(samples + (k * c->window_width + j) * p->plane + i * p->phase,
                                 source + (b + k) * c->height * c->width, c->height, c->width,
                                 row * c->step + i - c->top, rows + p->extra, j - c->left, c->columns, c->step);
        NAME(correlate_samples)(c, p, planes * area, offset, samples, rows * c->columns, packed + b * area * c->filters,
                                b ? NULL : start, place, out);
    }
}

static int NAME(correlate_directly)(const correlation *c, ptrdiff_t images, const T *source, const T *w,
                                    const T *bias, T *out, int threads)
{
    const direct_plan p = plan_direct(c, SCRATCH_BYTES / 2 / sizeof(T), LANES); /* weights and outputs need the other half */
    const ptrdiff_t area = c->window_height * c->window_width;
    const ptrdiff_t scratch = pieces(p.block * c->window_width * p.plane + TILE_VECTORS * LANES, 64) * 64;
    ptrdiff_t *offset = malloc((p.block * area + p.band * c->columns) * sizeof(*offset));
    T *packed = allocate((c->planes * area + 1) * c->filters * sizeof(T));
    T *room = allocate(threads * scratch * sizeof(T));
    const int failed = !(offset && packed && room);
    if (!failed) {
        T *start = packed + c->filters * c->planes * area;
        ptrdiff_t *next = offset, *place = offset + p.block * area; /* of a pixel in the output */
        NAME(pack_blocks)(c, p.block, w, packed);
        for (ptrdiff_t f = 0; f < c->filters; f++)
            start[f] = bias ? bias[f] : 0;
        for (ptrdiff_t k = 0; k < p.block * c->window_width; k++)
            for (ptrdiff_t i = 0; i < c->window_height; i++)
                *next++ = k * p.plane + i % c->step * p.phase + i / c->step * c->columns;
        for (ptrdiff_t q = 0; q < p.band * c->columns; q++)
            place[q] = (q / c->columns * c->out_width + q % c->columns) * c->out_step;
#pragma omp parallel for schedule(static) num_threads(threads)
        for (ptrdiff_t item = 0; item < images * p.bands; item++) {
            const ptrdiff_t image = item / p.bands;
            NAME(correlate_rows)(c, &p, offset, source + image * c->planes * c->height * c->width, packed, start, place,
                                 out + image * c->filters * c->out_height * c->out_width, item % p.bands * p.band,
                                 room + THREAD * scratch);
        }
    }
    free(offset);
    release(packed);
    release(room);
    return failed ? -1 : 0;
}
