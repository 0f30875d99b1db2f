#include "lib/buf.h"

#include "lib/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM_BYTES = 256 };

void buf_init(struct buf *buf, size_t cap_bytes)
{
	*buf = (struct buf){.cap = cap_bytes};
}

void buf_finish(struct buf *buf)
{
	free(buf->data);
	buf_init(buf, buf->cap);
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->data != NULL) {
		buf->data[0] = '\0';
	}
}

/* Makes room for n more bytes and the NUL. */
static bool reserve(struct buf *buf, size_t n)
{
	if (buf->failed || n > buf->cap - buf->len) {
		buf->failed = true;
		return false;
	}
	size_t need = buf->len + n + 1;
	if (need <= buf->room) {
		return true;
	}
	size_t room = buf->room == 0 ? FIRST_ROOM_BYTES : buf->room;
	while (room < need) {
		room *= 2;
	}
	buf->data = xrealloc(buf->data, room);
	buf->room = room;
	return true;
}

bool buf_add(struct buf *buf, const void *data, size_t n)
{
	if (!reserve(buf, n)) {
		return false;
	}
	if (n > 0) {
		memcpy(buf->data + buf->len, data, n);
	}
	buf->len += n;
	buf->data[buf->len] = '\0';
	return true;
}

bool buf_add_str(struct buf *buf, struct str s)
{
	return buf_add(buf, s.p, s.n);
}

bool buf_vprintf(struct buf *buf, const char *fmt, va_list args)
{
	va_list again;
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0 || !reserve(buf, (size_t)n)) {
		buf->failed = true;
		return false;
	}
	vsnprintf(buf->data + buf->len, (size_t)n + 1, fmt, args);
	buf->len += (size_t)n;
	return true;
}

bool buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	bool ok = buf_vprintf(buf, fmt, args);
	va_end(args);
	return ok;
}

void buf_consume(struct buf *buf, size_t n)
{
	if (n >= buf->len) {
		buf->len = 0;
	} else {
		memmove(buf->data, buf->data + n, buf->len - n);
		buf->len -= n;
	}
	if (buf->data != NULL) {
		buf->data[buf->len] = '\0';
	}
}

struct str buf_str(const struct buf *buf)
{
	return (struct str){buf->data, buf->len};
}

const char *buf_cstr(const struct buf *buf)
{
	return buf->data == NULL ? "" : buf->data;
}

char *buf_take(struct buf *buf)
{
	char *data = NULL;

	if (!buf->failed) {
		data = buf->data == NULL ? xstrdup("") : buf->data;
		buf->data = NULL;
	}
	buf_finish(buf);
	return data;
}
