/* Winograd's convolution F(2x2, 3x3): four outputs of a 3x3 filter for 16 products instead of 36.
 *
 * The 4x4 pixels that a 2x2 tile of outputs sees, and the filter, are each turned into 16 numbers by a few
 * additions; the products of those, number by number and summed over the planes, are turned back into the four
 * outputs. So a convolution becomes 16 matrix products, one for each of the 16 numbers, of the filters and the
 * tiles of some images. Only for stride 1 and one zero around. Additions of large numbers that cancel later could
 * spoil NaN-free neighbours of NaN, infinite or huge pixels: images with such go through the direct kernel.
 *
 * Source: Lavin and Gray, "Fast algorithms for convolutional neural networks", 2016, section 4.1. */

/* A strip is what is transformed at once: a band of tile rows of one image, or some small images. */
#ifndef STRIP_ONCE
#define STRIP_ONCE
#define STRIP_TILES 64
typedef struct {
    ptrdiff_t height, width;         /* of the images */
    ptrdiff_t tile_rows, across;     /* tiles of an image: down and across */
    ptrdiff_t band, bands, images;   /* tile rows in a band, bands of an image, images of a strip */
    ptrdiff_t strips, room;          /* all strips; room for the tiles of one */
} strip_plan;

static strip_plan plan_strips(ptrdiff_t images, ptrdiff_t height, ptrdiff_t width, ptrdiff_t lanes)
{
    strip_plan p = {.height = height, .width = width, .tile_rows = pieces(height, 2), .across = pieces(width, 2)};
    p.band = clamp(STRIP_TILES / p.across, 1, p.tile_rows);
    p.bands = pieces(p.tile_rows, p.band);
    p.images = p.bands == 1 ? larger(STRIP_TILES / (p.band * p.across), 1) : 1;
    p.strips = pieces(images * p.bands, p.images);
    p.room = (pieces(p.images * p.band * p.across, lanes) + 1) * lanes;
    return p;
}
#endif

/* Put the pixels of a row in even columns into even, those in odd columns into odd. Return a vector of zeros, or
 * of NaN where a pixel is wild: its square is not a finite number. */
INLINE VECTOR NAME(split_row)(T *restrict even, T *restrict odd, const T *restrict row, ptrdiff_t width)
{
    ptrdiff_t z = 0;
    VECTOR wild = {0};
    for (; z + LANES <= width; z += 2 * LANES) {
        const VECTOR a = CONST_AT(row + z), b = z + 2 * LANES <= width ? CONST_AT(row + z + LANES) : (VECTOR){0};
        wild += a * a * 0 + b * b * 0;
        AT(even + z / 2) = NAME(unzip)(a, b, 0);
        AT(odd + z / 2) = NAME(unzip)(a, b, 1);
    }
    for (z = width % (2 * LANES) < LANES ? width / (2 * LANES) * 2 * LANES : width / LANES * LANES; z < width; z++) {
        (z % 2 ? odd : even)[z / 2] = row[z];
        wild += row[z] * row[z] * 0;
    }
    if (width % 2)
        odd[width / 2] = 0;
    return wild;
}

/* Transform a band of one plane: V[n * pitch + tile] for the 16 numbers n. `split` is scratch, four arrays of
 * `part` numbers; inner[0] and inner[1] are zero for tiles at the left and at the right edge. */
