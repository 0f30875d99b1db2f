#include "lib/crumb.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct crumb crumb;

static size_t put(size_t at, const char *word)
{
	for (; word != NULL && *word != '\0' && at < CRUMB_BYTES - 1; word++) {
		crumb.kind[at++] = *word;
	}
	crumb.kind[at] = '\0';
	return at;
}

void crumb_event(const char *a, const char *b)
{
	size_t at = put(0, a);

	if (b != NULL) {
		put(put(at, " "), b);
	}
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c != '\0' && strchr("$:._-", c) != NULL);
}

void crumb_source(const char *a, const char *id)
{
	size_t at = 0;

	for (const char *p = id == NULL ? "" : a; *p != '\0' && at < CRUMB_BYTES - 1;
	        p++) {
		crumb.source[at++] = *p;
	}
	for (const char *p = id == NULL ? "" : id; *p != '\0' && at < CRUMB_BYTES - 1;
	        p++) {
		crumb.source[at++] = is_plain(*p) ? *p : '_';
	}
	crumb.source[at] = '\0';
}

void crumb_begin(int64_t job)
{
	crumb.job = job;
}

void crumb_end(void)
{
	crumb.job = 0;
}
