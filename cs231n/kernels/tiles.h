/* Tiles of sums that live in registers: TILE_ROWS x TILE_VECTORS vectors. */
#define TILE_ROWS 6
#define TILE_VECTORS (VECTOR_REGISTERS == 32 ? 4 : 2)

/* How many of `left` rows the next tile takes, so that tiles differ by one row at most. */
#define NEXT_ROWS(left) pieces(left, pieces(left, TILE_ROWS))

/* out[f][v] = bias[f] + sum over k of weights[k][f] * pixels[offset[k] + vector v]; without bias, out[f][v] +=
 * From vector to vector it is `step` pixels, and `out_step` outputs. */
INLINE void NAME(correlate_tile)(const int nf, const int nv, ptrdiff_t K, const ptrdiff_t *restrict offset,
                                 const T *restrict pixels, ptrdiff_t step, const T *restrict weights,
                                 const T *restrict bias, T *restrict out, ptrdiff_t pitch, ptrdiff_t out_step)
{
    VECTOR sum[TILE_ROWS][4];
    UNROLL for (int f = 0; f < nf; f++)
        UNROLL for (int v = 0; v < nv; v++)
            sum[f][v] = BROADCAST(bias ? bias[f] : 0);
    for (ptrdiff_t k = 0; k < K; k++, weights += nf) {
        const T *from = pixels + offset[k];
        VECTOR x[4];
        UNROLL for (int v = 0; v < nv; v++)
            x[v] = CONST_AT(from + v * step);
        UNROLL for (int f = 0; f < nf; f++) {
            VECTOR w = BROADCAST(weights[f]);
            UNROLL for (int v = 0; v < nv; v++)
                sum[f][v] += w * x[v];
        }
    }
    UNROLL for (int f = 0; f < nf; f++)
        UNROLL for (int v = 0; v < nv; v++) {
            if (!bias)
                sum[f][v] += CONST_AT(out + f * pitch + v * out_step);
            AT(out + f * pitch + v * out_step) = sum[f][v];
        }
}

/* sums[t][v] += sum over the pixels (n, y, z) of x[offset[t] + n * image_pitch + y * row_pitch + z * column_pitch] *
 * d[pixel][v] */
INLINE void NAME(gradient_tile)(const int nt, const int nv, ptrdiff_t images, ptrdiff_t rows, ptrdiff_t columns,
                                ptrdiff_t image_pitch, ptrdiff_t row_pitch, ptrdiff_t column_pitch,
                                const ptrdiff_t *restrict offset, const T *restrict x, const T *restrict d,
                                ptrdiff_t pitch, T *restrict out)
{
    VECTOR sum[TILE_ROWS][4];
    const T *from[TILE_ROWS];
    UNROLL for (int t = 0; t < nt; t++) {
        from[t] = x + offset[t];
        UNROLL for (int v = 0; v < nv; v++)
            sum[t][v] = (VECTOR){0};
    }
    for (ptrdiff_t n = 0; n < images; n++)
        for (ptrdiff_t y = 0; y < rows; y++)
            for (ptrdiff_t z = 0; z < columns; z++, d += pitch) {
                const ptrdiff_t at = n * image_pitch + y * row_pitch + z * column_pitch;
                VECTOR g[4];
                UNROLL for (int v = 0; v < nv; v++)
                    g[v] = CONST_AT(d + v * LANES);
                UNROLL for (int t = 0; t < nt; t++) {
                    VECTOR s = BROADCAST(from[t][at]);
                    UNROLL for (int v = 0; v < nv; v++)
                        sum[t][v] += s * g[v];
                }
            }
    UNROLL for (int t = 0; t < nt; t++)
        UNROLL for (int v = 0; v < nv; v++)
            AT(out + t * pitch + v * LANES) += sum[t][v];
}

/* The compiler makes a version of each tile for each size. */
typedef void NAME(correlate_function)(ptrdiff_t, const ptrdiff_t *, const T *, ptrdiff_t, const T *, const T *, T *,
                                      ptrdiff_t, ptrdiff_t);
typedef void NAME(gradient_function)(ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t,
                                     const ptrdiff_t *, const T *, const T *, ptrdiff_t, T *);
#define TILE(n, v)                                                                                                \
    static void NAME(correlate_##n##x##v)(ptrdiff_t K, const ptrdiff_t *offset, const T *pixels, ptrdiff_t step,  \
                                          const T *weights, const T *bias, T *out, ptrdiff_t pitch,               \
                                          ptrdiff_t out_step)                                                     \
    {                                                                                                             \
        NAME(correlate_tile)(n, v, K, offset, pixels, step, weights, bias, out, pitch, out_step);                 \
    }                                                                                                             \
    static void NAME(gradient_##n##x##v)(ptrdiff_t images, ptrdiff_t rows, ptrdiff_t columns,                     \
                                         ptrdiff_t image_pitch, ptrdiff_t row_pitch, ptrdiff_t column_pitch,      \
                                         const ptrdiff_t *offset, const T *x, const T *d, ptrdiff_t pitch,        \
                                         T *out)                                                                  \
    {                                                                                                             \
        NAME(gradient_tile)(n, v, images, rows, columns, image_pitch, row_pitch, column_pitch, offset, x, d,      \
                            pitch, out);                                                                          \
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