static int NAME(transform_pixels)(T *restrict V, ptrdiff_t pitch, const T *restrict plane, const strip_plan *p,
                                  ptrdiff_t first, ptrdiff_t rows, T *restrict split, ptrdiff_t part,
                                  const T *restrict inner)
{
    VECTOR wild = {0};
    T *from[4]; /* odd rows: even and odd columns; even rows likewise */
    for (int i = 0; i < 4; i++)
        from[i] = split + i * part + LANES;
    for (ptrdiff_t r = 0; r <= rows; r++)
        for (int even = 0; even < 2; even++) {
            const ptrdiff_t y = 2 * (first + r) - 1 + even;
            T *a = from[2 * even] + r * p->across, *b = from[2 * even + 1] + r * p->across;
            if (y >= 0 && y < p->height)
                wild += NAME(split_row)(a, b, plane + y * p->width, p->width);
            else
                for (ptrdiff_t z = 0; z < p->across; z++)
                    a[z] = b[z] = 0;
        }
    for (ptrdiff_t q = 0; q < rows * p->across; q += LANES) {
        const VECTOR left = CONST_AT(inner + q), right = CONST_AT(inner + part + q);
        VECTOR d[4][4];
        UNROLL for (int i = 0; i < 4; i++) {
            const T *even = from[i % 2 * 2] + i / 2 * p->across + q, *odd = from[i % 2 * 2 + 1] + i / 2 * p->across + q;
            const VECTOR x0 = CONST_AT(odd - 1) * left, x1 = CONST_AT(even), x2 = CONST_AT(odd);
            const VECTOR x3 = CONST_AT(even + 1) * right;
            d[i][0] = x0 - x2;
            d[i][1] = x1 + x2;
            d[i][2] = x2 - x1;
            d[i][3] = x1 - x3;
        }
        UNROLL for (int j = 0; j < 4; j++) {
            AT(V + (0 + j) * pitch + q) = d[0][j] - d[2][j];
            AT(V + (4 + j) * pitch + q) = d[1][j] + d[2][j];
            AT(V + (8 + j) * pitch + q) = d[2][j] - d[1][j];
            AT(V + (12 + j) * pitch + q) = d[1][j] - d[3][j];
        }
    }
    int tame = 1;
    for (int i = 0; i < LANES; i++)
        tame &= wild[i] == 0;
    return tame;
}

/* Transform the weights into the order of correlate_tile: for each of the 16 numbers and each tile of filters,
 * (plane, filter). Return whether all are tame. */
static int NAME(transform_weights)(const correlation *c, const T *w, T *restrict U, ptrdiff_t pitch)
{
    int tame = 1;
    for (ptrdiff_t f = 0, n; f < c->filters; f += n) {
        n = NEXT_ROWS(c->filters - f);
        for (ptrdiff_t p = 0; p < c->planes; p++)
            for (ptrdiff_t g = 0; g < n; g++) {
                const T *from = w + (f + g) * c->filter_pitch + p * c->plane_pitch;
                T *to = U + f * c->planes + p * n + g, half[4][3];
                for (int j = 0; j < 3; j++) {
                    const T a = from[j * c->column_pitch], b = from[c->row_pitch + j * c->column_pitch];
                    const T e = from[2 * c->row_pitch + j * c->column_pitch];
                    tame &= (a * a + b * b + e * e) * 0 == 0;
                    half[0][j] = a;
                    half[1][j] = (a + b + e) / 2;
                    half[2][j] = (a - b + e) / 2;
                    half[3][j] = e;
                }
                for (int i = 0; i < 4; i++) {
                    const T a = half[i][0], b = half[i][1], e = half[i][2];
                    const T row[4] = {a, (a + b + e) / 2, (a - b + e) / 2, e};
                    for (int j = 0; j < 4; j++)
                        to[(4 * i + j) * pitch] = row[j];
                }
            }
    }
    return tame;
}

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

/* Turn the sums M[n * pitch + tile] back into the outputs of a band of one filter. */
static void NAME(transform_outputs)(T *restrict out, const T *restrict M, ptrdiff_t pitch, T bias, const strip_plan *p,
                                    ptrdiff_t first, ptrdiff_t rows, T *restrict split, ptrdiff_t part)
{
    for (ptrdiff_t q = 0; q < rows * p->across; q += LANES) {
        VECTOR s[2][4];
        UNROLL for (int j = 0; j < 4; j++) {
            const VECTOR a = CONST_AT(M + j * pitch + q), b = CONST_AT(M + (4 + j) * pitch + q);
            const VECTOR c = CONST_AT(M + (8 + j) * pitch + q), d = CONST_AT(M + (12 + j) * pitch + q);
            s[0][j] = a + b + c;
            s[1][j] = b - c - d;
        }
        UNROLL for (int i = 0; i < 2; i++) {
            const VECTOR a = s[i][0] + s[i][1] + s[i][2] + bias, b = s[i][1] - s[i][2] - s[i][3] + bias;
            AT(split + 2 * i * part + 2 * q) = NAME(zip)(a, b, 0);
            AT(split + 2 * i * part + 2 * q + LANES) = NAME(zip)(a, b, 1);
        }
    }
    for (ptrdiff_t r = 0; r < 2 * rows && 2 * first + r < p->height; r++)
        NAME(copy)(out + (2 * first + r) * p->width, split + r % 2 * 2 * part + r / 2 * 2 * p->across, p->width);
}

