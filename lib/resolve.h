/* resolve: host names to addresses without holding up the loop. */
#ifndef LIB_RESOLVE_H
#define LIB_RESOLVE_H

#include "lib/err.h"
#include "lib/loop.h"
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

enum { RESOLVE_MAX = 8 };

struct resolved {
	size_t count;                                  /* at least 1 */
	char addresses[RESOLVE_MAX][INET6_ADDRSTRLEN]; /* numeric, best first */
};

struct resolve; /* one question under way */

/* Answers what needs no question: addresses, and localhost (RFC 6761, 6.3). False: ask.
 */
bool resolve_known(const char *host, struct resolved *out);

/* found is NULL if there is no such name or the name servers cannot be reached; then *err
 * says which (retry). Called once, from the loop, never inside start; the question is
 * over then. */
typedef void resolve_fn(const struct resolved *found, const struct err *err, void *arg);

/* Asks, in a thread of libuv's pool, where getaddrinfo() may block. NULL and *err
 * (permanent) if it cannot be a host name. */
struct resolve *resolve_start(struct loop *loop, const char *host, resolve_fn *done,
        void *arg, struct err *err);
/* done() will not run. *resolve may be NULL. */
void resolve_cancel(struct resolve **resolve);

#endif
