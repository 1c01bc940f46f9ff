#include "vector.h"

/* Tiles of sums that live in registers: TILE_ROWS x TILE_VECTORS vectors. */
#define TILE_ROWS 6
#define TILE_VECTORS (VECTOR_REGISTERS == 32 ? 4 : 2)
#define SCRATCH_BYTES (256 * 1024)

#ifndef CONV_ONCE
#define CONV_ONCE
#ifdef _OPENMP
#include <omp.h>
#define THREAD omp_get_thread_num()
#else
#define THREAD 0
#endif
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
#endif

/* Copy the pixels (row + r * step, column + z * step) of a plane to dst[r, z]; outside of the plane are zeros. */
static void NAME(sample)(T *restrict dst, const T *restrict plane, ptrdiff_t height, ptrdiff_t width,
                         ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column, ptrdiff_t columns, ptrdiff_t step)
{
    ptrdiff_t first = clamp(pieces(larger(-column, 0), step), 0, columns); /* columns inside the plane */
    ptrdiff_t last = clamp(pieces(larger(width - column, 0), step), first, columns);
    for (ptrdiff_t r = 0; r < rows; r++, dst += columns) {
        ptrdiff_t y = row + r * step;
        if (y < 0 || y >= height) {
            memset(dst, 0, columns * sizeof(T));
            continue;
        }
        const ptrdiff_t from = y * width + column;
        for (ptrdiff_t z = 0; z < first; z++)
            dst[z] = 0;
        if (step == 1)
            memcpy(dst + first, plane + from + first, (last - first) * sizeof(T));
        else
            for (ptrdiff_t z = first; z < last; z++)
                dst[z] = plane[from + z * step];
        for (ptrdiff_t z = last; z < columns; z++)
            dst[z] = 0;
    }
}

/* sums[f][v] = start + sum over k of weights[k][f] * pixels[offset[k] + vector v] */
INLINE void NAME(correlate_tile)(const int nf, const int nv, ptrdiff_t K, const ptrdiff_t *restrict offset,
                                 const T *restrict pixels, const T *restrict weights, const T *restrict bias,
                                 T *restrict out, ptrdiff_t pitch)
{
    VECTOR sum[TILE_ROWS][4];
    UNROLL for (int f = 0; f < nf; f++)
        UNROLL for (int v = 0; v < nv; v++)
            if (bias)
                sum[f][v] = (VECTOR){0} + bias[f];
            else
                sum[f][v] = CONST_AT(out + f * pitch + v * LANES);
    for (ptrdiff_t k = 0; k < K; k++, weights += nf) {
        const T *from = pixels + offset[k];
        VECTOR x[4];
        UNROLL for (int v = 0; v < nv; v++)
            x[v] = CONST_AT(from + v * LANES);
        UNROLL for (int f = 0; f < nf; f++) {
            VECTOR w = (VECTOR){0} + weights[f];
            UNROLL for (int v = 0; v < nv; v++)
                sum[f][v] += w * x[v];
        }
    }
    UNROLL for (int f = 0; f < nf; f++)
        UNROLL for (int v = 0; v < nv; v++)
            AT(out + f * pitch + v * LANES) = sum[f][v];
}

/* sums[t][v] += sum over the pixels (y, z) of x[offset[t] + y * row_pitch + z * column_pitch] * d[pixel][v] */
INLINE void NAME(gradient_tile)(const int nt, const int nv, ptrdiff_t rows, ptrdiff_t columns,
                                ptrdiff_t row_pitch, ptrdiff_t column_pitch, const ptrdiff_t *restrict offset,
                                const T *restrict x, const T *restrict d, ptrdiff_t pitch, T *restrict out)
{
    VECTOR sum[TILE_ROWS][4];
    const T *from[TILE_ROWS];
    UNROLL for (int t = 0; t < nt; t++) {
        from[t] = x + offset[t];
        UNROLL for (int v = 0; v < nv; v++)
            sum[t][v] = (VECTOR){0};
    }
    for (ptrdiff_t y = 0; y < rows; y++)
        for (ptrdiff_t z = 0; z < columns; z++, d += pitch) {
            ptrdiff_t at = y * row_pitch + z * column_pitch;
            VECTOR g[4];
            UNROLL for (int v = 0; v < nv; v++)
                g[v] = CONST_AT(d + v * LANES);
            UNROLL for (int t = 0; t < nt; t++) {
                VECTOR s = (VECTOR){0} + from[t][at];
                UNROLL for (int v = 0; v < nv; v++)
                    sum[t][v] += s * g[v];
            }
        }
    UNROLL for (int t = 0; t < nt; t++)
        UNROLL for (int v = 0; v < nv; v++)
            AT(out + t * pitch + v * LANES) += sum[t][v];
}

