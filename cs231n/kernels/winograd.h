/* Winograd's convolution along the rows: m neighbouring outputs of r neighbouring weights, m + r = 7, for 6 products
 * instead of m * r. For windows of 3 columns or more, and only for stride 1.
 *
 * Six pixels side by side, and the r weights of a row of the window, are each turned into six numbers by a few
 * additions. The products of those, number by number and summed over the planes and the rows of the window, are turned
 * back into m outputs, which are called a tile. So a convolution becomes six, with windows of one column and an m-th of
 * the outputs. A window of more than 5 columns is cut into groups of r columns, whose products go into the same sums.
 * The six numbers are the values of polynomials at 0, 1, -1, 1/2, -2 and infinity, points that lose few digits. Large
 * numbers that cancel later could spoil the neighbours of NaN, infinite or huge pixels, which are called wild: images
 * with such go through the direct kernel.
 *
 * Vectors lie along the tiles; where these are few in a row, along the images, as in batch.h. A unit is what there is
 * then of a pixel or a tile: one number, or a vector of one from each of LANES images.
 *
 * Sources: Lavin and Gray, "Fast algorithms for convolutional neural networks", 2016; for the points Barabasz et al.,
 * "Error analysis and improving the accuracy of Winograd convolution for deep neural networks", 2020. */

#ifndef WINOGRAD_ONCE
#define WINOGRAD_ONCE
#define POINTS 6

/* An item is a band of output rows of the images of a unit. Its planes are transformed a block after the other. */
typedef struct {
    ptrdiff_t unit;                     /* 1 or LANES; what follows down to `block` counts units, then numbers */
    ptrdiff_t groups, taps, outputs;    /* groups of window columns; columns of a group: r; outputs of a tile: m */
    ptrdiff_t across, row;              /* tiles of a row; pixels of a row with zeros around, a multiple of m */
    ptrdiff_t halo, band, bands, block; /* rows that a band sees beyond its own; its rows; planes of a block */
    ptrdiff_t images;                   /* of which an item of the weight gradient has the same band */
    ptrdiff_t tile_row;                 /* from row to row of tiles */
    ptrdiff_t pixels, plane, room;      /* room for the pixels of a plane, its tiles, and the sums of a filter */
    ptrdiff_t pixel_pitch, sum_pitch;   /* from one of the six numbers to the next */
} winograd_plan;

/* The plan, but for the rows of a band and what depends on them. */
static winograd_plan begin_winograd(const correlation *c, ptrdiff_t unit)
{
    winograd_plan p = {.unit = unit, .images = 1, .groups = pieces(c->window_width, 5), .halo = c->window_height - 1};
    p.taps = pieces(c->window_width, p.groups);
    p.outputs = POINTS + 1 - p.taps;
    p.across = pieces(c->columns, p.outputs);
    p.row = larger((p.across - 1) * p.outputs + (p.groups - 1) * p.taps + POINTS, c->left + c->width);
    p.row = pieces(p.row, p.outputs) * p.outputs;
    const ptrdiff_t most = clamp(128 / (c->window_height * p.groups), 1, c->planes); /* short sums lose fewer digits */
    p.block = pieces(c->planes, pieces(c->planes, most));
    return p;
}

/* The rest of it, for bands of at most `rows` rows. */
static void finish_winograd(winograd_plan *p, const correlation *c, ptrdiff_t rows, ptrdiff_t lanes)
{
    p->bands = pieces(c->rows, clamp(rows, 1, c->rows));
    p->band = pieces(c->rows, p->bands);
    p->pixels = (pieces((p->band + p->halo) * p->row * p->unit + p->groups * p->taps, lanes) + 2) * lanes;
    p->plane = pieces(p->images * (p->band + p->halo) * p->tile_row, lanes) + 1;
    p->plane = (p->plane | 1) * lanes; /* odd, to spread over the cache */
    p->room = (pieces(p->band * p->tile_row, lanes) | 1) * lanes;
    p->pixel_pitch = p->block * p->groups * p->plane + 3 * lanes;
    p->sum_pitch = c->filters * p->room + 3 * lanes;
}

static winograd_plan plan_winograd(const correlation *c, ptrdiff_t unit, ptrdiff_t budget, ptrdiff_t lanes)
{
    winograd_plan p = begin_winograd(c, unit);
    const ptrdiff_t taps = p.block * p.groups;
    p.tile_row = p.across * unit;
    finish_winograd(&p, c, (budget / (POINTS * p.tile_row) - taps * p.halo) / (c->filters + taps), lanes);
    return p;
}
#endif

