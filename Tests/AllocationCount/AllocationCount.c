#include "AllocationCount.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif

// What new threads inherit and nothing else here uses: by how many nanoseconds their sleeps may be late.
enum { ORDINARY_SLACK = 0, COUNTED_SLACK = 50123 };

static atomic_long counted;
static atomic_long octets;
static atomic_int is_armed;
static _Thread_local enum { UNKNOWN, COUNTED, OTHER } kind;

int allocation_count_is_possible(void) {
#ifdef HAS_SANITIZER
    return 0;
#else
    return 1;
#endif
}

void allocation_count_begin(void) {
    kind = OTHER;
    prctl(PR_SET_TIMERSLACK, (unsigned long)COUNTED_SLACK);
    atomic_store(&is_armed, 1);
}

void allocation_count_end(void) {
    prctl(PR_SET_TIMERSLACK, (unsigned long)ORDINARY_SLACK);
}

long allocation_count(void) {
    return atomic_load(&counted);
}

long allocation_octets(void) {
    return atomic_load(&octets);
}

#ifndef HAS_SANITIZER

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static int is_counted(void) {
    if (!atomic_load_explicit(&is_armed, memory_order_relaxed)) return 0;
    if (kind == UNKNOWN) kind = prctl(PR_GET_TIMERSLACK) == COUNTED_SLACK ? COUNTED : OTHER;
    return kind == COUNTED;
}

// What the allocator spends on a piece of memory: the room in it, and the size that stands before it.
static long cost(void *memory) {
    return memory ? (long)(malloc_usable_size(memory) + sizeof(size_t)) : 0;
}

static void *taken(void *memory) {
    if (is_counted()) {
        atomic_fetch_add_explicit(&counted, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&octets, cost(memory), memory_order_relaxed);
    }
    return memory;
}

static void given_back(void *memory) {
    if (is_counted()) atomic_fetch_sub_explicit(&octets, cost(memory), memory_order_relaxed);
}

void *malloc(size_t size) {
    return taken(__libc_malloc(size));
}

void *calloc(size_t count, size_t size) {
    return taken(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size) {
    given_back(old);
    return taken(__libc_realloc(old, size));
}

void *memalign(size_t alignment, size_t size) {
    return taken(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size) {
    return taken(__libc_memalign(alignment, size));
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    void *memory = taken(__libc_memalign(alignment, size));
    if (!memory) return ENOMEM;
    *result = memory;
    return 0;
}

void free(void *memory) {
    given_back(memory);
    __libc_free(memory);
}

#endif
