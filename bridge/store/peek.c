#include "bridge/store/peek.h"

#include "bridge/store/schema.h"
#include "bridge/store/store.h"
#include "lib/mem.h"
#include "lib/str.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The first column of the first row; 0 if there is none, or no such table. */
static int64_t number(sqlite3 *db, const char *sql)
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

static char *text_at(sqlite3_stmt *stmt, int column)
{
	const unsigned char *text = sqlite3_column_text(stmt, column);
	return xstrdup(text == NULL ? "" : (const char *)text);
}

static void read_logins(sqlite3 *db, struct peek *out)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(db,
	            "SELECT team_id, team_name, bot_token, app_token FROM login "
	            "ORDER BY team_id",
	            -1, &stmt, NULL) != SQLITE_OK) {
		return;
	}
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		out->logins = xrealloc(
		        out->logins, (out->login_count + 1) * sizeof(*out->logins));
		out->logins[out->login_count++] = (struct peek_login){text_at(stmt, 0),
		        text_at(stmt, 1), text_at(stmt, 2), text_at(stmt, 3)};
	}
	sqlite3_finalize(stmt);
}

static bool read_all(sqlite3 *db, struct peek *out, struct err *err)
{
	int rc = sqlite3_exec(db, "SELECT COUNT(*) FROM sqlite_master", NULL, NULL, NULL);

	if (rc != SQLITE_OK) {
		return err_set(err, ERR_PERMANENT, STORE_NO_CONNECTION, "%s",
		        sqlite3_errmsg(db));
	}
	if (number(db, "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table'") == 0) {
		return true; /* empty: the first start makes the tables */
	}
	out->is_there = true;
	out->version = number(
	        db, "SELECT CAST(value AS INTEGER) FROM msb_meta WHERE name = 'version'");
	if (out->version == 0) {
		return err_set(err, ERR_PERMANENT, STORE_BAD_SCHEMA,
		        "it holds the tables of another program");
	}
	if (out->version > out->newest) {
		return err_set(err, ERR_PERMANENT, STORE_BAD_SCHEMA,
		        "its schema %lld is newer than this program's, %lld",
		        (long long)out->version, (long long)out->newest);
	}
	out->waiting = number(db, "SELECT COUNT(*) FROM inbox WHERE state = 0");
	out->dead = number(db, "SELECT COUNT(*) FROM inbox WHERE state = 2");
	out->quarantined = number(db, "SELECT COUNT(*) FROM inbox WHERE state = 3");
	read_logins(db, out);
	return true;
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

	*out = (struct peek){.newest = (int64_t)schema_version};
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

void peek_finish(struct peek *peek)
{
	for (size_t i = 0; i < peek->login_count; i++) {
		free(peek->logins[i].team_id);
		free(peek->logins[i].team_name);
		free(peek->logins[i].bot_token);
		free(peek->logins[i].app_token);
	}
	free(peek->logins);
	*peek = (struct peek){0};
}