/* memcpy for a row of pixels, which are few. */
static void NAME(copy)(T *restrict dst, const T *restrict src, ptrdiff_t count)
{
    ptrdiff_t i = 0;
    for (; i + LANES <= count; i += LANES)
        AT(dst + i) = CONST_AT(src + i);
    if (LANES > 1 && i + LANES / 2 <= count) {
        memcpy(dst + i, src + i, LANES / 2 * sizeof(T));
        i += LANES / 2;
    }
    for (; i < count; i++)
        dst[i] = src[i];
}

/* dst[j * pitch + z] = src[m * z + j] */
INLINE void NAME(deal)(const int m, T *restrict dst, ptrdiff_t pitch, const T *restrict src, ptrdiff_t count)
{
    for (ptrdiff_t z = 0; z < count; z++)
        for (int j = 0; j < m; j++)
            dst[j * pitch + z] = src[m * z + j];
}

/* The way back: dst[m * z + j] = src[j][z] */
INLINE void NAME(join)(const int m, T *restrict dst, const VECTOR src[])
{
    if (m == 2) {
        AT(dst) = NAME(zip)(src[0], src[1], 0);
        AT(dst + LANES) = NAME(zip)(src[0], src[1], 1);
    } else
        for (int z = 0; z < LANES; z++)
            for (int j = 0; j < m; j++)
                dst[m * z + j] = src[j][z];
}

/* Deal out `count` rows of a plane from row `top` on: the pixels 0, m, 2m, ... of all rows with the zeros around them,
 * then the pixels 1, m + 1, ... `padded` is scratch whose columns around the image are zero. */
static void NAME(deal_rows)(const correlation *c, const winograd_plan *p, const T *restrict plane, ptrdiff_t top,
                            ptrdiff_t count, T *restrict padded, T *restrict pixels)
{
    const ptrdiff_t left = larger(c->left, 0), skipped = larger(-c->left, 0), all = count * p->row / p->outputs;
    const ptrdiff_t width = clamp(c->width - skipped, 0, p->row - left);
    for (ptrdiff_t i = 0; i < count; i++)
        if (top + i >= 0 && top + i < c->height)
            NAME(copy)(padded + i * p->row + left, plane + (top + i) * c->width + skipped, width);
        else
            memset(padded + i * p->row, 0, p->row * sizeof(T));
    if (p->outputs == 2)
        NAME(deal)(2, pixels, all, padded, all);
    else if (p->outputs == 3)
        NAME(deal)(3, pixels, all, padded, all);
    else
        NAME(deal)(4, pixels, all, padded, all);
    AT(pixels + count * p->row) = (VECTOR){0}; /* the last vector of tiles reads on */
}

/* Turn `count` rows of a plane of LANES images from row `top` on, with zeros around them. */
static void NAME(turn_rows)(const correlation *c, const winograd_plan *p, const T *restrict plane, ptrdiff_t images,
                            const ptrdiff_t *place, ptrdiff_t top, ptrdiff_t count, T *restrict pixels)
{
    const ptrdiff_t above = clamp(-top, 0, count), inside = clamp(c->height - top, above, count) - above;
    const ptrdiff_t row = p->row * LANES;
    memset(pixels, 0, above * row * sizeof(T));
    if (inside)
        NAME(turn_in)(pixels + above * row, place, plane + (top + above) * c->width, c->planes * c->height * c->width,
                      images, inside * c->width);
    memset(pixels + (above + inside) * row, 0, (count - above - inside) * row * sizeof(T));
}

/* Turn rows of tiles, whose six pixels begin at `from`, into their six numbers: V[number * pixel_pitch + tile]. Between
 * rows it is `row` pixels. A row has `width` numbers, and between these it is `step` pixels. Return zeros, and NaN where
 * a pixel is wild. */
