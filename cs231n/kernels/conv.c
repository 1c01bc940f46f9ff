/* The convolution for both element types: one source, compiled twice. */

#include "conv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define T float
#include "conv_kernel.h"
#undef T

#define T double
#include "conv_kernel.h"
#undef T
