/* Winograd's convolution F(2x2, 3x3): four outputs of a 3x3 filter for 16 products instead of 36.
 *
 * The 4x4 pixels that a 2x2 tile of outputs sees, and the filter, are each turned into 16 numbers by a few
 * additions; the products of those, number by number and summed over the planes, are turned back into the four
 * outputs. So a convolution becomes 16 matrix products, one for each of the 16 numbers, of the filters and the
 * tiles of some images. Only for stride 1. Additions of large numbers that cancel later could spoil NaN-free
 * neighbours of NaN, infinite or huge pixels: images with such go through the direct kernel.
 *
 * Source: Lavin and Gray, "Fast algorithms for convolutional neural networks", 2016, section 4.1. */

/* A strip is what is transformed at once: a band of tile rows of one image, or some small images. */
#ifndef STRIP_ONCE
#define STRIP_ONCE
#define STRIP_TILES 64
typedef struct {
    ptrdiff_t height, width;         /* of the images */
    ptrdiff_t top, left;             /* zeros around them; pixels that no output sees if negative */
    ptrdiff_t rows, columns;         /* of the outputs */
    ptrdiff_t tile_rows, across;     /* tiles of an image: down and across */
    ptrdiff_t band, bands, images;   /* tile rows in a band, bands of an image, images of a strip */
    ptrdiff_t strips, room;          /* all strips; room for the tiles of one */
    ptrdiff_t part;                  /* room for a quarter of the pixels of a band, or of its outputs */
    ptrdiff_t pixel_pitch, other_pitch; /* from one of the 16 numbers to the next: of pixels, of outputs or gradients */
} strip_plan;

/* `others` is the room for the filters. */
static strip_plan plan_strips(const correlation *c, ptrdiff_t images, ptrdiff_t others, ptrdiff_t lanes)
{
    strip_plan p = {
        .height = c->height, .width = c->width, .top = c->top, .left = c->left, .rows = c->rows, .columns = c->columns,
        .tile_rows = pieces(c->rows, 2), .across = pieces(c->columns, 2),
    };
    p.band = clamp(STRIP_TILES / p.across, 1, p.tile_rows);
    p.bands = pieces(p.tile_rows, p.band);
    p.images = p.bands == 1 ? larger(STRIP_TILES / (p.band * p.across), 1) : 1;
    p.strips = pieces(images * p.bands, p.images);
    p.room = (pieces(p.images * p.band * p.across, lanes) + 1) * lanes;
    p.part = (p.band + 1) * p.across + 3 * lanes;
    p.pixel_pitch = (c->planes * p.room / lanes | 1) * lanes; /* odd, to spread over the cache */
    p.other_pitch = (others * p.room / lanes | 1) * lanes;
    return p;
}
#endif

/* Put a row with its zeros around, in turn, into even and odd, for the tiles across and one more; up to a vector
 * after them may change. Return a vector of zeros, or of NaN where a pixel is wild: its square is not a finite number. */
INLINE VECTOR NAME(split_row)(T *restrict even, T *restrict odd, const T *restrict row, const strip_plan *p)
{
    const ptrdiff_t left = larger(p->left, 0), skipped = larger(-p->left, 0), count = p->across + 1;
    const ptrdiff_t width = clamp(p->width - skipped, 0, 2 * count - left); /* pixels that the tiles see */
    T *first = left % 2 ? odd + left / 2 : even + left / 2; /* of the pixels 0, 2, ..., and of 1, 3, ... */
    T *second = left % 2 ? even + left / 2 + 1 : odd + left / 2;
    VECTOR wild = {0};
    ptrdiff_t z = 0;
    row += skipped;
    even[0] = odd[0] = 0;
    for (; z + LANES <= width; z += 2 * LANES) {
        const VECTOR a = CONST_AT(row + z), b = z + 2 * LANES <= width ? CONST_AT(row + z + LANES) : (VECTOR){0};
        wild += a * a * 0 + b * b * 0;
        AT(first + z / 2) = NAME(unzip)(a, b, 0);
        AT(second + z / 2) = NAME(unzip)(a, b, 1);
    }
    for (z = width % (2 * LANES) < LANES ? width / (2 * LANES) * 2 * LANES : width / LANES * LANES; z < width; z++) {
        (z % 2 ? second : first)[z / 2] = row[z];
        wild += row[z] * row[z] * 0;
    }
    AT(even + (left + width + 1) / 2) = AT(odd + (left + width) / 2) = (VECTOR){0}; /* of the right edge, two at most */
    return wild;
}

