/* The levels that the extension was compiled for, lowest first. See dispatch.c. */

#include "kernels.h"

typedef struct {
    const char *name;
    const kernel_table *kernels;
    const char *lacking; /* the first instructions of the level that this processor does not have, NULL if none */
} kernel_level;

int count_levels(void);
kernel_level describe_level(int number);
