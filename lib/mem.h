/* mem: allocation that cannot fail. Out of memory ends the program: it is crash-safe,
 * and a supervisor restarts it. All strings returned are the caller's to free(). */
#ifndef LIB_MEM_H
#define LIB_MEM_H

#include <stdarg.h>
#include <stddef.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *ptr, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...)
        __attribute__((format(printf, 1, 2), malloc, returns_nonnull));
char *xvasprintf(const char *fmt, va_list args)
        __attribute__((format(printf, 1, 0), malloc, returns_nonnull));

/* strdup that maps NULL to NULL. */
char *xstrdup_null(const char *s);

/* Frees *field and puts a copy of value (which may be NULL) there. */
void str_replace(char **field, const char *value);

/* Frees the variable at the end of its scope. */
#define autofree __attribute__((cleanup(mem_autofree)))
void mem_autofree(void *ptr_to_ptr);

#endif