/* Transform a band of one plane: V[n * pitch + tile] for the 16 numbers n. `split` is scratch, eight arrays of
 * `part` numbers: even and odd columns of the first of two rows, and of the second, then what stands right of them.
 * inner[tile] is zero for tiles at the right edge, whose neighbours in memory are of the next row. */
static int NAME(transform_pixels)(T *restrict V, ptrdiff_t pitch, const T *restrict plane, const strip_plan *p,
                                  ptrdiff_t first, ptrdiff_t rows, T *restrict split, const T *restrict inner)
{
    const ptrdiff_t part = p->part, right = 4 * part + p->across - 1;
    VECTOR wild = {0};
    for (ptrdiff_t r = 0; r <= rows; r++)
        for (int second = 0; second < 2; second++) {
            const ptrdiff_t y = 2 * (first + r) - p->top + second;
            T *even = split + second * 2 * part + r * p->across, *odd = even + part;
            if (y >= 0 && y < p->height)
                wild += NAME(split_row)(even, odd, plane + y * p->width, p);
            else
                for (ptrdiff_t z = 0; z <= p->across; z++)
                    even[z] = odd[z] = 0;
            even[right] = even[p->across];
            odd[right] = odd[p->across];
        }
    for (ptrdiff_t q = 0; q < rows * p->across; q += LANES) {
        const VECTOR within = CONST_AT(inner + q);
        VECTOR d[4][4];
        UNROLL for (int i = 0; i < 4; i++) {
            const T *even = split + i % 2 * 2 * part + i / 2 * p->across + q, *odd = even + part;
            const VECTOR x0 = CONST_AT(even), x1 = CONST_AT(odd);
            const VECTOR x2 = CONST_AT(even + 1) * within + CONST_AT(even + 4 * part);
            const VECTOR x3 = CONST_AT(odd + 1) * within + CONST_AT(odd + 4 * part);
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
                                    ptrdiff_t first, ptrdiff_t rows, T *restrict split)
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
            AT(split + 2 * i * p->part + 2 * q) = NAME(zip)(a, b, 0);
            AT(split + 2 * i * p->part + 2 * q + LANES) = NAME(zip)(a, b, 1);
        }
    }
    for (ptrdiff_t r = 0; r < 2 * rows && 2 * first + r < p->rows; r++)
        NAME(copy)(out + (2 * first + r) * p->columns, split + r % 2 * 2 * p->part + r / 2 * 2 * p->across, p->columns);
}

/* inner[tile] is zero for tiles at the right edge, else one. */
static void NAME(mark_edges)(T *inner, const strip_plan *p)
{
    for (ptrdiff_t q = 0; q < p->part; q++)
        inner[q] = q % p->across != p->across - 1;
}

/* Transform the pixels of a strip, whose first image is `image`; return whether all are tame, and note the wild. */
static int NAME(transform_strip)(T *V, const strip_plan *p, ptrdiff_t strip, ptrdiff_t images, ptrdiff_t planes,
                                 const T *source, T *split, const T *inner, char *wild)
{
    const ptrdiff_t image = strip / p->bands * p->images, count = smaller(p->images, images - image);
    const ptrdiff_t first = strip % p->bands * p->band, rows = smaller(p->band, p->tile_rows - first);
    int tame = 1;
    for (ptrdiff_t g = 0; g < count; g++)
        for (ptrdiff_t k = 0; k < planes; k++)
            if (!NAME(transform_pixels)(V + k * p->room + g * rows * p->across, p->pixel_pitch,
                                        source + ((image + g) * planes + k) * p->height * p->width, p, first, rows,
                                        split, inner)) {
                tame = 0;
                if (wild)
                    wild[image + g] = 1;
            }
    return tame;
}

/* The 16 matrix products of a strip: M[n][filter, tile] = U[n] V[n]. */
static void NAME(multiply_strip)(const correlation *c, const strip_plan *p, ptrdiff_t tiles, const T *U, ptrdiff_t pitch,
                                 const T *V, T *M, const ptrdiff_t *offset)
{
    for (int n = 0; n < 16; n++)
        for (ptrdiff_t q = 0; q < tiles; q += TILE_VECTORS * LANES) {
            const ptrdiff_t vectors = smaller(pieces(tiles - q, LANES), TILE_VECTORS);
            for (ptrdiff_t f = 0, r; f < c->filters; f += r) {
                r = NEXT_ROWS(c->filters - f);
                NAME(correlate)[vectors - 1][r - 1](c->planes, offset, V + n * p->pixel_pitch + q, LANES,
                                                    U + n * pitch + f * c->planes, U + 16 * pitch,
                                                    M + n * p->other_pitch + f * p->room + q, p->room, LANES);
            }
        }
}