/* correlate_directly for 3x3 windows with one zero around. */
static int NAME(correlate_winograd)(const correlation *c, ptrdiff_t images, const T *source, const T *w,
                                    const T *bias, T *out, int threads)
{
    const strip_plan p = plan_strips(images, c->height, c->width, LANES);
    const ptrdiff_t area = c->height * c->width, part = ((p.band + 1) * p.across + 3 * LANES) * 2;
    const ptrdiff_t V_pitch = (c->planes * p.room / LANES | 1) * LANES, M_pitch = (c->filters * p.room / LANES | 1) * LANES;
    const ptrdiff_t U_pitch = c->filters * c->planes + 16; /* no power of two, whose multiples share a place in the cache */
    const ptrdiff_t scratch = 16 * (V_pitch + M_pitch) + 4 * part;
    T *U = allocate((16 * U_pitch + c->filters + 2 * part) * sizeof(T));
    T *room = allocate_zeros(threads * scratch * sizeof(T));
    ptrdiff_t *offset = malloc(c->planes * sizeof(*offset));
    char *wild = calloc(images, 1);
    int failed = !(U && room && offset && wild);
    if (!failed && !NAME(transform_weights)(c, w, U, U_pitch))
        memset(wild, 1, images);
    else if (!failed) {
        T *zeros = U + 16 * U_pitch, *inner = zeros + c->filters;
        for (ptrdiff_t f = 0; f < c->filters; f++)
            zeros[f] = 0;
        for (ptrdiff_t q = 0; q < part; q++) {
            inner[q] = q % p.across != 0;
            inner[part + q] = q % p.across != p.across - 1;
        }
        for (ptrdiff_t k = 0; k < c->planes; k++)
            offset[k] = k * p.room;
#pragma omp parallel for schedule(static) num_threads(threads)
        for (ptrdiff_t strip = 0; strip < p.strips; strip++) {
            T *V = room + THREAD * scratch, *M = V + 16 * V_pitch, *split = M + 16 * M_pitch;
            const ptrdiff_t count = smaller(p.images, images - strip / p.bands * p.images);
            const ptrdiff_t first = strip % p.bands * p.band, rows = smaller(p.band, p.tile_rows - first);
            const ptrdiff_t tiles = rows * p.across, image = strip / p.bands * p.images;
            for (ptrdiff_t g = 0; g < count; g++)
                for (ptrdiff_t k = 0; k < c->planes; k++)
                    if (!NAME(transform_pixels)(V + k * p.room + g * tiles, V_pitch,
                                                source + ((image + g) * c->planes + k) * area, &p, first, rows, split,
                                                part, inner))
                        wild[image + g] = 1;
            for (int n = 0; n < 16; n++)
                for (ptrdiff_t q = 0; q < count * tiles; q += TILE_VECTORS * LANES) {
                    const ptrdiff_t vectors = smaller(pieces(count * tiles - q, LANES), TILE_VECTORS);
                    for (ptrdiff_t f = 0, r; f < c->filters; f += r) {
                        r = NEXT_ROWS(c->filters - f);
                        NAME(correlate)[vectors - 1][r - 1](c->planes, offset, V + n * V_pitch + q,
                                                            U + n * U_pitch + f * c->planes, zeros,
                                                            M + n * M_pitch + f * p.room + q, p.room);
                    }
                }
            for (ptrdiff_t g = 0; g < count; g++)
                for (ptrdiff_t f = 0; f < c->filters; f++)
                    NAME(transform_outputs)(out + ((image + g) * c->filters + f) * area, M + f * p.room + g * tiles,
                                            M_pitch, bias ? bias[f] : 0, &p, first, rows, split, part);
        }
    }
    for (ptrdiff_t i = 0; i < images && !failed; i++)
        if (wild[i])
            failed = NAME(correlate_directly)(c, 1, source + i * c->planes * area, w, bias, out + i * c->out_image, 1);
    release(U);
    release(room);
    free(offset);
    free(wild);
    return failed ? -1 : 0;
}

