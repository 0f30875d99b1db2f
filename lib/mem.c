#include "lib/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void out_of_memory(void)
{
	static const char text[] = "out of memory\n";
	fwrite(text, 1, sizeof(text) - 1, stderr);
	abort();
}

void *xmalloc(size_t size)
{
	void *p = malloc(size == 0 ? 1 : size);
	if (p == NULL) {
		out_of_memory();
	}
	return p;
}

void *xcalloc(size_t count, size_t size)
{
	void *p = calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);
	if (p == NULL) {
		out_of_memory();
	}
	return p;
}

void *xrealloc(void *ptr, size_t size)
{
	void *p = realloc(ptr, size == 0 ? 1 : size);
	if (p == NULL) {
		out_of_memory();
	}
	return p;
}

char *xstrndup(const char *s, size_t n)
{
	char *copy = xmalloc(n + 1);
	memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xvasprintf(const char *fmt, va_list args)
{
	char room[256]; /* most texts are short: written once, not measured first */
	va_list again;
	va_copy(again, args);
	int n = vsnprintf(room, sizeof(room), fmt, again);
	va_end(again);
	if (n < 0) {
		out_of_memory(); /* the only other cause is a wrong format, which -Wformat
		                    catches */
	}
	if ((size_t)n < sizeof(room)) {
		return xstrndup(room, (size_t)n);
	}
	char *text = xmalloc((size_t)n + 1);
	vsnprintf(text, (size_t)n + 1, fmt, args);
	return text;
}

char *xasprintf(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	char *text = xvasprintf(fmt, args);
	va_end(args);
	return text;
}

char *xstrdup_null(const char *s)
{
	return s == NULL ? NULL : xstrdup(s);
}

void str_replace(char **field, const char *value)
{
	char *copy = xstrdup_null(value); /* value may point into *field */
	free(*field);
	*field = copy;
}

void mem_autofree(void *ptr_to_ptr)
{
	void **p = ptr_to_ptr;
	free(*p);
	*p = NULL;
}
