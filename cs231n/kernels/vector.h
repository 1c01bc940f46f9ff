/* Short vectors: one type for whatever vector registers the processor has.
 *
 * A vector register holds several neighbouring numbers, and one instruction works on all of them. GCC and clang
 * know such a vector as a type with the usual operators, so that nothing here is tied to one processor. Other
 * compilers get vectors of one number: the same results, only slower.
 *
 * Included once for each element type, with T defined as float or double and INDEX as the integer of its size. */

#ifndef VECTOR_BYTES
#if !defined(__GNUC__)
#define VECTOR_BYTES 0 /* one number */
#elif defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16 /* SSE2, NEON */
#endif
#endif

#if defined(__AVX512F__) || defined(__aarch64__)
#define VECTOR_REGISTERS 32
#else
#define VECTOR_REGISTERS 16
#endif

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#else
#define INLINE static __forceinline
#define UNROLL
#define restrict __restrict
#endif

/* NAME(tile) is tile_float or tile_double. */
#define PASTE(name, type) name##_##type
#define PASTE_EXPANDED(name, type) PASTE(name, type)
#define NAME(name) PASTE_EXPANDED(name, T)

#if VECTOR_BYTES
typedef T NAME(vector) __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(T)), may_alias));
#else
typedef T NAME(vector);
#endif
#define VECTOR NAME(vector)
#define LANES ((ptrdiff_t)(sizeof(VECTOR) / sizeof(T))) /* numbers in a vector */

/* A vector that holds one number in each lane. To add zero would turn -0 into 0, which is work that the compiler has
 * to do; to subtract zero changes no number, so that nothing but a load is left of it. */
#define BROADCAST(number) ((number) - (VECTOR){0})

/* The vector at p, which need not be aligned. */
#define AT(p) (*(VECTOR *)(p))
#define CONST_AT(p) (*(const VECTOR *)(p))

/* zip interleaves two vectors, a0 b0 a1 b1 ..., and returns the first or the second half; unzip returns the even
 * or the odd numbers of a and b together. */
#if !VECTOR_BYTES
typedef INDEX NAME(lanes);
INLINE T NAME(zip)(T a, T b, const int half) { return half ? b : a; }
INLINE T NAME(unzip)(T a, T b, const int odd) { return odd ? b : a; }
#else
typedef INDEX NAME(lanes) __attribute__((vector_size(VECTOR_BYTES)));
INLINE VECTOR NAME(pick)(VECTOR a, VECTOR b, NAME(lanes) from)
{
#ifdef __clang__
    VECTOR picked;
    UNROLL for (int i = 0; i < LANES; i++)
        picked[i] = from[i] < LANES ? a[from[i]] : b[from[i] - LANES];
    return picked;
#else
    return __builtin_shuffle(a, b, from);
#endif
}
INLINE VECTOR NAME(zip)(VECTOR a, VECTOR b, const int half)
{
    NAME(lanes) from;
    UNROLL for (int i = 0; i < LANES; i++)
        from[i] = half * LANES / 2 + i / 2 + i % 2 * LANES;
    return NAME(pick)(a, b, from);
}
INLINE VECTOR NAME(unzip)(VECTOR a, VECTOR b, const int odd)
{
    NAME(lanes) from;
    UNROLL for (int i = 0; i < LANES; i++)
        from[i] = 2 * i + odd;
    return NAME(pick)(a, b, from);
}
#endif

/* The lanes of all ones (-1) where b is larger than a, or NaN; where a is NaN, nothing is larger. */
INLINE NAME(lanes) NAME(is_larger)(VECTOR a, VECTOR b)
{
#if VECTOR_BYTES
    return (NAME(lanes))(a == a) & ~(NAME(lanes))(b <= a);
#else
    return a == a && !(b <= a) ? -1 : 0;
#endif
}

/* In each lane b where the mask has ones, else a. */
INLINE VECTOR NAME(choose)(NAME(lanes) mask, VECTOR a, VECTOR b)
{
#if VECTOR_BYTES
    return (VECTOR)(((NAME(lanes))a & ~mask) | ((NAME(lanes))b & mask));
#else
    return mask ? b : a;
#endif
}
