#include "bridge/store/peek_source.h"
#include "bridge/store/pg_address.h"
#include "bridge/store/store.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_COLUMNS = 8 };

static int64_t number(void *db, const char *sql)
{
	PGresult *result = PQexec(db, sql);
	bool is_there =
	        PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0;
	int64_t value = is_there ? strtoll(PQgetvalue(result, 0, 0), NULL, 10) : 0;

	PQclear(result);
	return value;
}

static void each(void *db, const char *sql,
        void (*fn)(const char *const *cells, void *arg), void *arg)
{
	PGresult *result = PQexec(db, sql);
	const char *cells[MAX_COLUMNS];

	for (int row = 0; row < PQntuples(result); row++) {
		for (int i = 0; i < PQnfields(result) && i < MAX_COLUMNS; i++) {
			cells[i] = PQgetvalue(result, row, i);
		}
		fn(cells, arg);
	}
	PQclear(result);
}

/* The daemon may be at work on it: nothing is locked. */
bool peek_postgres(const char *uri, struct peek *out, struct err *err)
{
	struct pg_address *address =
	        pg_address_read(NULL, uri, "matrix-slack-bridge doctor", err);
	bool is_good = false;

	if (address == NULL) {
		return false;
	}
	PGconn *conn = pg_address_connect(address);
	const struct peek_source source = {conn, number, each,
	        "SELECT COUNT(*) FROM information_schema.tables "
	        "WHERE table_schema = current_schema()"};
	if (PQstatus(conn) == CONNECTION_OK) {
		PQclear(PQexec(conn, "SET default_transaction_read_only = on"));
		is_good = peek_read(&source, out, err);
	} else {
		autofree char *text = xstrdup(PQerrorMessage(conn));
		text[strcspn(text, "\n")] = '\0';
		err_set(err, ERR_PERMANENT, STORE_NO_CONNECTION, "%s", text);
	}
	PQfinish(conn);
	pg_address_free(&address);
	return is_good;
}
