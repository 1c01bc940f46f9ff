/* Scratch that starts on a cache line: a vector that lies across two lines takes two loads. */

#define CACHE_LINE 64

static void *allocate(size_t bytes)
{
    char *block = malloc(bytes + CACHE_LINE + sizeof(void *));
    if (!block)
        return NULL;
    const uintptr_t start = ((uintptr_t)block + sizeof(void *) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    ((void **)start)[-1] = block; /* for release */
    return (void *)start;
}

static void *allocate_zeros(size_t bytes)
{
    void *memory = allocate(bytes);
    return memory ? memset(memory, 0, bytes) : NULL;
}

static void release(void *memory)
{
    if (memory)
        free(((void **)memory)[-1]);
}
