/* Copy the pixels (row + r * step, column + z * step) of a plane to dst[r, z]; outside of the plane are zeros. With a
 * step of 2, up to a vector of numbers after the last row may change. */
static void NAME(sample)(T *restrict dst, const T *restrict plane, ptrdiff_t height, ptrdiff_t width,
                         ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column, ptrdiff_t columns, ptrdiff_t step)
{
    ptrdiff_t first = clamp(pieces(larger(-column, 0), step), 0, columns); /* columns inside the plane */
    ptrdiff_t last = clamp(pieces(larger(width - column, 0), step), first, columns);
    if (step == 1 && columns == width && first < last) { /* as the plane lies in memory, but for the edges */
        const ptrdiff_t top = clamp(-row, 0, rows), bottom = clamp(height - row, top, rows);
        const ptrdiff_t start = top * width + first, end = bottom * width - (columns - last);
        memset(dst, 0, top * width * sizeof(T));
        memset(dst + bottom * width, 0, (rows - bottom) * width * sizeof(T));
        if (start < end)
            memcpy(dst + start, plane + row * width + column + start, (end - start) * sizeof(T));
        for (ptrdiff_t r = top; r < bottom; r++) {
            for (ptrdiff_t z = 0; z < first; z++)
                dst[r * width + z] = 0;
            for (ptrdiff_t z = last; z < columns; z++)
                dst[r * width + z] = 0;
        }
        return;
    }
    for (ptrdiff_t r = 0; r < rows; r++, dst += columns) {
        ptrdiff_t y = row + r * step;
        if (y < 0 || y >= height) {
            memset(dst, 0, columns * sizeof(T));
            continue;
        }
        const ptrdiff_t from = y * width + column;
        for (ptrdiff_t z = 0; z < first; z++)
            dst[z] = 0;
        ptrdiff_t z = first;
        if (step == 1)
            memcpy(dst + first, plane + from + first, (last - first) * sizeof(T));
        if (step == 2) /* two vectors, while they are inside the plane, hold one of even and one of odd columns */
            for (; z < last && from + 2 * (z + LANES) <= height * width; z += LANES)
                AT(dst + z) = NAME(unzip)(CONST_AT(plane + from + 2 * z), CONST_AT(plane + from + 2 * z + LANES), 0);
        for (; step > 1 && z < last; z++)
            dst[z] = plane[from + z * step];
        for (z = last; z < columns; z++)
            dst[z] = 0;
    }
}

/* Transpose a square of LANES vectors: zipping the first half with the second, as often as LANES has halves. */
INLINE void NAME(transpose_square)(VECTOR square[])
{
    for (int half = 1; half < LANES; half *= 2) {
        VECTOR zipped[LANES];
        UNROLL for (int i = 0; i < LANES / 2; i++) {
            zipped[2 * i] = NAME(zip)(square[i], square[i + LANES / 2], 0);
            zipped[2 * i + 1] = NAME(zip)(square[i], square[i + LANES / 2], 1);
        }
        UNROLL for (int i = 0; i < LANES; i++)
            square[i] = zipped[i];
    }
}

/* dst[j, i] = src[i, j]; each row of dst has room for `room` numbers, of which those after `rows` may change. */
static void NAME(transpose)(T *restrict dst, ptrdiff_t dst_pitch, ptrdiff_t room, const T *restrict src,
                            ptrdiff_t src_pitch, ptrdiff_t rows, ptrdiff_t columns)
{
    for (ptrdiff_t i = 0; i < rows; i += LANES) {
        ptrdiff_t j = 0;
        if (LANES > 1 && i + LANES <= room)
            for (; j + LANES <= columns; j += LANES) {
                VECTOR square[LANES];
                UNROLL for (int k = 0; k < LANES; k++)
                    square[k] = CONST_AT(src + smaller(i + k, rows - 1) * src_pitch + j);
                NAME(transpose_square)(square);
                UNROLL for (int k = 0; k < LANES; k++)
                    AT(dst + (j + k) * dst_pitch + i) = square[k];
            }
        for (; j < columns; j++)
            for (ptrdiff_t k = i; k < smaller(i + LANES, rows); k++)
                dst[j * dst_pitch + k] = src[k * src_pitch + j];
    }
}
