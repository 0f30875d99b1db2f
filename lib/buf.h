/* buf: a growing byte buffer with a mandatory cap. Always NUL-terminated; once an append
 * would pass the cap the buffer is failed for good, and says so once, at the end. */
#ifndef LIB_BUF_H
#define LIB_BUF_H

#include "lib/str.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct buf {
	char *data; /* NULL until the first append */
	size_t len;
	size_t room;
	size_t cap;
	bool failed;
};

void buf_init(struct buf *buf, size_t cap_bytes);
void buf_finish(
        struct buf *buf); /* frees; the buffer may be used again with its old cap */
void buf_clear(struct buf *buf); /* empties, keeps the memory */

bool buf_add(struct buf *buf, const void *data, size_t n); /* false: over the cap */
bool buf_add_str(struct buf *buf, struct str s);
/* Inline, so that the length of a literal is known when it is compiled. */
static inline bool buf_puts(struct buf *buf, const char *s)
{
	return buf_add(buf, s, strlen(s));
}
bool buf_printf(struct buf *buf, const char *fmt, ...)
        __attribute__((format(printf, 2, 3)));
bool buf_vprintf(struct buf *buf, const char *fmt, va_list args)
        __attribute__((format(printf, 2, 0)));

/* Drops the first n bytes. */
void buf_consume(struct buf *buf, size_t n);

struct str buf_str(const struct buf *buf);   /* borrowed until the next change */
const char *buf_cstr(const struct buf *buf); /* "" when empty; borrowed likewise */
char *buf_take(struct buf *buf);             /* the caller's; NULL if it failed */

#endif
