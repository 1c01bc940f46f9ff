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

static int NAME(correlate_directly)(const correlation *c, ptrdiff_t images, const T *source, const T *w,
                                  const T *bias, T *out, int threads)
{
    const ptrdiff_t tile = TILE_VECTORS * LANES;
    const ptrdiff_t phases = smaller(c->step, c->window_height), extra = (c->window_height - 1) / c->step;
    /* A band of output rows and a block of planes, such that their samples fit into the scratch. */
    const ptrdiff_t budget = SCRATCH_BYTES / sizeof(T) / c->window_width / phases;
    const ptrdiff_t band = clamp(budget / smaller(c->planes, 8) / c->columns - extra, 1, c->rows);
    const ptrdiff_t bands = pieces(c->rows, band), phase = (band + extra) * c->columns;
    const ptrdiff_t area = c->window_height * c->window_width; /* short sums, added up: they lose fewer digits */
    const ptrdiff_t fit = clamp(smaller(budget / phase, 512 / area), 1, c->planes);
    const ptrdiff_t block = pieces(c->planes, pieces(c->planes, fit));
    const ptrdiff_t plane = (pieces(phases * phase, LANES) | 1) * LANES; /* odd, to spread over the cache */
    const ptrdiff_t scratch = pieces(block * c->window_width * plane + tile, 64) * 64;
    const int contiguous = c->out_column == 1 && c->out_row == c->columns;

    ptrdiff_t *offset = malloc(block * area * sizeof(*offset));
    ptrdiff_t *place = malloc(band * c->columns * sizeof(*place)); /* of a pixel in the output */
    T *packed = malloc((c->filters * c->planes * area + c->filters) * sizeof(T));
    T *room = allocate(threads * scratch * sizeof(T));
    const int failed = !(offset && place && packed && room);
    if (!failed) {
        NAME(pack)(c, block, w, packed);
        T *start = packed + c->filters * c->planes * area;
        for (ptrdiff_t f = 0; f < c->filters; f++)
            start[f] = bias ? bias[f] : 0;
        for (ptrdiff_t q = 0; q < band * c->columns; q++)
            place[q] = q / c->columns * c->out_row + q % c->columns * c->out_column;
        ptrdiff_t *next = offset;
        for (ptrdiff_t p = 0; p < block * c->window_width; p++)
            for (ptrdiff_t i = 0; i < c->window_height; i++)
                *next++ = p * plane + (i % c->step) * phase + i / c->step * c->columns;

#pragma omp parallel for schedule(static) num_threads(threads)
        for (ptrdiff_t item = 0; item < images * bands; item++) {
            T *samples = room + THREAD * scratch;
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
                                    stage[g * tile + q] = here[g * c->out_plane + place[p + q]];
                        NAME(correlate)[vectors - 1][n - 1](count * area, offset, samples + p, weights,
                                                            b ? NULL : start + f, direct ? here + p : stage,
                                                            direct ? c->out_plane : tile);
                        if (!direct)
                            for (ptrdiff_t g = 0; g < n; g++)
                                for (ptrdiff_t q = 0; q < live; q++)
                                    here[g * c->out_plane + place[p + q]] = stage[g * tile + q];
                        weights += count * area * n;
                    }
                }
            }
        }
    }
    free(offset);
    free(place);
    free(packed);
    release(room);
    return failed ? -1 : 0;
}

/* The gradients of the weights and the bias. The vectors lie along the filters: dout is turned into (pixel,
 * filter), and each pixel of x is multiplied with the vector of all filters' gradients. The bias counts as one
 * more weight, the first, whose pixel is always one. */
static int NAME(direct_weight_gradient)(const conv_shape *s, const T *x, const T *dout, T *dw, T *db, int threads)
{
    const ptrdiff_t lanes = pieces(s->F, LANES) * LANES, area = s->HH * s->WW, K = 1 + s->C * area;
    const ptrdiff_t budget = SCRATCH_BYTES / sizeof(T), width = (s->OW - 1) * s->stride + s->WW;
    const ptrdiff_t band = clamp(budget / lanes / s->OW, 1, s->OH), height = (band - 1) * s->stride + s->HH;
    const ptrdiff_t bands = pieces(s->OH, band), items = s->N * bands, pixels = band * s->OW;
    const ptrdiff_t chunk = clamp(budget / (pixels * lanes), 1, larger(items, 1));
    const ptrdiff_t fit = clamp(budget / (chunk * height * width), 1, s->C), block = pieces(s->C, pieces(s->C, fit));
    const ptrdiff_t slot = (1 + block) * height * width;

    T *sums = allocate_zeros(K * lanes * sizeof(T));
    T *turned = allocate_zeros(chunk * pixels * lanes * sizeof(T));
    T *samples = allocate(chunk * slot * sizeof(T));
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
                NAME(transpose)(turned + g * pixels * lanes, lanes, lanes, dout + (image * s->F * s->OH + row) * s->OW,
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
        NAME(transpose)(dw, K - 1, K - 1, sums + lanes, lanes, K - 1, s->F);
    }
    release(sums);
    release(turned);
    release(samples);
    free(offset);
    return failed ? -1 : 0;
}
