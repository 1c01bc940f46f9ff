/* Correlation with vectors along the images: LANES images are computed together, each in a lane of its own.
 *
 * The pixels of these images are turned from (image, plane, y, x) into (plane, y, x, image) once. From then on a pixel
 * is one vector, so that a stride, or the phases of the input gradient, are nothing but other addresses, and windows
 * overlap without copies. Rows of zeros around the images are left out of the sums; columns of zeros are there. */

#ifndef BATCH_ONCE
#define BATCH_ONCE
/* What is the same for all items, an item being a band of output rows of LANES images. Sizes count vectors. */
typedef struct {
    const correlation *parts; /* which share source and output; each fills its own pixels */
    int count;
    ptrdiff_t band, bands;    /* output rows in an item, bands of an image */
    ptrdiff_t left, row;      /* zeros left of a source row, and its length with zeros on both sides */
    ptrdiff_t rows, plane;    /* rows of a source plane for a band, and room for them */
    ptrdiff_t block;          /* planes turned at once */
    ptrdiff_t sums;           /* room for the sums of a filter */
} batch_plan;

/* The source rows [low, high) that a part needs for its output rows in the band from `first` on. */
static void find_rows(const batch_plan *p, const correlation *c, ptrdiff_t first, ptrdiff_t *low, ptrdiff_t *high)
{
    const ptrdiff_t start = clamp(pieces(first - c->out_y, c->out_step), 0, c->rows);
    const ptrdiff_t end = clamp(pieces(first + p->band - c->out_y, c->out_step), start, c->rows);
    *low = clamp(start * c->step - c->top, 0, c->height);
    *high = start < end ? clamp((end - 1) * c->step - c->top + c->window_height, *low, c->height) : *low;
}

static batch_plan plan_batch(const correlation *parts, int count, ptrdiff_t budget)
{
    const correlation *c = parts;
    batch_plan p = {.parts = parts, .count = count};
    p.band = clamp(budget / (c->filters * c->out_width), 1, c->out_height);
    p.bands = pieces(c->out_height, p.band);
    p.band = pieces(c->out_height, p.bands);
    p.sums = p.band * c->out_width | 1; /* odd, to spread over the cache */
    ptrdiff_t right = 0, area = 1;
    for (int n = 0; n < count; n++, c++) {
        p.left = larger(p.left, c->left);
        right = larger(right, (c->columns - 1) * c->step + c->window_width - c->left - c->width);
        p.rows = larger(p.rows, (pieces(p.band, c->out_step) - 1) * c->step + c->window_height);
        area = larger(area, c->window_height * c->window_width);
    }
    p.rows = smaller(p.rows + (count > 1), parts->height); /* phases may begin at different rows */
    p.row = p.left + parts->width + right;
    p.plane = p.rows * p.row | 1;
    const ptrdiff_t fit = clamp(smaller(budget / p.plane, 512 / area), 1, parts->planes);
    p.block = pieces(parts->planes, pieces(parts->planes, fit));
    return p;
}
#endif

/* How many images to take if the last few are left where they would not fill half a vector. */
static ptrdiff_t NAME(fill_lanes)(ptrdiff_t images)
{
    return images % LANES < LANES / 2 ? images / LANES * LANES : images;
}

/* dst[place[q]] = the vector of pixel q of all images; lanes without an image repeat the last. */
static void NAME(turn_in)(T *restrict dst, const ptrdiff_t *restrict place, const T *restrict src, ptrdiff_t pitch,
                          ptrdiff_t images, ptrdiff_t pixels)
{
    for (ptrdiff_t q = 0; q < pixels && pixels >= LANES; q += LANES) {
        const ptrdiff_t from = smaller(q, pixels - LANES); /* the last square overlaps the one before */
        VECTOR square[LANES];
        UNROLL for (int k = 0; k < LANES; k++)
            square[k] = CONST_AT(src + smaller(k, images - 1) * pitch + from);
        NAME(transpose_square)(square);
        UNROLL for (int k = 0; k < LANES; k++)
            AT(dst + place[from + k]) = square[k];
    }
    for (ptrdiff_t q = 0; q < pixels && pixels < LANES; q++)
        for (ptrdiff_t k = 0; k < LANES; k++)
            dst[place[q] + k] = src[smaller(k, images - 1) * pitch + q];
}

