/* peek_source: a database opened for looking only. Internal to store/. */
#ifndef BRIDGE_STORE_PEEK_SOURCE_H
#define BRIDGE_STORE_PEEK_SOURCE_H

#include "bridge/store/peek.h"

struct peek_source {
	void *db;
	/* The first column of the first row; 0 if there is none, or no such table. */
	int64_t (*number)(void *db, const char *sql);
	/* fn for each row; the cells are borrowed, "" for NULL. Nothing if it fails. */
	void (*each)(void *db, const char *sql,
	        void (*fn)(const char *const *cells, void *arg), void *arg);
	const char *count_tables; /* SQL */
};

/* False and *err (code: the exit status owed). */
bool peek_read(const struct peek_source *source, struct peek *out, struct err *err);

bool peek_sqlite(const char *uri, struct peek *out, struct err *err);
bool peek_postgres(const char *uri, struct peek *out, struct err *err);

#endif
