#include "bridge/store/peek_source.h"
#include "bridge/store/store.h"
#include "lib/mem.h"
#include "lib/str.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

enum { MAX_COLUMNS = 8 };

static int64_t number(void *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	int64_t value = 0;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	        sqlite3_step(stmt) == SQLITE_ROW) {
		value = sqlite3_column_int64(stmt, 0);
	}
	sqlite3_finalize(stmt);
	return value;
}

static void each(void *db, const char *sql,
        void (*fn)(const char *const *cells, void *arg), void *arg)
{
	sqlite3_stmt *stmt = NULL;
	const char *cells[MAX_COLUMNS];

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) {
		return;
	}
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(stmt) && i < MAX_COLUMNS; i++) {
			const void *text = sqlite3_column_text(stmt, i);
			cells[i] = text == NULL ? "" : text;
		}
		fn(cells, arg);
	}
	sqlite3_finalize(stmt);
}

static bool read_all(sqlite3 *db, struct peek *out, struct err *err)
{
	const struct peek_source source = {db, number, each,
	        "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table'"};
	int rc = sqlite3_exec(db, "SELECT COUNT(*) FROM sqlite_master", NULL, NULL, NULL);

	if (rc != SQLITE_OK) {
		return err_set(err, ERR_PERMANENT, STORE_NO_CONNECTION, "%s",
		        sqlite3_errmsg(db));
	}
	return peek_read(&source, out, err);
}

/* A new database is made in this folder: is it there, and ours to write? */
static bool check_folder(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	autofree char *folder =
	        slash == NULL ? xstrdup(".") : xstrndup(path, (size_t)(slash - path) + 1);

	return access(folder, W_OK | X_OK) == 0 ||
	       err_set(err, ERR_PERMANENT, STORE_NO_CONNECTION, "the folder %s: %s",
	               folder, strerror(errno));
}

bool peek_sqlite(const char *uri, struct peek *out, struct err *err)
{
	const char *begin = str_starts(uri, "file:") ? uri + 5 : uri;
	autofree char *path = xstrndup(begin, strcspn(begin, "?"));
	sqlite3 *db = NULL;

	if (access(path, F_OK) != 0) {
		return check_folder(path, err);
	}
	bool is_good = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK
	                       ? read_all(db, out, err)
	                       : err_set(err, ERR_PERMANENT, STORE_NO_CONNECTION, "%s",
	                                 sqlite3_errmsg(db));
	sqlite3_close(db);
	return is_good;
}
