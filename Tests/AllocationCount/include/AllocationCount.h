// Counts the allocations of chosen threads, for tests that say how many there are. It takes the place of malloc and its like in
// the test program, so it is no part of anything else.
#pragma once

/// Whether allocations can be counted here: a sanitizer needs malloc for itself.
int allocation_count_is_possible(void);

/// From now on counts what is allocated by threads that the calling one creates, and by theirs; not by itself.
void allocation_count_begin(void);

/// Ends this for threads that are created later. Those that exist are counted until they end.
void allocation_count_end(void);

/// Allocations so far.
long allocation_count(void);

/// Octets that counted threads have allocated and not freed, with what the allocator itself needs for them.
long allocation_octets(void);
