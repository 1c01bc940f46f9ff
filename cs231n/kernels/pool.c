/* Max pooling for both element types: one source, compiled twice. */

#include "pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#define THREAD omp_get_thread_num()
#else
#define THREAD 0
#endif

#define GROUP 16 /* windows looked at together; the compiler turns a loop of this length into vectors */

#define T float
#define INDEX int32_t
#include "pool_kernel.h"
#undef T
#undef INDEX

#define T double
#define INDEX int64_t
#include "pool_kernel.h"
#undef T
#undef INDEX