/* The way back: dst[k * pitch + q] = lane k of pixel q. */
static void NAME(turn_out)(T *restrict dst, ptrdiff_t pitch, ptrdiff_t images, const T *restrict src, ptrdiff_t pixels)
{
    for (ptrdiff_t q = 0; q < pixels && pixels >= LANES; q += LANES) {
        const ptrdiff_t from = smaller(q, pixels - LANES);
        VECTOR square[LANES];
        UNROLL for (int k = 0; k < LANES; k++)
            square[k] = CONST_AT(src + (from + k) * LANES);
        NAME(transpose_square)(square);
        UNROLL for (int k = 0; k < LANES; k++)
            if (k < images)
                AT(dst + k * pitch + from) = square[k];
    }
    for (ptrdiff_t q = 0; q < pixels && pixels < LANES; q++)
        for (ptrdiff_t k = 0; k < images; k++)
            dst[k * pitch + q] = src[q * LANES + k];
}

/* The weights of a block of planes, from plane b on, for each tile of filters in the order (row, plane, column). */
static void NAME(pack_block)(const correlation *c, ptrdiff_t b, ptrdiff_t planes, const T *w, T *restrict packed)
{
    const ptrdiff_t count[3] = {c->window_height, planes, c->window_width};
    const ptrdiff_t pitch[3] = {c->row_pitch, c->plane_pitch, c->column_pitch};
    for (ptrdiff_t f = 0, n; f < c->filters; f += n) {
        n = NEXT_ROWS(c->filters - f);
        packed = NAME(pack)(packed, w + c->first_weight + f * c->filter_pitch + b * c->plane_pitch, n, c->filter_pitch,
                            count, pitch);
    }
}

/* Add one part's products of a block of planes to the sums of a band from output row `first` on; with `start`, which
 * has the biases, the sums begin. `pixels` holds the source rows from `low` on. */
static void NAME(correlate_part)(const batch_plan *p, const correlation *c, ptrdiff_t planes, const T *packed,
                                 const T *start, const T *pixels, ptrdiff_t low, T *sums, ptrdiff_t first,
                                 ptrdiff_t *restrict offset)
{
    const ptrdiff_t taps = planes * c->window_width, end = smaller(first + p->band, c->out_height);
    for (ptrdiff_t k = 0; k < c->window_height * taps; k++)
        offset[k] = (k / c->window_width % planes * p->plane + k / taps * p->row + k % c->window_width) * LANES;
    for (ptrdiff_t r = clamp(pieces(first - c->out_y, c->out_step), 0, c->rows); r < c->rows; r++) {
        const ptrdiff_t y = c->out_y + r * c->out_step - first, top = r * c->step - c->top;
        if (first + y >= end)
            break;
        const ptrdiff_t above = clamp(-top, 0, c->window_height); /* rows of the window above the image, and inside */
        const ptrdiff_t inside = clamp(c->height - top, above, c->window_height) - above;
        for (ptrdiff_t z = 0, v; z < c->columns; z += v) {
            v = pieces(c->columns - z, pieces(c->columns - z, TILE_VECTORS));
            const T *from = pixels + ((inside ? top + above - low : 0) * p->row + p->left - c->left + z * c->step) * LANES;
            T *to = sums + (y * c->out_width + c->out_x + z * c->out_step) * LANES;
            const T *weights = packed;
            for (ptrdiff_t f = 0, n; f < c->filters; f += n) {
                n = NEXT_ROWS(c->filters - f);
                NAME(correlate)[v - 1][n - 1](inside * taps, offset, from, c->step * LANES, weights + above * taps * n,
                                              start ? start + f : NULL, to + f * p->sums * LANES, p->sums * LANES,
                                              c->out_step * LANES);
                weights += c->window_height * taps * n;
            }
        }
    }
}

