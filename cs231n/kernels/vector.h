/* Short vectors: one type for whatever vector registers the processor has.
 *
 * A vector register holds several neighbouring numbers, and one instruction works on all of them. GCC and clang
 * know such a vector as a type with the usual operators, so that nothing here is tied to one processor. Other
 * compilers get vectors of one number: the same results, only slower.
 *
 * Included once for each element type, with T defined as float or double. */

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
#define UNROLL _Pragma("GCC unroll 16")
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

/* The vector at p, which need not be aligned. */
#define AT(p) (*(VECTOR *)(p))
#define CONST_AT(p) (*(const VECTOR *)(p))
