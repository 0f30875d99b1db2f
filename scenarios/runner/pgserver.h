/* pgserver: a PostgreSQL server of our own, on a Unix socket in its folder, for tests. It
 * listens on no network, trusts everybody who reaches the socket, and does not wait for
 * the disk. Everything here blocks. */
#ifndef RUNNER_PGSERVER_H
#define RUNNER_PGSERVER_H

#include "lib/err.h"
#include <stdbool.h>
#include <sys/types.h>

struct pgserver;

/* Makes a cluster in `dir`, which must not exist yet, and starts it. It dies with the
 * process that made it. NULL and *err: PostgreSQL is not installed, say. */
struct pgserver *pgserver_create(const char *dir, struct err *err);
/* Makes a cluster to be copied, without starting it. */
bool pgserver_make_template(const char *dir, struct err *err);
/* As pgserver_create(), quicker: a copy of such a one. */
struct pgserver *pgserver_create_copy(
        const char *dir, const char *template, struct err *err);
/* As pgserver_create(), with the settings of a real one: a commit is on the disk. */
struct pgserver *pgserver_create_durable(const char *dir, struct err *err);
/* Ends it and removes the folder; only in the process that made it. *server may be NULL.
 */
void pgserver_destroy(struct pgserver **server);

/* how: "fast" (transactions are rolled back, then it stops) or "immediate" (as if it
 * crashed: it recovers at the next start). */
bool pgserver_stop(struct pgserver *server, const char *how, struct err *err);
bool pgserver_start(struct pgserver *server, struct err *err);

/* The server's first process; 0: it does not run. */
pid_t pgserver_pid(const struct pgserver *server);

/* The folder of the socket: `host` of a connection string. Borrowed. */
const char *pgserver_socket(const struct pgserver *server);

/* Runs SQL in a database of the server with that socket. */
bool pgserver_run(
        const char *socket, const char *database, const char *sql, struct err *err);

#endif