/* Transform the gradients of a band, turned into (pixel, filter): D[(n * room + tile) * lanes + filter]. */
static void NAME(transform_gradients)(T *restrict D, ptrdiff_t pitch, const T *restrict turned, ptrdiff_t lanes,
                                      const strip_plan *p, ptrdiff_t first, ptrdiff_t rows)
{
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t t = 0; t < p->across; t++, D += lanes) {
            const T *from = turned + (2 * r * p->width + 2 * t) * lanes;
            const int right = 2 * t + 1 < p->width, below = 2 * (first + r) + 1 < p->height;
            for (ptrdiff_t f = 0; f < lanes; f += LANES) {
                const VECTOR zero = {0}, a = CONST_AT(from + f), b = right ? CONST_AT(from + lanes + f) : zero;
                const VECTOR c = below ? CONST_AT(from + p->width * lanes + f) : zero;
                const VECTOR d = right && below ? CONST_AT(from + (p->width + 1) * lanes + f) : zero;
                const VECTOR left_side[4] = {a, a + c, a - c, -c}, right_side[4] = {b, b + d, b - d, -d};
                UNROLL for (int i = 0; i < 4; i++) {
                    AT(D + (4 * i + 0) * pitch + f) = left_side[i];
                    AT(D + (4 * i + 1) * pitch + f) = left_side[i] + right_side[i];
                    AT(D + (4 * i + 2) * pitch + f) = left_side[i] - right_side[i];
                    AT(D + (4 * i + 3) * pitch + f) = -right_side[i];
                }
            }
        }
}

/* dw[f, c] from the 16 sums S[(n * C + c) * lanes + f]. */
static void NAME(finish_weights)(T *restrict dw, const T *restrict S, ptrdiff_t planes, ptrdiff_t filters, ptrdiff_t lanes)
{
    for (ptrdiff_t f = 0; f < filters; f += LANES)
        for (ptrdiff_t k = 0; k < planes; k++) {
            VECTOR half[3][4], sum[9];
            UNROLL for (int j = 0; j < 4; j++) {
                const T *from = S + (j * planes + k) * lanes + f;
                const ptrdiff_t row = 4 * planes * lanes;
                const VECTOR a = CONST_AT(from), b = CONST_AT(from + row) / 2, c = CONST_AT(from + 2 * row) / 2;
                half[0][j] = a + b + c;
                half[1][j] = b - c;
                half[2][j] = b + c + CONST_AT(from + 3 * row);
            }
            UNROLL for (int i = 0; i < 3; i++) {
                const VECTOR b = half[i][1] / 2, c = half[i][2] / 2;
                sum[3 * i] = half[i][0] + b + c;
                sum[3 * i + 1] = b - c;
                sum[3 * i + 2] = b + c + half[i][3];
            }
            for (ptrdiff_t g = 0; g < smaller(LANES, filters - f); g++)
                for (int i = 0; i < 9; i++)
                    dw[((f + g) * planes + k) * 9 + i] = ((const T *)&sum[i])[g];
        }
}

