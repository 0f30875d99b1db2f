/* database: the database of one story's daemon, and what befalls it: SQLite in the
 * story's folder, or one of its own in a PostgreSQL server. */
#ifndef RUNNER_DATABASE_H
#define RUNNER_DATABASE_H

#include "lib/err.h"
#include <stdbool.h>
#include <sys/types.h>

struct database;

/* dir: the story's folder, for SQLite's file or a server of its own. shared_socket: the
 * PostgreSQL server of all stories, NULL: none. template: a cluster to make one's own
 * from, NULL: made anew. wants_postgres without a shared server, or own_server: the story
 * gets a server of its own. */
struct database_options {
	const char *dir, *shared_socket, *template;
	bool wants_postgres, own_server;
};

/* NULL and *err if PostgreSQL is wanted and cannot be had. */
struct database *database_create(const struct database_options *options, struct err *err);
/* Lets go of its lock, and drops it. *database may be NULL. */
void database_destroy(struct database **database);

/* For the daemon's configuration. Borrowed. */
const char *database_type(const struct database *database);
const char *database_uri(const struct database *database);
/* A server that works in real time: the daemon's waits for it are no idleness. */
bool database_is_server(const struct database *database);

/* Another program takes the right to write and keeps it. */
bool database_lock(struct database *database, struct err *err);
void database_unlock(struct database *database);
/* Of a server of its own; how: as pgserver_stop(). */
bool database_stop(struct database *database, const char *how, struct err *err);
bool database_start(struct database *database, struct err *err);
/* The first process of a server of its own; 0: it has none, or it does not run. */
pid_t database_pid(const struct database *database);

/* The rows of a table, all or those of an SQL condition (where: NULL for all). */
bool database_count(struct database *database, const char *table, const char *where,
        int64_t *rows, struct err *err);

#endif
