/* Max pooling for both element types: one source, compiled twice. */

#include "pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define T float
#define PLACE int32_t /* an integer as wide as T, so that as many of them fit into a vector */
#include "pool_kernel.h"
#undef PLACE
#undef T

#define T double
#define PLACE int64_t
#include "pool_kernel.h"
#undef PLACE
#undef T