/* Correlate a band of LANES images: turn the pixels in, a block of planes after the other, sum up, turn the sums out. */
static void NAME(correlate_item)(const batch_plan *p, const ptrdiff_t *place, ptrdiff_t images, const T *source,
                                 const T *packed, const T *start, T *out, ptrdiff_t first, T *pixels, ptrdiff_t *offset)
{
    const correlation *c = p->parts;
    const ptrdiff_t area = c->height * c->width;
    T *sums = pixels + p->block * p->plane * LANES;
    ptrdiff_t low = c->height, high = 0;
    for (int n = 0; n < p->count; n++) {
        ptrdiff_t from, to;
        find_rows(p, c + n, first, &from, &to);
        if (from < to) {
            low = smaller(low, from);
            high = larger(high, to);
        }
    }
    for (ptrdiff_t b = 0; b < c->planes; b += p->block) {
        const ptrdiff_t planes = smaller(p->block, c->planes - b);
        for (ptrdiff_t k = 0; k < planes && low < high; k++)
            NAME(turn_in)(pixels + k * p->plane * LANES, place, source + (b + k) * area + low * c->width,
                          c->planes * area, images, (high - low) * c->width);
        for (int n = 0; n < p->count; n++) {
            NAME(correlate_part)(p, c + n, planes, packed, b ? NULL : start, pixels, low, sums, first, offset);
            packed += c[n].filters * planes * c[n].window_height * c[n].window_width;
        }
    }
    const ptrdiff_t rows = smaller(p->band, c->out_height - first);
    for (ptrdiff_t f = 0; f < c->filters; f++)
        NAME(turn_out)(out + (f * c->out_height + first) * c->out_width, c->filters * c->out_height * c->out_width, images, sums + f * p->sums * LANES,
                       rows * c->out_width);
}

static int NAME(correlate_batch)(const correlation *parts, int count, ptrdiff_t images, const T *source, const T *w,
                                 const T *bias, T *out, int threads)
{
    const correlation *c = parts;
    const batch_plan p = plan_batch(parts, count, SCRATCH_BYTES / sizeof(VECTOR));
    const ptrdiff_t groups = pieces(images, LANES), scratch = (p.block * p.plane + c->filters * p.sums) * LANES;
    ptrdiff_t taps = 0, most = 0;
    for (int n = 0; n < count; n++) {
        taps += c[n].window_height * c[n].window_width;
        most = larger(most, c[n].window_height * c[n].window_width);
    }
    T *packed = allocate((taps * c->planes + 1) * c->filters * sizeof(T));
    T *room = allocate_zeros(threads * scratch * sizeof(T));
    ptrdiff_t *place = malloc((p.rows * c->width + threads * most * p.block) * sizeof(*place));
    const int failed = !(packed && room && place);
    if (!failed) {
        T *next = packed, *start = packed + taps * c->planes * c->filters;
        for (ptrdiff_t b = 0; b < c->planes; b += p.block)
            for (int n = 0; n < count; n++) {
                const ptrdiff_t planes = smaller(p.block, c->planes - b);
                NAME(pack_block)(c + n, b, planes, w, next);
                next += c->filters * planes * c[n].window_height * c[n].window_width;
            }
        for (ptrdiff_t f = 0; f < c->filters; f++)
            start[f] = bias ? bias[f] : 0;
        for (ptrdiff_t q = 0; q < p.rows * c->width; q++)
            place[q] = (q / c->width * p.row + p.left + q % c->width) * LANES;
#pragma omp parallel for schedule(static) num_threads(threads)
        for (ptrdiff_t item = 0; item < groups * p.bands; item++) {
            const ptrdiff_t image = item / p.bands * LANES;
            NAME(correlate_item)(&p, place, smaller(LANES, images - image), source + image * c->planes * c->height * c->width,
                                 packed, start, out + image * c->filters * c->out_height * c->out_width, item % p.bands * p.band,
                                 room + THREAD * scratch, place + p.rows * c->width + THREAD * most * p.block);
        }
    }
    release(packed);
    release(room);
    free(place);
    return failed ? -1 : 0;
}
