/* Which levels are there, and which of them this processor has the instructions for.
 *
 * The compiler's own test also asks whether the operating system saves the wide registers. The names are those of
 * the flags that setup.py gives for a level, one by one: no level uses an instruction that is not asked for here. */

#include "dispatch.h"

#if defined(__x86_64__) || defined(_M_X64)
#define LOWEST "x86-64"
#elif defined(__aarch64__) || defined(_M_ARM64)
#define LOWEST "arm64"
#else
#define LOWEST "any processor"
#endif

extern const kernel_table kernels_lowest;

#define ASK(feature)                       \
    if (!__builtin_cpu_supports(#feature)) \
        return #feature;

#ifdef WITH_X86_64_V3
extern const kernel_table kernels_x86_64_v3;

static const char *lacking_of_v3(void)
{
    ASK(avx2) ASK(fma) ASK(bmi2)
    return NULL;
}
#endif

#ifdef WITH_X86_64_V4
extern const kernel_table kernels_x86_64_v4;

static const char *lacking_of_v4(void)
{
    ASK(avx2) ASK(fma) ASK(bmi2) ASK(avx512f) ASK(avx512bw) ASK(avx512dq) ASK(avx512vl)
    return NULL;
}
#endif

static const struct {
    const char *name;
    const kernel_table *kernels;
    const char *(*lacking)(void);
} LEVELS[] = {
    {LOWEST, &kernels_lowest, NULL},
#ifdef WITH_X86_64_V3
    {"x86-64-v3", &kernels_x86_64_v3, lacking_of_v3},
#endif
#ifdef WITH_X86_64_V4
    {"x86-64-v4", &kernels_x86_64_v4, lacking_of_v4},
#endif
};

int count_levels(void) { return sizeof(LEVELS) / sizeof(*LEVELS); }

kernel_level describe_level(int number)
{
    const kernel_level level = {
        .name = LEVELS[number].name,
        .kernels = LEVELS[number].kernels,
        .lacking = LEVELS[number].lacking ? LEVELS[number].lacking() : NULL,
    };
    return level;
}
