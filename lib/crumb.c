#include "lib/crumb.h"

#include <stddef.h>

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

void crumb_begin(int64_t job)
{
	crumb.job = job;
}

void crumb_end(void)
{
	crumb.job = 0;
}
