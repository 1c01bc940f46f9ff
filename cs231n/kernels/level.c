/* All kernels for one level: compiled once for each, with the flags that setup.py has for it, into the table LEVEL.
 *
 * A level is a set of instructions. The sources are the same for each, and so is all but the size of the vectors. */

#include "kernels.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#define THREAD omp_get_thread_num()
#else
#define THREAD 0
#endif

#include "memory.h"
#include "sizes.h"

#define T float
#define INDEX int32_t
#define WINOGRAD 1
#include "vector.h"
#include "conv_kernel.h"
#include "pool_kernel.h"
#undef T
#undef INDEX
#undef WINOGRAD

#define T double
#define INDEX int64_t
#define WINOGRAD 0 /* the direct sum is exact to more digits, and fast enough */
#include "vector.h"
#include "conv_kernel.h"
#include "pool_kernel.h"
#undef T
#undef INDEX
#undef WINOGRAD

#define TABLE(T) \
    conv_forward_##T, conv_input_gradient_##T, conv_weight_gradient_##T, pool_forward_##T, pool_backward_##T
const kernel_table LEVEL = {TABLE(float), TABLE(double)};
