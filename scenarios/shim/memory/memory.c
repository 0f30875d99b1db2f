/* Memory that runs out: preloaded beside the shim, and only where it is wanted, because a
 * sanitizer brings an allocator of its own. The k-th allocation of the daemon's main
 * thread fails, or all from the k-th on. */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

/* The shim's: whether this one shall fail. */
bool shim_denies_memory(void);

/* glibc's own, under names that nothing stands before. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *old, size_t size);

void *malloc(size_t size)
{
	if (shim_denies_memory()) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	if (shim_denies_memory()) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	if (shim_denies_memory()) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_realloc(old, size);
}
