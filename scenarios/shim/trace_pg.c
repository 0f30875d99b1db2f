/* What the daemon asks PostgreSQL, with the values in their places, as SQLite tells it of
 * itself. */
#include "scenarios/shim/shim.h"

#include <dlfcn.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PREPARED = 512, NAME_BYTES = 16 };

static struct {
	char name[NAME_BYTES];
	const char *sql; /* the daemon's, for as long as it lives */
} prepared[MAX_PREPARED];
static int prepared_count;

static char text[TRACE_MAX_BYTES];

static size_t put(size_t at, const char *data, size_t n)
{
	size_t room = sizeof(text) - 1 - at;
	size_t part = n < room ? n : room;

	memcpy(text + at, data, part);
	return at + part;
}

static size_t put_value(size_t at, const char *value)
{
	if (value == NULL) {
		return put(at, "NULL", 4);
	}
	at = put(at, "'", 1);
	at = put(at, value, strlen(value));
	return put(at, "'", 1);
}

static void tell(const char *sql, int count, const char *const *values)
{
	size_t at = 0;

	while (*sql != '\0') {
		char *end = NULL;
		long number = *sql == '$' ? strtol(sql + 1, &end, 10) : 0;
		if (number >= 1 && number <= count) {
			at = put_value(at, values[number - 1]);
			sql = end;
		} else {
			at = put(at, sql++, 1);
		}
	}
	text[at] = '\0';
	trace_sql(text);
}

static void *next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static const char *find_sql(const char *name)
{
	for (int i = 0; i < prepared_count; i++) {
		if (strcmp(prepared[i].name, name) == 0) {
			return prepared[i].sql;
		}
	}
	return NULL;
}

int PQsendPrepare(
        PGconn *conn, const char *name, const char *sql, int count, const Oid *types)
{
	int (*real)(PGconn *, const char *, const char *, int, const Oid *);
	void *found = next("PQsendPrepare");

	memcpy(&real, &found, sizeof(real));
	if (prepared_count < MAX_PREPARED && find_sql(name) == NULL) {
		snprintf(prepared[prepared_count].name, NAME_BYTES, "%s", name);
		prepared[prepared_count++].sql = sql;
	}
	return real(conn, name, sql, count, types);
}

int PQsendQueryPrepared(PGconn *conn, const char *name, int count,
        const char *const *values, const int *lengths, const int *formats, int format)
{
	int (*real)(PGconn *, const char *, int, const char *const *, const int *,
	        const int *, int);
	void *found = next("PQsendQueryPrepared");

	memcpy(&real, &found, sizeof(real));
	if (find_sql(name) != NULL) {
		tell(find_sql(name), count, values);
	}
	return real(conn, name, count, values, lengths, formats, format);
}

int PQsendQueryParams(PGconn *conn, const char *sql, int count, const Oid *types,
        const char *const *values, const int *lengths, const int *formats, int format)
{
	int (*real)(PGconn *, const char *, int, const Oid *, const char *const *,
	        const int *, const int *, int);
	void *found = next("PQsendQueryParams");

	memcpy(&real, &found, sizeof(real));
	tell(sql, count, values);
	return real(conn, sql, count, types, values, lengths, formats, format);
}
