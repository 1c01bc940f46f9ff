/* Max pooling of contiguous NCHW images, for one element type T.
 *
 * The windows of one row of outputs lie `stride` pixels apart, and vectors are neighbouring numbers. So each row of
 * pixels is first split into its phases, the columns 0, stride, 2 * stride, ..., then 1, stride + 1, ...; in a phase
 * the pixels of neighbouring windows are neighbours. The backward pass looks for the maxima again: that takes less
 * time than to store where they were and to read it. */

#define GROUP 16 /* windows looked at together, one in each lane */

INLINE void NAME(split_by)(const ptrdiff_t stride, const T *restrict row, ptrdiff_t width, T *restrict phases,
                           ptrdiff_t pitch)
{
    const ptrdiff_t whole = width / stride;
    for (ptrdiff_t m = 0; m < whole; m++)
        for (ptrdiff_t f = 0; f < stride; f++)
            phases[f * pitch + m] = row[m * stride + f];
    for (ptrdiff_t f = 0; f < width % stride; f++)
        phases[f * pitch + whole] = row[whole * stride + f];
}

/* phases[f][m] = row[m * stride + f]; with the stride known, the compiler makes vectors of it. */
static void NAME(split)(ptrdiff_t stride, const T *row, ptrdiff_t width, T *phases, ptrdiff_t pitch)
{
    switch (stride) {
    case 1: memcpy(phases, row, width * sizeof(T)); break;
    case 2: NAME(split_by)(2, row, width, phases, pitch); break;
    case 3: NAME(split_by)(3, row, width, phases, pitch); break;
    default: NAME(split_by)(stride, row, width, phases, pitch);
    }
}

/* Find the first maximum of each of a group of windows, in row order, and its place counted from the window's
 * corner. NaN counts as larger than anything: once met, it stays. */
static void NAME(find_maxima)(const pool_shape *s, const T *restrict phases, ptrdiff_t columns, T *restrict best,
                              INDEX *restrict place)
{
    VECTOR most[GROUP / LANES];
    NAME(lanes) found[GROUP / LANES];
    UNROLL for (int v = 0; v < GROUP / LANES; v++) {
        most[v] = CONST_AT(phases + v * LANES);
        found[v] = (NAME(lanes)){0};
    }
    for (ptrdiff_t i = 0; i < s->height; i++, phases += columns)
        for (ptrdiff_t j = 0, phase = 0, shift = 0; j < s->width; j++) {
            const T *pixels = phases + phase * s->height * columns + shift;
            const INDEX here = (INDEX)(i * s->W + j);
            UNROLL for (int v = 0; v < GROUP / LANES; v++) {
                const VECTOR pixel = CONST_AT(pixels + v * LANES);
                const NAME(lanes) larger = NAME(is_larger)(most[v], pixel);
                most[v] = NAME(choose)(larger, most[v], pixel);
                found[v] = (found[v] & ~larger) | (here & larger);
            }
            if (++phase == s->stride) {
                phase = 0;
                shift++;
            }
        }
    memcpy(best, most, sizeof(most));
    memcpy(place, found, sizeof(found));
}

/* Without dout: write the maxima to `result`, out. With dout: add it to `result`, dx, where the maxima are. */
static int NAME(pool)(const pool_shape *s, const T *x, const T *dout, T *result, int threads)
{
    const ptrdiff_t plane = s->H * s->W, columns = (s->W + s->stride - 1) / s->stride, pitch = s->height * columns;
    const ptrdiff_t share = s->stride * pitch + GROUP; /* of a thread; the last group reads beyond its phase */
    T *scratch = calloc(threads * share, sizeof(T));
    if (!scratch)
        return -1;
#pragma omp parallel for schedule(static) num_threads(threads)
    for (ptrdiff_t p = 0; p < s->planes; p++) {
        T *phases = scratch + THREAD * share;
        if (dout)
            memset(result + p * plane, 0, plane * sizeof(T));
        for (ptrdiff_t y = 0; y < s->OH; y++) {
            const ptrdiff_t corner = p * plane + y * s->stride * s->W, out = (p * s->OH + y) * s->OW;
            if (s->W % s->stride == 0) /* the rows of a phase follow each other as those of the image do */
                NAME(split)(s->stride, x + corner, s->height * s->W, phases, pitch);
            else
                for (ptrdiff_t i = 0; i < s->height; i++)
                    NAME(split)(s->stride, x + corner + i * s->W, s->W, phases + i * columns, pitch);
            for (ptrdiff_t z = 0; z < s->OW; z += GROUP) {
                T best[GROUP];
                INDEX place[GROUP];
                const ptrdiff_t count = s->OW - z < GROUP ? s->OW - z : GROUP;
                NAME(find_maxima)(s, phases + z, columns, best, place);
                if (!dout)
                    memcpy(result + out + z, best, count * sizeof(T));
                else
                    for (ptrdiff_t k = 0; k < count; k++)
                        result[corner + (z + k) * s->stride + place[k]] += dout[out + z + k];
            }
        }
    }
    free(scratch);
    return 0;
}

static int NAME(pool_forward)(const pool_shape *s, const T *x, T *out, int threads)
{
    return NAME(pool)(s, x, NULL, out, threads);
}

static int NAME(pool_backward)(const pool_shape *s, const T *x, const T *dout, T *dx, int threads)
{
    return NAME(pool)(s, x, dout, dx, threads);
}