/* correlate_directly for 3x3 windows. */
static int NAME(correlate_winograd)(const correlation *c, ptrdiff_t images, const T *source, const T *w,
                                    const T *bias, T *out, int threads)
{
    const strip_plan p = plan_strips(c, images, c->filters, LANES);
    const ptrdiff_t pixels = c->planes * c->height * c->width, outputs = c->rows * c->columns; /* of an image; of a filter */
    const ptrdiff_t scratch = 16 * (p.pixel_pitch + p.other_pitch) + 8 * p.part;
    const ptrdiff_t pitch = c->filters * c->planes + 16; /* no power of two, whose multiples share a place in the cache */
    T *U = allocate((16 * pitch + c->filters + p.part) * sizeof(T)); /* weights, then zeros for biases, then edges */
    T *room = allocate_zeros(threads * scratch * sizeof(T));
    ptrdiff_t *offset = malloc(c->planes * sizeof(*offset));
    char *wild = calloc(images, 1);
    int failed = !(U && room && offset && wild);
    if (!failed && !NAME(transform_weights)(c, w + c->first_weight, U, pitch))
        memset(wild, 1, images);
    else if (!failed) {
        T *inner = U + 16 * pitch + c->filters;
        memset(U + 16 * pitch, 0, c->filters * sizeof(T));
        NAME(mark_edges)(inner, &p);
        for (ptrdiff_t k = 0; k < c->planes; k++)
            offset[k] = k * p.room;
#pragma omp parallel for schedule(static) num_threads(threads)
        for (ptrdiff_t strip = 0; strip < p.strips; strip++) {
            T *V = room + THREAD * scratch, *M = V + 16 * p.pixel_pitch, *split = M + 16 * p.other_pitch;
            const ptrdiff_t image = strip / p.bands * p.images, count = smaller(p.images, images - image);
            const ptrdiff_t first = strip % p.bands * p.band, rows = smaller(p.band, p.tile_rows - first);
            NAME(transform_strip)(V, &p, strip, images, c->planes, source, split, inner, wild);
            NAME(multiply_strip)(c, &p, count * rows * p.across, U, pitch, V, M, offset);
            for (ptrdiff_t g = 0; g < count; g++)
                for (ptrdiff_t f = 0; f < c->filters; f++)
                    NAME(transform_outputs)(out + ((image + g) * c->filters + f) * outputs,
                                            M + f * p.room + g * rows * p.across, p.other_pitch, bias ? bias[f] : 0, &p,
                                            first, rows, split);
        }
    }
    for (ptrdiff_t i = 0; i < images && !failed; i++)
        if (wild[i])
            failed = NAME(correlate_directly)(c, 1, source + i * pixels, w, bias, out + i * c->filters * outputs, 1);
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
            const T *from = turned + (2 * r * p->columns + 2 * t) * lanes;
            const int right = 2 * t + 1 < p->columns, below = 2 * (first + r) + 1 < p->rows;
            for (ptrdiff_t f = 0; f < lanes; f += LANES) {
                const VECTOR zero = {0}, a = CONST_AT(from + f), b = right ? CONST_AT(from + lanes + f) : zero;
                const VECTOR c = below ? CONST_AT(from + p->columns * lanes + f) : zero;
                const VECTOR d = right && below ? CONST_AT(from + (p->columns + 1) * lanes + f) : zero;
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

/* Add the products of a strip of `live` tiles to the sums of the 16 numbers, and its gradients to those of the bias. */
static void NAME(add_strip)(const strip_plan *p, ptrdiff_t planes, ptrdiff_t lanes, ptrdiff_t live,
                            const ptrdiff_t *offset, const T *V, const T *D, T *sums)
{
    const T one = 1;
    for (int n = 0; n < 16; n++)
        for (ptrdiff_t v = 0; v < lanes / LANES; v += TILE_VECTORS) {
            const ptrdiff_t vectors = smaller(lanes / LANES - v, TILE_VECTORS);
            const T *gradients = D + n * p->other_pitch + v * LANES;
            for (ptrdiff_t t = 0; t < planes; t += TILE_ROWS)
                NAME(gradient)[vectors - 1][smaller(planes - t, TILE_ROWS) - 1](
                    1, live, 0, 1, offset + t, V + n * p->pixel_pitch, gradients, lanes,
                    sums + (n * planes + t) * lanes + v * LANES);
            if (n == 5) /* D of number 5 is the sum of the four gradients of a tile */
                NAME(gradient)[vectors - 1][0](1, live, 0, 0, offset, &one, gradients, lanes,
                                               sums + 16 * planes * lanes + v * LANES);
        }
}

/* Add the products of the strips [first, last) to the sums, with scratch from V on. Return whether all pixels are tame. */
static int NAME(sum_strips)(const conv_shape *s, const strip_plan *p, const ptrdiff_t *offset, const T *x,
                            const T *dout, ptrdiff_t first, ptrdiff_t last, T *sums, T *V, const T *inner)
{
    const ptrdiff_t lanes = pieces(s->F, LANES) * LANES, outputs = s->OH * s->OW;
    T *D = V + 16 * p->pixel_pitch, *split = D + 16 * p->other_pitch;
    T *turned = split + 8 * p->part;
    int tame = 1;
    for (; first < last; first++) {
        const ptrdiff_t image = first / p->bands * p->images, count = smaller(p->images, s->N - image);
        const ptrdiff_t row = first % p->bands * p->band, rows = smaller(p->band, p->tile_rows - row);
        const ptrdiff_t live = rows * p->across;
        tame &= NAME(transform_strip)(V, p, first, s->N, s->C, x, split, inner, NULL);
        for (ptrdiff_t g = 0; g < count; g++) {
            NAME(transpose)(turned, lanes, lanes, dout + (image + g) * s->F * outputs + 2 * row * s->OW, outputs, s->F,
                            smaller(2 * rows, s->OH - 2 * row) * s->OW);
            NAME(transform_gradients)(D + g * live * lanes, p->other_pitch, turned, lanes, p, row, rows);
        }
        NAME(add_strip)(p, s->C, lanes, count * live, offset, V, D, sums);
    }
    return tame;
}

/* direct_weight_gradient for 3x3 windows. Returns 1 where a pixel or gradient is wild, so that
 * the sums are of no use. */
static int NAME(winograd_weight_gradient)(const conv_shape *s, const T *x, const T *dout, T *dw, T *db, int threads)
{
    const ptrdiff_t lanes = pieces(s->F, LANES) * LANES, size = (16 * s->C + 1) * lanes;
    const correlation c = forward_correlation(s);
    const strip_plan p = plan_strips(&c, s->N, lanes, LANES);
    const ptrdiff_t share = items_of_a_part(p.strips, s);
    const ptrdiff_t scratch = size + 16 * (p.pixel_pitch + p.other_pitch) + 8 * p.part + 2 * p.band * s->OW * lanes;
    T *total = allocate_zeros((size + p.part) * sizeof(T)), *inner = total ? total + size : NULL;
    T *room = allocate_zeros(threads * scratch * sizeof(T));
    ptrdiff_t *offset = malloc((s->C + 1) * sizeof(*offset));
    int failed = total && room && offset ? 0 : -1, wild = 0;
    if (!failed) {
        NAME(mark_edges)(inner, &p);
        for (ptrdiff_t k = 0; k < s->C; k++)
            offset[k] = k * p.room;
#pragma omp parallel for ordered schedule(static, 1) num_threads(threads) reduction(| : wild)
        for (ptrdiff_t first = 0; first < p.strips; first += share) {
            T *mine = room + THREAD * scratch, *sums = NAME(begin_part)(first, mine, total, size);
            wild |= !NAME(sum_strips)(s, &p, offset, x, dout, first, smaller(first + share, p.strips), sums, mine + size,
                                      inner);
#pragma omp ordered
            NAME(end_part)(first, sums, total, size);
        }
        memcpy(db, total + 16 * s->C * lanes, s->F * sizeof(T));
        for (ptrdiff_t f = 0; f < s->F; f++)
            wild |= !(db[f] * db[f] * 0 == 0);
        NAME(finish_weights)(dw, total, s->C, s->F, lanes);
    }
    release(total);
    release(room);
    free(offset);
    return failed ? failed : wild;
}