static VECTOR NAME(transform_rows)(const winograd_plan *p, const T *const from[], ptrdiff_t rows, ptrdiff_t row,
                                   ptrdiff_t width, ptrdiff_t step, T *restrict V)
{
    VECTOR wild = {0};
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t z = 0; z < width; z += LANES) {
            const ptrdiff_t q = i * row + z * step;
            const VECTOR d0 = CONST_AT(from[0] + q), d1 = CONST_AT(from[1] + q), d2 = CONST_AT(from[2] + q);
            const VECTOR d3 = CONST_AT(from[3] + q), d4 = CONST_AT(from[4] + q), d5 = CONST_AT(from[5] + q);
            const VECTOR odd = d1 - d3, even = d2 - d4;
            const VECTOR number[POINTS] = {
                2 * (d0 - d2 - even) - 3 * odd, d2 + 3 * d3 + 2 * (d4 - odd), 3 * (d2 - d3) + 2 * (even - odd),
                2 * odd + even,                 odd - 2 * even,               2 * (odd - d3 + d5) - 3 * even,
            };
            UNROLL for (int t = 0; t < POINTS; t++) {
                wild += number[t] * number[t];
                AT(V + t * p->pixel_pitch + i * p->tile_row + z) = number[t];
            }
        }
    return wild * 0;
}

/* Transform the rows of one plane that the output rows [first, first + rows) see. `place` says where the pixels of a
 * unit go; `scratch` has room for the pixels of a plane, twice. Return zeros, and NaN where a pixel is wild. */
static VECTOR NAME(transform_plane)(const correlation *c, const winograd_plan *p, const T *plane, ptrdiff_t images,
                                    const ptrdiff_t *place, ptrdiff_t first, ptrdiff_t rows, T *scratch, T *V)
{
    const ptrdiff_t m = p->outputs, top = first - c->top, count = rows + p->halo, columns = p->row / m;
    T *pixels = scratch + p->pixels;
    VECTOR wild = {0};
    if (p->unit == 1)
        NAME(deal_rows)(c, p, plane, top, count, scratch, pixels);
    else
        NAME(turn_rows)(c, p, plane, images, place, top, count, pixels);
    for (ptrdiff_t g = 0; g < p->groups; g++) {
        const T *from[POINTS];
        for (ptrdiff_t j = 0, n = g * p->taps; j < POINTS; j++, n++)
            from[j] = pixels + (p->unit > 1 ? n * LANES : n % m * count * columns + n / m);
        T *tiles = V + g * p->plane;
        if (p->unit > 1)
            wild += NAME(transform_rows)(p, from, count, p->row * LANES, p->tile_row, m, tiles);
        else if (p->tile_row == columns) /* as one row */
            wild += NAME(transform_rows)(p, from, 1, 0, count * columns, 1, tiles);
        else
            wild += NAME(transform_rows)(p, from, count, columns, p->across, 1, tiles);
    }
    return wild;
}

/* Whether what the functions above return says that no pixel is wild. */
static int NAME(is_tame)(VECTOR wild)
{
    int tame = 1;
    for (int i = 0; i < LANES; i++)
        tame &= wild[i] == 0;
    return tame;
}

/* Transform the weights, for each block of planes and tile of filters in the order (row of the window, plane, group,
 * filter): U[number * pitch + ...]. Return whether none is wild. */
static int NAME(transform_weights)(const correlation *c, const winograd_plan *p, const T *w, T *restrict U,
                                   ptrdiff_t pitch)
{
    T wild = 0;
    for (ptrdiff_t b = 0, planes; b < c->planes; b += planes) {
        planes = smaller(p->block, c->planes - b);
        for (ptrdiff_t f = 0, n; f < c->filters; f += n) {
            n = NEXT_ROWS(c->filters - f);
            for (ptrdiff_t k = 0; k < c->window_height * planes * p->groups; k++) {
                const ptrdiff_t i = k / p->groups / planes, plane = b + k / p->groups % planes;
                const ptrdiff_t j = k % p->groups * p->taps, count = smaller(p->taps, c->window_width - j);
                const T *from = w + f * c->filter_pitch + plane * c->plane_pitch + i * c->row_pitch;
                from += j * c->column_pitch;
                for (ptrdiff_t h = 0; h < n; h++, U++, from += c->filter_pitch) {
                    T g[5] = {0};
                    for (ptrdiff_t r = 0; r < count; r++)
                        g[r] = from[r * c->column_pitch];
                    const T even = g[0] + g[2] + g[4], odd = g[1] + g[3];
                    const T number[POINTS] = {
                        g[0] * (T)0.5,
                        (even + odd) * (T)(1. / 6),
                        (even - odd) * (T)(1. / 6),
                        (16 * g[0] + 8 * g[1] + 4 * g[2] + 2 * g[3] + g[4]) * (T)(1. / 15),
                        (g[0] - 2 * g[1] + 4 * g[2] - 8 * g[3] + 16 * g[4]) * (T)(1. / 30),
                        g[p->taps - 1] * (T)0.5,
                    };
                    T squares = 0;
                    UNROLL for (int t = 0; t < POINTS; t++) {
                        U[t * pitch] = number[t];
                        squares += number[t] * number[t];
                    }
                    wild += squares;
                }
            }
        }
    }
    return wild * 0 == 0;
}

