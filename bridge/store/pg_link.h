/* pg_link: the connection to PostgreSQL, and how it comes back. Internal to store/.
 *
 * Non-blocking (libpq, "Asynchronous Command Processing" and "Pipeline Mode"). A
 * connection that is up is in pipeline mode, holds the lock that keeps a second daemon
 * out, and no older connection of this process is alive on the server any more. */
#ifndef BRIDGE_STORE_PG_LINK_H
#define BRIDGE_STORE_PG_LINK_H

#include "lib/err.h"
#include "lib/loop.h"
#include <libpq-fe.h>

struct pg_link;

struct pg_link_handlers { /* all from the loop */
	void (*up)(void *arg);
	void (*input)(void *arg); /* results may be there: PQgetResult() */
	void (*down)(void *arg);  /* what was under way on it is lost */
};

/* Connects for the first time and blocks meanwhile, for at most about ten seconds; up()
 * is not called for it. Then pg_link_conn() may be used for blocking calls, until
 * pg_link_start(). NULL and *err (code: store_open_code). */
struct pg_link *pg_link_open(struct loop *loop, const char *uri, struct err *err);
void pg_link_start(
        struct pg_link *link, const struct pg_link_handlers *handlers, void *arg);
void pg_link_close(struct pg_link **link); /* *link may be NULL */

PGconn *pg_link_conn(struct pg_link *link); /* NULL: it is down */
/* Commands were handed to libpq: see that they leave. */
void pg_link_flush(struct pg_link *link);
/* The connection is no good: down() is called before this returns. */
void pg_link_drop(struct pg_link *link, const char *why);
/* Blocks for at most wait_ms until there is input or the connection is lost; handlers
 * are called as from the loop. */
void pg_link_wait(struct pg_link *link, int wait_ms);

#endif