/* The compiler makes a version of each tile for each size. */
typedef void NAME(correlate_function)(ptrdiff_t, const ptrdiff_t *, const T *, const T *, const T *, T *, ptrdiff_t);
typedef void NAME(gradient_function)(ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t, const ptrdiff_t *, const T *,
                                     const T *, ptrdiff_t, T *);
#define TILE(n, v)                                                                                                \
    static void NAME(correlate_##n##x##v)(ptrdiff_t K, const ptrdiff_t *offset, const T *pixels,                  \
                                          const T *weights, const T *bias, T *out, ptrdiff_t pitch)               \
    {                                                                                                             \
        NAME(correlate_tile)(n, v, K, offset, pixels, weights, bias, out, pitch);                                 \
    }                                                                                                             \
    static void NAME(gradient_##n##x##v)(ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t row_pitch,                  \
                                         ptrdiff_t column_pitch, const ptrdiff_t *offset, const T *x, const T *d, \
                                         ptrdiff_t pitch, T *out)                                                 \
    {                                                                                                             \
        NAME(gradient_tile)(n, v, rows, columns, row_pitch, column_pitch, offset, x, d, pitch, out);              \
    }
#define TILES(v) TILE(1, v) TILE(2, v) TILE(3, v) TILE(4, v) TILE(5, v) TILE(6, v)
#define TABLE(kind, v)                                                                                            \
    {NAME(kind##_1x##v), NAME(kind##_2x##v), NAME(kind##_3x##v),                                                  \
     NAME(kind##_4x##v), NAME(kind##_5x##v), NAME(kind##_6x##v)}
TILES(1) TILES(2)
#if VECTOR_REGISTERS == 32
TILES(3) TILES(4)
#define TABLES(kind) {TABLE(kind, 1), TABLE(kind, 2), TABLE(kind, 3), TABLE(kind, 4)}
#else
#define TABLES(kind) {TABLE(kind, 1), TABLE(kind, 2)}
#endif
static NAME(correlate_function) *const NAME(correlate)[TILE_VECTORS][TILE_ROWS] = TABLES(correlate);
static NAME(gradient_function) *const NAME(gradient)[TILE_VECTORS][TILE_ROWS] = TABLES(gradient);
#undef TILE
#undef TILES
#undef TABLE
#undef TABLES

/* How many of `left` rows the next tile takes, so that tiles differ by one row at most. */
#define NEXT_ROWS(left) pieces(left, pieces(left, TILE_ROWS))

/* Put the weights in the order in which correlate_tile reads them: for each block of planes and each tile of
 * filters, K = (plane, column, row) by filter. */
static void NAME(pack)(const correlation *c, ptrdiff_t block, const T *w, T *restrict packed)
{
    for (ptrdiff_t b = 0; b < c->planes; b += block)
        for (ptrdiff_t f = 0, n; f < c->filters; f += n) {
            n = NEXT_ROWS(c->filters - f);
            for (ptrdiff_t p = b; p < smaller(b + block, c->planes); p++)
                for (ptrdiff_t j = 0; j < c->window_width; j++)
                    for (ptrdiff_t i = 0; i < c->window_height; i++)
                        for (ptrdiff_t g = f; g < f + n; g++)
                            *packed++ = w[g * c->filter_pitch + p * c->plane_pitch + i * c->row_pitch +
                                          j * c->column_pitch];
        }
}

static int NAME(correlate_images)(const correlation *c, ptrdiff_t images, const T *source, const T *w,
                                  const T *bias, T *out, int threads)
{
    const ptrdiff_t tile = TILE_VECTORS * LANES;
    const ptrdiff_t phases = smaller(c->step, c->window_height), extra = (c->window_height - 1) / c->step;
    /* A band of output rows and a block of planes, such that their samples fit into the scratch. */
    const ptrdiff_t budget = SCRATCH_BYTES / sizeof(T) / c->window_width / phases;
    const ptrdiff_t band = clamp(budget / smaller(c->planes, 8) / c->columns - extra, 1, c->rows);
    const ptrdiff_t bands = pieces(c->rows, band), phase = (band + extra) * c->columns;
    const ptrdiff_t fit = clamp(budget / phase, 1, c->planes), block = pieces(c->planes, pieces(c->planes, fit));
    const ptrdiff_t plane = (pieces(phases * phase, LANES) | 1) * LANES; /* odd, to spread over the cache */
    const ptrdiff_t area = c->window_height * c->window_width;
    const ptrdiff_t scratch = pieces(block * c->window_width * plane + tile, 64) * 64;
    const int contiguous = c->out_column == 1 && c->out_row == c->columns;

    ptrdiff_t *offset = malloc(block * area * sizeof(*offset));
    T *packed = malloc((c->filters * c->planes * area + c->filters) * sizeof(T));
    char *room = malloc((size_t)threads * scratch * sizeof(T) + 64);
    if (offset && packed && room) {
        NAME(pack)(c, block, w, packed);
        T *start = packed + c->filters * c->planes * area;
        for (ptrdiff_t f = 0; f < c->filters; f++)
            start[f] = bias ? bias[f] : 0;
        ptrdiff_t *next = offset;
        for (ptrdiff_t p = 0; p < block * c->window_width; p++)
            for (ptrdiff_t i = 0; i < c->window_height; i++)
                *next++ = p * plane + (i % c->step) * phase + i / c->step * c->columns;

#pragma omp parallel for schedule(static) num_threads(threads)
        for (ptrdiff_t item = 0; item < images * bands; item++) {
            T *samples = (T *)(((uintptr_t)room + 63) / 64 * 64) + THREAD * scratch;
            T stage[TILE_ROWS * 4 * LANES];
            const ptrdiff_t image = item / bands, row = item % bands * band, rows = smaller(band, c->rows - row);
            const ptrdiff_t pixels = rows * c->columns;
            const T *from = source + image * c->planes * c->height * c->width;
            T *to = out + image * c->out_image + row * c->out_row;
            for (ptrdiff_t b = 0; b < c->planes; b += block) {
                const ptrdiff_t count = smaller(block, c->planes - b);
                for (ptrdiff_t p = 0; p < count; p++)
                    for (ptrdiff_t j = 0; j < c->window_width; j++)
                        for (ptrdiff_t i = 0; i < phases; i++)
                            NAME(sample)(samples + (p * c->window_width + j) * plane + i * phase,
                                         from + (b + p) * c->height * c->width, c->height, c->width,
                                         row * c->step + i - c->top, rows + extra, j - c->left, c->columns, c->step);
                for (ptrdiff_t p = 0; p < pixels; p += tile) {
                    const ptrdiff_t vectors = smaller(pieces(pixels - p, LANES), TILE_VECTORS);
                    const ptrdiff_t live = smaller(pixels - p, vectors * LANES);
                    const int direct = contiguous && live == vectors * LANES;
                    const T *weights = packed + b * area * c->filters;
                    for (ptrdiff_t f = 0, n; f < c->filters; f += n) {
                        n = NEXT_ROWS(c->filters - f);
                        T *here = to + f * c->out_plane;
                        if (!direct && b)
                            for (ptrdiff_t g = 0; g < n; g++)
                                for (ptrdiff_t q = 0; q < live; q++)
                                    stage[g * tile + q] = here[g * c->out_plane + (p + q) / c->columns * c->out_row +
                                                               (p + q) % c->columns * c->out_column];
                        NAME(correlate)[vectors - 1][n - 1](count * area, offset, samples + p, weights,
                                                            b ? NULL : start + f, direct ? here + p : stage,
                                                            direct ? c->out_plane : tile);
                        if (!direct)
                            for (ptrdiff_t g = 0; g < n; g++)
                                for (ptrdiff_t q = 0; q < live; q++)
                                    here[g * c->out_plane + (p + q) / c->columns * c->out_row +
                                         (p + q) % c->columns * c->out_column] = stage[g * tile + q];
                        weights += count * area * n;
                    }
                }
            }
        }
    }
    int failed = !(offset && packed && room);
    free(offset);
    free(packed);
    free(room);
    return failed ? -1 : 0;
}

int NAME(conv_forward)(const conv_shape *s, const T *x, const T *w, const T *b, T *out, int threads)
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
int NAME(conv_input_gradient)(const conv_shape *s, const T *dout, const T *w, T *dx, int threads)
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

/* dst[j, i] = src[i, j] */
static void NAME(transpose)(T *restrict dst, ptrdiff_t dst_pitch, const T *restrict src, ptrdiff_t src_pitch,
                            ptrdiff_t rows, ptrdiff_t columns)
{
    for (ptrdiff_t i = 0; i < rows; i += 8)
        for (ptrdiff_t j = 0; j < columns; j++)
            for (ptrdiff_t k = i; k < smaller(i + 8, rows); k++)
                dst[j * dst_pitch + k] = src[k * src_pitch + j];
}

/* The gradients of the weights and the bias. The vectors lie along the filters: dout is turned into (pixel,
 * filter), and each pixel of x is multiplied with the vector of all filters' gradients. The bias counts as one
 * more weight, the first, whose pixel is always one. */
int NAME(conv_weight_gradient)(const conv_shape *s, const T *x, const T *dout, T *dw, T *db, int threads)
{
    const ptrdiff_t lanes = pieces(s->F, LANES) * LANES, area = s->HH * s->WW, K = 1 + s->C * area;
    const ptrdiff_t budget = SCRATCH_BYTES / sizeof(T), width = (s->OW - 1) * s->stride + s->WW;
    const ptrdiff_t band = clamp(budget / lanes / s->OW, 1, s->OH), height = (band - 1) * s->stride + s->HH;
    const ptrdiff_t bands = pieces(s->OH, band), items = s->N * bands, pixels = band * s->OW;
    const ptrdiff_t chunk = clamp(budget / (pixels * lanes), 1, larger(items, 1));
    const ptrdiff_t fit = clamp(budget / (chunk * height * width), 1, s->C), block = pieces(s->C, pieces(s->C, fit));
    const ptrdiff_t slot = (1 + block) * height * width;

    T *sums = calloc(K * lanes, sizeof(T));
    T *turned = calloc(chunk * pixels * lanes, sizeof(T));
    T *samples = malloc(chunk * slot * sizeof(T));
    ptrdiff_t *offset = malloc((1 + block * area) * sizeof(*offset));
    const int failed = !(sums && turned && samples && offset);
    if (!failed) {
        offset[0] = 0;
        for (ptrdiff_t p = 0; p < block * s->HH; p++)
            for (ptrdiff_t j = 0; j < s->WW; j++)
                offset[1 + p * s->WW + j] = (1 + p / s->HH) * height * width + p % s->HH * width + j;
        for (ptrdiff_t i = 0; i < chunk * height * width; i++)
            samples[i / (height * width) * slot + i % (height * width)] = 1;

#pragma omp parallel num_threads(threads)
        for (ptrdiff_t first = 0; first < items; first += chunk) {
            const ptrdiff_t count = smaller(chunk, items - first);
#pragma omp for schedule(static)
            for (ptrdiff_t g = 0; g < count; g++) {
                const ptrdiff_t image = (first + g) / bands, row = (first + g) % bands * band;
                NAME(transpose)(turned + g * pixels * lanes, lanes, dout + (image * s->F * s->OH + row) * s->OW,
                                s->OH * s->OW, s->F, smaller(band, s->OH - row) * s->OW);
            }
            for (ptrdiff_t b = 0; b < s->C; b += block) {
                const ptrdiff_t planes = smaller(block, s->C - b), start = b ? 1 : 0;
                const ptrdiff_t taps = 1 + planes * area - start, tiles = pieces(taps, TILE_ROWS);
                const ptrdiff_t groups = pieces(lanes, TILE_VECTORS * LANES);
#pragma omp for schedule(static)
                for (ptrdiff_t q = 0; q < count * planes; q++) {
                    const ptrdiff_t g = q / planes, p = q % planes;
                    const ptrdiff_t image = (first + g) / bands, row = (first + g) % bands * band;
                    NAME(sample)(samples + g * slot + (1 + p) * height * width,
                                 x + (image * s->C + b + p) * s->H * s->W, s->H, s->W,
                                 row * s->stride - s->pad, height, -s->pad, width, 1);
                }
                for (ptrdiff_t g = 0; g < count; g++) {
                    const ptrdiff_t row = (first + g) % bands * band;
#pragma omp for schedule(static) nowait
                    for (ptrdiff_t u = 0; u < groups * tiles; u++) {
                        const ptrdiff_t v = u / tiles * TILE_VECTORS, t = u % tiles * TILE_ROWS;
                        NAME(gradient)[smaller(lanes / LANES - v, TILE_VECTORS) - 1][smaller(taps - t, TILE_ROWS) - 1](
                            smaller(band, s->OH - row), s->OW, width * s->stride, s->stride, offset + start + t,
                            samples + g * slot, turned + g * pixels * lanes + v * LANES, lanes,
                            sums + (start + b * area + t) * lanes + v * LANES);
                    }
                }
#pragma omp barrier
            }
        }
        memcpy(db, sums, s->F * sizeof(T));
        NAME(transpose)(dw, K - 1, sums + lanes, lanes, K - 1, s->F);
    }
    free(sums);
    free(turned);
    free(samples);
    free(offset);
    return failed ? -1 : 0;
}
