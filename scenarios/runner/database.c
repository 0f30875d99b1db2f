#include "scenarios/runner/database.h"

#include "lib/mem.h"
#include "scenarios/runner/pgserver.h"

#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct database {
	const char *type;
	char *uri;
	char *path;              /* SQLite's file; NULL: PostgreSQL */
	char *socket, *name;     /* PostgreSQL's */
	struct pgserver *server; /* its own; NULL: a shared one */
	sqlite3 *sqlite_lock;    /* NULL: not locked by us */
	PGconn *postgres_lock;
};

/* ---------------------------------------------------------------- making */

static void open_sqlite(struct database *database, const char *dir)
{
	database->type = "sqlite3-fk-wal";
	database->path = xasprintf("%s/bridge.db", dir);
	database->uri = xasprintf("file:%s?_txlock=immediate", database->path);
}

static bool open_postgres(struct database *database,
        const struct database_options *options, struct err *err)
{
	if (options->own_server || options->shared_socket == NULL) {
		autofree char *dir = xasprintf("%s/pg", options->dir);
		chmod(options->dir, 0711); /* the server runs as somebody else */
		database->server =
		        options->template == NULL
		                ? pgserver_create(dir, err)
		                : pgserver_create_copy(dir, options->template, err);
		if (database->server == NULL) {
			return false;
		}
	}
	database->type = "postgres";
	database->socket =
	        xstrdup(database->server == NULL ? options->shared_socket
	                                         : pgserver_socket(database->server));
	database->name = xasprintf("story_%d", (int)getpid());
	database->uri = xasprintf(
	        "postgres://bridge@/%s?host=%s", database->name, database->socket);
	autofree char *drop =
	        xasprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)", database->name);
	autofree char *make =
	        xasprintf("CREATE DATABASE %s TEMPLATE template0 STRATEGY file_copy",
	                database->name);
	return pgserver_run(database->socket, "postgres", drop, err) &&
	       pgserver_run(database->socket, "postgres", make, err);
}

struct database *database_create(const struct database_options *options, struct err *err)
{
	struct database *database = xcalloc(1, sizeof(*database));

	if (!options->wants_postgres) {
		open_sqlite(database, options->dir);
	} else if (!open_postgres(database, options, err)) {
		database_destroy(&database);
	}
	return database;
}

void database_destroy(struct database **destroying)
{
	struct database *database = *destroying;

	if (database == NULL) {
		return;
	}
	database_unlock(database);
	if (database->server != NULL) {
		pgserver_destroy(&database->server);
	} else if (database->name != NULL) {
		autofree char *drop = xasprintf(
		        "DROP DATABASE IF EXISTS %s WITH (FORCE)", database->name);
		pgserver_run(database->socket, "postgres", drop, NULL);
	}
	free(database->uri);
	free(database->path);
	free(database->socket);
	free(database->name);
	free(database);
	*destroying = NULL;
}

const char *database_type(const struct database *database)
{
	return database->type;
}

const char *database_uri(const struct database *database)
{
	return database->uri;
}

bool database_is_server(const struct database *database)
{
	return database->path == NULL;
}

/* ---------------------------------------------------------------- what befalls it */

static bool lock_sqlite(struct database *database, struct err *err)
{
	if (sqlite3_open_v2(database->path, &database->sqlite_lock, SQLITE_OPEN_READWRITE,
	            NULL) == SQLITE_OK &&
	        sqlite3_exec(database->sqlite_lock, "BEGIN IMMEDIATE", NULL, NULL,
	                NULL) == SQLITE_OK) {
		return true;
	}
	err_set(err, ERR_PERMANENT, 0, "cannot lock the daemon's database: %s",
	        sqlite3_errmsg(database->sqlite_lock));
	database_unlock(database);
	return false;
}

/* Every transaction of the daemon that writes leaves its mark in msb_meta. */
static bool lock_postgres(struct database *database, struct err *err)
{
	database->postgres_lock = PQconnectdb(database->uri);
	PGresult *result = PQexec(
	        database->postgres_lock, "BEGIN; LOCK TABLE msb_meta IN EXCLUSIVE MODE");
	bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;

	PQclear(result);
	if (!ok) {
		err_set(err, ERR_PERMANENT, 0, "cannot lock the daemon's database: %s",
		        PQerrorMessage(database->postgres_lock));
		database_unlock(database);
	}
	return ok;
}

bool database_lock(struct database *database, struct err *err)
{
	if (database->sqlite_lock != NULL || database->postgres_lock != NULL) {
		return true;
	}
	return database->path != NULL ? lock_sqlite(database, err)
	                              : lock_postgres(database, err);
}

void database_unlock(struct database *database)
{
	sqlite3_close(database->sqlite_lock); /* rolls back */
	database->sqlite_lock = NULL;
	PQfinish(database->postgres_lock);
	database->postgres_lock = NULL;
}

bool database_stop(struct database *database, const char *how, struct err *err)
{
	if (database->server == NULL) {
		return err_set(err, ERR_PERMANENT, 0,
		        "only a database server can be stopped: the story must say "
		        "\"setup: {database: postgres}\"");
	}
	return pgserver_stop(database->server, how, err);
}

pid_t database_pid(const struct database *database)
{
	return database->server == NULL ? 0 : pgserver_pid(database->server);
}

bool database_start(struct database *database, struct err *err)
{
	return database->server == NULL || pgserver_start(database->server, err);
}

/* ---------------------------------------------------------------- looking into it */

static int take_count(void *rows, int columns, char **values, char **names)
{
	(void)columns;
	(void)names;
	*(int64_t *)rows = strtoll(values[0], NULL, 10);
	return 0;
}

static bool count_sqlite(
        struct database *database, const char *sql, int64_t *rows, struct err *err)
{
	sqlite3 *sqlite = NULL;
	bool ok = sqlite3_open_v2(database->path, &sqlite, SQLITE_OPEN_READONLY, NULL) ==
	                  SQLITE_OK &&
	          sqlite3_exec(sqlite, sql, take_count, rows, NULL) == SQLITE_OK;

	if (!ok) {
		err_set(err, ERR_PERMANENT, 0, "%s", sqlite3_errmsg(sqlite));
	}
	sqlite3_close(sqlite);
	return ok;
}

static bool count_postgres(
        struct database *database, const char *sql, int64_t *rows, struct err *err)
{
	PGconn *conn = PQconnectdb(database->uri);
	PGresult *result = PQexec(conn, sql);
	bool ok = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1;

	if (ok) {
		*rows = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
	} else {
		err_set(err, ERR_PERMANENT, 0, "%s", PQerrorMessage(conn));
	}
	PQclear(result);
	PQfinish(conn);
	return ok;
}

bool database_count(struct database *database, const char *table, const char *where,
        int64_t *rows, struct err *err)
{
	autofree char *sql = xasprintf("SELECT COUNT(*) FROM %s%s%s", table,
	        where == NULL ? "" : " WHERE ", where == NULL ? "" : where);

	return database->path != NULL ? count_sqlite(database, sql, rows, err)
	                              : count_postgres(database, sql, rows, err);
}
