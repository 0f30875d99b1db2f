#include "bridge/store/pg_schema.h"

#include "bridge/store/schema.h"
#include "bridge/store/store.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool failed(const PGresult *result, const char *what, struct err *err)
{
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	/* A connection that ends, or is ended, says nothing about the tables. */
	bool is_lost = state == NULL || strncmp(state, "08", 2) == 0 ||
	               strncmp(state, "53", 2) == 0 || strncmp(state, "57", 2) == 0;

	return err_set(err, ERR_PERMANENT,
	        is_lost ? STORE_NO_CONNECTION : STORE_BAD_SCHEMA, "%s: %s", what,
	        message == NULL ? "the connection was lost" : message);
}

static bool run_sql(PGconn *conn, const char *sql, const char *what, struct err *err)
{
	PGresult *result = PQexec(conn, sql);
	ExecStatusType status = PQresultStatus(result);
	bool ok = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ||
	          failed(result, what, err);

	PQclear(result);
	return ok;
}

/* The first column of the first row. */
static bool ask_number(PGconn *conn, const char *sql, int64_t *number, struct err *err)
{
	PGresult *result = PQexec(conn, sql);
	bool ok = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0;

	if (ok) {
		*number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
	} else {
		failed(result, "reading the database failed", err);
	}
	PQclear(result);
	return ok;
}

static bool make_meta(PGconn *conn, struct err *err)
{
	return run_sql(conn,
	        "BEGIN;"
	        "CREATE TABLE msb_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);"
	        "INSERT INTO msb_meta VALUES ('owner', '" SCHEMA_OWNER
	        "'), ('version', '0');"
	        "COMMIT",
	        "making the tables failed", err);
}

static bool upgrade(PGconn *conn, size_t version, struct err *err)
{
	for (size_t v = version; v < schema_version; v++) {
		autofree char *sql = schema_migration(v, DIALECT_POSTGRES);
		autofree char *all = xasprintf(
		        "BEGIN;%s"
		        "UPDATE msb_meta SET value = '%zu' WHERE name = 'version';"
		        "COMMIT",
		        sql, v + 1);
		if (!run_sql(conn, all, "upgrading the database failed", err)) {
			return false;
		}
	}
	return true;
}

bool pg_schema_migrate(PGconn *conn, struct err *err)
{
	int64_t tables = 0, ours = 0, version = 0;

	if (!ask_number(conn,
	            "SELECT COUNT(*) FROM information_schema.tables "
	            "WHERE table_schema = current_schema()",
	            &tables, err) ||
	        !ask_number(conn,
	                "SELECT COUNT(*) FROM information_schema.tables "
	                "WHERE table_schema = current_schema() "
	                "AND table_name = 'msb_meta'",
	                &ours, err)) {
		return false;
	}
	if (tables > 0 && ours == 0) {
		return err_set(err, ERR_PERMANENT, STORE_BAD_SCHEMA,
		        "the database holds tables of another program; give the bridge a database of "
		        "its own");
	}
	if (ours == 0 && !make_meta(conn, err)) {
		return false;
	}
	if (!ask_number(conn, "SELECT value FROM msb_meta WHERE name = 'version'",
	            &version, err)) {
		return false;
	}
	if (version < 0 || (uint64_t)version > schema_version) {
		return err_set(err, ERR_PERMANENT, STORE_BAD_SCHEMA,
		        "the database has schema version %lld, this program knows up to %zu; "
		        "downgrading is not supported",
		        (long long)version, schema_version);
	}
	return upgrade(conn, (size_t)version, err);
}