/* Add the products of a block of planes to the sums M[filter * room + tile] of one of the six numbers; with `start`,
 * which is zeros, the sums begin. Where vectors lie along the images, rows of zeros are left out. */
static void NAME(multiply_block)(const correlation *c, const winograd_plan *p, ptrdiff_t taps, const ptrdiff_t *offset,
                                 const T *V, const T *U, const T *start, ptrdiff_t first, ptrdiff_t rows, T *M)
{
    const int by_row = p->unit > 1 && p->across > 1;
    const ptrdiff_t runs = by_row ? rows : 1, run = rows / runs * p->tile_row, height = c->window_height;
    for (ptrdiff_t r = 0; r < runs; r++) {
        const ptrdiff_t y = first + r - c->top;
        const ptrdiff_t above = by_row ? clamp(-y, 0, height) : 0;
        const ptrdiff_t inside = by_row ? clamp(c->height - y, above, height) - above : height;
        for (ptrdiff_t q = r * run, v; q < (r + 1) * run; q += v * LANES) {
            v = smaller(pieces((r + 1) * run - q, LANES), TILE_VECTORS);
            for (ptrdiff_t f = 0, n; f < c->filters; f += n) {
                n = NEXT_ROWS(c->filters - f);
                NAME(correlate)[v - 1][n - 1](inside * taps, offset + above * taps, V + q, LANES,
                                              U + (f * height + above * n) * taps, start, M + f * p->room + q, p->room,
                                              LANES);
            }
        }
    }
}

/* Turn the six sums of each tile of a band back into m outputs, one filter after the other. */
static void NAME(finish_tiles)(const correlation *c, const winograd_plan *p, const T *M, const T *bias,
                               ptrdiff_t images, ptrdiff_t first, ptrdiff_t rows, T *out, T *restrict scratch)
{
    const ptrdiff_t m = p->outputs, outputs = c->rows * c->columns;
    out += first * c->columns;
    for (ptrdiff_t f = 0; f < c->filters; f++, M += p->room, out += outputs) {
        const T start = bias ? bias[f] : 0;
        for (ptrdiff_t q = 0; q < rows * p->tile_row; q += LANES) {
            VECTOR number[POINTS], y[4];
            UNROLL for (int t = 0; t < POINTS; t++)
                number[t] = CONST_AT(M + t * p->sum_pitch + q);
            const VECTOR even = number[1] + number[2] + start, odd = number[1] - number[2] + start;
            y[0] = number[0] + even + number[3] + number[4];
            y[1] = odd + number[3] / 2 - number[4] * 2;
            y[2] = even + number[3] / 4 + number[4] * 4;
            y[3] = odd + number[3] / 8 - number[4] * 8;
            y[m - 1] += number[5];
            const ptrdiff_t i = q / p->tile_row, z = q % p->tile_row / LANES * m;
            if (p->unit > 1)
                for (ptrdiff_t k = 0; k < smaller(m, c->columns - z); k++)
                    AT(scratch + (i * c->columns + z + k) * LANES) = y[k];
            else if (m == 2)
                NAME(join)(2, scratch + 2 * q, y);
            else if (m == 3)
                NAME(join)(3, scratch + 3 * q, y);
            else
                NAME(join)(4, scratch + 4 * q, y);
        }
        if (p->unit > 1)
            NAME(turn_out)(out, c->filters * outputs, images, scratch, rows * c->columns);
        else
            for (ptrdiff_t i = 0; i < rows; i++)
                NAME(copy)(out + i * c->columns, scratch + i * m * p->across, c->columns);
    }
}

