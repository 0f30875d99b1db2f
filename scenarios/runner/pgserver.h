/* pgserver: a PostgreSQL server of our own, on a Unix socket in its folder, for tests. It
 * listens on no network, trusts everybody who reaches the socket, and does not wait for
 * the disk. Everything here blocks. */
#ifndef RUNNER_PGSERVER_H
#define RUNNER_PGSERVER_H

#include "lib/err.h"
#include <stdbool.h>

struct pgserver;

/* Makes a cluster in `dir`, which must not exist yet, and starts it. It dies with the
 * process that made it. NULL and *err: PostgreSQL is not installed, say. */
struct pgserver *pgserver_create(const char *dir, struct err *err);
/* Ends it and removes the folder; only in the process that made it. *server may be NULL.
 */
void pgserver_destroy(struct pgserver **server);

/* how: "fast" (transactions are rolled back, then it stops) or "immediate" (as if it
 * crashed: it recovers at the next start). */
bool pgserver_stop(struct pgserver *server, const char *how, struct err *err);
bool pgserver_start(struct pgserver *server, struct err *err);

/* The folder of the socket: `host` of a connection string. Borrowed. */
const char *pgserver_socket(const struct pgserver *server);

/* Runs SQL in a database of the server with that socket. */
bool pgserver_run(
        const char *socket, const char *database, const char *sql, struct err *err);

#endif
