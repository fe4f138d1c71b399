#include "AllocationCount.h"

#include <errno.h>
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

#ifndef HAS_SANITIZER

static void note(void) {
    if (!atomic_load_explicit(&is_armed, memory_order_relaxed)) return;
    if (kind == UNKNOWN) kind = prctl(PR_GET_TIMERSLACK) == COUNTED_SLACK ? COUNTED : OTHER;
    if (kind == COUNTED) atomic_fetch_add_explicit(&counted, 1, memory_order_relaxed);
}

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) {
    note();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    note();
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    note();
    return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
    note();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    note();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    note();
    void *memory = __libc_memalign(alignment, size);
    if (!memory) return ENOMEM;
    *result = memory;
    return 0;
}

#endif