/* Correlate a band of the images of a unit, with scratch from V on; return whether no pixel is wild. */
static int NAME(correlate_tiles)(const correlation *c, const winograd_plan *p, const T *source, ptrdiff_t images,
                                 const T *U, ptrdiff_t pitch, const T *bias, const ptrdiff_t *place, ptrdiff_t *offset,
                                 ptrdiff_t first, T *out, T *V)
{
    const ptrdiff_t rows = smaller(p->band, c->rows - first);
    const T *zeros = U + POINTS * pitch;
    T *M = V + POINTS * p->pixel_pitch, *pixels = M + POINTS * p->sum_pitch, *outputs = pixels + 2 * p->pixels;
    VECTOR wild = {0};
    for (ptrdiff_t b = 0, planes; b < c->planes; b += planes) {
        planes = smaller(p->block, c->planes - b);
        const ptrdiff_t taps = planes * p->groups;
        for (ptrdiff_t k = 0; k < planes; k++)
            wild += NAME(transform_plane)(c, p, source + (b + k) * c->height * c->width, images, place, first, rows,
                                          pixels, V + k * p->groups * p->plane);
        for (ptrdiff_t k = 0; k < c->window_height * taps; k++)
            offset[k] = k % taps * p->plane + k / taps * p->tile_row;
        for (int t = 0; t < POINTS; t++)
            NAME(multiply_block)(c, p, taps, offset, V + t * p->pixel_pitch, U + t * pitch, b ? NULL : zeros, first,
                                 rows, M + t * p->sum_pitch);
        U += c->window_height * taps * c->filters;
    }
    NAME(finish_tiles)(c, p, M, bias, images, first, rows, out, outputs);
    return NAME(is_tame)(wild);
}

/* Correlate images, `unit` of them together. */
static int NAME(correlate_units)(const correlation *c, ptrdiff_t unit, ptrdiff_t images, const T *source, const T *w,
                                 const T *bias, T *out, int threads)
{
    const winograd_plan p = plan_winograd(c, unit, (unit > 1 ? 2 : 1) * SCRATCH_BYTES / sizeof(T), LANES);
    const ptrdiff_t area = c->planes * c->height * c->width, outputs = c->filters * c->rows * c->columns;
    const ptrdiff_t numbers = POINTS * (p.pixel_pitch + p.sum_pitch) + 2 * p.pixels + p.room * p.outputs;
    const ptrdiff_t scratch = pieces(numbers, 64) * 64, taps = p.block * p.groups * c->window_height;
    const ptrdiff_t spots = (p.band + p.halo) * c->width; /* of a unit's pixels */
    const ptrdiff_t pitch = c->planes * p.groups * c->window_height * c->filters + 16; /* not a power of two */
    T *U = allocate_zeros((POINTS * pitch + TILE_ROWS) * sizeof(T)); /* weights, then zeros for biases */
    T *room = allocate_zeros(threads * scratch * sizeof(T));
    ptrdiff_t *place = malloc((spots + threads * taps) * sizeof(*place));
    char *wild = calloc(images, 1);
    int failed = !(U && room && place && wild);
    if (!failed && !NAME(transform_weights)(c, &p, w + c->first_weight, U, pitch))
        memset(wild, 1, images);
    else if (!failed) {
        for (ptrdiff_t q = 0; q < spots; q++)
            place[q] = (q / c->width * p.row + c->left + q % c->width) * LANES;
#pragma omp parallel for schedule(static) num_threads(threads)
        for (ptrdiff_t item = 0; item < pieces(images, unit) * p.bands; item++) {
            const ptrdiff_t image = item / p.bands * unit, count = smaller(unit, images - image);
            if (!NAME(correlate_tiles)(c, &p, source + image * area, count, U, pitch, bias, place,
                                       place + spots + THREAD * taps, item % p.bands * p.band, out + image * outputs,
                                       room + THREAD * scratch))
                memset(wild + image, 1, count);
        }
    }
    for (ptrdiff_t i = 0; i < images && !failed; i++)
        if (wild[i])
            failed = NAME(correlate_directly)(c, 1, source + i * area, w, bias, out + i * outputs, 1);
    release(U);
    release(room);
    free(place);
    free(wild);
    return failed ? -1 : 0;
}

/* correlate_directly with fewer products. Where a row has few tiles, vectors go along the images that fill them. */
static int NAME(correlate_winograd)(const correlation *c, ptrdiff_t images, const T *source, const T *w, const T *bias,
                                    T *out, int threads)
{
    const ptrdiff_t across = c->left < 0 ? LANES : begin_winograd(c, 1).across;
    const ptrdiff_t full = images / LANES * LANES;
    const ptrdiff_t whole = across >= LANES ? 0 : across > LANES / 4 ? full : NAME(fill_lanes)(images);
    int failed = whole && NAME(correlate_units)(c, LANES, whole, source, w, bias, out, threads);
    source += whole * c->planes * c->height * c->width;
    out += whole * c->filters * c->rows * c->columns;
    if (whole < images && !failed)
        failed = NAME(correlate_units)(c, 1, images - whole, source, w, bias, out, threads);
    return failed ? -1 : 0;
}