/* The gradients of weights and bias. Returns 1 where a pixel or gradient is wild, so that the sums are of no use. */
static int NAME(winograd_weight_gradient)(const conv_shape *s, const T *x, const T *dout, T *dw, T *db, int threads)
{
    const strip_plan p = plan_strips(s->N, s->H, s->W, LANES);
    const ptrdiff_t lanes = pieces(s->F, LANES) * LANES, area = s->H * s->W, pixels = 2 * p.band * s->W;
    const ptrdiff_t part = ((p.band + 1) * p.across + 3 * LANES) * 2, V_pitch = (s->C * p.room / LANES | 1) * LANES;
    const ptrdiff_t D_pitch = (p.room * lanes / LANES | 1) * LANES, groups = pieces(lanes, TILE_VECTORS * LANES);
    const ptrdiff_t tiles = pieces(s->C, TILE_ROWS);
    T *V = allocate_zeros((16 * (V_pitch + D_pitch) + (threads * 4 + 2) * part + p.images * pixels * lanes) * sizeof(T));
    T *sums = allocate_zeros((16 * s->C + 1) * lanes * sizeof(T));
    ptrdiff_t *offset = malloc((s->C + 1) * sizeof(*offset));
    int failed = V && sums && offset ? 0 : -1, wild = 0;
    if (!failed) {
        T *D = V + 16 * V_pitch, *inner = D + 16 * D_pitch, *splits = inner + 2 * part, *turned = splits + 4 * threads * part;
        const T one = 1;
        for (ptrdiff_t q = 0; q < part; q++) {
            inner[q] = q % p.across != 0;
            inner[part + q] = q % p.across != p.across - 1;
        }
        for (ptrdiff_t k = 0; k < s->C; k++)
            offset[k] = k * p.room;
#pragma omp parallel num_threads(threads) reduction(| : wild)
        for (ptrdiff_t strip = 0; strip < p.strips; strip++) {
            const ptrdiff_t image = strip / p.bands * p.images, count = smaller(p.images, s->N - image);
            const ptrdiff_t first = strip % p.bands * p.band, rows = smaller(p.band, p.tile_rows - first);
            const ptrdiff_t live = rows * p.across;
#pragma omp for schedule(static) nowait
            for (ptrdiff_t k = 0; k < s->C; k++)
                for (ptrdiff_t g = 0; g < count; g++)
                    wild |= !NAME(transform_pixels)(V + k * p.room + g * live, V_pitch,
                                                    x + ((image + g) * s->C + k) * area, &p, first, rows,
                                                    splits + 4 * THREAD * part, part, inner);
#pragma omp for schedule(static)
            for (ptrdiff_t g = 0; g < count; g++) {
                NAME(transpose)(turned + g * pixels * lanes, lanes, lanes,
                                dout + (image + g) * s->F * area + 2 * first * s->W, area, s->F,
                                smaller(2 * rows, s->H - 2 * first) * s->W);
                NAME(transform_gradients)(D + g * live * lanes, D_pitch, turned + g * pixels * lanes, lanes, &p, first, rows);
            }
#pragma omp for schedule(static)
            for (ptrdiff_t u = 0; u < 16 * groups * tiles; u++) {
                const ptrdiff_t n = u / (groups * tiles), v = u / tiles % groups * TILE_VECTORS, t = u % tiles * TILE_ROWS;
                const ptrdiff_t vectors = smaller(lanes / LANES - v, TILE_VECTORS);
                const T *gradients = D + n * D_pitch + v * LANES;
                NAME(gradient)[vectors - 1][smaller(s->C - t, TILE_ROWS) - 1](
                    1, count * live, 0, 1, offset + t, V + n * V_pitch, gradients, lanes,
                    sums + (n * s->C + t) * lanes + v * LANES);
                if (n == 5 && t == 0) /* D of number 5 is the sum of the four gradients of a tile */
                    NAME(gradient)[vectors - 1][0](1, count * live, 0, 0, offset, &one, gradients, lanes,
                                                   sums + 16 * s->C * lanes + v * LANES);
            }
        }
        memcpy(db, sums + 16 * s->C * lanes, s->F * sizeof(T));
        for (ptrdiff_t f = 0; f < s->F; f++)
            wild |= !(db[f] * db[f] * 0 == 0);
        NAME(finish_weights)(dw, sums, s->C, s->F, lanes);
    }
    release(V);
    release(sums);
    free(offset);
    return failed ? failed : wild;
}
